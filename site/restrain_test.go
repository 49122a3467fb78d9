package site

import (
	"strings"
	"testing"
	"time"

	"custody"
	"custody/policy"
	"custody/store"
)

// TestRestraintsOnlyNarrow: a restraint lowers limits and asks for reasons, for its
// person and until its end; a lower limit that policy has stays.
func TestRestraintsOnlyNarrow(t *testing.T) {
	now := time.Now()
	p, err := policy.New([]policy.Grant{{ID: 1, Role: "estimator", System: "bodyshop", See: custody.Categories(custody.Name), Start: now.Add(-time.Hour),
		Limits: custody.Limits{PerHour: 50}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := &restrained{Policy: p, by: map[custody.PersonID][]store.Restraint{
		7: {{PerHour: 20, End: now.Add(time.Hour)}, {Reason: true, End: now.Add(time.Minute)}}, 8: {{PerHour: 90, End: now.Add(time.Hour)}}, 9: {{PerHour: 1, End: now}},
	}}
	for _, c := range []struct {
		person custody.PersonID
		hour   uint32
		reason bool
	}{{7, 20, true}, {8, 50, false}, {9, 50, false}, {10, 50, false}} {
		q := custody.Question{Session: &custody.Session{Person: c.person, SystemName: "bodyshop", Roles: []string{"estimator"}, Login: "a@b.example"}, Action: custody.See, Time: now}
		d := r.Decide(q)
		if open := d.Treatment(custody.Name) == custody.Clear; open == c.reason || d.Limits.PerHour != c.hour || d.ReasonRequired != c.reason {
			t.Errorf("person %d: %+v", c.person, d)
		}
		q.Reason = "claim 123"
		if d := r.Decide(q); d.Treatment(custody.Name) != custody.Clear || d.Limits.PerHour != c.hour {
			t.Errorf("person %d with a reason: %+v", c.person, d)
		}
		if c.reason && d.ValidUntil.After(now.Add(time.Minute)) {
			t.Error("the decision outlives the restraint")
		}
	}
}

// TestReasonQuery: a template becomes one statement with every name quoted.
func TestReasonQuery(t *testing.T) {
	var path []custody.Join
	for _, text := range []string{"jobs.customer_id = subject", "jobs.branch_id = shop.branches.id", "shop.branches.name = person.branch", "jobs.kind = person.organisation"} {
		j, err := custody.ParseJoin(text)
		if err != nil {
			t.Fatal(err)
		}
		path = append(path, j)
	}
	text, facts := reasonQuery(&custody.Template{Name: "t", Path: path, Since: custody.Column{Table: "jobs", Name: "booked"}, Within: time.Hour})
	for _, want := range []string{`SELECT "jobs"."customer_id"::text, "shop"."branches"."name"::text || E'\x1f' || "jobs"."kind"::text, "jobs"."booked"::timestamptz FROM `,
		`"jobs"."branch_id" = "shop"."branches"."id"`, `FROM "jobs", "shop"."branches" WHERE`, `"jobs"."customer_id" IS NOT NULL`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s\nlacks %s", text, want)
		}
	}
	if len(facts) != 2 || facts[0] != "branch" || facts[1] != "organisation" {
		t.Errorf("%q", facts)
	}
}
