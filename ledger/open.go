package ledger

import (
	"path/filepath"

	"custody"
	"custody/internal/durable"
)

// Open opens a ledger for writing. There is one writer at a time: a second one is
// refused with custody.CodeConflict. It reads all frames into the index, cuts off
// what a crash left of a frame that was never acknowledged (see Recovery), and
// refuses a ledger that is damaged.
func Open(dir string, o Options) (*Ledger, error) {
	o.fill()
	lock, err := takeLock(dir)
	if err != nil {
		return nil, err
	}
	l := &Ledger{
		dir: dir, fs: o.FS, full: o.SegmentSize, every: o.CheckpointEvery, now: o.Now,
		lock: lock, index: newIndex(),
	}
	l.taken.L = &l.mu
	l.open = l.fresh()
	if err := l.recover(&o); err != nil {
		lock.Close()
		return nil, err
	}
	l.keeper.start(l)
	return l, nil
}

// recover brings memory up to what the folder holds and the folder to a whole
// number of frames.
func (l *Ledger) recover(o *Options) error {
	if err := l.fs.Remove(filepath.Join(l.dir, preparedName)); err != nil && !isNotExist(err) {
		return failed("remove an unused segment", err)
	}
	k := &l.keeper
	trusted, err := k.load(l.fs, l.dir, o)
	if err != nil {
		return err
	}
	t, err := l.replay(trusted)
	if err == nil {
		err = k.settle(t)
	}
	if err == nil && o.Origin != "" && o.Origin != t.segment.origin {
		err = custody.E(custody.CodeConflict, "this ledger has another origin than the one given", "open it without naming an origin, or name its own: "+t.segment.origin)
	}
	if err == nil {
		err = l.continueAt(t)
	}
	if err != nil {
		k.file.Close()
	}
	return err
}

// replay reads all frames into the index and the hashes of those that the Merkle
// log does not know into it.
func (l *Ledger) replay(trusted uint64) (*tail, error) {
	r := newReplayer(l.index)
	s := scanner{fs: l.fs, dir: l.dir, trusted: trusted}
	s.visit = func(f *frame) string {
		if f.frame >= trusted {
			l.keeper.merkle.add(leafHash(f.raw))
		}
		return r.frame(f)
	}
	t, err := s.run()
	r.finish()
	if err != nil {
		return nil, err
	}
	l.last = r.last
	l.events, l.pairs = l.index.Len()
	return t, nil
}

// continueAt makes the end of the scan the place of the next frame.
func (l *Ledger) continueAt(t *tail) error {
	f, err := l.fs.OpenSync(filepath.Join(l.dir, t.segment.name()))
	if err != nil {
		return failed("open its last segment", err)
	}
	if err := l.harden(f, t); err != nil {
		f.Close()
		return failed("make its end durable", err)
	}
	l.origin = t.segment.origin
	l.file, l.segment, l.offset, l.room, l.at = f, t.segment, t.offset, t.size, t.position
	l.recovery = Recovery{Frames: t.frame, Events: t.event - 1, TornBytes: t.torn, Segment: t.segment.name(), Offset: t.offset}
	return nil
}

// harden makes durable what the scan has seen, whatever became of the writes that
// put it there: after a failed write the kernel may show a frame that is not on the
// disk. Only the last frame and the last names can be like that, as nothing is
// written after a failure. The remains of a torn frame become zeros: what follows
// the last frame is always zeros.
//
// A crash on the way leaves the same frame, and fewer remains.
func (l *Ledger) harden(f durable.File, t *tail) error {
	if err := l.fs.SyncDir(l.dir); err != nil {
		return err
	}
	if err := l.fs.SyncDir(filepath.Dir(filepath.Clean(l.dir))); err != nil {
		return err
	}
	if err := durable.WriteZeros(f, t.offset, t.torn); err != nil {
		return err
	}
	if t.final == 0 {
		return nil
	}
	b := make([]byte, t.final)
	if _, err := f.ReadAt(b, t.offset-t.final); err != nil {
		return err
	}
	_, err := f.WriteAt(b, t.offset-t.final)
	return err
}
