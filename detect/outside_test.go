package detect

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"custody"
)

// clientele is an engine that has seen twenty logins at work on customers whose numbers
// grow with time, and who saw whom.
type clientele struct {
	e    *Engine
	got  map[string]Alert
	saw  map[custody.SubjectID][]Looker
	all  []custody.SubjectID
	last time.Time
}

func newClientele(t *testing.T, seed uint64) *clientele {
	t.Helper()
	c := &clientele{got: map[string]Alert{}, saw: map[custody.SubjectID][]Looker{}}
	c.e = New(Options{Policy: DefaultPolicy(), Emit: func(a *Alert) {
		b := *a
		b.Findings, b.Complaints = slices.Clone(a.Findings), slices.Clone(a.Complaints)
		c.got[a.Key] = b
	}})
	rng := rand.New(rand.NewPCG(seed, 12))
	entry := uint64(0)
	for d := range 60 {
		for i := range 400 {
			entry++
			c.last = monday.AddDate(0, 0, d).Add(9*time.Hour + time.Duration(i)*time.Minute)
			s := custody.SubjectID(d*400 + rng.IntN(800))
			who := uint32(rng.IntN(20) + 1)
			c.e.Take(&Event{Entry: entry, Time: c.last, Kind: custody.EventDisclosure, Person: who, Device: who, Group: 1, Subjects: []custody.SubjectID{s}})
			if !slices.ContainsFunc(c.saw[s], func(l Looker) bool { return l.Person == who }) {
				c.saw[s] = append(c.saw[s], Looker{Person: who, Entries: []uint64{entry}})
				if len(c.saw[s]) == 1 {
					c.all = append(c.all, s)
				}
			}
		}
	}
	return c
}

func (c *clientele) complain(n uint64, s custody.SubjectID) {
	c.last = c.last.Add(7 * time.Hour)
	c.e.Complaint(&Complaint{Number: n, Received: c.last, Known: c.last, Subject: s, Lookers: c.saw[s]})
}

