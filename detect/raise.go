package detect

import (
	"fmt"
	"slices"
)

// openKey is whom an alert of today is about.
type openKey struct {
	device bool
	number uint32
}

// evidence is what a detector hands in.
type evidence struct {
	Finding
	device  bool // about the device, not the login
	entries []uint64
	inAll   int

	complaints []uint64
}

// raise makes an alert of a finding, or adds it to the alert of today about the same
// login or device: one reviewer looks at one case, not at five rules. What a login did
// never joins an alert that another login opened, though both are on one device: behind
// an address that several share the one would be accused of it, and the other be hidden.
func (e *Engine) raise(ev *Event, p *person, d *device, x evidence) *Alert {
	x.Version = Version
	key := openKey{false, ev.Person}
	if x.device {
		key = openKey{true, ev.Device}
	}
	a := e.open[key]
	several := x.device && d != nil && d.several // the looks of several logins are no login's
	if a != nil && several && !a.Several {
		a = nil
	}
	if a == nil && !several && x.Rule != Facts && x.Rule != Export && x.Rule != Outside {
		a = e.sameDevice(key, ev)
	}
	if a == nil {
		a = e.fresh(ev, x)
		a.Several = several
		e.open[key] = a
	} else {
		a.Revision++
		a.ByDevice = a.ByDevice || x.device
	}
	if a.Person == ev.Person && !several {
		e.open[openKey{false, ev.Person}] = a
	}
	if x.device && ev.Device != 0 {
		e.open[openKey{true, ev.Device}] = a
	}
	a.with(x)
	e.refresh(a, ev, p)
	e.remember(a)
	e.emit(a)
	return a
}

// sameDevice finds the alert of today about the login's device that the login opened, or
// about its login.
func (e *Engine) sameDevice(key openKey, ev *Event) *Alert {
	if d := e.device(ev); d != nil && d.network(e.day) {
		return nil
	}
	other := openKey{!key.device, ev.Device}
	if key.device {
		other.number = ev.Person
	}
	if a := e.open[other]; a != nil && a.Person == ev.Person && !a.Several && a.Device == ev.Device && ev.Device != 0 {
		return a
	}
	return nil
}

func (e *Engine) fresh(ev *Event, x evidence) *Alert {
	what := "login"
	number := ev.Person
	if x.device {
		what, number = "device", ev.Device
	}
	a := &Alert{
		Key:  fmt.Sprintf("%s-%d-%s-%d", what, number, x.Rule, ev.Entry),
		Time: ev.Time, From: ev.Time, Until: ev.Time, Person: ev.Person, Device: ev.Device, ByDevice: x.device,
		Session: ev.Session, Grant: ev.Grant, Tried: e.o.World.Templates,
	}
	if e.o.World.Tried != nil {
		a.Tried = e.o.World.Tried(ev)
	}
	if x.Rule != Facts {
		e.raised++
		a.Held = e.raised > e.o.Policy.Budget
	}
	e.counts.Alerts++
	if a.Held {
		e.counts.HeldBack++
	}
	return a
}

// with adds a finding or puts it in the place of an older one of the same kind.
func (a *Alert) with(x evidence) {
	i := slices.IndexFunc(a.Findings, func(f Finding) bool { return f.Rule == x.Rule && f.Of == x.Of })
	if i < 0 {
		a.Findings = append(a.Findings, x.Finding)
	} else {
		a.Findings[i] = x.Finding
	}
	a.entries(x.entries, x.inAll)
	for _, n := range x.complaints {
		if !slices.Contains(a.Complaints, n) {
			a.Complaints = append(a.Complaints, n)
		}
	}
}

// entries adds ledger entries, ascending and without repeats.
func (a *Alert) entries(list []uint64, inAll int) {
	if inAll < len(list) {
		inAll = len(list)
	}
	a.InAll = max(a.InAll, inAll)
	a.Entries = append(a.Entries, list...)
	slices.Sort(a.Entries)
	a.Entries = slices.Compact(a.Entries)
	a.InAll = max(a.InAll, len(a.Entries))
	if n := len(a.Entries) - MaxEntries; n > 0 {
		a.Entries = slices.Delete(a.Entries, 0, n)
	}
}

// refresh brings the alert's numbers and words up to the sitting.
func (e *Engine) refresh(a *Alert, ev *Event, p *person) {
	if ev.Time.After(a.Until) {
		a.Until = ev.Time
	}
	if p == nil || a.Several || p.number != a.Person || p.sitting.began.IsZero() || ev.Time.Sub(p.sitting.last) > e.o.Policy.Sitting {
		a.Says, a.Innocent = sentence(a), innocent(a, e)
		return
	}
	s := &p.sitting
	if s.began.Before(a.From) {
		a.From = s.began
	}
	if s.customers >= a.Customers {
		a.Customers, a.Branches, a.Unexplained = s.customers, len(s.branches), s.unexplained
		a.lasted, a.off = s.last.Sub(s.began), s.off
	}
	a.Says = sentence(a)
	a.Innocent = innocent(a, e)
	p.alert, p.toldAt = a, s.customers
}

// grow follows a sitting in which an alert was raised, and tells it again when it has
// become larger by a quarter.
func (e *Engine) grow(ev *Event, p *person) {
	a := p.alert
	if a == nil || p.sitting.began.After(a.Until) {
		return
	}
	if p.sitting.customers <= p.toldAt+p.toldAt/4 {
		p.grown = true
		return
	}
	e.tellGrown(ev, p)
}

func (e *Engine) tellGrown(ev *Event, p *person) {
	a := p.alert
	a.Revision++
	a.entries(p.sitting.entries.ordered(), p.sitting.entries.n)
	for i := range a.Findings {
		if a.Findings[i].Rule == Unexplained && p.open {
			a.Findings[i].count(p)
		}
		if a.Findings[i].Of == ofFiles && p.takenOn == e.day {
			a.Findings[i].Observed, a.Findings[i].Says = float64(p.taken), tookAway(p.taken)
		}
	}
	e.refresh(a, ev, p)
	p.grown = false
	e.emit(a)
}

func (e *Engine) emit(a *Alert) {
	if e.o.Emit != nil {
		e.o.Emit(a)
	}
}

// settle ends the day's alerts.
func (e *Engine) settle() {
	clear(e.open)
	e.raised = 0
}

// Strength orders alerts: the decimal logarithms of the evidence of all findings,
// together; facts come first.
func (a *Alert) Strength() float64 {
	sum := 0.0
	for _, f := range a.Findings {
		if f.Rule == Facts {
			sum += 100
		} else if f.Evidence > 1 {
			sum += min(log10(f.Evidence), 13)
		}
	}
	return sum
}
