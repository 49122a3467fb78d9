package trace_test

import (
	"testing"

	"custody/trace"
)

// TestScenarios runs seeds that no setting was chosen on.
func TestScenarios(t *testing.T) {
	for _, s := range []struct {
		name              string
		leaker            trace.Candidate
		leaked, unrelated int
		right             int // of 10 runs, at least so many with the leaker first
	}{
		{"light user, 5 leaked, 20 unrelated", 17, 5, 20, 8},
		{"own calls, 21 leaked, 63 unrelated", 42, 21, 63, 10},
		{"heavy user of 15 %, 10 leaked, 10 unrelated", 200, 10, 10, 10},
		{"user who sees 60 %, 50 leaked, 200 unrelated", 203, 50, 200, 5},
	} {
		t.Run(s.name, func(t *testing.T) {
			right, sure, wrong := 0, 0, 0
			for seed := range uint64(10) {
				w := newWorld(1000 + seed).work()
				r := w.run(t, append(w.leaked(s.leaker, s.leaked), w.unrelated(s.unrelated)...), trace.Options{Seed: seed, Redraws: 49})
				best := r.Ranked[0]
				if best.Candidate == s.leaker {
					right++
				}
				if best.Posterior >= 0.9 {
					sure++
					if best.Candidate != s.leaker {
						wrong++
					}
				}
			}
			t.Logf("right first in %d of 10; surer than 0.9 in %d, wrongly in %d", right, sure, wrong)
			if right < s.right || wrong > 0 {
				t.Errorf("right first in %d of 10 runs, %d wanted; wrongly sure in %d", right, s.right, wrong)
			}
		})
	}
}

// TestNobodyIsAccused: complaints that come from outside.
func TestNobodyIsAccused(t *testing.T) {
	accused, sure := 0, 0
	for seed := range uint64(20) {
		w := newWorld(5000 + seed).work()
		r := w.run(t, w.unrelated(10+int(seed)*6), trace.Options{Seed: seed, Redraws: 199})
		if r.Named.Login {
			accused++
		}
		if r.Ranked[0].Posterior >= 0.9 {
			sure++
		}
	}
	t.Logf("named %d, surer than 0.9 %d of 20", accused, sure)
	if accused > 0 || sure > 1 {
		t.Errorf("of 20 leaks from elsewhere %d named somebody, %d were surer than 0.9", accused, sure)
	}
}
