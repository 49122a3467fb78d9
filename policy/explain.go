package policy

import (
	"fmt"
	"strings"
	"time"

	"custody"
)

// Explanation says, for every action and category, which policies spoke and what is
// missing. It is for the administrator: it names the login.
type Explanation struct {
	Principal    string    `json:"principal"` // "person alice@…" or "application portal"
	Roles        []string  `json:"roles,omitempty"`
	Organisation string    `json:"organisation"`
	System       string    `json:"system"`
	Time         time.Time `json:"time"`
	ReasonStated bool      `json:"reason_stated"`
	Answers      []Answer  `json:"answers"`
}

// Answer is about one action on one category.
type Answer struct {
	Action    string    `json:"action"`
	Category  string    `json:"category"`
	Treatment string    `json:"treatment"` // "clear", "masked" or "refused"
	Findings  []Finding `json:"findings,omitempty"`
	// Missing is a sentence that says why it is refused; empty otherwise.
	Missing string `json:"missing,omitempty"`
}

// Finding is what one policy, whose scope fits, had to say.
type Finding struct {
	Policy string `json:"policy"`
	// Grant is the grant that made it; zero for hand-written ones, which have Line.
	Grant custody.GrantID `json:"grant,omitempty"`
	Line  int             `json:"line,omitempty"`
	// Says is "permits", "permits masked", "forbids" or "is silent".
	Says string `json:"says"`
	// Because says why it is silent, or that it failed; empty otherwise.
	Because string `json:"because,omitempty"`
}

// Explain answers for all actions and categories, whatever q.Action is.
func (p *Policy) Explain(q custody.Question) Explanation {
	s := q.Session
	e := Explanation{Principal: "person " + s.Login, Roles: s.Roles, Organisation: s.OrgName,
		System: s.SystemName, Time: q.Time.UTC(), ReasonStated: q.Reason != ""}
	if s.Person == 0 {
		e.Principal, e.Roles = "application "+s.Login, nil
	}
	for _, action := range []custody.Action{custody.See, custody.Export, custody.Change} {
		q.Action = action
		d := p.Decide(q).Opened()
		a := &asker{p: p, q: &q, rules: p.candidates(&q, nil)}
		a.prepare(q.Reason)
		helped := &asker{p: p, q: &q, rules: a.rules}
		helped.prepare(statedReason)
		for _, c := range custody.AllCategories() {
			e.Answers = append(e.Answers, explain(a, helped, &d, c))
		}
	}
	return e
}

// explain asks every rule about one category; helped asks as if a reason were
// stated.
func explain(a, helped *asker, d *custody.Decision, c custody.Category) Answer {
	answer := Answer{Action: a.q.Action.String(), Category: c.String(), Treatment: d.Treatment(c).String()}
	var missing []string
	for i, r := range a.rules {
		if !r.categories.Has(c) {
			continue
		}
		f := Finding{Policy: r.id, Line: r.line}
		if r.grant != nil {
			f.Grant = r.grant.ID
		}
		f.Says, f.Because = a.finding(helped, i, c)
		if f.Says != "is silent" || f.Because != "" {
			answer.Findings = append(answer.Findings, f)
		}
		if f.Says == "forbids" {
			missing = append(missing, r.name()+" forbids it")
		} else if f.Because != "" && !r.forbid {
			missing = append(missing, r.name()+" "+f.Because)
		}
	}
	found, lacking := a.lent(c)
	answer.Findings, missing = append(answer.Findings, found...), append(missing, lacking...)
	if d.Treatment(c) == custody.Refused && !a.p.facts.ceiling(a.q.Session).Has(c) {
		answer.Missing = "the register of processors does not let people of " + a.q.Session.OrgName + " have " + c.String() + " of " + a.q.Session.SystemName
	} else if d.Treatment(c) == custody.Refused {
		answer.Missing = a.missing(missing, c)
	}
	return answer
}

// lent is what the person's approvals for a category say, and what is missing of them.
func (a *asker) lent(c custody.Category) (found []Finding, missing []string) {
	s := a.q.Session
	for _, g := range a.p.extra[s.Login] {
		if s.Person == 0 || a.q.Action != custody.See || g.Export || g.System != s.SystemName || !g.See.Has(c) {
			continue
		}
		f := Finding{Policy: fmt.Sprintf("grant-%d-approval", g.ID), Grant: g.ID, Says: "is silent"}
		switch {
		case a.q.Time.Before(g.Start):
			f.Because = "begins on " + when(g.Start)
		case !g.Current(a.q.Time):
			f.Because = "ended on " + when(g.End)
		case !a.holds(g):
			f.Because = "needs " + strings.Join(a.lacks(g), ", ") + ", which this person does not hold in date"
		default:
			f.Says = "permits"
		}
		if f.Because != "" {
			missing = append(missing, fmt.Sprintf("grant %d %s", g.ID, f.Because))
		}
		found = append(found, f)
	}
	return found, missing
}

