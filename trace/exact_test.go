package trace

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"custody"
)

var exactEpoch = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// small is a small random world, kept beside as plain lists: what is asked of it can be
// answered by hand.
type small struct {
	l          *Looks
	born       map[uint32]int32
	looks      map[uint32][]look // by subject, those of pseudo-sources among them
	complaints []Complaint
	o          Options
}

const (
	smallSubjects   = 60
	smallCandidates = 8
	smallBranches   = 2 // candidates beyond, of which the others are parts
	hourOf          = 3600
)

func newSmall(seed uint64) *small {
	rng := rand.New(rand.NewPCG(seed, 5))
	w := &small{l: NewLooks(exactEpoch), born: map[uint32]int32{}, looks: map[uint32][]look{},
		o: Options{Redraws: 99, Seed: seed, AgeWindow: 10 * 24 * time.Hour, Lag: Lag{Usual: 10 * 24 * time.Hour, Fade: 48 * time.Hour, Longest: 15 * 24 * time.Hour}}.withDefaults()}
	at := func(s int32) time.Time { return exactEpoch.Add(time.Duration(s) * time.Second) }
	for c := range uint32(smallCandidates) {
		w.l.Part(Candidate(c), Candidate(smallCandidates+c%smallBranches))
	}
	for s := range uint32(smallSubjects) {
		born := int32(s)*hourOf*12 + 1
		for range 1 + rng.IntN(5) {
			c, t := uint32(rng.IntN(smallCandidates)), born+int32(rng.IntN(20*24))*hourOf
			if err := w.l.Add(Candidate(c), custody.SubjectID(s), at(t)); err != nil {
				panic(err)
			}
			w.looks[s] = append(w.looks[s], look{c, t}, look{smallCandidates + c%smallBranches, t})
		}
		w.born[s] = slices.MinFunc(w.looks[s], func(a, b look) int { return int(a.at - b.at) }).at
		if s%2 == 0 {
			w.l.Born(custody.SubjectID(s), at(born))
			w.born[s] = born
		}
	}
	w.l.Freeze()
	for n := range 6 {
		s := uint32(rng.IntN(smallSubjects))
		called := w.looks[s][0].at // some at the very moment of a look, which is not before
		if n > 1 {
			called = w.born[s] + int32(rng.IntN(25*24))*hourOf
		}
		w.complaints = append(w.complaints, Complaint{Subject: custody.SubjectID(s), Called: at(called), Knew: []float64{0, 1, 0.5, 20, 2, 5}[n]})
	}
	return w
}

// exposed is a candidate's exposure, by hand.
func (w *small) exposed(c, s uint32, at int32) (g float64) {
	step := float64(w.o.Lag.step())
	for _, k := range w.looks[s] {
		after := float64(at - k.at)
		if k.candidate != c || after <= 0 || after > w.o.Lag.Longest.Seconds() {
			continue
		}
		late := max(0, (math.Floor(after/step)+0.5)*step-w.o.Lag.Usual.Seconds())
		g = max(g, math.Exp(-late/w.o.Lag.Fade.Seconds()))
	}
	return g
}

// atRisk is a matched set, by hand.
func (w *small) atRisk(s uint32, at int32) (list []uint32) {
	window := int32(w.o.AgeWindow / time.Second)
	for x := range uint32(smallSubjects) {
		if b := w.born[x]; b >= w.born[s]-window && b <= w.born[s]+window && b <= at {
			list = append(list, x)
		}
	}
	return list
}

// usable are the complaints that say something: of a record that had begun, each customer's
// first one.
func (w *small) usable() (list []Complaint) {
	heard := map[custody.SubjectID]bool{}
	for _, c := range w.complaints {
		if w.seconds(c) >= w.born[uint32(c.Subject)] && !heard[c.Subject] {
			heard[c.Subject] = true
			if c.Knew == 0 {
				c.Knew = KnewNothing
			}
			list = append(list, c)
		}
	}
	return list
}

func (w *small) seconds(c Complaint) int32 { return int32(c.Called.Sub(exactEpoch) / time.Second) }

