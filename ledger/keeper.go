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

// keepEvery is how far apart kept checkpoints are. The newest one is always there
// beside them.
const keepEvery = time.Minute

// keeper brings the Merkle log up to the durable frames and signs checkpoints, off
// the path of acknowledgement.
type keeper struct {
	l      *Ledger
	signer note.Signer
	grown  chan struct{} // holds one token while there is something to do
	quit   chan struct{}
	gone   chan struct{}

	mu     sync.Mutex // guards what follows
	merkle merkle
	file   durable.File // the tree
	newest *Checkpoint
	signed []byte
	keptAt time.Time
	taking []Hash
	err    error // why the newest checkpoint is not newer
}

// wake tells the keeper that frames were written.
func (k *keeper) wake() {
	select {
	case k.grown <- struct{}{}:
	default:
	}
}

// load reads the newest checkpoint and as much of the tree as it vouches for, and
// gives that number of frames.
func (k *keeper) load(fs durable.FS, dir string, o *Options) (uint64, error) {
	k.signer = o.Signer
	signed, err := readCheckpoint(fs, dir)
	if err != nil {
		return 0, failed("read its checkpoint", err)
	}
	if signed != nil {
		if k.newest, err = unsigned(signed); err != nil {
			return 0, damaged(&Damage{File: checkpointName, What: err.Error()})
		}
		k.signed = signed
	}
	if k.file, err = openTree(fs, dir); err != nil {
		return 0, failed("open its tree", err)
	}
	k.merkle.file = k.file
	if k.newest != nil && k.merkle.load(k.newest.Size, k.newest.Root) {
		return k.newest.Size, nil
	}
	return 0, nil
}

// settle compares the replayed frames with the newest checkpoint.
func (k *keeper) settle(t *tail) error {
	c := k.newest
	if c == nil {
		return nil
	}
	what := ""
	switch {
	case c.Origin != t.segment.origin:
		what = "checkpoint is of another ledger"
	case c.Size > t.frame:
		what = "frames that a checkpoint holds are missing"
	default:
		root, err := k.merkle.rootAt(c.Size)
		if err != nil {
			return failed("read its tree", err)
		}
		if root != c.Root {
			what = "frames are not those of the checkpoint"
		}
	}
	if what == "" {
		return nil
	}
	return damaged(&Damage{File: t.segment.name(), Frame: t.frame, Offset: t.offset, What: what})
}

func (k *keeper) start(l *Ledger) {
	k.l = l
	k.grown, k.quit, k.gone = make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	go k.run()
	if k.merkle.size() > 0 && (k.newest == nil || k.newest.Size < k.merkle.size()) {
		k.wake()
	}
}

func (k *keeper) run() {
	defer close(k.gone)
	for {
		select {
		case <-k.grown:
		case <-k.quit:
			return
		}
		select {
		case <-time.After(k.l.every):
		case <-k.quit:
			return
		}
		if k.checkpoint(false) != nil {
			k.wake()
		}
	}
}

func (k *keeper) close() error {
	close(k.quit)
	<-k.gone
	return errors.Join(k.checkpoint(true), k.file.Close())
}

// checkpoint signs the state of the ledger if it has grown since the last time.
//
// The order: the frames are durable, then the tree's hashes, then the checkpoint
// that vouches for both, then its copy in the history. A crash between any two
// leaves an older checkpoint that is as true as before.
func (k *keeper) checkpoint(keep bool) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.err = k.advance(keep)
	return k.err
}

func (k *keeper) advance(keep bool) error {
	k.take()
	if err := k.merkle.save(); err != nil {
		return failed("write its tree", err)
	}
	size := k.merkle.size()
	if k.signer == nil || size == 0 {
		return nil
	}
	if k.newest == nil || k.newest.Size < size {
		c := &Checkpoint{Origin: k.l.origin, Size: size, Root: k.merkle.edge.sum()}
		if err := k.publish(c); err != nil {
			return err
		}
	}
	return k.history(keep)
}

// take moves the hashes of new frames into the Merkle log.
func (k *keeper) take() {
	k.l.mu.Lock()
	k.taking, k.l.leaves = k.l.leaves, k.taking[:0]
	k.l.mu.Unlock()
	for _, h := range k.taking {
		k.merkle.add(h)
	}
	k.taking = k.taking[:0]
}

func (k *keeper) publish(c *Checkpoint) error {
	signed, err := note.Sign(&note.Note{Text: c.text()}, k.signer)
	if err != nil {
		return failed("sign a checkpoint", err)
	}
	if err := durable.Replace(k.l.fs, filepath.Join(k.l.dir, checkpointName), signed); err != nil {
		return failed("write a checkpoint", err)
	}
	k.newest, k.signed = c, signed
	return nil
}

// Checkpoint signs the present state and gives the signed note: every event whose
// Append returned before the call is under it.
func (l *Ledger) Checkpoint() (string, error) {
	if l.keeper.signer == nil {
		return "", custody.E(custody.CodeInvalid, "this ledger was opened without a key to sign with", "open it with the signing key that `custody init` made")
	}
	k := &l.keeper
	if err := k.checkpoint(false); err != nil {
		return "", err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return string(k.signed), nil
}

// Health gives what keeps the ledger from its work, nil if nothing does: why it
// takes no more events, or why its newest checkpoint is not newer.
func (l *Ledger) Health() error {
	l.mu.Lock()
	stopped := l.stopped
	l.mu.Unlock()
	if stopped != nil {
		return stopped
	}
	l.keeper.mu.Lock()
	defer l.keeper.mu.Unlock()
	return l.keeper.err
}

func isNotExist(err error) bool { return errors.Is(err, errNotExist) }
