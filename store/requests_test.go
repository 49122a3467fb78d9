package store_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"custody"
	"custody/identity"
	"custody/policy"
	"custody/store"
)

var ctx = context.Background()

// firm is a small firm: alice and carol work at branch 12, bob manages all of it, dora
// branch 12, erin branch 9, and frank, who manages too, works elsewhere.
type firm struct {
	*testing.T
	*store.Store
	path   string
	org    custody.OrganisationID
	other  custody.OrganisationID
	system custody.SystemID
	people map[string]custody.PersonID
}

func newFirm(t *testing.T) *firm {
	t.Helper()
	s, path := open(t)
	f := &firm{T: t, Store: s, path: path, people: map[string]custody.PersonID{}}
	var err error
	f.org, err = s.EnsureOrganisation("Northfield", t0)
	must(t, err)
	f.other, err = s.EnsureOrganisation("Southfield", t0)
	must(t, err)
	f.system = system(t, s, "bodyshop")
	for _, p := range []struct {
		name, branch string
		org          custody.OrganisationID
	}{{"alice", "12", f.org}, {"bob", "", f.org}, {"carol", "12", f.org}, {"dora", "12", f.org}, {"erin", "9", f.org}, {"frank", "", f.other}, {"gina", "9", f.org}} {
		one := &identity.Person{Login: p.name + "@northfield.example", FullName: p.name, Added: t0}
		must(t, s.AddPerson(one, &identity.Engagement{Organisation: p.org, Branch: p.branch, Roles: []string{"estimator"}, Start: t0}))
		f.people[p.name] = one.ID
	}
	for _, m := range []store.Manager{{Person: f.people["bob"], Organisation: f.org}, {Person: f.people["dora"], Organisation: f.org, Branch: "12"},
		{Person: f.people["erin"], Organisation: f.org, Branch: "9"}, {Person: f.people["frank"], Organisation: f.other}} {
		must(t, s.AddManager(ctx, 0, &m, t0))
	}
	return f
}

func (f *firm) file(who, by, kind string, n uint32) *store.Request {
	f.Helper()
	r := &store.Request{Kind: kind, Person: f.people[who], FiledBy: f.people[by], Organisation: f.org, System: f.system, Subjects: n,
		Until: t0.Add(8 * time.Hour), Reason: "claim 123"}
	if kind != store.AskMore {
		r.Categories = custody.Categories(custody.Name, custody.Phone)
	}
	must(f.T, f.FileRequest(ctx, r, t0))
	return r
}

// TestApproval: a manager of the branch gives what was asked for, or less; the grant
// ends by itself.
func TestApproval(t *testing.T) {
	f := newFirm(t)
	r := f.file("alice", "alice", store.AskMore, 40)
	if r.Branch != "12" {
		t.Errorf("filed at branch %q", r.Branch)
	}
	before, err := f.Generation()
	must(t, err)
	got, err := f.ApproveRequest(ctx, r.ID, f.people["dora"], store.Approval{Subjects: 30, Until: t0.Add(2 * time.Hour), Note: "go ahead"}, t0.Add(time.Minute))
	must(t, err)
	grants, err := f.Grants()
	must(t, err)
	g := grants[0]
	if g.ID != got.Grant || g.Beyond != 30 || !g.End.Equal(t0.Add(2*time.Hour)) || g.Person != "alice@northfield.example" || g.See != 0 || g.Export {
		t.Errorf("the grant is %+v", g)
	}
	if after, err := f.Generation(); err != nil || after == before {
		t.Error("running gates do not hear it")
	}
	_, err = f.ApproveRequest(ctx, r.ID, f.people["bob"], store.Approval{}, t0.Add(2*time.Minute))
	wantCode(t, err, custody.CodeConflict)
	wantCode(t, f.DeclineRequest(ctx, r.ID, f.people["bob"], "", t0.Add(2*time.Minute)), custody.CodeConflict)
	export := f.file("alice", "alice", store.AskExport, 500)
	for _, much := range []store.Approval{{Subjects: 501}, {Until: t0.Add(9 * time.Hour)}} {
		_, err = f.ApproveRequest(ctx, export.ID, f.people["bob"], much, t0)
		wantCode(t, err, custody.CodeInvalid)
	}
	_, err = f.ApproveRequest(ctx, export.ID, f.people["bob"], store.Approval{}, t0)
	must(t, err)
	grants, err = f.Grants()
	must(t, err)
	if g := grants[1]; !g.Export || !g.Once || g.Beyond != 500 || g.See != export.Categories {
		t.Errorf("the export's grant is %+v", g)
	}
	log, err := f.RightsLog(ctx, store.RightsFilter{Person: f.people["alice"]})
	must(t, err)
	var acts []string
	for _, e := range log {
		acts = append(acts, e.Act)
	}
	if want := []string{"approved", "asked", "approved", "asked"}; !slices.Equal(acts, want) {
		t.Errorf("the log says %v, want %v", acts, want)
	}
	untold, err := f.UnrecordedRights()
	must(t, err)
	for _, e := range untold {
		if e.Changes == store.ChangesNothing || e.Mark() == 0 {
			t.Errorf("the ledger is to be told of %+v", e)
		}
		must(t, f.RightRecorded(e.ID, t0))
	}
	if again, err := f.UnrecordedRights(); err != nil || len(untold) != 6 || len(again) != 0 { // four managers, two approvals
		t.Errorf("%d and then %d to be told, %v", len(untold), len(again), err)
	}
}

