package detect

import (
	"testing"
	"time"

	"custody"
)

// counting is an engine whose days and alerts are written down.
type counting struct {
	*Engine
	days   []time.Time
	alerts map[string]Alert
	entry  uint64
}

func newCounting(change func(*Options)) *counting {
	c := &counting{alerts: map[string]Alert{}}
	o := Options{Policy: DefaultPolicy(), World: World{Explain: func(*Event, custody.SubjectID) bool { return false }},
		Day:  func(day time.Time, _ uint32, _ int, _ float64) { c.days = append(c.days, day) },
		Emit: func(a *Alert) { c.alerts[a.Key] = *a }}
	if change != nil {
		change(&o)
	}
	c.Engine = New(o)
	return c
}

// look has a login look at n customers from a number on.
func (c *counting) look(at time.Time, person uint32, from, n int) *Event {
	c.entry++
	ev := &Event{Entry: c.entry, Time: at, Kind: custody.EventDisclosure, Person: person}
	for i := range n {
		ev.Subjects = append(ev.Subjects, custody.SubjectID(from+i))
	}
	c.Take(ev)
	return ev
}

// TestWhatCountsAsALook: looks and changes of somebody do, each customer of an answer for
// itself; looks of nobody, sign-ins and refusals do not.
func TestWhatCountsAsALook(t *testing.T) {
	for name, x := range map[string]struct {
		kind   custody.EventKind
		person uint32
		want   Counts
	}{
		"a look":           {custody.EventDisclosure, 3, Counts{Events: 1, Looks: 2, FirstLooks: 2, Unexplained: 2}},
		"a change":         {custody.EventChange, 3, Counts{Events: 1, Looks: 2, FirstLooks: 2, Unexplained: 2}},
		"a look of nobody": {custody.EventDisclosure, 0, Counts{Events: 1}},
		"a sign-in":        {custody.EventSessionStart, 3, Counts{Events: 1}},
		"a refusal":        {custody.EventRefusal, 3, Counts{Events: 1}},
	} {
		c := newCounting(nil)
		c.Take(&Event{Entry: 1, Time: monday, Kind: x.kind, Person: x.person, Session: 1, Subjects: []custody.SubjectID{1, 2}})
		if got := c.Counts(); got != x.want {
			t.Errorf("%s: %+v, want %+v", name, got, x.want)
		}
	}
}

// TestDaysEndAtMidnightOfTheZone, and the last one when the file ends.
func TestDaysEndAtMidnightOfTheZone(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	c := newCounting(func(o *Options) { o.Zone = london })
	midnight := time.Date(2026, 7, 1, 23, 0, 0, 0, time.UTC)
	c.look(midnight.Add(-time.Hour), 1, 1, 1)
	c.look(midnight.Add(-time.Second), 1, 2, 1)
	if c.Counts().Days != 0 {
		t.Error("the day ended before midnight")
	}
	c.look(midnight, 1, 3, 1)
	if c.Counts().Days != 1 {
		t.Error("the day did not end at midnight")
	}
	c.Close()
	if len(c.days) != 2 || !c.days[0].Equal(midnight.AddDate(0, 0, -1)) || !c.days[1].Equal(midnight) {
		t.Errorf("days %v", c.days)
	}
}

// TestLearningEnds: what anybody would raise is raised on the first day after so many,
// neither before nor later.
func TestLearningEnds(t *testing.T) {
	c := newCounting(func(o *Options) { o.Policy.Learn, o.Only = 3, map[Rule]bool{Unexplained: true} })
	for d := range 5 {
		c.look(monday.AddDate(0, 0, d), uint32(d+1), d*1000, 200)
	}
	for _, a := range c.alerts {
		if a.Person < 4 {
			t.Errorf("raised on day %d", a.Person)
		}
	}
	if len(c.alerts) != 2 {
		t.Errorf("%d alerts on the two days after learning", len(c.alerts))
	}
}

