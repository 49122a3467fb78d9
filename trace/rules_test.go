package trace_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"custody"
	"custody/trace"

	"github.com/google/go-cmp/cmp"
)

// TestTwoSources: two people leaked, and both are found, one after the other.
func TestTwoSources(t *testing.T) {
	w := newWorld(77).work()
	complaints := append(w.leaked(31, 18), w.leaked(142, 18)...)
	r := w.run(t, append(complaints, w.unrelated(20)...), trace.Options{Redraws: 199})
	var found []trace.Candidate
	for _, s := range r.Sources {
		if s.Found() {
			found = append(found, s.Candidate)
		}
	}
	slices.Sort(found)
	if !slices.Equal(found, []trace.Candidate{31, 142}) {
		t.Errorf("sources %v, wanted 31 and 142", r.Sources)
	}
}

// TestPossibleSources: what is improbable by chance is not yet a source.
func TestPossibleSources(t *testing.T) {
	w := newWorld(309).work()
	complaints := append(w.leaked(202, 25), w.leaked(203, 25)...)
	r := w.run(t, append(complaints, w.unrelated(20)...), trace.Options{Redraws: 99})
	if len(r.Sources) < 2 {
		t.Fatalf("sources %v, wanted two with a p below 0.05", r.Sources)
	}
	for _, s := range r.Sources {
		if s.Found() {
			t.Errorf("candidate %d counts as found: %.3f", s.Candidate, s.Posterior)
		}
	}
}

// TestProbabilitiesAddUp: candidates and "elsewhere" share out one.
func TestProbabilitiesAddUp(t *testing.T) {
	w := newWorld(78).work()
	r := w.run(t, append(w.leaked(5, 6), w.unrelated(10)...), trace.Options{Redraws: 19})
	sum := r.Elsewhere
	for i, c := range r.Ranked {
		sum += c.Posterior
		if i > 0 && c.LogFactor > r.Ranked[i-1].LogFactor {
			t.Errorf("place %d is ranked below a weaker one", i)
		}
	}
	if math.Abs(sum-1) > 1e-9 {
		t.Errorf("the probabilities add up to %v", sum)
	}
}

// TestSameSeedSameAnswer: a trace can be repeated by somebody else.
func TestSameSeedSameAnswer(t *testing.T) {
	w := newWorld(79).work()
	complaints := append(w.leaked(5, 6), w.unrelated(10)...)
	a := w.run(t, complaints, trace.Options{Seed: 3, Redraws: 99})
	b := w.run(t, complaints, trace.Options{Seed: 3, Redraws: 99})
	if d := cmp.Diff(a, b); d != "" {
		t.Error(d)
	}
}

// TestComplaintsThatSayNothing are listed with their reasons; nothing is lost.
func TestComplaintsThatSayNothing(t *testing.T) {
	w := newWorld(80).work()
	good := w.leaked(5, 4)
	bad := []trace.Complaint{
		{Subject: 4_000_000, Called: epoch.Add(20 * day)},
		{Subject: good[0].Subject, Called: epoch.Add(300 * day)},
		{Subject: 11_000, Called: epoch.Add(time.Hour)},
	}
	r := w.run(t, append(good, bad...), trace.Options{Redraws: 19})
	want := []trace.LeftOut{
		{Complaint: 4, Reason: "the customer is not in the log"},
		{Complaint: 5, Reason: "a complaint of this customer is counted already"},
		{Complaint: 6, Reason: "the call came before the customer's record began"},
	}
	if d := cmp.Diff(want, r.Left); d != "" || r.Used != 4 {
		t.Errorf("%d used, left out: %s", r.Used, d)
	}
	if _, err := trace.Run(w.looks, bad[:1], trace.Options{}); custody.CodeOf(err) != custody.CodeInvalid {
		t.Errorf("a trace of nothing: %v", err)
	}
}

// TestBranchIsNotAPerson: when a branch's whole list leaked, complaints point at the
// branch; within it nobody stands out, and nobody is named.
func TestBranchIsNotAPerson(t *testing.T) {
	for seed := range uint64(5) {
		w := newWorld(900 + seed).work()
		branch := map[custody.SubjectID]time.Time{}
		for c := trace.Candidate(30); c < 40; c++ {
			for _, s := range w.seen[c] {
				branch[s.subject] = s.at
			}
		}
		var complaints []trace.Complaint
		for s, at := range branch {
			complaints = append(complaints, trace.Complaint{Subject: s, Called: at.Add(12 * day)})
		}
		slices.SortFunc(complaints, func(a, b trace.Complaint) int { return int(a.Subject) - int(b.Subject) })
		r := w.run(t, complaints[:40], trace.Options{Seed: seed, Redraws: 99, Group: func(c trace.Candidate) string { return string(rune('a' + c/10)) }})
		if r.Named.Login {
			t.Errorf("seed %d: login %d is named for its branch's leak: P %.4f", seed, r.Named.Candidate, r.Ranked[0].Posterior)
		}
		if r.Ranked[0].Candidate/10 != 3 {
			t.Errorf("seed %d: candidate %d of another branch is first", seed, r.Ranked[0].Candidate)
		}
	}
}

// TestLooksOutsideTheTrace are refused, not dropped.
func TestLooksOutsideTheTrace(t *testing.T) {
	l := trace.NewLooks(epoch)
	if err := l.Add(0, 1, epoch.Add(-time.Hour)); custody.CodeOf(err) != custody.CodeInvalid {
		t.Errorf("a look before the epoch: %v", err)
	}
	if err := l.Add(0, 1, epoch.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	l.Freeze()
	if err := l.Add(0, 1, epoch.Add(time.Hour)); err == nil {
		t.Error("a look was added to a frozen collection")
	}
}
