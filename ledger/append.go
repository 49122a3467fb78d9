package ledger

import (
	"fmt"
	"math"
	"time"

	"custody"
)

// Append records a group of events and returns nil when they are durable: the
// whole group is in one frame, so it is there after a crash as a whole or not at
// all. Only then does the index show it. It sets Event.Time to the recorded time:
// the given one, or the clock's if it is zero, in whole microseconds, and never
// before the time of the event before.
//
// Any number of goroutines may append at once. The first to come writes for all
// who join while the write before is under way; a caller alone writes its own
// events in its own goroutine and waits for nobody.
//
// What a crash at each point means:
//   - before the write: nothing was recorded and nothing was released.
//   - in the write: the frame is there as a whole, or its remains are cut off at
//     the next Open. It was not acknowledged, so nothing was released.
//   - after the write: the frame is there. If the crash was before Append
//     returned, the ledger holds an event that released nothing.
//
// After an error nothing may be released. An error of the disk stops the ledger
// until it is opened again: whether the frame is on the disk cannot be known from
// here, as a kernel that failed to write a page may forget that it was dirty.
func (l *Ledger) Append(events ...*custody.Event) error {
	if len(events) == 0 {
		return nil
	}
	size, err := measure(events)
	if err != nil {
		return err
	}
	l.mu.Lock()
	if err := l.admit(size); err != nil {
		l.mu.Unlock()
		return err
	}
	b := l.open
	if err := l.join(b, events); err != nil {
		l.mu.Unlock()
		return err
	}
	if !b.led {
		b.led = true
		l.mu.Unlock()
		return l.lead()
	}
	o := b.expected()
	l.mu.Unlock()
	<-o.done
	return o.err
}

// admit waits until the open batch has room for a group of about size bytes. Holds
// l.mu, but not while it waits.
func (l *Ledger) admit(size int) error {
	for l.stopped == nil && !l.open.takes(size) {
		if l.open.led {
			l.taken.Wait()
			continue
		}
		// It holds only groups that are waited for later: somebody has to write it.
		l.open.led = true
		l.mu.Unlock()
		_ = l.lead() // those in the batch hear of it
		l.mu.Lock()
	}
	return l.stopped
}

// measure checks events and bounds their encoded size in bytes.
func measure(events []*custody.Event) (int, error) {
	size := 0
	for _, e := range events {
		if err := check(e); err != nil {
			return 0, err
		}
		size += maxHead + 5*len(e.Subjects)
	}
	return size, nil
}

// check refuses an event that no frame may hold.
func check(e *custody.Event) error {
	what := ""
	switch {
	case e.Kind == 0 || e.Kind > custody.EventRight:
		what = "unknown kind"
	case e.Route > custody.RouteConsole:
		what = "unknown route"
	case (e.Clear|e.Masked)&^allCategories != 0:
		what = "unknown category"
	case (e.Kind == custody.EventNaming) != (e.Naming != nil):
		what = "a naming where none belongs, or none where one belongs"
	case e.Naming != nil && (e.Naming.First == 0 || e.Naming.Count == 0 || uint64(e.Naming.First)+uint64(e.Naming.Count)-1 > math.MaxUint32):
		what = "a naming of no subjects or of too many"
	case !e.Time.IsZero() && (e.Time.UnixMicro() < 0 || e.Time.UnixMicro() > maxMicros):
		what = "a time that is out of range"
	case len(e.Subjects) > MaxSubjects:
		return custody.E(custody.CodeTooLarge, fmt.Sprintf("an event may hold at most %d subjects", MaxSubjects), "record the answer as several events")
	default:
		what = checkSubjects(e.Subjects)
	}
	if what != "" {
		return custody.E(custody.CodeInvalid, "the event cannot be recorded: "+what, "this is a fault of the program that recorded it; please report it")
	}
	return nil
}

func checkSubjects(list []custody.SubjectID) string {
	var last custody.SubjectID
	for _, s := range list {
		if s <= last {
			return "subjects that are not ascending"
		}
		last = s
	}
	return ""
}

