package detect

import (
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"custody"
)

// Options say how an engine works.
type Options struct {
	Policy Policy
	World  World
	Zone   *time.Location // where days begin; UTC if nil
	// Emit is given every alert when it is raised and again when it has grown, on the
	// goroutine of Take. The alert is the engine's: copy what is kept.
	Emit func(*Alert)
	// Day is told of every active day of a login when it ends: how many unexplained first
	// looks there were and how many are usual. May be nil.
	Day func(day time.Time, person uint32, count int, mean float64)
	// Only switches all detectors but these off; nil is all.
	Only map[Rule]bool
}

// Engine takes events in the order of time and raises alerts. It is not safe for
// concurrent use.
type Engine struct {
	o       Options
	day     int32 // today, in days since 1970 in the zone
	from    int64 // today's bounds, seconds
	until   int64
	closed  int // days that were closed
	clock   time.Time
	people  []*person // by number
	devices []*device
	of      [2]peers // of people, of devices
	active  [2]float64
	pools   [poolCount]pool
	desk    ledge
	open    map[openKey]*Alert // raised today
	raised  float64            // alerts of today against the budget
	pairs   int
	forgot  uint32
	outside signal
	counts  Counts
	anybody *roaring.Bitmap  // customers whom anybody saw
	kept    []*Alert         // of late, for complaints that come
	told    uint64           // the entry of which a fact was raised
	shares  map[Rule]float64 // of the policy, before feedback
	factors map[Rule]float64
}

// Counts says what an engine has done.
type Counts struct {
	Events      uint64 `json:"events"`
	Looks       uint64 `json:"looks"` // (event, customer) pairs
	FirstLooks  uint64 `json:"first_looks"`
	Unexplained uint64 `json:"unexplained_first_looks"`
	Days        int    `json:"days"`
	Alerts      int    `json:"alerts"`
	HeldBack    int    `json:"alerts_over_budget"`
}

// New makes an engine that knows nothing yet.
func New(o Options) *Engine {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	return &Engine{o: o, shares: o.Policy.Shares, day: -1 << 30, open: map[openKey]*Alert{}, anybody: roaring.New(), desk: newLedge()}
}

// Counts says what was done until now.
func (e *Engine) Counts() Counts {
	c := e.counts
	c.Days = e.closed
	return c
}

// on says whether a detector is switched on.
func (e *Engine) on(r Rule) bool { return e.o.Only == nil || e.o.Only[r] }

// Take takes the next event. An event that is older than the one before counts as of
// the same day.
func (e *Engine) Take(ev *Event) {
	e.counts.Events++
	e.turn(ev.Time)
	e.outsideTime(ev.Time)
	switch ev.Kind {
	case custody.EventDisclosure, custody.EventChange:
		e.look(ev)
	case custody.EventSessionStart, custody.EventRefusal:
		e.attempt(ev)
	}
}

