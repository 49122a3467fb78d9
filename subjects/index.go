package subjects

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"

	"custody"
)

// Index finds the subjects whom an identifier names. It holds no identifier: each is
// put through a keyed function, of which a slot keeps 32 bits and the bucket's place
// the rest. Without the key the index is useless; with it, anyone can test whether a
// phone is in it, so the key belongs in the key file or in memory alone.
//
// A subject may have many identifiers and an identifier many subjects. An identifier
// that is not in the index finds somebody by chance in about 3 of 10⁹ cases, twice
// that after each doubling beyond the size first reserved. Any number of Finds run
// beside one another and beside the writers.
type Index struct {
	k0, k1 uint64
	mu     sync.Mutex // for writers
	count  int        // slots in use, for writers
	table  atomic.Pointer[buckets]

	// crowd holds what found both its buckets full: values that dozens share, such as
	// the phone of a fleet, and once in a while others. The key is the whole result.
	crowd struct {
		sync.RWMutex
		by map[uint64]*roaring.Bitmap
	}
}

// NewIndex makes an empty index. The key is 16 to 32 secret bytes. Expected is how
// many identifiers are to come, 0 if that is not known: see Reserve.
func NewIndex(key []byte, expected int) (*Index, error) {
	if len(key) < 16 || len(key) > 32 {
		return nil, custody.E(custody.CodeInvalid, "the key of the identifier index must have 16 to 32 bytes", "custody init makes one")
	}
	sum := sha256.Sum256(append([]byte("custody identifier index 1\x00"), key...))
	x := &Index{k0: binary.LittleEndian.Uint64(sum[:]), k1: binary.LittleEndian.Uint64(sum[8:])}
	x.crowd.by = map[uint64]*roaring.Bitmap{}
	x.table.Store(newBuckets(expected))
	return x, nil
}

// Reserve makes room for so many identifiers, so that they take 10 bytes each; beyond
// them the index doubles. It does nothing when the index is not empty.
func (x *Index) Reserve(expected int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.empty() {
		x.table.Store(newBuckets(expected))
	}
}

func (x *Index) empty() bool { return x.count == 0 && len(x.crowd.by) == 0 }

// hash puts a value's canonical form through the keyed function.
func (x *Index) hash(system custody.SystemID, category custody.Category, value []byte) (uint64, bool) {
	var room [MaxCanonical]byte
	form, ok := Canonical(room[:0], category, value)
	if !ok {
		return 0, false
	}
	return siphash(x.k0, x.k1, uint64(system)|uint64(category)<<32, form), true
}

// Add says that a value names a subject. It reports whether the value can name
// anybody: false means that it is not an identifier of its category, and nothing was
// added. Adding twice is adding once.
func (x *Index) Add(system custody.SystemID, subject custody.SubjectID, category custody.Category, value []byte) bool {
	h, ok := x.hash(system, category, value)
	if !ok || subject == 0 {
		return false
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.inCrowd(h, subject) {
		return true
	}
	t := x.table.Load()
	for {
		switch t.add(h, subject) {
		case had:
			return true
		case added:
			x.count++
			return true
		}
		if x.count < t.slots()*17/20 {
			x.join(h, subject)
			return true
		}
		t = t.grow(len(x.crowd.by) > 0)
		x.table.Store(t)
	}
}

// Remove takes back that a value names a subject. What was not there is no error.
func (x *Index) Remove(system custody.SystemID, subject custody.SubjectID, category custody.Category, value []byte) {
	h, ok := x.hash(system, category, value)
	if !ok {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.table.Load().remove(h, subject) {
		x.count--
		return
	}
	x.leave(h, subject)
}

// Forget takes out everything that names a subject, for its erasure: one pass over
// the whole index, about 10 ms for a million identifiers.
func (x *Index) Forget(subject custody.SubjectID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.count -= x.table.Load().forget(subject)
	x.crowd.Lock()
	defer x.crowd.Unlock()
	for h, who := range x.crowd.by {
		if who.CheckedRemove(uint32(subject)) && who.IsEmpty() {
			delete(x.crowd.by, h)
		}
	}
}

// Find appends every subject whom a value names, in no order, without repeats. A
// value that is no identifier of its category names nobody. It allocates nothing
// when dst has room, but for values that dozens share.
func (x *Index) Find(dst []custody.SubjectID, system custody.SystemID, category custody.Category, value []byte) []custody.SubjectID {
	h, ok := x.hash(system, category, value)
	if !ok {
		return dst
	}
	dst, full := x.table.Load().find(dst, h)
	if !full {
		return dst
	}
	return x.appendCrowd(dst, h)
}

func (x *Index) appendCrowd(dst []custody.SubjectID, h uint64) []custody.SubjectID {
	x.crowd.RLock()
	defer x.crowd.RUnlock()
	who := x.crowd.by[h]
	if who == nil {
		return dst
	}
	for i := who.Iterator(); i.HasNext(); {
		dst = append(dst, custody.SubjectID(i.Next()))
	}
	return dst
}

// Len counts the identifiers: pairs of a value and a subject whom it names.
func (x *Index) Len() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := x.count
	for _, who := range x.crowd.by {
		n += int(who.GetCardinality())
	}
	return n
}

// The crowd changes under both locks, so a writer, who holds mu, may read it.

func (x *Index) inCrowd(h uint64, subject custody.SubjectID) bool {
	who := x.crowd.by[h]
	return who != nil && who.Contains(uint32(subject))
}

func (x *Index) join(h uint64, subject custody.SubjectID) {
	x.crowd.Lock()
	defer x.crowd.Unlock()
	who := x.crowd.by[h]
	if who == nil {
		who = roaring.New()
		x.crowd.by[h] = who
	}
	who.Add(uint32(subject))
}

func (x *Index) leave(h uint64, subject custody.SubjectID) {
	x.crowd.Lock()
	defer x.crowd.Unlock()
	who := x.crowd.by[h]
	if who == nil {
		return
	}
	who.Remove(uint32(subject))
	if who.IsEmpty() {
		delete(x.crowd.by, h)
	}
}