// join encodes a group into a batch, or leaves it as it was. Holds l.mu.
func (l *Ledger) join(b *batch, events []*custody.Event) error {
	n, size := len(b.events), len(b.frame)
	pairs := 0
	for _, e := range events {
		b.add(e, l.stamp(e))
		pairs += len(e.Subjects)
	}
	if len(b.frame)+1 > MaxFrame {
		b.cut(n, size)
		return custody.E(custody.CodeTooLarge, fmt.Sprintf("a group of events may take at most %d bytes", MaxFrame), "record the answer as several groups")
	}
	if !l.reserve(len(events), pairs) {
		b.cut(n, size)
		return custody.E(custody.CodeTooLarge, "this ledger is full: it holds 4,294,967,294 events or disclosures", "start a new ledger in another folder and keep this one for questions")
	}
	return nil
}

// stamp sets an event's time and gives by how many microseconds its clock was
// behind. A clock that is set back does not turn the ledger back: the time stays
// at the last one and the event says by how much. Holds l.mu.
func (l *Ledger) stamp(e *custody.Event) (behind uint64) {
	t := e.Time
	if t.IsZero() {
		t = l.now()
	}
	micros := t.UnixMicro()
	if micros < l.last {
		behind = uint64(l.last - micros)
		micros = l.last
	}
	l.last = micros
	e.Time = time.UnixMicro(micros).UTC()
	return behind
}

// reserve counts what was let into batches against what the index can hold.
func (l *Ledger) reserve(events, pairs int) bool {
	if l.events+uint64(events) >= math.MaxUint32 || l.pairs+uint64(pairs) >= math.MaxUint32 {
		return false
	}
	l.events += uint64(events)
	l.pairs += uint64(pairs)
	return true
}

// lead writes the open batch for everybody in it. While it waits for the write
// before, others join.
func (l *Ledger) lead() error {
	l.writing.Lock()
	l.mu.Lock()
	b, stopped := l.open, l.stopped
	l.open = l.fresh()
	o := b.outcome
	l.taken.Broadcast()
	l.mu.Unlock()

	err := stopped
	if err == nil {
		err = l.write(b)
	}
	// The index takes batches in the order of the frames: its lock is taken before
	// the next write may start.
	l.indexing.Lock()
	l.writing.Unlock()
	if err == nil {
		l.show(b)
	}
	l.indexing.Unlock()
	if o != nil {
		o.err = err
		close(o.done)
	}
	l.giveBack(b)
	return err
}

// fresh gives an empty batch. Holds l.mu.
func (l *Ledger) fresh() *batch {
	if n := len(l.free); n > 0 {
		b := l.free[n-1]
		l.free = l.free[:n-1]
		return b
	}
	b := &batch{}
	b.reset()
	return b
}

// giveBack takes a batch that nobody uses any more.
func (l *Ledger) giveBack(b *batch) {
	b.reset()
	l.mu.Lock()
	l.free = append(l.free, b)
	l.mu.Unlock()
}

// show lets questions see a batch that is durable.
func (l *Ledger) show(b *batch) {
	l.index.place(b.segment, b.offset)
	for _, e := range b.events {
		l.index.add(e)
	}
	l.index.publish()
}

// write makes a batch durable as the next frame. Holds l.writing.
func (l *Ledger) write(b *batch) error {
	if err := l.reach(int64(len(b.frame) + 1)); err != nil {
		return err
	}
	leaf := b.seal(&l.tree, l.at)
	if _, err := l.file.WriteAt(b.frame, l.offset); err != nil {
		return l.stop(unrecorded(err, "look for disk errors in the system's log, then restart custody: it checks the ledger's end and goes on"))
	}
	b.segment, b.offset = l.segment.number, l.offset
	l.offset += int64(len(b.frame))
	l.at = position{frame: l.at.frame + 1, event: l.at.event + uint64(len(b.events)), prev: leaf}
	l.leaf(leaf)
	return nil
}
