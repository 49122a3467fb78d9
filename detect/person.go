package detect

import (
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"custody"
)

// person is what is kept of a login.
type person struct {
	tester
	number  uint32
	group   uint32
	last    int32 // last active day
	seen    *roaring.Bitmap
	recent  ring
	sitting sitting
	window  window
	hours   hours
	bursts  [2]habit
	steps   steps
	answer  answer
	devices []use
	both    turns

	newDevice  uint32 // first used on day newOn
	newOn      int32
	hour       int
	place      Place
	placeAt    time.Time
	placeEntry uint64
	rareTold   uint32 // kinds of rare day that were raised today

	refused          int
	refusedOn        int32
	refusedIn        ring
	guesses          int // sign-ins in vain
	guessedOn        int32
	guessIn          ring
	late             int // attempts after the right or the work ended
	lateOn, lateTold int32
	lateIn           ring
	complained       complained
	taken, takenMost int
	takenOn          int32
	takenIn          ring
	takenWho         *roaring.Bitmap

	alert  *Alert // of today
	toldAt int    // customers of the sitting when it was told last
	grown  bool   // since
}

// device is what is kept of a device.
type device struct {
	tester
	number  uint32
	group   uint32
	last    int32
	recent  ring
	logins  []use
	turns   turns
	by      uint32 // login of the newest entry of recent
	several bool   // recent has entries of more than one login
}

// crowd is how many logins on one device make it no device but the address of a
// network, from behind which a whole branch comes.
const crowd = 12

// CrowdDays is for how many days a login counts as one of those on a device.
const CrowdDays = 14

// network says whether the device is the address of many: it is nobody's hands.
func (d *device) network(day int32) bool { return d.since(day-CrowdDays) >= crowd }

// since is how many logins used the device on that day or later.
func (d *device) since(day int32) (n int) {
	for i := range d.logins {
		if d.logins[i].last >= day {
			n++
		}
	}
	return n
}

// with is how many logins used the device of late, that one among them.
func (d *device) with(login uint32, day int32) int {
	n := 1
	for i := range d.logins {
		if u := &d.logins[i]; u.number != login && day-u.last <= CrowdDays {
			n++
		}
	}
	return n
}

// MaxNumber bounds the numbers of people and devices.
const MaxNumber = 1 << 22

// person finds or makes the state of a login.
func (e *Engine) person(ev *Event) *person {
	n := int(ev.Person)
	for n >= len(e.people) {
		e.people = append(e.people, make([]*person, n+1-len(e.people))...)
	}
	p := e.people[n]
	if p == nil {
		p = &person{number: ev.Person, seen: roaring.New(), last: e.day}
		e.people[n] = p
	}
	if ev.Group != 0 {
		p.group = ev.Group
	}
	return p
}

// device finds or makes the state of a device; nil if it is unknown.
func (e *Engine) device(ev *Event) *device {
	if ev.Device == 0 {
		return nil
	}
	n := int(ev.Device)
	for n >= len(e.devices) {
		e.devices = append(e.devices, make([]*device, n+1-len(e.devices))...)
	}
	d := e.devices[n]
	if d == nil {
		d = &device{number: ev.Device, group: ev.Group, last: e.day}
		e.devices[n] = d
	}
	return d
}

// forgetOldest gives up the customers with the oldest half of the numbers: looks at
// them count as seen before. It bounds the memory in a deployment of many years.
func (e *Engine) forgetOldest() {
	var newest uint32
	for _, p := range e.people {
		if p != nil && !p.seen.IsEmpty() {
			newest = max(newest, p.seen.Maximum())
		}
	}
	for e.pairs > e.o.Policy.Pairs {
		e.forgot += (newest-e.forgot)/2 + 1
		e.pairs = 0
		for _, p := range e.people {
			if p != nil {
				p.seen.RemoveRange(0, uint64(e.forgot))
				e.pairs += int(p.seen.GetCardinality())
			}
		}
	}
}

// ring keeps the newest entries.
type ring struct {
	list []uint64
	n    int // in all, since it was emptied
}

func (r *ring) add(entry uint64) {
	if len(r.list) < MaxEntries {
		r.list = append(r.list, entry)
	} else {
		r.list[r.n%MaxEntries] = entry
	}
	r.n++
}

// ordered copies the entries, oldest first.
func (r *ring) ordered() []uint64 {
	out := make([]uint64, 0, len(r.list))
	at := 0
	if r.n > len(r.list) {
		at = r.n % MaxEntries
	}
	return append(append(out, r.list[at:]...), r.list[:at]...)
}

func (r *ring) reset() { r.list, r.n = r.list[:0], 0 }

// sitting is a run of looks without a long pause.
type sitting struct {
	began, last time.Time
	entries     ring
	subjects    roaring.Bitmap
	customers   int // in subjects
	branches    map[uint32]struct{}
	unexplained int
	off         bool   // outside the person's hours
	branch      uint32 // of the last one
}

func (s *sitting) reset(ev *Event) {
	s.began, s.last = ev.Time, ev.Time
	s.entries.reset()
	s.subjects.Clear()
	if s.branches == nil {
		s.branches = map[uint32]struct{}{}
	}
	clear(s.branches)
	s.customers, s.unexplained, s.off, s.branch = 0, 0, false, 0
}

func (s *sitting) add(id custody.SubjectID, branch uint32, explained bool) {
	if !s.subjects.CheckedAdd(uint32(id)) {
		return
	}
	s.customers++
	if branch != s.branch {
		s.branch = branch
		if branch != 0 {
			s.branches[branch] = struct{}{}
		}
	}
	if !explained {
		s.unexplained++
	}
}
