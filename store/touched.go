package store

import (
	"database/sql"
	"encoding/json"
	"slices"
	"time"

	"custody"
	"custody/identity"
	"custody/policy"
)

// Touched is what changes of rights since a generation were about.
type Touched struct {
	// Generation is that up to which this tells.
	Generation uint64
	// All says that everything must be read again: something changed that is nobody's
	// own, or too much, or too long ago.
	All bool
	// People are those whose own rights changed, ascending; Grants says that grants did.
	People []custody.PersonID
	Grants bool
}

// maxTouched is for how many people reading them one by one is worth it.
const maxTouched = 500

// what of a row of touched.
const (
	touchedPerson = 1
	touchedGrants = 2
)

// Touched tells what changed since a generation. Each generation has left a row, or
// everything must be read.
func (s *Store) Touched(since uint64) (t Touched, err error) {
	if t.Generation, err = s.Generation(); err != nil || t.Generation == since {
		return t, err
	}
	rows, err := list(s.read, func(r *sql.Rows) (n int, err error) {
		var what int
		var person sql.Null[custody.PersonID]
		err = r.Scan(&what, &person)
		t.Grants = t.Grants || what == touchedGrants
		if what == touchedPerson {
			t.People = append(t.People, person.V)
		}
		return n, err
	}, "SELECT what, person FROM touched WHERE n > ? AND n <= ? ORDER BY n", int64(since), int64(t.Generation))
	slices.Sort(t.People)
	t.People = slices.Compact(t.People)
	t.All = since == 0 || t.Generation < since || uint64(len(rows)) != t.Generation-since || len(t.People) > maxTouched
	return t, err
}

// RightsSince implements identity.Storage: what changed since a generation, of people who
// are named in Of, or everything.
func (s *Store) RightsSince(now time.Time, since uint64) (*identity.Rights, error) {
	t, err := s.Touched(since)
	if err != nil {
		s.missed.Store(true)
		return nil, err
	}
	if t.All {
		return s.Rights(now)
	}
	r := &identity.Rights{Generation: t.Generation, Of: append([]custody.PersonID{}, t.People...)}
	of, at := numbersJSON(t.People), now.UnixMilli()
	for _, read := range []func() error{
		func() error {
			r.People, err = list(s.read, scanPerson, personColumns+"WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id", of)
			return err
		},
		func() error {
			r.Engagements, err = list(s.read, scanEngagement, engagementColumns+`WHERE e.person IN (SELECT value FROM json_each(?2))
				AND (e.end IS NULL OR e.end > ?1) ORDER BY e.id`, at, of)
			return err
		},
		func() error {
			r.Credentials, err = list(s.read, scanCredential, credentialColumns+`WHERE c.person IN (SELECT value FROM json_each(?2))
				AND c.revoked IS NULL AND c.expires > ?1 ORDER BY c.id`, at, of)
			return err
		},
		func() error { r.Cut, err = s.toCut(); return err },
		func() error { r.Renew, err = s.renew(at); return err },
		func() error { r.Unconfirmed, err = s.unconfirmed(at); return err },
		func() error {
			if t.Grants || len(t.People) > 0 {
				r.Boundaries, err = s.boundaries(at)
			}
			return err
		},
	} {
		if err := read(); err != nil {
			s.missed.Store(true)
			return nil, err
		}
	}
	return r, nil
}

// toCut lists live sessions that somebody asked to end.
func (s *Store) toCut() ([]custody.SessionID, error) {
	return list(s.read, scanNumber[custody.SessionID], "SELECT id FROM sessions WHERE cut IS NOT NULL AND ended IS NULL")
}

// HoldingsOf is Facts for some people: who is left out holds nothing.
func (s *Store) HoldingsOf(people []custody.PersonID, now time.Time, notice string) (map[custody.PersonID][]policy.Holding, error) {
	found := map[custody.PersonID][]policy.Holding{}
	if len(people) == 0 {
		return found, nil
	}
	_, err := list(s.read, scanHolding(found), holdings("IN (SELECT value FROM json_each(?3))"), now.UnixMilli(), notice, numbersJSON(people))
	if err != nil {
		s.missed.Store(true)
	}
	return found, err
}

func numbersJSON(people []custody.PersonID) string {
	text, _ := json.Marshal(people) // of numbers
	return string(text)
}
