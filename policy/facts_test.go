package policy_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"custody"
	"custody/policy"
)

// decide asks about names, with facts.
func decide(t *testing.T, facts policy.Facts, action custody.Action, at time.Time, extra string, grants ...policy.Grant) custody.Decision {
	t.Helper()
	p, err := policy.NewWith(grants, []byte(extra), facts)
	if err != nil {
		t.Fatal(err)
	}
	return p.Decide(custody.Question{Session: alice(), Action: action, Time: at})
}

// TestNeeds: a grant permits nothing while something that it needs is missing or out of
// date, to the second, and the answer is asked for anew then.
func TestNeeds(t *testing.T) {
	s := alice()
	holds := policy.Facts{Holdings: map[custody.PersonID][]policy.Holding{s.Person: {
		{Name: "training:gdpr", From: monday, Until: monday.Add(30 * time.Second)}, {Name: "clause", From: monday}}}}
	g := with(estimators(1, "name"), func(g *policy.Grant) { g.Needs = []string{"training:gdpr", "clause"} })
	for after, want := range map[time.Duration]custody.Treatment{-time.Second: custody.Refused, 0: custody.Clear, 29 * time.Second: custody.Clear, 30 * time.Second: custody.Refused} {
		if d := decide(t, holds, custody.See, monday.Add(after), "", g); d.Treatment(custody.Name) != want {
			t.Errorf("after %v: %v", after, d.Treatment(custody.Name))
		}
	}
	if d := decide(t, holds, custody.See, monday, "", g); d.ValidUntil.After(monday.Add(30 * time.Second)) {
		t.Errorf("it holds until %v", d.ValidUntil)
	}
	if d := decide(t, policy.Facts{}, custody.See, monday, "", g); d.Treatment(custody.Name) != custody.Refused {
		t.Error("nothing is held")
	}
	rule := `@treatment("clear") permit(principal, action == Action::"see", resource == Category::"bank") when { context.holds.contains("clause") };`
	if d := decide(t, holds, custody.See, monday, rule); d.Treatment(custody.Bank) != custody.Clear {
		t.Error("a hand-written policy cannot ask for it")
	}
	if d := decide(t, policy.Facts{}, custody.See, monday, rule); d.Treatment(custody.Bank) != custody.Refused {
		t.Error("a hand-written policy permits without it")
	}
	for _, bad := range []string{"gdpr", "training:", "training:A", "rule:a b", "clause "} {
		if err := (&policy.Grant{Role: "r", System: "s", See: 1, Needs: []string{bad}}).Check(); custody.CodeOf(err) != custody.CodeInvalid {
			t.Errorf("%q is taken", bad)
		}
	}
}

// TestCeiling: people of a processor have nothing beyond its scope, whatever grants and
// policies say.
func TestCeiling(t *testing.T) {
	permit := `@treatment("clear") permit(principal, action, resource);`
	for scope, want := range map[string]string{"": "", "name": "name", "name,bank": "name,bank"} {
		facts := policy.Facts{Ceilings: map[string]map[string]custody.CategorySet{"Northfield": {"bodyshop": set(scope)}}}
		d := decide(t, facts, custody.See, monday, permit, estimators(1, "name,phone"))
		if d.With(custody.Clear) != set(want) {
			t.Errorf("scope %q: %v", scope, d.With(custody.Clear))
		}
	}
	other := policy.Facts{Ceilings: map[string]map[string]custody.CategorySet{"Temps": {}}}
	if d := decide(t, other, custody.See, monday, "", estimators(1, "name,phone")); d.With(custody.Clear) != set("name,phone") {
		t.Error("another organisation's scope counts")
	}
}

