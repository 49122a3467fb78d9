package main

import (
	"custody"
	"custody/detect"
	"custody/lab"
)

// current is the look that engines are asking about, and what is known beside it.
type current struct {
	event     detect.Event
	subjects  []custody.SubjectID
	explained bool
	homes     map[custody.SubjectID]uint32
	customers int
}

func newCurrent() *current { return &current{homes: map[custody.SubjectID]uint32{}} }

// answerOf is from how many looks at one moment on they are one answer: an export.
const answerOf = 50

// set makes an event of the first of the looks, and gives how many of them it holds:
// one, or all of an export.
func (c *current) set(day []lab.Look, p *lab.Params) int {
	l, n := &day[0], 1
	for n < len(day) && day[n].At.Equal(l.At) && day[n].Login == l.Login && day[n].Device == l.Device {
		n++
	}
	if n < answerOf {
		n = 1
	}
	c.subjects = c.subjects[:0]
	for _, x := range day[:n] {
		s := custody.SubjectID(x.Subject + 1)
		c.subjects = append(c.subjects, s)
		c.homes[s] = uint32(x.Home + 1)
		if !lab.Planted(x.Subject) {
			c.customers = max(c.customers, x.Subject+1)
		}
	}
	group := uint32(1)
	if l.Login >= p.Central {
		group = uint32((l.Login-p.Central)%p.Branches + 2)
	}
	c.explained = l.Explained
	c.event = detect.Event{Entry: c.event.Entry + 1, Time: l.At, Kind: custody.EventDisclosure, Person: uint32(l.Login + 1),
		Device: uint32(l.Device + 1), Group: group, Subjects: c.subjects, Taken: n > 1}
	return n
}

// engine is one with the detectors' world of the laboratory.
func (c *current) engine(policy detect.Policy, emit func(*detect.Alert)) *detect.Engine {
	return detect.New(detect.Options{Policy: policy, Emit: emit, World: detect.World{
		Explain:   func(*detect.Event, custody.SubjectID) bool { return c.explained },
		Branch:    func(s custody.SubjectID) uint32 { return c.homes[s] },
		Customers: func() int { return c.customers },
		Fact: func(_ *detect.Event, s custody.SubjectID) string {
			if lab.Planted(int(s) - 1) {
				return "Opened a planted customer, whom nobody has a reason to look at."
			}
			return ""
		},
	}})
}
