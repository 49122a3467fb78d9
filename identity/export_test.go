package identity

import (
	"fmt"
	"reflect"
	"time"
)

// Differs says in what the rights in force here are other than those of a service that
// has read everything; empty if in nothing. Of moments to come it must know them all.
func (s *Service) Differs(all *Service, now time.Time) string {
	a, b := s.now.Load(), all.now.Load()
	for name, pair := range map[string][2]any{
		"people": {a.people, b.people}, "logins": {a.logins, b.logins}, "engagements": {a.engagements, b.engagements}, "apps": {a.apps, b.apps},
		"app names": {a.appNames, b.appNames}, "systems": {a.systems, b.systems}, "credentials": {a.credentials, b.credentials}, "keys": {a.keys, b.keys},
		"prints": {a.prints, b.prints}, "cut": {a.cut, b.cut}, "processors": {a.processors, b.processors}, "renew": {a.renew, b.renew},
		"generation": {a.generation, b.generation}, "unconfirmed": {a.unconfirmed, b.unconfirmed},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			return fmt.Sprintf("%s: %+v, not %+v", name, pair[0], pair[1])
		}
	}
	if x, y := a.next(now), b.next(now); !y.IsZero() && (x.IsZero() || x.After(y)) {
		return fmt.Sprintf("the next change is at %v, not %v", x, y)
	}
	return ""
}
