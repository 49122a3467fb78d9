package detect

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"custody"
)

// TestWindowHoldsTheLastWhile: whatever comes and goes, it is what one would count by hand.
func TestWindowHoldsTheLastWhile(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 1))
	var w window
	type look struct {
		at     int64
		s      custody.SubjectID
		branch uint32
	}
	var all []look
	at := monday
	for range 3000 {
		at = at.Add(time.Duration(rng.IntN(120)) * time.Second)
		s := custody.SubjectID(rng.IntN(60))
		l := look{at.Unix(), s, uint32(s) % 7} // 0: of no branch
		all = append(all, l)
		w.add(at, l.s, l.branch, 30*time.Minute)
		subjects, branches := map[custody.SubjectID]bool{}, map[uint32]bool{}
		for _, x := range all[max(0, len(all)-400):] {
			if x.at > at.Unix()-30*60 {
				subjects[x.s] = true
				if x.branch != 0 {
					branches[x.branch] = true
				}
			}
		}
		if len(w.subjects) != len(subjects) || len(w.branches) != len(branches) {
			t.Fatalf("%d customers of %d branches are held, by hand %d of %d", len(w.subjects), len(w.branches), len(subjects), len(branches))
		}
	}
}

// TestWindowIsBounded: neither many customers nor one again and again fill the memory.
func TestWindowIsBounded(t *testing.T) {
	for name, of := range map[string]int{"many customers": 1 << 30, "one again and again": 1} {
		var w window
		for i := range 3 * maxWindow {
			w.add(monday, custody.SubjectID(i%of), 1, time.Hour)
			if n := len(w.looks) - w.from; n > maxWindow || len(w.subjects) > manyCustomers {
				t.Fatalf("%s: %d looks at %d customers are held", name, n, len(w.subjects))
			}
		}
	}
}

// TestRingKeepsTheNewest, oldest first.
func TestRingKeepsTheNewest(t *testing.T) {
	var r ring
	for n := range uint64(3 * MaxEntries) {
		r.add(n)
		list := r.ordered()
		if r.n != int(n)+1 || len(list) != min(r.n, MaxEntries) || list[len(list)-1] != n || !slices.IsSorted(list) || len(slices.Compact(list)) != min(r.n, MaxEntries) {
			t.Fatalf("after %d: %v", n, list)
		}
	}
}

// TestWalkIsTheNegativeBinomial: probabilities and tails as the textbook has them.
func TestWalkIsTheNegativeBinomial(t *testing.T) {
	for _, x := range [][2]float64{{0.5, 0.2}, {3, 4}, {20, 1}, {1, 30}} {
		r, mean := x[0], x[1]
		w, below := newWalk(r, mean), 0.0
		for k := range 60 {
			a, _ := math.Lgamma(r + float64(k))
			b, _ := math.Lgamma(r)
			c, _ := math.Lgamma(float64(k + 1))
			p := math.Exp(a - b - c + r*math.Log(r/(r+mean)) + float64(k)*math.Log(mean/(r+mean)))
			tail := max(1-below, tailFloor)
			if math.Abs(w.p-p) > 1e-9*p || math.Abs(w.tail-tail) > 1e-9*tail+1e-14 || w.tail < tailFloor {
				t.Fatalf("shape %v, mean %v: P(%d) %g, tail %g; want %g, %g", r, mean, k, w.p, w.tail, p, tail)
			}
			below += p
			w.step(k)
		}
		for k := 60; k < 5000; k++ {
			w.step(k)
		}
		if w.tail < tailFloor {
			t.Errorf("rounding made evidence: a tail of %g", w.tail)
		}
	}
}

// TestWhatIsFoundOutIsNotLearnt: while a login is under suspicion its days do not become
// what is usual; an alarm ends the suspicion, one wild day is learnt in part, and old days
// count less.
func TestWhatIsFoundOutIsNotLearnt(t *testing.T) {
	day := func(x *tester, n int, alarm bool) {
		x.start(prior{shape: 2, rate: 4, scatter: 1}, 1)
		for range n {
			x.one()
		}
		if alarm {
			x.alarm()
		}
		x.end(1)
	}
	var x tester
	day(&x, 12, false)
	if !x.suspected() || x.sum != 0 || x.days != 0 {
		t.Errorf("a day under suspicion was learnt: %v in %v days", x.sum, x.days)
	}
	day(&x, 100, true)
	if x.suspected() || x.days != 1 || x.sum < 1 || x.sum > 10 {
		t.Errorf("of a wild day %v were learnt in %v days", x.sum, x.days)
	}
	x = tester{}
	day(&x, 12, false)
	quiet := 0
	for ; x.suspected(); quiet++ {
		day(&x, 0, false)
	}
	if x.days != float64(1+quiet) || x.sum < 1 {
		t.Errorf("what was suspected and came to nothing is not learnt: %v in %v days", x.sum, x.days)
	}
	for range 500 {
		day(&x, 0, false)
	}
	if x.days > 1/(1-forget) || x.days < 40 {
		t.Errorf("500 days weigh as %v", x.days)
	}
}

