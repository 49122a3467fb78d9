package detect

import (
	"fmt"
	"math"
	"time"

	"custody"
)

// Place is where a device is, by its address.
type Place struct {
	Latitude, Longitude float64 // degrees
	// Relay says that the address is a VPN's or a relay's: it is not where the person is.
	Relay bool
}

// use is one login on one device.
type use struct {
	number uint32
	last   int32 // day
	since  int32
	at     time.Time
}

// maxUses bounds the devices that are remembered of a login, and the logins of a device.
const maxUses = 64

// used notes a use and says whether it is new.
func used(list []use, number uint32, day int32, at time.Time) (out []use, fresh bool, before time.Time) {
	for i := range list {
		if list[i].number == number {
			before = list[i].at
			list[i].last, list[i].at = day, at
			return list, false, before
		}
	}
	u := use{number, day, day, at}
	if len(list) < maxUses {
		return append(list, u), true, before
	}
	oldest := 0
	for i := range list {
		if list[i].last < list[oldest].last {
			oldest = i
		}
	}
	list[oldest] = u
	return list, true, before
}

// turns counts how often two devices of a login, or two logins on a device, took turns
// within minutes.
type turns struct {
	last uint32
	at   time.Time
	n    int
	day  int32
}

// turn is how close together looks are that cannot come from one pair of hands.
const turn = 10 * time.Minute

func (t *turns) take(number uint32, at time.Time, day int32) int {
	if t.day != day {
		t.n, t.day = 0, day
	}
	if t.last != 0 && t.last != number && at.Sub(t.at) <= turn {
		t.n++
	}
	t.last, t.at = number, at
	return t.n
}

// leastTurns is how many turns are no coincidence.
const leastTurns = 3

// shared looks for a login in two pairs of hands.
func (e *Engine) shared(ev *Event, p *person, d *device) {
	e.offShift(ev, p)
	if d == nil {
		return
	}
	e.travel(ev, p)
	var fresh bool
	p.devices, fresh, _ = used(p.devices, ev.Device, e.day, ev.Time)
	d.logins, _, _ = used(d.logins, ev.Person, e.day, ev.Time)
	others := d.turns.take(ev.Person, ev.Time, e.day)
	both := p.both.take(ev.Device, ev.Time, e.day)
	if fresh && p.days >= leastKnown {
		p.newDevice, p.newOn = ev.Device, e.day
	}
	if p.newDevice == ev.Device && p.newOn == e.day {
		says := "The login was used on a device on which it never was before"
		if d.network(e.day) {
			says = "The login was used from a network from which it never was before"
		} else if len(d.logins) > 1 {
			says = "The login was used on a colleague's device, on which it never was before"
		}
		if others >= leastTurns && !d.network(e.day) {
			says += "; there its looks took turns with the colleague's"
		}
		e.unusual(ev, p, d, rareDevice, says+".", "new devices on a day of one login", 1)
	}
	if both >= leastTurns && len(p.devices) > 1 {
		e.unusual(ev, p, d, rareBoth, "The login was at work on two devices at the same time.", "turns between devices within ten minutes", float64(both))
	}
}

// unusual raises a rare thing. Its chance is that of such a day at all, times that of
// the day's unexplained first looks: what is common needs these to become an alarm.
func (e *Engine) unusual(ev *Event, p *person, d *device, kind int, says, of string, observed float64) {
	e.unusually(ev, p, d, kind, evidence{Finding: Finding{Of: of, Says: says, Observed: observed}, entries: p.sitting.entries.ordered(), inAll: p.sitting.entries.n})
}

// unusually is unusual with what there is to show.
func (e *Engine) unusually(ev *Event, p *person, d *device, kind int, x evidence) {
	chance, _ := e.desk.happened(kind, p.number)
	if e.learning() || !e.on(Shared) || p.rareTold&(1<<kind) != 0 {
		return
	}
	if p.open {
		chance *= p.null.tail
	}
	if alpha := e.alpha(Shared, kind); chance <= alpha {
		p.rareTold |= 1 << kind
		x.Rule, x.Expected, x.Evidence, x.Parameters = Shared, chance, 1/chance, map[string]float64{"alpha": alpha}
		e.raise(ev, p, d, x)
	}
}

