package ledger

import (
	"custody/internal/durable"
)

// Reader is a ledger opened for questions only. It may be opened while a writer is
// at work and shows what was written up to then; it may show an event whose Append
// has not returned yet.
type Reader struct {
	dir    string
	fs     durable.FS
	index  *Index
	tail   *tail
	newest *Checkpoint
	signed []byte
}

// OpenReader reads a whole ledger into an index. It takes no lock and changes
// nothing.
func OpenReader(dir string) (*Reader, error) {
	r := &Reader{dir: dir, fs: durable.OS{}, index: newIndex()}
	if err := r.checkpoint(); err != nil {
		return nil, err
	}
	// The checkpoint was read first: the frames under it were durable before it was.
	add := newReplayer(r.index)
	s := scanner{fs: r.fs, dir: dir, visit: add.frame, live: true}
	if r.newest != nil {
		s.trusted = r.newest.Size
	}
	t, err := s.run()
	add.finish()
	if err != nil {
		return nil, err
	}
	if r.newest != nil && r.newest.Size > t.frame {
		return nil, damaged(&Damage{File: t.segment.name(), Frame: t.frame, Offset: t.offset, What: "frames that a checkpoint holds are missing"})
	}
	r.tail = t
	return r, nil
}

func (r *Reader) checkpoint() error {
	signed, err := readCheckpoint(r.fs, r.dir)
	if err != nil {
		return failed("read its checkpoint", err)
	}
	if signed == nil {
		return nil
	}
	if r.newest, err = unsigned(signed); err != nil {
		return damaged(&Damage{File: checkpointName, What: err.Error()})
	}
	r.signed = signed
	return nil
}

// Index answers questions about what was recorded when the reader was opened.
func (r *Reader) Index() *Index { return r.index }

// Close lets go of the memory that the reader holds.
func (r *Reader) Close() error {
	r.index = nil
	return nil
}
