package ledger

import (
	"path/filepath"

	"custody/internal/durable"
)

// prepared is a segment's worth of zeros on its way: it costs tenths of a second
// of disk time, which no caller should wait for.
type prepared struct {
	size int64
	done chan struct{}
	err  error // good once done is closed
}

// prepare starts to make the next segment's file. Holds l.writing.
func (l *Ledger) prepare(size int64) *prepared {
	p := &prepared{size: size, done: make(chan struct{})}
	l.next = p
	go func() {
		defer close(p.done)
		p.err = durable.Preallocate(l.fs, filepath.Join(l.dir, preparedName), size)
	}()
	return p
}

// reach makes sure that need bytes fit into the segment at the ledger's end, going
// on to a new one if they do not. Holds l.writing.
//
// A full disk is found here, before anything of the frame is written: the group is
// refused, and the next one tries again.
func (l *Ledger) reach(need int64) error {
	if l.offset+need <= l.room {
		if l.next == nil && l.offset > l.room/2 {
			l.prepare(segmentSize(l.segment.number+1, l.full))
		}
		return nil
	}
	p := l.next
	if p == nil || p.size < segmentHeader+need {
		if p != nil {
			<-p.done // it writes to the same file
		}
		p = l.prepare(max(segmentSize(l.segment.number+1, l.full), segmentHeader+need))
	}
	<-p.done
	l.next = nil
	if p.err != nil {
		return unrecorded(p.err, "free space on the ledger's disk; the ledger goes on by itself")
	}
	return l.rotate(p.size)
}

// rotate goes on to the prepared segment. The one before is sealed by the name of
// its successor: it holds only frames that were acknowledged, or whose callers
// have been told that nothing is known of them.
func (l *Ledger) rotate(size int64) error {
	s := &segment{number: l.segment.number + 1, start: l.at, origin: l.segment.origin}
	f, err := newSegment(l.fs, l.dir, s)
	if err != nil {
		// The new name may or may not be there: only Open can tell.
		return l.stop(unrecorded(err, "look for disk errors in the system's log, then restart custody: it checks the ledger's end and goes on"))
	}
	l.file.Close()
	l.file, l.segment, l.offset, l.room = f, s, segmentHeader, size
	return nil
}