// finding is what one rule says, and why it is silent.
func (a *asker) finding(helped *asker, i int, c custody.Category) (says, because string) {
	r := a.rules[i]
	switch result := a.evaluate(i, c); {
	case result == failed && r.forbid:
		return "forbids", "could not be evaluated, which counts as forbidding"
	case result == failed:
		return "is silent", "could not be evaluated"
	case result == applies && r.forbid:
		return "forbids", ""
	case result == applies && r.treatment == custody.Masked:
		return "permits masked", ""
	case result == applies:
		return "permits", ""
	case r.forbid:
		return "is silent", ""
	}
	return "is silent", r.silence(a, helped, i, c)
}

// silence says what would make a permit speak.
func (r *rule) silence(a, helped *asker, i int, c custody.Category) string {
	switch {
	case r.grant != nil && a.q.Time.Before(r.grant.Start):
		return "begins on " + when(r.grant.Start)
	case !r.current(a.q.Time):
		return "ended on " + when(r.grant.End)
	case r.grant != nil && !a.holds(r.grant):
		return "needs " + strings.Join(a.lacks(r.grant), ", ") + ", which this person does not hold in date"
	case a.q.Reason == "" && helped.evaluate(i, c) == applies:
		return "needs a stated reason"
	}
	return "has conditions that do not hold"
}

// name is how sentences call a rule.
func (r *rule) name() string {
	if r.grant != nil {
		return fmt.Sprintf("grant %d", r.grant.ID)
	}
	return fmt.Sprintf("policy %s (line %d)", r.id, r.line)
}

// missing joins what was found, or says that nothing was.
func (a *asker) missing(found []string, c custody.Category) string {
	if len(found) > 0 {
		return strings.Join(found, "; ")
	}
	s := a.q.Session
	holders := "application " + s.Login
	if s.Person != 0 {
		holders = "this person"
		if len(s.Roles) > 0 {
			holders += ", the roles " + strings.Join(s.Roles, ", ")
		}
		holders += " or " + s.OrgName
	}
	return fmt.Sprintf("no grant or policy lets %s %s %s in %s", holders, a.q.Action, c, s.SystemName)
}

// when writes a moment as the screens do.
func when(t time.Time) string { return t.In(local).Format("2 January 2006 15:04:05 MST") }

// String is the explanation for people: one line for each action, treatment and
// cause, with the categories that share them.
func (e Explanation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", e.Principal)
	if len(e.Roles) > 0 {
		fmt.Fprintf(&b, ", %s", strings.Join(e.Roles, ", "))
	}
	fmt.Fprintf(&b, " of %s, on %s, %s, ", e.Organisation, e.System, when(e.Time))
	if e.ReasonStated {
		b.WriteString("with a reason stated\n")
	} else {
		b.WriteString("no reason stated\n")
	}
	for _, line := range e.lines() {
		fmt.Fprintf(&b, "  %-7s %-8s %s: %s\n", line.action, line.treatment, strings.Join(line.categories, ", "), line.cause)
	}
	return b.String()
}

// Line is one line of an explanation: what is treated in one way for one cause.
type Line struct {
	Action, Treatment, Because string
	Categories                 []string
}

// Lines gives the explanation in the order in which String writes it.
func (e Explanation) Lines() []Line {
	var list []Line
	for _, l := range e.lines() {
		list = append(list, Line{l.action, l.treatment, l.cause, l.categories})
	}
	return list
}

type line struct {
	action, treatment, cause string
	categories               []string
}

// lines groups the answers, in the order of their first category.
func (e Explanation) lines() []line {
	var all []line
	for _, a := range e.Answers {
		key := line{action: a.Action, treatment: a.Treatment, cause: a.cause()}
		found := false
		for i := range all {
			l := &all[i]
			if l.action == key.action && l.treatment == key.treatment && l.cause == key.cause {
				l.categories, found = append(l.categories, a.Category), true
			}
		}
		if !found {
			key.categories = []string{a.Category}
			all = append(all, key)
		}
	}
	return all
}

// cause is a sentence for the group; categories are named beside it, so a sentence
// that only differs in the category is made the same.
func (a *Answer) cause() string {
	if a.Treatment == custody.Refused.String() {
		return strings.Replace(a.Missing, " "+a.Action+" "+a.Category+" in ", " "+a.Action+" this in ", 1)
	}
	var parts []string
	for _, f := range a.Findings {
		switch {
		case f.Grant != 0:
			parts = append(parts, fmt.Sprintf("grant %d %s", f.Grant, f.Says))
		default:
			parts = append(parts, fmt.Sprintf("policy %s (line %d) %s", f.Policy, f.Line, f.Says))
		}
		if f.Because != "" {
			parts[len(parts)-1] += ", for it " + f.Because
		}
	}
	return strings.Join(parts, "; ")
}
