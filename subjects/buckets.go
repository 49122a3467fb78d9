package subjects

import (
	"sync/atomic"

	"custody"
)

// bucket is one cache line of eight slots: a fingerprint of 32 bits above the
// subject's number. A slot of zero is free. A slot with a fingerprint and no subject
// was emptied while its bucket was full: it can be used again, and until then it
// tells readers that the crowd may hold more.
type bucket [8]atomic.Uint64

const emptied = 1 << 32

// buckets is a table where each value has two buckets to be in; it goes into the one
// with more room. The result of the keyed function gives the first bucket (its high
// half) and the fingerprint (its low half); the second is the fingerprint's mirror of
// the first, so that it can be found again from the slot alone. When the table
// doubles, each bucket splits in two by one more bit of the fingerprint.
type buckets struct {
	base  uint64 // buckets before the first doubling
	level uint   // doublings since
	list  []bucket
}

// newBuckets sizes for 6.4 of 8 slots in use.
func newBuckets(expected int) *buckets {
	base := max(8, (expected*10+63)/64+1)
	return &buckets{base: uint64(base), list: make([]bucket, base)}
}

func (t *buckets) slots() int { return len(t.list) * 8 }

// used counts the subjects in it.
func (t *buckets) used() int {
	n := 0
	for i := range t.list {
		for j := range t.list[i] {
			if uint32(t.list[i][j].Load()) != 0 {
				n++
			}
		}
	}
	return n
}

// places gives the two buckets of a result.
func (t *buckets) places(h uint64) (a, b *bucket) {
	print := uint32(h)
	first := h >> 32 * t.base >> 32
	mirror := uint64(print*0x9e3779b1) * t.base >> 32
	second := mirror + t.base - first
	if second >= t.base {
		second -= t.base
	}
	bits := uint64(print) >> (32 - t.level)
	return &t.list[first<<t.level|bits], &t.list[second<<t.level|bits]
}

type outcome int

const (
	crowded outcome = iota
	had
	added
)

// add puts a slot into the emptier of its buckets. Both places may be the same
// bucket; nothing here minds.
func (t *buckets) add(h uint64, subject custody.SubjectID) outcome {
	a, b := t.places(h)
	slot := h<<32 | uint64(subject)
	freeA, roomA, hadA := a.look(slot)
	freeB, roomB, hadB := b.look(slot)
	switch {
	case hadA || hadB:
		return had
	case roomA == 0 && roomB == 0:
		return crowded
	case roomA >= roomB:
		a[freeA].Store(slot)
	default:
		b[freeB].Store(slot)
	}
	return added
}

// look gives the first slot that may be used, how many there are, and whether the
// wanted slot is there already.
func (b *bucket) look(want uint64) (free, room int, had bool) {
	for i := len(b) - 1; i >= 0; i-- {
		switch s := b[i].Load(); {
		case s == want:
			had = true
		case uint32(s) == 0:
			free, room = i, room+1
		}
	}
	return free, room, had
}

// find appends the subjects of a result, and says whether both buckets are full, so
// that the crowd may have more.
func (t *buckets) find(dst []custody.SubjectID, h uint64) ([]custody.SubjectID, bool) {
	a, b := t.places(h)
	dst, fullA := a.find(dst, uint32(h))
	if a == b {
		return dst, fullA
	}
	dst, fullB := b.find(dst, uint32(h))
	return dst, fullA && fullB
}

func (b *bucket) find(dst []custody.SubjectID, print uint32) ([]custody.SubjectID, bool) {
	free := uint64(0) // its highest bit is set if a slot is
	for i := range b {
		s := b[i].Load()
		free |= (s - 1) &^ s
		if uint32(s>>32) == print && uint32(s) != 0 {
			dst = append(dst, custody.SubjectID(uint32(s)))
		}
	}
	return dst, free>>63 == 0
}

// remove empties a slot and says whether there was one.
func (t *buckets) remove(h uint64, subject custody.SubjectID) bool {
	a, b := t.places(h)
	slot := h<<32 | uint64(subject)
	return a.empty(func(s uint64) bool { return s == slot }) > 0 ||
		b.empty(func(s uint64) bool { return s == slot }) > 0
}

// forget empties all slots of a subject and counts them.
func (t *buckets) forget(subject custody.SubjectID) int {
	n := 0
	for i := range t.list {
		n += t.list[i].empty(func(s uint64) bool { return uint32(s) == uint32(subject) })
	}
	return n
}

// empty empties the slots that fit. In a full bucket it leaves a mark, see bucket.
func (b *bucket) empty(fits func(uint64) bool) int {
	full, n := true, 0
	for i := range b {
		full = full && b[i].Load() != 0
	}
	for i := range b {
		if s := b[i].Load(); uint32(s) != 0 && fits(s) {
			left := uint64(0)
			if full {
				left = emptied
			}
			b[i].Store(left)
			n++
		}
	}
	return n
}

// grow makes a table of twice the size. Readers go on in the old one, which stays as
// it is. If there is a crowd, a bucket that was full stays marked so in both halves,
// because the crowd keeps those who found it full.
func (t *buckets) grow(crowd bool) *buckets {
	g := &buckets{base: t.base, level: t.level + 1, list: make([]bucket, 2*len(t.list))}
	for i := range t.list {
		full := crowd
		var used [2]int
		for j := range t.list[i] {
			s := t.list[i][j].Load()
			full = full && s != 0
			if uint32(s) == 0 {
				continue
			}
			half := s >> (63 - t.level) & 1
			g.list[2*i+int(half)][used[half]].Store(s)
			used[half]++
		}
		for half := range used {
			for j := used[half]; full && j < 8; j++ {
				g.list[2*i+half][j].Store(emptied)
			}
		}
	}
	return g
}
