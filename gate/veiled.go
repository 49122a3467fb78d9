package gate

import "custody"

// veiled decides for an answer that goes on without what may not be seen, as a page
// of a portal does: categories that are not permitted count as masked, for the asker
// hides them wholly. It refuses only when nothing may be seen, when an export may
// hold nothing, and when a reason would open what the answer shows.
func (s *Session) veiled(n Need, see *custody.Decision, clear, masked custody.CategorySet) (Ruling, error) {
	lent := see.Lent &^ n.Hidden
	if n.Action != custody.See {
		lent = 0
	}
	if clear|masked|lent == 0 || n.Read&^(clear|masked|lent) != 0 && see.ReasonRequired && s.reason == "" {
		return Ruling{}, s.missing(see, noCategory(n.Read))
	}
	if n.Action != custody.See {
		also := s.decision(n.Action)
		open := also.With(custody.Clear)
		if clear&open == 0 && (masked|clear)&(open|also.With(custody.Masked)) == 0 {
			if x := s.approved(0); n.Action == custody.Export && x != nil {
				return Ruling{Grant: x.Grant, Masked: n.Read &^ (clear & x.Categories), Approved: true, need: n}, nil
			}
			return Ruling{}, s.missing(also, noAction(n.Action, n.Read))
		}
		clear &= open
	}
	return Ruling{Grant: see.Grant, Masked: n.Read &^ (clear | lent), Lent: n.Read & lent, Limits: see.Limits, need: n}, nil
}

// Foresee gives the decision that would hold for a reason that is not stated yet.
func (s *Session) Foresee(a custody.Action, reason string) custody.Decision {
	hour, day := s.counter.counts(s.g.parts.Now())
	return (*s.g.policy.Load()).Decide(custody.Question{
		Session: s.Actor(), Action: a, Time: s.g.parts.Now(), Reason: reason, Hour: hour, Day: day,
	})
}

// May gives the present decision for an action; see Rights. For an export without a
// standing right it is what an approved export lets out.
func (s *Session) May(a custody.Action) custody.Decision {
	d := *s.decision(a)
	if a != custody.Export || d.With(custody.Clear)|d.With(custody.Masked) != 0 {
		return d
	}
	if x := s.approved(0); x != nil {
		see := s.decision(custody.See)
		for _, c := range x.Categories.List() {
			d.Treatments[c] = see.Treatments[c]
		}
	}
	return d
}

// exportFor finds the approved export for a need whose categories may be seen.
func (s *Session) exportFor(n Need, see *custody.Decision) *custody.Extra {
	if n.Action != custody.Export || n.Read&^(see.With(custody.Clear)|see.With(custody.Masked)) != 0 || n.Used&^see.With(custody.Clear) != 0 {
		return nil
	}
	return s.approved(n.Read)
}
