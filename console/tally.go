package console

import (
	"context"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"custody"
)

// keptDays is how far back figures by day reach.
const keptDays = 90

// tally keeps the figures of pages that count: today by the hour, and each person's
// days. It follows the ledger's events in their order, so that a page costs nothing
// like the number of disclosures. At a day's end only the counts are kept.
type tally struct {
	looks Looks
	zone  *time.Location

	mu     sync.Mutex
	next   uint64 // the event to read next
	caught bool   // all that was there at the start has been read
	day    int64  // the local day that events are counted on now, days since 1970
	ends   time.Time
	begins time.Time
	hours  map[cell]count
	people map[custody.PersonID][]seenToday
	days   map[custody.PersonID][]dayCount
}

// cell is what today's figures are kept by.
type cell struct {
	hour         uint8
	system       custody.SystemID
	organisation custody.OrganisationID
	person       custody.PersonID
}

// seenToday is whom a person saw in a system on the current day.
type seenToday struct {
	system custody.SystemID
	set    *roaring.Bitmap
}

// count is answers and (answer, customer) pairs.
type count struct{ answers, disclosures uint32 }

// dayCount is one person's day: customers are counted once each.
type dayCount struct {
	day                int64
	customers, answers uint32
}

func newTally(looks Looks, zone *time.Location, now time.Time) *tally {
	t := &tally{looks: looks, zone: zone, hours: map[cell]count{}, people: map[custody.PersonID][]seenToday{}, days: map[custody.PersonID][]dayCount{}}
	t.next = looks.After(midnight(now.In(zone)).AddDate(0, 0, -keptDays))
	return t
}

func midnight(local time.Time) time.Time {
	return time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, local.Location())
}

// dayNumber counts local days since 1970.
func dayNumber(local time.Time) int64 {
	return time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC).Unix() / 86400
}

// run follows the ledger until ctx ends.
func (t *tally) run(ctx context.Context) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		t.follow(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// step is how many events are counted under one lock.
const step = 2048

// follow counts what is new.
func (t *tally) follow(ctx context.Context) {
	n := 0
	t.mu.Lock()
	defer t.mu.Unlock()
	for number, e := range t.looks.Events(t.next) {
		t.add(e)
		t.next = number + 1
		if n++; n%step == 0 {
			t.mu.Unlock()
			stop := ctx.Err() != nil
			t.mu.Lock()
			if stop {
				return
			}
		}
	}
	t.caught = true
}

func (t *tally) add(e *custody.Event) {
	if e.Kind != custody.EventDisclosure && e.Kind != custody.EventChange {
		return
	}
	if !e.Time.Before(t.ends) {
		t.turn(e.Time)
	}
	c := cell{uint8(e.Time.In(t.zone).Hour()), e.System, e.Organisation, e.Person}
	n := t.hours[c]
	n.answers++
	n.disclosures += uint32(len(e.Subjects))
	t.hours[c] = n
	if e.Person == 0 {
		return
	}
	t.count(e)
}

func (t *tally) count(e *custody.Event) {
	set := t.set(e.Person, e.System)
	for _, s := range e.Subjects {
		set.Add(uint32(s))
	}
	list := t.days[e.Person]
	if len(list) == 0 || list[len(list)-1].day != t.day {
		list = append(list, dayCount{day: t.day})
	}
	list[len(list)-1].answers++
	t.days[e.Person] = list
}

// set gives the customers whom a person saw in a system today.
func (t *tally) set(p custody.PersonID, system custody.SystemID) *roaring.Bitmap {
	for _, s := range t.people[p] {
		if s.system == system {
			return s.set
		}
	}
	set := roaring.New()
	t.people[p] = append(t.people[p], seenToday{system, set})
	return set
}

// distinct counts the customers whom a person saw today; those of several systems add
// up.
func (t *tally) distinct(p custody.PersonID) (n uint32) {
	for _, s := range t.people[p] {
		n += uint32(s.set.GetCardinality())
	}
	return n
}

// turn ends a local day and begins that of a moment.
func (t *tally) turn(at time.Time) {
	for p := range t.people {
		if list := t.days[p]; len(list) > 0 && list[len(list)-1].day == t.day {
			list[len(list)-1].customers = t.distinct(p)
		}
	}
	local := at.In(t.zone)
	t.begins = midnight(local)
	t.ends, t.day = t.begins.AddDate(0, 0, 1), dayNumber(local)
	clear(t.hours)
	clear(t.people)
	for p, list := range t.days {
		for len(list) > 0 && list[0].day <= t.day-keptDays {
			list = list[1:]
		}
		t.days[p] = list
	}
}

// today gives each cell of the day of a moment, and whether all has been read.
func (t *tally) today(now time.Time, each func(cell, count)) (caught bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Before(t.ends) {
		for c, n := range t.hours {
			each(c, n)
		}
	}
	return t.caught
}

// personDays gives a person's customers and answers of the last n days, oldest first,
// today last; customers of several systems add up.
func (t *tally) personDays(p custody.PersonID, now time.Time, n int) (customers, answers []uint32) {
	customers, answers = make([]uint32, n), make([]uint32, n)
	today := dayNumber(now.In(t.zone))
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, d := range t.days[p] {
		i := n - 1 - int(today-d.day)
		if i < 0 || i >= n {
			continue
		}
		customers[i], answers[i] = d.customers, d.answers
		if d.day == t.day {
			customers[i] = t.distinct(p)
		}
	}
	return customers, answers
}
