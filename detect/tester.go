package detect

// A tester watches the daily count of unexplained first looks of one login or device.
//
// Null hypothesis: given the days before, the count of a day is negative-binomial with
// the mean and shape that these days and the peers' give (peers.go). For each of a few
// alternatives (so many looks a day more) it keeps a Shiryaev-Roberts process: every
// active day adds one and multiplies with the day's likelihood ratio. Within a day the
// ratio of tails P1(X ≥ k)/P0(X ≥ k) stands for it: the expectation of the day's
// likelihood ratio given that at least k have come, whatever is still to come, so that
// an alarm may be raised at any moment.
//
// The mean over the alternatives, less the number of active days, is a martingale under
// the null that starts at 0. So a tester that alarms at c and starts anew raises at
// most one alarm in c active days on average, over any length of time.
type tester struct {
	sum, days float64 // of closed days, older ones counting less
	run       [len(extra)]float64
	null      walk
	alt       [len(extra)]walk
	count     int32
	open      bool // today is an active day
	alarmed   bool // today, by the slow test
	told      bool // today, by the test of the single day
	mean      float32
}

// extra are the alternatives: so many unexplained first looks a day more.
var extra = [...]float64{1, 2, 4, 8, 16, 32}

// leastShape makes the alternatives less scattered than the null may be.
const leastShape = 3

// forget is what a day's count keeps of its weight from day to day.
const forget = 0.98

// start opens an active day.
func (t *tester) start(pr prior) {
	a, b := pr.shape+t.sum, pr.rate+t.days
	mean := a / b
	r := a / pr.scatter
	t.null = newWalk(r, mean)
	for i, d := range extra {
		t.run[i]++
		t.alt[i] = newWalk(max(r, leastShape), mean+d)
	}
	t.mean, t.count, t.open, t.alarmed, t.told = float32(mean), 0, true, false, false
}

// one takes an unexplained first look.
func (t *tester) one() {
	k := int(t.count)
	t.null.step(k)
	for i := range t.alt {
		t.alt[i].step(k)
	}
	t.count++
}

// evidence is the value of the process now.
func (t *tester) evidence() float64 {
	e := 0.0
	for i := range t.run {
		e += t.run[i] * t.alt[i].tail
	}
	return e / t.null.tail / float64(len(t.run))
}

// alarm starts anew.
func (t *tester) alarm() {
	t.run = [len(extra)]float64{}
	t.alarmed = true
}

// suspect is the evidence above which days are not learnt from: what is being found out
// must not become ordinary meanwhile. An alarm ends it, and so does a quiet day or two.
const suspect = 40

// end closes an active day. What is learnt of it is bounded as well.
func (t *tester) end() (x, mean, variance float64) {
	for i := range t.run {
		t.run[i] *= t.alt[i].p / max(t.null.p, 1e-300)
	}
	mean = float64(t.mean)
	variance = mean + mean*mean/t.null.r
	x = min(float64(t.count), mean+4*sqrt(variance)+2)
	t.open = false
	if t.suspected() {
		return mean, mean, variance
	}
	t.sum, t.days = t.sum*forget+x, t.days*forget+1
	return x, mean, variance
}

// suspected says whether the process stands too high to learn. Between days it is the
// mean over the alternatives.
func (t *tester) suspected() bool {
	sum := 0.0
	for _, r := range t.run {
		sum += r
	}
	return sum/float64(len(t.run)) > suspect
}