// turn closes days that are over.
func (e *Engine) turn(t time.Time) {
	if t.After(e.clock) {
		e.clock = t
	}
	at := t.Unix()
	if at < e.until {
		return
	}
	local := t.In(e.o.Zone)
	y, m, d := local.Date()
	if e.until != 0 {
		e.closeDay()
	}
	start := time.Date(y, m, d, 0, 0, 0, 0, e.o.Zone)
	e.from, e.until = start.Unix(), start.AddDate(0, 0, 1).Unix()
	e.day = int32(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// Close ends the last day; for files, which end. Nothing may be taken afterwards.
func (e *Engine) Close() {
	if e.until != 0 {
		e.closeDay()
		e.until = 0
	}
}

// learning says whether it is too early for tests.
func (e *Engine) learning() bool { return e.closed < e.o.Policy.Learn }

// look takes a disclosure.
func (e *Engine) look(ev *Event) {
	if ev.Person == 0 {
		return
	}
	p, d := e.person(ev), e.device(ev)
	e.begin(p, d, ev)
	for _, s := range ev.Subjects {
		e.counts.Looks++
		e.fact(ev, s)
		e.subject(ev, p, d, s)
	}
	e.shared(ev, p, d)
	e.export(ev, p)
	e.enumeration(ev, p)
	e.burst(ev, p)
}

// begin opens the day of a login and of a device, and its sitting.
func (e *Engine) begin(p *person, d *device, ev *Event) {
	if !p.open {
		p.start(e.of[0].of(p.group), 1)
	}
	p.last = e.day
	if d != nil {
		if n := d.with(p.number, e.day); !d.open {
			d.start(e.of[1].of(d.group), n)
		} else if n > d.hands {
			d.widen(n)
		}
		d.last = e.day
	}
	if ev.Time.Sub(p.sitting.last) > e.o.Policy.Sitting || p.sitting.last.Sub(ev.Time) > e.o.Policy.Sitting {
		p.sitting.reset(ev)
	}
	p.sitting.last = ev.Time
	p.rhythm(ev.Time, e.o.Zone)
	p.sitting.off = p.sitting.off || e.off(ev, p)
}

// subject takes one customer of a look.
func (e *Engine) subject(ev *Event, p *person, d *device, s custody.SubjectID) {
	explained := e.o.World.Explain == nil || e.o.World.Explain(ev, s)
	branch := uint32(0)
	if e.o.World.Branch != nil {
		branch = e.o.World.Branch(s)
	}
	p.sitting.add(s, branch, explained)
	p.window.add(ev.Time, s, branch, e.o.Policy.Window)
	if !e.first(p, s) {
		return
	}
	e.counts.FirstLooks++
	if explained {
		return
	}
	e.counts.Unexplained++
	p.one()
	p.recent.add(ev.Entry)
	if d != nil {
		d.one()
		d.recent.add(ev.Entry)
		d.several = d.several || d.by != 0 && d.by != ev.Person
		d.by = ev.Person
	}
	e.unexplained(ev, p)
	e.slow(ev, p, d)
}

// first says whether the person sees the customer for the first time.
func (e *Engine) first(p *person, s custody.SubjectID) bool {
	if uint32(s) < e.forgot || !p.seen.CheckedAdd(uint32(s)) {
		return false
	}
	e.anybody.Add(uint32(s))
	if e.pairs++; e.pairs > e.o.Policy.Pairs {
		e.forgetOldest()
	}
	return true
}

// closeDay ends the day of everybody who was active and learns from it.
func (e *Engine) closeDay() {
	var active [2]float64
	working := 0
	for _, p := range e.people {
		if p == nil {
			continue
		}
		if p.open {
			working++
			if e.o.Day != nil {
				e.o.Day(time.Unix(e.from, 0), p.number, int(p.count), float64(p.mean))
			}
			e.of[0].day(p.group, p.end(1))
		}
		if e.learning() {
			p.begin(e.closed + 1)
		}
		if e.day-p.last < 30 {
			active[0]++
		}
		p.endDay(e)
	}
	for _, d := range e.devices {
		if d == nil {
			continue
		}
		if d.open {
			e.of[1].day(d.group, d.end(max(1, d.since(e.day))))
		}
		if e.learning() {
			d.begin(e.closed + 1)
		}
		if e.day-d.last < 30 {
			active[1]++
		}
	}
	e.active = active
	e.of[0].learn(func(f func(uint32, *tester)) {
		for _, p := range e.people {
			if p != nil {
				f(p.group, &p.tester)
			}
		}
	})
	e.of[1].learn(func(f func(uint32, *tester)) {
		for _, d := range e.devices {
			if d != nil {
				f(d.group, &d.tester)
			}
		}
	})
	for i := range e.pools {
		e.pools[i].fade()
	}
	e.desk.end(float64(working))
	e.settle()
	e.closed++
}

// watched is how many people the budget has to do for.
func (e *Engine) watched(kind int) float64 { return max(e.active[kind], float64(e.o.Policy.Staff)) }
