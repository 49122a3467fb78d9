package identity

import (
	"maps"
	"slices"
	"time"

	"custody"
)

// patched is the snapshot with other rights of some people. What it costs grows with how
// many entries are copied, not with what is read.
func (s *snapshot) patched(r *Rights, now time.Time) *snapshot {
	next := *s
	next.generation = r.Generation
	next.renew, next.unconfirmed = r.Renew, r.Unconfirmed
	next.changes = nil
	next.cut = make(map[custody.SessionID]bool, len(r.Cut))
	for _, id := range r.Cut {
		next.cut[id] = true
	}
	if len(r.Of) > 0 {
		next.people, next.logins, next.engagements = maps.Clone(s.people), maps.Clone(s.logins), maps.Clone(s.engagements)
		next.without(s, r.Of)
		next.addHolders(r)
		next.addCredentials(r.Credentials)
	}
	// Moments to come that mean nothing any more stay: they cost a look in vain.
	all := slices.Concat(s.changes, next.changes, r.Boundaries)
	slices.SortFunc(all, time.Time.Compare)
	past, _ := slices.BinarySearchFunc(all, now, time.Time.Compare)
	next.changes = slices.Compact(all[past:])
	return &next
}

// without takes away what some people had in the snapshot before.
func (s *snapshot) without(before *snapshot, of []custody.PersonID) {
	s.credentials = make(map[int64]*Credential, len(before.credentials))
	s.keys = maps.Clone(before.keys)
	s.prints = maps.Clone(before.prints)
	for id, c := range before.credentials {
		if _, gone := slices.BinarySearch(of, c.Person); c.Person == 0 || !gone {
			s.credentials[id] = c
			continue
		}
		if c.Kind == KindCertificate {
			delete(s.prints, [32]byte(c.Fingerprint))
		}
		delete(s.keys, place{c.Login, c.SystemName})
	}
	for _, p := range of {
		delete(s.engagements, p)
		if had := before.people[p]; had != nil {
			delete(s.logins, had.Login)
			delete(s.people, p)
		}
	}
}
