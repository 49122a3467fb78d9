package trace

import (
	"math/rand/v2"
	"sync/atomic"
)

// familywise is the probability of a best factor as high as best if the complainants
// had been drawn at random from their matched sets (and, when sources were found
// before, in proportion to what those explain). step tells apart the draws of several
// calls.
func (m *model) familywise(best float64, o Options, step uint64) float64 {
	if best < nothing {
		return 1
	}
	cost := m.logs(m.penalties())
	var above atomic.Int64
	share(o.Redraws, func(next func() (int, bool)) {
		d := newDraw(m, cost)
		for r, ok := next(); ok; r, ok = next() {
			if d.best(random(o.Seed, 1<<32|step<<40|uint64(r))) >= best {
				above.Add(1)
			}
		}
	})
	return float64(1+above.Load()) / float64(1+o.Redraws)
}

// nothing is a log factor that rounding makes of none: a candidate that saw no complainant
// explains nothing, and most draws are exactly 0.
const nothing = 1e-9

// draw redraws the complainants; each goroutine has its own.
type draw struct {
	m       *model
	cost    []float64
	gain    *tally
	seen    []bool
	touched []uint32
	lambda  []float64
}

func newDraw(m *model, cost []float64) *draw {
	return &draw{m: m, cost: cost, gain: newTally(m.candidates), seen: make([]bool, m.candidates), lambda: make([]float64, len(strengths))}
}

// best draws once and gives the highest log factor. Candidates without any gain have
// factors of at most 1, and are left out: what is compared is above that.
func (d *draw) best(rng *rand.Rand) float64 {
	for k := range d.m.pool {
		n := pick(rng, d.m.poolWeight[k])
		list := d.m.pool[k][n]
		for _, e := range list {
			if !d.seen[e.candidate] {
				d.seen[e.candidate] = true
				d.touched = append(d.touched, e.candidate)
			}
		}
		d.gain.gains(list, d.m.knew[k], d.m.poolWeight[k][n])
	}
	top := 0.0
	for _, c := range d.touched {
		top = max(top, d.factor(int(c)))
		d.gain.reset(c)
		d.seen[c] = false
	}
	d.touched = d.touched[:0]
	return top
}

func (d *draw) factor(i int) float64 {
	for r := range strengths {
		d.lambda[r] = d.gain.value(i, r) - d.cost[i*len(strengths)+r]
	}
	return meanExp(d.lambda)
}

// pick draws a member in proportion to its weight.
func pick(rng *rand.Rand, weights []float64) int {
	var total float64
	for _, w := range weights {
		total += w
	}
	x := rng.Float64() * total
	for n, w := range weights {
		if x -= w; x < 0 {
			return n
		}
	}
	return len(weights) - 1
}
