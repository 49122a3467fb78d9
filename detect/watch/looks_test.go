package watch

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"custody/accesslog"
)

// TestLooksComeInOrder: however they were read, looks come in the order of time, those of
// one moment as they were read, and nothing is lost on the way into 24 bytes.
func TestLooksComeInOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	start := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	for name, jitter := range map[string]int{"in order": 1, "a little mixed": 5000, "two logs": -1} {
		var l looks
		var want []look
		const n = 2*pieceLooks + 1000
		for i := range n {
			at := i
			if jitter < 0 && i > n/2 {
				at = i - n/2
			} else if jitter > 1 {
				at += rng.IntN(jitter)
			}
			k := newLook(start.Add(time.Duration(at)*time.Second), uint32(i%1000+1), uint32(i), uint32(i%77), i%maxFiles, i+2, []accesslog.Done{accesslog.Exported, accesslog.Looked, accesslog.Refused}[i%3])
			if k.person() != uint32(i%1000+1) || k.subject != uint32(i) || k.device() != uint32(i%77) || k.file() != i%maxFiles || k.exported() != (i%3 == 0) || k.refused() != (i%3 == 2) {
				t.Fatalf("look %d became %+v", i, k)
			}
			l.add(k)
			want = append(want, k)
		}
		l.order()
		slices.SortStableFunc(want, func(a, b look) int { return cmp.Compare(a.millis, b.millis) })
		at := 0
		for k := range l.inOrder() {
			if *k != want[at] {
				t.Fatalf("%s: look %d is %+v, want %+v", name, at, *k, want[at])
			}
			at++
		}
		if first, last := l.span(); at != n || !first.Equal(want[0].at()) || !last.Equal(want[n-1].at()) {
			t.Errorf("%s: %d looks from %v to %v", name, at, first, last)
		}
	}
}
