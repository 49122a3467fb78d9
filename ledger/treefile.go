package ledger

import (
	"errors"
	"fmt"
	"io"
	"math/bits"
	"path/filepath"

	"custody/internal/durable"

	"golang.org/x/mod/sumdb/tlog"
)

// treeName is the file of the Merkle log's hashes, 32 bytes each, in the order of
// tlog.StoredHashIndex. Everything in it follows from the frames: it is written
// after them, off the path of acknowledgement, and made again when it is missing.
const treeName = "tree"

// merkle is the Merkle log over the frames: its right edge in memory, the rest in
// the tree file.
type merkle struct {
	edge  rootOf
	fresh []byte // stored hashes that are not in the file yet
	file  durable.File
	saved int64 // hashes in the file
}

func (m *merkle) size() uint64 { return m.edge.n }

// add appends a leaf. It becomes durable with save.
func (m *merkle) add(leaf Hash) {
	h := leaf
	m.fresh = append(m.fresh, h[:]...)
	for i, n := m.edge.depth-1, m.edge.n; n&1 == 1; i, n = i-1, n>>1 {
		h = nodeHash(m.edge.stack[i], h)
		m.fresh = append(m.fresh, h[:]...)
	}
	m.edge.add(leaf)
}

// save makes the hashes of all leaves so far durable in the tree file.
func (m *merkle) save() error {
	if len(m.fresh) == 0 {
		return nil
	}
	if _, err := m.file.WriteAt(m.fresh, m.saved*tlog.HashSize); err != nil {
		return err
	}
	m.saved += int64(len(m.fresh) / tlog.HashSize)
	m.fresh = m.fresh[:0]
	return nil
}

// rootAt is the tree hash of the first n leaves.
func (m *merkle) rootAt(n uint64) (Hash, error) {
	if n == m.size() {
		return m.edge.sum(), nil
	}
	if err := m.save(); err != nil {
		return Hash{}, err
	}
	return tlog.TreeHash(int64(n), hashFile{m.file})
}

// hashFile reads stored hashes; it is a tlog.HashReader.
type hashFile struct{ io.ReaderAt }

// ReadHashes implements tlog.HashReader.
func (f hashFile) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	list := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		if _, err := f.ReadAt(list[i][:], at*tlog.HashSize); err != nil {
			return nil, fmt.Errorf("tree file, hash %d: %w", at, err)
		}
	}
	return list, nil
}

// load takes over the first n leaves from the file if they hash to root.
func (m *merkle) load(n uint64, root Hash) bool {
	m.edge.reset()
	r := hashFile{m.file}
	for rest := n; rest != 0; {
		level := bits.Len64(rest) - 1
		rest &^= 1 << level
		// The subtree ends where the larger ones before it and itself end.
		at := (n-rest)>>level - 1
		h, err := r.ReadHashes([]int64{tlog.StoredHashIndex(level, int64(at))})
		if err != nil {
			m.edge.reset()
			return false
		}
		m.edge.stack[m.edge.depth] = h[0]
		m.edge.depth++
	}
	m.edge.n = n
	m.saved = tlog.StoredHashCount(int64(n))
	if m.edge.sum() == root {
		return true
	}
	m.edge.reset()
	m.saved = 0
	return false
}

// openTree opens the tree file, making it if it is not there.
func openTree(fs durable.FS, dir string) (durable.File, error) {
	name := filepath.Join(dir, treeName)
	f, err := fs.OpenSync(name)
	if err == nil || !errors.Is(err, errNotExist) {
		return f, err
	}
	if f, err = fs.Create(name); err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	return fs.OpenSync(name)
}
