// Package trace answers whose looks explain a set of complaints. Complaints are of
// people who were called by somebody who should not know them; candidates are the
// persons, logins, devices and places through which their records were seen.
//
// The model is a matched partial likelihood. For complaint k of subject s at time t,
// candidate i's exposure is the highest lag density h among i's looks at s before t.
// It is compared with the mean exposure over the subjects that were at risk in the
// same way: those whose records are of the same age. A candidate who sees everything
// therefore gains nothing by it, and a leak from elsewhere points at nobody.
// docs/tracing.md derives the formulas and gives the limits.
package trace

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"custody"
)

// Options are the settings of a trace. The zero value of each means its default.
type Options struct {
	// Lag is how long after a look its calls come. DefaultLag if zero.
	Lag Lag
	// AgeWindow is how far record ages may differ within a matched set. 7 days if zero: in
	// ±2 days a login of ordinary work saw six customers or so, and how many is half chance.
	AgeWindow time.Duration
	// Redraws is how often the complainants are redrawn for the family-wise p. 999 if zero.
	Redraws int
	// Elsewhere is the prior probability that no candidate is the source. 0.5 if zero.
	Elsewhere float64
	// Seed makes the redraws repeatable.
	Seed uint64
	// Group gives candidates' groups (a branch), for the test within groups. Nil: none.
	Group func(Candidate) string
	// Until leaves out complaints of later calls: letters to customers cause complaints.
	// Zero: none are.
	Until time.Time
	// MaxSources bounds how many sources are looked for, one after another. 5 if zero.
	MaxSources int
}

func (o Options) withDefaults() Options {
	o.Lag = cmp.Or(o.Lag, DefaultLag)
	o.AgeWindow = cmp.Or(o.AgeWindow, 7*24*time.Hour)
	o.Redraws = cmp.Or(o.Redraws, 999)
	o.Elsewhere = cmp.Or(o.Elsewhere, 0.5)
	o.MaxSources = cmp.Or(o.MaxSources, 5)
	return o
}

// Says lists the settings in words, as whoever repeats a trace needs them.
func (o Options) Says() []string {
	o = o.withDefaults()
	days := func(d time.Duration) string { return strconv.FormatFloat(d.Hours()/24, 'g', 4, 64) + " days" }
	lag := fmt.Sprintf("calls come within %s of a look alike, then e times fewer each %s, none after %s", days(o.Lag.Usual), days(o.Lag.Fade), days(o.Lag.Longest))
	if o.Lag.Even {
		lag = "looks count alike for " + days(o.Lag.Longest)
	}
	return []string{lag, "complainants are compared with customers whose record began within " + days(o.AgeWindow) + " of theirs",
		fmt.Sprintf("the probability that none of the candidates is the source is %g before anything is weighed", o.Elsewhere)}
}

// Candidate numbers a possible source: a login, a device, a branch. Dense, from 0.
type Candidate uint32

// Ranked is what the complaints say of one candidate.
type Ranked struct {
	Candidate Candidate
	// Posterior is the probability that this candidate is the source, given the
	// complaints, the prior and that there is one source at most.
	Posterior float64
	// LogFactor is the natural logarithm of the Bayes factor against "elsewhere".
	LogFactor float64
	// Seen counts complainants that the candidate had seen before they were called,
	// Expected how many that would be by chance in the matched sets.
	Seen     int
	Expected float64
	// Saw counts the distinct subjects that the candidate saw at all.
	Saw int
	Baselines
}

// Result is the answer of a trace.
type Result struct {
	// Ranked are all candidates that saw anybody, the best first.
	Ranked []Ranked
	// Elsewhere is the posterior probability that no candidate is the source.
	Elsewhere float64
	// P is the family-wise probability of a best factor this high if the complainants
	// had been drawn at random from their matched sets.
	P float64
	// Set are the candidates that together with Elsewhere hold 95 % of the probability.
	Set []Candidate
	// Sources are looked for one after another, each given the ones before, while its
	// own p is below 0.05. More than one that is found: several people leaked.
	Sources []Source
	// Named says whether the naming rule is met, and why not.
	Named Naming
	// Used and Left count the complaints; Left says why some could not be used.
	Used int
	Left []LeftOut
	// Memory is what looks and tables took, in bytes.
	Memory int64
}

// Source is one of several sources.
type Source struct {
	Candidate Candidate
	P         float64 // family-wise, given the sources before
	// Posterior is the probability that this candidate is a source, all others of the list
	// being sources.
	Posterior float64
}

// Found says whether the candidate counts as a source; otherwise it is a possible one.
func (s Source) Found() bool { return s.Posterior >= foundPosterior }

// LeftOut is a complaint that says nothing, with the reason.
type LeftOut struct {
	Complaint int // its place in the list
	Reason    string
}

// Run traces the complaints. It fails when there are none that can be used.
func Run(looks *Looks, complaints []Complaint, o Options) (*Result, error) {
	o = o.withDefaults()
	cases, left := match(looks, complaints, o)
	if len(cases) == 0 {
		return nil, custody.E(custody.CodeInvalid, "none of the complaints can be traced",
			"each needs a customer that the log knows and the time of the unwanted call, later than the first look at that customer")
	}
	m := measure(looks, cases, o)
	r := &Result{Used: len(cases), Left: left, Memory: looks.Memory() + m.memory()}
	f := m.factors()
	r.rank(looks, m, f, o)
	r.P = m.familywise(slices.Max(f), o, 0)
	r.Sources = m.several(looks, f, r.P, o)
	r.Named = name(looks, cases, m, r, o)
	return r, nil
}

// rank fills the posteriors from the factors.
func (r *Result) rank(looks *Looks, m *model, f []float64, o Options) {
	for i := range f {
		if looks.saw[i] == 0 {
			continue
		}
		seen, expected := m.seen(i)
		r.Ranked = append(r.Ranked, Ranked{Candidate: Candidate(i), LogFactor: f[i], Seen: seen, Expected: expected, Saw: looks.saw[i]})
	}
	r.Elsewhere = posteriors(r.Ranked, o.Elsewhere)
	order(r.Ranked)
	r.Set = credible(r.Ranked, r.Elsewhere)
	baselines(r.Ranked, looks, m)
}

// random gives a repeatable source for one purpose.
func random(seed, purpose uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, purpose)) }
