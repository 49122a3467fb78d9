package trace_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"custody"
	"custody/trace"
)

// BenchmarkTrace is the largest case that is asked for: 500 complaints over 20 million
// disclosures of 1,000 logins, with 999 redraws.
func BenchmarkTrace(b *testing.B) {
	rng := rand.New(rand.NewPCG(7, 7))
	const subjects, logins, days = 72_000, 1000, 300
	l := trace.NewLooks(epoch)
	var complaints []trace.Complaint
	for s := range custody.SubjectID(subjects) {
		born := epoch.Add(time.Duration(s) * (days * day / subjects))
		branch := rng.IntN(50)
		for range 20_000_000 / subjects {
			c := trace.Candidate(branch*19 + rng.IntN(19))
			if rng.IntN(4) == 0 {
				c = trace.Candidate(logins - 50 + rng.IntN(50))
			}
			if err := l.Add(c, s, born.Add(time.Duration(rng.Int64N(int64(20*day))))); err != nil {
				b.Fatal(err)
			}
		}
		if s%(subjects/500) == 0 {
			complaints = append(complaints, trace.Complaint{Subject: s, Called: born.Add(time.Duration(1+rng.IntN(40)) * day)})
		}
	}
	start := time.Now()
	l.Freeze()
	b.ReportMetric(time.Since(start).Seconds(), "s/freeze")
	for b.Loop() {
		r, err := trace.Run(l, complaints, trace.Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(r.Memory)/1e6, "MB")
	}
}
