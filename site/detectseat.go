package site

import (
	"time"

	"custody"
	"custody/identity"
	"custody/store"
)

// seat is who sits where: a session as detectors need it.
type seat struct {
	device  uint32
	group   uint32
	session *custody.Session
}

// employed says whether a person worked for anybody at a time; true if nothing is known.
func (s *seats) employed(person custody.PersonID, t time.Time) bool {
	work := s.work(person)
	for i := range work {
		if work[i].Current(t) {
			return true
		}
	}
	return len(work) == 0
}

// seats numbers devices and groups, and remembers sessions.
type seats struct {
	s       *Site
	known   map[custody.SessionID]*seat
	devices map[string]uint32
	names   []string
	groups  map[string]uint32
	people  map[custody.PersonID][]identity.Engagement
	read    time.Time // when people were read
}

// Bounds of what is remembered: sessions are looked up again, devices beyond the bound
// are one.
const (
	maxSeats   = 1 << 16
	maxDevices = 1 << 20
)

func newSeats(s *Site) seats {
	return seats{s: s, known: map[custody.SessionID]*seat{}, devices: map[string]uint32{}, names: []string{""}, groups: map[string]uint32{}}
}

// device gives a device's address.
func (s *seats) device(n uint32) string {
	if int(n) < len(s.names) {
		return s.names[n]
	}
	return ""
}

// of finds the seat of an event.
func (s *seats) of(e *custody.Event) *seat {
	if x, ok := s.known[e.Session]; ok && e.Session != 0 {
		return x
	}
	if len(s.known) >= maxSeats {
		clear(s.known)
	}
	x := &seat{session: &custody.Session{Person: e.Person, Organisation: e.Organisation}}
	if e.Session != 0 {
		if r, err := s.s.o.Store.Session(e.Session); err == nil {
			x.session = &r.Session
			if r.Notes == store.NoteImported {
				x.session.Branch = r.AppName
			}
		}
	}
	s.place(x)
	s.known[e.Session] = x
	if e.Session == 0 {
		delete(s.known, 0)
	}
	return x
}

// place gives a seat its device and its group: the branch, else the organisation and
// the roles that were held.
func (s *seats) place(x *seat) {
	work := s.work(x.session.Person)
	for i := range work {
		e := &work[i]
		if e.Organisation == x.session.Organisation {
			if x.session.OrgName = e.OrgName; x.session.Branch == "" {
				x.session.Branch = e.Branch
			}
		}
	}
	if p := s.s.Identity.ByID(x.session.Person); p != nil && x.session.Login == "" {
		x.session.Login, x.session.FullName = p.Login, p.FullName
	}
	if a := x.session.Address; a != "" {
		n, ok := s.devices[a]
		if !ok && len(s.names) < maxDevices {
			n = uint32(len(s.names))
			s.devices[a] = n
			s.names = append(s.names, a)
		}
		x.device = n
	}
	key := x.session.OrgName + "\x00" + x.session.Branch
	if x.session.Branch == "" {
		for _, r := range x.session.Roles {
			key += "\x00" + r
		}
	}
	n, ok := s.groups[key]
	if !ok {
		n = uint32(len(s.groups) + 1)
		s.groups[key] = n
	}
	x.group = n
}

// forget says that engagements may have changed.
func (s *seats) forget() { s.people, s.read = nil, time.Time{} }

// peopleEvery is how often engagements are read again, for people who are not known yet.
const peopleEvery = 5 * time.Second

// work gives the engagements of a person.
func (s *seats) work(person custody.PersonID) []identity.Engagement {
	if list, ok := s.people[person]; ok || s.s.o.Now().Sub(s.read) < peopleEvery {
		return list
	}
	all, err := s.s.Identity.People()
	if err != nil {
		return nil
	}
	s.read, s.people = s.s.o.Now(), make(map[custody.PersonID][]identity.Engagement, len(all))
	for i := range all {
		s.people[all[i].ID] = all[i].Engagements
	}
	return s.people[person]
}
