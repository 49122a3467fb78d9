package store_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"custody"
	"custody/store"
)

func (f *firm) glass(who string, at time.Time) (*store.BreakGlass, error) {
	b := &store.BreakGlass{Person: f.people[who], Organisation: f.org, System: f.system, Categories: custody.Categories(custody.Phone),
		Subjects: 5, Reason: "a customer has to be warned", Ends: at.Add(time.Hour)}
	return b, f.UseBreakGlass(ctx, b, []string{"nobody", "estimator"}, at)
}

// TestBreakGlass: at once, short, and not again before somebody else has reviewed it.
func TestBreakGlass(t *testing.T) {
	f := newFirm(t)
	b, err := f.glass("dora", t0)
	must(t, err)
	grants, err := f.Grants()
	must(t, err)
	if g := grants[0]; g.See != b.Categories || g.Beyond != 5 || g.Why != "emergency access 1: "+b.Reason || !g.End.Equal(b.Ends) || g.Person != "dora@northfield.example" {
		t.Errorf("the grant is %+v", g)
	}
	_, err = f.glass("dora", t0.Add(2*time.Hour))
	wantCode(t, err, custody.CodeForbidden)
	if grants, err := f.Grants(); err != nil || len(grants) != 1 {
		t.Errorf("a refused use left a grant: %v %v", grants, err)
	}
	for who, by := range map[string]string{"themselves": "dora", "no manager": "carol", "another branch": "erin", "another organisation": "frank"} {
		if err := f.ReviewBreakGlass(ctx, b.ID, f.people[by], store.Justified, "fine", t0); custody.CodeOf(err) != custody.CodeForbidden {
			t.Errorf("reviewed by %s: %v", who, err)
		}
	}
	for by, want := range map[string]int{"dora": 0, "erin": 0, "bob": 1} {
		list, err := f.BreakGlassUses(ctx, store.BreakGlassFilter{ReviewableBy: f.people[by], At: t0})
		if err != nil || len(list) != want {
			t.Errorf("%s may review %d uses, want %d (%v)", by, len(list), want, err)
		}
	}
	wantCode(t, f.ReviewBreakGlass(ctx, b.ID, f.people["bob"], "fine", "x", t0), custody.CodeInvalid)
	wantCode(t, f.ReviewBreakGlass(ctx, b.ID, f.people["bob"], store.Justified, " ", t0), custody.CodeInvalid)
	must(t, f.ReviewBreakGlass(ctx, b.ID, f.people["bob"], store.Unjustified, "no customer was warned", t0.Add(time.Minute)))
	wantCode(t, f.ReviewBreakGlass(ctx, b.ID, f.people["bob"], store.Justified, "x", t0.Add(time.Minute)), custody.CodeConflict)
	grants, err = f.Grants()
	must(t, err)
	if !grants[0].End.Equal(t0.Add(time.Minute)) {
		t.Errorf("an unjustified one goes on until %v", grants[0].End)
	}
	_, err = f.glass("dora", t0.Add(2*time.Hour))
	must(t, err)
	_, err = f.glass("frank", t0) // works elsewhere
	wantCode(t, err, custody.CodeNotFound)
	one := &store.BreakGlass{Person: f.people["carol"], Organisation: f.org, System: f.system, Categories: 1, Subjects: 5, Reason: "x", Ends: t0.Add(time.Hour)}
	wantCode(t, f.UseBreakGlass(ctx, one, []string{"duty-manager"}, t0), custody.CodeForbidden)
	wantCode(t, f.UseBreakGlass(ctx, one, nil, t0), custody.CodeForbidden)
	one.Ends = t0.Add(25 * time.Hour)
	wantCode(t, f.UseBreakGlass(ctx, one, []string{"estimator"}, t0), custody.CodeInvalid)
}

// lead makes somebody the data-protection lead of an organisation; of all with zero.
func (f *firm) lead(who string, org custody.OrganisationID) {
	f.Helper()
	must(f.T, f.AddConsoleRole(&store.ConsoleRole{Person: f.people[who], Role: "lead", Organisation: org, Start: t0}))
}

// start begins a review of everybody.
func (f *firm) start(at time.Time) *store.Campaign {
	f.Helper()
	f.lead("bob", 0)
	c, err := f.StartReview(ctx, f.people["bob"], "Autumn", 0, at.Add(14*24*time.Hour), at)
	must(f.T, err)
	return c
}

