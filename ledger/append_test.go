package ledger

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"custody"
	"custody/internal/durable"
)

// TestClockGoesBack: times in the ledger never go back, also over a restart, and
// each event says by how much its clock did.
func TestClockGoesBack(t *testing.T) {
	now := time.Date(2026, 5, 4, 12, 0, 0, 999, time.UTC)
	o := Options{Now: func() time.Time { return now }}
	dir := newLedger(t, o)
	l := open(t, dir, o)
	stamp := func(d time.Duration) time.Time {
		t.Helper()
		now = now.Add(d)
		e := disclosure(1, 1, 1)
		appendAll(t, l, e)
		return e.Time
	}
	noon := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	var got []time.Time
	got = append(got, stamp(0), stamp(time.Second), stamp(-time.Hour))
	l.Close()
	l = open(t, dir, o)
	got = append(got, stamp(0), stamp(2*time.Hour))
	given := disclosure(1, 1, 1)
	given.Time = noon.Add(-24 * time.Hour)
	appendAll(t, l, given)
	got = append(got, given.Time)
	late, end := noon.Add(time.Second), noon.Add(time.Second+time.Hour)
	if want := []time.Time{noon, late, late, late, end, end}; !slices.Equal(got, want) {
		t.Errorf("times %v, want %v", got, want)
	}
	l.Close()
	r, err := Verify(dir, nil)
	if err != nil || r.ClockBehind != 3 || r.ClockBehindMost != 25*time.Hour+time.Second {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestFailedWriteStopsTheLedger: after an error of the disk nothing more is
// acknowledged, and opening it again makes it whole.
func TestFailedWriteStopsTheLedger(t *testing.T) {
	var broken atomic.Bool
	o := Options{FS: durable.Fault{FS: durable.OS{}, Decide: func(op durable.Op) durable.Verdict {
		if broken.Load() && op.Kind == durable.OpWrite && strings.HasSuffix(op.Name, segmentSuffix) {
			return durable.Verdict{Err: syscall.EIO, Keep: 50}
		}
		return durable.Verdict{}
	}}}
	dir := newLedger(t, o)
	l := open(t, dir, o)
	appendAll(t, l, disclosure(1, 1, 1))
	broken.Store(true)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			err := l.Append(disclosure(1, 2, 1))
			if custody.CodeOf(err) != custody.CodeUnrecorded || custody.HintOf(err) == "" || !errors.Is(err, syscall.EIO) {
				t.Errorf("with a broken disk: %v", err)
			}
		})
	}
	all.Wait()
	broken.Store(false)
	if err := l.Append(disclosure(1, 3, 1)); custody.CodeOf(err) != custody.CodeUnrecorded {
		t.Errorf("after a failed write: %v", err)
	}
	if events, _ := l.Index().Len(); events != 1 {
		t.Errorf("the index shows %d events", events)
	}
	l.Close()
	l = open(t, dir, o)
	if r := l.Recovery(); r.Events != 1 || r.TornBytes == 0 {
		t.Errorf("recovery %+v", r)
	}
	appendAll(t, l, disclosure(1, 4, 1))
}

