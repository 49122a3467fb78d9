package ledger

import (
	"iter"
	"sort"
	"time"

	"custody"
)

// Newest lists all events, newest first, without their subjects.
func (x *Index) Newest() iter.Seq[Disclosure] {
	return func(yield func(Disclosure) bool) {
		v := x.view()
		for n := v.events; n > 0; n-- {
			if !yield(v.disclosure(n - 1)) {
				return
			}
		}
	}
}

// By lists what is recorded of one person from one time up to and without another,
// newest first, without the subjects: looks, changes, refusals, sessions. A zero time
// leaves that end open.
func (x *Index) By(person custody.PersonID, from, to time.Time) iter.Seq[Disclosure] {
	s := spanOf(from, to)
	return func(yield func(Disclosure) bool) {
		if person == 0 {
			return
		}
		v := x.view()
		v.by(actor{person: person}, s.from, func(event uint32) bool {
			return v.micros(event) >= s.to || yield(v.disclosure(event))
		})
	}
}

// After gives the number of the first event at or after a time; one more than the last
// event if there is none.
func (x *Index) After(t time.Time) uint64 {
	v, at := x.view(), t.UnixMicro()
	return uint64(sort.Search(int(v.events), func(i int) bool { return v.micros(uint32(i)) >= at })) + 1
}

func (v *view) disclosure(event uint32) Disclosure {
	d := Disclosure{Number: uint64(event) + 1, Answer: int(v.first(event+1) - v.first(event))}
	v.header(event, &d.Event)
	return d
}
