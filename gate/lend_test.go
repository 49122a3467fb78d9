package gate_test

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"custody"
	"custody/gate"
	"custody/policy"
)

var (
	name  = custody.Categories(custody.Name)
	phone = custody.Categories(custody.Phone)
	email = custody.Categories(custody.Email)
)

// look shows categories of subjects from first to last as one answer and gives how many
// were counted before an error.
func (b *bench) look(s *gate.Session, read custody.CategorySet, first, last int) (n int, stop error) {
	r, err := s.Decide(gate.Need{Read: read}, 3)
	if err != nil {
		return 0, err
	}
	a := s.Begin(custody.RouteQuery, 3)
	g := a.Group(r, read)
	for i := first; i <= last; i++ {
		if stop = a.Add(g, custody.SubjectID(i)); stop != nil {
			break
		}
		n++
	}
	if err := a.Commit(); err != nil {
		return n, err
	}
	return n, stop
}

// reload opens the ledger anew, as after a restart, with the same rights.
func (b *bench) reload(grants ...policy.Grant) {
	b.Helper()
	b.led.Close()
	b.open(nil)
	b.rights(grants...)
}

// lends is an approval of categories of so many customers.
func lends(set custody.CategorySet, n uint32) policy.Grant {
	return policy.Grant{See: set, Beyond: n, Why: "request 5: claim 123"}
}

// TestApprovedCategories: phones of three customers are phones of three customers,
// whatever limits other rights have; who is within those rights uses nothing of it; it
// ends to the second, in the middle of an answer too; a restart gives nothing back.
func TestApprovedCategories(t *testing.T) {
	b := newBench(t, seeName)
	approval := lends(phone, 3)
	approval.End = b.now.Add(7 * time.Hour)
	b.rights(seeName, approval)
	s := b.enter(1)
	if n, err := b.look(s, name, 1, 60); n != 60 || err != nil || b.under(2) != 0 {
		t.Fatalf("names alone: %d, %v, %d of the approval", n, err, b.under(2))
	}
	if n, err := b.look(s, name|phone, 11, 20); n != 3 || custody.CodeOf(err) != custody.CodeLimit ||
		err.Error() != "the 3 customers of whom grant 2 lets you see phone have been seen; the answer stops here" {
		t.Fatalf("phones: %d, %v", n, err)
	}
	if n, err := b.look(s, phone, 11, 13); n != 3 || err != nil {
		t.Errorf("those again: %d, %v", n, err)
	}
	if n, err := b.look(s, name, 61, 90); n != 30 || err != nil {
		t.Errorf("names go on: %d, %v", n, err)
	}
	for e := range b.led.Index().Disclosed(1, 0, 1, time.Time{}) {
		lent := e.Grant == 2
		if lent != (e.Clear == phone) || e.Clear != phone && e.Clear != name || lent != (e.Reason == 7) {
			t.Errorf("recorded: %v under grant %d for reason %d", e.Clear, e.Grant, e.Reason)
		}
	}
	b.reload(seeName, approval)
	s = b.enter(2)
	if n, err := b.look(s, phone, 12, 14); n != 2 || custody.CodeOf(err) != custody.CodeLimit {
		t.Errorf("after a restart: %d, %v", n, err)
	}
	r, err := s.Decide(gate.Need{Read: phone}, 3)
	if err != nil {
		t.Fatal(err)
	}
	a := s.Begin(custody.RouteQuery, 3)
	g := a.Group(r, phone)
	if err := a.Add(g, 11); err != nil {
		t.Fatal(err)
	}
	b.now = approval.End
	if err := a.Add(g, 12); custody.CodeOf(err) != custody.CodeRevoked {
		t.Errorf("added at its end: %v", err)
	}
	if err := a.Commit(); err == nil {
		t.Error("what was added before its end is released after it")
	}
	if n, err := b.look(s, phone, 11, 11); n != 0 || custody.CodeOf(err) != custody.CodeForbidden {
		t.Errorf("after its end: %d, %v", n, err)
	}
}

