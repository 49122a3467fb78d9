package detect

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"custody"
)

// suspicion is an engine in which login 3 has one alert with entries 10 and 11, and login 4
// has seen as much.
func suspicion(t *testing.T) (*counting, *Alert) {
	t.Helper()
	c := newCounting(nil)
	for p := uint32(3); p < 23; p++ {
		c.look(monday, p, int(p)*100, 100)
		c.look(monday, p, 1, 40)
	}
	ev := &Event{Entry: 100, Time: monday, Person: 3}
	a := c.raise(ev, c.people[3], nil, evidence{Finding: Finding{Rule: Burst, Of: "x", Evidence: 10}, entries: []uint64{100, 101}, inAll: 2})
	return c, a
}

func complain(c *counting, n uint64, s custody.SubjectID, lookers ...Looker) {
	c.Complaint(&Complaint{Number: n, Received: monday, Known: monday, Subject: s, Lookers: lookers})
}

// TestComplaintsStrengthenTheirAlert: a complaint about a customer of an alert's looks makes
// it stronger, once; other looks of the login, and looks of others, do not.
func TestComplaintsStrengthenTheirAlert(t *testing.T) {
	of := func(a *Alert) float64 {
		for _, f := range a.Findings {
			if f.Of == ofAlert {
				return f.Observed
			}
		}
		return 0
	}
	c, a := suspicion(t)
	complain(c, 1, 5, Looker{Person: 4, Entries: []uint64{100}})
	complain(c, 2, 5, Looker{Person: 3, Entries: []uint64{99, 98}})
	if of(a) != 0 || len(a.Complaints) != 0 {
		t.Fatalf("a complaint that has nothing to do with it: %+v", a.Findings)
	}
	complain(c, 3, 5, Looker{Person: 3, Entries: []uint64{150, 101}})
	one := a.Strength()
	complain(c, 3, 5, Looker{Person: 3, Entries: []uint64{150, 101}})
	if of(a) != 1 || a.Strength() != one || !slices.Equal(a.Complaints, []uint64{3}) {
		t.Errorf("the same complaint twice: %+v", a)
	}
	complain(c, 4, 6, Looker{Person: 3, Entries: []uint64{100}})
	if of(a) != 2 || a.Strength() <= one || !slices.Equal(a.Complaints, []uint64{3, 4}) || a.Revision != 2 {
		t.Errorf("two complaints: %+v", a)
	}
	for n := uint64(5); n < 60; n++ {
		complain(c, n, 6, Looker{Person: 3, Entries: []uint64{100}})
	}
	for _, f := range a.Findings {
		if f.Evidence > certainty {
			t.Errorf("evidence %g", f.Evidence)
		}
	}
}

// TestKeptAlertsAreBounded: the newest are kept for complaints that come, those of nobody
// never.
func TestKeptAlertsAreBounded(t *testing.T) {
	c := newCounting(nil)
	for n := range uint64(remembered + 50) {
		c.remember(&Alert{Person: 1, Key: fmt.Sprint(n)})
		c.remember(&Alert{Key: "of nobody"})
	}
	if len(c.kept) != remembered || c.kept[remembered-1].Key != fmt.Sprint(remembered+49) || c.kept[0].Key != "50" {
		t.Errorf("%d are kept, from %s", len(c.kept), c.kept[0].Key)
	}
	if c.remember(c.kept[3]); len(c.kept) != remembered {
		t.Error("kept twice")
	}
}

// TestChancesOfHavingSeen add up to as many logins as saw the customer, and none is sure.
func TestChancesOfHavingSeen(t *testing.T) {
	c, _ := suspicion(t)
	for _, lookers := range []int{0, 1, 4, 19} {
		x := &Complaint{Subject: 5, Lookers: make([]Looker, lookers)}
		of, sum := c.chances(x), 0.0
		for _, p := range c.people {
			if p != nil {
				if of(p) > 0.999 {
					t.Errorf("%d lookers: login %d is sure to be one", lookers, p.number)
				}
				sum += of(p)
			}
		}
		if want := float64(max(lookers, 1)); lookers < 5 && (sum < 0.95*want || sum > 1.05*want) {
			t.Errorf("%d lookers: the chances add up to %v", lookers, sum)
		}
	}
	if of := c.chances(&Complaint{Subject: 5, Lookers: make([]Looker, 1000)}); of(c.people[3]) > 0.999 {
		t.Error("sure to be one of a thousand")
	}
}

// TestTwoComplaintsAreACoincidence: three are needed, however little chance there is; and
// after an alarm the count begins anew.
func TestTwoComplaintsAreACoincidence(t *testing.T) {
	c, _ := suspicion(t)
	l := Looker{Person: 4, Entries: []uint64{500}}
	for p := uint32(100); p < 2100; p++ { // many others who have seen as old records: little chance
		c.look(monday, p, 1, 40)
	}
	told := false
	c.o.Emit = func(a *Alert) { told = told || a.Person == 4 && a.about(Outside) }
	for n := range 2 * leastComplained {
		complain(c, 900+uint64(n), custody.SubjectID(401+n), l)
		if told != (n+1 >= leastComplained) || c.people[4].complained.seen != (n+1)%leastComplained {
			t.Errorf("after %d complaints: told %v, %d are counted", n+1, told, c.people[4].complained.seen)
		}
	}
}

// TestManyComplaintsHeldAgainstALogin: the numbers that are kept are the newest.
func TestManyComplaintsHeldAgainstALogin(t *testing.T) {
	var x complained
	for n := range uint64(2 * MaxEntries) {
		x.take(true, 0.9, &Complaint{Number: n})
	}
	if x.seen != 2*MaxEntries || len(x.numbers) != MaxEntries || x.numbers[MaxEntries-1] != 2*MaxEntries-1 {
		t.Errorf("%d seen, %d numbers", x.seen, len(x.numbers))
	}
}

// TestSurges: a wave of complaints is told once a day, from the second week on, with
// its complaints.
func TestSurges(t *testing.T) {
	c := newCounting(nil)
	told := map[int]*Alert{}
	day := 0
	c.o.Emit = func(a *Alert) { told[day] = a }
	n := uint64(0)
	for day = range 40 {
		for i := range 10 {
			if n++; day == 3 || day == 20 {
				at := monday.AddDate(0, 0, day).Add(time.Duration(i) * time.Hour)
				c.Complaint(&Complaint{Number: n, Received: at, Known: at})
			}
		}
	}
	a := told[20]
	if len(told) != 1 || a == nil {
		t.Fatalf("told on days %v", told)
	}
	if a.Person != 0 || !slices.Contains(a.Complaints, 201) || a.Findings[0].Version != Version {
		t.Errorf("%+v", a)
	}
	if c.outside.days < 16 {
		t.Errorf("days without complaints do not count: %d", c.outside.days)
	}
}
