package detect

import (
	"custody"
)

// fact raises what is wrong beyond doubt: a look after leaving, under an expired right,
// of a wrong organisation, at a canary. It needs no test and no budget. One answer is
// one fact, however many customers it holds.
func (e *Engine) fact(ev *Event, s custody.SubjectID) {
	if e.o.World.Fact == nil || !e.on(Facts) || e.told == ev.Entry && ev.Entry != 0 {
		return
	}
	says := e.o.World.Fact(ev, s)
	if says == "" {
		return
	}
	e.told = ev.Entry
	e.certain(ev, "looks", says, 1)
}

// certain raises a fact; the same one again on the same day counts up.
func (e *Engine) certain(ev *Event, of, says string, n float64) {
	if a := e.open[openKey{false, ev.Person}]; a != nil {
		for _, f := range a.Findings {
			if f.Rule == Facts && f.Says == says {
				n += f.Observed
			}
		}
	}
	e.raise(ev, e.people[ev.Person], nil, evidence{
		Finding: Finding{Rule: Facts, Of: of, Says: says, Observed: n},
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
		e.travel(ev, p)
		return
	}
	if e.after(ev, p) {
		return
	}
	if ev.Session == 0 {
		e.guess(ev, p)
		return
	}
	e.probe(ev, p)
}

// after raises an attempt of somebody whose right or whose work has ended, in a week
// once: the gate refused it, and a program that was left running tries every day.
func (e *Engine) after(ev *Event, p *person) bool {
	if e.o.World.Attempt == nil {
		return false
	}
	says, least := e.o.World.Attempt(ev)
	if says == "" {
		return false
	}
	if p.lateOn != e.day {
		p.late, p.lateOn = 0, e.day
		p.lateIn.reset()
	}
	p.late++
	p.lateIn.add(ev.Entry)
	if p.late < least || !e.on(Facts) || p.lateTold != 0 && e.day-p.lateTold < lateAgain && e.day != p.lateTold {
		return true
	}
	if a := e.open[openKey{false, ev.Person}]; p.late > least && a != nil && p.late&(p.late-1) != 0 {
		return true // told again when the number has doubled
	}
	p.lateTold = e.day
	e.raise(ev, p, nil, evidence{
		Finding: Finding{Rule: Facts, Of: "refused attempts", Says: says, Observed: float64(p.late)},
		entries: p.lateIn.ordered(), inAll: p.lateIn.n,
	})
	return true
}

// lateAgain is after how many days the same is told anew.
const lateAgain = 7

// guess counts sign-ins in vain.
func (e *Engine) guess(ev *Event, p *person) {
	if p.guessedOn != e.day {
		p.guesses, p.guessedOn = 0, e.day
		p.guessIn.reset()
	}
	p.guesses++
	p.guessIn.add(ev.Entry)
	if p.guesses < guessing {
		return
	}
	e.rarely(ev, p, Shared, rareGuess, evidence{
		Finding: Finding{Of: "sign-ins in vain on one day", Says: "Somebody tried again and again in vain to sign in with this login.", Observed: float64(p.guesses)},
		entries: p.guessIn.ordered(), inAll: p.guessIn.n,
	})
}

// probe counts refusals of what the rights do not allow.
func (e *Engine) probe(ev *Event, p *person) {
	switch ev.Code {
	case custody.CodeForbidden, custody.CodeRevoked, custody.CodeUnattributed, custody.CodeLimit:
	default:
		return
	}
	if p.refusedOn != e.day {
		p.refused, p.refusedOn = 0, e.day
		p.refusedIn.reset()
	}
	p.refused++
	p.refusedIn.add(ev.Entry)
	if p.refused < probing {
		return
	}
	e.rarely(ev, p, Enumeration, rareProbing, evidence{
		Finding: Finding{Of: "refusals on one day", Says: "Asked again and again for what the rights do not allow.", Observed: float64(p.refused)},
		entries: p.refusedIn.ordered(), inAll: p.refusedIn.n,
	})
}

// rarely raises what happens on few person-days, once a day.
func (e *Engine) rarely(ev *Event, p *person, r Rule, kind int, x evidence) {
	chance, again := e.desk.happened(kind, p.number)
	if again || e.learning() || chance > e.alpha(r, kind) || !e.on(r) {
		return
	}
	x.Rule, x.Expected, x.Evidence = r, chance, 1/chance
	x.Parameters = map[string]float64{"alpha": e.alpha(r, kind)}
	e.raise(ev, p, nil, x)
}

// probing is how many refusals on a day are more than mistakes, guessing how many
// sign-ins in vain.
const (
	probing  = 20
	guessing = 10
)

// alpha is the chance on one person-day at which a detector of several kinds of rare
// days stays within its share of the budget. What has not happened here before, on a
// hundred person-days or more, is told once whatever the size of the organisation: the
// number of such firsts grows with the logarithm of time only.
func (e *Engine) alpha(r Rule, kind int) float64 {
	kinds := map[Rule]float64{Shared: 6, Enumeration: 4, Export: 1}[r]
	alpha := e.o.Policy.perDay(r) / kinds / e.watched(0)
	if days := e.desk.kinds[kind].days; days >= leastPool {
		alpha = max(alpha, 1.2/(days+2))
	}
	return alpha
}