// TestNobodyDecidesTheirOwn: whatever the route.
func TestNobodyDecidesTheirOwn(t *testing.T) {
	f := newFirm(t)
	refused := func(what string, id int64, by string) {
		t.Helper()
		_, err := f.ApproveRequest(ctx, id, f.people[by], store.Approval{}, t0)
		if custody.CodeOf(err) != custody.CodeForbidden {
			t.Errorf("%s: approved by %s: %v", what, by, err)
		}
		if custody.CodeOf(f.DeclineRequest(ctx, id, f.people[by], "", t0)) != custody.CodeForbidden {
			t.Errorf("%s: declined by %s", what, by)
		}
		list, err := f.Requests(ctx, store.RequestFilter{DecidableBy: f.people[by], At: t0})
		must(t, err)
		for _, r := range list {
			if r.ID == id {
				t.Errorf("%s: listed for %s to decide", what, by)
			}
		}
	}
	own := f.file("bob", "bob", store.AskMore, 5)
	refused("a manager's own", own.ID, "bob")
	through := f.file("alice", "bob", store.AskMore, 5)
	refused("filed for somebody else", through.ID, "bob")
	through = f.file("bob", "alice", store.AskMore, 5)
	refused("filed by somebody else", through.ID, "bob")
	plain := f.file("alice", "alice", store.AskMore, 5)
	refused("no manager", plain.ID, "carol")
	refused("another branch", plain.ID, "erin")
	refused("another organisation", plain.ID, "frank")
	nowhere := f.file("bob", "bob", store.AskMore, 5) // of no branch: not a branch's
	refused("no branch", nowhere.ID, "dora")
	must(t, f.Leave(f.people["dora"], t0.Add(-time.Second)))
	refused("who has left", plain.ID, "dora")
	wantCode(t, f.AddManager(ctx, f.people["alice"], &store.Manager{Person: f.people["alice"], Organisation: f.org}, t0), custody.CodeForbidden)
	list, err := f.Managers(ctx, false)
	must(t, err)
	must(t, f.EndManager(ctx, 0, list[0].ID, t0))
	refused("who manages no more", plain.ID, "bob")
}

