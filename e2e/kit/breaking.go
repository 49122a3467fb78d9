package kit

import (
	"strings"
	"sync/atomic"

	"custody/internal/durable"
)

// Breaking fails every write of the ledger once armed.
type Breaking struct {
	Armed atomic.Int64 // writes that still succeed, -1 when not armed
	Err   error
	Done  bool // the write reaches the disk, only the answer is lost
}

// Decide is given to durable.Fault.
func (b *Breaking) Decide(op durable.Op) durable.Verdict {
	if op.Kind != durable.OpWrite || !strings.HasSuffix(op.Name, ".seg") || b.Armed.Load() < 0 {
		return durable.Verdict{}
	}
	if b.Armed.Add(-1) >= 0 {
		return durable.Verdict{}
	}
	b.Armed.Store(0)
	return durable.Verdict{Err: b.Err, Done: b.Done}
}