// TestApprovedWithinTheOrdinary: an approval of what somebody may see anyhow is used by
// those alone whom their limits do not reach.
func TestApprovedWithinTheOrdinary(t *testing.T) {
	b := newBench(t, seeName)
	ordinary := limited(0, 5)
	ordinary.See |= phone
	b.rights(ordinary, lends(phone, 3))
	s := b.enter(1)
	if n, _ := b.look(s, name|phone, 1, 20); n != 8 || b.under(1) != 5 || b.under(2) != 3 {
		t.Errorf("%d shown, %d under the grant, %d under the approval", n, b.under(1), b.under(2))
	}
	if n, err := b.look(s, name, 30, 30); n != 0 || custody.CodeOf(err) != custody.CodeLimit {
		t.Errorf("a name beyond the limit: %d, %v", n, err)
	}
	b.rights(limited(0, 5), lends(email, 1), lends(phone, 3))
	if n, err := b.look(s, name, 40, 40); n != 0 || custody.CodeOf(err) != custody.CodeLimit {
		t.Errorf("phones were approved, and not more names: %d, %v", n, err)
	}
}

// TestApprovedAlone: where nothing else permits, the approval's number is all there is,
// over days too, and a masked phone is open for as many.
func TestApprovedAlone(t *testing.T) {
	masks := policy.Grant{See: name, Mask: phone}
	for what, other := range map[string][]policy.Grant{"no other right": nil, "masked otherwise": {masks}} {
		b := newBench(t, seeName)
		grants := append([]policy.Grant{lends(phone, 4)}, other...)
		b.rights(grants...)
		s, shown := b.enter(1), 0
		for day := range 3 {
			n, _ := b.look(s, phone, 10*day+1, 10*day+3)
			shown += n
			b.now = b.now.Add(24 * time.Hour)
		}
		if shown != 4 || b.under(1) != 4 {
			t.Errorf("%s: %d shown, %d under the approval", what, shown, b.under(1))
		}
		if _, err := s.Decide(gate.Need{Action: custody.Export, Read: phone}, 3); custody.CodeOf(err) != custody.CodeForbidden {
			t.Errorf("%s: an export: %v", what, err)
		}
	}
}

// TestTwoApprovals: each category counts against an approval that has it, and a customer
// who is refused one is counted by none.
func TestTwoApprovals(t *testing.T) {
	b := newBench(t, seeName)
	b.rights(seeName, lends(phone, 2), lends(email, 3), lends(phone, 2))
	s := b.enter(1)
	if n, err := b.look(s, name|phone|email, 1, 9); n != 3 || custody.CodeOf(err) != custody.CodeLimit {
		t.Errorf("both: %d, %v", n, err)
	}
	if b.under(2) != 2 || b.under(3) != 3 || b.under(4) != 1 {
		t.Errorf("%d, %d and %d used", b.under(2), b.under(3), b.under(4))
	}
	if n, _ := b.look(s, phone, 5, 9); n != 1 {
		t.Errorf("%d phones more, want the one that is left", n)
	}
}

