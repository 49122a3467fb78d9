package gate_test

import (
	"testing"
	"time"

	"custody"
	"custody/gate"
	"custody/policy"
)

// TestRoomIsOfOneExport: what an export has left is asked for a row that shows many, and
// the next statement's export begins anew.
func TestRoomIsOfOneExport(t *testing.T) {
	g := seeName
	g.Export, g.Limits = true, custody.Limits{PerExport: 5}
	b := newBench(t, g)
	s := b.enter(1)
	r, err := s.Decide(gate.Need{Action: custody.Export, Read: name}, 1)
	if err != nil {
		t.Fatal(err)
	}
	a := s.Begin(custody.RouteCopy, 1)
	n := a.Group(r, name)
	for i := range 3 {
		if err := a.Add(n, custody.SubjectID(i+1)); err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range []struct {
		list []custody.SubjectID
		want custody.Code
	}{{[]custody.SubjectID{1, 2, 3, 4, 5}, custody.CodeNone}, {[]custody.SubjectID{1, 4, 5, 6}, custody.CodeLimit}} {
		if err := a.Room(n, x.list); custody.CodeOf(err) != x.want {
			t.Errorf("a row about %v: %v", x.list, err)
		}
	}
	a.Turn(custody.RouteCopy, 2)
	n = a.Group(r, name)
	for i := range 5 {
		if err := a.Add(n, custody.SubjectID(10+i)); err != nil {
			t.Fatalf("customer %d of the next export: %v", i+1, err)
		}
	}
	if err := a.Add(n, 15); custody.CodeOf(err) != custody.CodeLimit {
		t.Errorf("a sixth: %v", err)
	}
	if err := a.Commit(); err != nil {
		t.Fatal(err)
	}
	by := map[uint64]int{}
	for e := range b.led.Index().Disclosed(1, 0, 1, time.Time{}) {
		by[e.Statement] += len(e.Subjects)
	}
	if by[1] != 3 || by[2] != 5 {
		t.Errorf("recorded by statement: %v", by)
	}
}

// refusals counts those that the ledger has, by code.
func (b *bench) refusals() map[custody.Code]int {
	n := map[custody.Code]int{}
	for _, e := range b.led.Index().Events(1) {
		if e.Kind == custody.EventRefusal {
			n[e.Code]++
		}
	}
	return n
}

// TestEveryLimitIsRecorded: whoever is stopped by a limit, of whatever kind, is on record
// as refused.
func TestEveryLimitIsRecorded(t *testing.T) {
	for says, stop := range map[string]func(b *bench, s *gate.Session) error{
		"by the day": func(b *bench, s *gate.Session) error { _, err := b.show(s, 1, 9); return err },
		"by what was lent": func(b *bench, s *gate.Session) error {
			_, err := b.look(s, phone, 1, 4)
			return err
		},
		"as a whole": func(b *bench, s *gate.Session) error {
			r, err := s.Decide(gate.Need{Read: name}, 1)
			if err != nil {
				t.Fatal(err)
			}
			return s.Begin(custody.RoutePage, 1).Admit(r, []custody.SubjectID{1, 2, 3, 4, 5, 6, 7})
		},
		"by a row about many": func(b *bench, s *gate.Session) error {
			r, err := s.Decide(gate.Need{Read: name}, 1)
			if err != nil {
				t.Fatal(err)
			}
			a := s.Begin(custody.RouteQuery, 1)
			return a.Room(a.Group(r, name), []custody.SubjectID{1, 2, 3, 4, 5, 6, 7})
		},
	} {
		b := newBench(t, seeName)
		b.rights(limited(0, 5), lends(phone, 3))
		s := b.enter(1)
		if err := stop(b, s); custody.CodeOf(err) != custody.CodeLimit {
			t.Errorf("%s: %v", says, err)
		}
		if n := b.refusals(); n[custody.CodeLimit] != 1 {
			t.Errorf("%s: recorded %v", says, n)
		}
	}
}

// TestLentAndOrdinaryTogether: a customer who is over the ordinary limit is not shown with
// what was lent either, and takes nothing of the approval; one of whom only what is lent
// is shown counts among the people of the day.
func TestLentAndOrdinaryTogether(t *testing.T) {
	b := newBench(t, seeName)
	b.rights(limited(0, 2), lends(phone, 5))
	s := b.enter(1)
	if n, err := b.look(s, phone, 1, 2); n != 2 || err != nil {
		t.Fatalf("phones alone: %d, %v", n, err)
	}
	if n, err := b.show(s, 3, 3); n != 0 || custody.CodeOf(err) != custody.CodeLimit {
		t.Errorf("a third customer of the day: %d, %v", n, err)
	}
	b = newBench(t, seeName)
	b.rights(limited(0, 2), policy.Grant{See: phone, Beyond: 2, Why: "x"}, policy.Grant{See: email, Beyond: 2, Why: "y"})
	s = b.enter(1)
	if n, err := b.look(s, name|phone|email, 1, 2); n != 2 || err != nil {
		t.Fatalf("two approvals of one customer: %d, %v", n, err)
	}
	for e := range b.led.Index().Disclosed(1, 0, 1, time.Time{}) {
		if want := map[custody.GrantID]custody.CategorySet{1: name, 2: phone, 3: email}[e.Grant]; e.Clear != want {
			t.Errorf("recorded under grant %d: %v, want %v", e.Grant, e.Clear, want)
		}
	}
}

// TestRoomUnderAnApproval: it has room for a row that shows many while it is in force and
// has as many left.
func TestRoomUnderAnApproval(t *testing.T) {
	b := newBench(t, seeName)
	approval := policy.Grant{See: name, Export: true, Beyond: 3, Why: "claim 123", End: b.now.Add(time.Hour)}
	b.rights(seeName, approval)
	s := b.enter(1)
	r, err := s.Decide(gate.Need{Action: custody.Export, Read: name}, 2)
	if err != nil || !r.Approved {
		t.Fatalf("%+v, %v", r, err)
	}
	a := s.Begin(custody.RouteCopy, 2)
	n := a.Group(r, name)
	if err := a.Room(n, []custody.SubjectID{1, 2, 3}); err != nil {
		t.Errorf("three of three: %v", err)
	}
	if err := a.Room(n, []custody.SubjectID{1, 2, 3, 4}); custody.CodeOf(err) != custody.CodeLimit {
		t.Errorf("four of three: %v", err)
	}
	if err := a.Admit(r, []custody.SubjectID{1, 2, 3, 4}); custody.CodeOf(err) != custody.CodeLimit {
		t.Errorf("four of three as a whole: %v", err)
	}
	b.now = approval.End
	if err := a.Room(n, []custody.SubjectID{1}); err == nil {
		t.Error("it has room after its end")
	}
}

// TestAskingLendsNothing: to ask whether approvals have room counts nobody, and of what
// they open only what is shown is on record.
func TestAskingLendsNothing(t *testing.T) {
	b := newBench(t, seeName)
	b.rights(seeName, lends(phone|email, 3))
	s := b.enter(1)
	a := s.Begin(custody.RoutePage, 1)
	for _, from := range []custody.SubjectID{1, 4, 7} {
		var list []gate.Loan
		for i := range custody.SubjectID(3) {
			list = append(list, gate.Loan{Subject: from + i, Categories: phone})
		}
		if !a.Lends(list) {
			t.Errorf("no room for three from %d on", from)
		}
	}
	if n, err := b.look(s, phone, 1, 2); n != 2 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	for e := range b.led.Index().Disclosed(1, 0, 1, time.Time{}) {
		if e.Clear != phone {
			t.Errorf("recorded as shown: %v", e.Clear)
		}
	}
}

// TestNothingJoinedIsReleasedAfterACut: a part that is recorded together with others is
// held to the end of its session like any other, also if nobody is in it.
func TestNothingJoinedIsReleasedAfterACut(t *testing.T) {
	for _, people := range []int{0, 3} {
		b := newBench(t, seeName)
		s := b.enter(1)
		r, err := s.Decide(gate.Need{Read: name}, 1)
		if err != nil {
			t.Fatal(err)
		}
		a := s.Begin(custody.RoutePage, 1)
		g := a.Group(r, name)
		for i := range people {
			if err := a.Add(g, custody.SubjectID(i+1)); err != nil {
				t.Fatal(err)
			}
		}
		p, err := a.Take()
		if err != nil {
			t.Fatal(err)
		}
		wait, err := p.Join()
		if err != nil {
			t.Fatal(err)
		}
		s.Cut(custody.CodeRevoked)
		if err := wait(); custody.CodeOf(err) != custody.CodeRevoked || b.recorded() != people {
			t.Errorf("%d people: %v, %d recorded", people, err, b.recorded())
		}
	}
}

// TestRightsThatShrinkWhileAnAnswerRuns: what is masked from now on does not leave in
// clear, though it was decided before.
func TestRightsThatShrinkWhileAnAnswerRuns(t *testing.T) {
	b := newBench(t, seeName)
	b.rights(policy.Grant{See: name | phone})
	s := b.enter(1)
	r, err := s.Decide(gate.Need{Read: name | phone}, 1)
	if err != nil {
		t.Fatal(err)
	}
	a := s.Begin(custody.RouteQuery, 1)
	if err := a.Add(a.Group(r, name|phone), 1); err != nil {
		t.Fatal(err)
	}
	b.rights(policy.Grant{See: name, Mask: phone})
	if err := a.Commit(); custody.CodeOf(err) != custody.CodeRevoked || b.recorded() != 0 {
		t.Errorf("%v, %d recorded", err, b.recorded())
	}
}

// TestNobodyEntersWithoutARight that holds at the moment of entering.
func TestNobodyEntersWithoutARight(t *testing.T) {
	b := newBench(t, seeName)
	b.auth.ended = true
	if s, err := b.gate.Enter(&custody.Session{ID: 9, Person: 1, System: 1, SystemName: "bodyshop", Login: alice}, func(custody.Code) {}); s != nil || custody.CodeOf(err) != custody.CodeRevoked || len(b.gate.Standing()) != 0 {
		t.Errorf("%v, %d live", err, len(b.gate.Standing()))
	}
}
