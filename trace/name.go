package trace

import (
	"fmt"
	"math"
	"slices"
	"sync/atomic"
)

// The naming rule.
const (
	namePosterior = 0.99
	nameP         = 0.01
	nameLead      = 100 // times the next factor
	nameStable    = 0.95
)

// Naming says whether the complaints name a login. They never name a person: that
// takes evidence that binds the login to the person.
type Naming struct {
	Login     bool
	Candidate Candidate // the best, whether named or not
	// Against lists, in plain English, which parts of the rule are not met.
	Against []string
	// Untested lists parts of the rule that could not be tried.
	Untested []string
	// Split is the next best test when nobody is named.
	Split *Split
}

// Split says how canaries would tell those who remain possible apart.
type Split struct {
	// Members are the candidates to tell apart: the 95 % set, or the two best if there
	// is none.
	Members []Member
	// Canaries is how many planted customers, shown to one of them alone, catch a leak
	// of one record in a hundred with 99 %.
	Canaries int
}

// Member is one of those who remain possible.
type Member struct {
	Candidate Candidate
	// Only counts the subjects that no other of them has seen: complaints of these tell.
	Only int
}

// name applies the rule.
func name(l *Looks, cases []matched, m *model, r *Result, o Options) Naming {
	if len(r.Ranked) == 0 {
		return Naming{Against: []string{"nobody saw any of the complainants before the calls"}}
	}
	best := r.Ranked[0]
	n := Naming{Candidate: best.Candidate}
	against := func(ok bool, format string, args ...any) {
		if !ok {
			n.Against = append(n.Against, fmt.Sprintf(format, args...))
		}
	}
	against(best.Posterior >= namePosterior, "the probability is %.3f, where %.2f is asked", best.Posterior, namePosterior)
	against(r.P <= nameP, "chance alone gives as strong a case with probability %.3f, where %.2f is allowed", r.P, nameP)
	if len(r.Ranked) > 1 {
		against(best.LogFactor-r.Ranked[1].LogFactor >= math.Log(nameLead), "the next candidate explains nearly as much")
	}
	if len(n.Against) == 0 { // what follows costs time, and changes nothing otherwise
		n.stability(l, cases, m, best.Candidate, o, against)
	}
	n.Login = len(n.Against) == 0
	if !n.Login {
		n.Split = split(l, r)
	}
	return n
}

// stability asks whether the answer stays the same under other assumptions.
func (n *Naming) stability(l *Looks, cases []matched, m *model, best Candidate, o Options, against func(bool, string, ...any)) {
	for _, x := range []float64{0.5, 2} {
		other := o
		other.Lag = o.Lag.Times(x)
		against(stays(l, measure(l, cases, other).factors(), best, o), "with calls that come %g times as long after a look, the answer changes", x)
	}
	against(m.leaveOneOut(l, best, o), "without one of the complaints the answer changes")
	if o.Group == nil {
		n.Untested = append(n.Untested, "within the branch: the log does not say who belongs to which")
		return
	}
	inside := within(l, cases, best, o)
	against(len(inside) == 0 || stays(l, measure(l, inside, o).factors(), best, o), "among customers of the same branch the answer changes")
}

// stays says whether a candidate is still the best and nearly as probable.
func stays(l *Looks, factors []float64, best Candidate, o Options) bool {
	var list []Ranked
	for i, f := range factors {
		if l.saw[i] > 0 {
			list = append(list, Ranked{Candidate: Candidate(i), LogFactor: f})
		}
	}
	posteriors(list, o.Elsewhere)
	order(list)
	return list[0].Candidate == best && list[0].Posterior >= nameStable
}

// leaveOneOut says whether the answer stays without any one complaint.
func (m *model) leaveOneOut(l *Looks, best Candidate, o Options) bool {
	if len(m.own) < 2 {
		return false
	}
	gain, cost := m.logs(m.observed()), m.logs(m.penalties())
	for i := range gain {
		gain[i] -= cost[i]
	}
	var changes atomic.Bool
	share(len(m.own), func(next func() (int, bool)) {
		lambda := make([]float64, len(gain))
		for k, ok := next(); ok && !changes.Load(); k, ok = next() {
			copy(lambda, gain)
			m.leaveOut(lambda, k)
			if !stays(l, average(lambda), best, o) {
				changes.Store(true)
			}
		}
	})
	return !changes.Load()
}

// leaveOut takes back what the k-th complaint said, for and against.
func (m *model) leaveOut(lambda []float64, k int) {
	without(lambda, m.own[k], m.knew[k]/m.weight[k], -1)
	without(lambda, m.mean[k], m.knew[k]/m.meanWeight[k], 1)
}

// without adds the terms of candidates with these exposures, or takes them away.
func without(lambda []float64, list []exposure, x, sign float64) {
	for _, e := range list {
		for r, rho := range strengths {
			lambda[int(e.candidate)*len(strengths)+r] += sign * math.Log1p(rho*x*float64(e.g))
		}
	}
}

// within narrows the matched sets to subjects that somebody of the candidate's group
// has seen, so that belonging to the group explains nothing. Complaints of others go.
func within(l *Looks, cases []matched, best Candidate, o Options) []matched {
	group := o.Group(best)
	var list []matched
	for _, c := range cases {
		seen := func(s uint32) bool {
			return slices.ContainsFunc(l.of(s), func(k look) bool { return k.at < c.at && o.Group(Candidate(k.candidate)) == group })
		}
		if !seen(c.subject) {
			continue
		}
		narrowed := c
		narrowed.among = nil
		for _, s := range c.among {
			if seen(s) {
				narrowed.among = append(narrowed.among, s)
			}
		}
		list = append(list, narrowed)
	}
	return list
}

// maxMembers bounds how many candidates a test is proposed for.
const maxMembers = 16

// split proposes the test that would tell those in the set apart.
func split(l *Looks, r *Result) *Split {
	s := &Split{Canaries: canaries(0.01)}
	set := r.Set
	if len(set) < 2 {
		set = nil
		for _, x := range r.Ranked[:min(len(r.Ranked), 2)] {
			set = append(set, x.Candidate)
		}
	}
	if len(set) < 2 {
		return nil
	}
	place := make([]int8, len(l.saw)) // 1 + place among the members
	for i, c := range set[:min(len(set), maxMembers)] {
		s.Members = append(s.Members, Member{Candidate: c})
		place[c] = int8(i + 1)
	}
	for subject := range l.from[:len(l.from)-1] {
		by := int8(0) // whose alone so far; -1: of several
		for _, k := range l.of(uint32(subject)) {
			if by = alone(by, place[k.candidate]); by < 0 {
				break
			}
			for _, p := range l.partsOf(k.candidate) {
				by = alone(by, place[p])
			}
		}
		if by > 0 {
			s.Members[by-1].Only++
		}
	}
	return s
}

// alone adds a viewer to whose alone a subject is: 0 nobody's, -1 of several.
func alone(by, who int8) int8 {
	switch {
	case who == 0 || who == by:
		return by
	case by == 0:
		return who
	}
	return -1
}

// canaries is how many catch a leak of fraction f with 99 %.
func canaries(f float64) int { return int(math.Ceil(math.Log(0.01) / math.Log(1-f))) }
