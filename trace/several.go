package trace

import (
	"cmp"
	"slices"
)

// Several sources: a candidate is looked at while its p is below maxSourceP, and counts as
// found from a probability of foundPosterior beside all others on. On 55 tuning seeds of two
// who share a leak, and of two who do not know of each other, p alone let an innocent
// login in in 11 runs, six of them with a p of 0.01 or less; the highest probability of any
// was 0.80.
const (
	maxSourceP     = 0.05
	foundPosterior = 0.9
)

// several looks for sources one after another, each by what it explains beyond those
// before it, and then judges each beside all others: what one of two leakers explains
// poorly, because the other's complainants speak against it, it explains well once the
// other is known, and what chance or a misfit of the first brought in does not gain.
func (m *model) several(looks *Looks, f []float64, p float64, o Options) []Source {
	forward := m.apart()
	f = slices.Clone(f)
	var list []Source
	for step := uint64(1); p < maxSourceP && len(list) < o.MaxSources; step++ {
		best := slices.Index(f, slices.Max(f))
		list = append(list, Source{Candidate: Candidate(best), P: p})
		forward.explain(uint32(best))
		f = forward.factors()
		for _, x := range list {
			f[x.Candidate] = 0
		}
		p = forward.familywise(slices.Max(f), o, step)
	}
	for i := range list {
		list[i].Posterior = m.beside(looks, list, i, o)
	}
	return list
}

// beside gives the probability of the i-th source, all others being known.
func (m *model) beside(looks *Looks, list []Source, i int, o Options) float64 {
	rest := m.apart()
	known := map[Candidate]bool{}
	for k, x := range list {
		if k != i {
			rest.explain(uint32(x.Candidate))
			known[x.Candidate] = true
		}
	}
	var ranked []Ranked
	for c, f := range rest.factors() {
		if x := Candidate(c); looks.saw[c] > 0 && !known[x] {
			ranked = append(ranked, Ranked{Candidate: x, LogFactor: f})
		}
	}
	posteriors(ranked, o.Elsewhere)
	return ranked[slices.IndexFunc(ranked, func(r Ranked) bool { return r.Candidate == list[i].Candidate })].Posterior
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
