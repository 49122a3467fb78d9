package trace

import (
	"cmp"
	"slices"
)

// maxSourceP is the p below which one more source is taken to be there.
const maxSourceP = 0.05

// several looks for sources one after another: each is judged by what it explains
// beyond those before it.
func (m *model) several(f []float64, p float64, o Options) []Source {
	m = m.apart()
	f = slices.Clone(f)
	var list []Source
	for step := uint64(1); p < maxSourceP && len(list) < o.MaxSources; step++ {
		best := slices.Index(f, slices.Max(f))
		list = append(list, Source{Candidate(best), p})
		m.explain(uint32(best))
		f = m.factors()
		f[best] = 0
		p = m.familywise(slices.Max(f), o, step)
	}
	return list
}

// apart gives a model with weights of its own.
func (m *model) apart() *model {
	c := *m
	c.weight, c.meanWeight = slices.Clone(m.weight), slices.Clone(m.meanWeight)
	c.poolWeight = make([][]float64, len(m.poolWeight))
	for k, w := range m.poolWeight {
		c.poolWeight[k] = slices.Clone(w)
	}
	return &c
}

// explain adds a source, at the strength at which it explains most, to the chances of
// being called.
func (m *model) explain(source uint32) {
	rho := strongest(m.observed(), m.penalties(), int(source))
	for k := range m.own {
		x := rho * m.knew[k]
		m.weight[k] += x * of(m.own[k], source)
		m.meanWeight[k] += x * of(m.mean[k], source)
		for n, list := range m.pool[k] {
			m.poolWeight[k][n] += x * of(list, source)
		}
	}
}

// of finds a candidate's exposure in a list that is in their order; 0 if there is none.
func of(list []exposure, c uint32) float64 {
	if i, ok := place(list, c); ok {
		return float64(list[i].g)
	}
	return 0
}

func place(list []exposure, c uint32) (int, bool) {
	return slices.BinarySearchFunc(list, c, func(e exposure, c uint32) int { return cmp.Compare(e.candidate, c) })
}
