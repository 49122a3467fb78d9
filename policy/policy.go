// Package policy answers whether a session may see, export or change each category
// of personal data, masked or in clear, within which limits. The rules are Cedar
// policies (cedarpolicy.com): those that grants generate and those written by hand.
// Decisions are pure: no I/O, no clock, safe for concurrent use.
//
// The entities are Person::"login" (in its Roles and its Organisation),
// Application::"name" (in its Organisation), and, as the resource, Category::"phone"
// in the System::"name" at hand. schema.cedarschema has them with the context.
//
// Clear beats masked, masked beats refused; a forbid beats every permit; and a
// policy that fails while it is evaluated permits nothing, or forbids if it is a
// forbid.
package policy

import (
	"slices"
	"time"

	"github.com/cedar-policy/cedar-go"

	"custody"
)

// Policy is a set of rules, ready to decide. It never changes: to change rights,
// make a new one and swap it in.
type Policy struct {
	rules []*rule // grants by number, then hand-written ones in the order of the file
	index map[holder][]*rule
	extra map[string][]*Grant // approvals, by the person's login
	facts Facts
}

// holder is the entity that a rule's scope names; the zero value is everybody.
type holder struct{ kind, name string }

// New compiles grants and hand-written policies. Errors in the hand-written text
// name its line and what to change.
func New(grants []Grant, extra []byte) (*Policy, error) { return NewWith(grants, extra, Facts{}) }

// NewWith is New with what is known of people and employers.
func NewWith(grants []Grant, extra []byte, facts Facts) (*Policy, error) {
	p := &Policy{index: make(map[holder][]*rule), extra: make(map[string][]*Grant), facts: facts}
	grants = slices.Clone(grants) // the caller may change its own
	for i := range grants {
		if err := grants[i].Check(); err != nil {
			return nil, err
		}
		p.rules = append(p.rules, grantRules(&grants[i])...)
		if g := &grants[i]; g.Beyond > 0 {
			p.extra[g.Person] = append(p.extra[g.Person], g)
		}
	}
	p.sortExtra()
	rules, err := loadExtra(extra)
	if err != nil {
		return nil, err
	}
	p.rules = append(p.rules, rules...)
	for i, r := range p.rules {
		r.order = i
		p.index[r.holder] = append(p.index[r.holder], r)
	}
	return p, nil
}

// With is the policy with other facts.
func (p *Policy) With(facts Facts) *Policy {
	q := *p
	q.facts = facts
	return &q
}

// Cedar is the text of all policies in force or to come, as Cedar's own tools read
// it.
func (p *Policy) Cedar() []byte {
	var list cedar.PolicyList
	for _, r := range p.rules {
		if one := r.policy(); one != nil {
			list = append(list, one)
		}
	}
	return list.MarshalCedar()
}

// NextChange is the first moment after now at which a grant starts or ends; the
// zero time means never. Sessions must be decided anew then.
func (p *Policy) NextChange(now time.Time) time.Time {
	var next time.Time
	for _, r := range p.rules {
		if r.grant != nil {
			next = earlier(next, r.grant.Start, now)
			next = earlier(next, r.grant.End, now)
		}
	}
	return p.factsChange(p.extraChange(next, now), now)
}

// earlier gives t instead of best if t comes after now and before best.
func earlier(best, t, now time.Time) time.Time {
	if t.After(now) && (best.IsZero() || t.Before(best)) {
		return t
	}
	return best
}

// candidates are the rules whose scope can match the session on its system with
// the action, in order. What a scope cannot match, Cedar would not match either.
func (p *Policy) candidates(q *custody.Question, dst []*rule) []*rule {
	dst = p.add(dst, holder{}, q)
	kind := "Person"
	if q.Session.Person == 0 {
		kind = "Application"
	}
	dst = p.add(dst, holder{kind, q.Session.Login}, q)
	dst = p.add(dst, holder{"Organisation", q.Session.OrgName}, q)
	if kind == "Person" {
		for i, role := range q.Session.Roles {
			if !slices.Contains(q.Session.Roles[:i], role) {
				dst = p.add(dst, holder{"Role", role}, q)
			}
		}
	}
	slices.SortFunc(dst, func(a, b *rule) int { return a.order - b.order })
	return dst
}

func (p *Policy) add(dst []*rule, h holder, q *custody.Question) []*rule {
	for _, r := range p.index[h] {
		if r.actions&(1<<q.Action) != 0 && (r.system == "" || r.system == q.Session.SystemName) {
			dst = append(dst, r)
		}
	}
	return dst
}

// Narrows says whether after permits anything less than before: a category that
// left more openly, or a limit that was wider. A gate asks it about what is already
// running when rights have changed.
func Narrows(before, after *custody.Decision) bool {
	for i, t := range before.Treatments {
		if after.Treatments[i] < t {
			return true
		}
	}
	b, a := before.Limits, after.Limits
	return tighter(b.PerHour, a.PerHour) || tighter(b.PerDay, a.PerDay) || tighter(b.PerExport, a.PerExport)
}

// tighter says whether limit b is lower than limit a, where zero is no limit.
func tighter(a, b uint32) bool { return b != 0 && (a == 0 || b < a) }
