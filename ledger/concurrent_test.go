package ledger

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"custody"
)

// TestConcurrentAppends has many writers and readers at once: every group is there
// as a whole, in one frame, and readers only ever see whole groups that are
// durable.
func TestConcurrentAppends(t *testing.T) {
	signer, verifier := keys(t)
	o := Options{Signer: signer, SegmentSize: 64 << 10, CheckpointEvery: time.Millisecond}
	dir := newLedger(t, o)
	l := open(t, dir, o)
	const writers, rounds = 16, 150
	var done atomic.Bool
	var write, ask sync.WaitGroup
	for w := range writers {
		write.Go(func() {
			for i := range rounds {
				var subjects []custody.SubjectID
				for s := range i%40 + 1 {
					subjects = append(subjects, custody.SubjectID(s*writers+w+1))
				}
				a := disclosure(custody.PersonID(w+1), uint64(i+1), subjects...)
				b := disclosure(custody.PersonID(w+1), uint64(i+1), 1000)
				if err := l.Append(a, b); err != nil {
					t.Error(err)
					return
				}
				// Read your own writes: limits depend on it.
				newest := custody.SubjectID(0)
				for e := range l.Index().Disclosed(custody.PersonID(w+1), 0, 1, time.Time{}) {
					newest = e.Subjects[0]
					if e.Statement != uint64(i+1) {
						t.Errorf("writer %d, round %d: the newest is %d", w, i, e.Statement)
					}
					break
				}
				if newest != 1000 {
					t.Errorf("writer %d, round %d: the newest is of subject %d", w, i, newest)
				}
			}
		})
	}
	for range 3 {
		ask.Go(func() {
			for !done.Load() {
				watch(t, l.Index())
			}
		})
	}
	write.Wait()
	done.Store(true)
	ask.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := Verify(dir, verifier)
	if err != nil || r.Events != 2*writers*rounds {
		t.Fatalf("%+v, %v", r, err)
	}
	l = open(t, dir, o)
	watch(t, l.Index())
	for w := range writers {
		next := uint64(rounds)
		for e := range l.Index().SawBy(custody.PersonID(w+1), time.Time{}, time.Time{}) {
			if e.Statement != next {
				t.Fatalf("writer %d: round %d, want %d", w, e.Statement, next)
			}
			if len(e.Subjects) != 1 || e.Subjects[0] != 1000 {
				next--
			}
		}
		if next != 0 {
			t.Errorf("writer %d: rounds up to %d are missing", w, next)
		}
	}
}

// watch reads the index while it grows: times never go back, counts fit.
func watch(t *testing.T, x *Index) {
	events, pairs := x.Len()
	var n, p uint64
	last := time.Time{}
	for number, e := range x.Events(1) {
		n++
		p += uint64(len(e.Subjects))
		if number != n || e.Time.Before(last) || len(e.Subjects) == 0 || e.Subjects[0] == 0 || e.System != 1 {
			t.Errorf("event %d: %+v", n, e)
			return
		}
		last = e.Time
	}
	if n < events || p < pairs || n%2 != 0 {
		t.Errorf("%d events and %d pairs, want at least %d and %d", n, p, events, pairs)
	}
	seen := uint64(0)
	before := uint64(1 << 62)
	for d := range x.WhoSaw(1, 1000, time.Time{}, time.Time{}) {
		if seen++; d.Number >= before || d.Answer != 1 {
			t.Errorf("event %d after %d: %+v", d.Number, before, d)
		}
		before = d.Number
	}
	if 2*seen < events {
		t.Errorf("subject 1000 seen %d times, want half of %d", seen, events)
	}
}

// childVariable makes the test binary a writer that is going to be killed.
const childVariable = "LEDGER_TEST_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVariable); dir != "" {
		child(dir)
	}
	code := m.Run()
	for _, dir := range bigDirs {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// child appends from several goroutines and prints each statement once its Append
// has returned.
func child(dir string) {
	l, err := Open(dir, Options{SegmentSize: 32 << 10, CheckpointEvery: time.Millisecond})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var next atomic.Uint64
	for _, e := range l.Index().Events(1) {
		next.Store(max(next.Load(), e.Statement))
	}
	var print sync.Mutex
	for w := range 8 {
		go func() {
			for {
				n := next.Add(1)
				if err := l.Append(disclosure(custody.PersonID(w+1), n, custody.SubjectID(n), custody.SubjectID(n+1))); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				print.Lock()
				fmt.Println(n)
				print.Unlock()
			}
		}()
	}
	select {}
}

// TestKill kills a writer under load again and again: whatever it had said was
// recorded is there.
func TestKill(t *testing.T) {
	dir := newLedger(t, Options{SegmentSize: 32 << 10})
	acked := map[uint64]bool{}
	for round := range 10 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childVariable+"="+dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			statement, err := strconv.ParseUint(lines.Text(), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			acked[statement] = true
			if n == 300+97*round {
				cmd.Process.Kill()
			}
		}
		cmd.Wait()
		r, err := OpenReader(dir)
		if err != nil {
			t.Fatal(err)
		}
		there := map[uint64]bool{}
		for _, e := range allEvents(r.Index()) {
			if there[e.Statement] || !slices.Equal(e.Subjects, []custody.SubjectID{custody.SubjectID(e.Statement), custody.SubjectID(e.Statement + 1)}) {
				t.Fatalf("event %+v is there twice or in part", e)
			}
			there[e.Statement] = true
		}
		for n := range acked {
			if !there[n] {
				t.Fatalf("round %d: statement %d was acknowledged and is lost", round, n)
			}
		}
		r.Close()
		// Numbers that were written and not acknowledged stay free for no one.
		acked = there
	}
	if r, err := Verify(dir, nil); err != nil || r.Events < 5000 {
		t.Fatalf("%+v, %v", r, err)
	}
}
