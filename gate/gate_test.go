package gate_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"custody"
	"custody/gate"
	"custody/internal/durable"
	"custody/ledger"
	"custody/policy"
)

// authority is a right that the test can end. The real one is tested with the wire.
type authority struct {
	mu          sync.Mutex
	ended       bool
	unconfirmed error
}

func (a *authority) Valid(*custody.Session) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended {
		return custody.E(custody.CodeRevoked, "ended", "")
	}
	return nil
}

func (a *authority) Confirmed(*custody.Session) error { return a.unconfirmed }

func (a *authority) Reason(*custody.Session, string) (custody.ReasonID, error) { return 7, nil }

// numbers takes the key as the number.
type numbers struct{}

func (numbers) Lookup(_ custody.SystemID, key []byte) (custody.SubjectID, bool) {
	var n uint32
	_, err := fmt.Sscan(string(key), &n)
	return custody.SubjectID(n), err == nil
}

func (numbers) Assign(custody.SystemID, []string) ([]custody.SubjectID, error) { return nil, nil }

type bench struct {
	*testing.T
	dir   string
	now   time.Time
	auth  *authority
	led   *ledger.Ledger
	gate  *gate.Gate
	grant policy.Grant
}

func newBench(t *testing.T, grant policy.Grant) *bench {
	t.Helper()
	b := &bench{T: t, dir: filepath.Join(t.TempDir(), "ledger"), now: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC), auth: &authority{}}
	b.grant = grant
	b.grant.ID, b.grant.Person, b.grant.System = 3, "alice@northfield.example", "bodyshop"
	b.grant.Start = b.now.Add(-time.Hour)
	if err := ledger.Create(b.dir, b.options()); err != nil {
		t.Fatal(err)
	}
	b.open(nil)
	t.Cleanup(func() { b.led.Close() })
	return b
}

func (b *bench) options() ledger.Options {
	return ledger.Options{Origin: "custody.example/gate", SegmentSize: 1 << 20, Now: func() time.Time { return b.now }}
}

