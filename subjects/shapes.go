package subjects

import (
	"sync/atomic"

	"custody"
)

// shapes are the shapes of the marks and the policy numbers in the index: how long they
// are, and which of their characters are digits. Most words with a number in them have
// another shape than any of a system's, and need not be put through the keyed function.
// A shape may be in it by chance; none is missing.
type shapes struct {
	marks, policies shapeSet
}

// shapeSet is a set of shapes of 11 bits.
type shapeSet [2048 / 64]atomic.Uint64

func (s *shapes) of(c custody.Category) *shapeSet {
	switch c {
	case custody.Vehicle:
		return &s.marks
	case custody.Policy:
		return &s.policies
	}
	return nil
}

func (s *shapes) add(c custody.Category, shape uint16) {
	if set := s.of(c); set != nil && set[shape>>6].Load()>>(shape&63)&1 == 0 {
		set[shape>>6].Or(1 << (shape & 63))
	}
}

// has says whether there may be a form of the shape of this one. It is true for
// categories of which shapes are not kept.
func (s *shapes) has(c custody.Category, form []byte) bool {
	set := s.of(c)
	if set == nil {
		return true
	}
	shape := formShape(c, form)
	return set[shape>>6].Load()>>(shape&63)&1 == 1
}

func (s *shapes) join(t *shapes) {
	for i := range s.marks {
		s.marks[i].Or(t.marks[i].Load())
		s.policies[i].Or(t.policies[i].Load())
	}
}

// formShape gives 11 bits: of forms of up to ten characters exactly how long they are
// and where their digits stand, of longer ones what is left of that.
func formShape(c custody.Category, form []byte) uint16 {
	if c != custody.Vehicle && c != custody.Policy {
		return 0
	}
	shape := uint64(1)
	for _, b := range form {
		shape <<= 1
		if isDigit(b) {
			shape |= 1
		}
	}
	if len(form) > 10 {
		shape = shape * 0x9e3779b97f4a7c15 >> 53
	}
	return uint16(shape & 2047)
}
