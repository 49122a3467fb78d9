package detect

import "math"

// prior says what to expect of somebody of whom nothing is known: the rate of
// unexplained first looks a day among the peers has the distribution Gamma(shape, rate).
// scatter is the variance of a day of a known rate, in means: 1 if only chance is in it.
type prior struct{ shape, rate, scatter float64 }

// first is the prior before anybody has worked a day.
var first = prior{shape: 0.5, rate: 0.25, scatter: 1}

// peers learns priors, one for each group and one for everybody.
type peers struct {
	groups []groupSums // by number of the group; 0 is everybody
}

type groupSums struct {
	prior
	n                  float64
	days, squares, sum float64 // of members: Σb, Σb², Σa
	between            float64 // Σ b (λ-μ)²
	expected, more     float64 // of closed days, discounted
}

// of gives the prior of a group.
func (p *peers) of(group uint32) prior {
	if int(group) < len(p.groups) && p.groups[group].n >= leastPeers {
		return p.groups[group].prior
	}
	if len(p.groups) > 0 && p.groups[0].n >= leastPeers {
		return p.groups[0].prior
	}
	return first
}

// leastPeers is how many have to be known before they say something of others.
const leastPeers = 8

// day learns from a day that is over.
func (p *peers) day(group uint32, d closed) {
	p.grow(group)
	p.groups[0].day(d)
	if group != 0 {
		p.groups[group].day(d)
	}
}

func (g *groupSums) day(d closed) {
	g.expected += d.mean
	g.more += d.more
}

func (p *peers) grow(group uint32) {
	for int(group) >= len(p.groups) {
		p.groups = append(p.groups, groupSums{prior: first})
	}
}

// learn reads all members and makes the priors of the next day.
func (p *peers) learn(each func(func(group uint32, t *tester))) {
	p.grow(0)
	for i := range p.groups {
		g := &p.groups[i]
		g.n, g.days, g.squares, g.sum, g.between = 0, 0, 0, 0, 0
	}
	each(func(group uint32, t *tester) {
		p.grow(group)
		p.groups[0].member(t)
		if group != 0 {
			p.groups[group].member(t)
		}
	})
	each(func(group uint32, t *tester) {
		p.groups[0].spread(t)
		if group != 0 {
			p.groups[group].spread(t)
		}
	})
	for i := range p.groups {
		p.groups[i].fit()
	}
}

func (g *groupSums) member(t *tester) {
	if t.days == 0 {
		return
	}
	g.n++
	g.days += t.days
	g.squares += t.days * t.days
	g.sum += t.sum
}

func (g *groupSums) spread(t *tester) {
	if t.days == 0 || g.days == 0 {
		return
	}
	d := t.sum/t.days - g.sum/g.days
	g.between += t.days * d * d
}

// fit matches mean and variance between members, and the variance of closed days (the
// method of moments).
func (g *groupSums) fit() {
	if g.n < leastPeers {
		return
	}
	mean := max(g.sum/g.days, 0.02)
	between := (g.between - (g.n-1)*mean*g.scatter) / max(g.days-g.squares/g.days, 1)
	rate := leastRate
	if between > 0 {
		rate = min(max(mean/between, leastRate), mostRate)
	} else {
		rate = mostRate
	}
	if g.expected > 0 {
		g.scatter = min(1+max(g.more/g.expected, 0), mostScatter)
		g.expected, g.more = g.expected*scatterMemory, g.more*scatterMemory
	}
	g.shape, g.rate = mean*rate, rate
}

// Bounds of a prior: how many days of one's own outweigh the peers.
const (
	leastRate, mostRate = 0.5, 40.0
	mostScatter         = 20
	scatterMemory       = 0.97
)

func sqrt(x float64) float64 { return math.Sqrt(x) }
