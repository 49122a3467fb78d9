package detect

import "time"

// Policy is what an organisation decides. The zero value is not usable: begin with
// DefaultPolicy.
type Policy struct {
	// Budget is how many alerts a day the organisation can review, for Staff people. It
	// is shared out among the detectors by Shares, and is kept in two ways: each
	// statistical test is set so that chance alone stays below its share on average, and
	// alerts above the whole budget on one day are held back (Alert.Held). Facts are
	// never held back.
	Budget float64
	Shares map[Rule]float64
	// Staff is the number of active people for which the budget is meant; with more, each
	// is watched less closely.
	Staff int
	// Learn is for how many days nothing is raised by a test: it is not known yet what is
	// usual.
	Learn int
	// Window is the time of a burst, Sitting the pause after which a sitting is over.
	Window  time.Duration
	Sitting time.Duration
	// Whole is the share of all customers in one answer from which it is the whole table;
	// Bulk is how many customers in one file are an export.
	Whole float64
	Bulk  int
	// Pairs bounds the memory of (login, customer) pairs that have been seen.
	Pairs int
}

// DefaultPolicy is five alerts a day for up to a thousand people.
func DefaultPolicy() Policy {
	return Policy{
		Budget: 5, Staff: 1000, Learn: 5,
		Shares: map[Rule]float64{Slow: 0.3, Unexplained: 0.15, Burst: 0.2, Shared: 0.15, Enumeration: 0.1, Export: 0.05, Outside: 0.05},
		Window: 30 * time.Minute, Sitting: 30 * time.Minute, Whole: 0.5, Bulk: 50, Pairs: 50_000_000,
	}
}

// SetFactor moves a detector's share of the budget from now on: what reviewers found of
// its alerts changes how often it may speak, never its rules.
func (e *Engine) SetFactor(r Rule, factor float64) {
	if e.factors == nil {
		e.factors = map[Rule]float64{}
	}
	e.factors[r] = min(max(factor, 0.25), 4)
	sum, all := 0.0, 0.0
	for rule, share := range e.shares {
		all += share
		sum += share * e.factor(rule)
	}
	e.o.Policy.Shares = map[Rule]float64{}
	for rule, share := range e.shares {
		e.o.Policy.Shares[rule] = share * e.factor(rule) * all / sum // the whole stays what it was
	}
}

func (e *Engine) factor(r Rule) float64 {
	if f, ok := e.factors[r]; ok {
		return f
	}
	return 1
}

// perDay is how many alerts a day chance may give a detector.
func (p *Policy) perDay(r Rule) float64 { return p.Budget * p.Shares[r] }
