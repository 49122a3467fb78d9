package detect

import (
	"custody"
)

// fact raises what is wrong beyond doubt: a look after leaving, under an expired right,
// of a wrong organisation, at a canary. It needs no test and no budget; the gate refuses
// most of it, so that it comes from imported logs and from canaries.
func (e *Engine) fact(ev *Event, s custody.SubjectID) {
	if e.o.World.Fact == nil || !e.on(Facts) {
		return
	}
	says := e.o.World.Fact(ev, s)
	if says == "" {
		return
	}
	e.raise(ev, e.people[ev.Person], nil, evidence{
		Finding: Finding{Rule: Facts, Of: "looks", Says: says, Observed: 1},
		entries: []uint64{ev.Entry}, inAll: 1,
	})
}

// attempt takes a refusal or the start of a session.
func (e *Engine) attempt(ev *Event) {
	if ev.Person == 0 {
		return
	}
	p := e.person(ev)
	if ev.Kind == custody.EventSessionStart {
		e.second(ev, p)
		return
	}
	switch ev.Code {
	case custody.CodeForbidden, custody.CodeRevoked, custody.CodeUnattributed, custody.CodeLimit:
	default:
		return
	}
	if p.refusedOn != e.day {
		p.refused, p.refusedOn = 0, e.day
	}
	if p.refused++; p.refused < probing {
		return
	}
	chance, again := e.desk.happened(rareProbing, p.number)
	if again || e.learning() || chance > e.alpha(Enumeration, rareProbing) || !e.on(Enumeration) {
		return
	}
	e.raise(ev, p, nil, evidence{
		Finding: Finding{Rule: Enumeration, Of: "refusals on one day", Says: "Asked again and again for what the rights do not allow.",
			Expected: chance, Observed: float64(p.refused), Evidence: 1 / chance},
		entries: []uint64{ev.Entry}, inAll: p.refused,
	})
}

// probing is how many refusals on a day are more than mistakes.
const probing = 20

// alpha is the chance on one person-day at which a detector of several kinds of rare
// days stays within its share of the budget. What has not happened here before, on a
// hundred person-days or more, is told once whatever the size of the organisation: the
// number of such firsts grows with the logarithm of time only.
func (e *Engine) alpha(r Rule, kind int) float64 {
	kinds := map[Rule]float64{Shared: 5, Enumeration: 4, Export: 1}[r]
	alpha := e.o.Policy.perDay(r) / kinds / e.watched(0)
	if days := e.desk.kinds[kind].days; days >= leastPool {
		alpha = max(alpha, 1.2/(days+2))
	}
	return alpha
}
