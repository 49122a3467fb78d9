package ledger

import (
	"bytes"
	"path/filepath"
	"sort"
	"time"

	"custody"
	"custody/internal/durable"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Report is what Verify found in a whole ledger.
type Report struct {
	Origin                      string
	Segments                    int
	Frames, Events, Disclosures uint64    // disclosures are (event, subject) pairs
	Bytes                       int64     // of all frames
	First, Last                 time.Time // of the first and the last event
	// Checkpoints counts the signed checkpoints that were checked against the
	// frames, the newest one included.
	Checkpoints int
	// Signed is the newest checkpoint, nil if there is none. Frames from its size on
	// are chained, but nobody has signed for them yet.
	Signed *Checkpoint
	// TornBytes is what a crash left of a frame that was never acknowledged.
	TornBytes int64
	// ClockBehind counts the events whose clock was behind the event before, and
	// ClockBehindMost is by how much at most.
	ClockBehind     uint64
	ClockBehindMost time.Duration
	// TreeMissing says that the tree file is missing or short. The next writer makes
	// it again from the frames.
	TreeMissing bool
}

// Verify reads a whole ledger and checks every byte that counts: each frame's
// checksums, form and place in the chain, each event's hash, the Merkle log, and
// each kept checkpoint's signature by v and its agreement with the frames. It may
// run beside a writer. Errors that are damage unwrap to *Damage.
func Verify(dir string, v note.Verifier) (*Report, error) { return verify(dir, v, nil) }

func verify(dir string, v note.Verifier, sent *kept) (*Report, error) {
	c := &checker{fs: durable.OS{}, dir: dir, v: v, report: &Report{}}
	// Checkpoints first: the frames under them were durable before they were.
	if err := c.checkpoints(); err != nil {
		return nil, err
	}
	if sent != nil {
		c.hold(sent)
	}
	if err := c.openTree(); err != nil {
		return nil, err
	}
	s := scanner{fs: c.fs, dir: dir, visit: c.frame, live: true}
	t, err := s.run()
	if c.file != nil {
		c.file.Close()
	}
	if c.damage != nil {
		return nil, damaged(c.damage)
	}
	if err != nil {
		return nil, err
	}
	return c.finish(t)
}

// checker checks frames as they pass.
type checker struct {
	fs     durable.FS
	dir    string
	v      note.Verifier
	report *Report

	wanted []kept // checkpoints that are still ahead, smallest first
	event  decoded
	tree   tree
	merkle merkle
	file   durable.File // the tree file; nil if missing
	treeAt int64        // hashes compared
	last   int64
	origin string // of a checkpoint that was sent; empty if none is compared
	what   string
	damage *Damage // outside the segments, found while passing a frame
}

// kept is a checkpoint and where it stands.
type kept struct {
	Checkpoint
	file   string
	offset int64
}

// checkpoints reads and checks the signatures of all checkpoints.
func (c *checker) checkpoints() error {
	history, err := c.fs.Open(filepath.Join(c.dir, historyName))
	if err == nil {
		err = c.readHistory(history)
		history.Close()
	}
	if err != nil && !isNotExist(err) {
		return err
	}
	signed, err := readCheckpoint(c.fs, c.dir)
	if err != nil {
		return failed("read its checkpoint", err)
	}
	if signed == nil {
		return nil
	}
	if err := c.want(signed, checkpointName, 0); err != nil {
		return err
	}
	c.report.Signed = &c.wanted[len(c.wanted)-1].Checkpoint
	sort.SliceStable(c.wanted, func(i, j int) bool { return c.wanted[i].Size < c.wanted[j].Size })
	return nil
}

func (c *checker) want(signed []byte, file string, offset int64) error {
	if c.v == nil {
		return custody.E(custody.CodeInvalid, "this ledger has signed checkpoints and no key was given to check them with", "give the ledger's public key; `custody init` printed it and custody.yaml holds it")
	}
	cp, err := openCheckpoint(signed, c.v)
	if err != nil {
		return damaged(&Damage{File: file, Offset: offset, What: err.Error()})
	}
	c.wanted = append(c.wanted, kept{*cp, file, offset})
	return nil
}

// readHistory reads kept checkpoints. One that a crash cut short may stand at the
// end; it was never shown to anyone.
func (c *checker) readHistory(f durable.File) error {
	var w window
	w.reset(f)
	for at := int64(0); ; {
		b, err := w.at(at, maxCheckpoint+1)
		if err != nil {
			return failed("read its checkpoints", err)
		}
		n, whole := nextNote(b)
		if !whole {
			if !tornNote(b) {
				return damaged(&Damage{File: historyName, Offset: at, What: "no checkpoint starts here"})
			}
			return nil
		}
		if err := c.want(b[:n-1], historyName, at); err != nil {
			return err
		}
		at += int64(n)
	}
}

func (c *checker) openTree() error {
	f, err := c.fs.Open(filepath.Join(c.dir, treeName))
	if err == nil {
		c.file = f
	} else if !isNotExist(err) {
		return failed("open its tree", err)
	}
	return nil
}

// frame checks one frame and gives the fault, or nothing.
func (c *checker) frame(f *frame) string {
	c.what = ""
	c.tree.reset(f.body[:saltSize])
	what := f.eachEvent(&c.event, f.body, c.oneEvent)
	switch {
	case what != "":
		return what
	case c.what != "":
		return c.what
	case c.tree.events.sum() != f.events:
		return "events are not those of the frame's header"
	}
	c.report.Frames++
	c.report.Bytes += headerSize + int64(len(f.body))
	c.merkle.add(leafHash(f.raw))
	if what := c.compareTree(); what != "" {
		return what
	}
	return c.compareCheckpoints()
}

func (c *checker) oneEvent(d *decoded, b []byte) *decoded {
	r := c.report
	at := d.Time.UnixMicro()
	if at < c.last {
		c.what = "event time goes backwards"
	}
	c.last = at
	if r.Events == 0 {
		r.First = d.Time
	}
	r.Last = d.Time
	r.Events++
	r.Disclosures += uint64(len(d.Subjects))
	if d.behind > 0 {
		r.ClockBehind++
		r.ClockBehindMost = max(r.ClockBehindMost, time.Duration(min(d.behind, maxMicros/1000))*time.Microsecond)
	}
	c.tree.add(b[:d.head], d.Subjects)
	return d
}

// compareTree compares the hashes of one more frame with the tree file, as far as
// a checkpoint vouches for it.
func (c *checker) compareTree() string {
	fresh := c.merkle.fresh
	c.merkle.fresh = fresh[:0]
	if c.file == nil || c.report.Signed == nil || c.report.Frames > c.report.Signed.Size {
		return ""
	}
	got := make([]byte, len(fresh))
	if n, _ := c.file.ReadAt(got, c.treeAt*tlog.HashSize); n < len(got) {
		c.report.TreeMissing = true
		return ""
	}
	if !bytes.Equal(got, fresh) {
		c.damage = &Damage{File: treeName, Frame: c.report.Frames - 1, Offset: c.treeAt * tlog.HashSize, What: "hashes are not those of the frame; this file may be removed, the next start makes it again"}
		return c.damage.What
	}
	c.treeAt += int64(len(fresh) / tlog.HashSize)
	return ""
}

// compareCheckpoints compares the Merkle log with the checkpoints of its size.
func (c *checker) compareCheckpoints() string {
	for len(c.wanted) > 0 && c.wanted[0].Size == c.merkle.size() {
		k := c.wanted[0]
		if k.Root != c.merkle.edge.sum() {
			c.damage = &Damage{File: k.file, Frame: k.Size - 1, Offset: k.offset, What: "the checkpoint and the frames up to its size differ"}
			return c.damage.What
		}
		c.report.Checkpoints++
		c.wanted = c.wanted[1:]
	}
	return ""
}

func (c *checker) finish(t *tail) (*Report, error) {
	r := c.report
	r.Origin, r.Segments, r.TornBytes = t.segment.origin, int(t.segment.number), t.torn
	r.TreeMissing = r.TreeMissing || c.file == nil && r.Signed != nil
	what := ""
	switch {
	case r.Signed != nil && r.Signed.Origin != r.Origin || c.origin != "" && c.origin != r.Origin:
		what = "the checkpoint is of another ledger"
	case len(c.wanted) > 0:
		what = "frames that a checkpoint holds are missing"
	}
	if what != "" {
		return nil, damaged(&Damage{File: t.segment.name(), Frame: t.frame, Offset: t.offset, What: what})
	}
	return r, nil
}
