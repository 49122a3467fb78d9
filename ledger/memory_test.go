package ledger

import (
	"runtime"
	"testing"
	"time"

	"custody"
)

func heapInUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse)
}

// TestSmallLedgerCostsLittle: an idle site keeps a ledger open all day.
func TestSmallLedgerCostsLittle(t *testing.T) {
	dir := newLedger(t, Options{})
	before := heapInUse()
	l := open(t, dir, Options{})
	for i := range 1000 {
		appendAll(t, l, disclosure(1, 1, custody.SubjectID(i+1)))
	}
	if used := heapInUse() - before; used > 1<<20 {
		t.Errorf("%d bytes for 1,000 disclosures", used)
	}
	runtime.KeepAlive(l)
}

// TestIndexMemory: what a disclosure costs in answers of 200, and an event alone.
func TestIndexMemory(t *testing.T) {
	for _, c := range []struct{ answer, limit int }{{200, 9}, {1, 30}} {
		before := heapInUse()
		x := newIndex()
		e := disclosure(1, 1, make([]custody.SubjectID, c.answer)...)
		e.Time = time.Now()
		const pairs = 2_000_000
		for i := range pairs / c.answer {
			for k := range e.Subjects {
				e.Subjects[k] = custody.SubjectID(1 + (i*c.answer+k)%200_000)
			}
			x.add(e)
		}
		x.publish()
		if each := float64(heapInUse()-before) / pairs; each > float64(c.limit) {
			t.Errorf("answers of %d: %.1f bytes a disclosure, want %d", c.answer, each, c.limit)
		} else {
			t.Logf("answers of %d: %.1f bytes a disclosure", c.answer, each)
		}
		runtime.KeepAlive(x)
	}
}