// factor is the formula of docs/tracing.md for the given complainants. weight says what is
// known to explain a call to a customer; nil is nothing.
func (w *small) factor(c uint32, who []uint32, weight func(k int, s uint32) float64) float64 {
	list := w.usable()
	var sum float64
	for _, rho := range strengths {
		lambda := 0.0
		for k, x := range list {
			at, mean, meanWeight := w.seconds(x), 0.0, 0.0
			among := w.atRisk(uint32(x.Subject), at)
			for _, s := range among {
				mean += w.exposed(c, s, at) / float64(len(among))
				meanWeight += weight(k, s) / float64(len(among))
			}
			lambda += math.Log((1 + rho*x.Knew*w.exposed(c, who[k], at)/weight(k, who[k])) / (1 + rho*x.Knew*mean/meanWeight))
		}
		sum += math.Exp(lambda) / float64(len(strengths))
	}
	return math.Log(sum)
}

func alike(int, uint32) float64 { return 1 }

func subjectsOf(list []Complaint) (who []uint32) {
	for _, c := range list {
		who = append(who, uint32(c.Subject))
	}
	return who
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-4*(1+math.Abs(b)) }

// TestFactorsAreTheFormula: in small worlds everything that a trace says is what the
// formula gives by hand: matched sets, exposures, what callers knew, probabilities and the
// set that holds most of them.
func TestFactorsAreTheFormula(t *testing.T) {
	for seed := range uint64(40) {
		w := newSmall(seed)
		list := w.usable()
		r, err := Run(w.l, w.complaints, w.o)
		if err != nil {
			t.Fatal(err)
		}
		if r.Used != len(list) || r.Used+len(r.Left) != len(w.complaints) {
			t.Fatalf("seed %d: %d used, %d left out; want %d used", seed, r.Used, len(r.Left), len(list))
		}
		total, byHand := 0.0, map[Candidate]float64{}
		for _, x := range r.Ranked {
			byHand[x.Candidate] = w.factor(uint32(x.Candidate), subjectsOf(list), alike)
			total += math.Exp(byHand[x.Candidate])
		}
		prior := 0.5 / float64(len(r.Ranked))
		held := r.Elsewhere
		for i, x := range r.Ranked {
			if !near(x.LogFactor, byHand[x.Candidate]) || !near(x.Posterior, prior*math.Exp(byHand[x.Candidate])/(0.5+prior*total)) {
				t.Fatalf("seed %d, candidate %d: factor %v, want %v; probability %v", seed, x.Candidate, x.LogFactor, byHand[x.Candidate], x.Posterior)
			}
			w.sawByHand(t, x, list)
			if in := slices.Contains(r.Set, x.Candidate); in != (held < credibleShare) {
				t.Fatalf("seed %d: candidate %d is in the set: %v, with %v before it", seed, x.Candidate, in, held)
			}
			held += x.Posterior
			if i > 0 && x.LogFactor > r.Ranked[i-1].LogFactor {
				t.Fatal("the ranking is out of order")
			}
		}
		if !near(held, 1) {
			t.Fatalf("seed %d: the probabilities add up to %v", seed, held)
		}
	}
}

// sawByHand compares what is counted of a candidate.
func (w *small) sawByHand(t *testing.T, r Ranked, list []Complaint) {
	t.Helper()
	seen, expected, saw, innocent := 0, 0.0, 0, 1.0
	for _, x := range list {
		at := w.seconds(x)
		if w.exposed(uint32(r.Candidate), uint32(x.Subject), at) > 0 {
			seen++
			others := 0
			for c := range uint32(smallCandidates + smallBranches) {
				if w.exposed(c, uint32(x.Subject), at) > 0 {
					others++
				}
			}
			innocent *= 1 - (1-guess)/float64(others)
		}
		among := w.atRisk(uint32(x.Subject), at)
		for _, s := range among {
			if w.exposed(uint32(r.Candidate), s, at) > 0 {
				expected += 1 / float64(len(among))
			}
		}
	}
	for _, looks := range w.looks {
		if slices.ContainsFunc(looks, func(k look) bool { return k.candidate == uint32(r.Candidate) }) {
			saw++
		}
	}
	if r.Seen != seen || !near(r.Expected, expected) || r.Saw != saw || !near(r.Guilt, 1-innocent) ||
		!near(r.Fraction, float64(seen)/float64(saw)) || !near(r.Count, float64(seen)/float64(len(list))) {
		t.Fatalf("candidate %d: %+v; want seen %d, expected %v, saw %d, guilt %v", r.Candidate, r, seen, expected, saw, 1-innocent)
	}
}

