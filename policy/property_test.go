package policy_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cedar-policy/cedar-go"

	"custody"
	"custody/policy"
)

// world makes random grants, hand-written policies and questions that often meet.
type world struct{ *rand.Rand }

func pick[T any](w world, list ...T) T { return list[w.IntN(len(list))] }

func (w world) categories() custody.CategorySet {
	return custody.CategorySet(w.Uint32()&w.Uint32()) & custody.Categories(custody.AllCategories()...)
}

func (w world) moment() time.Time {
	return monday.Truncate(time.Second).Add(time.Duration(w.IntN(7)-3) * time.Second)
}

func (w world) grant(id int) policy.Grant {
	g := policy.Grant{ID: custody.GrantID(id), System: pick(w, "bodyshop", "bodyshop", "claims"), See: w.categories(), Mask: w.categories(),
		Change: w.categories() | 1, Export: w.IntN(2) == 0, ReasonRequired: w.IntN(3) == 0, Start: w.moment(),
		Limits: custody.Limits{PerHour: pick[uint32](w, 0, 5, 60), PerDay: pick[uint32](w, 0, 200, 300), PerExport: pick[uint32](w, 0, 10)}}
	if w.IntN(2) == 0 {
		g.End = g.Start.Add(time.Duration(1+w.IntN(4)) * time.Second)
	}
	switch w.IntN(4) {
	case 0:
		g.Person = pick(w, "alice@northfield.example", "bob@northfield.example")
	case 1:
		g.Role = pick(w, "estimator", "manager")
	case 2:
		g.Organisation = pick(w, "Northfield", "Southfield")
	case 3:
		g.Application = pick(w, "portal", "reports")
	}
	return g
}

func (w world) scope() string {
	return "(" + pick(w, "principal", "principal is Person", `principal in Role::"estimator"`, `principal == Person::"alice@northfield.example"`,
		`principal is Application`, `principal in Organisation::"Northfield"`, `principal is Person in Role::"manager"`) + ", " +
		pick(w, "action", `action == Action::"see"`, `action in [Action::"export", Action::"change"]`) + ", " +
		pick(w, "resource", `resource == Category::"phone"`, `resource in Category::"bank"`, `resource in System::"bodyshop"`, `resource is Category in System::"claims"`) + ")"
}

func (w world) condition() string {
	return pick(w, "", "when { context has reason }", "unless { context has reason && context.reason like \"claim*\" }", "when { context.hour >= 10 }",
		`when { resource in [Category::"name", Category::"email"] }`, `unless { resource == Category::"vehicle" }`, "when { context has application }",
		"when { context.subjectsToday > 3 }", "when { context.time * 9223372036854775807 > 1 }", `when { principal in Role::"manager" }`)
}

func (w world) forbid() string { return "forbid " + w.scope() + " " + w.condition() + ";\n" }

func (w world) permit() string {
	return fmt.Sprintf("@treatment(%q) permit %s %s;\n", pick(w, "clear", "masked"), w.scope(), w.condition())
}

func (w world) question() custody.Question {
	q := custody.Question{Session: alice(), Action: pick(w, custody.See, custody.Export, custody.Change), Time: w.moment(),
		Reason: pick(w, "", "", "claim 7", "other"), Day: uint32(w.IntN(6))}
	switch w.IntN(4) {
	case 0:
		q.Session = portal()
	case 1:
		q.Session.Roles = []string{"estimator", "manager"}
	case 2:
		q.Session.Application, q.Session.ApplicationName = 1, "portal"
	}
	return q
}

func (w world) policies() (grants []policy.Grant, extra string) {
	for i := range w.IntN(5) {
		grants = append(grants, w.grant(i+1))
	}
	for range w.IntN(3) {
		extra += w.permit()
	}
	for range w.IntN(2) {
		extra += w.forbid()
	}
	return grants, extra
}

