package gate

import (
	"iter"
	"math/rand/v2"
	"testing"
	"time"

	"custody"
)

// past is what a ledger remembers.
type past []*custody.Event

func (p past) Disclosed(person custody.PersonID, app custody.ApplicationID, system custody.SystemID, since time.Time) iter.Seq[*custody.Event] {
	return func(yield func(*custody.Event) bool) {
		for _, e := range p {
			if e.Person == person && (person != 0 || e.Application == app) && e.System == system && !e.Time.Before(since) && !yield(e) {
				return
			}
		}
	}
}

// byHand counts the distinct subjects of the minutes of the last hour and of the local day.
func (p past) byHand(now time.Time, zone *time.Location) (hour, day map[uint32]bool) {
	hour, day = map[uint32]bool{}, map[uint32]bool{}
	y, m, d := now.In(zone).Date()
	for _, e := range p {
		if e.Kind == custody.EventRefusal {
			continue
		}
		y2, m2, d2 := e.Time.In(zone).Date()
		for _, s := range e.Subjects {
			if e.Time.Unix()/60 > now.Unix()/60-60 {
				hour[uint32(s)] = true
			}
			if y == y2 && m == m2 && d == d2 {
				day[uint32(s)] = true
			}
		}
	}
	return hour, day
}

// TestCounterByHand: over days, restarts, changes and looks, within limits and without, the
// counts and what is refused are what one counts by hand, in the zone of the site.
func TestCounterByHand(t *testing.T) {
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(51, 4))
	now := time.Date(2026, 6, 30, 21, 0, 0, 0, time.UTC) // two hours before local midnight
	var events past
	id := &custody.Session{Person: 1, System: 1}
	g := New(Parts{History: &events, Zone: zone, Now: func() time.Time { return now }})
	refused := map[string]int{}
	for range 700 {
		now = now.Add(time.Duration(rng.IntN(1200)) * time.Second)
		if rng.IntN(25) == 0 { // a restart
			g = New(Parts{History: &events, Zone: zone, Now: func() time.Time { return now }})
		}
		c := g.counter(id)
		var list []custody.SubjectID
		for s := custody.SubjectID(rng.IntN(5)); s < 200; s += custody.SubjectID(1 + rng.IntN(80)) {
			list = append(list, s)
		}
		l := custody.Limits{PerHour: uint32(rng.IntN(3) * 45), PerDay: uint32(rng.IntN(3) * 80)}
		hour, day := events.byHand(now, zone)
		if rng.IntN(2) == 0 { // just enough room, or just not
			l.PerHour = uint32(len(hour) + rng.IntN(len(list)+2))
		} else if rng.IntN(2) == 0 {
			l.PerDay = uint32(len(day) + rng.IntN(len(list)+2))
		}
		passed, over := c.room(list, l, now)
		wantHour, wantDay := beyond(hour, list, l.PerHour), beyond(day, list, l.PerDay)
		if want := first(wantHour, wantDay); passed != want || over != wantHour+wantDay {
			t.Fatalf("%v: room for %v within %+v: %q by %d, want %q by %d", now, list, l, passed, over, want, wantHour+wantDay)
		}
		e := &custody.Event{Kind: custody.EventDisclosure, Time: now, Person: 1, System: 1}
		if rng.IntN(2) == 0 {
			e.Kind = custody.EventChange
		}
		if l == (custody.Limits{}) {
			c.addAll(list, now)
			e.Subjects = list
		} else {
			for _, s := range list {
				hour, day := events.byHand(now, zone)
				for _, x := range e.Subjects {
					hour[uint32(x)], day[uint32(x)] = true, true
				}
				one := []custody.SubjectID{s}
				want := first(beyond(hour, one, l.PerHour), beyond(day, one, l.PerDay))
				if got := c.add(s, l, now); got != want {
					t.Fatalf("%v: %d more within %+v: %q, want %q", now, s, l, got, want)
				} else if got == "" {
					e.Subjects = append(e.Subjects, s)
				} else {
					refused[got]++
				}
			}
		}
		events = append(events, e, &custody.Event{Kind: custody.EventRefusal, Time: now, Person: 1, System: 1, Subjects: []custody.SubjectID{9999}})
		if n := len(events); n > 400 {
			events = events[n-400:]
		}
		hour, day = events.byHand(now, zone)
		if h, d := c.counts(now); int(h) != len(hour) || int(d) != len(day) {
			t.Fatalf("%v: %d this hour and %d today, by hand %d and %d", now, h, d, len(hour), len(day))
		}
	}
	if refused["hour"] < 20 || refused["day"] < 20 {
		t.Errorf("refused %v: too few to tell anything", refused)
	}
}

// beyond is how many of a list a limit has no room for, if any is new.
func beyond(seen map[uint32]bool, list []custody.SubjectID, limit uint32) uint64 {
	more := 0
	for _, s := range list {
		if !seen[uint32(s)] {
			more++
		}
	}
	if limit == 0 || more == 0 || len(seen)+more <= int(limit) {
		return 0
	}
	return uint64(min(more, len(seen)+more-int(limit)))
}

func first(hour, day uint64) string {
	switch {
	case hour > 0:
		return "hour"
	case day > 0:
		return "day"
	}
	return ""
}

// TestAClockThatGoesBackForgetsNothing: neither the hour nor the day.
func TestAClockThatGoesBackForgetsNothing(t *testing.T) {
	now := time.Date(2026, 3, 3, 0, 30, 0, 0, time.UTC)
	g := New(Parts{History: past{}, Now: func() time.Time { return now }})
	c := g.counter(&custody.Session{Person: 1, System: 1})
	c.addAll([]custody.SubjectID{1, 2, 3}, now)
	for _, back := range []time.Duration{time.Minute, 50 * time.Minute, 26 * time.Hour} {
		if h, d := c.counts(now.Add(-back)); h != 3 || d != 3 {
			t.Errorf("%v back: %d this hour, %d today", back, h, d)
		}
		if passed := c.add(9, custody.Limits{PerHour: 3}, now.Add(-back)); passed != "hour" {
			t.Errorf("%v back there is room", back)
		}
	}
}

// TestWhoIsCountedTogether: a person over all applications and devices; each application's
// own looks for itself; each system for itself.
func TestWhoIsCountedTogether(t *testing.T) {
	g := New(Parts{History: past{}})
	of := func(p custody.PersonID, a custody.ApplicationID, s custody.SystemID) *counter {
		return g.counter(&custody.Session{Person: p, Application: a, System: s})
	}
	if of(1, 0, 1) != of(1, 5, 1) {
		t.Error("a person counts apart when an application acts for them")
	}
	if of(0, 5, 1) == of(0, 6, 1) || of(0, 5, 1) == of(1, 5, 1) || of(1, 0, 1) == of(1, 0, 2) || of(1, 0, 1) == of(2, 0, 1) {
		t.Error("two are counted as one")
	}
}
