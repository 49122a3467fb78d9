package policy_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"custody"
	"custody/policy"
)

func TestHandWrittenErrors(t *testing.T) {
	for _, c := range []struct{ name, text, message, hint string }{
		{"no semicolon", "\n\nforbid(principal, action, resource)", "line 3: this is not Cedar", "missing"},
		{"not Cedar", "SELECT *", "line 1: this is not Cedar", "the parser said"},
		{"open string", "forbid(principal, action, resource) when { context has reason && context.reason == \"x };", "line 1", "missing"},
		{"zero byte", "forbid(principal, action, resource)\n\x00;", "line 2: this is not text", "UTF-8"},
		{"not UTF-8", "// \xff", "line 1: this is not text", "UTF-8"},
		{"bad character", "forbid(principal, action, resource)\n$;", "line 2", "missing"},
		{"permit without treatment", "\npermit(principal, action, resource);", "line 2: a permit must say how", `@treatment("clear")`},
		{"unknown treatment", `@treatment("open") permit(principal, action, resource);`, "line 1: a permit must say how", `@treatment("masked")`},
		{"unknown category", "forbid(principal, action, resource == Category::\"phones\");", "line 1: there is no such category", "phone, email"},
		{"unknown category in a condition", "// one\n// two\nforbid(principal, action, resource) when { resource in [Category::\"name\", Category::\"nmae\"] };", "line 3: there is no such category", "name, phone"},
		{"unknown action", `forbid(principal, action == Action::"look", resource);`, "line 1:", "see, export, change"},
		{"unknown kind", `forbid(principal == User::"alice", action, resource);`, "line 1:", "Person, Role"},
		{"unknown context", `forbid(principal, action, resource) when { context.hours > 8 };`, "line 1:", "context.time, hour"},
		{"reason without has", `forbid(principal, action, resource) when { context.reason == "x" };`, "line 1:", "context has reason"},
		{"wrong type", `forbid(principal, action, resource) when { context.hour == "8" && context.hour > "x" };`, "line 1:", "policies speak of"},
		{"not a condition", `forbid(principal, action, resource) when { context.hour };`, "line 1:", "policies speak of"},
		{"a category as a principal", `forbid(principal == Category::"phone", action, resource);`, "line 1:", "policies speak of"},
		{"the same id", "@id(\"a\") forbid(principal, action, resource);\n@id(\"a\") forbid(principal, action, resource);", "line 2: two policies", "its own"},
		{"a grant's id", `@id("grant-1-clear") forbid(principal, action, resource);`, "line 1: this @id", "grant-"},
		{"a zero limit", `@treatment("clear") @per_day("0") permit(principal, action, resource);`, "line 1: @per_day", `"none"`},
		{"not a limit", `@treatment("clear") @per_hour("many") permit(principal, action, resource);`, "line 1: @per_hour", `"none"`},
		{"too large a limit", `@treatment("clear") @per_export("99999999999") permit(principal, action, resource);`, "line 1: @per_export", `"none"`},
		{"too deep", "forbid(principal, action, resource) when {\n" + strings.Repeat("(", 100000) + "};", "line 2: brackets", "64"},
		{"too large", strings.Repeat("// padding\n", 30000), "too large", "256 KiB"},
		{"too many", strings.Repeat("forbid(principal,action,resource);\n", 1001), "too many", "1,000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := policy.New(nil, []byte(c.text))
			if err == nil {
				t.Fatal("it was accepted")
			}
			if !strings.Contains(err.Error(), c.message) || !strings.Contains(custody.HintOf(err), c.hint) {
				t.Errorf("%q (%s); want %q (%s)", err, custody.HintOf(err), c.message, c.hint)
			}
			if code := custody.CodeOf(err); code != custody.CodeInvalid && code != custody.CodeTooLarge {
				t.Errorf("code %v", code)
			}
		})
	}
}

func TestHandWrittenAccepted(t *testing.T) {
	for _, text := range []string{
		"", "// only a comment\n",
		`forbid(principal, action, resource) when { "a bracket in a string: ((((" == "x" };`,
		`forbid(principal, action, resource) when { context has reason && context.reason like "\"` + strings.Repeat("(", 100) + `*" };`,
		"// (((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((\nforbid(principal, action, resource);",
		`@advice("ask the branch manager") forbid(principal is Application, action in [Action::"see", Action::"export"], resource in System::"bodyshop");`,
	} {
		if _, err := policy.New(nil, []byte(text)); err != nil {
			t.Errorf("%s: %v (%s)", text, err, custody.HintOf(err))
		}
	}
}

