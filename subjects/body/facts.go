package body

import "custody"

// factTable finds the first fact of a key. It is emptied by going on to the next
// generation, so that an answer of a few customers does not pay for a large one before.
type factTable struct {
	slots []factSlot // a power of two, at most half of them in use
	used  int
	now   uint32
}

type factSlot struct {
	key   uint64
	first int32
	age   uint32
}

func (t *factTable) clear() {
	t.used = 0
	if t.now++; t.now == 0 { // after 4 thousand million answers
		clear(t.slots)
		t.now = 1
	}
}

// slot finds the slot of a key: its own, or the free one where it belongs. Keys are
// results of a keyed function, so their own bits spread them.
func (t *factTable) slot(key uint64) *factSlot {
	mask := uint64(len(t.slots) - 1)
	for i := (key ^ key>>32) & mask; ; i = (i + 1) & mask {
		if s := &t.slots[i]; s.age != t.now || s.key == key {
			return s
		}
	}
}

// get gives the first fact of a key.
func (t *factTable) get(key uint64) (int32, bool) {
	if t.used == 0 {
		return -1, false
	}
	if s := t.slot(key); s.age == t.now {
		return s.first, true
	}
	return -1, false
}

// put makes a fact the first of its key, and gives the one before it, -1 if none.
func (t *factTable) put(key uint64, fact int32) int32 {
	if 2*(t.used+1) > len(t.slots) {
		t.grow()
	}
	s := t.slot(key)
	if s.age == t.now {
		was := s.first
		s.first = fact
		return was
	}
	*s = factSlot{key, fact, t.now}
	t.used++
	return -1
}

func (t *factTable) grow() {
	old, now := t.slots, t.now
	t.slots, t.now, t.used = make([]factSlot, max(64, 2*len(old))), 1, 0
	for _, s := range old {
		if s.age == now {
			t.put(s.key, s.first)
		}
	}
}

// metTable is a set of subjects, emptied as factTable is.
type metTable struct {
	slots []uint64 // the age above the subject
	used  int
	now   uint32
}

func (t *metTable) clear() {
	t.used = 0
	if t.now++; t.now == 0 {
		clear(t.slots)
		t.now = 1
	}
}

// add says whether the subject is new.
func (t *metTable) add(id custody.SubjectID) bool {
	if 2*(t.used+1) > len(t.slots) {
		t.grow()
	}
	mask := uint64(len(t.slots) - 1)
	want := uint64(t.now)<<32 | uint64(id)
	for i := uint64(id) * 0x9e3779b97f4a7c15 >> 40 & mask; ; i = (i + 1) & mask {
		switch s := t.slots[i]; {
		case s == want:
			return false
		case uint32(s>>32) != t.now:
			t.slots[i] = want
			t.used++
			return true
		}
	}
}

func (t *metTable) grow() {
	old, now := t.slots, t.now
	t.slots, t.used, t.now = make([]uint64, max(64, 2*len(old))), 0, 1
	for _, s := range old {
		if uint32(s>>32) == now {
			t.add(custody.SubjectID(uint32(s)))
		}
	}
}