// TestWhoRunsReviews: what nobody confirms ends, so only who answers for all of a review
// begins it, or ends it early: whatever way the order comes.
func TestWhoRunsReviews(t *testing.T) {
	f := newFirm(t)
	until := t0.Add(14 * 24 * time.Hour)
	start := func(who string, org custody.OrganisationID) (*store.Campaign, error) {
		return f.StartReview(ctx, f.people[who], "Autumn", org, until, t0)
	}
	for _, refused := range []struct {
		who string
		org custody.OrganisationID
	}{{"alice", f.org}, {"dora", f.org}, {"frank", f.org}, {"bob", f.other}, {"bob", 0}, {"nobody", f.org}} { // dora manages a branch, bob Northfield
		_, err := start(refused.who, refused.org)
		wantCode(t, err, custody.CodeForbidden)
	}
	if list, err := f.Campaigns(ctx, true); err != nil || len(list) != 0 {
		t.Errorf("refused reviews began: %+v, %v", list, err)
	}
	ours, err := start("bob", f.org)
	must(t, err)
	f.lead("alice", f.other)
	_, err = start("alice", f.org) // lead of another organisation
	wantCode(t, err, custody.CodeForbidden)
	theirs, err := start("alice", f.other)
	must(t, err)
	f.lead("carol", 0)
	all, err := start("carol", 0)
	must(t, err)
	for _, refused := range []struct {
		who string
		c   *store.Campaign
	}{{"alice", ours}, {"dora", ours}, {"frank", ours}, {"bob", theirs}, {"bob", all}, {"alice", all}, {"nobody", ours}} {
		wantCode(t, f.CloseReview(ctx, refused.c.ID, f.people[refused.who], true, t0.Add(time.Hour)), custody.CodeForbidden)
	}
	// A lead who has left, and one whose role has ended, are none.
	must(t, f.Leave(f.people["alice"], t0.Add(time.Hour)))
	wantCode(t, f.CloseReview(ctx, theirs.ID, f.people["alice"], true, t0.Add(2*time.Hour)), custody.CodeForbidden)
	must(t, f.CloseReview(ctx, theirs.ID, f.people["carol"], true, t0.Add(time.Hour)))
	roles, err := f.ConsoleRoles()
	must(t, err)
	must(t, f.EndConsoleRole(roles[1].ID, t0.Add(time.Hour)))
	wantCode(t, f.CloseReview(ctx, all.ID, f.people["carol"], true, t0.Add(2*time.Hour)), custody.CodeForbidden)
	must(t, f.CloseReview(ctx, ours.ID, f.people["bob"], true, t0.Add(2*time.Hour)))
	log, err := f.RightsLog(ctx, store.RightsFilter{Act: store.ActReviewClosed})
	if err != nil || len(log) != 2 || log[0].ActorLogin != "bob@northfield.example" {
		t.Errorf("log %+v, %v", log, err)
	}
}

// TestReview: each right is confirmed or removed by a manager of its holder; what is
// left ends at the deadline, whoever runs; nobody reviews their own.
func TestReview(t *testing.T) {
	f := newFirm(t)
	for _, g := range []struct{ person, application, organisation string }{{person: "alice@northfield.example"}, {organisation: "Southfield"}} {
		grant := seeNames
		grant.Person, grant.Organisation = g.person, g.organisation
		must(t, f.AddGrant(&grant))
	}
	c := f.start(t0)
	items, err := f.ReviewItems(ctx, store.ReviewFilter{Campaign: c.ID})
	must(t, err)
	if len(items) != 9 || c.Items != 9 { // seven roles, frank's engagement, alice's grant
		t.Fatalf("%d items: %+v", len(items), items)
	}
	by := map[string]*store.ReviewItem{}
	for i := range items {
		by[items[i].Login+" "+items[i].Kind] = &items[i]
	}
	role := func(who string) int64 { return by[who+"@northfield.example role"].ID }
	for who, manager := range map[string]string{"bob": "bob", "dora": "dora", "alice": "erin", "carol": "alice", "frank": "bob"} {
		if err := f.DecideReviewItem(ctx, role(who), f.people[manager], true, "", t0.Add(time.Hour)); custody.CodeOf(err) != custody.CodeForbidden {
			t.Errorf("%s decides about %s: %v", manager, who, err)
		}
	}
	mine, err := f.ReviewItems(ctx, store.ReviewFilter{Campaign: c.ID, DecidableBy: f.people["dora"], At: t0})
	must(t, err)
	if len(mine) != 3 { // alice's role and grant, carol's role
		t.Errorf("dora decides about %+v", mine)
	}
	nobody, err := f.ReviewItems(ctx, store.ReviewFilter{Campaign: c.ID, Unmanaged: true, At: t0})
	must(t, err)
	if len(nobody) != 3 { // bob's own, and both of frank's, who is the only manager there
		t.Errorf("nobody decides about %+v", nobody)
	}
	must(t, f.DecideReviewItem(ctx, role("alice"), f.people["dora"], true, "still needed", t0.Add(time.Hour)))
	must(t, f.DecideReviewItem(ctx, by["alice@northfield.example grant"].ID, f.people["dora"], false, "not any more", t0.Add(time.Hour)))
	must(t, f.DecideReviewItem(ctx, role("carol"), f.people["bob"], false, "moved on", t0.Add(time.Hour)))
	wantCode(t, f.DecideReviewItem(ctx, role("carol"), f.people["bob"], true, "", t0.Add(time.Hour)), custody.CodeConflict)
	f.wantRoles(map[string]int{"alice": 1, "carol": 0, "erin": 1})
	wantCode(t, f.CloseReview(ctx, c.ID, f.people["bob"], false, t0.Add(time.Hour)), custody.CodeConflict)

	must(t, f.RightsChores(ctx, c.Deadline.Add(-time.Second)))
	f.wantRoles(map[string]int{"alice": 1, "erin": 1})
	wantCode(t, f.DecideReviewItem(ctx, role("erin"), f.people["bob"], true, "", c.Deadline), custody.CodeConflict)
	must(t, f.RightsChores(ctx, c.Deadline))
	must(t, f.RightsChores(ctx, c.Deadline.Add(time.Second)))
	f.wantRoles(map[string]int{"alice": 1, "bob": 0, "carol": 0, "dora": 0, "erin": 0})
	done, err := f.Campaign(ctx, c.ID)
	must(t, err)
	if done.Confirmed != 1 || done.Removed != 2 || done.Lapsed != 6 || done.Open() != 0 || done.Closed.IsZero() {
		t.Errorf("the result is %+v", done)
	}
	grants, err := f.Grants()
	must(t, err)
	if !grants[0].End.Equal(t0.Add(time.Hour)) || !grants[1].End.IsZero() {
		t.Errorf("the grants are %+v", grants)
	}
}

