package policy

import (
	"regexp"
	"slices"
	"time"

	"github.com/cedar-policy/cedar-go"

	"custody"
)

// Facts are what decisions know of people and employers beside the grants. They never
// change once a Policy was made with them.
type Facts struct {
	// Holdings are the training, accepted rules and clauses of each person.
	Holdings map[custody.PersonID][]Holding
	// Ceilings bound what people of a processor may have at all, by the organisation's
	// name and the system's, whatever their grants say. An organisation that is not in
	// it is not a processor and has no ceiling.
	Ceilings map[string]map[string]custody.CategorySet
}

// Holding is something that a person holds, while From ≤ now < Until; a zero Until is
// open. The names are "training:NAME", "rule:NAME" and "clause".
type Holding struct {
	Name        string
	From, Until time.Time
}

// Current says whether it is in date.
func (h *Holding) Current(now time.Time) bool {
	return !now.Before(h.From) && (h.Until.IsZero() || now.Before(h.Until))
}

// needForm is what a grant may need.
var needForm = regexp.MustCompile(`^(?:(?:training|rule):[a-z][a-z0-9-]{0,62}|clause)$`)

// every is every category.
var every = custody.Categories(custody.AllCategories()...)

func (f *Facts) ceiling(s *custody.Session) custody.CategorySet {
	systems, processor := f.Ceilings[s.OrgName]
	if !processor {
		return every
	}
	return systems[s.SystemName]
}

var holdsNothing = cedar.NewSet()

// holds gives what a person holds now, for conditions.
func (f *Facts) holds(person custody.PersonID, now time.Time) cedar.Set {
	list := f.Holdings[person]
	if len(list) == 0 {
		return holdsNothing
	}
	var names []cedar.Value
	for i := range list {
		if list[i].Current(now) {
			names = append(names, cedar.String(list[i].Name))
		}
	}
	return cedar.NewSet(names...)
}

// current says whether a rule is in force for who asks. Hand-written ones always are.
func (a *asker) current(r *rule) bool {
	return r.current(a.q.Time) && (r.grant == nil || a.holds(r.grant))
}

func (a *asker) holds(g *Grant) bool { return len(g.Needs) == 0 || len(a.lacks(g)) == 0 }

// lacks lists what a grant needs and who asks does not hold now.
func (a *asker) lacks(g *Grant) (names []string) {
	list := a.p.facts.Holdings[a.q.Session.Person]
	for _, n := range g.Needs {
		if !slices.ContainsFunc(list, func(h Holding) bool { return h.Name == n && h.Current(a.q.Time) }) {
			names = append(names, n)
		}
	}
	return names
}

// needs lists what grants of who asks wait for.
func (a *asker) needs() (names []string) {
	for _, r := range a.rules {
		if r.grant == nil || len(r.grant.Needs) == 0 || !r.current(a.q.Time) {
			continue
		}
		for _, n := range a.lacks(r.grant) {
			if !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	return names
}

// factsChange is the first moment after now at which a holding begins or ends, or next
// if that is before.
func (p *Policy) factsChange(next, now time.Time) time.Time {
	for _, list := range p.facts.Holdings {
		for i := range list {
			next = earlier(next, list[i].From, now)
			next = earlier(next, list[i].Until, now)
		}
	}
	return next
}

// sortExtra puts the approvals that end first first: they are used up first.
func (p *Policy) sortExtra() {
	for _, list := range p.extra {
		slices.SortStableFunc(list, func(a, b *Grant) int {
			if a.End.IsZero() != b.End.IsZero() {
				if a.End.IsZero() {
					return 1
				}
				return -1
			}
			return a.End.Compare(b.End)
		})
	}
}

func (p *Policy) extraChange(next, now time.Time) time.Time {
	for _, list := range p.extra {
		for _, g := range list {
			next = earlier(next, g.Start, now)
			next = earlier(next, g.End, now)
		}
	}
	return next
}

// approvals are those in force for who asks, for the action at hand.
func (a *asker) approvals() (list []*Grant) {
	s := a.q.Session
	if s.Person == 0 || a.q.Action == custody.Change {
		return nil
	}
	for _, g := range a.p.extra[s.Login] {
		if g.System == s.SystemName && g.Current(a.q.Time) && a.holds(g) && g.Export == (a.q.Action == custody.Export) {
			list = append(list, g)
		}
	}
	return list
}

// extras puts approvals in the words of a decision. Of their categories one that a policy
// forbids is left out; what an approval opens beside other grants is lent.
func (a *asker) extras(d *custody.Decision, list []*Grant, ceiling custody.CategorySet) {
	for _, g := range list {
		x := custody.Extra{Grant: g.ID, Subjects: g.Beyond, Once: g.Once, Since: g.Start, Why: g.Why, Categories: a.approved(g) & ceiling}
		if g.See != 0 && x.Categories == 0 {
			continue
		}
		d.Extra = append(d.Extra, x)
		if !g.Export {
			d.Lent |= x.Categories &^ d.With(custody.Clear)
		}
	}
}

// approved are an approval's categories that no policy forbids.
func (a *asker) approved(g *Grant) (set custody.CategorySet) {
	for _, c := range g.See.List() {
		if !a.forbidden(c) {
			set |= custody.Categories(c)
		}
	}
	return set
}
