package gate

import "custody"

// Standing is how much of their limits somebody who is signed in has used.
type Standing struct {
	Session   *custody.Session // for whom looks are recorded
	Hour, Day uint32           // distinct customers seen or changed
	Limits    custody.Limits   // as policy says now, with a reason stated
}

// Standing lists the live sessions with what they have used, in no order.
func (g *Gate) Standing() []Standing {
	live := g.sessions()
	now := g.parts.Now()
	list := make([]Standing, 0, len(live))
	for _, s := range live {
		actor := s.Actor()
		c := g.counter(actor)
		hour, day := c.counts(now)
		d := (*g.policy.Load()).Decide(custody.Question{Session: actor, Action: custody.See, Time: now, Reason: "shown on a page", Hour: hour, Day: day})
		list = append(list, Standing{Session: actor, Hour: hour, Day: day, Limits: d.Limits})
	}
	return list
}
