package subjects

import (
	"hash/maphash"
	"math"
	"sync/atomic"

	"custody"
)

// textSlot points at a stored key in the shard's bytes. As in numberSlot, the number
// is stored last and a slot with a number never changes.
type textSlot struct {
	tag, at uint32
	id      atomic.Uint32
}

// textShard is replaced as a whole when its slots or its bytes are used up. Bytes
// beyond those that slots point at are written by the one writer only.
type textShard struct {
	slots []textSlot
	bytes []byte // len is the capacity
}

// textTable finds keys that are not integers.
type textTable struct {
	seed  maphash.Seed
	shard [shards]atomic.Pointer[textShard]
	used  [shards]int // keys and bytes, for writers
	end   [shards]int
}

func newKeys() *keys { return &keys{texts: textTable{seed: maphash.MakeSeed()}} }

func (t *textTable) len() int {
	n := 0
	for _, u := range t.used {
		n += u
	}
	return n
}

func (t *textTable) lookup(key textKey) (custody.SubjectID, bool) {
	h := maphash.Bytes(t.seed, key.body)
	s := t.shard[h%shards].Load()
	if s == nil {
		return 0, false
	}
	tag := uint32(h >> 8)
	for i := place(h, len(s.slots)); ; {
		slot := &s.slots[i]
		id := slot.id.Load()
		if id == 0 {
			return 0, false
		}
		if slot.tag == tag && stored(s.bytes[slot.at:]).equal(key) {
			return custody.SubjectID(id), true
		}
		if i++; i == len(s.slots) {
			i = 0
		}
	}
}

// add puts a key in and gives its number: the one it had, if it was there.
func (t *textTable) add(key textKey, id custody.SubjectID) custody.SubjectID {
	if had, ok := t.lookup(key); ok {
		return had
	}
	n := maphash.Bytes(t.seed, key.body) % shards
	s := t.shard[n].Load()
	if s == nil || t.used[n] >= full(len(s.slots)) || t.end[n]+key.size() > len(s.bytes) {
		s = t.rebuild(n, key.size(), nil)
	}
	t.put(s, n, key, uint32(id))
	return id
}

// remove rebuilds the key's shard without it, its bytes included.
func (t *textTable) remove(key textKey) {
	if _, ok := t.lookup(key); ok {
		t.rebuild(maphash.Bytes(t.seed, key.body)%shards, 0, &key)
	}
}

// rebuild copies a shard, with room for more, and publishes the copy.
func (t *textTable) rebuild(n uint64, more int, without *textKey) *textShard {
	old := t.shard[n].Load()
	size := t.end[n] + t.end[n]/8 + more
	if size > math.MaxUint32 {
		panic("subjects: 4 GB of text keys in one of 64 shards")
	}
	s := &textShard{slots: make([]textSlot, nextSize(t.used[n])), bytes: make([]byte, size)}
	t.used[n], t.end[n] = 0, 0
	if old != nil {
		for i := range old.slots {
			slot := &old.slots[i]
			id := slot.id.Load()
			if id == 0 {
				continue
			}
			key := stored(old.bytes[slot.at:])
			if without == nil || !key.equal(*without) {
				t.put(s, n, key, id)
			}
		}
	}
	t.shard[n].Store(s)
	return s
}

func (t *textTable) put(s *textShard, n uint64, key textKey, id uint32) {
	h := maphash.Bytes(t.seed, key.body)
	i := place(h, len(s.slots))
	for s.slots[i].id.Load() != 0 {
		if i++; i == len(s.slots) {
			i = 0
		}
	}
	slot := &s.slots[i]
	key.store(s.bytes[t.end[n]:])
	slot.tag, slot.at = uint32(h>>8), uint32(t.end[n])
	slot.id.Store(id)
	t.end[n] += key.size()
	t.used[n]++
}