// TestRequestsRefused: what does not fit is not kept.
func TestRequestsRefused(t *testing.T) {
	f := newFirm(t)
	good := store.Request{Kind: store.AskMore, Person: f.people["alice"], Organisation: f.org, System: f.system, Subjects: 1, Until: t0.Add(time.Hour), Reason: "x"}
	for what, change := range map[string]func(*store.Request){
		"kind":       func(r *store.Request) { r.Kind = "all" },
		"nobody":     func(r *store.Request) { r.Subjects = 0 },
		"everybody":  func(r *store.Request) { r.Subjects = store.MaxAsked + 1 },
		"past":       func(r *store.Request) { r.Until = t0 },
		"too long":   func(r *store.Request) { r.Until = t0.Add(store.MaxAskedFor + time.Minute) },
		"no reason":  func(r *store.Request) { r.Reason = " " },
		"two lines":  func(r *store.Request) { r.Reason = "a\nb" },
		"categories": func(r *store.Request) { r.Categories = 1 },
		"none":       func(r *store.Request) { r.Kind = store.AskExport },
	} {
		r := good
		change(&r)
		if err := f.FileRequest(ctx, &r, t0); custody.CodeOf(err) != custody.CodeInvalid {
			t.Errorf("%s: %v", what, err)
		}
	}
	r := good
	r.Organisation = f.other
	wantCode(t, f.FileRequest(ctx, &r, t0), custody.CodeNotFound)
	for range 20 {
		r := good
		must(t, f.FileRequest(ctx, &r, t0))
	}
	r = good
	wantCode(t, f.FileRequest(ctx, &r, t0), custody.CodeConflict)
	n, err := f.LapseRequests(ctx, t0.Add(2*time.Hour))
	if err != nil || n != 20 {
		t.Errorf("%d lapsed, %v", n, err)
	}
	_, err = f.ApproveRequest(ctx, 1, f.people["bob"], store.Approval{}, t0.Add(2*time.Hour))
	wantCode(t, err, custody.CodeConflict)
	must(t, f.FileRequest(ctx, &r, t0))
	wantCode(t, f.WithdrawRequest(ctx, r.ID, f.people["carol"], t0), custody.CodeNotFound)
	must(t, f.WithdrawRequest(ctx, r.ID, f.people["alice"], t0))
}

// TestRequestsProperty: whoever tries whatever, each grant has one approved request of
// its holder, decided by a manager who neither is nor filed for the holder.
func TestRequestsProperty(t *testing.T) {
	f := newFirm(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	var names []string
	for n := range f.people {
		names = append(names, n)
	}
	slices.Sort(names)
	pick := func() string { return names[rnd.IntN(len(names)-2)] } // frank works elsewhere
	var ids []int64
	for range 300 {
		at := t0.Add(time.Duration(rnd.IntN(600)) * time.Minute)
		switch rnd.IntN(5) {
		case 0:
			who, by := pick(), pick()
			r := &store.Request{Kind: store.AskMore, Person: f.people[who], FiledBy: f.people[by], Organisation: f.org, System: f.system,
				Subjects: uint32(1 + rnd.IntN(50)), Until: t0.Add(8 * time.Hour), Reason: "claim"}
			if f.FileRequest(ctx, r, t0) == nil {
				ids = append(ids, r.ID)
			}
		case 1, 2:
			if len(ids) > 0 {
				_, _ = f.ApproveRequest(ctx, ids[rnd.IntN(len(ids))], f.people[names[rnd.IntN(len(names))]], store.Approval{}, at)
			}
		case 3:
			if len(ids) > 0 {
				_ = f.DeclineRequest(ctx, ids[rnd.IntN(len(ids))], f.people[pick()], "no", at)
			}
		case 4:
			if len(ids) > 0 {
				_ = f.WithdrawRequest(ctx, ids[rnd.IntN(len(ids))], f.people[pick()], at)
			}
		}
	}
	requests, err := f.Requests(ctx, store.RequestFilter{State: store.StateApproved, Limit: 1000})
	must(t, err)
	grants, err := f.Grants()
	must(t, err)
	of := map[custody.GrantID]*policy.Grant{}
	for i := range grants {
		of[grants[i].ID] = &grants[i]
	}
	if len(requests) != len(grants) || len(grants) < 5 {
		t.Fatalf("%d approved, %d grants", len(requests), len(grants))
	}
	for _, r := range requests {
		g := of[r.Grant]
		ok := r.DecidedBy == f.people["bob"] || r.DecidedBy == f.people["dora"] && r.Branch == "12" || r.DecidedBy == f.people["erin"] && r.Branch == "9"
		if g == nil || g.Person != r.Login || g.Beyond > r.Subjects || g.End.After(r.Until) || r.DecidedBy == r.Person || r.DecidedBy == r.FiledBy || !ok {
			t.Errorf("request %+v gave %+v", r, g)
		}
	}
}

// seeNames is a grant that shows names.
var seeNames = policy.Grant{System: "bodyshop", See: custody.Categories(custody.Name), Start: t0}
