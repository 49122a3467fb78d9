package store_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"custody"
	"custody/identity"
	"custody/policy"
	"custody/store"
)

func TestGrantsOfEachHolder(t *testing.T) {
	s, _ := open(t)
	_, e := alice(t, s)
	system(t, s, "bodyshop")
	must(t, s.AddApplication(&identity.Application{Name: "portal", Organisation: e.Organisation, Added: t0}))
	base := policy.Grant{System: "bodyshop", See: custody.Categories(custody.FreeText), Change: custody.Categories(custody.Name),
		Limits: custody.Limits{PerHour: 1, PerDay: 1<<32 - 1, PerExport: 3}, ReasonRequired: true, Start: t0}
	var want []policy.Grant
	for i, holder := range []func(*policy.Grant){
		func(g *policy.Grant) { g.Person = "alice@northfield.example" },
		func(g *policy.Grant) { g.Role = "a role that nobody has yet" },
		func(g *policy.Grant) { g.Organisation = "Northfield" },
		func(g *policy.Grant) { g.Application = "portal" },
	} {
		g := base
		holder(&g)
		must(t, s.AddGrant(&g))
		if int(g.ID) != i+1 {
			t.Errorf("grant %d has number %d", i+1, g.ID)
		}
		want = append(want, g)
	}
	got, err := s.Grants()
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := policy.New(got, nil); err != nil {
		t.Errorf("policy does not take them: %v", err)
	}
}

func TestGrantsForNobodyAreRefused(t *testing.T) {
	s, _ := open(t)
	alice(t, s)
	system(t, s, "bodyshop")
	for _, g := range []policy.Grant{
		{Person: "nobody@northfield.example", System: "bodyshop", See: 1, Start: t0},
		{Organisation: "Nowhere", System: "bodyshop", See: 1, Start: t0},
		{Application: "nothing", System: "bodyshop", See: 1, Start: t0},
		{Role: "estimator", System: "no-such", See: 1, Start: t0},
	} {
		wantCode(t, s.AddGrant(&g), custody.CodeNotFound)
	}
	wantCode(t, s.AddGrant(&policy.Grant{Role: "estimator", System: "bodyshop", Start: t0}), custody.CodeInvalid)
	if got, _ := s.Grants(); len(got) != 0 {
		t.Errorf("kept: %v", got)
	}
}

func TestEndsOnlyComeForward(t *testing.T) {
	s, _ := open(t)
	_, e := alice(t, s)
	system(t, s, "bodyshop")
	g := policy.Grant{Role: "estimator", System: "bodyshop", See: 1, Start: t0, End: t0.Add(2 * time.Hour)}
	must(t, s.AddGrant(&g))
	wantCode(t, s.EndGrant(g.ID, t0.Add(3*time.Hour)), custody.CodeNotFound)
	must(t, s.EndGrant(g.ID, t0.Add(time.Hour)))
	wantCode(t, s.EndGrant(g.ID, t0.Add(time.Hour)), custody.CodeNotFound)
	wantCode(t, s.EndGrant(99, t0), custody.CodeNotFound)
	grants, err := s.Grants()
	must(t, err)
	if !grants[0].End.Equal(t0.Add(time.Hour)) {
		t.Errorf("the grant ends %v", grants[0].End)
	}
	must(t, s.EndEngagement(e.ID, t0.Add(time.Hour)))
	wantCode(t, s.EndEngagement(e.ID, t0.Add(2*time.Hour)), custody.CodeNotFound)
	must(t, s.EndEngagement(e.ID, t0.Add(-time.Hour))) // before it began: it never was
	list, err := s.ListEngagements()
	must(t, err)
	if !list[0].End.Equal(list[0].Start) || list[0].Current(t0) {
		t.Errorf("the engagement is %+v", list[0])
	}
}

// TestFullDisk: what cannot be written is refused whole, and works once there is room.
func TestFullDisk(t *testing.T) {
	s, path := open(t)
	sys := system(t, s, "bodyshop")
	room, err := s.Fill()
	must(t, err)
	keys := make([]string, 5000)
	for i := range keys {
		keys[i] = fmt.Sprint("customer-", i)
	}
	_, err = s.Assign(sys, keys)
	wantCode(t, err, custody.CodeUnavailable)
	if err := reopen(t, path).Erase(t.Context(), sys, t0, keys[0]); custody.CodeOf(err) != custody.CodeNotFound {
		t.Errorf("part of a refused group was kept: %v", err)
	}
	must(t, room())
	if ids := assign(t, s, sys, keys...); ids[0] != 1 || ids[4999] != 5000 {
		t.Errorf("numbers %d to %d, want 1 to 5000", ids[0], ids[4999])
	}
}

// TestOldDatabaseIsBroughtUpToDate opens one that the first version wrote.
func TestOldDatabaseIsBroughtUpToDate(t *testing.T) {
	path := t.TempDir() + "/custody.db"
	db := raw(t, path)
	first, err := os.ReadFile("migrations/0001_state.sql")
	must(t, err)
	for _, q := range []string{string(first), "PRAGMA user_version = 1", "PRAGMA application_id = 0x43555354",
		"INSERT INTO people (login, full_name, added) VALUES ('alice@northfield.example', 'Alice Smith', 1)"} {
		_, err := db.Exec(q)
		must(t, err)
	}
	must(t, db.Close())
	s, err := store.Open(path)
	must(t, err)
	defer s.Close()
	people, err := s.ListPeople()
	must(t, err)
	if len(people) != 1 || people[0].FullName != "Alice Smith" {
		t.Errorf("people: %+v", people)
	}
	assign(t, s, system(t, s, "bodyshop"), "4711")
}