// wantRoles counts the roles that people have.
func (f *firm) wantRoles(want map[string]int) {
	f.Helper()
	list, err := f.ListEngagements()
	must(f.T, err)
	has := map[custody.PersonID]int{}
	for _, e := range list {
		has[e.Person] += len(e.Roles)
	}
	for who, n := range want {
		if has[f.people[who]] != n {
			f.Errorf("%s has %d roles, want %d", who, has[f.people[who]], n)
		}
	}
}

// TestReviewReminders: each manager with open rights hears of it a week and a day
// before the deadline, once each; a line for nobody tells the leads that frank's right has nobody
// who may decide about it.
func TestReviewReminders(t *testing.T) {
	f := newFirm(t)
	c := f.start(t0)
	count := func() (managers, leads int) {
		t.Helper()
		log, err := f.RightsLog(ctx, store.RightsFilter{Act: store.ActReminder})
		must(t, err)
		for _, e := range log {
			if e.Person != 0 {
				managers++
			} else {
				leads++
			}
		}
		return managers, leads
	}
	for _, step := range []struct {
		before time.Duration
		want   int
		leads  int
	}{{8 * 24 * time.Hour, 0, 0}, {7 * 24 * time.Hour, 3, 1}, {6 * 24 * time.Hour, 3, 1}, {24 * time.Hour, 6, 2}, {time.Hour, 6, 2}} {
		must(t, f.RightsChores(ctx, c.Deadline.Add(-step.before)))
		if n, leads := count(); n != step.want || leads != step.leads { // bob, dora, erin; frank has only his own
			t.Errorf("%v before: %d reminders and %d to leads, want %d and %d", step.before, n, leads, step.want, step.leads)
		}
	}
}

// TestReviewProperty: whoever decides whatever in whatever order, a right that was not
// confirmed by a manager who is somebody else is gone after the deadline.
func TestReviewProperty(t *testing.T) {
	for seed := range uint64(6) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		f := newFirm(t)
		c := f.start(t0)
		var all []custody.PersonID
		for _, p := range f.people {
			all = append(all, p)
		}
		for range 60 {
			_ = f.DecideReviewItem(ctx, int64(1+rnd.IntN(c.Items+1)), all[rnd.IntN(len(all))], rnd.IntN(2) == 0, "", t0.Add(time.Duration(rnd.IntN(15*24))*time.Hour))
		}
		must(t, f.RightsChores(ctx, c.Deadline))
		items, err := f.ReviewItems(ctx, store.ReviewFilter{Campaign: c.ID})
		must(t, err)
		kept := map[string]int{}
		for _, i := range items {
			if i.Decision == "" || (i.DecidedBy == 0) != (i.Decision == store.Lapsed) || i.DecidedBy == i.Person {
				t.Errorf("seed %d: %+v", seed, i)
			}
			name := i.Login[:len(i.Login)-len("@northfield.example")]
			if kept[name] += 0; i.Decision == store.Confirmed {
				kept[name]++
			}
		}
		f.wantRoles(kept)
	}
}
