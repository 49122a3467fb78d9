package detect

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"custody"
)

// TestEntriesOfAnAlert: ascending, without repeats, the newest of many, and how many there
// were in all.
func TestEntriesOfAnAlert(t *testing.T) {
	var a Alert
	a.entries([]uint64{5, 3}, 9)
	a.entries([]uint64{3, 4}, 2)
	if !slices.Equal(a.Entries, []uint64{3, 4, 5}) || a.InAll != 9 {
		t.Errorf("%v of %d", a.Entries, a.InAll)
	}
	for n := range uint64(2 * MaxEntries) {
		a.entries([]uint64{n + 100}, 0)
	}
	if len(a.Entries) != MaxEntries || !slices.IsSorted(a.Entries) || a.Entries[MaxEntries-1] != 99+2*MaxEntries || a.InAll < MaxEntries {
		t.Errorf("%d entries to %d, of %d", len(a.Entries), a.Entries[len(a.Entries)-1], a.InAll)
	}
}

// TestStrength: facts before everything, and no evidence beyond what rounding allows.
func TestStrength(t *testing.T) {
	of := func(list ...Finding) float64 { return (&Alert{Findings: list}).Strength() }
	fact, sure, weak := Finding{Rule: Facts}, Finding{Rule: Slow, Evidence: 1e300}, Finding{Rule: Burst, Evidence: 100}
	if of(fact) <= of(sure, sure, sure) || of(sure) != 13 || of(weak) != 2 || of(weak, weak) != 4 || of(Finding{Rule: Burst, Evidence: 0.5}) != 0 {
		t.Errorf("%v %v %v", of(fact), of(sure), of(weak))
	}
}

// TestAComplaintOnce: the same number in two findings is one complaint.
func TestAComplaintOnce(t *testing.T) {
	var a Alert
	a.with(evidence{Finding: Finding{Rule: Outside, Of: "x"}, complaints: []uint64{7, 8}})
	a.with(evidence{Finding: Finding{Rule: Outside, Of: "x", Observed: 2}, complaints: []uint64{8, 9}})
	a.with(evidence{Finding: Finding{Rule: Outside, Of: "y"}})
	if !slices.Equal(a.Complaints, []uint64{7, 8, 9}) || len(a.Findings) != 2 || a.Findings[0].Observed != 2 {
		t.Errorf("%+v", a)
	}
}

// elsewhere are the devices that login 5 uses beside its own, each once.
var elsewhere = []uint32{6, 50, 51}

// office12 has looked on for twelve days at twelve people at work, each on a device.
func office12(change func(*Options)) *counting {
	c := newCounting(change)
	for d := range 12 {
		for p := range 12 {
			c.on(monday.AddDate(0, 0, d).Add(10*time.Hour), uint32(p+1), uint32(p+1), p*1000+d*17, 1)
		}
		if d < len(elsewhere) { // before anything of a login is unusual
			c.on(monday.AddDate(0, 0, d).Add(15*time.Hour), 5, elsewhere[d], 4000+d*17, 1)
		}
	}
	return c
}

// on has a login look on a device.
func (c *counting) on(at time.Time, person, device uint32, from, n int) *Event {
	c.entry++
	ev := &Event{Entry: c.entry, Time: at, Kind: custody.EventDisclosure, Person: person, Device: device}
	for i := range n {
		ev.Subjects = append(ev.Subjects, custody.SubjectID(from+i))
	}
	c.Take(ev)
	return ev
}

// says lists what was found, of whom, in the order of keys.
func (c *counting) says() (list []string) {
	for _, a := range c.alerts {
		for _, f := range a.Findings {
			list = append(list, fmt.Sprintf("%d %s %v", a.Person, f.Of, f.Observed))
		}
	}
	slices.Sort(list)
	return list
}