func (b *bench) open(fs durable.FS) {
	b.Helper()
	o := b.options()
	o.FS = fs
	var err error
	if b.led, err = ledger.Open(b.dir, o); err != nil {
		b.Fatal(err)
	}
	p, err := policy.New([]policy.Grant{b.grant}, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.gate = gate.New(gate.Parts{Ledger: b.led, History: b.led.Index(), Policy: p, Authority: b.auth, Directory: numbers{},
		Now: func() time.Time { return b.now }, Deaf: time.Hour})
}

func (b *bench) enter(id custody.SessionID) *gate.Session {
	b.Helper()
	s, err := b.gate.Enter(&custody.Session{ID: id, Person: 1, System: 1, SystemName: "bodyshop", Login: "alice@northfield.example"}, func(custody.Code) {})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// show adds subjects from first to last and commits; it gives how many were
// counted before an error.
func (b *bench) show(s *gate.Session, first, last int) (int, error) {
	b.Helper()
	read := custody.Categories(custody.Name)
	r, err := s.Decide(gate.Need{Read: read}, 1)
	if err != nil {
		return 0, err
	}
	a := s.Begin(custody.RouteQuery, 1)
	g := a.Group(r, read)
	n := 0
	var stop error
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

func (b *bench) recorded() int {
	seen := map[custody.SubjectID]bool{}
	for e := range b.led.Index().Disclosed(1, 0, 1, time.Time{}) {
		for _, s := range e.Subjects {
			seen[s] = true
		}
	}
	return len(seen)
}

var seeName = policy.Grant{See: custody.Categories(custody.Name)}

func limited(hour, day uint32) policy.Grant {
	g := seeName
	g.Limits = custody.Limits{PerHour: hour, PerDay: day}
	return g
}

func TestLimitCountsPeopleOverSessions(t *testing.T) {
	b := newBench(t, limited(0, 200))
	first, second := b.enter(1), b.enter(2)
	for _, step := range []struct {
		s           *gate.Session
		first, last int
		counted     int
		limit       bool
	}{
		{first, 1, 150, 150, false},
		{second, 1, 150, 150, false}, // the same people again are free
		{second, 140, 190, 51, false},
		{first, 191, 205, 10, true}, // stops before the 201st
		{second, 201, 201, 0, true},
		{second, 1, 200, 200, false},
	} {
		n, err := b.show(step.s, step.first, step.last)
		if n != step.counted || (custody.CodeOf(err) == custody.CodeLimit) != step.limit {
			t.Errorf("%d to %d: counted %d, %v", step.first, step.last, n, err)
		}
	}
	if n := b.recorded(); n != 200 {
		t.Errorf("%d people are recorded", n)
	}
}

func TestHourSlidesAndDayEndsAtMidnight(t *testing.T) {
	b := newBench(t, limited(60, 100))
	s := b.enter(1)
	must := func(first, last, want int) {
		t.Helper()
		if n, _ := b.show(s, first, last); n != want {
			t.Errorf("%s: counted %d, not %d", b.now.Format("15:04"), n, want)
		}
	}
	must(1, 70, 60)
	b.now = b.now.Add(59 * time.Minute)
	must(100, 110, 0)
	b.now = b.now.Add(2 * time.Minute)
	must(100, 200, 40) // 60 + 40 reach the day's 100
	b.now = b.now.Add(14 * time.Hour)
	must(300, 400, 60)
}

func TestLimitsSurviveRestart(t *testing.T) {
	b := newBench(t, limited(0, 50))
	b.show(b.enter(1), 1, 30)
	if err := b.led.Close(); err != nil {
		t.Fatal(err)
	}
	b.open(nil)
	if n, err := b.show(b.enter(2), 1, 100); n != 50 || custody.CodeOf(err) != custody.CodeLimit {
		t.Errorf("counted %d after a restart, %v", n, err)
	}
}

func TestRefusals(t *testing.T) {
	grant := seeName
	grant.Mask = custody.Categories(custody.Phone)
	b := newBench(t, grant)
	s := b.enter(1)
	name, phone, email := custody.Categories(custody.Name), custody.Categories(custody.Phone), custody.Categories(custody.Email)
	for _, c := range []struct {
		need gate.Need
		code custody.Code
	}{
		{gate.Need{Read: name, Used: name}, custody.CodeNone},
		{gate.Need{Read: name | phone, Used: name}, custody.CodeNone},
		{gate.Need{Read: phone, Used: phone}, custody.CodeForbidden}, // masked only: not in conditions
		{gate.Need{Read: name | email}, custody.CodeForbidden},
		{gate.Need{Action: custody.Export, Read: name}, custody.CodeForbidden},
		{gate.Need{Action: custody.Change, Read: name}, custody.CodeForbidden},
	} {
		r, err := s.Decide(c.need, 1)
		if custody.CodeOf(err) != c.code {
			t.Errorf("%+v: %v", c.need, err)
		}
		if err == nil && r.Masked != c.need.Read&phone {
			t.Errorf("%+v: masked %v", c.need, r.Masked)
		}
		if err != nil && custody.HintOf(err) == "" {
			t.Errorf("%v has no hint", err)
		}
	}
}

func TestReasonIsRequired(t *testing.T) {
	grant := seeName
	grant.ReasonRequired = true
	b := newBench(t, grant)
	s := b.enter(1)
	if _, err := b.show(s, 1, 1); custody.CodeOf(err) != custody.CodeReason {
		t.Fatalf("without a reason: %v", err)
	}
	if err := s.SetReason("claim 123"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.show(s, 1, 1); err != nil {
		t.Fatalf("with a reason: %v", err)
	}
	for e := range b.led.Index().Disclosed(1, 0, 1, time.Time{}) {
		if e.Reason != 7 {
			t.Errorf("the reason is %d", e.Reason)
		}
	}
}

func TestNothingIsReleasedAfterACut(t *testing.T) {
	b := newBench(t, seeName)
	s := b.enter(1)
	a := s.Begin(custody.RouteQuery, 1)
	r, err := s.Decide(gate.Need{Read: custody.Categories(custody.Name)}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Add(a.Group(r, custody.Categories(custody.Name)), 9); err != nil {
		t.Fatal(err)
	}
	b.auth.mu.Lock()
	b.auth.ended = true
	b.auth.mu.Unlock()
	b.gate.Recheck()
	if err := a.Commit(); custody.CodeOf(err) != custody.CodeRevoked {
		t.Errorf("committed after a cut: %v", err)
	}
	if _, err := s.Decide(gate.Need{Read: custody.Categories(custody.Name)}, 1); custody.CodeOf(err) != custody.CodeRevoked {
		t.Errorf("decided after a cut: %v", err)
	}
}

// TestGrantEndsWhileAnAnswerRuns: what is collected under a grant that has ended is
// not released.
func TestGrantEndsWhileAnAnswerRuns(t *testing.T) {
	b := newBench(t, seeName)
	s := b.enter(1)
	read := custody.Categories(custody.Name)
	r, err := s.Decide(gate.Need{Read: read}, 1)
	if err != nil {
		t.Fatal(err)
	}
	a := s.Begin(custody.RouteQuery, 1)
	g := a.Group(r, read)
	if err := a.Add(g, 1); err != nil {
		t.Fatal(err)
	}
	if err := a.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := a.Add(g, 2); err != nil {
		t.Fatal(err)
	}
	p, err := policy.New(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.gate.SetPolicy(p)
	if err := a.Commit(); custody.CodeOf(err) != custody.CodeForbidden {
		t.Errorf("committed under a grant that has ended: %v", err)
	}
	if n := b.recorded(); n != 1 {
		t.Errorf("%d people are recorded", n)
	}
}

func TestDeafGateReleasesNothing(t *testing.T) {
	b := newBench(t, seeName)
	p, _ := policy.New([]policy.Grant{b.grant}, nil)
	b.gate = gate.New(gate.Parts{Ledger: b.led, History: b.led.Index(), Policy: p, Authority: b.auth, Directory: numbers{},
		Now: func() time.Time { return b.now }, Deaf: time.Nanosecond})
	if _, err := b.show(b.enter(1), 1, 1); custody.CodeOf(err) != custody.CodeUnavailable {
		t.Errorf("a gate that hears nothing released: %v", err)
	}
}

// TestLateHearingIsWaitedFor: nothing is released while the gate is deaf, and nobody is
// turned away because it heard late.
func TestLateHearingIsWaitedFor(t *testing.T) {
	b := newBench(t, seeName)
	p, _ := policy.New([]policy.Grant{b.grant}, nil)
	b.gate = gate.New(gate.Parts{Ledger: b.led, History: b.led.Index(), Policy: p, Authority: b.auth, Directory: numbers{},
		Now: func() time.Time { return b.now }, Deaf: 10 * time.Second})
	s := b.enter(1)
	b.gate.Deafen()
	heard := make(chan struct{})
	go func() {
		time.Sleep(100 * time.Millisecond)
		close(heard)
		b.gate.Heard()
	}()
	if _, err := b.show(s, 1, 1); err != nil {
		t.Errorf("a gate that heard late: %v", err)
	}
	select {
	case <-heard:
	default:
		t.Error("released before the gate heard")
	}
}

func TestLedgerThatCannotWrite(t *testing.T) {
	b := newBench(t, seeName)
	s := b.enter(1)
	b.led.Close()
	if _, err := b.show(s, 1, 5); custody.CodeOf(err) != custody.CodeUnrecorded {
		t.Errorf("released without a record: %v", err)
	}
	if _, err := b.gate.Enter(&custody.Session{ID: 9, Person: 2}, nil); custody.CodeOf(err) != custody.CodeUnrecorded {
		t.Errorf("let in without a record: %v", err)
	}
}

// TestConcurrentSessionsKeepTheLimit: many sessions of one person together never
// pass the limit by one.
func TestConcurrentSessionsKeepTheLimit(t *testing.T) {
	b := newBench(t, limited(0, 100))
	var wg sync.WaitGroup
	for k := range 8 {
		s := b.enter(custody.SessionID(k + 1))
		wg.Go(func() { b.show(s, 1+k*40, 40+k*40) })
	}
	wg.Wait()
	if n := b.recorded(); n != 100 {
		t.Errorf("%d people were disclosed", n)
	}
}

// TestAdmit: a part that stands or falls as a whole counts nobody when one of its
// subjects is over the limit, and those who were seen before are free.
func TestAdmit(t *testing.T) {
	b := newBench(t, policy.Grant{See: custody.Categories(custody.Name), Limits: custody.Limits{PerDay: 5}})
	s := b.enter(1)
	if n, err := b.show(s, 1, 3); n != 3 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	r, err := s.Decide(gate.Need{Read: custody.Categories(custody.Name), Veiled: true}, 1)
	if err != nil {
		t.Fatal(err)
	}
	a := s.Begin(custody.RoutePage, 1)
	if err := a.Admit(r, []custody.SubjectID{2, 3, 4, 5, 6}); custody.CodeOf(err) != custody.CodeLimit {
		t.Errorf("six people of five: %v", err)
	}
	if err := a.Admit(r, []custody.SubjectID{1, 2, 3, 7, 8}); err != nil {
		t.Errorf("the page that was refused took room: %v", err)
	}
	if err := a.Admit(r, []custody.SubjectID{9}); custody.CodeOf(err) != custody.CodeLimit {
		t.Errorf("a sixth: %v", err)
	}
}

// TestVeiled: an answer from which the asker hides what may not be seen is refused
// only when nothing may be seen, or when a reason would open what it shows.
func TestVeiled(t *testing.T) {
	read := custody.Categories(custody.Name, custody.Phone, custody.Bank)
	need := gate.Need{Read: read, Veiled: true}
	b := newBench(t, policy.Grant{See: custody.Categories(custody.Name), Mask: custody.Categories(custody.Phone)})
	s := b.enter(1)
	r, err := s.Beside().Decide(need, 1)
	if err != nil || r.Masked != custody.Categories(custody.Phone, custody.Bank) {
		t.Errorf("masked %v, %v", r.Masked, err)
	}
	need.Action = custody.Export
	if _, err := s.Decide(need, 1); custody.CodeOf(err) != custody.CodeForbidden {
		t.Errorf("an export without the right: %v", err)
	}
	b = newBench(t, policy.Grant{See: custody.Categories(custody.Name), ReasonRequired: true})
	s = b.enter(1)
	need.Action = custody.See
	if _, err := s.Decide(need, 1); custody.CodeOf(err) != custody.CodeReason {
		t.Errorf("without a reason: %v", err)
	}
	if d := s.Foresee(custody.See, "any"); d.With(custody.Clear) != custody.Categories(custody.Name) {
		t.Errorf("with a reason: %v", d.With(custody.Clear))
	}
	view := s.Beside()
	view.Restate(7, "job 1")
	if r, err := view.Decide(need, 1); err != nil || r.Masked != custody.Categories(custody.Phone, custody.Bank) {
		t.Errorf("with its reason: masked %v, %v", r.Masked, err)
	}
	s.Cut(custody.CodeRevoked)
	if _, err := view.Decide(need, 1); custody.CodeOf(err) != custody.CodeRevoked {
		t.Errorf("a view of a session that was cut: %v", err)
	}
}
