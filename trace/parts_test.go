package trace_test

import (
	"testing"
	"time"

	"custody"
	"custody/trace"

	"github.com/google/go-cmp/cmp"
)

// TestPseudoSources: looks that are said once to be a branch's too give the same answer
// as looks that are added twice.
func TestPseudoSources(t *testing.T) {
	const branches, first = 20, 500
	by := func(parts bool) *trace.Result {
		w := newWorld(91).work()
		complaints := append(w.leaked(31, 12), w.unrelated(20)...)
		l := trace.NewLooks(epoch)
		for s, born := range w.born {
			l.Born(custody.SubjectID(s), born)
		}
		for c, list := range w.seen {
			branch := trace.Candidate(first + int(c)/w.people)
			if parts {
				l.Part(c, branch)
			}
			for _, x := range list {
				for _, who := range []trace.Candidate{c, branch} {
					if who == c || !parts {
						if err := l.Add(who, x.subject, x.at); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
		}
		l.Freeze()
		r, err := trace.Run(l, complaints, trace.Options{Redraws: 49})
		if err != nil {
			t.Fatal(err)
		}
		r.Memory = 0
		covers := l.Covers([]custody.SubjectID{1, 2, 3, 700}, epoch.Add(100*day))
		if len(covers) == 0 {
			t.Error("nobody covers anything")
		}
		if at, ok := l.BornAt(700); !ok || at.Before(epoch) || at.After(epoch.Add(300*day)) {
			t.Errorf("born %v %v", at, ok)
		}
		return r
	}
	twice, once := by(false), by(true)
	if d := cmp.Diff(twice, once); d != "" {
		t.Error(d)
	}
	if once.Ranked[0].Candidate != 31 {
		t.Errorf("candidate %d is first", once.Ranked[0].Candidate)
	}
}

// TestFileLag: rows of a file count looks alike, however old.
func TestFileLag(t *testing.T) {
	w := newWorld(92).work()
	var rows []trace.Complaint
	end := epoch.Add(250 * day)
	for _, x := range w.seen[44][:60] {
		rows = append(rows, trace.Complaint{Subject: x.subject, Called: end})
	}
	r := w.run(t, rows, trace.Options{Redraws: 99, Lag: trace.FileLag})
	if r.Ranked[0].Candidate != 44 || !r.Named.Login {
		t.Errorf("first %+v, against %v", r.Ranked[0], r.Named.Against)
	}
	if c := w.looks.Covers([]custody.SubjectID{rows[0].Subject, rows[1].Subject}, end.Add(time.Hour)); c[0].Rows != 2 {
		t.Errorf("covers %v", c)
	}
}

// TestLettersCauseComplaints: calls after the first notice say nothing.
func TestLettersCauseComplaints(t *testing.T) {
	w := newWorld(93).work()
	list := append(w.leaked(5, 6), w.unrelated(10)...)
	until := epoch.Add(120 * day)
	r := w.run(t, list, trace.Options{Redraws: 19, Until: until})
	late := 0
	for _, c := range list {
		if c.Called.After(until) {
			late++
		}
	}
	if late == 0 || len(r.Left) < late {
		t.Errorf("%d calls are late, %d left out", late, len(r.Left))
	}
}
