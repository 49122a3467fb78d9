package body

import (
	"encoding/binary"
	"math/bits"
)

// nameTable finds names that are known beforehand: a multiplier is chosen under which
// no two of them fall in one place, so that one comparison tells.
type nameTable struct {
	times uint64
	shift uint8
	slots []nameSlot // a power of two; empty: no names
	rest  []nameSlot // of very long names that are alike in front and behind
}

type nameSlot struct {
	head, tail uint64 // the first and the last eight bytes
	name       string
	to         int32
}

// newNames makes a table that gives to[i] for names[i]; to must not be negative.
func newNames(names []string, to []int32) (t nameTable) {
	if len(names) == 0 {
		return t
	}
	size := bits.Len(uint(2*len(names) - 1))
	for try := range 256 {
		t = nameTable{times: 0x9e3779b97f4a7c15 + uint64(try)*0x5851f42d4c957f2e, shift: uint8(64 - size - try/64)}
		if t.fill(names, to); len(t.rest) == 0 {
			break
		}
	}
	return t
}

func (t *nameTable) fill(names []string, to []int32) {
	t.slots = make([]nameSlot, 1<<(64-t.shift))
	for i := range t.slots {
		t.slots[i].to = -1
	}
	for i, name := range names {
		head, tail := endsOf([]byte(name))
		s := t.slot(head, tail, len(name))
		if s.to >= 0 {
			t.rest = append(t.rest, nameSlot{head, tail, name, to[i]})
			continue
		}
		*s = nameSlot{head, tail, name, to[i]}
	}
}

func (t *nameTable) slot(head, tail uint64, length int) *nameSlot {
	return &t.slots[(head^bits.RotateLeft64(tail, 21)^uint64(length))*t.times>>t.shift]
}

// find gives what belongs to a name, -1 if it is not there.
func (t *nameTable) find(name []byte) int32 {
	if len(t.slots) == 0 {
		return -1
	}
	head, tail := endsOf(name)
	s := t.slot(head, tail, len(name))
	if s.head == head && s.tail == tail && len(s.name) == len(name) && (len(name) <= 16 || s.name == string(name)) {
		return s.to
	}
	for i := range t.rest {
		if t.rest[i].name == string(name) {
			return t.rest[i].to
		}
	}
	return -1
}

// endsOf gives the first and the last eight bytes of a name; of a shorter one, what
// tells it from all others of its length.
func endsOf(name []byte) (head, tail uint64) {
	switch n := len(name); {
	case n >= 8:
		return binary.LittleEndian.Uint64(name), binary.LittleEndian.Uint64(name[n-8:])
	case n >= 4:
		return uint64(binary.LittleEndian.Uint32(name)), uint64(binary.LittleEndian.Uint32(name[n-4:]))
	case n > 0:
		return uint64(name[0]) | uint64(name[n/2])<<8 | uint64(name[n-1])<<16, 0
	}
	return 0, 0
}