// TestBinomial is the tail by hand.
func TestBinomial(t *testing.T) {
	if got := binomialTail(2, 3, 0.5); !near(got, 0.5) {
		t.Errorf("two or more of three: %v", got)
	}
	if binomialTail(0, 9, 0.1) != 1 || binomialTail(4, 9, 1) != 1 || !near(binomialTail(9, 9, 0.5), 1.0/512) {
		t.Error("the ends of the tail")
	}
}

// TestSourcesFoundBeforeAreTakenOff: what a source explains counts in the factors of the
// others, and the model that it is asked of stays as it was.
func TestSourcesFoundBeforeAreTakenOff(t *testing.T) {
	for seed := range uint64(10) {
		w := newSmall(seed)
		list := w.usable()
		cases, _ := match(w.l, w.complaints, w.o)
		m := measure(w.l, cases, w.o)
		before := m.factors()
		const source = 3
		rho := strongest(m.observed(), m.penalties(), source)
		other := m.apart()
		other.explain(source)
		weight := func(k int, s uint32) float64 { return 1 + rho*list[k].Knew*w.exposed(source, s, w.seconds(list[k])) }
		for c, f := range other.factors() {
			if want := w.factor(uint32(c), subjectsOf(list), weight); !near(f, want) {
				t.Fatalf("seed %d, candidate %d beside %d: %v, want %v", seed, c, source, f, want)
			}
		}
		if !slices.Equal(m.factors(), before) || !slices.Equal(m.poolWeight[0], ones(len(m.poolWeight[0]))) {
			t.Fatal("the model itself was changed")
		}
	}
}

// TestFamilywiseIsTheShareOfDraws: with two complaints every draw can be made, each in
// proportion to what known sources explain, and the p is the share that is as good.
func TestFamilywiseIsTheShareOfDraws(t *testing.T) {
	apart := 0
	for seed := range uint64(6) {
		w := newSmall(seed)
		w.complaints = w.usable()[1:3]
		w.complaints[0].Knew, w.complaints[1].Knew = 20, 2
		cases, _ := match(w.l, w.complaints, w.o)
		m := measure(w.l, cases, w.o)
		weight := alike
		if seed%2 == 1 {
			rho := strongest(m.observed(), m.penalties(), 2)
			weight = func(k int, s uint32) float64 {
				x := w.complaints[k]
				return 1 + rho*x.Knew*w.exposed(2, s, w.seconds(x))
			}
			m.explain(2)
		}
		type draw struct{ best, weight float64 }
		var draws []draw
		for _, a := range w.atRisk(uint32(w.complaints[0].Subject), w.seconds(w.complaints[0])) {
			for _, b := range w.atRisk(uint32(w.complaints[1].Subject), w.seconds(w.complaints[1])) {
				best := 0.0
				for c := range uint32(smallCandidates + smallBranches) {
					best = max(best, w.factor(c, []uint32{a, b}, weight))
				}
				draws = append(draws, draw{best, weight(0, a) * weight(1, b)})
			}
		}
		best := slices.MaxFunc(draws, func(a, b draw) int { return int(math.Copysign(1, a.best-b.best)) }).best * 0.8
		as, all := 0.0, 0.0
		for _, d := range draws {
			all += d.weight
			if d.best >= best {
				as += d.weight
			}
		}
		const redraws = 4000
		got := m.familywise(best, Options{Redraws: redraws, Seed: seed}, 1)
		if want := as / all; math.Abs(got-want) > 4*math.Sqrt(want*(1-want)/redraws)+2.0/redraws {
			t.Errorf("seed %d: p %v, by all draws %v", seed, got, want)
		}
		if as/all > 0.002 && as/all < 0.5 {
			apart++
		}
	}
	if apart < 3 {
		t.Errorf("in %d of 6 worlds only the p tells anything", apart)
	}
}

// TestPIsNeverZero: the complainants themselves are one of the draws.
func TestPIsNeverZero(t *testing.T) {
	w := newSmall(1)
	cases, _ := match(w.l, w.complaints, w.o)
	m := measure(w.l, cases, w.o)
	if p := m.familywise(1e9, Options{Redraws: 99}, 0); p != 0.01 {
		t.Errorf("p %v after 99 draws", p)
	}
	d := newDraw(m, m.logs(m.penalties()))
	var again []float64
	for range 2 {
		for n := range uint64(20) {
			again = append(again, d.best(random(1, n)))
		}
	}
	if !slices.Equal(again[:20], again[20:]) || slices.Max(again) == slices.Min(again) {
		t.Error("a draw depends on those before it, or all are one")
	}
}

