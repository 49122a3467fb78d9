package detect

import (
	"fmt"
	"time"
)

// signal watches complaints, which point at nobody: it says that something leaks.
type signal struct {
	tester
	day     time.Time
	entries ring
	days    int
}

// quietDays is how many days without a leak go by for one false alarm of complaints, on
// average, at least.
const quietDays = 200

// Complaint takes a complaint of an unwanted call, numbered from outside, at the time at
// which it came in.
func (e *Engine) Complaint(number uint64, at time.Time) {
	e.turn(at)
	e.outsideTime(at)
	s := &e.outside
	s.one()
	s.entries.add(number)
	if s.days < 2*e.o.Policy.Learn || s.alarmed || !e.on(Outside) {
		return
	}
	v := s.evidence()
	if v < quietDays {
		return
	}
	a := &Alert{Key: fmt.Sprintf("complaints-%d", number), Time: at, From: at, Until: at,
		Innocent: []string{"a wave of nuisance calls all over the country", "letters to customers, which cause complaints"}}
	a.with(evidence{
		Finding: Finding{Rule: Outside, Version: Version, Of: "complaints a day",
			Says:     fmt.Sprintf("%d complaints of unwanted calls came today; %s a day is usual. Trace them.", s.count, decimal(float64(s.mean))),
			Expected: float64(s.mean), Observed: float64(s.count), Evidence: v, Parameters: map[string]float64{"threshold": quietDays}},
		entries: s.entries.ordered(), inAll: s.entries.n,
	})
	a.Says = a.Findings[0].Says
	s.alarm()
	s.entries.reset()
	e.counts.Alerts++
	e.emit(a)
}

// outsideTime goes on to the day of a time; every day counts, also those without.
func (e *Engine) outsideTime(at time.Time) {
	s := &e.outside
	if !s.day.IsZero() && at.Before(s.day.AddDate(0, 0, 1)) {
		return
	}
	local := at.In(e.o.Zone)
	today := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, e.o.Zone)
	if s.day.IsZero() {
		s.day = today
		s.start(complaints)
		return
	}
	for n := 0; s.day.Before(today) && n < 366; n++ {
		s.end()
		s.days++
		s.day = s.day.AddDate(0, 0, 1)
		s.start(complaints)
	}
	s.day = today
}

// complaints is what is expected before any came: hardly any.
var complaints = prior{shape: 0.5, rate: 2, scatter: 1.5}
