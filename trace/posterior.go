package trace

import (
	"cmp"
	"math"
	"slices"
)

// posteriors fills P(i) = π·BF_i / (π0 + Σ π·BF_j), the prior shared out evenly, and
// gives what is left for "elsewhere".
func posteriors(list []Ranked, elsewhere float64) float64 {
	if len(list) == 0 {
		return 1
	}
	prior := (1 - elsewhere) / float64(len(list))
	top := 0.0
	for _, r := range list {
		top = max(top, r.LogFactor)
	}
	none := elsewhere * math.Exp(-top)
	total := none
	for _, r := range list {
		total += prior * math.Exp(r.LogFactor-top)
	}
	for i := range list {
		list[i].Posterior = prior * math.Exp(list[i].LogFactor-top) / total
	}
	return none / total
}

// credibleShare is how much of the probability the set holds.
const credibleShare = 0.95

// credible gives the fewest candidates that together with "elsewhere" hold the share.
// The list is ranked, the best first. Nobody is in the set when "elsewhere" suffices.
func credible(ranked []Ranked, elsewhere float64) []Candidate {
	var set []Candidate
	held := elsewhere
	for _, r := range ranked {
		if held >= credibleShare {
			break
		}
		held += r.Posterior
		set = append(set, r.Candidate)
	}
	return set
}

// Baselines are what simpler ways of counting say of a candidate, to show beside.
type Baselines struct {
	Count    float64 // share of the complainants that were seen at any time before
	Fraction float64 // complainants seen, over all subjects seen
	// Binomial is the probability of having seen so many of the complainants if they
	// were drawn from all subjects.
	Binomial float64
	// Guilt is the model of Papadimitriou and Garcia-Molina: it knows neither time nor
	// background, and gives every heavy user 1.
	Guilt float64
}

// guess is the probability, in the guilt model, that a complainant's number was found
// otherwise.
const guess = 0.5

func baselines(ranked []Ranked, l *Looks, m *model) {
	n := len(m.own)
	innocent := make([]float64, m.candidates)
	for i := range innocent {
		innocent[i] = 1
	}
	for _, own := range m.own {
		for _, e := range own {
			innocent[e.candidate] *= 1 - (1-guess)/float64(len(own))
		}
	}
	for i := range ranked {
		r := &ranked[i]
		share := float64(r.Saw) / float64(len(l.byAge))
		r.Baselines = Baselines{
			Count: float64(r.Seen) / float64(n), Fraction: float64(r.Seen) / float64(r.Saw),
			Binomial: binomialTail(r.Seen, n, share), Guilt: 1 - innocent[r.Candidate],
		}
	}
}

// binomialTail is P(X ≥ k) of n draws with probability p.
func binomialTail(k, n int, p float64) float64 {
	if k == 0 {
		return 1
	}
	if p >= 1 {
		return 1
	}
	var sum float64
	for i := k; i <= n; i++ {
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(i + 1))
		c, _ := math.Lgamma(float64(n - i + 1))
		sum += math.Exp(a - b - c + float64(i)*math.Log(p) + float64(n-i)*math.Log1p(-p))
	}
	return min(sum, 1)
}

// order ranks by factor, the best first.
func order(list []Ranked) {
	slices.SortFunc(list, func(a, b Ranked) int {
		return cmp.Or(cmp.Compare(b.LogFactor, a.LogFactor), cmp.Compare(a.Candidate, b.Candidate))
	})
}
