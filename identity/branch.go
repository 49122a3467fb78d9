package identity

import (
	"time"

	"custody"
)

// branch is where a person works for an organisation now; of several the newest
// engagement's, empty if none says one.
func (s *snapshot) branch(p custody.PersonID, org custody.OrganisationID, now time.Time) (name string) {
	for _, e := range s.engagements[p] {
		if e.Organisation == org && e.Branch != "" && e.Current(now) {
			name = e.Branch
		}
	}
	return name
}