// pointed lists the logins at which complaints pointed.
func (c *clientele) pointed() (list []uint32) {
	for _, a := range c.got {
		if a.about(Outside) && a.Person != 0 {
			list = append(list, a.Person)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// TestComplaintsPointAtALogin: customers of one login complain among those of everybody.
func TestComplaintsPointAtALogin(t *testing.T) {
	c := newClientele(t, 11)
	rng := rand.New(rand.NewPCG(13, 14))
	var his []custody.SubjectID
	for s, list := range c.saw {
		if slices.ContainsFunc(list, func(l Looker) bool { return l.Person == 7 }) && s > 12_000 {
			his = append(his, s)
		}
	}
	slices.Sort(his)
	for n := range uint64(24) {
		if n%2 == 0 {
			c.complain(n+1, his[rng.IntN(len(his))])
		} else {
			c.complain(n+1, c.all[rng.IntN(len(c.all))])
		}
	}
	if list := c.pointed(); !slices.Equal(list, []uint32{7}) {
		t.Fatalf("complaints point at %v", list)
	}
	for _, a := range c.got {
		if a.Person == 7 && (!strings.Contains(a.Says, "who complained of unwanted calls") || len(a.Entries) == 0 || len(a.Complaints) < leastComplained || len(a.Innocent) == 0) {
			t.Errorf("%+v", a)
		}
	}
}

// TestComplaintsOfOldRecordsPointAtNobody: a leak outside of all records of one age, of
// which nobody here is the source.
func TestComplaintsOfOldRecordsPointAtNobody(t *testing.T) {
	c := newClientele(t, 11)
	rng := rand.New(rand.NewPCG(15, 16))
	var old []custody.SubjectID
	for _, s := range c.all {
		if s < 8000 {
			old = append(old, s)
		}
	}
	for n := range uint64(80) {
		c.complain(n+1, old[rng.IntN(len(old))])
	}
	if list := c.pointed(); len(list) > 0 {
		t.Errorf("complaints point at %v", list)
	}
}

// TestCanaryRings: a call to a planted customer is told whoever looked, and points at
// nobody.
func TestCanaryRings(t *testing.T) {
	c := newClientele(t, 11)
	c.e.Complaint(&Complaint{Number: 4, Received: c.last, Known: c.last, Subject: c.all[0], Canary: true, Lookers: c.saw[c.all[0]][:1]})
	a, there := c.got["canary-4"]
	if !there || a.Person != 0 || a.Strength() < 10 || !strings.Contains(a.Says, "One login had looked at it before") || len(a.Entries) != 1 {
		t.Errorf("%+v", c.got)
	}
}

// TestAListOfOldComplaints is no surge of today.
func TestAListOfOldComplaints(t *testing.T) {
	c := newClientele(t, 11)
	for n := range uint64(60) {
		c.e.Complaint(&Complaint{Number: n, Received: c.last.AddDate(0, 0, -int(n)-2), Known: c.last})
	}
	for _, a := range c.got {
		if a.about(Outside) {
			t.Errorf("%+v", a)
		}
	}
}

// attempts gives an engine refusals.
func attempts(world World, list ...Event) (got []Alert) {
	e := New(Options{Policy: DefaultPolicy(), World: world, Emit: func(a *Alert) { got = append(got, *a) }})
	for i := range list {
		list[i].Entry = uint64(i + 1)
		e.Take(&list[i])
	}
	return got
}

// TestAttemptsAfterTheEnd: one try of a leaver is told at once, more of them when their
// number doubles, and the same again a week later only.
func TestAttemptsAfterTheEnd(t *testing.T) {
	world := World{Attempt: func(*Event) (string, int) { return "Somebody who left tried.", 1 }}
	var list []Event
	for day := range 15 {
		for n := range 8 {
			list = append(list, Event{Kind: custody.EventRefusal, Code: custody.CodeUnauthorised, Person: 3, Time: monday.AddDate(0, 0, day).Add(time.Duration(9+n) * time.Hour)})
		}
	}
	got := attempts(world, list...)
	days := map[string]int{}
	for _, a := range got {
		days[a.Time.Format(time.DateOnly)]++
		if a.Held || a.From.Year() < 2000 || !a.about(Facts) || len(a.Innocent) == 0 {
			t.Errorf("%+v", a)
		}
	}
	if len(days) != 3 || days["2026-01-05"] != 4 {
		t.Errorf("told on %v", days)
	}
}

// TestOneAnswerIsOneFact, however many customers it holds.
func TestOneAnswerIsOneFact(t *testing.T) {
	world := World{Fact: func(*Event, custody.SubjectID) string { return "Looked after leaving." }}
	look := Event{Kind: custody.EventDisclosure, Person: 3, Time: monday, Subjects: []custody.SubjectID{1, 2, 3, 4}}
	got := attempts(world, look, look)
	if last := got[len(got)-1]; last.Findings[0].Observed != 2 || len(last.Entries) != 2 || last.Revision > 2 {
		t.Errorf("%+v", got)
	}
}

// TestWhatEachDidIsToldApart: two logins on a device about which there is an alert open a
// planted customer each.
func TestWhatEachDidIsToldApart(t *testing.T) {
	o := newOffice(40)
	for d := 10; d < 40; d++ {
		for i := range 4 {
			o.look(monday.AddDate(0, 0, d).Add(time.Duration(10+i)*time.Hour), uint32(4+3*(i%2)), 77, 90_000+uint32(d*10+i))
		}
	}
	day := monday.AddDate(0, 0, 16).Add(15 * time.Hour)
	o.look(day, 4, 77, 99_999)
	o.look(day.Add(time.Minute), 7, 77, 99_999)
	list := o.run(t, func(x *Options) {
		x.World.Fact = func(_ *Event, s custody.SubjectID) string {
			if s == 99_999 {
				return "Opened a planted customer."
			}
			return ""
		}
	})
	for _, who := range []uint32{4, 7} {
		if a := about(list, Facts, who); a == nil {
			t.Errorf("nothing is said of login %d", who)
		}
	}
}

// TestFeedbackMovesTheBudgetOnly: a detector with more of it speaks of weaker evidence and
// the others of stronger; what is counted, and the whole, stay.
func TestFeedbackMovesTheBudgetOnly(t *testing.T) {
	o := newOffice(30)
	for i := range 6 {
		o.look(monday.AddDate(0, 0, 25).Add(time.Duration(9+i)*time.Hour), 4, 4, 90_000+uint32(i))
	}
	run := func(factor float64) (alpha, evidence, whole float64) {
		e := New(Options{Policy: DefaultPolicy(), World: o.world(), Only: map[Rule]bool{Unexplained: true}, Emit: func(a *Alert) {
			if a.Person == 4 && alpha == 0 {
				alpha, evidence = a.Findings[0].Parameters["alpha"], a.Findings[0].Evidence
				if a.Findings[0].Version != Version {
					t.Errorf("the rules became version %s", a.Findings[0].Version)
				}
			}
		}})
		if factor != 1 {
			e.SetFactor(Unexplained, factor)
		}
		slices.SortStableFunc(o.events, func(a, b Event) int { return a.Time.Compare(b.Time) })
		for i := range o.events {
			o.events[i].Entry = uint64(i + 1)
			e.Take(&o.events[i])
		}
		for _, share := range e.o.Policy.Shares {
			whole += share
		}
		return alpha, evidence, whole
	}
	plain, found, whole := run(1)
	more, earlier, same := run(2)
	if plain == 0 || more <= plain || earlier > found || same < whole-1e-9 || same > whole+1e-9 {
		t.Errorf("alpha %g then %g, evidence %g then %g, the whole %g then %g", plain, more, found, earlier, whole, same)
	}
}

// TestANetworkIsNoDevice: behind the address of a branch are many people; what one does
// is not what another does.
func TestANetworkIsNoDevice(t *testing.T) {
	o := newOffice(40)
	for i := range o.events {
		o.events[i].Device = 1
	}
	for d := 10; d < 40; d++ {
		for i := range 3 {
			o.events = append(o.events, Event{Time: monday.AddDate(0, 0, d).Add(time.Duration(10+2*i) * time.Hour), Kind: custody.EventDisclosure, Person: 4, Device: 1,
				Group: branchOf(4), Subjects: []custody.SubjectID{custody.SubjectID(90_000 + d*10 + i)}})
		}
	}
	list := o.run(t, nil)
	if about(list, Slow, 4) == nil {
		t.Error("slow exfiltration behind a shared address went unnoticed")
	}
	for _, a := range list {
		if a.ByDevice {
			t.Errorf("an address of thirty people is taken for a device: %s", a.Says)
		}
	}
}
