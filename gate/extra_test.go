package gate_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"custody"
	"custody/gate"
	"custody/policy"
)

const alice = "alice@northfield.example"

// rights puts other grants in force.
func (b *bench) rights(grants ...policy.Grant) {
	b.Helper()
	for i := range grants {
		g := &grants[i]
		g.ID, g.System, g.Start = custody.GrantID(i+1), "bodyshop", b.now.Add(-time.Hour)
		if g.Person == "" {
			g.Person = alice
		}
	}
	p, err := policy.New(grants, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.gate.SetPolicy(p)
}

// under counts the distinct subjects that the ledger says were shown under a grant.
func (b *bench) under(grant custody.GrantID) int {
	seen := map[custody.SubjectID]bool{}
	for e := range b.led.Index().Disclosed(1, 0, 1, time.Time{}) {
		for _, s := range e.Subjects {
			if e.Grant == grant {
				seen[s] = true
			}
		}
	}
	return len(seen)
}

// TestMoreCustomers: an approval lets exactly so many more customers through, each
// recorded under it; those that were seen stay open; a restart gives none back.
func TestMoreCustomers(t *testing.T) {
	b := newBench(t, seeName)
	b.rights(limited(0, 5), policy.Grant{Beyond: 3, End: b.now.Add(time.Hour)})
	s := b.enter(1)
	if n, err := b.show(s, 1, 20); n != 8 || custody.CodeOf(err) != custody.CodeLimit {
		t.Fatalf("%d were shown, %v", n, err)
	}
	if b.under(1) != 5 || b.under(2) != 3 {
		t.Errorf("under the grant %d, under the approval %d", b.under(1), b.under(2))
	}
	if n, err := b.show(s, 1, 8); n != 8 || err != nil {
		t.Errorf("again: %d, %v", n, err)
	}
	s.Leave()
	b.led.Close()
	b.open(nil)
	b.rights(limited(0, 5), policy.Grant{Beyond: 3, End: b.now.Add(time.Hour)})
	if n, err := b.show(b.enter(2), 8, 9); n != 1 || custody.CodeOf(err) != custody.CodeLimit {
		t.Errorf("after a restart: %d, %v", n, err)
	}
	b.now = b.now.Add(2 * time.Hour)
	if n, err := b.show(b.enter(3), 30, 31); n != 0 || custody.CodeOf(err) != custody.CodeLimit {
		t.Errorf("after its end: %d, %v", n, err)
	}
}

// TestMoreByTheHour: the sliding hour gives nothing back of an approval.
func TestMoreByTheHour(t *testing.T) {
	b := newBench(t, seeName)
	b.rights(limited(2, 0), policy.Grant{Beyond: 3})
	s := b.enter(1)
	next, shown := 1, 0
	for range 4 {
		n, _ := b.show(s, next, next+10)
		next, shown = next+n, shown+n
		b.now = b.now.Add(61 * time.Minute)
	}
	if shown != 4*2+3 {
		t.Errorf("%d were shown in four hours, want 11", shown)
	}
}

// TestAdmitMore: a page that is shown as a whole or not at all uses an approval for
// those that are over the limit, and for nobody when it does not suffice.
func TestAdmitMore(t *testing.T) {
	b := newBench(t, seeName)
	b.rights(limited(0, 5), policy.Grant{Beyond: 3})
	s := b.enter(1)
	page := func(first, last int) error {
		r, err := s.Decide(gate.Need{Read: custody.Categories(custody.Name), Veiled: true}, 1)
		if err != nil {
			t.Fatal(err)
		}
		a := s.Begin(custody.RoutePage, 1)
		n := a.Group(r, custody.Categories(custody.Name))
		var list []custody.SubjectID
		for i := first; i <= last; i++ {
			list = append(list, custody.SubjectID(i))
		}
		if err := a.Admit(r, list); err != nil {
			return err
		}
		for _, id := range list {
			if err := a.Add(n, id); err != nil {
				t.Fatalf("admitted and not added: %v", err)
			}
		}
		return a.Commit()
	}
	if err := page(1, 9); custody.CodeOf(err) != custody.CodeLimit || b.recorded() != 0 {
		t.Fatalf("nine: %v, %d recorded", err, b.recorded())
	}
	if err := page(1, 8); err != nil || b.under(1) != 5 || b.under(2) != 3 {
		t.Fatalf("eight: %v, %d and %d", err, b.under(1), b.under(2))
	}
	if err := page(9, 9); custody.CodeOf(err) != custody.CodeLimit {
		t.Errorf("one more: %v", err)
	}
	if err := page(2, 7); err != nil {
		t.Errorf("known ones: %v", err)
	}
}

// export shows subjects as one export and gives how many were counted.
func (b *bench) export(s *gate.Session, read custody.CategorySet, first, last int) (int, error) {
	b.Helper()
	r, err := s.Decide(gate.Need{Action: custody.Export, Read: read}, 2)
	if err != nil {
		return 0, err
	}
	a := s.Begin(custody.RouteCopy, 2)
	n := a.Group(r, read)
	for i := first; i <= last; i++ {
		if err := a.Add(n, custody.SubjectID(i)); err != nil {
			if e := a.Commit(); e != nil {
				b.Fatal(e)
			}
			return i - first, err
		}
		if i%3 == 0 { // it leaves part by part
			if err := a.Commit(); err != nil {
				return i - first, err
			}
		}
	}
	return last - first + 1, a.Commit()
}

// TestApprovedExport: it goes through once, within its number and its categories,
// counts against no other limit, and opens nothing else.
func TestApprovedExport(t *testing.T) {
	name, phone := custody.Categories(custody.Name), custody.Categories(custody.Phone)
	b := newBench(t, seeName)
	ordinary := limited(0, 5)
	ordinary.See |= phone
	b.rights(ordinary, policy.Grant{See: name, Export: true, Beyond: 10, Once: true})
	s := b.enter(1)
	if _, err := b.export(s, name|phone, 1, 3); custody.CodeOf(err) != custody.CodeForbidden {
		t.Errorf("phones too: %v", err)
	}
	if n, err := b.export(s, name, 1, 10); n != 10 || err != nil {
		t.Fatalf("the export: %d, %v", n, err)
	}
	if b.under(2) != 10 {
		t.Errorf("%d under the approval", b.under(2))
	}
	if n, err := b.export(s, name, 1, 10); n != 0 || err == nil {
		t.Errorf("a second time: %d, %v", n, err)
	}
	if n, err := b.export(b.enter(2), name, 1, 2); n != 0 || custody.CodeOf(err) != custody.CodeForbidden {
		t.Errorf("in another session: %d, %v", n, err)
	}
	if n, err := b.show(s, 11, 12); n != 0 || custody.CodeOf(err) != custody.CodeLimit {
		t.Errorf("ten count as seen today: %d, %v", n, err)
	}
	b.led.Close()
	b.open(nil)
	b.rights(ordinary, policy.Grant{See: name, Export: true, Beyond: 10, Once: true})
	if n, err := b.export(b.enter(3), name, 1, 2); n != 0 || custody.CodeOf(err) != custody.CodeForbidden {
		t.Errorf("after a restart: %d, %v", n, err)
	}
}

// TestApprovedExportLimit: it stops before the first customer too many.
func TestApprovedExportLimit(t *testing.T) {
	name := custody.Categories(custody.Name)
	b := newBench(t, seeName)
	b.rights(limited(0, 5), policy.Grant{See: name, Export: true, Beyond: 10})
	s := b.enter(1)
	if n, err := b.export(s, name, 1, 20); n != 10 || custody.CodeOf(err) != custody.CodeLimit || b.recorded() != 10 {
		t.Errorf("%d, %v, %d recorded", n, err, b.recorded())
	}
	if n, err := b.export(s, name, 1, 10); n != 0 || custody.CodeOf(err) != custody.CodeForbidden {
		t.Errorf("when it is used up: %d, %v", n, err)
	}
	if n, err := b.show(s, 1, 10); n != 10 || err != nil {
		t.Errorf("who was exported stays open: %d, %v", n, err)
	}
}

// TestMoreProperty: whatever the order of pages, answers, sessions, hours and restarts,
// never more people are shown than limit and approvals together let, nobody under an
// approval beyond its number, and each is in the ledger.
func TestMoreProperty(t *testing.T) {
	for seed := range uint64(25) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		b := newBench(t, seeName)
		day, first, second := uint32(1+rnd.IntN(8)), uint32(1+rnd.IntN(4)), uint32(1+rnd.IntN(4))
		grants := func() []policy.Grant {
			return []policy.Grant{limited(0, day), {Beyond: first, End: b.now.Add(10 * time.Hour)}, {Beyond: second}}
		}
		b.rights(grants()...)
		sessions := []*gate.Session{b.enter(1), b.enter(2)}
		for step := range 20 {
			from := 1 + rnd.IntN(30)
			_, _ = b.show(sessions[rnd.IntN(2)], from, from+rnd.IntN(5))
			if rnd.IntN(8) == 0 {
				b.led.Close()
				b.open(nil)
				b.rights(grants()...)
				sessions = []*gate.Session{b.enter(custody.SessionID(10 + 2*step)), b.enter(custody.SessionID(11 + 2*step))}
			}
		}
		if n := b.recorded(); n > int(day+first+second) {
			t.Fatalf("seed %d: %d people under a limit of %d and approvals of %d and %d", seed, n, day, first, second)
		}
		if b.under(2) > int(first) || b.under(3) > int(second) {
			t.Fatalf("seed %d: approvals of %d and %d let %d and %d through", seed, first, second, b.under(2), b.under(3))
		}
	}
}