// TestAlternativesAreNoWilderThanTheyNeedBe: the days of a leaker are steady, however
// scattered those of others are.
func TestAlternativesAreNoWilderThanTheyNeedBe(t *testing.T) {
	var x tester
	x.start(prior{shape: 2, rate: 4, scatter: 8}, 1)
	if got := 0.5 + 0.25/x.null.r; math.Abs(got-(8*0.5+8*0.25/2)) > 1e-6 { // mean², over the shape, is what is beyond chance
		t.Errorf("shape %v under the null; scatter makes the days of the same mean wider", x.null.r)
	}
	for i := range x.alt {
		if x.alt[i].r < leastShape {
			t.Errorf("alternative %d has shape %v", i, x.alt[i].r)
		}
	}
}

// TestPeersAreLearnt: from members whose rates are drawn from a gamma distribution the
// prior finds its mean and how far members lie apart, from each group its own; a group of
// few says nothing.
func TestPeersAreLearnt(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 2))
	var members []*tester
	var groups []uint32
	add := func(group uint32, rate float64) {
		x := &tester{}
		for range 40 {
			x.sum, x.days = x.sum*forget+float64(poisson(rng, rate)), x.days*forget+1
		}
		members, groups = append(members, x), append(groups, group)
	}
	for range 150 {
		add(1, gamma(rng, 4, 2))
		add(2, gamma(rng, 0.6, 2))
	}
	for range leastPeers - 1 {
		add(3, 50)
	}
	var p peers
	if p.of(1) != first {
		t.Error("a prior before anybody was there")
	}
	p.learn(func(f func(uint32, *tester)) {
		for i, x := range members {
			f(groups[i], x)
		}
	})
	for group, want := range map[uint32]prior{1: {shape: 4, rate: 2}, 2: {shape: 0.6, rate: 2}} {
		got := p.of(group)
		if mean := got.shape / got.rate; math.Abs(mean-want.shape/want.rate) > 0.25*want.shape/want.rate {
			t.Errorf("group %d: mean %v, want %v", group, mean, want.shape/want.rate)
		}
		if got.rate < want.rate/1.8 || got.rate > want.rate*1.8 {
			t.Errorf("group %d: rate %v, want about %v", group, got.rate, want.rate)
		}
	}
	if p.of(3) != p.of(0) || p.of(99) != p.of(0) || p.of(0) == first {
		t.Error("a group of few, or one of nobody, has a prior of its own")
	}
}

// TestPriorsAreBounded: members who are all alike do not outweigh a login's own days for
// ever, and scatter follows what days showed, never below that of chance.
func TestPriorsAreBounded(t *testing.T) {
	learn := func(p *peers, rates ...float64) prior {
		var list []*tester
		for _, r := range rates {
			list = append(list, &tester{sum: 40 * r, days: 40})
		}
		p.learn(func(f func(uint32, *tester)) {
			for _, x := range list {
				f(0, x)
			}
		})
		return p.of(0)
	}
	alike, apart := make([]float64, 20), make([]float64, 20)
	for i := range alike {
		alike[i], apart[i] = 1, float64(i*i*i)
	}
	if got := learn(&peers{}, alike...); got.rate != mostRate {
		t.Errorf("all alike: %+v", got)
	}
	if got := learn(&peers{}, apart...); got.rate != leastRate {
		t.Errorf("far apart: %+v", got)
	}
	var p peers
	for range 10 {
		p.day(0, closed{mean: 1, more: 7})
	}
	if got := learn(&p, alike...); got.scatter != 8 {
		t.Errorf("days eight times as far as expected: %+v", got)
	}
	for range 100 {
		p.day(0, closed{mean: 1, more: -1})
		learn(&p, alike...)
	}
	if got := p.of(0); got.scatter != 1 {
		t.Errorf("days without any scatter: %+v", got)
	}
}

