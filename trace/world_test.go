package trace_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"custody"
	"custody/trace"
)

var epoch = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// world is a repair group in miniature: jobs come every day, each is looked at by
// people of its branch for some days, and central staff see a share of everything.
type world struct {
	rng      *rand.Rand
	looks    *trace.Looks
	branches int
	people   int // per branch
	days     int
	perDay   int
	central  []float64 // what share of all jobs each central login sees
	born     []time.Time
	seen     map[trace.Candidate][]seen
}

type seen struct {
	subject custody.SubjectID
	at      time.Time
}

func newWorld(seed uint64) *world {
	return &world{rng: rand.New(rand.NewPCG(seed, 1)), looks: trace.NewLooks(epoch), branches: 20, people: 10, days: 200, perDay: 60,
		central: []float64{0.15, 0.25, 0.4, 0.6}, seen: map[trace.Candidate][]seen{}}
}

func (w *world) look(c trace.Candidate, s custody.SubjectID, at time.Time) {
	if err := w.looks.Add(c, s, at); err != nil {
		panic(err)
	}
	w.seen[c] = append(w.seen[c], seen{s, at})
}

// work fills the log with honest looks.
func (w *world) work() *world {
	for d := range w.days {
		for range w.perDay {
			s := custody.SubjectID(len(w.born))
			start := epoch.Add(time.Duration(d)*day + 8*time.Hour + time.Duration(w.rng.IntN(540))*time.Minute)
			w.born = append(w.born, start)
			w.looks.Born(s, start)
			branch := w.rng.IntN(w.branches)
			for range 3 + w.rng.IntN(6) {
				c := trace.Candidate(branch*w.people + w.rng.IntN(w.people))
				w.look(c, s, start.Add(time.Duration(w.rng.IntN(10*24*60))*time.Minute))
			}
			for i, share := range w.central {
				if w.rng.Float64() < share {
					w.look(trace.Candidate(w.branches*w.people+i), s, start.Add(time.Duration(w.rng.IntN(3*24*60))*time.Minute))
				}
			}
		}
	}
	return w
}

// leaked gives complaints of n of those whom a candidate saw: called some days later.
func (w *world) leaked(c trace.Candidate, n int) (list []trace.Complaint) {
	all := w.seen[c]
	for _, i := range w.rng.Perm(len(all)) {
		if len(list) == n {
			break
		}
		list = append(list, trace.Complaint{Subject: all[i].subject, Called: all[i].at.Add(time.Duration(1+w.rng.IntN(30*24)) * time.Hour)})
	}
	return list
}

// unrelated gives complaints of people who were called for other reasons, at any time
// after their records began.
func (w *world) unrelated(n int) (list []trace.Complaint) {
	for range n {
		s := w.rng.IntN(len(w.born))
		list = append(list, trace.Complaint{Subject: custody.SubjectID(s), Called: w.born[s].Add(time.Duration(w.rng.IntN(60*24)) * time.Hour)})
	}
	return list
}

func (w *world) run(t testing.TB, complaints []trace.Complaint, o trace.Options) *trace.Result {
	t.Helper()
	w.looks.Freeze()
	r, err := trace.Run(w.looks, complaints, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