// TestFiles holds when files of a day are an export: by customers, not by rows; of a day,
// not of all days; again when it has become three times as much; once it is usual, no more.
func TestFiles(t *testing.T) {
	const of = "5 " + ofFiles
	file := func(c *counting, at time.Time, from, n int) {
		c.entry++
		ev := &Event{Entry: c.entry, Time: at, Kind: custody.EventDisclosure, Person: 5, Taken: true}
		for i := range n {
			ev.Subjects = append(ev.Subjects, custody.SubjectID(from+i))
		}
		c.Take(ev)
	}
	day := monday.AddDate(0, 0, 12)
	for name, x := range map[string]struct {
		do   func(c *counting)
		want []string
	}{
		"bulk":                   {func(c *counting) { file(c, day, 0, 50) }, []string{of + " 50"}},
		"one less":               {func(c *counting) { file(c, day, 0, 49) }, nil},
		"in two files":           {func(c *counting) { file(c, day, 0, 30); file(c, day, 30, 30) }, []string{of + " 60"}},
		"the same in two files":  {func(c *counting) { file(c, day, 0, 30); file(c, day, 0, 30) }, nil},
		"on two days":            {func(c *counting) { file(c, day, 0, 30); file(c, day.AddDate(0, 0, 1), 30, 30) }, nil},
		"on the screen":          {func(c *counting) { c.look(day, 5, 0, 60) }, nil},
		"more, not much more":    {func(c *counting) { file(c, day, 0, 50); file(c, day, 100, 5) }, []string{of + " 50"}},
		"three times as much":    {func(c *counting) { file(c, day, 0, 50); file(c, day, 100, 110) }, []string{of + " 160"}},
		"as much on another day": {func(c *counting) { file(c, day, 0, 50); file(c, day.AddDate(0, 0, 1), 100, 60) }, []string{of + " 50"}},
		"four times on another":  {func(c *counting) { file(c, day, 0, 50); file(c, day.AddDate(0, 0, 1), 100, 200) }, []string{of + " 200", of + " 50"}},
		"every day of everybody's": {func(c *counting) {
			c.desk.kinds[rareExport] = rare{happened: 500, days: 1000}
			file(c, day, 0, 50)
		}, nil},
	} {
		c := office12(func(o *Options) { o.Only = map[Rule]bool{Export: true} })
		x.do(c)
		if got := c.says(); !slices.Equal(got, x.want) {
			t.Errorf("%s: %v, want %v", name, got, x.want)
		}
	}
	early := newCounting(func(o *Options) { o.Only = map[Rule]bool{Export: true} })
	file(early, monday, 0, 500)
	if len(early.alerts) > 0 {
		t.Error("an export was raised while it is learnt what is usual")
	}
}

// TestWholeTables holds what is one answer: of one session, one entrance and one question;
// and of how large a table.
func TestWholeTables(t *testing.T) {
	at := monday.AddDate(0, 0, 12)
	part := func(c *counting, session custody.SessionID, route custody.Route, statement uint64, from, n int) {
		c.entry++
		ev := &Event{Entry: c.entry, Time: at, Kind: custody.EventDisclosure, Person: 5, Session: session, Route: route, Statement: statement}
		for i := range n {
			ev.Subjects = append(ev.Subjects, custody.SubjectID(from+i))
		}
		c.Take(ev)
	}
	for name, x := range map[string]struct {
		all  int
		do   func(c *counting)
		want bool
	}{
		"half":             {200, func(c *counting) { part(c, 1, 1, 1, 0, 100) }, true},
		"less":             {200, func(c *counting) { part(c, 1, 1, 1, 0, 99) }, false},
		"in parts":         {200, func(c *counting) { part(c, 1, 1, 1, 0, 50); part(c, 1, 1, 1, 50, 50) }, true},
		"rows, not people": {200, func(c *counting) { part(c, 1, 1, 1, 0, 60); part(c, 1, 1, 1, 0, 60) }, false},
		"of two questions": {200, func(c *counting) { part(c, 1, 1, 1, 0, 60); part(c, 1, 1, 2, 60, 60) }, false},
		"of two sessions":  {200, func(c *counting) { part(c, 1, 1, 1, 0, 60); part(c, 2, 1, 1, 60, 60) }, false},
		"by two entrances": {200, func(c *counting) { part(c, 1, 1, 1, 0, 60); part(c, 1, 2, 1, 60, 60) }, false},
		"a small table":    {99, func(c *counting) { part(c, 1, 1, 1, 0, 99) }, false},
	} {
		c := newCounting(func(o *Options) {
			o.Only = map[Rule]bool{Export: true}
			o.World.Customers = func() int { return x.all }
		})
		told := 0
		c.o.Emit = func(*Alert) { told++ }
		x.do(c)
		if (told == 1) != x.want || told > 1 {
			t.Errorf("%s: told %d times", name, told)
		}
		if x.want {
			if part(c, 1, 1, 1, 100, 10); told != 1 {
				t.Errorf("%s: the next part was told as well", name)
			}
		}
	}
}

// refuse has a login refused n times.
func (c *counting) refuse(at time.Time, code custody.Code, session custody.SessionID, n int) {
	for i := range n {
		c.entry++
		c.Take(&Event{Entry: c.entry, Time: at.Add(time.Duration(i) * time.Second), Kind: custody.EventRefusal, Code: code, Person: 5, Session: session})
	}
}