// TestPoolIsTheShareOfDays: the chance of a day so far above the usual is the share of
// days that were, the day itself counted among them, and is never nothing.
func TestPoolIsTheShareOfDays(t *testing.T) {
	var p pool
	for i := range 99 {
		p.take(float64(i%10), true, 1)
	}
	p.take(1000, false, 7) // of somebody of whom nothing is known yet
	for z, want := range map[float64]float64{-9: 1, 5: 0.5, 9: 0.1, 9.5: 0.01, 1e6: 0.01} {
		if got := p.chance(z); math.Abs(got-want) > 0.011 || got == 0 {
			t.Errorf("chance of %v is %v, want %v", z, got, want)
		}
	}
	if u := p.usual(); math.Abs(u-1.06) > 1e-9 {
		t.Errorf("usual is %v", u)
	}
}

// TestRareDays: Laplace's rule, each person-day once, older days counting less.
func TestRareDays(t *testing.T) {
	l := newLedge()
	if chance, again := l.happened(rareTravel, 1); chance != 0.5 || again {
		t.Errorf("at first: %v %v", chance, again)
	}
	if _, again := l.happened(rareTravel, 1); !again {
		t.Error("the same day of the same person counts twice")
	}
	l.happened(rareTravel, 2)
	l.end(10)
	if chance, again := l.happened(rareTravel, 1); math.Abs(chance-3.0/12) > 1e-9 || again {
		t.Errorf("two of ten: %v %v", chance, again)
	}
	for range 2000 {
		l.end(10)
	}
	if k := l.kinds[rareTravel]; k.days > 10/(1-rareMemory) || k.happened > 1e-6 {
		t.Errorf("after years: %+v", k)
	}
}

// TestTurns: within minutes, on one day, between two.
func TestTurns(t *testing.T) {
	var x turns
	for i, step := range []struct {
		number uint32
		after  time.Duration
		day    int32
		want   int
	}{
		{1, 0, 1, 0}, {2, time.Minute, 1, 1}, {2, time.Minute, 1, 1}, {1, turn, 1, 2}, {2, turn + time.Second, 1, 2}, {1, 0, 1, 3}, {2, time.Minute, 2, 1},
	} {
		at := monday
		if i > 0 {
			at = x.at.Add(step.after)
		}
		if got := x.take(step.number, at, step.day); got != step.want {
			t.Errorf("step %d: %d turns, want %d", i, got, step.want)
		}
	}
}

// TestUsesAreBounded: of many devices the one that was not used for longest is given up.
func TestUsesAreBounded(t *testing.T) {
	var list []use
	for n := range uint32(maxUses) {
		list, _, _ = used(list, n+1, int32(n), monday)
	}
	list, _, _ = used(list, 1, 500, monday)
	list, fresh, _ := used(list, 99, 501, monday)
	if !fresh || len(list) != maxUses {
		t.Fatalf("fresh %v, %d are held", fresh, len(list))
	}
	if _, fresh, _ = used(list, 1, 502, monday); fresh {
		t.Error("a device that was used lately was given up")
	}
	if _, fresh, _ = used(list, 2, 502, monday); !fresh {
		t.Error("the oldest was kept")
	}
}

// TestNetworks: the address of a dozen logins within a fortnight is nobody's device.
func TestNetworks(t *testing.T) {
	var d device
	for n := range uint32(crowd) {
		if d.network(10) {
			t.Errorf("%d logins are a network", n)
		}
		d.logins, _, _ = used(d.logins, n+1, 10, monday)
	}
	if !d.network(10 + CrowdDays) {
		t.Error("a dozen logins are one device")
	}
	if d.network(10 + CrowdDays + 1) {
		t.Error("logins of long ago count")
	}
}

// TestHours: an hour at which neither it nor its neighbours are used is outside the hours,
// once some days are known.
func TestHours(t *testing.T) {
	var h hours
	work := func() {
		for _, at := range []int{9, 12, 15} {
			h.today |= 1 << at
		}
		h.endDay()
	}
	for range leastKnown - 1 {
		work()
	}
	if h.off(3) {
		t.Error("judged before enough days are known")
	}
	work()
	work()
	for hour := range 24 {
		want := hour < 8 || hour > 16
		if got := h.off(hour); got != want {
			t.Errorf("hour %d is outside: %v", hour, got)
		}
	}
	days := h.days
	h.endDay()
	if h.days != days {
		t.Error("a day off counts as a day of work")
	}
}

// TestDistance knows two cities, and the other side of the earth.
func TestDistance(t *testing.T) {
	london, edinburgh := Place{Latitude: 51.507, Longitude: -0.128}, Place{Latitude: 55.953, Longitude: -3.188}
	if km := distance(london, edinburgh); math.Abs(km-534) > 3 {
		t.Errorf("London to Edinburgh: %v km", km)
	}
	if km := distance(Place{Latitude: 60}, Place{Latitude: 60, Longitude: 180}); math.Abs(km-6671) > 10 {
		t.Errorf("over the pole: %v km", km)
	}
}
