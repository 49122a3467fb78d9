package policy

import (
	"time"
	_ "time/tzdata" // Europe/London, also where the machine has no zone files

	"github.com/cedar-policy/cedar-go"

	"custody"
)

// local is the zone of context.hour and context.weekday.
var local = func() *time.Location {
	l, err := time.LoadLocation("Europe/London")
	if err != nil {
		panic(err) // tzdata is compiled in
	}
	return l
}()

// statedReason stands for any reason when asking whether one would help.
const statedReason = "stated"

// Decide answers for all categories at once. Of all grants that permit a category
// the most generous counts, per limit; zero is no limit. Decision.Grant is the one
// that opens most. ReasonRequired says that stating a reason would open a category
// that is refused now.
func (p *Policy) Decide(q custody.Question) custody.Decision {
	var space [32]*rule
	a := asker{p: p, q: &q, rules: p.candidates(&q, space[:0])}
	var d custody.Decision
	d.ValidUntil = a.validUntil()
	ceiling := p.facts.ceiling(q.Session)
	d.Needs = a.needs()
	permitted := a.permittable() & ceiling
	extra := a.approvals()
	if permitted == 0 && len(extra) == 0 {
		d.Why = "no grant or policy permits this here"
		return d
	}
	a.prepare(q.Reason)
	tally := a.decide(&d, permitted)
	tally.fill(&d)
	if len(extra) > 0 {
		a.extras(&d, extra, ceiling)
	}
	if permitted == 0 {
		d.Why = "no grant or policy permits this here"
		if d.Lent != 0 {
			d.Why = lentWhy(&d)
		}
		return d
	}
	d.ReasonRequired = a.reasonHelps(&d, permitted)
	d.Why = tally.why(&d, &q)
	return d
}

// asker is one question being answered. It is its own entity store.
type asker struct {
	p         *Policy
	q         *custody.Question
	rules     []*rule
	request   cedar.Request
	principal cedar.Entity
	within    cedar.EntityUIDSet // the system at hand, parent of every category
	known     []outcome          // of uniform rules, in the order of rules
}

// Get gives Cedar the entities: the principal with its parents, and each category
// in the system at hand.
func (a *asker) Get(uid cedar.EntityUID) (cedar.Entity, bool) {
	switch {
	case uid.Type == "Category":
		return cedar.Entity{UID: uid, Parents: a.within}, true
	case uid == a.principal.UID:
		return a.principal, true
	}
	return cedar.Entity{}, false
}

// prepare makes principal, system and context.
func (a *asker) prepare(reason string) {
	s := a.q.Session
	parents := make([]cedar.EntityUID, 0, 8)
	parents = append(parents, cedar.EntityUID{Type: "Organisation", ID: cedar.String(s.OrgName)})
	uid := cedar.EntityUID{Type: "Application", ID: cedar.String(s.Login)}
	if s.Person != 0 {
		uid.Type = "Person"
		for _, role := range s.Roles {
			parents = append(parents, cedar.EntityUID{Type: "Role", ID: cedar.String(role)})
		}
	}
	a.principal = cedar.Entity{UID: uid, Parents: cedar.NewEntityUIDSet(parents...)}
	a.within = cedar.NewEntityUIDSet(cedar.EntityUID{Type: "System", ID: cedar.String(s.SystemName)})
	a.request = cedar.Request{Principal: uid, Action: actionUID(a.q.Action)}
	a.state(reason)
}

// state sets the context for a reason and forgets the answers of another.
func (a *asker) state(reason string) {
	a.request.Context = a.context(reason)
	a.known = make([]outcome, len(a.rules))
}

func (a *asker) context(reason string) cedar.Record {
	at := a.q.Time.In(local)
	day := at.Weekday()
	if day == time.Sunday {
		day = 7
	}
	m := cedar.RecordMap{
		"time": cedar.Long(at.Unix()), "hour": cedar.Long(at.Hour()), "weekday": cedar.Long(day),
		"holds": a.p.facts.holds(a.q.Session.Person, a.q.Time), "subjectsThisHour": cedar.Long(a.q.Hour), "subjectsToday": cedar.Long(a.q.Day),
	}
	if reason != "" {
		m["reason"] = cedar.String(reason)
	}
	if s := a.q.Session; s.Person != 0 && s.Application != 0 {
		m["application"] = cedar.EntityUID{Type: "Application", ID: cedar.String(s.ApplicationName)}
	}
	return cedar.NewRecord(m)
}

