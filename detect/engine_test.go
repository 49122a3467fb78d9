package detect

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"custody"
)

// office is a small office in which everybody works from nine to five on customers of
// their own branch; misdeeds are added.
type office struct {
	rng    *rand.Rand
	events []Event
	people int
}

var monday = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

func newOffice(days int) *office {
	o := &office{rng: rand.New(rand.NewPCG(3, 4)), people: 30}
	for d := range days {
		for p := 1; p <= o.people; p++ {
			for range 8 {
				at := monday.AddDate(0, 0, d).Add(9*time.Hour + time.Duration(o.rng.IntN(8*3600))*time.Second)
				s := branchOf(uint32(p))*10_000 + uint32(d*40+o.rng.IntN(200))
				o.look(at, uint32(p), uint32(p), s)
			}
		}
	}
	return o
}

func branchOf(person uint32) uint32 { return person%3 + 1 }

func (o *office) look(at time.Time, person, device, subject uint32) {
	o.events = append(o.events, Event{Time: at, Kind: custody.EventDisclosure, Person: person, Device: device, Group: branchOf(person), Subjects: []custody.SubjectID{custody.SubjectID(subject)}})
}

// world explains customers of one's branch, but for one in fifty.
func (o *office) world() World {
	return World{
		Explain:   func(e *Event, s custody.SubjectID) bool { return uint32(s)/10_000 == e.Group && s%50 != 0 },
		Branch:    func(s custody.SubjectID) uint32 { return uint32(s) / 10_000 },
		Templates: []string{"a job at the person's branch"},
	}
}

// run gives all alerts in their last form, in the order in which they were raised.
func (o *office) run(t *testing.T, change func(*Options)) []Alert {
	t.Helper()
	slices.SortStableFunc(o.events, func(a, b Event) int { return a.Time.Compare(b.Time) })
	var order []string
	last := map[string]Alert{}
	options := Options{Policy: DefaultPolicy(), World: o.world(), Emit: func(a *Alert) {
		if _, there := last[a.Key]; !there {
			order = append(order, a.Key)
		}
		b := *a
		b.Entries, b.Findings = slices.Clone(a.Entries), slices.Clone(a.Findings)
		last[a.Key] = b
	}}
	if change != nil {
		change(&options)
	}
	e := New(options)
	for i := range o.events {
		o.events[i].Entry = uint64(i + 1)
		e.Take(&o.events[i])
	}
	e.Close()
	var list []Alert
	for _, k := range order {
		list = append(list, last[k])
	}
	return list
}

// about finds the alerts in which a rule says something of a login.
func about(list []Alert, r Rule, person uint32) *Alert {
	for i := range list {
		if list[i].Person == person && list[i].about(r) {
			return &list[i]
		}
	}
	return nil
}

// TestQuietOffice: thirty people may cost a reviewer five alerts in 33 days.
func TestQuietOffice(t *testing.T) {
	if list := newOffice(60).run(t, nil); len(list) > 9 {
		for _, a := range list {
			t.Errorf("an alert on nothing: %s %+v", a.Says, a.Findings)
		}
	}
}

// TestAfterHours: 39 customers of many branches in 32 minutes at night.
func TestAfterHours(t *testing.T) {
	o := newOffice(20)
	night := monday.AddDate(0, 0, 15).Add(22 * time.Hour)
	for i := range 39 {
		at := night.Add(time.Duration(i) * 50 * time.Second)
		o.look(at, 4, 4, uint32(i%25+10)*10_000+uint32(i*7))
	}
	list := o.run(t, nil)
	if len(list) != 1 {
		t.Fatalf("%d alerts; one reviewer looks at one case", len(list))
	}
	a := list[0]
	if want := "Looked at 39 customers of 25 branches in 32 minutes while off shift; no job explains any of them."; a.Says != want {
		t.Errorf("it says %q", a.Says)
	}
	if took := a.Time.Sub(night); took > 5*time.Minute {
		t.Errorf("the alert came after %v", took)
	}
	if a.Person != 4 || a.Customers != 39 || a.Branches != 25 || a.Unexplained != 39 || a.InAll != 39 || len(a.Entries) != 39 {
		t.Errorf("%+v", a)
	}
	for _, r := range []Rule{Unexplained, Burst, Shared, Enumeration} {
		if !a.about(r) {
			t.Errorf("%s has found nothing", r)
		}
	}
	for _, n := range a.Entries {
		if e := o.events[n-1]; e.Person != 4 || e.Time.Before(night) {
			t.Errorf("entry %d is not one of the night's", n)
		}
	}
	if len(a.Tried) == 0 || len(a.Innocent) == 0 {
		t.Error("templates tried and innocent explanations are missing")
	}
}