func TestBadGrants(t *testing.T) {
	for name, g := range map[string]policy.Grant{
		"nobody":       {System: "bodyshop", See: 1},
		"two holders":  {Person: "alice@northfield.example", Role: "estimator", System: "bodyshop", See: 1},
		"no system":    {Role: "estimator", See: 1},
		"nothing":      {Role: "estimator", System: "bodyshop", Export: true},
		"ends at once": {Role: "estimator", System: "bodyshop", See: 1, Start: monday, End: monday},
	} {
		if _, err := policy.New([]policy.Grant{g}, nil); custody.CodeOf(err) != custody.CodeInvalid || custody.HintOf(err) == "" {
			t.Errorf("%s: %v (%s)", name, err, custody.HintOf(err))
		}
	}
}

// TestNamesCannotBreakOut: whatever a role is called, its grant is about that role.
func TestNamesCannotBreakOut(t *testing.T) {
	for _, name := range []string{`x"`, `\`, `x", action, resource); permit(principal`, "a\nb", "é世界\u200b", `\u{41}`, "*", "\x7f"} {
		g := estimators(1, "name")
		g.Role = name
		p, err := policy.New([]policy.Grant{g}, nil)
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		q := custody.Question{Session: alice(), Time: monday}
		if d := p.Decide(q); d.Grant != 0 {
			t.Errorf("%q opened something for another role", name)
		}
		q.Session.Roles = []string{name}
		if d := p.Decide(q); d.Grant != 1 {
			t.Errorf("%q is not met by its own grant:\n%s", name, p.Cedar())
		}
	}
}

func TestGrantAsCedar(t *testing.T) {
	g := with(estimators(7, "name,phone"), func(g *policy.Grant) {
		g.Mask, g.Change, g.Export, g.ReasonRequired, g.End = set("phone,bank"), set("email"), true, true, monday
	})
	want, err := os.ReadFile("testdata/grant.cedar")
	if err != nil {
		t.Fatal(err)
	}
	if got := g.Cedar(); got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestDecideConcurrently(t *testing.T) {
	p := compile(t, `forbid(principal, action, resource == Category::"bank") unless { context has reason };`, estimators(1, "name,bank"))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 200 {
				q := custody.Question{Session: alice(), Time: monday, Reason: []string{"", "claim 1"}[i%2]}
				if got, want := p.Decide(q).Treatments[custody.Bank], []custody.Treatment{custody.Refused, custody.Clear}[i%2]; got != want {
					t.Errorf("%v, want %v", got, want)
				}
			}
		})
	}
	wg.Wait()
}

func FuzzHandWritten(f *testing.F) {
	f.Add([]byte(`forbid(principal, action, resource == Category::"phone") when { context.hour < 8 };`))
	f.Add([]byte(`@id("x") @treatment("masked") @per_day("none") permit(principal in Role::"estimator", action == Action::"see", resource in System::"bodyshop") unless { context has reason && context.reason like "claim*" };`))
	f.Add([]byte("// comment\n@treatment(\"clear\") permit(principal is Person in Organisation::\"N\", action in [Action::\"see\"], resource);"))
	f.Add([]byte(`forbid(principal, action, resource) when { if context has application then context.application == Application::"p" else !(1 + -2 * 3 > 4) };`))
	f.Add([]byte(`forbid(principal,action,resource) when { ["a",{b:1}.b].contains(decimal("1.0")) || ip("127.0.0.1").isLoopback() };`))
	f.Fuzz(func(t *testing.T, text []byte) {
		grants := []policy.Grant{estimators(1, "name,bank")}
		p, err := policy.New(grants, text)
		if err != nil {
			if code := custody.CodeOf(err); code != custody.CodeInvalid && code != custody.CodeTooLarge || custody.HintOf(err) == "" {
				t.Fatalf("%v (%s)", err, custody.HintOf(err))
			}
			return
		}
		q := custody.Question{Session: alice(), Time: monday}
		d := p.Decide(q)
		if d.Why == "" || fmt.Sprint(p.Explain(q)) == "" {
			t.Error("nothing explains the decision")
		}
		again, err := policy.New(grants, p.Cedar()[len(compile(t, "", grants...).Cedar()):])
		if err == nil && again.Decide(q).Treatments != d.Treatments {
			t.Error("the printed policies decide otherwise")
		}
	})
}