var actionUIDs = [...]cedar.EntityUID{
	custody.See:    {Type: "Action", ID: "see"},
	custody.Export: {Type: "Action", ID: "export"},
	custody.Change: {Type: "Action", ID: "change"},
}

func actionUID(a custody.Action) cedar.EntityUID { return actionUIDs[a] }

var categoryUIDs = func() (list []cedar.EntityUID) {
	for _, c := range custody.AllCategories() {
		list = append(list, cedar.EntityUID{Type: "Category", ID: cedar.String(c.String())})
	}
	return list
}()

// permittable are the categories that some permit could open; the rest need not be
// asked about.
func (a *asker) permittable() (set custody.CategorySet) {
	for _, r := range a.rules {
		if !r.forbid && a.current(r) {
			set |= r.categories
		}
	}
	return set
}

// outcome of one rule for one category.
type outcome uint8

const (
	unasked outcome = iota
	silent          // its conditions do not hold
	applies         // it permits or forbids
	failed          // it could not be evaluated
)

// evaluate asks Cedar about one rule and one category, or remembers the answer of a
// rule that has one for all its categories.
func (a *asker) evaluate(i int, c custody.Category) outcome {
	r := a.rules[i]
	if !r.categories.Has(c) || !a.current(r) {
		return silent
	}
	if r.uniform && a.known[i] != unasked {
		return a.known[i]
	}
	a.request.Resource = categoryUIDs[c]
	_, diagnostic := cedar.Authorize(r, a, a.request)
	switch {
	case len(diagnostic.Reasons) > 0:
		a.known[i] = applies
	case len(diagnostic.Errors) > 0:
		a.known[i] = failed
	default:
		a.known[i] = silent
	}
	return a.known[i]
}

// forbidden says whether any forbid applies; one that fails counts as one.
func (a *asker) forbidden(c custody.Category) bool {
	for i, r := range a.rules {
		if r.forbid && a.evaluate(i, c) != silent {
			return true
		}
	}
	return false
}

// decide fills in the treatments and tallies the permits that gave them.
func (a *asker) decide(d *custody.Decision, set custody.CategorySet) (t tally) {
	for c := range custody.Category(len(d.Treatments)) {
		if !set.Has(c) || a.forbidden(c) {
			continue
		}
		for i, r := range a.rules {
			if !r.forbid && a.evaluate(i, c) == applies {
				d.Treatments[c] = max(d.Treatments[c], r.treatment)
				t.add(r)
			}
		}
	}
	return t
}

// reasonHelps asks again as if a reason had been stated.
func (a *asker) reasonHelps(d *custody.Decision, set custody.CategorySet) bool {
	if a.q.Reason != "" {
		return false
	}
	asks := false
	for _, r := range a.rules {
		asks = asks || r.reason && a.current(r)
	}
	refused := set & d.With(custody.Refused)
	if !asks || refused == 0 {
		return false
	}
	a.state(statedReason)
	var with custody.Decision
	a.decide(&with, refused)
	return with.With(custody.Clear)|with.With(custody.Masked) != 0
}

// validUntil is the next minute, or the first moment before it that a rule names.
// Rules that ask for counts make an answer good for one question only.
func (a *asker) validUntil() time.Time {
	now := a.q.Time
	until := now.Truncate(time.Minute).Add(time.Minute)
	for _, r := range a.rules {
		if r.counts {
			return time.Time{}
		}
		if r.grant != nil {
			until = earlier(until, r.grant.Start, now)
			until = earlier(until, r.grant.End, now)
		}
		for _, m := range r.moments {
			until = earlier(until, m, now)
		}
	}
	for _, g := range a.p.extra[a.q.Session.Login] {
		until = earlier(until, g.Start, now)
		until = earlier(until, g.End, now)
	}
	for _, h := range a.p.facts.Holdings[a.q.Session.Person] {
		until = earlier(until, h.From, now)
		until = earlier(until, h.Until, now)
	}
	return until
}
