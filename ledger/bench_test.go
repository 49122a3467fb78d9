package ledger

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"custody"
)

// BenchmarkAppend is single-disclosure commits by so many committers at once, each
// waiting for its own to be durable.
func BenchmarkAppend(b *testing.B) {
	for _, committers := range []int{1, 8, 64, 256} {
		b.Run(fmt.Sprintf("committers=%d", committers), func(b *testing.B) {
			signer, _ := keys(b)
			l := open(b, newLedger(b, Options{}), Options{Signer: signer})
			var left atomic.Int64
			left.Store(int64(b.N))
			var wg sync.WaitGroup
			b.ResetTimer()
			for c := range committers {
				wg.Go(func() {
					e := disclosure(custody.PersonID(c+1), 77, 1)
					for n := left.Add(-1); n >= 0; n = left.Add(-1) {
						e.Time, e.Subjects[0] = time.Time{}, custody.SubjectID(n%200_000+1)
						if err := l.Append(e); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
			b.ReportMetric(float64(l.at.event-1)/float64(l.at.frame), "events/frame")
		})
	}
}