// TestApprovalsInDecisions: an approval adds to the limits of others; what one opens beside
// them is lent, and no treatment of the decision itself.
func TestApprovalsInDecisions(t *testing.T) {
	login := alice().Login
	limited := with(estimators(1, "name"), func(g *policy.Grant) { g.Limits.PerDay = 5 })
	more := policy.Grant{ID: 2, Person: login, System: "bodyshop", Beyond: 3, Start: monday}
	glass := policy.Grant{ID: 3, Person: login, System: "bodyshop", See: set("phone"), Beyond: 7, Limits: custody.Limits{PerDay: 7}, Start: monday, End: monday.Add(time.Hour)}
	export := policy.Grant{ID: 4, Person: login, System: "bodyshop", See: set("name,bank"), Export: true, Once: true, Beyond: 9, Start: monday}
	grants := []policy.Grant{limited, more, glass, export}

	d := decide(t, policy.Facts{}, custody.See, monday, "", grants...)
	opened := d.Opened()
	if d.With(custody.Clear) != set("name") || d.Lent != set("phone") || opened.With(custody.Clear) != set("name,phone") || d.Limits.PerDay != 5 || len(d.Extra) != 2 || d.Extra[0].Grant != 3 || d.Extra[0].Subjects != 7 || d.Extra[1].Subjects != 3 {
		t.Errorf("to see: %+v", d)
	}
	d = decide(t, policy.Facts{}, custody.See, monday, "", more, glass, export)
	if d.With(custody.Clear) != 0 || d.Lent != set("phone") || d.Limits != (custody.Limits{}) || len(d.Extra) != 2 || d.Extra[0].Subjects != 7 {
		t.Errorf("without another right: %+v", d)
	}
	forbid := `forbid(principal, action == Action::"export", resource == Category::"bank");`
	d = decide(t, policy.Facts{}, custody.Export, monday, forbid, grants...)
	if d.With(custody.Clear) != 0 || len(d.Extra) != 1 || d.Extra[0].Categories != set("name") || !d.Extra[0].Once || d.Extra[0].Subjects != 9 {
		t.Errorf("to export: %+v", d)
	}
	if d := decide(t, policy.Facts{}, custody.Change, monday, "", grants...); len(d.Extra) != 0 || d.With(custody.Clear) != 0 {
		t.Errorf("to change: %+v", d)
	}
	if d := decide(t, policy.Facts{}, custody.See, monday.Add(-time.Second), "", grants...); len(d.Extra) != 0 {
		t.Errorf("before they begin: %+v", d.Extra)
	}
	for _, g := range []policy.Grant{{Role: "r", System: "s", Beyond: 1}, {Person: login, System: "s", Export: true, Beyond: 1}, {Person: login, System: "s", See: 1, Once: true}} {
		if custody.CodeOf(g.Check()) != custody.CodeInvalid {
			t.Errorf("%+v is taken", g)
		}
	}
}

// TestFactsOnlyNarrow: whatever grants say, needs and ceilings never open anything.
func TestFactsOnlyNarrow(t *testing.T) {
	w := world{rand.New(rand.NewPCG(5, 6))}
	for range 300 {
		var plain, needing []policy.Grant
		for id := range 4 {
			g := w.grant(id + 1)
			plain = append(plain, g)
			if w.IntN(2) == 0 {
				g.Needs = []string{pick(w, "clause", "training:gdpr", "rule:desk")}
			}
			needing = append(needing, g)
		}
		q := w.question()
		facts := policy.Facts{Holdings: map[custody.PersonID][]policy.Holding{q.Session.Person: {{Name: pick(w, "clause", "training:gdpr"), From: w.moment(), Until: w.moment().Add(2 * time.Second)}}}}
		if w.IntN(2) == 0 {
			facts.Ceilings = map[string]map[string]custody.CategorySet{q.Session.OrgName: {"bodyshop": w.categories()}}
		}
		free, err := policy.New(plain, nil)
		if err != nil {
			t.Fatal(err)
		}
		bound, err := policy.NewWith(needing, nil, facts)
		if err != nil {
			t.Fatal(err)
		}
		a, b := free.Decide(q), bound.Decide(q)
		for c := range a.Treatments {
			if b.Treatments[c] > a.Treatments[c] {
				t.Fatalf("%v opens %v with facts: %+v", q, custody.Category(c), needing)
			}
		}
		if systems, ok := facts.Ceilings[q.Session.OrgName]; ok && (b.With(custody.Clear)|b.With(custody.Masked))&^systems[q.Session.SystemName] != 0 {
			t.Fatalf("beyond the ceiling: %+v", b)
		}
	}
}