// TestSlow: three a day under each of two logins, on one device of neither.
func TestSlow(t *testing.T) {
	o := newOffice(40)
	for d := 10; d < 40; d++ {
		for i := range 3 {
			at := monday.AddDate(0, 0, d).Add(time.Duration(10+2*i) * time.Hour)
			o.look(at, uint32(4+3*(i%2)), 77, 90_000+uint32(d*10+i))
		}
	}
	only := func(x *Options) { x.Only = map[Rule]bool{Slow: true} }
	list := o.run(t, only)
	if len(list) == 0 {
		t.Fatal("nothing was noticed")
	}
	i := slices.IndexFunc(list, func(a Alert) bool { return a.ByDevice && a.Device == 77 })
	if i < 0 {
		t.Fatalf("no alert is about the device: %+v", list)
	}
	a := list[i]
	if day := int(a.Time.Sub(monday).Hours() / 24); day > 16 {
		t.Errorf("noticed on day %d", day)
	}
	if a := about(o.run(t, nil), Shared, 4); a == nil || !strings.Contains(a.Findings[0].Says, "never was before") {
		t.Errorf("the new device was not noticed: %+v", a)
	}
}

func TestExports(t *testing.T) {
	o := newOffice(20)
	at := monday.AddDate(0, 0, 15).Add(11 * time.Hour)
	var all []custody.SubjectID
	for i := range 600 {
		all = append(all, custody.SubjectID(20_000+i))
	}
	o.events = append(o.events, Event{Time: at, Kind: custody.EventDisclosure, Route: custody.RouteCopy, Person: 1, Device: 1, Group: 2, Subjects: all, Taken: true})
	list := o.run(t, func(x *Options) { x.World.Customers = func() int { return 1000 } })
	if a := about(list, Export, 1); a == nil || !strings.Contains(fmt.Sprint(a.Findings), "most of the table") {
		t.Errorf("a whole table went unnoticed: %+v", list)
	}
	if a := about(o.run(t, nil), Export, 1); a == nil {
		t.Error("a file of 600 customers went unnoticed")
	}
}

// TestPartsOfOneAnswer holds that a table that leaves in parts is noticed as a whole
// table once, and that as many looks at few customers, or at leisure, are none.
func TestPartsOfOneAnswer(t *testing.T) {
	for name, x := range map[string]struct {
		pause  time.Duration
		repeat bool
		want   bool
	}{
		"a long answer":             {pause: time.Millisecond, want: true},
		"record by record, at once": {pause: 2 * time.Second, want: true},
		"the same few again":        {pause: time.Millisecond, repeat: true},
		"at leisure":                {pause: time.Minute},
	} {
		o := newOffice(20)
		at := monday.AddDate(0, 0, 15).Add(11 * time.Hour)
		for i := range 600 {
			if x.repeat {
				i %= 10
			}
			o.events = append(o.events, Event{Time: at, Kind: custody.EventDisclosure, Person: 1, Device: 1, Group: 2, Session: 7, Statement: 9, Subjects: []custody.SubjectID{custody.SubjectID(20_000 + i)}})
			at = at.Add(x.pause)
		}
		list := o.run(t, func(opt *Options) { opt.World.Customers = func() int { return 1000 } })
		if got := strings.Contains(fmt.Sprint(list), "most of the table"); got != x.want {
			t.Errorf("%s: most of the table found: %v", name, got)
		}
	}
}

func TestEnumeration(t *testing.T) {
	o := newOffice(20)
	at := monday.AddDate(0, 0, 15).Add(11 * time.Hour)
	for i := range 20 {
		at = at.Add(time.Duration(20+o.rng.IntN(100)) * time.Second)
		o.look(at, 3, 3, 10_000+uint32(i))
	}
	a := about(o.run(t, nil), Enumeration, 3)
	if a == nil || !strings.Contains(fmt.Sprint(a.Findings), "in the order of their numbers") {
		t.Errorf("%+v", a)
	}
}

func TestTravel(t *testing.T) {
	places := map[uint32]Place{5: {Latitude: 51.5, Longitude: -0.1}, 90: {Latitude: 55.9, Longitude: -3.2}, 91: {Latitude: 40, Longitude: 116, Relay: true}}
	for device, want := range map[uint32]bool{90: true, 91: false} {
		o := newOffice(20)
		at := monday.AddDate(0, 0, 15).Add(11 * time.Hour)
		o.look(at, 5, 5, 30_001)
		o.look(at.Add(20*time.Minute), 5, device, 30_002)
		list := o.run(t, func(x *Options) {
			x.World.Place = func(d uint32) (Place, bool) { p, ok := places[d]; return p, ok }
		})
		got := strings.Contains(fmt.Sprint(list), "km apart")
		if got != want {
			t.Errorf("device %d: %v, want %v", device, got, want)
		}
	}
}

func TestFactsAreNeverHeld(t *testing.T) {
	o := newOffice(10)
	p := DefaultPolicy()
	p.Budget = 0.0001
	list := o.run(t, func(x *Options) {
		x.Policy = p
		x.World.Fact = func(e *Event, s custody.SubjectID) string {
			if e.Person == 9 && e.Time.After(monday.AddDate(0, 0, 8)) {
				return "Looked at customers after the day on which the login's owner left."
			}
			return ""
		}
	})
	if a := about(list, Facts, 9); a == nil || a.Held {
		t.Errorf("%+v", list)
	}
}

func complaintAt(n uint64, at time.Time) *Complaint {
	return &Complaint{Number: n, Received: at, Known: at}
}

