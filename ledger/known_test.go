package ledger

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"custody"
)

// odd makes an event whose numbers take any number of bytes, of few heads, so that
// the same ones come again.
func odd(r *rand.Rand) *custody.Event {
	h := rand.New(rand.NewPCG(uint64(r.IntN(3000)), 5))
	number := func() uint64 {
		switch h.IntN(40) {
		case 0:
			return 0
		case 1, 2:
			return 1 + h.Uint64N(1<<(7*h.IntN(5)+3))
		}
		return 1 + h.Uint64N(200)

	}
	e := &custody.Event{
		Kind: custody.EventDisclosure, Route: custody.Route(h.IntN(3)), Person: custody.PersonID(number()),
		Application: custody.ApplicationID(number()), Organisation: custody.OrganisationID(number()), System: custody.SystemID(number()),
		Session: custody.SessionID(number()), Grant: custody.GrantID(number()), Reason: custody.ReasonID(number()),
		Clear: custody.CategorySet(h.Uint32())&allCategories | 1, Masked: custody.CategorySet(h.Uint32())&allCategories | 1,
		Code: 1,
	}
	if h.IntN(8) > 0 {
		e.Statement = h.Uint64N(math.MaxUint64) + 1
	}
	for s, n := custody.SubjectID(0), r.IntN(4)*r.IntN(60); n > 0; n-- {
		s += 1 + custody.SubjectID(r.IntN(300))
		e.Subjects = append(e.Subjects, s)
	}
	return e
}

// TestReplayKnowsHeads reads a ledger of which most heads were seen before: its index
// is that of the ledger that wrote it.
func TestReplayKnowsHeads(t *testing.T) {
	dir := newLedger(t, Options{})
	l := open(t, dir, Options{FS: lazy{}})
	r := rand.New(rand.NewPCG(1, 2))
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	for range 300 {
		var group []*custody.Event
		for range 1 + r.IntN(100) {
			e := odd(r)
			at = at.Add(time.Duration(r.IntN(4)-1) * time.Microsecond) // sometimes the clock is behind
			e.Time = at
			group = append(group, e)
		}
		if err := l.Append(group...); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	reader, err := OpenReader(dir)
	if err != nil {
		t.Fatal(err)
	}
	events, pairs := l.Index().Len()
	if n, p := reader.Index().Len(); n != events || p != pairs {
		t.Fatalf("%d events and %d pairs, not %d and %d", n, p, events, pairs)
	}
	for n, want := range l.Index().Events(1) {
		if got, ok := reader.Index().Event(n); !ok || !reflect.DeepEqual(got, want) {
			t.Fatalf("event %d: %+v, not %+v", n, got, want)
		}
	}
}
