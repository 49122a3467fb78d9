package site

import (
	"maps"

	"custody"
	"custody/policy"
)

// policies is the policy as the store had it at a generation, with what it was made of.
type policies struct {
	at    uint64
	made  *policy.Policy
	facts policy.Facts
}

// loadPolicy makes the policy anew of what has changed: grants, or what some people hold.
// The lock of rights is held.
func (s *Site) loadPolicy() (*policy.Policy, error) {
	p := &s.policies
	t, err := s.o.Store.Touched(p.at)
	if err != nil {
		return nil, err
	}
	facts, made := p.facts, p.made
	if t.All {
		facts, err = s.o.Store.Facts(s.o.Now(), s.notice())
	} else if len(t.People) > 0 {
		facts.Holdings, err = s.holdings(t.People)
	}
	switch {
	case err != nil:
		return nil, err
	case t.All || t.Grants:
		if made, err = s.newPolicy(facts); err != nil {
			return nil, err
		}
	case len(t.People) > 0:
		made = made.With(facts)
	}
	*p = policies{t.Generation, made, facts}
	return made, nil
}

func (s *Site) newPolicy(facts policy.Facts) (*policy.Policy, error) {
	grants, err := s.o.Store.Grants()
	if err != nil {
		return nil, err
	}
	return policy.NewWith(grants, s.o.Policies, facts)
}

// holdings are those of everybody, read again for some.
func (s *Site) holdings(of []custody.PersonID) (map[custody.PersonID][]policy.Holding, error) {
	found, err := s.o.Store.HoldingsOf(of, s.o.Now(), s.notice())
	if err != nil {
		return nil, err
	}
	all := maps.Clone(s.policies.facts.Holdings)
	for _, p := range of {
		delete(all, p)
	}
	maps.Copy(all, found)
	return all, nil
}
