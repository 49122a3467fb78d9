package policy_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"custody"
	"custody/policy"
)

func TestExplainForPeople(t *testing.T) {
	p := compile(t, `@id("no-bank-at-weekends") forbid(principal, action, resource == Category::"bank") when { context.weekday >= 6 };
@id("accidents-by-portal") @treatment("clear")
permit(principal in Role::"estimator", action == Action::"see", resource == Category::"accident") when { context has application };
`,
		with(estimators(1, "name,phone,bank"), func(g *policy.Grant) { g.Mask = set("email") }),
		with(estimators(2, "policy"), func(g *policy.Grant) { g.ReasonRequired = true }),
		with(estimators(3, "free-text"), func(g *policy.Grant) { g.Start, g.End = monday.AddDate(-1, 0, 0), monday }),
		with(estimators(4, "address"), func(g *policy.Grant) { g.Start = monday.AddDate(1, 0, 0) }),
		with(estimators(5, "date-of-birth"), func(g *policy.Grant) { g.Role = "painter" }))
	got := p.Explain(custody.Question{Session: alice(), Time: monday.AddDate(0, 0, 5)}).String()
	want := `person alice@northfield.example, estimator of Northfield, on bodyshop, 7 March 2026 10:30:20 GMT, no reason stated
  see     clear    name, phone: grant 1 permits
  see     masked   email: grant 1 permits masked
  see     refused  address: grant 4 begins on 2 March 2027 10:30:20 GMT
  see     refused  date-of-birth, vehicle: no grant or policy lets this person, the roles estimator or Northfield see this in bodyshop
  see     refused  accident: policy accidents-by-portal (line 2) has conditions that do not hold
  see     refused  policy: grant 2 needs a stated reason
  see     refused  bank: policy no-bank-at-weekends (line 1) forbids it
  see     refused  free-text: grant 3 ended on 2 March 2026 10:30:20 GMT
  export  refused  name, phone, email, address, date-of-birth, vehicle, accident, policy, free-text: no grant or policy lets this person, the roles estimator or Northfield export this in bodyshop
  export  refused  bank: policy no-bank-at-weekends (line 1) forbids it
  change  refused  name, phone, email, address, date-of-birth, vehicle, accident, policy, free-text: no grant or policy lets this person, the roles estimator or Northfield change this in bodyshop
  change  refused  bank: policy no-bank-at-weekends (line 1) forbids it
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestExplainForMachines(t *testing.T) {
	e := compile(t, "", with(estimators(1, "name"), func(g *policy.Grant) { g.ReasonRequired = true })).
		Explain(custody.Question{Session: alice(), Time: monday})
	if len(e.Answers) != 30 {
		t.Fatalf("%d answers, want one for each of 3 actions and 10 categories", len(e.Answers))
	}
	got, err := json.Marshal(e.Answers[0])
	if err != nil {
		t.Fatal(err)
	}
	want := `{"action":"see","category":"name","treatment":"refused","findings":[{"policy":"grant-1-clear","grant":1,"says":"is silent","because":"needs a stated reason"}],"missing":"grant 1 needs a stated reason"}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestExplainAgreesWithDecide over random policies is in property_test.go.

func TestNextChange(t *testing.T) {
	p := compile(t, "", with(estimators(1, "name"), func(g *policy.Grant) { g.End = monday.Add(time.Hour) }),
		with(estimators(2, "name"), func(g *policy.Grant) { g.Start = monday.Add(time.Minute) }))
	for _, c := range []struct{ now, want time.Time }{
		{monday.Add(-2 * time.Hour), monday.Add(-time.Hour)}, {monday, monday.Add(time.Minute)},
		{monday.Add(time.Minute), monday.Add(time.Hour)}, {monday.Add(time.Hour), time.Time{}},
	} {
		if got := p.NextChange(c.now); !got.Equal(c.want) {
			t.Errorf("after %v: %v, want %v", c.now, got, c.want)
		}
	}
}

func TestNarrows(t *testing.T) {
	wide := custody.Decision{Limits: custody.Limits{PerDay: 200}}
	wide.Treatments[custody.Phone] = custody.Clear
	change := func(f func(*custody.Decision)) custody.Decision { d := wide; f(&d); return d }
	for _, c := range []struct {
		name  string
		after custody.Decision
		want  bool
	}{
		{"the same", wide, false},
		{"masked now", change(func(d *custody.Decision) { d.Treatments[custody.Phone] = custody.Masked }), true},
		{"refused now", change(func(d *custody.Decision) { d.Treatments[custody.Phone] = custody.Refused }), true},
		{"more categories", change(func(d *custody.Decision) { d.Treatments[custody.Bank] = custody.Clear }), false},
		{"a lower limit", change(func(d *custody.Decision) { d.Limits.PerDay = 100 }), true},
		{"a higher limit", change(func(d *custody.Decision) { d.Limits.PerDay = 300 }), false},
		{"no limit any more", change(func(d *custody.Decision) { d.Limits.PerDay = 0 }), false},
		{"a limit where none was", change(func(d *custody.Decision) { d.Limits.PerHour = 1000 }), true},
		{"another grant, the same rights", change(func(d *custody.Decision) { d.Grant = 9 }), false},
	} {
		if got := policy.Narrows(&wide, &c.after); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
