package loop

import (
	"sync/atomic"
	"time"
)

// records are what the tasks of a loop want to have written durably. A record is
// numbered as it joins what the next write holds.
type records struct {
	joined, durable uint64
	next            func() error  // waits for what joined last; nil if nothing did since the last write
	held            []*Task       // that wait for their record
	sync            time.Duration // how long such a wait takes, on average
	flight          uint64        // the last number of a write under way in the clerk; 0 if there is none
	landed          atomic.Int64  // how long that write took; 0 until it has ended
	clerk           chan func() error
}

// slowSync is the time of a sync above which a loop leaves the waiting for the disk to
// its clerk and goes on meanwhile. On a faster disk that costs more than it gives: a
// thread to wake, and smaller batches.
const slowSync = time.Millisecond

// Join says that a record has joined the next frame, and gives its number.
func (t *Task) Join(record func() error) uint64 {
	r := &t.loop.records
	r.joined++
	r.next = record
	return r.joined
}

// Hold waits until a record is durable, with those of all others of this round.
func (t *Task) Hold(number uint64, record func() error) error {
	for t.slot >= 0 && t.loop.records.durable < number {
		t.needs = number
		t.loop.records.held = append(t.loop.records.held, t)
		t.yield(struct{}{})
	}
	return record()
}

// settle has written what was joined, once for all, and resumes those whose record is
// durable.
func (l *Loop) settle() {
	r := &l.records
	for {
		if r.flight != 0 {
			took := r.landed.Swap(0)
			if took == 0 {
				return
			}
			l.land(r.flight, time.Duration(took))
		}
		if r.next == nil {
			return
		}
		record, upto := r.next, r.joined
		r.next = nil
		if r.sync > slowSync {
			r.flight = upto
			r.clerk <- record
			return
		}
		start := time.Now()
		_ = record() // each asks for its own
		l.land(upto, time.Since(start))
	}
}

// write is the clerk: it waits for the disk while the loop goes on.
func (l *Loop) write() {
	for record := range l.records.clerk {
		start := time.Now()
		_ = record()
		l.records.landed.Store(int64(max(1, time.Since(start))))
		l.poller.wake()
	}
}

// land resumes those whose record is durable.
func (l *Loop) land(upto uint64, took time.Duration) {
	r := &l.records
	r.flight, r.durable = 0, upto
	r.sync += (min(took, 2*slowSync) - r.sync) / 16 // one that was very slow says little
	held := r.held
	r.held = nil
	for _, t := range held {
		if t.needs > upto {
			r.held = append(r.held, t)
			continue
		}
		l.step(t)
	}
	l.flush()
}
