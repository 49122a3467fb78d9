package ledger

import (
	"iter"
	"math"
	"sort"
	"time"

	"custody"
)

// Disclosure is one event that showed or changed a subject's data: the event's
// number and its header, without the list of subjects.
type Disclosure struct {
	Number uint64
	custody.Event
	// Answer is how many subjects the same answer held.
	Answer int
}

// view is the index as one reader sees it.
type view struct {
	x      *Index
	d      *dirs
	events uint32
	posts  uint32
}

// view takes the counts first: chunks that are listed later hold at least those.
func (x *Index) view() view {
	n := x.counts.Load()
	return view{x: x, d: x.dirs.Load(), events: uint32(n >> 32), posts: uint32(n)}
}

func (v *view) chunk(event uint32) (*eventChunk, uint32) {
	return v.d.events[event>>eventBits], event & (1<<eventBits - 1)
}

func (v *view) context(event uint32) *context {
	c, k := v.chunk(event)
	return v.x.contextAt(v.d, c.context[k])
}

func (v *view) micros(event uint32) int64 {
	c, k := v.chunk(event)
	return c.time[k]
}

func (v *view) first(event uint32) uint32 {
	if event >= v.events {
		return v.posts
	}
	c, k := v.chunk(event)
	return c.first[k]
}

func (v *view) post(i uint32) post {
	return v.d.posts[i>>postBits][i&(1<<postBits-1)]
}

// eventOf finds the event of a post. The chunk's own event and the next chunk's
// bound the search.
func (v *view) eventOf(p uint32) uint32 {
	chunk := int(p >> postBits)
	lo, hi := v.d.starts[chunk], v.events
	if next := chunk + 1; next < len(v.d.posts) && v.posts > uint32(next)<<postBits {
		hi = min(hi, v.d.starts[next]+1)
	}
	return lo + uint32(sort.Search(int(hi-lo), func(i int) bool { return v.first(lo+uint32(i)) > p })) - 1
}

// subjects copies the subjects of an event.
func (v *view) subjects(event uint32) []custody.SubjectID {
	from, to := v.first(event), v.first(event+1)
	if from == to {
		return nil
	}
	list := make([]custody.SubjectID, 0, to-from)
	for i := from; i < to; i++ {
		list = append(list, v.post(i).subject)
	}
	return list
}

func (v *view) header(event uint32, e *custody.Event) {
	v.context(event).fill(e)
	e.Time = time.UnixMicro(v.micros(event)).UTC()
}

func (v *view) event(event uint32) *custody.Event {
	e := &custody.Event{Subjects: v.subjects(event)}
	v.header(event, e)
	if e.Kind == custody.EventNaming {
		i := sort.Search(len(v.d.namings), func(i int) bool { return v.d.namings[i].event >= event })
		n := v.d.namings[i].naming
		e.Naming = &n
	}
	return e
}

// span is a half-open range of time in microseconds.
type span struct{ from, to int64 }

// spanOf makes a span; a zero time leaves that end open. What lies within the
// microsecond of from is in, what lies within the microsecond of to is not.
func spanOf(from, to time.Time) span {
	s := span{math.MinInt64, math.MaxInt64}
	if !from.IsZero() {
		s.from = from.UnixMicro()
	}
	if !to.IsZero() {
		s.to = to.UnixMicro()
	}
	return s
}

// shows says whether an event of this kind lets somebody see or change data.
func shows(k custody.EventKind) bool {
	return k == custody.EventDisclosure || k == custody.EventChange
}

// eventsOf walks the events that hold a subject, newest first.
func (v *view) eventsOf(subject custody.SubjectID) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for p := v.x.subjects.load(uint32(subject)); p != 0; p = v.post(p - 1).prev {
			if p > v.posts {
				v.d = v.x.dirs.Load() // newer than our list of chunks, perhaps
			} else if !yield(v.eventOf(p - 1)) {
				return
			}
		}
	}
}

// WhoSaw lists the disclosures and changes of one subject's data from one time up
// to and without another, newest first. A zero time leaves that end open.
func (x *Index) WhoSaw(system custody.SystemID, subject custody.SubjectID, from, to time.Time) iter.Seq[Disclosure] {
	s := spanOf(from, to)
	return func(yield func(Disclosure) bool) {
		v := x.view()
		for event := range v.eventsOf(subject) {
			at, c := v.micros(event), v.context(event)
			if at < s.from {
				return
			}
			if at >= s.to || c.system != system || !shows(c.kind) {
				continue
			}
			d := Disclosure{Number: uint64(event) + 1, Answer: int(v.first(event+1) - v.first(event))}
			v.header(event, &d.Event)
			if !yield(d) {
				return
			}
		}
	}
}

// by walks the events of an actor, newest first, back to a time.
func (v *view) by(who actor, from int64, yield func(event uint32) bool) {
	v.x.mu.RLock()
	id, ok := v.x.actors[who]
	v.x.mu.RUnlock()
	if !ok {
		return
	}
	for e := v.x.lastOf.load(id); e != 0; {
		event := e - 1
		if e > v.events {
			v.d = v.x.dirs.Load() // newer than our list of chunks, perhaps
		} else if v.micros(event) < from || !yield(event) {
			return
		}
		c, k := v.chunk(event)
		e = c.prev[k]
	}
}

// SawBy lists what one person was shown or changed from one time up to and without
// another, newest first, with the subjects. A zero time leaves that end open.
func (x *Index) SawBy(person custody.PersonID, from, to time.Time) iter.Seq[*custody.Event] {
	s := spanOf(from, to)
	return func(yield func(*custody.Event) bool) {
		if person == 0 {
			return
		}
		v := x.view()
		v.by(actor{person: person}, s.from, func(event uint32) bool {
			if v.micros(event) >= s.to || !shows(v.context(event).kind) {
				return true
			}
			return yield(v.event(event))
		})
	}
}

// Disclosed lists what was disclosed on one system to somebody, or changed by them,
// since a time, newest first, with the subjects; limits start from it. Of a person it
// is all, directly and through any application; person is zero for an application
// that acted for itself.
func (x *Index) Disclosed(person custody.PersonID, app custody.ApplicationID, system custody.SystemID, since time.Time) iter.Seq[*custody.Event] {
	s := spanOf(since, time.Time{})
	return func(yield func(*custody.Event) bool) {
		v := x.view()
		v.by(actorOf(person, app), s.from, func(event uint32) bool {
			c := v.context(event)
			if !shows(c.kind) || person == 0 && c.application != app || c.system != system {
				return true
			}
			return yield(v.event(event))
		})
	}
}

// Len is the number of events and of (event, subject) pairs.
func (x *Index) Len() (events, pairs uint64) {
	v := x.view()
	return uint64(v.events), uint64(v.posts)
}

// Event gives an event by its number, from 1.
func (x *Index) Event(number uint64) (*custody.Event, bool) {
	v := x.view()
	if number == 0 || number > uint64(v.events) {
		return nil, false
	}
	return v.event(uint32(number - 1)), true
}

// Events lists all events from a number on, oldest first, up to the last one that
// was durable at the start.
func (x *Index) Events(from uint64) iter.Seq2[uint64, *custody.Event] {
	return func(yield func(uint64, *custody.Event) bool) {
		v := x.view()
		for n := max(from, 1); n <= uint64(v.events); n++ {
			if !yield(n, v.event(uint32(n-1))) {
				return
			}
		}
	}
}