// TestFullDiskPasses: a full disk refuses, keeps everything and lets go on as soon
// as there is room, without a restart.
func TestFullDiskPasses(t *testing.T) {
	var full atomic.Bool
	o := Options{SegmentSize: 4096, FS: durable.Fault{FS: durable.OS{}, Decide: func(op durable.Op) durable.Verdict {
		if full.Load() && op.Kind == durable.OpWrite && strings.HasSuffix(op.Name, preparedName) {
			return durable.Verdict{Err: syscall.ENOSPC}
		}
		return durable.Verdict{}
	}}}
	dir := newLedger(t, o)
	l := open(t, dir, o)
	full.Store(true)
	taken := 0
	var err error
	for ; err == nil; taken++ {
		err = l.Append(disclosure(1, 1, 1))
	}
	taken--
	if custody.CodeOf(err) != custody.CodeUnrecorded || !strings.Contains(custody.HintOf(err), "space") || taken < 10 {
		t.Fatalf("after %d events: %v (%s)", taken, err, custody.HintOf(err))
	}
	full.Store(false)
	for range 30 {
		appendAll(t, l, disclosure(1, 2, 1))
	}
	l.Close()
	if r, err := Verify(dir, nil); err != nil || r.Events != uint64(taken+30) || r.Segments < 2 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestHealth: a checkpoint that cannot be written stops no event, and says so.
func TestHealth(t *testing.T) {
	signer, _ := keys(t)
	var full atomic.Bool
	o := Options{Signer: signer, CheckpointEvery: time.Hour, FS: durable.Fault{FS: durable.OS{}, Decide: func(op durable.Op) durable.Verdict {
		if full.Load() && strings.Contains(op.Name, checkpointName) {
			return durable.Verdict{Err: syscall.ENOSPC}
		}
		return durable.Verdict{}
	}}}
	l := open(t, newLedger(t, o), o)
	full.Store(true)
	appendAll(t, l, disclosure(1, 1, 1))
	if _, err := l.Checkpoint(); err == nil || l.Health() == nil {
		t.Errorf("checkpoint on a full disk: %v, health %v", err, l.Health())
	}
	appendAll(t, l, disclosure(1, 1, 1))
	full.Store(false)
	if _, err := l.Checkpoint(); err != nil || l.Health() != nil {
		t.Errorf("checkpoint with room: %v, health %v", err, l.Health())
	}
	l.Close()
	if custody.CodeOf(l.Health()) != custody.CodeUnavailable {
		t.Errorf("health of a closed ledger: %v", l.Health())
	}
}

// TestRefusedEvents: what no frame may hold is refused, and so is the group it came
// with.
func TestRefusedEvents(t *testing.T) {
	l := open(t, newLedger(t, Options{}), Options{})
	bad := map[string]func(*custody.Event){
		"no kind":       func(e *custody.Event) { e.Kind = 0 },
		"new kind":      func(e *custody.Event) { e.Kind = custody.EventRight + 1 },
		"new route":     func(e *custody.Event) { e.Route = custody.RouteConsole + 1 },
		"new category":  func(e *custody.Event) { e.Masked = 1 << 20 },
		"descending":    func(e *custody.Event) { e.Subjects = []custody.SubjectID{2, 1} },
		"twice":         func(e *custody.Event) { e.Subjects = []custody.SubjectID{2, 2} },
		"subject zero":  func(e *custody.Event) { e.Subjects = []custody.SubjectID{0, 2} },
		"naming":        func(e *custody.Event) { e.Naming = &custody.Naming{First: 1, Count: 1} },
		"no naming":     func(e *custody.Event) { e.Kind = custody.EventNaming },
		"long ago":      func(e *custody.Event) { e.Time = time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC) },
		"far too large": func(e *custody.Event) { e.Subjects = make([]custody.SubjectID, MaxSubjects+1) },
	}
	for what, change := range bad {
		e := disclosure(1, 1, 1)
		change(e)
		err := l.Append(disclosure(1, 1, 2), e)
		if c := custody.CodeOf(err); c != custody.CodeInvalid && c != custody.CodeTooLarge || custody.HintOf(err) == "" {
			t.Errorf("%s: %v", what, err)
		}
	}
	all := make([]custody.SubjectID, MaxSubjects)
	for i := range all {
		all[i] = custody.SubjectID(i + 1)
	}
	var large []*custody.Event
	for range MaxFrame / MaxSubjects { // one byte for each subject, and then some
		large = append(large, disclosure(1, 1, all...))
	}
	if err := l.Append(large...); custody.CodeOf(err) != custody.CodeTooLarge || custody.HintOf(err) == "" {
		t.Errorf("a group over the maximum: %v", err)
	}
	appendAll(t, l, large[0])
	appendAll(t, l, disclosure(3, 3, 3))
	newest := slices.Collect(l.Index().SawBy(3, time.Time{}, time.Time{}))
	if len(newest) != 1 || len(newest[0].Subjects) != 1 {
		t.Errorf("after refusals: %v", newest)
	}
}

func TestClosedLedgerRefuses(t *testing.T) {
	l := open(t, newLedger(t, Options{}), Options{})
	l.Close()
	if err := l.Append(disclosure(1, 1, 1)); custody.CodeOf(err) != custody.CodeUnavailable {
		t.Errorf("got %v", err)
	}
}

func TestCreateAndOpenElsewhere(t *testing.T) {
	dir := newLedger(t, Options{})
	if err := Create(dir, Options{Origin: testOrigin}); custody.CodeOf(err) != custody.CodeConflict {
		t.Errorf("a second Create: %v", err)
	}
	if err := Create(t.TempDir(), Options{Origin: "two words"}); custody.CodeOf(err) != custody.CodeInvalid {
		t.Errorf("an origin with a space: %v", err)
	}
	if _, err := Open(dir, Options{Origin: "custody.example/other"}); custody.CodeOf(err) != custody.CodeConflict {
		t.Errorf("another origin: %v", err)
	}
	for _, missing := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		if _, err := Open(missing, Options{}); custody.CodeOf(err) != custody.CodeNotFound {
			t.Errorf("Open without a ledger: %v", err)
		}
		if _, err := OpenReader(missing); custody.CodeOf(err) != custody.CodeNotFound {
			t.Errorf("OpenReader without a ledger: %v", err)
		}
	}
}

// TestAppendDoesNotAllocate holds for one committer once its buffers have grown.
func TestAppendDoesNotAllocate(t *testing.T) {
	o := Options{FS: lazy{}, CheckpointEvery: time.Hour}
	l := open(t, newLedger(t, o), o)
	e := disclosure(1, 1, 5, 6, 7)
	events := []*custody.Event{e}
	// The index grows by whole chunks; the list of leaves doubles.
	if n := testing.AllocsPerRun(2000, func() {
		e.Time = time.Time{}
		if err := l.Append(events...); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations for each Append", n)
	}
}