// TestRefusals holds how many of which on one day are more than mistakes.
func TestRefusals(t *testing.T) {
	day := monday.AddDate(0, 0, 15)
	next := day.AddDate(0, 0, 1)
	const probes, guesses = "5 refusals on one day 20", "5 sign-ins in vain on one day 10"
	for name, x := range map[string]struct {
		do   func(c *counting)
		want []string
	}{
		"forbidden":         {func(c *counting) { c.refuse(day, custody.CodeForbidden, 1, probing) }, []string{probes}},
		"revoked":           {func(c *counting) { c.refuse(day, custody.CodeRevoked, 1, probing) }, []string{probes}},
		"of nobody":         {func(c *counting) { c.refuse(day, custody.CodeUnattributed, 1, probing) }, []string{probes}},
		"over the limit":    {func(c *counting) { c.refuse(day, custody.CodeLimit, 1, probing) }, []string{probes}},
		"a statement wrong": {func(c *counting) { c.refuse(day, custody.CodeInvalid, 1, 5*probing) }, nil},
		"one less":          {func(c *counting) { c.refuse(day, custody.CodeForbidden, 1, probing-1) }, nil},
		"on two days": {func(c *counting) {
			c.refuse(day, custody.CodeForbidden, 1, probing-1)
			c.refuse(next, custody.CodeForbidden, 1, probing-1)
		}, nil},
		"sign-ins": {func(c *counting) { c.refuse(day, custody.CodeUnauthorised, 0, guessing) }, []string{guesses}},
		"one sign-in less, twice": {func(c *counting) {
			c.refuse(day, custody.CodeUnauthorised, 0, guessing-1)
			c.refuse(next, custody.CodeUnauthorised, 0, guessing-1)
		}, nil},
		"when it is usual": {func(c *counting) {
			c.desk.kinds[rareProbing] = rare{happened: 500, days: 1000}
			c.refuse(day, custody.CodeForbidden, 1, 5*probing)
		}, nil},
	} {
		c := office12(func(o *Options) { o.Only = map[Rule]bool{Enumeration: true, Shared: true} })
		told := 0
		emit := c.o.Emit
		c.o.Emit = func(a *Alert) { told++; emit(a) }
		x.do(c)
		if got := c.says(); !slices.Equal(got, x.want) || told > len(x.want) {
			t.Errorf("%s: %v, told %d times, want %v", name, got, told, x.want)
		}
		if x.want != nil {
			if x.do(c); told > 1 {
				t.Errorf("%s: told again on the same day", name)
			}
		}
	}
	early := newCounting(nil)
	early.refuse(monday, custody.CodeForbidden, 1, 5*probing)
	if len(early.alerts) > 0 {
		t.Error("refusals were raised while it is learnt what is usual")
	}
}

// TestAttemptsThatAreFew: a program that was left running is told from the least number
// on, and a week after it was told.
func TestAttemptsThatAreFew(t *testing.T) {
	c := newCounting(func(o *Options) {
		o.World.Attempt = func(*Event) (string, int) { return "A leaver tried.", 3 }
	})
	told := map[int]int{}
	day := 0
	c.o.Emit = func(*Alert) { told[day]++ }
	for day = range 18 {
		n := 3
		if day < 3 {
			n = 2
		}
		c.refuse(monday.AddDate(0, 0, day), custody.CodeUnauthorised, 1, n)
	}
	if len(told) != 3 || told[3] != 1 || told[3+lateAgain] != 1 || told[3+2*lateAgain] != 1 {
		t.Errorf("told on days %v", told)
	}
}

// TestAlpha: the budget is shared out among people and kinds; what never happened here is
// told once on so many person-days, however many people there are.
func TestAlpha(t *testing.T) {
	c := newCounting(nil)
	want := 5 * 0.15 / 6 / 1000
	if got := c.alpha(Shared, rareTravel); math.Abs(got-want) > 1e-12 {
		t.Errorf("alpha %g, want %g", got, want)
	}
	c.desk.kinds[rareTravel].days = leastPool - 1
	if got := c.alpha(Shared, rareTravel); math.Abs(got-want) > 1e-12 {
		t.Errorf("with few days known alpha is %g, want %g", got, want)
	}
	c.desk.kinds[rareTravel].days = leastPool
	if k := &c.desk.kinds[rareTravel]; k.chance() > c.alpha(Shared, rareTravel) {
		t.Error("the first in a hundred days is not told")
	}
	c.desk.kinds[rareTravel].happened = 1
	if k := &c.desk.kinds[rareTravel]; k.chance() < c.alpha(Shared, rareTravel) {
		t.Error("the second in a hundred days is told")
	}
}

