package trace

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"custody"
)

// plain is a world in which candidate 0 saw one customer in ten and leaked them, and
// others saw what they saw. Records begin on one day; looks come a day later.
type plain struct {
	l          *Looks
	complaints []Complaint
	o          Options
}

const plainSubjects = 400

func newPlain(leaked int, called time.Duration) *plain {
	p := &plain{l: NewLooks(exactEpoch), o: Options{Redraws: 999}.withDefaults()}
	for s := range plainSubjects {
		p.l.Born(custody.SubjectID(s), exactEpoch)
		for c := 1; c < 12; c++ {
			if (s*7+c*c)%11 < 3 {
				p.see(c, s, 24*time.Hour)
			}
		}
		if s%10 == 0 {
			p.see(0, s, 24*time.Hour)
			if len(p.complaints) < leaked {
				p.complaints = append(p.complaints, Complaint{Subject: custody.SubjectID(s), Called: exactEpoch.Add(24*time.Hour + called), Knew: KnewVehicle})
			}
		}
	}
	return p
}

func (p *plain) see(c, s int, after time.Duration) {
	if err := p.l.Add(Candidate(c), custody.SubjectID(s), exactEpoch.Add(after)); err != nil {
		panic(err)
	}
}

func (p *plain) run(t *testing.T) *Result {
	t.Helper()
	p.l.Freeze()
	r, err := Run(p.l, p.complaints, p.o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const dayLong = 24 * time.Hour

// TestEachPartOfTheNamingRule: a clear case names the login; take one part of the rule away
// from it and it does not, for that reason alone.
func TestEachPartOfTheNamingRule(t *testing.T) {
	p := newPlain(20, 5*dayLong)
	r := p.run(t)
	if !r.Named.Login || r.Named.Candidate != 0 || len(r.Named.Untested) != 1 || r.Named.Split != nil {
		t.Fatalf("a clear case: %+v", r.Named)
	}
	cases, _ := match(p.l, p.complaints, p.o)
	m := measure(p.l, cases, p.o)
	for says, x := range map[string]struct {
		posterior, p, lead float64
		against            string
	}{
		"all at their bounds": {namePosterior, nameP, math.Log(nameLead), ""},
		"less probable":       {namePosterior - 1e-6, nameP, math.Log(nameLead), "the probability is"},
		"more by chance":      {namePosterior, nameP + 1e-6, math.Log(nameLead), "chance alone"},
		"the next too near":   {namePosterior, nameP, math.Log(nameLead) - 1e-6, "the next candidate"},
	} {
		bound := *r
		bound.Ranked = append([]Ranked{}, r.Ranked...)
		bound.Ranked[0].Posterior, bound.P = x.posterior, x.p
		bound.Ranked[1].LogFactor = 0
		bound.Ranked[0].LogFactor = x.lead
		n := name(p.l, cases, m, &bound, p.o)
		if n.Login != (x.against == "") || (n.Split == nil) != n.Login {
			t.Errorf("%s: named %v, against %v", says, n.Login, n.Against)
		}
		if x.against != "" && (len(n.Against) != 1 || !strings.HasPrefix(n.Against[0], x.against)) {
			t.Errorf("%s: against %v", says, n.Against)
		}
	}
	empty := Result{}
	if n := name(p.l, cases, m, &empty, p.o); n.Login || len(n.Against) != 1 {
		t.Errorf("nobody saw anybody: %+v", n)
	}
}

// against wants a case that is clear but for one reason.
func against(t *testing.T, r *Result, want string) {
	t.Helper()
	if n := r.Named; n.Login || len(n.Against) != 1 || !strings.Contains(n.Against[0], want) || n.Split == nil {
		t.Errorf("named %v, against %q, want %q", n.Login, n.Against, want)
	}
}

// TestNotNamedIfCallsCameSooner: with lags half as long nothing explains the complaints.
func TestNotNamedIfCallsCameSooner(t *testing.T) {
	against(t, newPlain(20, 27*dayLong).run(t), "calls that come 0.5 times as long")
}

// TestNotNamedIfCallsCameLater: with lags twice as long another explains them better, who
// saw those very customers long before.
func TestNotNamedIfCallsCameLater(t *testing.T) {
	p := newPlain(20, 5*dayLong)
	for i, c := range p.complaints {
		p.complaints[i].Called = c.Called.Add(50 * dayLong)
		p.see(12, int(c.Subject), 2*dayLong)
		p.see(0, int(c.Subject), 52*dayLong)
	}
	for s := 0; s < plainSubjects; s += 10 {
		p.see(0, s, 52*dayLong)
	}
	against(t, p.run(t), "calls that come 2 times as long")
}

// TestNotNamedByOneComplaint: a case may be just clear, so that each of its complaints is
// needed. What the caller of the last one knew makes it so.
func TestNotNamedByOneComplaint(t *testing.T) {
	hangs := 0
	for i := range 3 {
		p := newPlain(4, 5*dayLong)
		p.complaints[3].Knew = math.Pow(10, float64(i)-3.5)
		r := p.run(t)
		cases, _ := match(p.l, p.complaints, p.o)
		rest := measure(p.l, cases[1:], p.o).factors()
		needed := !stays(p.l, rest, 0, p.o)
		if len(r.Named.Against) == 1 && strings.Contains(r.Named.Against[0], "without one of the complaints") {
			hangs++
		} else if needed && r.Named.Login {
			t.Errorf("named, though all hangs on one: %.4f", r.Ranked[0].Posterior)
		}
	}
	if hangs == 0 {
		t.Error("no case hangs on one complaint alone")
	}
	p := newPlain(1, 5*dayLong)
	p.l.Freeze()
	cases, _ := match(p.l, p.complaints, p.o)
	if measure(p.l, cases, p.o).leaveOneOut(p.l, 0, p.o) {
		t.Error("the only complaint may be left out")
	}
}

// TestLeavingOneOutIsLeavingItOut: what is taken back is what a trace without the complaint
// says.
func TestLeavingOneOutIsLeavingItOut(t *testing.T) {
	w := newSmall(2)
	cases, _ := match(w.l, w.complaints, w.o)
	m := measure(w.l, cases, w.o)
	for k := range cases {
		lambda, cost := m.logs(m.observed()), m.logs(m.penalties())
		for i := range lambda {
			lambda[i] -= cost[i]
		}
		m.leaveOut(lambda, k)
		rest := append(append([]matched{}, cases[:k]...), cases[k+1:]...)
		for c, f := range measure(w.l, rest, w.o).factors() {
			if got := average(lambda)[c]; !near(got, f) {
				t.Fatalf("without complaint %d candidate %d has %v, want %v", k, c, got, f)
			}
		}
	}
}

// TestNotNamedForTheBranch: who saw all that the branch saw stands out among all, and not
// among the customers of the branch.
func TestNotNamedForTheBranch(t *testing.T) {
	for _, own := range []bool{false, true} {
		l := NewLooks(exactEpoch)
		o := Options{Redraws: 999, Group: func(c Candidate) string {
			if c < 5 {
				return "Leeds"
			}
			return "York"
		}}.withDefaults()
		var complaints []Complaint
		for s := range plainSubjects {
			add := func(c int) {
				if err := l.Add(Candidate(c), custody.SubjectID(s), exactEpoch.Add(dayLong)); err != nil {
					t.Fatal(err)
				}
			}
			l.Born(custody.SubjectID(s), exactEpoch)
			if s%10 != 0 {
				add(5 + s%7)
				continue
			}
			add(1 + s/10%4)
			if !own || s%20 == 0 { // what the first of the branch saw: all of it, or half
				add(0)
				complaints = append(complaints, Complaint{Subject: custody.SubjectID(s), Called: exactEpoch.Add(9 * dayLong)})
			}
		}
		// One more that is somebody else's customer, and says nothing within the branch.
		complaints = append(complaints[:18], Complaint{Subject: 1, Called: exactEpoch.Add(9 * dayLong)})
		l.Freeze()
		r, err := Run(l, complaints, o)
		if err != nil {
			t.Fatal(err)
		}
		if own {
			if !r.Named.Login || r.Named.Candidate != 0 || len(r.Named.Untested) != 0 {
				t.Errorf("half of the branch, all of it the login's: %+v", r.Named)
			}
		} else {
			against(t, r, "among customers of the same branch")
		}
		cases, _ := match(l, complaints, o)
		inside := within(l, cases, 0, o)
		if len(inside) != 18 || len(inside[0].among) != plainSubjects/10 || len(cases[0].among) != plainSubjects {
			t.Errorf("%d complaints within the branch, beside %d others", len(inside), len(inside[0].among))
		}
		early := cases[0]
		early.at = int32(dayLong / time.Second) // nobody had looked yet
		if list := within(l, []matched{early}, 0, o); len(list) != 0 {
			t.Error("a look after the call made it the branch's customer")
		}
	}
}

// TestStaying: the same candidate must stay first, and nearly as probable.
func TestStaying(t *testing.T) {
	l := &Looks{saw: []int{1, 1, 0}}
	o := Options{}.withDefaults()
	sure := 8.0
	for name, x := range map[string]struct {
		factors []float64
		best    Candidate
		want    bool
	}{
		"sure":                       {[]float64{sure, 0, 99}, 0, true},
		"another":                    {[]float64{sure, 0, 99}, 1, false},
		"first, but not sure":        {[]float64{3.6, 0, 0}, 0, false},
		"just as sure as is asked":   {[]float64{math.Log(0.951 / 0.049 * 0.75 / 0.25), 0, 0}, 0, true},
		"hardly less than is asked ": {[]float64{math.Log(0.949 / 0.051 * 0.75 / 0.25), 0, 0}, 0, false},
	} {
		if got := stays(l, x.factors, x.best, o); got != x.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestSplit: the two best are told apart if no set was found, with the customers whom one
// of them alone saw, itself or through its parts.
func TestSplit(t *testing.T) {
	l := NewLooks(exactEpoch)
	for s, who := range [][]Candidate{{0}, {0, 0}, {0, 1}, {1}, {1, 2}, {2}, {3}, {0, 3, 1, 0}} {
		for _, c := range who {
			if err := l.Add(c, custody.SubjectID(s), exactEpoch); err != nil {
				t.Fatal(err)
			}
		}
	}
	l.Part(3, 4)
	l.Freeze()
	ranked := []Ranked{{Candidate: 0}, {Candidate: 1}, {Candidate: 2}, {Candidate: 4}}
	for name, x := range map[string]struct {
		set  []Candidate
		want string
	}{
		"no set":           {nil, "[{0 2} {1 2}]"},
		"a set of one":     {[]Candidate{2}, "[{0 2} {1 2}]"},
		"a set":            {[]Candidate{1, 2}, "[{1 3} {2 1}]"},
		"a login, another": {[]Candidate{0, 4}, "[{0 3} {4 1}]"},
	} {
		if got := split(l, &Result{Ranked: ranked, Set: x.set}); fmt.Sprint(got.Members) != x.want || got.Canaries != 459 {
			t.Errorf("%s: %v with %d canaries, want %s", name, got.Members, got.Canaries, x.want)
		}
	}
	if split(l, &Result{Ranked: ranked[:1]}) != nil {
		t.Error("one alone is told apart from nobody")
	}
}
