package trace

import (
	"math"
	"slices"
)

// tally is Λ of every candidate at every strength, kept as products: a logarithm is
// taken at the end, and before a product grows out of range.
type tally struct {
	product []float64 // [candidate·len(strengths) + strength]
	log     []float64
}

func newTally(candidates int) *tally {
	n := candidates * len(strengths)
	return &tally{product: ones(n), log: make([]float64, n)}
}

// multiply adds log(1 + ρ·x) of a candidate at each strength.
func (t *tally) multiply(candidate uint32, x float64) {
	at := int(candidate) * len(strengths)
	row := t.product[at : at+len(strengths)]
	for i, rho := range strengths {
		row[i] *= 1 + rho*x
		if row[i] > 1e200 {
			t.log[at+i] += math.Log(row[i])
			row[i] = 1
		}
	}
}

// reset forgets a candidate's products.
func (t *tally) reset(candidate uint32) {
	at := int(candidate) * len(strengths)
	for i := range strengths {
		t.product[at+i], t.log[at+i] = 1, 0
	}
}

// value gives Λ of a candidate at strength i.
func (t *tally) value(candidate, i int) float64 {
	at := candidate*len(strengths) + i
	return t.log[at] + math.Log(t.product[at])
}

// gains adds what a complaint about somebody with these exposures says for them.
func (t *tally) gains(list []exposure, knew, weight float64) {
	for _, e := range list {
		t.multiply(e.candidate, knew*float64(e.g)/weight)
	}
}

// penalties gives what the matched sets cost each candidate: the same for every redraw.
func (m *model) penalties() *tally {
	t := newTally(m.candidates)
	for k, list := range m.mean {
		t.gains(list, m.knew[k], m.meanWeight[k])
	}
	return t
}

// observed gives what the complainants say for each candidate.
func (m *model) observed() *tally {
	t := newTally(m.candidates)
	for k, list := range m.own {
		t.gains(list, m.knew[k], m.weight[k])
	}
	return t
}

// factors gives each candidate's log Bayes factor: the mean of e^Λ over the strengths.
func (m *model) factors() []float64 {
	lambda, cost := m.logs(m.observed()), m.logs(m.penalties())
	for i := range lambda {
		lambda[i] -= cost[i]
	}
	return average(lambda)
}

// logs gives a tally's values.
func (m *model) logs(t *tally) []float64 {
	list := make([]float64, len(t.product))
	for i := range m.candidates {
		for r := range strengths {
			list[i*len(strengths)+r] = t.value(i, r)
		}
	}
	return list
}

// average gives the log of the mean of e^Λ over the strengths, by candidate.
func average(lambda []float64) []float64 {
	f := make([]float64, len(lambda)/len(strengths))
	for i := range f {
		f[i] = meanExp(lambda[i*len(strengths) : (i+1)*len(strengths)])
	}
	return f
}

// meanExp is log(mean(e^x)), without overflow.
func meanExp(x []float64) float64 {
	top := slices.Max(x)
	var sum float64
	for _, v := range x {
		sum += math.Exp(v - top)
	}
	return top + math.Log(sum/float64(len(x)))
}

// strongest is the strength at which a candidate explains most.
func strongest(gain, cost *tally, i int) float64 {
	best, at := math.Inf(-1), 0
	for r := range strengths {
		if v := gain.value(i, r) - cost.value(i, r); v > best {
			best, at = v, r
		}
	}
	return strengths[at]
}
