package subjects

import (
	"math/bits"
	"math/rand/v2"
	"sync/atomic"

	"custody"
)

// shards is how many parts each table has: growing or removing copies one part only.
const shards = 64

// secret makes the places of keys differ from run to run, so that nobody can choose
// keys that all fall in one place.
var secret = rand.Uint64() | 1

func mix(n uint64) uint64 {
	hi, lo := bits.Mul64(n^secret, 0x9e3779b97f4a7c15)
	hi, lo = bits.Mul64(hi^lo^secret>>32, 0xd6e8feb86659fd93)
	return hi ^ lo
}

// numberSlot is a key in two halves, so that a slot is 12 bytes, and its number. A
// number of zero means free. A writer stores the key first and the number last,
// atomically; a slot that has a number never changes again. So a reader that sees
// the number sees the key.
type numberSlot struct {
	low, high uint32
	id        atomic.Uint32
}

func (s *numberSlot) key() int64 { return int64(uint64(s.high)<<32 | uint64(s.low)) }

// numberTable finds integers: first in pages, then by open addressing with linear
// probing, in shards that are replaced as a whole when they grow.
type numberTable struct {
	pages pageTable
	shard [shards]atomic.Pointer[[]numberSlot]
	used  [shards]int // for writers
}

func (t *numberTable) len() int {
	n := t.pages.used
	for _, u := range t.used {
		n += u
	}
	return n
}

// place is where the search for a key begins: the low bits of the hash choose the
// shard, the high half the slot.
func place(hash uint64, slots int) int { return int(hash >> 32 * uint64(slots) >> 32) }

func (t *numberTable) lookup(key int64) (custody.SubjectID, bool) {
	if id, ok := t.pages.lookup(key); ok {
		return id, true
	}
	h := mix(uint64(key))
	p := t.shard[h%shards].Load()
	if p == nil {
		return 0, false
	}
	slots := *p
	for i := place(h, len(slots)); ; {
		s := &slots[i]
		id := s.id.Load()
		if id == 0 {
			return 0, false
		}
		if s.key() == key {
			return custody.SubjectID(id), true
		}
		if i++; i == len(slots) {
			i = 0
		}
	}
}

// add puts a key in and gives its number: the one it had, if it was there.
func (t *numberTable) add(key int64, id custody.SubjectID) custody.SubjectID {
	if had, ok := t.lookup(key); ok {
		return had
	}
	if t.pages.add(key, id) {
		return id
	}
	n := mix(uint64(key)) % shards
	p := t.shard[n].Load()
	if p == nil || t.used[n] >= full(len(*p)) {
		p = t.rebuild(n, nextSize(t.used[n]), nil)
	}
	put(*p, key, uint32(id))
	t.used[n]++
	return id
}

// remove rebuilds the key's shard without it: readers of the old shard go on.
func (t *numberTable) remove(key int64) {
	if t.pages.remove(key) {
		return
	}
	if _, ok := t.lookup(key); !ok {
		return
	}
	n := mix(uint64(key)) % shards
	t.rebuild(n, len(*t.shard[n].Load()), &key)
	t.used[n]--
}

func (t *numberTable) rebuild(n uint64, size int, without *int64) *[]numberSlot {
	slots := make([]numberSlot, size)
	if old := t.shard[n].Load(); old != nil {
		for i := range *old {
			s := &(*old)[i]
			if id := s.id.Load(); id != 0 && (without == nil || s.key() != *without) {
				put(slots, s.key(), id)
			}
		}
	}
	t.shard[n].Store(&slots)
	return &slots
}

func put(slots []numberSlot, key int64, id uint32) {
	i := place(mix(uint64(key)), len(slots))
	for slots[i].id.Load() != 0 {
		if i++; i == len(slots) {
			i = 0
		}
	}
	s := &slots[i]
	s.low, s.high = uint32(key), uint32(uint64(key)>>32)
	s.id.Store(id)
}

// full is how many keys may be in so many slots: 80 %, so one stays free always.
func full(slots int) int { return slots * 4 / 5 }

// nextSize is how many slots a shard of so many keys grows to: an eighth more keys
// than it has, so memory stays near what is used.
func nextSize(used int) int { return max(8, (used+used/8+1)*5/4+1) }
