package identity

import (
	"time"

	"custody"
)

// InDate is a processor's organisation and when contract and review are both in date:
// From ≤ now < Until. Its people and applications sign in only then.
type InDate struct {
	Organisation custody.OrganisationID
	From, Until  time.Time // a zero Until is open
}

var (
	errShut = custody.E(custody.CodeRevoked, "the contract with your organisation, or its review, is not in date",
		"ask your organisation's contact to renew it with whoever gives you the data")
	errShutOpen = custody.E(custody.CodeForbidden, errShut.Message, errShut.Hint)
)

// shut says whether an organisation is a processor that is not in date now.
func (s *snapshot) shut(org custody.OrganisationID, now time.Time) bool {
	d, processor := s.processors[org]
	return processor && (now.Before(d.From) || !d.Until.IsZero() && !now.Before(d.Until))
}

func (s *snapshot) addProcessors(list []InDate) {
	s.processors = make(map[custody.OrganisationID]InDate, len(list))
	for _, d := range list {
		s.processors[d.Organisation] = d
		s.changes = append(s.changes, d.From)
		if !d.Until.IsZero() {
			s.changes = append(s.changes, d.Until)
		}
	}
}
