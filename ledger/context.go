package ledger

import (
	"math/bits"

	"custody"
)

// context is what the events of one session have in common: everything but the
// time and the subjects.
type context struct {
	session      custody.SessionID
	statement    uint64
	person       custody.PersonID
	application  custody.ApplicationID
	organisation custody.OrganisationID
	system       custody.SystemID
	grant        custody.GrantID
	reason       custody.ReasonID
	clear        custody.CategorySet
	masked       custody.CategorySet
	actor        uint32
	kind         custody.EventKind
	route        custody.Route
	code         custody.Code
}

const contextBits = 8

type contextChunk [1 << contextBits]context

// actor is who looked: a person, or an application that acted for itself.
type actor struct {
	person      custody.PersonID
	application custody.ApplicationID
}

func actorOf(person custody.PersonID, application custody.ApplicationID) actor {
	if person != 0 {
		return actor{person: person}
	}
	return actor{application: application}
}

func contextOf(e *custody.Event) context {
	return context{
		session: e.Session, statement: e.Statement, person: e.Person,
		application: e.Application, organisation: e.Organisation, system: e.System,
		grant: e.Grant, reason: e.Reason, clear: e.Clear, masked: e.Masked,
		kind: e.Kind, route: e.Route, code: e.Code,
	}
}

// fill puts the context into an event.
func (c *context) fill(e *custody.Event) {
	e.Session, e.Statement, e.Person = c.session, c.statement, c.person
	e.Application, e.Organisation, e.System = c.application, c.organisation, c.system
	e.Grant, e.Reason, e.Clear, e.Masked = c.grant, c.reason, c.clear, c.masked
	e.Kind, e.Route, e.Code = c.kind, c.route, c.code
}

// hash mixes the fields that differ most; others only cost a comparison more.
func (c *context) hash() uint64 {
	const k1, k2, k3 = 0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb
	h := uint64(c.session)*k1 ^ bits.RotateLeft64(c.statement*k2, 32)
	h += (uint64(c.reason)<<32 ^ uint64(c.clear)<<16 ^ uint64(c.masked)<<24 ^ uint64(c.kind)<<8 ^ uint64(c.code)) * k3
	h += (uint64(c.person)<<32 | uint64(c.system)) * k2
	h *= k1
	return h ^ h>>32
}

// interner finds a context's number again: open addressing over the numbers alone,
// the contexts themselves stay in their chunks.
type interner struct {
	slots []uint32 // 1 + the context's number; 0 is free
	count uint32
	// recent is in front of the slots: the sessions of one moment are few.
	recent [recentContexts]struct {
		context
		id uint32 // 1 + number
	}
}

const recentContexts = 2048

func (x *Index) contextAt(d *dirs, id uint32) *context {
	return &d.contexts[id>>contextBits][id&(1<<contextBits-1)]
}

// context gives the number of an event's context and its actor.
func (x *Index) context(e *custody.Event) (id, who uint32) {
	want := contextOf(e)
	h := want.hash()
	r := &x.intern.recent[h%recentContexts]
	want.actor = r.actor // decided by the other fields
	if r.id == 0 || r.context != want {
		r.id = x.find(&want, h) + 1
		r.context = want
	}
	return r.id - 1, r.actor
}

// find looks a context up in the slots, adding it if it is new, and fills in its
// actor.
func (x *Index) find(want *context, hash uint64) uint32 {
	t := &x.intern
	if 2*int(t.count) >= len(t.slots) {
		x.rehash()
	}
	mask := uint64(len(t.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		if t.slots[i] == 0 {
			t.slots[i] = x.newContext(want) + 1
			return t.slots[i] - 1
		}
		c := x.contextAt(&x.own, t.slots[i]-1)
		want.actor = c.actor
		if *c == *want {
			return t.slots[i] - 1
		}
	}
}

func (x *Index) newContext(c *context) uint32 {
	id := x.intern.count
	if id&(1<<contextBits-1) == 0 {
		x.own.contexts = append(x.own.contexts, new(contextChunk))
		x.share()
	}
	c.actor = x.actor(actorOf(c.person, c.application))
	*x.contextAt(&x.own, id) = *c
	x.intern.count++
	return id
}

func (x *Index) actor(a actor) uint32 {
	x.mu.Lock()
	defer x.mu.Unlock()
	n, ok := x.actors[a]
	if !ok {
		n = uint32(len(x.actors))
		x.actors[a] = n
	}
	return n
}

func (x *Index) rehash() {
	t := &x.intern
	t.slots = make([]uint32, max(64, 2*len(t.slots)))
	mask := uint64(len(t.slots) - 1)
	for id := range t.count {
		i := x.contextAt(&x.own, id).hash() & mask
		for t.slots[i] != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = id + 1
	}
}
