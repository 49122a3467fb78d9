package detect

import (
	"fmt"
	"time"
)

// steps follows the keys and the pace of a login's looks.
type steps struct {
	key   uint64
	up    bool
	run   int // customers in sequence
	pages int // lists in a row without a record opened
	at    time.Time
	gaps  [pace]int64 // milliseconds, a ring
	n     int
}

const (
	leastRun   = 12
	leastPages = 10
	pace       = 15
	list       = 5 // customers that make an answer a list
)

// enumeration finds keys in sequence, the rhythm of a machine, and page after page of
// lists of which no record is opened.
func (e *Engine) enumeration(ev *Event, p *person) {
	if !e.on(Enumeration) {
		return
	}
	s := &p.steps
	if len(ev.Subjects) >= list {
		if s.pages++; s.pages >= leastPages {
			e.mechanical(ev, p, rarePages, fmt.Sprintf("Went through %d lists without opening a record.", s.pages), "lists in a row", float64(s.pages))
		}
		return
	}
	s.pages = 0
	if len(ev.Subjects) != 1 {
		return
	}
	if run := s.sequence(e, ev); run >= leastRun {
		e.mechanical(ev, p, rareRun, fmt.Sprintf("Opened %s one after another in the order of their numbers.", customers(run)), "customers in sequence", float64(run))
	}
	if gap, steady := s.steady(ev.Time); steady && p.sitting.customers >= pace {
		e.mechanical(ev, p, rareRhythm, fmt.Sprintf("Opened a record every %s, as a machine does.", spanShort(gap)), "equal pauses in a row", pace)
	}
}

// sequence gives how many customers in a row had neighbouring keys in one direction.
func (s *steps) sequence(e *Engine, ev *Event) int {
	key, ok := uint64(ev.Subjects[0]), true
	if e.o.World.Key != nil {
		key, ok = e.o.World.Key(ev.Subjects[0])
	}
	before := s.key
	s.key = key
	switch {
	case !ok:
		s.run = 0
	case key == before: // looked at again: neither way
	case key > before && key-before <= 2 && (s.run < 2 || s.up):
		s.run, s.up = s.run+1, true
	case key < before && before-key <= 2 && (s.run < 2 || !s.up):
		s.run, s.up = s.run+1, false
	default:
		s.run = 1
	}
	return s.run
}

// steady says whether the last pauses were all alike.
func (s *steps) steady(t time.Time) (gap time.Duration, steady bool) {
	ms := t.Sub(s.at).Milliseconds()
	s.at = t
	if ms <= 0 || ms > 10*60*1000 {
		s.n = 0
		return 0, false
	}
	s.gaps[s.n%pace] = ms
	if s.n++; s.n < pace {
		return 0, false
	}
	low, high, sum := ms, ms, int64(0)
	for _, g := range s.gaps {
		low, high, sum = min(low, g), max(high, g), sum+g
	}
	mean := sum / pace
	if s.n >= 2*pace {
		s.n = pace + s.n%pace
	}
	return time.Duration(mean) * time.Millisecond, high-low <= max(mean/10, min(1000, mean/2))
}

func spanShort(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1f seconds", d.Seconds())
	}
	return span(d)
}

// mechanical raises what a person's hands hardly do, unless it is usual here.
func (e *Engine) mechanical(ev *Event, p *person, kind int, says, of string, observed float64) {
	chance, _ := e.desk.happened(kind, p.number)
	if e.learning() || p.rareTold&(1<<kind) != 0 || chance > e.alpha(Enumeration, kind) {
		return
	}
	p.rareTold |= 1 << kind
	e.raise(ev, p, nil, evidence{
		Finding: Finding{Rule: Enumeration, Of: of, Says: says, Expected: chance, Observed: observed, Evidence: 1 / chance},
		entries: p.sitting.entries.ordered(), inAll: p.sitting.entries.n,
	})
}
