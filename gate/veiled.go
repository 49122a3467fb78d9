package gate

import "custody"

// veiled decides for an answer that goes on without what may not be seen, as a page
// of a portal does: categories that are not permitted count as masked, for the asker
// hides them wholly. It refuses only when nothing may be seen, when an export may
// hold nothing, and when a reason would open what the answer shows.
func (s *Session) veiled(n Need, see *custody.Decision, clear, masked custody.CategorySet) (Ruling, error) {
	if clear|masked == 0 || n.Read&^(clear|masked) != 0 && see.ReasonRequired && s.reason == "" {
		return Ruling{}, s.missing(see, noCategory(n.Read))
	}
	if n.Action != custody.See {
		also := s.decision(n.Action)
		open := also.With(custody.Clear)
		if clear&open == 0 && (masked|clear)&(open|also.With(custody.Masked)) == 0 {
			return Ruling{}, s.missing(also, noAction(n.Action, n.Read))
		}
		clear &= open
	}
	return Ruling{Grant: see.Grant, Masked: n.Read &^ clear, Limits: see.Limits, need: n}, nil
}

// Foresee gives the decision that would hold for a reason that is not stated yet.
func (s *Session) Foresee(a custody.Action, reason string) custody.Decision {
	hour, day := s.counter.counts(s.g.parts.Now())
	return (*s.g.policy.Load()).Decide(custody.Question{
		Session: s.Actor(), Action: a, Time: s.g.parts.Now(), Reason: reason, Hour: hour, Day: day,
	})
}

// May gives the present decision for an action; see Rights.
func (s *Session) May(a custody.Action) custody.Decision { return *s.decision(a) }