// TestComplaints: five a day where one in four days had one.
func TestComplaints(t *testing.T) {
	var got []Alert
	e := New(Options{Policy: DefaultPolicy(), Emit: func(a *Alert) { got = append(got, *a) }})
	rng := rand.New(rand.NewPCG(5, 6))
	n := uint64(0)
	for d := range 120 {
		for range poisson(rng, 0.25) {
			n++
			e.Complaint(complaintAt(n, monday.AddDate(0, 0, d).Add(10*time.Hour)))
		}
	}
	if len(got) > 1 {
		t.Errorf("%d alerts on quiet days", len(got))
	}
	got = nil
	for d := range 5 {
		for i := range 5 {
			n++
			e.Complaint(complaintAt(n, monday.AddDate(0, 0, 120+d).Add(time.Duration(10+i)*time.Hour)))
		}
	}
	if len(got) == 0 || got[0].Time.After(monday.AddDate(0, 0, 122)) || got[0].Person != 0 {
		t.Errorf("%+v", got)
	}
}

// TestReplay: the same events give the same alerts, so that what is known is rebuilt
// from the ledger.
func TestReplay(t *testing.T) {
	o := newOffice(30)
	for i := range 60 {
		o.look(monday.AddDate(0, 0, 12+i/6).Add(time.Duration(9+i%6)*time.Hour), uint32(1+i%3), 50, 70_000+uint32(i))
	}
	a, b := o.run(t, nil), o.run(t, nil)
	if len(a) == 0 || !reflect.DeepEqual(a, b) {
		t.Errorf("%d alerts, then %d", len(a), len(b))
	}
}

// TestMemoryIsBounded: what is seen is forgotten beyond the bound, the oldest first.
func TestMemoryIsBounded(t *testing.T) {
	p := DefaultPolicy()
	p.Pairs = 500
	e := New(Options{Policy: p, World: (&office{}).world()})
	o := newOffice(30)
	slices.SortStableFunc(o.events, func(a, b Event) int { return a.Time.Compare(b.Time) })
	for i := range o.events {
		e.Take(&o.events[i])
		if m := e.Memory(); m.Pairs > p.Pairs {
			t.Fatalf("%d pairs are held, %d are the bound", m.Pairs, p.Pairs)
		}
	}
	if m := e.Memory(); m.Bytes == 0 || m.People != o.people {
		t.Errorf("%+v", m)
	}
}

// TestALookAgainIsNoNewLook: whoever works on one strange customer for days has done one
// thing that no job explains, and the sequential test hears of it once.
func TestALookAgainIsNoNewLook(t *testing.T) {
	o := newOffice(30)
	for d := 10; d < 30; d++ {
		for i := range 10 {
			o.look(monday.AddDate(0, 0, d).Add(10*time.Hour+time.Duration(i)*20*time.Minute), 5, 5, 90_001)
		}
	}
	only := func(x *Options) { x.Only = map[Rule]bool{Slow: true} }
	if a := about(o.run(t, only), Slow, 5); a != nil {
		t.Errorf("looks at one customer again and again were taken for many customers: %s", a.Says)
	}
	e := New(Options{Policy: DefaultPolicy(), World: o.world(), Emit: func(*Alert) {}})
	for i := range o.events {
		if o.events[i].Subjects[0] == 90_001 {
			e.Take(&o.events[i])
		}
	}
	if c := e.Counts(); c.Looks != 200 || c.FirstLooks != 1 || c.Unexplained != 1 {
		t.Errorf("200 looks at one customer: %+v", c)
	}
}

// TestColleaguesBehindOneAddress: on a day on which two of four people behind an address
// do what has no reason, each has an alert of their own with their own looks: the second
// is not hidden behind the first, and the first is not accused of what the second did.
func TestColleaguesBehindOneAddress(t *testing.T) {
	const address = 77
	together := []uint32{1, 4, 7, 10}
	o := newOffice(30)
	day := monday.AddDate(0, 0, 25).Add(10 * time.Hour)
	for i, p := range []uint32{4, 7} {
		for k := range 30 {
			o.look(day.Add(time.Duration(i*3+k)*time.Minute), p, p, uint32(30_000+k*30)+p)
		}
	}
	for i := range o.events {
		if slices.Contains(together, o.events[i].Person) {
			o.events[i].Device = address
		}
	}
	found := map[uint32]int{}
	for _, a := range o.run(t, nil) {
		if a.Device == address {
			t.Logf("login %d, by device %v, %v: %s", a.Person, a.ByDevice, a.Time, a.Says)
		}
		if a.ByDevice || a.Time.Before(day) || a.Time.After(day.Add(6*time.Hour)) {
			continue
		}
		found[a.Person]++
		if a.Customers < 25 {
			t.Errorf("login %d: %s", a.Person, a.Says)
		}
		for _, n := range a.Entries {
			if who := o.events[n-1].Person; who != a.Person {
				t.Fatalf("the alert about login %d lists a look of login %d", a.Person, who)
			}
		}
	}
	if found[4] != 1 || found[7] != 1 || len(found) != 2 {
		t.Errorf("alerts by login: %v", found)
	}
}
