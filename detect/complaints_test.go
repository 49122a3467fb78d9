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

// TestWhatWasExpected: a login's finding says how many complaints chance would have given
// it, and the strength of the process is the mean over the alternatives, as its guarantee
// asks.
func TestWhatWasExpected(t *testing.T) {
	var x complained
	for n := range uint64(10) {
		x.take(n%2 == 0, 0.25, &Complaint{Number: n})
	}
	if x.mean != 2.5 || x.seen != 5 || x.of != 10 {
		t.Errorf("%+v", x)
	}
	want := 0.0
	for i, share := range leaked {
		run := 0.0
		for n := range 10 {
			ratio := 1 - share
			if n%2 == 0 {
				ratio += share / 0.25
			}
			run = (run + 1) * ratio
		}
		if run != x.run[i] {
			t.Errorf("alternative %d: %v, want %v", i, x.run[i], run)
		}
		want += run / float64(len(leaked))
	}
	if got := x.evidence(); got < want*0.999 || got > want*1.001 {
		t.Errorf("evidence %v, want %v", got, want)
	}
}

// TestComplaintsOfNobodyHere: a complaint whose customer is not known points at no login,
// however many of them come.
func TestComplaintsOfNobodyHere(t *testing.T) {
	c, a := suspicion(t)
	for n := range uint64(20) {
		complain(c, n, 0, Looker{Person: 3, Entries: []uint64{100}})
	}
	if len(a.Complaints) > 0 || c.people[3].complained.of != 0 {
		t.Errorf("%+v", a)
	}
}

// TestComplaintsMultiply: each complaint about an alert's customers multiplies what the ones
// before say, as independent evidence does.
func TestComplaintsMultiply(t *testing.T) {
	c, a := suspicion(t)
	evidence := func() float64 {
		for _, f := range a.Findings {
			if f.Of == ofAlert {
				return f.Evidence
			}
		}
		return 1
	}
	chance := c.chances(&Complaint{Subject: 6, Lookers: make([]Looker, 1)})(c.people[3])
	for n := uint64(1); n < 5; n++ {
		before := evidence()
		complain(c, n, 6, Looker{Person: 3, Entries: []uint64{100}})
		if got, want := evidence(), before/chance; got < want*0.999 || got > want*1.001 {
			t.Errorf("after %d complaints %v, want %v", n, got, want)
		}
	}
}

// TestAWaveAsksForMoreOfEachLogin: on days when many complain, a login is told only of more
// evidence, in proportion to how many complain.
func TestAWaveAsksForMoreOfEachLogin(t *testing.T) {
	threshold := func(mean float32) (at float64) {
		c, _ := suspicion(t)
		c.outside.mean = mean
		c.outside.day = monday
		p := c.people[4]
		p.complained = complained{seen: 9, of: 9}
		for at = 1; at < 1e9; at *= 1.1 {
			for i := range p.complained.run {
				p.complained.run[i] = at
			}
			if c.suspect(p, &Complaint{Number: 1, Received: monday, Known: monday, Subject: 6}, &Looker{Person: 4, Entries: []uint64{500}}); p.complained.seen == 0 {
				return at
			}
		}
		return 0
	}
	quiet, wave := threshold(0.1), threshold(20)
	if ratio := wave / quiet; quiet == 0 || ratio < 15 || ratio > 25 {
		t.Errorf("evidence of %v is asked for on quiet days, of %v with twenty complaints a day", quiet, wave)
	}
}
