package portal

import (
	"slices"

	"custody"
	"custody/gate"
	"custody/subjects/body"
)

// view is what a request needs of its session, kept for the next one: the session's
// view at the gate, the answer that is recorded, the filter and the buffers.
type view struct {
	s         *gate.Session
	answer    *gate.Answer
	filter    body.Filter
	head      body.Filter // for the values of headers
	seen      []sighting
	ids       []custody.SubjectID
	rules     []ruled
	rule      int // of them, that of the subject before
	in        []byte
	out       []byte
	spare     []byte // the part under way
	shapes    shapes
	types     types
	visit     *visit // that uses it
	directory body.Directory
	treat     func(custody.Category) custody.Treatment
	found     func(custody.SubjectID, custody.CategorySet, custody.CategorySet) error
}

// sighting is a subject in a part that is not recorded yet.
type sighting struct {
	subject       custody.SubjectID
	shown, masked custody.CategorySet
	beside        bool // they only share an identifier with somebody whom a record is about
}

// ruled is the ruling on subjects of whom the same categories are in the answer.
type ruled struct {
	read, masked custody.CategorySet
	group        int
	shown        *numbers // who is in the record of this file already; nil for a stream
}

const (
	inSize  = 32 << 10
	partial = 256 << 10 // how much of a file is collected before it is recorded and released
	whole   = 1 << 20   // how much of a page is collected before any of it is released
)

func newView(g *guest) *view {
	w := &view{s: g.live.Beside(), in: make([]byte, inSize)}
	w.directory = assigning{g.p.o.Directory, w}
	w.treat = func(c custody.Category) custody.Treatment { return w.visit.rights.Treatment(c) }
	w.found = func(s custody.SubjectID, shown, masked custody.CategorySet) error {
		return w.visit.seen(s, shown, masked)
	}
	return w
}

// clear makes the view ready for another request.
func (w *view) clear() {
	w.seen, w.rules = w.seen[:0], w.rules[:0]
	w.s.Restate(0, "")
	w.s.Ended()
	if w.answer != nil && w.answer.Pending() > 0 { // of a part that was dropped
		w.answer = nil
	}
	for _, b := range []*[]byte{&w.out, &w.spare} {
		if *b = (*b)[:0]; cap(*b) > partial {
			*b = nil
		}
	}
}

// turn begins the record of an answer.
func (w *view) turn(route custody.Route, shape uint64) {
	w.rules = w.rules[:0]
	if w.answer == nil {
		w.answer = w.s.Begin(route, shape)
		return
	}
	w.answer.Turn(route, shape)
}

// people counts those whom records are about.
func (w *view) people() (n int) {
	for i := range w.seen {
		if !w.seen[i].beside {
			n++
		}
	}
	return n
}

// merge joins what was seen of each subject: ascending, without repeats.
func (w *view) merge() { w.seen = merged(w.seen) }

func merged(list []sighting) []sighting {
	slices.SortStableFunc(list, func(a, b sighting) int { return int(int64(a.subject) - int64(b.subject)) })
	n := 0
	for i := range list {
		if n > 0 && list[n-1].subject == list[i].subject {
			list[n-1].shown |= list[i].shown
			list[n-1].masked |= list[i].masked
			list[n-1].beside = list[n-1].beside && list[i].beside
			continue
		}
		list[n] = list[i]
		n++
	}
	return list[:n]
}
