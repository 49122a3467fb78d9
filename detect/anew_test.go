package detect

import (
	"slices"
	"strings"
	"testing"
	"time"

	"custody"
)

// TestEachAlarmShowsItsOwnLooks: an alarm begins anew, so that the next one, of a login, of
// a device or of complaints, rests on what came after it.
func TestEachAlarmShowsItsOwnLooks(t *testing.T) {
	c := office12(func(o *Options) { o.Only = map[Rule]bool{Slow: true, Outside: true} })
	entry := map[int]uint64{} // the first of each day
	n := uint64(0)
	for d := 12; d < 40; d++ {
		at := monday.AddDate(0, 0, d).Add(10 * time.Hour)
		entry[d] = c.entry + 1
		for i := range 9 {
			c.on(at.Add(time.Duration(i)*time.Minute), 5, 5, 70_000+d*100+i, 1)
		}
		for i := range 6 {
			n++
			if d == 20 || d == 30 {
				c.Complaint(&Complaint{Number: n, Received: at.Add(time.Duration(i) * time.Hour), Known: at.Add(time.Duration(i) * time.Hour)})
			}
		}
	}
	slow, waves := c.ofRule(Slow), c.ofRule(Outside)
	if len(slow) < 2 || len(waves) != 2 {
		t.Fatalf("%d alarms of looks, %d of complaints", len(slow), len(waves))
	}
	for i, a := range slow[1:] {
		if first := a.Entries[0]; first <= slow[i].Entries[0] || first < entry[12] {
			t.Errorf("alarm %d shows looks from %d on, the one before from %d", i+1, first, slow[i].Entries[0])
		}
		if a.InAll >= 9*28 {
			t.Errorf("alarm %d shows all looks: %d", i+1, a.InAll)
		}
	}
	for _, number := range waves[1].Complaints {
		if slices.Contains(waves[0].Complaints, number) {
			t.Errorf("complaint %d counts for two waves", number)
		}
	}
	if d := c.devices[5]; d.recent.n > 9*20 || d.several {
		t.Errorf("the device still holds %d looks of before its alarm", d.recent.n)
	}
}