// TestAdmitLent: a page is shown with what is lent as a whole or not at all, and nobody
// is counted for one that is not; so with a row that shows many.
func TestAdmitLent(t *testing.T) {
	b := newBench(t, seeName)
	b.rights(limited(0, 10), lends(phone, 3))
	s := b.enter(1)
	page := func(first, last int) error {
		r, err := s.Decide(gate.Need{Read: name | phone, Veiled: true}, 1)
		if err != nil {
			t.Fatal(err)
		}
		a := s.Begin(custody.RoutePage, 1)
		var list []custody.SubjectID
		var lent []gate.Loan
		for i := first; i <= last; i++ {
			list = append(list, custody.SubjectID(i))
			lent = append(lent, gate.Loan{Subject: custody.SubjectID(i), Categories: phone})
		}
		if err := a.Admit(r, list, lent...); a.Lends(lent) != (err == nil) {
			t.Errorf("%d to %d: admitted with %v, and lendable %v", first, last, err, a.Lends(lent))
		} else if err != nil {
			return err
		}
		n := a.Group(r, name|phone)
		if err := a.Room(n, list); err != nil {
			t.Errorf("admitted and no room: %v", err)
		}
		for _, id := range list {
			if err := a.Add(n, id); err != nil {
				t.Fatalf("admitted and not added: %v", err)
			}
		}
		return a.Commit()
	}
	if err := page(6, 9); custody.CodeOf(err) != custody.CodeLimit || b.recorded() != 0 {
		t.Fatalf("four: %v, %d recorded", err, b.recorded())
	}
	if err := page(1, 3); err != nil || b.under(2) != 3 || b.under(1) != 3 {
		t.Fatalf("three: %v, %d and %d", err, b.under(2), b.under(1))
	}
	if err := page(3, 4); custody.CodeOf(err) != custody.CodeLimit {
		t.Errorf("one more: %v", err)
	}
	if err := page(1, 2); err != nil {
		t.Errorf("known ones: %v", err)
	}
	hidden, err := s.Decide(gate.Need{Read: name | phone, Veiled: true, Hidden: phone}, 1)
	if err != nil || hidden.Lent != 0 || hidden.Masked != phone {
		t.Errorf("hidden on the page: %+v, %v", hidden, err)
	}
	r, err := s.Decide(gate.Need{Read: phone}, 1)
	if err != nil {
		t.Fatal(err)
	}
	a := s.Begin(custody.RouteQuery, 1)
	if err := a.Room(a.Group(r, phone), []custody.SubjectID{1, 2, 9}); custody.CodeOf(err) != custody.CodeLimit {
		t.Errorf("a row about one too many: %v", err)
	}
}

// TestLentAtOnce: many sessions look at once, and the number is never passed.
func TestLentAtOnce(t *testing.T) {
	b := newBench(t, seeName)
	b.rights(seeName, lends(phone, 40))
	var shown atomic.Int64
	var wg sync.WaitGroup
	for k := range 8 {
		s := b.enter(custody.SessionID(k + 1))
		wg.Go(func() {
			for i := range 20 {
				n, err := b.look(s, name|phone, 100*k+i+1, 100*k+i+1)
				if err != nil && custody.CodeOf(err) != custody.CodeLimit {
					t.Errorf("session %d: %v", k, err)
				}
				shown.Add(int64(n))
			}
		})
	}
	wg.Wait()
	if shown.Load() != 40 || b.under(2) != 40 {
		t.Errorf("%d shown, %d recorded", shown.Load(), b.under(2))
	}
}

// TestLentProperty: whatever is looked at in whatever order, by sessions, answers and
// after restarts, the ledger has no more people under an approval than its number, and
// nobody's lent category under any other grant.
func TestLentProperty(t *testing.T) {
	for seed := range uint64(25) {
		rnd := rand.New(rand.NewPCG(seed, 9))
		b := newBench(t, seeName)
		first, second := uint32(1+rnd.IntN(5)), uint32(1+rnd.IntN(5))
		grants := []policy.Grant{limited(0, uint32(1+rnd.IntN(12))), lends(phone, first), lends(phone|email, second)}
		b.rights(grants...)
		sessions := []*gate.Session{b.enter(1), b.enter(2)}
		for step := range 20 {
			from := 1 + rnd.IntN(20)
			set := []custody.CategorySet{name, phone, name | phone, email, name | phone | email}[rnd.IntN(5)]
			_, _ = b.look(sessions[rnd.IntN(2)], set, from, from+rnd.IntN(4))
			if rnd.IntN(8) == 0 {
				b.reload(grants...)
				sessions = []*gate.Session{b.enter(custody.SessionID(10 + 2*step)), b.enter(custody.SessionID(11 + 2*step))}
			}
		}
		if b.under(2) > int(first) || b.under(3) > int(second) {
			t.Fatalf("seed %d: approvals of %d and %d let %d and %d through", seed, first, second, b.under(2), b.under(3))
		}
		for e := range b.led.Index().Disclosed(1, 0, 1, time.Time{}) {
			if e.Clear&email != 0 && e.Grant != 3 || e.Clear&phone != 0 && e.Grant < 2 {
				t.Fatalf("seed %d: %v under grant %d", seed, e.Clear, e.Grant)
			}
		}
	}
}
