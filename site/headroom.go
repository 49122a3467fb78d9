package site

import (
	"context"
	"os"
	"runtime/debug"
	measures "runtime/metrics"
	"time"
)

// Go's heap grows to twice what is in use before it is collected. Of a large one that is
// mostly the ledger's index and the customers' identifiers, in which the collector finds
// no pointers: collecting more often costs it little there, and saves much.
const (
	headroom      = 24 << 20 // bytes that may always be garbage
	headroomShare = 3        // or this part of what is in use, if that is more
)

// keepTight keeps the heap's growth beyond what is in use within bounds, unless GOGC says
// what it shall be.
func keepTight(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	live := []measures.Sample{{Name: "/gc/heap/live:bytes"}}
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for set := 100; ; {
		if measures.Read(live); live[0].Value.Kind() == measures.KindUint64 {
			if want := gcPercent(live[0].Value.Uint64()); want < set-5 || want > set+5 || want == 100 && set != 100 {
				set = want
				debug.SetGCPercent(set)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// gcPercent says how far a heap of which so many bytes are in use may grow, in per cent of
// those.
func gcPercent(live uint64) int {
	room := max(headroom, live/headroomShare)
	return int(min(100, 100*room/max(live, 1)))
}