// TestTwoPairsOfHands holds what each finding about a login's devices and hours takes.
func TestTwoPairsOfHands(t *testing.T) {
	day := monday.AddDate(0, 0, 12).Add(10 * time.Hour)
	places := map[uint32]Place{5: {Latitude: 51.5, Longitude: -0.1}, 50: {Latitude: 51.6, Longitude: -0.1}, 51: {Latitude: 55.9, Longitude: -3.2}}
	turns := func(n int, pause time.Duration) func(*counting) {
		return func(c *counting) {
			for i := range n {
				c.on(day.Add(time.Duration(i)*pause), 5, uint32(5+i%2), 60_000+i, 1)
			}
		}
	}
	session := func(code custody.Code) func(*counting) {
		return func(c *counting) {
			for range 2 {
				c.entry++
				c.Take(&Event{Entry: c.entry, Time: day, Kind: custody.EventSessionStart, Code: code, Person: 5, Device: 51})
			}
		}
	}
	const both, apart = "5 turns between devices within ten minutes 3", "5 kilometres"
	for name, x := range map[string]struct {
		do   func(c *counting)
		want string
	}{
		"two devices, taking turns": {turns(leastTurns+1, time.Minute), both},
		"two turns":                 {turns(leastTurns, time.Minute), ""},
		"one after the other":       {turns(9, turn+time.Second), ""},
		"a new device":              {func(c *counting) { c.on(day, 5, 70, 60_000, 1) }, "5 new devices on a day of one login 1"},
		"a newcomer's first device": {func(c *counting) { c.on(day, 99, 70, 60_000, 1) }, ""},
		"customers at night": {func(c *counting) {
			for i := range 9 {
				c.on(day.Add(time.Duration(12*60+i)*time.Minute), 5, 5, 60_000, leastOff)
			}
		}, "5 customers outside the hours 3"},
		"a forgotten task at night":     {func(c *counting) { c.on(day.Add(12*time.Hour), 5, 5, 60_000, leastOff-1) }, ""},
		"two cities":                    {func(c *counting) { c.on(day, 5, 5, 60_000, 1); c.on(day.Add(time.Minute), 5, 51, 60_001, 1) }, apart},
		"two cities, in time":           {func(c *counting) { c.on(day, 5, 5, 60_000, 1); c.on(day.Add(time.Hour), 5, 51, 60_001, 1) }, ""},
		"the next street":               {func(c *counting) { c.on(day, 5, 5, 60_000, 1); c.on(day.Add(time.Millisecond), 5, 50, 60_001, 1) }, ""},
		"a sign-in in another city":     {func(c *counting) { c.on(day, 5, 5, 60_000, 1); session(custody.CodeNone)(c) }, apart},
		"live at two addresses":         {session(custody.CodeConflict), "5 sessions at once 2"},
		"signing in twice":              {session(custody.CodeNone), ""},
		"two addresses, as many others": {func(c *counting) { c.desk.kinds[rareSecond].happened = 100; session(custody.CodeConflict)(c) }, ""},
	} {
		c := office12(func(o *Options) {
			o.Only = map[Rule]bool{Shared: true}
			o.World.Place = func(d uint32) (Place, bool) { p, ok := places[d]; return p, ok }
		})
		told := 0
		emit := c.o.Emit
		c.o.Emit = func(a *Alert) { told++; emit(a) }
		x.do(c)
		found := ""
		for _, s := range c.says() {
			if x.want == "" || strings.HasPrefix(s, x.want) {
				found = s
			}
		}
		if !strings.HasPrefix(found, x.want) || (found == "") != (x.want == "") {
			t.Errorf("%s: %v, want %q", name, c.says(), x.want)
		}
		for _, a := range c.alerts {
			if told > len(a.Findings)+1 {
				t.Errorf("%s: told %d times: %v", name, told, c.says())
			}
		}
	}
}

// TestHoursOfTheRoster go before what was learnt; where it does not know the login, what
// was learnt counts; and hours are those of the zone.
func TestHoursOfTheRoster(t *testing.T) {
	night, noon := monday.AddDate(0, 0, 12).Add(22*time.Hour), monday.AddDate(0, 0, 12).Add(10*time.Hour)
	for name, x := range map[string]struct {
		at                   time.Time
		rostered, known, off bool
	}{
		"at night, rostered":             {night, true, true, false},
		"at night, not rostered":         {night, false, true, true},
		"at night, not on the roster":    {night, true, false, true},
		"by day, not rostered":           {noon, false, true, true},
		"by day, not on the roster":      {noon, false, false, false},
		"by day and on shift, of course": {noon, true, true, false},
	} {
		c := office12(func(o *Options) {
			o.World.Shift = func(uint32, time.Time) (bool, bool) { return x.rostered, x.known }
		})
		ev := c.on(x.at, 5, 5, 60_000, 1)
		if got := c.off(ev, c.people[5]); got != x.off {
			t.Errorf("%s: off %v", name, got)
		}
	}
	zone := time.FixedZone("", 5*3600)
	c := newCounting(func(o *Options) { o.Zone = zone })
	if c.look(monday.Add(10*time.Hour), 5, 1, 1); c.people[5].hour != 15 {
		t.Errorf("ten o'clock is hour %d five hours further east", c.people[5].hour)
	}
}
