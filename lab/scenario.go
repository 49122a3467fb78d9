package lab

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"custody"
)

// stage is what a scenario plays on.
type stage struct {
	*group
	rng   *rand.Rand
	truth Truth
	taken []Look // what was taken, in order
	calls []Complaint

	copies   []Copy
	found    *Found
	canaries []Canary
	planted  int // canaries of copies
}

// scenario is one story. begin chooses who does it; day gives the looks that are added
// to an ordinary day, and may take from the ordinary ones; end makes the complaints.
type scenario struct {
	about string
	begin func(*stage)
	day   func(s *stage, d int, ordinary []Look) []Look
	end   func(*stage)
}

// Scenarios lists the names, in order.
func Scenarios() []string {
	var list []string
	for name := range scenarios {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// About says in a sentence what a scenario is.
func About(name string) string {
	if story, ok := scenarios[name]; ok {
		return story().about
	}
	return ""
}

// Play runs a scenario and gives each day's looks to emit, in the order of time. The
// slice is the receiver's.
func Play(p Params, name string, seed uint64, emit func([]Look) error) (*Run, error) {
	var ordinary []Look
	runs, err := PlayAll(p, []string{name}, seed, func(day []Look) error {
		ordinary = day
		return nil
	}, func(_ int, extra []Look) error {
		day := append(ordinary, extra...)
		byTime(day)
		return emit(day)
	})
	if err != nil {
		return nil, err
	}
	return runs[0], nil
}

// PlayAll runs several scenarios side by side in one and the same group: ordinary gets
// each day's work once, and then extra, for each scenario, what it adds to that day,
// which may be nothing. A scenario gives the same looks as by itself.
func PlayAll(p Params, names []string, seed uint64, ordinary func([]Look) error, extra func(scenario int, looks []Look) error) ([]*Run, error) {
	g := newGroup(p, seed)
	stages, stories := make([]*stage, len(names)), make([]scenario, len(names))
	for i, name := range names {
		write, ok := scenarios[name]
		if !ok {
			return nil, custody.E(custody.CodeNotFound, fmt.Sprintf("there is no scenario %q", name), "scenarios are "+strings.Join(Scenarios(), ", "))
		}
		stages[i], stories[i] = &stage{group: g, rng: random(seed, 4), truth: Truth{Scenario: name, Seed: seed}}, write()
		if stories[i].begin != nil {
			stories[i].begin(stages[i])
		}
	}
	for d := range p.Days {
		looks := g.home(g.day(d))
		if err := ordinary(looks); err != nil {
			return nil, err
		}
		for i, s := range stages {
			var more []Look
			if stories[i].day != nil {
				more = stories[i].day(s, d, looks)
			}
			if err := extra(i, g.home(more)); err != nil {
				return nil, err
			}
		}
	}
	runs, jobs := make([]*Run, len(names)), g.list()
	for i, s := range stages {
		s.finish(stories[i])
		runs[i] = &Run{Params: p, Staff: s.staff, Complaints: s.calls, Truth: s.truth, Copies: s.copies, Found: s.found, Canaries: s.canaries, Jobs: jobs}
		for _, l := range s.taken {
			runs[i].Taken = append(runs[i].Taken, l.Subject)
		}
	}
	return runs, nil
}

// finish makes the complaints and closes the truth.
func (s *stage) finish(story scenario) {
	if story.end != nil {
		story.end(s)
	} else {
		s.complain(s.p.Complaining)
		s.background(s.p.Background)
	}
	slices.SortStableFunc(s.calls, func(a, b Complaint) int { return a.Called.Compare(b.Called) })
	s.truth.Looks = len(s.taken)
	for _, c := range s.calls {
		if c.Leaked {
			s.truth.Leaked++
		} else {
			s.truth.Others++
		}
	}
	if len(s.taken) > 0 {
		s.truth.First, s.truth.Last = s.taken[0].At, s.taken[len(s.taken)-1].At
	}
	for _, l := range s.taken {
		if login := s.staff[l.Login].Login; !slices.Contains(s.truth.Logins, login) {
			s.truth.Logins = append(s.truth.Logins, login)
		}
		if !slices.Contains(s.truth.Devices, l.Device) {
			s.truth.Devices = append(s.truth.Devices, l.Device)
		}
	}
}

// end of the simulated time.
func (s *stage) until() time.Time { return s.p.Start.AddDate(0, 0, s.p.Days) }

// complain lets a share of those whose records were taken complain of a call.
func (s *stage) complain(share float64) {
	heard := map[int]bool{}
	for _, l := range s.taken {
		if !heard[l.Subject] && s.rng.Float64() < share {
			heard[l.Subject] = s.called(l)
		}
	}
}

// exactly lets so many of those whose records were taken complain.
func (s *stage) exactly(n int) {
	heard := map[int]bool{}
	for _, i := range s.rng.Perm(len(s.taken)) {
		if l := s.taken[i]; len(heard) < n && !heard[l.Subject] && s.called(l) {
			heard[l.Subject] = true
		}
	}
}

// called makes the call that follows a look, unless it would come after the end.
func (s *stage) called(l Look) bool {
	hours := s.p.CallsFirst*24 + s.rng.IntN((s.p.CallsLast-s.p.CallsFirst)*24+1)
	at := l.At.Add(time.Duration(hours) * time.Hour)
	if at.After(s.until()) {
		return false
	}
	s.calls = append(s.calls, Complaint{Subject: l.Subject, Called: at, Knew: s.knew(s.p.KnewIfLeaked), Leaked: true})
	return true
}

func (s *stage) knew(share float64) string {
	if s.rng.Float64() < share {
		return "my accident"
	}
	return ""
}

// background adds complaints that have nothing to do with the group, so many a day.
func (s *stage) background(aDay float64) {
	s.others(int(aDay * float64(s.p.Days)))
}

// others adds so many complaints of anybody, at any time after their records began.
func (s *stage) others(n int) {
	for range n {
		subject := s.rng.IntN(len(s.jobs))
		born := s.p.Start.AddDate(0, 0, s.jobs[subject].day).Add(17 * time.Hour)
		at := born.Add(time.Duration(s.rng.Float64() * float64(s.until().Sub(born))))
		if at.Before(s.until()) {
			s.calls = append(s.calls, Complaint{Subject: subject, Called: at.Truncate(time.Minute), Knew: s.knew(s.p.KnewOtherwise)})
		}
	}
}

// take adds a look that takes a record.
func (s *stage) take(l Look) Look {
	l.Bad = true
	s.taken = append(s.taken, l)
	return l
}

// someone picks a member of branch staff.
func (s *stage) someone() int { return s.p.Central + s.rng.IntN(s.p.Staff-s.p.Central) }

// elsewhere picks an open job outside a branch.
func (s *stage) elsewhere(branch int) int {
	for {
		if n := s.open[s.rng.IntN(len(s.open))]; s.jobs[n].branch != branch {
			return n
		}
	}
}

// within gives a moment of a day between two hours.
func (s *stage) within(d, from, to int) time.Time {
	return s.p.Start.AddDate(0, 0, d).Add(time.Duration(from)*time.Hour + time.Duration(s.rng.Float64()*float64(to-from)*float64(time.Hour))).Truncate(time.Second)
}

// newDevice is a device that nobody in the group has.
func (s *stage) newDevice() int { return 100_000 + s.rng.IntN(100_000) }

// workday says whether d is from Monday to Friday.
func (s *stage) workday(d int) bool {
	w := s.p.Start.AddDate(0, 0, d).Weekday()
	return w != time.Saturday && w != time.Sunday
}

// poisson draws a count around a mean.
func poisson(rng *rand.Rand, mean float64) int {
	n := 0
	for t := rng.ExpFloat64(); t < mean; t += rng.ExpFloat64() {
		n++
	}
	return n
}