// TestTheBudgetIsOfADay: so many alerts a day are shown, the others held back and counted;
// facts take nothing of it, and the next day begins anew.
func TestTheBudgetIsOfADay(t *testing.T) {
	c := newCounting(func(o *Options) {
		o.Policy.Learn, o.Policy.Budget = 1, 2
		o.Only = map[Rule]bool{Unexplained: true, Facts: true}
		o.World.Fact = func(ev *Event, _ custody.SubjectID) string {
			if ev.Person >= 90 {
				return "A fact."
			}
			return ""
		}
	})
	c.look(monday, 1, 1, 1)
	for d := 1; d < 3; d++ {
		day := monday.AddDate(0, 0, d)
		c.look(day, uint32(89+d), 50_000, 1)
		for p := range 4 {
			c.look(day.Add(time.Duration(p+1)*time.Minute), uint32(d*10+p), d*10_000+p*1000, 200)
		}
	}
	for _, a := range c.alerts {
		if want := a.Person < 90 && a.Person%10 >= 2; a.Held != want {
			t.Errorf("login %d: held back %v, want %v", a.Person, a.Held, want)
		}
	}
	if n := c.Counts(); len(c.alerts) != 10 || n.Alerts != 10 || n.HeldBack != 4 {
		t.Errorf("%d alerts, %+v", len(c.alerts), n)
	}
}

// TestOneDayIsToldOnce: the test of the single day speaks of a login once a day, and then
// follows what it does.
func TestOneDayIsToldOnce(t *testing.T) {
	c := newCounting(func(o *Options) { o.Policy.Learn, o.Only = 1, map[Rule]bool{Unexplained: true} })
	c.look(monday, 1, 1, 1)
	told := 0
	c.o.Emit = func(*Alert) { told++ }
	day := monday.AddDate(0, 0, 1)
	for i := range 64 {
		c.look(day.Add(time.Duration(i)*time.Minute), 2, 1000+i, 1)
	}
	if told == 0 || told > 15 {
		t.Errorf("64 looks were told %d times; again only when a sitting has grown by a quarter", told)
	}
}

// TestManyPeopleShareTheBudget: with more people at work than it is meant for each is
// watched less closely, and those who were not there for a month do not count.
func TestManyPeopleShareTheBudget(t *testing.T) {
	c := newCounting(func(o *Options) { o.Policy.Staff = 2 })
	for p := range 5 {
		c.look(monday, uint32(p+1), p, 1)
	}
	for d := range 40 {
		c.look(monday.AddDate(0, 0, d+1), 1, 0, 1)
		want := 5.0
		if d > 30 {
			want = 2
		}
		if got := c.watched(0); got != want && (d < 29 || d > 30) {
			t.Fatalf("day %d: the budget does for %v people, want %v", d, got, want)
		}
	}
	if c.pools[customerPool].total > 1/(1-poolMemory) {
		t.Error("old days count as much as new ones")
	}
}

// TestWhatIsForgottenIsNotNew: looks at customers whose pairs were given up count as seen
// before, so that a bound of memory raises no alarm.
func TestWhatIsForgottenIsNotNew(t *testing.T) {
	c := newCounting(func(o *Options) { o.Policy.Pairs = 100 })
	c.look(monday, 1, 1, 400)
	c.look(monday.Add(time.Hour), 1, 1, 400)
	if got := c.Counts(); got.FirstLooks != 400 || got.Looks != 800 {
		t.Errorf("%+v", got)
	}
	if p := c.people[1]; !p.seen.Contains(400) || p.seen.Contains(1) {
		t.Error("the newest were forgotten, not the oldest")
	}
}

// TestRecordsAsOld: the numbers around a customer within which enough others were seen, and
// no more than needed.
func TestRecordsAsOld(t *testing.T) {
	c := newCounting(nil)
	for i := range 2000 {
		c.look(monday, 1, i*10, 1)
	}
	low, high := c.alike(10_000)
	if n := c.anybody.CardinalityInRange(low, high); n < leastAlike || n > 2*leastAlike+2 {
		t.Errorf("%d customers between %d and %d", n, low, high)
	}
	if low > 10_000 || high <= 10_000 {
		t.Errorf("the customer is not between %d and %d", low, high)
	}
	if low, high = c.alike(5); low != 0 || high <= 5 {
		t.Errorf("around the first: %d to %d", low, high)
	}
}
