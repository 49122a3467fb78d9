package detect

import "math"

// A tester watches the daily count of unexplained first looks of one login or device.
//
// Null hypothesis: given the days before, the count of a day is negative-binomial with
// the mean and shape that these days and the peers' give (peers.go). What is learnt is
// the count of one login on one day. The day of a device is that of all logins who used
// it of late, together: it is known when the day begins, and when fewer of them come
// there are fewer looks than the null expects, which raises nothing. For each of a few
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
	sum, days float64 // of closed days of logins, older ones counting less
	run       [len(extra)]float64
	null      walk
	alt       [len(extra)]walk
	count     int32
	open      bool // today is an active day
	alarmed   bool // today, by the slow test
	told      bool // today, by the test of the single day
	hands     int  // logins whose day it is; 1 unless it is a device's
	mean      float32
	shape     float32
	kept      closed  // days that are not learnt from yet
	known     float32 // the shape that a lasting rate would have: how well it is known
}

// extra are the alternatives: so many unexplained first looks a day more.
var extra = [...]float64{1, 2, 4, 8, 16, 32}

// leastShape makes the alternatives less scattered than the null may be.
const leastShape = 3

// forget is what a day's count keeps of its weight from day to day.
const forget = 0.98

// start opens an active day of so many logins.
func (t *tester) start(pr prior, hands int) {
	a, b := pr.shape+t.sum, pr.rate+t.days
	t.count, t.open, t.alarmed, t.told, t.hands = 0, true, false, false, 1
	t.mean, t.shape, t.known = float32(a/b), float32(a/(pr.scatter+(pr.scatter-1)*b)), float32(a/pr.scatter)
	for i := range t.run {
		t.run[i]++
	}
	t.widen(hands)
}

// widen makes the day one of more logins than it began with: the sum of their counts is
// negative-binomial again.
func (t *tester) widen(hands int) {
	more := float32(hands) / float32(t.hands)
	t.hands, t.mean, t.shape = hands, t.mean*more, t.shape*more
	mean, r := float64(t.mean), float64(t.shape)
	t.null = newWalk(r, mean)
	for i, d := range extra {
		t.alt[i] = newWalk(max(r, leastShape), mean+d)
	}
	for k := range int(t.count) {
		t.step(k)
	}
}

// one takes an unexplained first look.
func (t *tester) one() {
	t.step(int(t.count))
	t.count++
}

func (t *tester) step(k int) {
	t.null.step(k)
	for i := range t.alt {
		t.alt[i].step(k)
	}
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
	t.restart()
	t.alarmed = true
}

// restart begins the process anew.
func (t *tester) restart() { t.run, t.kept = [len(extra)]float64{}, closed{} }

// begin sets the process, whose days of learning were judged by what was not known yet, to
// what so many days come to under the null on average.
func (t *tester) begin(days int) {
	t.restart()
	for i := range t.run {
		t.run[i] = float64(days)
	}
}

// suspect is the evidence above which days are not learnt from: what is being found out
// must not become ordinary meanwhile. They are kept until the process stands lower by
// itself, for to leave them out would teach that days are quieter than they are; after an
// alarm they are forgotten.
const suspect = 40

// end closes an active day, on which so many logins came, and says what peers learn of it.
// What is learnt is bounded.
func (t *tester) end(came int) (day closed) {
	for i := range t.run {
		t.run[i] *= t.alt[i].p / max(t.null.p, 1e-300)
	}
	t.open = false
	part := float64(came) / float64(t.hands)
	mean, r := float64(t.mean)*part, float64(t.shape)*part
	variance := mean + mean*mean/r
	most := math.Floor(mean + 4*sqrt(variance) + 2)
	x := min(float64(t.count), most)
	t.kept.days += float64(came)
	t.kept.sum += x
	t.kept.mean += mean
	t.kept.more += (x-mean)*(x-mean)*variance/clipped(r, mean, most) - mean - mean*mean/float64(t.known)
	if t.suspected() {
		return closed{}
	}
	day, t.kept = t.kept, closed{}
	t.sum, t.days = t.sum*forget+day.sum, t.days*forget+day.days
	return day
}

// closed is what is learnt of a day that is over, or of several: how many there were and
// what came on them, what was expected, and by how much the squares of the distances
// between the two were more than chance and an unknown rate say.
type closed struct{ days, sum, mean, more float64 }

// suspected says whether the process stands too high to learn. Between days it is the
// mean over the alternatives.
func (t *tester) suspected() bool {
	sum := 0.0
	for _, r := range t.run {
		sum += r
	}
	return sum/float64(len(t.run)) > suspect
}

// clipped is the variance of a count that counts as most when it is more.
func clipped(r, mean, most float64) (sum float64) {
	w := newWalk(r, mean)
	for k := 0; ; k++ {
		d := float64(k) - mean
		if float64(k) >= most {
			return sum + w.tail*d*d
		}
		sum += w.p * d * d
		w.step(k)
	}
}
