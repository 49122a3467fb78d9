package main

import (
	"cmp"
	"math"
	"slices"
	"time"

	"custody/lab"
)

// baselines are what is used elsewhere: fixed rules, and the z-score of volume with the
// same budget of reviews a day.
type baselines struct {
	t      *truth
	o      *watchOutcome
	rules  int // alerts of the rules that are reviewed a day, those that come first
	most   int // days of logins that are reviewed a day, those of the highest z-scores
	raised int // by the rules today
	today  []volume
	usual  []usual
}

// volume is one login's day.
type volume struct {
	looks, night int
	hour         [24]int
	bad          bool
	last         time.Time
	told         bool
}

// usual is the mean and the variance of a login's days.
type usual struct{ n, sum, squares float64 }

// The rules: more customers a day, an hour or at night than anybody needs, for those
// who wrote them.
const (
	ruleDay, ruleHour, ruleNight = 150, 40, 10
	reviews                      = 5 // of volume, a day
	everything                   = 1 << 30
)

func newBaselines(p lab.Params, t *truth, o *watchOutcome, rules, most int) *baselines {
	return &baselines{t: t, o: o, rules: rules, most: most, today: make([]volume, p.Staff), usual: make([]usual, p.Staff)}
}

func (b *baselines) take(l *lab.Look) {
	v := &b.today[l.Login]
	v.looks++
	h := l.At.Hour()
	v.hour[h]++
	if h >= 21 || h < 6 {
		v.night++
	}
	v.bad, v.last = v.bad || l.Bad, l.At
	if v.told || v.looks <= ruleDay && v.hour[h] <= ruleHour && v.night < ruleNight {
		return
	}
	v.told = true
	b.o.Simples++
	b.raised++
	if b.raised <= b.rules && v.bad && !b.o.Simple.Found {
		b.o.Simple = b.t.at(l.At)
	}
}

// endDay reviews the logins whose volume is furthest above their own.
func (b *baselines) endDay() {
	type z struct {
		who   int
		score float64
	}
	var list []z
	scatter := b.scatter()
	for i := range b.today {
		v, u := &b.today[i], &b.usual[i]
		if v.looks > 0 && u.n >= 5 {
			list = append(list, z{i, (float64(v.looks) - u.sum/u.n) / scatter})
		}
	}
	slices.SortFunc(list, func(a, c z) int { return cmp.Compare(c.score, a.score) })
	for _, x := range list[:min(len(list), b.most)] {
		if b.today[x.who].bad && !b.o.Volume.Found {
			b.o.Volume = b.t.at(b.today[x.who].last.Truncate(24 * time.Hour).Add(24 * time.Hour))
		}
	}
	for i := range b.today {
		if n := float64(b.today[i].looks); n > 0 {
			b.usual[i].n++
			b.usual[i].sum += n
			b.usual[i].squares += n * n
		}
		b.today[i] = volume{}
	}
	b.raised = 0
}

// scatter is the standard deviation of days around their login's mean, of all logins
// together: a login's own, of a few days, would be worth little.
func (b *baselines) scatter() float64 {
	sum, n := 0.0, 0.0
	for _, u := range b.usual {
		if u.n > 1 {
			sum += u.squares - u.sum*u.sum/u.n
			n += u.n - 1
		}
	}
	return math.Sqrt(max(sum/max(n, 1), 1))
}
