package detect

import (
	"slices"
	"testing"
	"time"

	"custody"
)

// keysOf looks at customers whose keys are these; 0 has none.
func runOf(keys ...uint64) int {
	e := &Engine{o: Options{World: World{Key: func(s custody.SubjectID) (uint64, bool) { return keys[s], keys[s] != 0 }}}}
	var s steps
	n := 0
	for i := range keys {
		n = s.sequence(e, &Event{Subjects: []custody.SubjectID{custody.SubjectID(i)}})
	}
	return n
}

// TestSequence: keys one after another, in one direction, a gap of one let pass; the same
// record again changes nothing, and a customer without a number ends it.
func TestSequence(t *testing.T) {
	for name, x := range map[string]struct {
		keys []uint64
		want int
	}{
		"up":                    {[]uint64{10, 11, 12, 13}, 4},
		"down":                  {[]uint64{13, 12, 11, 10}, 4},
		"a gap of one":          {[]uint64{10, 12, 13, 15}, 4},
		"a gap of two":          {[]uint64{10, 11, 12, 15}, 1},
		"up and down":           {[]uint64{10, 11, 12, 11}, 1},
		"down and up":           {[]uint64{12, 11, 10, 11}, 1},
		"far down":              {[]uint64{13, 12, 11, 1}, 1},
		"the same again":        {[]uint64{10, 11, 11, 11, 12}, 3},
		"one without a number":  {[]uint64{10, 11, 0, 12}, 1},
		"ends without one":      {[]uint64{10, 11, 0}, 0},
		"nobody has a number":   {[]uint64{0, 0, 0}, 0},
		"here and there":        {[]uint64{10, 500, 20, 300}, 1},
		"two ways from a start": {[]uint64{10, 11, 10}, 1},
	} {
		if got := runOf(x.keys...); got != x.want {
			t.Errorf("%s: %d in sequence, want %d", name, got, x.want)
		}
	}
}

// TestSteady: pauses that are all alike, over and over; a person's are not, and a long
// pause begins anew.
func TestSteady(t *testing.T) {
	var s steps
	at := monday
	next := func(pause time.Duration) bool {
		at = at.Add(pause)
		_, steady := s.steady(at)
		return steady
	}
	next(time.Hour)
	for i := range 5 * pace {
		if got := next(20 * time.Second); got != (i >= pace-1) {
			t.Fatalf("after %d equal pauses: steady %v", i+1, got)
		}
	}
	if next(40 * time.Second) {
		t.Error("steady with one pause twice as long")
	}
	for range pace - 1 {
		if next(20 * time.Second) {
			t.Fatal("steady though one of the last pauses was longer")
		}
	}
	if !next(20*time.Second) || next(11*time.Minute) || next(20*time.Second) {
		t.Error("a long pause does not begin anew")
	}
	for i := range 4 * pace {
		if next(time.Duration(5+i*7%40) * time.Second) {
			t.Fatal("a person's pauses are steady")
		}
	}
}

// mechanicalAlerts are of an engine that knows its people, of whom the last does steps.
func stepped(step func(c *counting, at time.Time)) []string {
	c := newCounting(func(o *Options) { o.Only = map[Rule]bool{Enumeration: true} })
	for d := range 12 {
		for p := range 12 {
			c.look(monday.AddDate(0, 0, d), uint32(p+1), p*1000+d*17, 1)
		}
	}
	step(c, monday.AddDate(0, 0, 12))
	var of []string
	for _, a := range c.alerts {
		for _, f := range a.Findings {
			of = append(of, f.Of)
		}
	}
	return of
}

// TestMechanical holds what makes each kind of machine, and what does not.
func TestMechanical(t *testing.T) {
	apart := func(i int) time.Duration { return time.Duration(i*i%97+i*30) * time.Second }
	looks := func(n, step int, pause func(int) time.Duration) func(*counting, time.Time) {
		return func(c *counting, at time.Time) {
			for i := range n {
				c.look(at.Add(pause(i)), 5, 100_000+i*step, 1)
			}
		}
	}
	even := func(i int) time.Duration { return time.Duration(i) * 20 * time.Second }
	lists := func(n, then int) func(*counting, time.Time) {
		return func(c *counting, at time.Time) {
			for i := range n {
				if i == then {
					c.look(at.Add(apart(i)), 5, 7, 1)
				}
				c.look(at.Add(apart(i)), 5, 100_000+i*50, list)
			}
		}
	}
	for name, x := range map[string]struct {
		step func(*counting, time.Time)
		want []string
	}{
		"a dozen in sequence":      {looks(leastRun, 1, apart), []string{"customers in sequence"}},
		"eleven in sequence":       {looks(leastRun-1, 1, apart), nil},
		"the pace of a machine":    {looks(pace+1, 400, even), []string{"equal pauses in a row"}},
		"that pace for a while":    {looks(pace, 400, even), nil},
		"one record at that pace":  {looks(3*pace, 0, even), nil},
		"ten lists":                {lists(leastPages, -1), []string{"lists in a row"}},
		"nine lists":               {lists(leastPages-1, -1), nil},
		"lists, a record, lists":   {lists(leastPages+5, 8), nil},
		"a record and short lists": {func(c *counting, at time.Time) { lists(2, 1)(c, at) }, nil},
	} {
		if got := stepped(x.step); !slices.Equal(got, x.want) {
			t.Errorf("%s: %v, want %v", name, got, x.want)
		}
	}
}

// TestMachinesThatAreUsual: in an office in which somebody goes through the records in
// their order every day, that says nothing; and nothing is said while it is not known yet.
func TestMachinesThatAreUsual(t *testing.T) {
	c := newCounting(func(o *Options) { o.Only = map[Rule]bool{Enumeration: true} })
	for d := range 30 {
		for p := range 6 {
			at := monday.AddDate(0, 0, d)
			for i := range leastRun + 3 {
				at = at.Add(time.Duration(20+i*i%97) * time.Second)
				c.look(at, uint32(p+1), d*1000+p*100+i, 1)
			}
		}
	}
	if len(c.alerts) > 0 {
		t.Errorf("%v", c.alerts)
	}
}