// worlds runs a property over many of them, each from a seed that a failure names.
func worlds(t *testing.T, property func(t *testing.T, w world)) {
	for seed := range uint64(300) {
		property(t, world{rand.New(rand.NewPCG(seed, 1))})
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// opened says what is more open after than before. Limits matter while anything is
// permitted.
func opened(before, after custody.Decision) string {
	for i, was := range before.Treatments {
		if after.Treatments[i] > was {
			return fmt.Sprintf("%v went from %v to %v", custody.Category(i), was, after.Treatments[i])
		}
	}
	before.Treatments = after.Treatments
	if after.With(custody.Refused).Len() < len(after.Treatments) && policy.Narrows(&after, &before) {
		return fmt.Sprintf("limits went from %v to %v", before.Limits, after.Limits)
	}
	return ""
}

func TestAddingAForbidNeverOpens(t *testing.T) {
	worlds(t, func(t *testing.T, w world) {
		grants, extra := w.policies()
		q := w.question()
		before := compile(t, extra, grants...).Decide(q)
		forbid := w.forbid()
		if what := opened(before, compile(t, extra+forbid, grants...).Decide(q)); what != "" {
			t.Errorf("after %s: %s", forbid, what)
		}
	})
}

func TestEndingAGrantNeverOpens(t *testing.T) {
	worlds(t, func(t *testing.T, w world) {
		grants, extra := w.policies()
		q := w.question()
		before := compile(t, extra, grants...).Decide(q)
		for i := range grants {
			fewer := slices.Clone(grants)
			if fewer[i].Start.Before(q.Time) {
				fewer[i].End = q.Time
			} else {
				fewer = slices.Delete(fewer, i, i+1)
			}
			if what := opened(before, compile(t, extra, fewer...).Decide(q)); what != "" {
				t.Errorf("without grant %d: %s", i+1, what)
			}
		}
	})
}

// TestDecideIsWhatCedarSays evaluates the published text of all policies with
// nothing but Cedar: no index, no memory, no shortcuts.
func TestDecideIsWhatCedarSays(t *testing.T) {
	some := 0
	worlds(t, func(t *testing.T, w world) {
		grants, extra := w.policies()
		p, q := compile(t, extra, grants...), w.question()
		d, e := p.Decide(q), p.Explain(q)
		for _, c := range custody.AllCategories() {
			want := reference(t, p, q, c)
			if got := d.Treatment(c); got != want {
				t.Errorf("%v of %v: %v, want %v\n%s", q.Action, c, got, want, p.Cedar())
			}
			if want != custody.Refused {
				some++
			}
			answer := e.Answers[int(q.Action)*len(d.Treatments)+int(c)]
			if answer.Treatment != want.String() || (answer.Missing == "") != (want != custody.Refused) {
				t.Errorf("the explanation says %+v", answer)
			}
		}
	})
	if some < 100 {
		t.Errorf("only %d of the answers permit anything: the worlds are too empty to mean much", some)
	}
}

func reference(t *testing.T, p *policy.Policy, q custody.Question, c custody.Category) custody.Treatment {
	t.Helper()
	set, err := cedar.NewPolicySetFromBytes("", p.Cedar())
	if err != nil {
		t.Fatal(err)
	}
	s := q.Session
	uid := func(kind, name string) cedar.EntityUID {
		return cedar.NewEntityUID(cedar.EntityType(kind), cedar.String(name))
	}
	principal, parents := uid("Application", s.Login), []cedar.EntityUID{uid("Organisation", s.OrgName)}
	if s.Person != 0 {
		principal = uid("Person", s.Login)
		for _, r := range s.Roles {
			parents = append(parents, uid("Role", r))
		}
	}
	resource := uid("Category", c.String())
	entities := cedar.EntityMap{
		principal: {UID: principal, Parents: cedar.NewEntityUIDSet(parents...)},
		resource:  {UID: resource, Parents: cedar.NewEntityUIDSet(uid("System", s.SystemName))},
	}
	m := cedar.RecordMap{"time": cedar.Long(q.Time.Unix()), "hour": cedar.Long(10), "weekday": cedar.Long(1),
		"subjectsThisHour": cedar.Long(q.Hour), "subjectsToday": cedar.Long(q.Day)}
	if q.Reason != "" {
		m["reason"] = cedar.String(q.Reason)
	}
	if s.Person != 0 && s.Application != 0 {
		m["application"] = uid("Application", s.ApplicationName)
	}
	ok, why := cedar.Authorize(set, entities, cedar.Request{Principal: principal, Action: uid("Action", q.Action.String()), Resource: resource, Context: cedar.NewRecord(m)})
	for _, e := range why.Errors {
		if set.Get(e.PolicyID).Effect() == cedar.Forbid {
			return custody.Refused
		}
	}
	best := custody.Refused
	for _, r := range why.Reasons {
		if ok {
			best = max(best, map[cedar.String]custody.Treatment{"clear": custody.Clear, "masked": custody.Masked}[set.Get(r.PolicyID).Annotations()["treatment"]])
		}
	}
	return best
}

// TestGrantsAreValidPolicies loads what grants generate as if it were written by
// hand: it passes the schema and decides the same.
func TestGrantsAreValidPolicies(t *testing.T) {
	worlds(t, func(t *testing.T, w world) {
		grants, extra := w.policies()
		p, q := compile(t, extra, grants...), w.question()
		text := strings.ReplaceAll(string(p.Cedar()), `@id("grant-`, `@id("copy-of-grant-`)
		if got, want := compile(t, text).Decide(q).Treatments, p.Decide(q).Treatments; got != want {
			t.Errorf("%v, want %v from\n%s", got, want, text)
		}
	})
}

// TestStatingAReasonDoesWhatIsPromised: ReasonRequired is true just when stating
// one opens something that is refused.
func TestStatingAReasonDoesWhatIsPromised(t *testing.T) {
	promised := 0
	worlds(t, func(t *testing.T, w world) {
		grants, extra := w.policies()
		p, q := compile(t, extra, grants...), w.question()
		q.Reason = ""
		before := p.Decide(q)
		q.Reason = "stated"
		after := p.Decide(q)
		opens := before.With(custody.Refused)&^after.With(custody.Refused) != 0
		if before.ReasonRequired != opens {
			t.Errorf("required %v, but stating one opens %v", before.ReasonRequired, opens)
		}
		if opens {
			promised++
		}
	})
	if promised < 5 {
		t.Errorf("only %d worlds need a reason", promised)
	}
}
