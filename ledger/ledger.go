// Package ledger writes down every disclosure, durably, before the data is
// released, and answers who saw whom. Events are appended in frames to segment
// files; a Merkle log over the frames with signed checkpoints lets anyone check
// that nothing was changed or taken away; an index in memory, rebuilt at every
// start, answers questions. docs/formats.md gives every byte.
package ledger

import (
	"errors"
	"path/filepath"
	"sync"
	"time"

	"custody"
	"custody/internal/durable"

	"golang.org/x/mod/sumdb/note"
)

const lockName = "lock"

// Options say how a ledger is kept. The zero value works: no checkpoints are
// signed.
type Options struct {
	// Origin names the ledger in its checkpoints, as a name that is unique in the
	// world, at most 255 bytes ("custody.example/north"). Create fixes it; Open
	// refuses another one, empty takes what is there.
	Origin string
	// Signer signs checkpoints; nil makes none.
	Signer note.Signer
	// SegmentSize is the size of a full-grown segment in bytes, 64 MiB if zero.
	SegmentSize int64
	// CheckpointEvery is how long events may wait for a checkpoint, 1 s if zero.
	CheckpointEvery time.Duration
	// Now is the clock, time.Now if nil.
	Now func() time.Time
	// FS is the file system, the real one if nil; tests break it.
	FS durable.FS
}

func (o *Options) fill() {
	if o.SegmentSize == 0 {
		o.SegmentSize = DefaultSegmentSize
	}
	o.SegmentSize = max(o.SegmentSize, 2*segmentHeader)
	if o.CheckpointEvery == 0 {
		o.CheckpointEvery = time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.FS == nil {
		o.FS = durable.OS{}
	}
}

// Ledger is the one writer of a ledger's folder. Its methods may be called from
// any number of goroutines.
//
// Locks are taken in the order writing, indexing, mu.
type Ledger struct {
	dir    string
	fs     durable.FS
	full   int64
	every  time.Duration
	now    func() time.Time
	origin string
	lock   interface{ Close() error }
	index  *Index

	mu      sync.Mutex
	taken   sync.Cond // the open batch was taken by its leader
	open    *batch    // callers join it
	free    []*batch
	last    int64 // time of the last event, microseconds
	events  uint64
	pairs   uint64
	stopped error  // why no more can be appended
	leaves  []Hash // of durable frames that the Merkle log has not taken yet

	writing sync.Mutex // held by the one who writes frames; guards what follows
	file    durable.File
	segment *segment
	offset  int64 // where the next frame goes
	room    int64 // size of the segment's file
	at      position
	tree    tree
	next    *prepared

	indexing sync.Mutex // held by the one who adds to the index

	keeper   keeper
	recovery Recovery
}

// Recovery is what Open found.
type Recovery struct {
	Frames, Events uint64
	// TornBytes is how much of a frame that was never acknowledged a crash had left
	// behind; Open cut it off. Zero after an ordinary stop.
	TornBytes int64
	Segment   string // name of the last segment
	Offset    int64  // where the ledger ended, in bytes
}

// Create makes a new, empty ledger in a folder, which it makes if need be.
//
// A crash on the way leaves either no ledger, so that Create can be called again,
// or a whole one.
func Create(dir string, o Options) error {
	o.fill()
	if o.Origin == "" || len(o.Origin) > maxOrigin || !printable(o.Origin) {
		return custody.E(custody.CodeInvalid, "a ledger's origin must be 1 to 255 printable ASCII characters without spaces", "use a name that is unique in the world, like custody.example/north")
	}
	if err := o.FS.MkdirAll(dir); err != nil {
		return failed("make its folder", err)
	}
	lock, err := takeLock(dir)
	if err != nil {
		return err
	}
	defer lock.Close()
	numbers, err := segmentNumbers(o.FS, dir)
	if err != nil {
		return err
	}
	if len(numbers) > 0 {
		return custody.E(custody.CodeConflict, "there is already a ledger in this folder", "open it, or choose an empty folder")
	}
	s := &segment{number: 1, start: genesis(o.Origin), origin: o.Origin}
	if err := durable.Preallocate(o.FS, filepath.Join(dir, preparedName), segmentSize(1, o.SegmentSize)); err != nil {
		return failed("make its first segment", err)
	}
	f, err := newSegment(o.FS, dir, s)
	if err != nil {
		return failed("make its first segment", err)
	}
	if err := f.Close(); err != nil {
		return failed("make its first segment", err)
	}
	if err := o.FS.SyncDir(filepath.Dir(filepath.Clean(dir))); err != nil {
		return failed("make its folder durable", err)
	}
	return nil
}

func printable(s string) bool {
	for _, r := range s {
		if r <= ' ' || r > '~' {
			return false
		}
	}
	return true
}

func takeLock(dir string) (interface{ Close() error }, error) {
	lock, err := durable.Lock(filepath.Join(dir, lockName))
	switch {
	case errors.Is(err, durable.ErrLocked):
		return nil, custody.E(custody.CodeConflict, "another process is writing this ledger", "stop the other `custody serve`, or give this one a folder of its own")
	case errors.Is(err, errNotExist):
		return nil, errNoLedger
	case err != nil:
		return nil, failed("take its lock", err)
	}
	return lock, nil
}

// Index answers questions about what is recorded, live.
func (l *Ledger) Index() *Index { return l.index }

// Recovery says what Open found.
func (l *Ledger) Recovery() Recovery { return l.recovery }

// stop ends appending for good and gives the reason back.
func (l *Ledger) stop(why error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stopped == nil {
		l.stopped = why
	}
	l.taken.Broadcast()
	return why
}

// leaf hands a durable frame's hash to the Merkle log.
func (l *Ledger) leaf(h Hash) {
	l.mu.Lock()
	l.leaves = append(l.leaves, h)
	l.mu.Unlock()
	l.keeper.wake()
}

// Close signs a last checkpoint and lets go of the ledger. Appends that are under
// way come to their end, later ones are refused.
func (l *Ledger) Close() error {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	closed := l.file == nil
	if l.stopped == nil {
		l.stopped = custody.E(custody.CodeUnavailable, "the ledger is closed", "start the gate again: custody serve")
	}
	l.taken.Broadcast()
	l.mu.Unlock()
	if closed {
		return nil
	}
	err := l.keeper.close()
	if l.next != nil {
		<-l.next.done
		l.fs.Remove(filepath.Join(l.dir, preparedName))
	}
	err = errors.Join(err, l.file.Close(), l.lock.Close())
	l.file = nil
	if err != nil {
		return failed("close", err)
	}
	return nil
}
