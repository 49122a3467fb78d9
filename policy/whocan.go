package policy

import (
	"slices"
	"strings"

	"custody"
)

// Access is what one session could do with a category now, and under what.
type Access struct {
	Session   *custody.Session
	Action    custody.Action
	Treatment custody.Treatment
	// With says that a reason must be stated first.
	Reason bool
	Grant  custody.GrantID
	Why    []string // the rules that permit it, as they are named
}

// WhoCan finds, of sessions as they would be, those that may do something with a
// category now, also where a reason must be stated first.
func (p *Policy) WhoCan(action custody.Action, c custody.Category, asked []custody.Question) (list []Access) {
	for i := range asked {
		q := asked[i]
		q.Action, q.Reason = action, ""
		d := p.Decide(q).Opened()
		access := Access{Session: q.Session, Action: action, Treatment: d.Treatment(c), Grant: d.Grant}
		if access.Treatment == custody.Refused && d.ReasonRequired {
			q.Reason = statedReason
			d = p.Decide(q).Opened()
			access.Treatment, access.Grant, access.Reason = d.Treatment(c), d.Grant, true
		}
		if access.Treatment == custody.Refused {
			continue
		}
		access.Why = p.permits(q, c)
		list = append(list, access)
	}
	return list
}

// permits names the rules that permit a category in a question's action.
func (p *Policy) permits(q custody.Question, c custody.Category) (names []string) {
	e := p.ExplainOne(q, c)
	for _, f := range e.Findings {
		if strings.HasPrefix(f.Says, "permits") {
			names = append(names, f.Policy)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// ExplainOne is Explain for one action and category.
func (p *Policy) ExplainOne(q custody.Question, c custody.Category) Answer {
	d := p.Decide(q).Opened()
	a := &asker{p: p, q: &q, rules: p.candidates(&q, nil)}
	a.prepare(q.Reason)
	helped := &asker{p: p, q: &q, rules: a.rules}
	helped.prepare(statedReason)
	return explain(a, helped, &d, c)
}