// ofRule lists alerts in which a rule found something, the oldest first.
func (c *counting) ofRule(r Rule) (list []Alert) {
	for _, a := range c.alerts {
		if a.about(r) {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, func(a, b Alert) int { return a.Time.Compare(b.Time) })
	return list
}

// TestADaysAlarmShowsTheDay: of looks on earlier days none is shown.
func TestADaysAlarmShowsTheDay(t *testing.T) {
	c := office12(func(o *Options) { o.Only = map[Rule]bool{Unexplained: true} })
	from := c.entry + 1
	for i := range 40 {
		c.on(monday.AddDate(0, 0, 12).Add(10*time.Hour), 5, 5, 70_000+i, 1)
	}
	list := c.ofRule(Unexplained)
	if len(list) != 1 || list[0].Entries[0] < from {
		t.Errorf("%+v, want looks from %d on", list, from)
	}
}

// TestBursts holds what is a burst: five customers at least, of a login of which something
// is known, among enough days of others; told once a day; and a wild day does not become
// what is usual.
func TestBursts(t *testing.T) {
	day := monday.AddDate(0, 0, 12).Add(10 * time.Hour)
	burst := func(person uint32, n int) func(*counting) {
		return func(c *counting) {
			for i := range n {
				c.on(day.Add(time.Duration(i)*time.Second), person, person, 70_000+i, 1)
			}
		}
	}
	for name, x := range map[string]struct {
		do   func(*counting)
		told int
	}{
		"five":          {burst(5, leastBurst), 1},
		"four":          {burst(5, leastBurst-1), 0},
		"one more":      {burst(5, leastBurst+1), 1},
		"of a newcomer": {burst(99, 40), 0},
		"one customer many times": {func(c *counting) {
			burst(5, 1)(c)
			burst(5, 1)(c)
			burst(5, 1)(c)
			burst(5, 1)(c)
			burst(5, 1)(c)
			burst(5, 1)(c)
		}, 0},
		"few days are known": {func(c *counting) { c.pools = [poolCount]pool{}; burst(5, 40)(c) }, 0},
	} {
		c := office12(func(o *Options) { o.Only = map[Rule]bool{Burst: true} })
		for i := range c.pools[customerPool].bins { // as if more people had been there
			c.pools[customerPool].bins[i] *= 3
		}
		c.pools[customerPool].all *= 3
		told := 0
		c.o.Emit = func(*Alert) { told++ }
		if x.do(c); told != x.told {
			t.Errorf("%s: told %d times, want %d", name, told, x.told)
		}
	}
	c := office12(nil)
	burst(5, 300)(c)
	c.on(day.AddDate(0, 0, 1), 5, 5, 1, 1)
	if h := c.people[5].bursts[customerPool]; h.sum/h.days > 3 {
		t.Errorf("one wild day made %v usual", h.sum/h.days)
	}
}

// TestNothingIsRaisedWhileLearning, in an organisation so large that a few days of it hold
// hundreds of person-days: only facts are.
func TestNothingIsRaisedWhileLearning(t *testing.T) {
	c := newCounting(func(o *Options) { o.World.Customers = func() int { return 1_000_000 } })
	for d := range 3 {
		for p := range 200 {
			c.on(monday.AddDate(0, 0, d).Add(10*time.Hour), uint32(p+1), uint32(p+1), p*1000+d*17, 1)
		}
	}
	day := monday.AddDate(0, 0, 3).Add(10 * time.Hour)
	for i := range 40 {
		c.on(day.Add(time.Duration(i)*20*time.Second), 5, uint32(5+i%2), 900_000+i, 1)
		c.on(day.Add(time.Duration(i)*20*time.Second), 6, 7, 800_000+100*i, list)
	}
	c.entry++
	file := &Event{Entry: c.entry, Time: day.Add(time.Hour), Kind: custody.EventDisclosure, Person: 7, Taken: true}
	for i := range 500 {
		file.Subjects = append(file.Subjects, custody.SubjectID(700_000+i))
	}
	c.Take(file)
	c.refuse(day.Add(2*time.Hour), custody.CodeForbidden, 1, 2*probing)
	c.refuse(day.Add(2*time.Hour), custody.CodeUnauthorised, 0, 2*guessing)
	if len(c.alerts) > 0 {
		t.Errorf("raised while learning: %v", c.says())
	}
}

// TestWhatIsSwitchedOffIsNotRaised, facts included.
func TestWhatIsSwitchedOffIsNotRaised(t *testing.T) {
	c := newCounting(func(o *Options) {
		o.Only = map[Rule]bool{Slow: true}
		o.World.Fact = func(*Event, custody.SubjectID) string { return "A fact." }
	})
	if c.look(monday, 5, 1, 3); len(c.alerts) > 0 {
		t.Errorf("%v", c.says())
	}
}

// TestAMachineIsToldOnce a day, and an export that is three times the one before is told
// on whatever day.
func TestAMachineIsToldOnce(t *testing.T) {
	c := office12(func(o *Options) { o.Only = map[Rule]bool{Enumeration: true} })
	told := 0
	c.o.Emit = func(*Alert) { told++ }
	for i := range leastRun + 3 {
		c.look(monday.AddDate(0, 0, 12).Add(time.Duration(i*i%97+i*30)*time.Second), 5, 100_000+i, 1)
	}
	if told != 1 {
		t.Errorf("%d in sequence were told %d times", leastRun+3, told)
	}
}

// TestWhoseDevice says on what a login was used, as far as can be told.
func TestWhoseDevice(t *testing.T) {
	day := monday.AddDate(0, 0, 12).Add(10 * time.Hour)
	for want, do := range map[string]func(*counting){
		"on a device on which it never was before.":              func(c *counting) { c.on(day, 5, 70, 60_000, 1) },
		"on a colleague's device, on which it never was before.": func(c *counting) { c.on(day, 5, 8, 60_000, 1) },
		"took turns with the colleague's.": func(c *counting) {
			c.desk.kinds[rareDevice] = rare{happened: 100, days: 10_000} // told only once it is more than a new device
			for i := range 8 * leastTurns {
				c.on(day.Add(time.Duration(i)*time.Minute), uint32(8-3*(i%2)), 8, 60_000+i, 1)
			}
		},
		"from a network from which it never was before.": func(c *counting) {
			for i := range 2 * crowd {
				c.on(day.Add(time.Duration(i)*time.Second), uint32(i%crowd+1), 70, 60_000+i, 1)
			}
		},
	} {
		c := office12(func(o *Options) { o.Only = map[Rule]bool{Shared: true} })
		var says []string
		c.o.Emit = func(a *Alert) {
			if a.Person == 5 || strings.Contains(want, "network") {
				says = append(says, a.Findings[len(a.Findings)-1].Says)
			}
		}
		do(c)
		if len(says) == 0 || !strings.Contains(says[len(says)-1], want) {
			t.Errorf("%q, want %q", says, want)
		}
		if strings.Contains(want, "network") && strings.Contains(says[len(says)-1], "turns") {
			t.Errorf("colleagues behind one address took turns: %q", says)
		}
	}
}

// TestWhatIsCommonNeedsUnexplainedLooks: where colleagues' devices are borrowed every
// week, one more says nothing, unless looks without a reason come with it.
func TestWhatIsCommonNeedsUnexplainedLooks(t *testing.T) {
	for n, want := range map[int]bool{1: false, 60: true} {
		c := office12(func(o *Options) { o.Only = map[Rule]bool{Shared: true} })
		c.desk.kinds[rareDevice] = rare{happened: 20, days: 1000}
		c.on(monday.AddDate(0, 0, 12).Add(10*time.Hour), 5, 8, 60_000, n)
		if got := len(c.alerts) > 0; got != want {
			t.Errorf("%d unexplained looks on a colleague's device: told %v", n, got)
		}
	}
}

// TestGroupsFollow: a login is one of those with whom it was last; an event that does not
// say moves nobody.
func TestGroupsFollow(t *testing.T) {
	c := newCounting(nil)
	for _, g := range []uint32{1, 2, 0} {
		c.entry++
		c.Take(&Event{Entry: c.entry, Time: monday, Kind: custody.EventDisclosure, Person: 5, Group: g, Subjects: []custody.SubjectID{1}})
	}
	if g := c.people[5].group; g != 2 {
		t.Errorf("group %d", g)
	}
}

// TestAlertsOfOneDevice: a login's finding joins what it did itself on the device, not what
// a colleague did there.
func TestAlertsOfOneDevice(t *testing.T) {
	c := office12(nil)
	day := monday.AddDate(0, 0, 12).Add(10 * time.Hour)
	raise := func(person uint32, of string, device bool) *Alert {
		c.entry++
		ev := &Event{Entry: c.entry, Time: day, Person: person, Device: 8}
		return c.raise(ev, c.people[person], c.devices[8], evidence{Finding: Finding{Rule: Burst, Of: of}, device: device, entries: []uint64{ev.Entry}})
	}
	c.devices[8].several = false
	first := raise(5, "a", true)
	again := raise(5, "b", false)
	other := raise(6, "c", false)
	if again != first || first.Revision != 1 || !first.ByDevice || other == first || other.Revision != 0 || other.Person != 6 {
		t.Errorf("first %+v\nagain %+v\nother %+v", first, again, other)
	}
}

// TestFewDaysOfOneRate: that members' days differ by chance says nothing of how far members
// lie apart.
func TestFewDaysOfOneRate(t *testing.T) {
	c := 0
	var list []*tester
	for range 300 {
		x := &tester{days: 4}
		for range 4 {
			c = (c*1103515245 + 12345) & 0x7fffffff
			x.sum += []float64{0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3}[c>>16&15]
		}
		list = append(list, x)
	}
	var p peers
	p.learn(func(f func(uint32, *tester)) {
		for _, x := range list {
			f(0, x)
		}
	})
	if got := p.of(0); got.rate < 12 {
		t.Errorf("members of one rate look different: %+v", got)
	}
}