// hours are the hours of the day, in the zone, at which a login is at work: on how many
// days each was used, older days counting less.
type hours struct {
	used  [24]float64
	today uint32 // a bit for each hour
	days  float64
}

func (h *hours) endDay() {
	if h.today == 0 {
		return
	}
	for i := range h.used {
		h.used[i] *= forget
		if h.today>>i&1 == 1 {
			h.used[i]++
		}
	}
	h.days = h.days*forget + 1
	h.today = 0
}

// seldom is the share of days below which an hour is not one of work.
const seldom = 0.1

// off says whether an hour is outside those at which the login is at work: neither it
// nor the hours beside it were used on a tenth of the days.
func (h *hours) off(hour int) bool {
	if h.days < leastKnown {
		return false
	}
	return max(h.used[(hour+23)%24], h.used[hour], h.used[(hour+1)%24]) < seldom*h.days
}

// rhythm notes the hour of a look.
func (p *person) rhythm(t time.Time, zone *time.Location) {
	p.hour = t.In(zone).Hour()
	p.hours.today |= 1 << p.hour
}

// off says whether a look is outside the login's hours.
func (e *Engine) off(ev *Event, p *person) bool {
	if e.o.World.Shift != nil {
		if on, known := e.o.World.Shift(ev.Person, ev.Time); known {
			return !on
		}
	}
	return p.hours.off(p.hour)
}

// offShift finds several customers outside the hours.
func (e *Engine) offShift(ev *Event, p *person) {
	if p.sitting.off && p.sitting.customers >= leastOff && e.off(ev, p) {
		e.unusual(ev, p, nil, rareHours, fmt.Sprintf("Looked at %s outside the login's hours.", customers(p.sitting.customers)),
			"customers outside the hours", float64(p.sitting.customers))
	}
}

// leastOff is how many customers outside the hours are more than a forgotten task.
const leastOff = 3

// second takes the start of a session while the credential is live elsewhere.
func (e *Engine) second(ev *Event, p *person) {
	if ev.Code != custody.CodeConflict { // see custody.Session.SecondAddress
		return
	}
	chance, again := e.desk.happened(rareSecond, p.number)
	if again || !e.on(Shared) || chance > 0.05 {
		return
	}
	e.raise(ev, p, nil, evidence{
		Finding: Finding{Rule: Shared, Of: "sessions at once", Says: "The login began a session while it was live at another address.",
			Expected: chance, Observed: 2, Evidence: 1 / chance},
		entries: []uint64{ev.Entry}, inAll: 1,
	})
}

// travel finds a login at two places that nobody travels between in the time.
func (e *Engine) travel(ev *Event, p *person) {
	if e.o.World.Place == nil {
		return
	}
	here, ok := e.o.World.Place(ev.Device)
	if !ok || here.Relay {
		return
	}
	was, at, entry := p.place, p.placeAt, p.placeEntry
	p.place, p.placeAt, p.placeEntry = here, ev.Time, ev.Entry
	if at.IsZero() {
		return
	}
	km, took := distance(was, here), ev.Time.Sub(at)
	if km < nearby || km <= fastest*took.Hours() {
		return
	}
	e.unusually(ev, p, nil, rareTravel, evidence{
		Finding: Finding{Of: "kilometres", Says: fmt.Sprintf("The login was at two places %d km apart %s.", int(km), apart(took)), Observed: km},
		entries: []uint64{entry, ev.Entry}, inAll: 2,
	})
}

func apart(took time.Duration) string {
	if took < 10*time.Second {
		return "at the same moment"
	}
	return "within " + span(took)
}

const (
	fastest = 900.0 // km/h
	nearby  = 50.0  // km: closer places are an error of the table
)

// distance is the great circle's, in kilometres.
func distance(a, b Place) float64 {
	const rad = math.Pi / 180
	sin := func(x float64) float64 { s := math.Sin(x / 2); return s * s }
	h := sin((b.Latitude-a.Latitude)*rad) + math.Cos(a.Latitude*rad)*math.Cos(b.Latitude*rad)*sin((b.Longitude-a.Longitude)*rad)
	return 2 * 6371 * math.Asin(math.Sqrt(min(h, 1)))
}