// TestLag: alike for as long as is usual, then fading, then nothing.
func TestLag(t *testing.T) {
	day := 24 * time.Hour
	at := func(g Lag, after time.Duration) float32 {
		i, table := int(after.Seconds())/g.step(), g.table()
		if i >= len(table) {
			return 0
		}
		return table[i]
	}
	for name, x := range map[string]struct {
		g     Lag
		after time.Duration
		from  float32
		to    float32
	}{
		"at once":                {DefaultLag, 0, 1, 1},
		"after 29 days":          {DefaultLag, 29 * day, 1, 1},
		"after 32 days":          {DefaultLag, 32 * day, 0.33, 0.40},
		"after 44 days":          {DefaultLag, 44 * day, 0.0005, 0.0015},
		"after 46 days":          {DefaultLag, 46 * day, 0, 0},
		"half, after 16 days":    {DefaultLag.Times(0.5), 16 * day, 0.33, 0.40},
		"half, after 23 days":    {DefaultLag.Times(0.5), 23 * day, 0, 0},
		"double, after 59 days":  {DefaultLag.Times(2), 59 * day, 1, 1},
		"double, after 64 days":  {DefaultLag.Times(2), 64 * day, 0.33, 0.40},
		"a file, after 9 years":  {FileLag, 9 * 365 * day, 1, 1},
		"a file, after 11 years": {FileLag, 11 * 365 * day, 0, 0},
		"a short one":            {LagOf(time.Hour), 50 * time.Minute, 1, 1},
		"a short one, later":     {LagOf(time.Hour), 64 * time.Minute, 0.33, 0.40},
		"a short one, too late":  {LagOf(time.Hour), 2 * time.Hour, 0, 0},
	} {
		if got := at(x.g, x.after); got < x.from || got > x.to {
			t.Errorf("%s: %v", name, got)
		}
	}
	if fmt.Sprint(DefaultLag.Times(1)) != fmt.Sprint(DefaultLag) {
		t.Error("once is not the same")
	}
}

// TestTimesThatDoNotFit: a call or a beginning of another century does not come round to
// where something was seen.
func TestTimesThatDoNotFit(t *testing.T) {
	w := newSmall(1)
	round := time.Duration(1<<32) * time.Second
	for _, c := range w.usable() {
		c.Called = c.Called.Add(-round)
		if _, left := match(w.l, []Complaint{c}, w.o); len(left) != 1 {
			t.Fatalf("a call of %v was traced", c.Called)
		}
		later := c
		later.Called = c.Called.Add(round).Add(round)
		cases, _ := match(w.l, []Complaint{later}, w.o)
		if m := measure(w.l, cases, w.o); len(m.own[0]) != 0 {
			t.Fatalf("somebody is exposed by a call of %v", later.Called)
		}
	}
	l := NewLooks(exactEpoch)
	for n, at := range []time.Time{exactEpoch.AddDate(-200, 0, 0), exactEpoch.AddDate(200, 0, 0)} {
		s := custody.SubjectID(n)
		if err := l.Add(0, s, exactEpoch.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		l.Born(s, at)
	}
	l.Freeze()
	cases, left := match(l, []Complaint{{Subject: 0, Called: exactEpoch.Add(2 * time.Hour)}, {Subject: 1, Called: exactEpoch.Add(2 * time.Hour)}}, Options{}.withDefaults())
	if len(cases) != 1 || !slices.Equal(cases[0].among, []uint32{0}) || len(left) != 1 {
		t.Errorf("records of other centuries: %+v, left out %v", cases, left)
	}
}

// TestTiesCount: where each of two customers has one looker, whoever complains makes as
// strong a case, and chance does as well always.
func TestTiesCount(t *testing.T) {
	l := NewLooks(exactEpoch)
	for n := range 2 {
		if err := l.Add(Candidate(n), custody.SubjectID(n), exactEpoch.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	l.Freeze()
	r, err := Run(l, []Complaint{{Subject: 0, Called: exactEpoch.Add(3 * time.Hour)}}, Options{})
	if err != nil || r.P != 1 || r.Ranked[0].LogFactor <= 0 {
		t.Errorf("%+v, %v", r, err)
	}
}
