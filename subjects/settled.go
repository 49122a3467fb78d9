package subjects

import (
	"slices"
	"sync"
	"sync/atomic"

	"custody"
)

// recent holds what a gate knows better than the last Fill: whom values are about to
// name, because a change is under way, and what names the subjects whose identifiers
// have changed since. It is empty most of the time, and then Find looks at one number.
type recent struct {
	sync.RWMutex
	size    atomic.Int64 // entries of all maps
	settled map[custody.SubjectID]settlement
	names   map[uint64][]custody.SubjectID         // by result of the keyed function: who is settled there
	coming  map[uint64]map[custody.SubjectID]int32 // announced, and how often
}

// settlement is all that names a subject, as read at a time after the changes.
type settlement struct {
	prints []uint64
	era    uint64
}

// Announced is a value that may name a subject from now on.
type Announced struct {
	System  custody.SystemID
	Subject custody.SubjectID
	Print   uint64 // zero: nothing was announced
}

// Announce says that a value may name a subject from now on, beside what names it
// already: a change is under way, and nobody knows yet whether it stays. It holds
// until Settle. A value that is no identifier is not announced.
func (x *Index) Announce(system custody.SystemID, subject custody.SubjectID, category custody.Category, value []byte) Announced {
	a := Announced{System: system, Subject: subject}
	h, shape, ok := x.hash(system, category, value)
	if !ok || subject == 0 || system >= maxSystem || h == 0 {
		return a
	}
	a.Print = h
	r := x.recentOf(system, 1<<category)
	x.of(system).shapes.add(category, shape)
	defer x.changed()
	r.Lock()
	defer r.Unlock()
	if r.coming == nil {
		r.coming = map[uint64]map[custody.SubjectID]int32{}
	}
	if r.coming[h] == nil {
		r.coming[h] = map[custody.SubjectID]int32{}
	}
	r.coming[h][subject]++
	r.size.Add(1)
	return a
}

// Withdraw takes announcements back, once what they announced is settled.
func (x *Index) Withdraw(list []Announced) {
	defer x.changed()
	for _, a := range list {
		hold := x.of(a.System)
		if a.Print == 0 || hold == nil {
			continue
		}
		r := &hold.recent
		r.Lock()
		if who := r.coming[a.Print]; who[a.Subject] > 0 {
			who[a.Subject]--
			r.size.Add(-1)
			if who[a.Subject] == 0 {
				delete(who, a.Subject)
			}
			if len(who) == 0 {
				delete(r.coming, a.Print)
			}
		}
		r.Unlock()
	}
}

// Name is an identifier of a subject: a value and its category.
type Name struct {
	Category custody.Category
	Value    []byte
}

// Era counts the Fills of a system that have begun. Ask before reading what Settle is
// to be told.
func (x *Index) Era(system custody.SystemID) uint64 {
	if hold := x.of(system); hold != nil {
		return hold.era.Load()
	}
	return 0
}

// Settle says what names a subject now: these values and no others, whatever was there
// before. era is that of before they were read: a Fill that began later knows better.
func (x *Index) Settle(system custody.SystemID, subject custody.SubjectID, names []Name, era uint64) {
	var prints []uint64
	var kinds custody.CategorySet
	var seen shapes
	for _, n := range names {
		if h, shape, ok := x.hash(system, n.Category, n.Value); ok && !slices.Contains(prints, h) {
			kinds |= 1 << n.Category
			seen.add(n.Category, shape)
			prints = append(prints, h)
		}
	}
	r := x.recentOf(system, kinds)
	x.of(system).shapes.join(&seen)
	defer x.changed()
	r.Lock()
	defer r.Unlock()
	r.drop(subject)
	r.put(subject, settlement{prints, era})
}

// amend adds a value to what is settled of a subject, or takes it out, if anything is.
func (r *recent) amend(h uint64, subject custody.SubjectID, add bool) {
	if r.size.Load() == 0 {
		return
	}
	r.Lock()
	defer r.Unlock()
	was, ok := r.settled[subject]
	if !ok || slices.Contains(was.prints, h) == add {
		return
	}
	r.drop(subject)
	if was.prints = append(was.prints, h); !add {
		was.prints = slices.DeleteFunc(was.prints, func(p uint64) bool { return p == h })
	}
	r.put(subject, was)
}

// put settles a subject who is not settled. It needs the lock.
func (r *recent) put(subject custody.SubjectID, is settlement) {
	if r.settled == nil {
		r.settled, r.names = map[custody.SubjectID]settlement{}, map[uint64][]custody.SubjectID{}
	}
	r.settled[subject] = is
	for _, h := range is.prints {
		r.names[h] = append(r.names[h], subject)
	}
	r.size.Add(1)
}

// recentOf makes room for a system if need be, and for values of some categories.
func (x *Index) recentOf(system custody.SystemID, kinds custody.CategorySet) *recent {
	x.mu.Lock()
	defer x.mu.Unlock()
	hold := x.make(system)
	hold.kinds.Or(uint32(kinds))
	return &hold.recent
}

// drop forgets a subject's settlement. It needs the lock.
func (r *recent) drop(subject custody.SubjectID) {
	old, ok := r.settled[subject]
	if !ok {
		return
	}
	for _, h := range old.prints {
		left := slices.DeleteFunc(r.names[h], func(s custody.SubjectID) bool { return s == subject })
		if r.names[h] = left; len(left) == 0 {
			delete(r.names, h)
		}
	}
	delete(r.settled, subject)
	r.size.Add(-1)
}

// expire drops what was read before a Fill began that has ended now.
func (r *recent) expire(era uint64) {
	r.Lock()
	defer r.Unlock()
	for s, was := range r.settled {
		if was.era < era {
			r.drop(s)
		}
	}
}

// forget drops everything about a subject.
func (r *recent) forget(subject custody.SubjectID) {
	r.Lock()
	defer r.Unlock()
	r.drop(subject)
	for h, who := range r.coming {
		r.size.Add(-int64(who[subject]))
		delete(who, subject)
		if len(who) == 0 {
			delete(r.coming, h)
		}
	}
}

// correct replaces what the last Fill said of a value, from position at of dst on, by
// what is known since.
func (r *recent) correct(dst []custody.SubjectID, at int, h uint64) []custody.SubjectID {
	if r.size.Load() == 0 {
		return dst
	}
	r.RLock()
	defer r.RUnlock()
	kept := slices.DeleteFunc(dst[at:], func(s custody.SubjectID) bool { _, ok := r.settled[s]; return ok })
	dst = append(dst[:at+len(kept)], r.names[h]...)
	for s := range r.coming[h] {
		if !slices.Contains(dst[at:], s) {
			dst = append(dst, s)
		}
	}
	return dst
}
