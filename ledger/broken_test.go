package ledger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"custody"
	"custody/internal/durable"

	"golang.org/x/mod/sumdb/note"
)

// breaker lets the nth operation that changes the disk fail.
type breaker struct {
	mu    sync.Mutex
	n     int // of the operation to break; 0 breaks none
	mode  durable.Verdict
	crash bool // everything after it fails, too: the process is gone
	seen  int
	hit   durable.Op
}

func (b *breaker) decide(op durable.Op) durable.Verdict {
	if op.Kind == durable.OpOpen {
		return durable.Verdict{}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen++
	switch {
	case b.seen == b.n:
		b.hit = op
		return b.mode
	case b.n != 0 && b.seen > b.n && b.crash:
		return durable.Verdict{Err: syscall.EIO}
	}
	return durable.Verdict{}
}

// session writes groups of events, as a gate would: it goes on after an error, and
// opens the ledger again when it stopped.
type session struct {
	dir    string
	o      Options
	l      *Ledger
	acked  []int // groups for which Append returned nil, in that order
	unsure map[int]bool
}

// group makes group n: 1 to 3 events that carry the group's number.
func group(n int) []*custody.Event {
	var events []*custody.Event
	for i := range n%3 + 1 {
		var subjects []custody.SubjectID
		for s := range n%7*4 + 1 {
			subjects = append(subjects, custody.SubjectID(n*31+s*300+i+1))
		}
		events = append(events, disclosure(custody.PersonID(i+1), uint64(n), subjects...))
	}
	return events
}

func (s *session) run(again bool) {
	if Create(s.dir, s.o) != nil {
		// The answer may have been lost alone, so the ledger may be there.
		if err := Create(s.dir, s.o); err != nil && custody.CodeOf(err) != custody.CodeConflict || !again {
			return
		}
	}
	for n := 1; n <= 40; n++ {
		if s.l == nil {
			l, err := Open(s.dir, s.o)
			if err != nil {
				if !again {
					return
				}
				continue
			}
			s.l = l
		}
		err := s.l.Append(group(n)...)
		if err == nil {
			s.acked = append(s.acked, n)
		} else {
			s.unsure[n] = true
		}
		if s.l.stopped != nil {
			s.stop()
			if !again {
				return
			}
		}
		if s.l != nil && n%9 == 0 {
			s.l.Checkpoint()
		}
	}
	s.stop()
}

func (s *session) stop() {
	if s.l != nil {
		s.l.Close()
		s.l = nil
	}
}

// check opens the ledger with a disk that works and compares.
func (s *session) check(v note.Verifier) error {
	l, err := Open(s.dir, Options{Signer: s.o.Signer, SegmentSize: s.o.SegmentSize})
	if custody.CodeOf(err) == custody.CodeNotFound && len(s.acked) == 0 {
		return nil
	}
	if err != nil {
		return fmt.Errorf("opening: %w (%w)", err, errors.Unwrap(err))
	}
	defer l.Close()
	if err := s.compare(l.Index()); err != nil {
		return err
	}
	if err := l.Append(group(99)...); err != nil {
		return fmt.Errorf("appending afterwards: %w", err)
	}
	if err := l.Close(); err != nil {
		return err
	}
	_, err = Verify(s.dir, v)
	return err
}

// compare checks that every acknowledged group is there once and as a whole, in
// its order, and no other group is there in parts.
func (s *session) compare(x *Index) error {
	left := s.acked
	all := allEvents(x)
	for len(all) > 0 {
		n := int(all[0].Statement)
		want := group(n)
		if len(all) < len(want) {
			return fmt.Errorf("group %d is there in part", n)
		}
		for i, e := range want {
			e.Time = all[i].Time
			if fmt.Sprint(*e) != fmt.Sprint(*all[i]) {
				return fmt.Errorf("group %d, event %d: %v, want %v", n, i, *all[i], *e)
			}
		}
		all = all[len(want):]
		switch {
		case len(left) > 0 && left[0] == n:
			left = left[1:]
		case s.unsure[n]:
			delete(s.unsure, n) // at most once
		default:
			return fmt.Errorf("group %d is there and should not be", n)
		}
	}
	if len(left) > 0 {
		return fmt.Errorf("acknowledged groups %v are lost", left)
	}
	return nil
}

// TestBrokenWrites lets each operation on the disk fail once before and once after
// it took effect, and for writes in the middle; once with a program that goes on
// and once with one that dies there. Whatever was acknowledged is there afterwards.
func TestBrokenWrites(t *testing.T) {
	signer, verifier := keys(t)
	fast := fastDir(t)
	run := func(b *breaker, again bool) (*session, error) {
		dir := filepath.Join(fast, fmt.Sprintf("ledger%p", b))
		s := &session{dir: dir, unsure: map[int]bool{}, o: Options{
			Origin: testOrigin, Signer: signer, SegmentSize: 2048, CheckpointEvery: time.Hour,
			FS: durable.Fault{FS: durable.OS{}, Decide: b.decide},
		}}
		s.run(again)
		return s, s.check(verifier)
	}
	count := &breaker{}
	if s, err := run(count, true); err != nil || len(s.acked) != 40 {
		t.Fatalf("with a disk that works: %d groups, %v", len(s.acked), err)
	}
	if count.seen < 60 {
		t.Fatalf("only %d operations", count.seen)
	}
	modes := map[string]durable.Verdict{
		"before":      {Err: syscall.EIO},
		"after":       {Err: syscall.EIO, Done: true},
		"disk full":   {Err: syscall.ENOSPC},
		"one byte":    {Err: syscall.EIO, Keep: 1},
		"half":        {Err: syscall.EIO, Keep: 120},
		"almost done": {Err: syscall.EIO, Keep: 512},
	}
	for n := 1; n <= count.seen; n++ {
		for name, mode := range modes {
			for _, crash := range []bool{false, true} {
				b := &breaker{n: n, mode: mode, crash: crash}
				s, err := run(b, !crash)
				if err != nil {
					t.Errorf("operation %d (%+v) fails %s, crash %v: %v", n, b.hit, name, crash, err)
				}
				if !crash && len(s.acked) < 35 {
					t.Errorf("operation %d (%+v) fails %s: only %d of 40 groups were taken after one fault", n, b.hit, name, len(s.acked))
				}
				os.RemoveAll(s.dir)
			}
		}
	}
}
