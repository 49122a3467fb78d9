package trace

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// share runs work on all processors; each takes the next number until all n are taken.
func share(n int, work func(next func() (int, bool))) {
	var taken atomic.Int64
	next := func() (int, bool) {
		k := int(taken.Add(1)) - 1
		return k, k < n
	}
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		group.Go(func() { work(next) })
	}
	group.Wait()
}
