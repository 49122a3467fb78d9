package store

import (
	"database/sql"
	"time"

	"custody"
	"custody/identity"
)

// Rights reads what is current at now or begins later. The generation is read
// first: a change during the read makes the next look reload.
func (s *Store) Rights(now time.Time) (*identity.Rights, error) {
	r := &identity.Rights{Systems: make(map[string]custody.SystemID)}
	at := now.UnixMilli()
	var err error
	for _, read := range []func() error{
		func() error { r.Generation, err = s.Generation(); return err },
		func() error { r.People, err = s.ListPeople(); return err },
		func() error {
			r.Engagements, err = list(s.read, scanEngagement, engagementColumns+"WHERE e.end IS NULL OR e.end > ? ORDER BY e.id", at)
			return err
		},
		func() error {
			r.Applications, err = list(s.read, scanApplication, applicationColumns+"WHERE a.removed IS NULL ORDER BY a.id")
			return err
		},
		func() error {
			r.Credentials, err = list(s.read, scanCredential, credentialColumns+"WHERE c.revoked IS NULL AND c.expires > ? ORDER BY c.id", at)
			return err
		},
		func() error { return s.systems(r.Systems) },
		func() error { r.Cut, err = s.toCut(); return err },
		func() error { r.Boundaries, err = s.boundaries(at); return err },
		func() error { r.Processors, err = s.inDate(); return err },
		func() error { r.Renew, err = s.renew(at); return err },
		func() error { r.Unconfirmed, err = s.unconfirmed(at); return err },
	} {
		if err := read(); err != nil {
			s.missed.Store(true)
			return nil, err
		}
	}
	return r, nil
}

// renew lists since when people must have signed in anew.
func (s *Store) renew(at int64) (map[custody.PersonID]time.Time, error) {
	found := map[custody.PersonID]time.Time{}
	_, err := list(s.read, func(r *sql.Rows) (p custody.PersonID, err error) {
		var since sql.NullInt64
		err = r.Scan(&p, &since)
		found[p] = moment(since)
		return p, err
	}, "SELECT person, max(start) FROM restraints WHERE fresh = 1 AND end > ? GROUP BY person", at)
	return found, err
}

func scanNumber[T ~uint32 | ~uint64](r *sql.Rows) (n T, err error) { return n, r.Scan(&n) }

func (s *Store) systems(into map[string]custody.SystemID) error {
	_, err := list(s.read, func(r *sql.Rows) (id custody.SystemID, err error) {
		var name string
		err = r.Scan(&id, &name)
		into[name] = id
		return id, err
	}, "SELECT id, name FROM systems")
	return err
}

// boundaries are the future starts and ends of grants and of what they need, and the ends
// of restraints.
func (s *Store) boundaries(at int64) ([]time.Time, error) {
	return list(s.read, func(r *sql.Rows) (time.Time, error) {
		var v sql.NullInt64
		err := r.Scan(&v)
		return moment(v), err
	}, `SELECT start FROM grants WHERE start > ?1 UNION SELECT end FROM grants WHERE end > ?1 UNION
		SELECT taken FROM training WHERE taken > ?1 UNION SELECT until FROM training WHERE until > ?1 AND revoked IS NULL UNION
		SELECT begins FROM rules WHERE begins > ?1 UNION SELECT signed FROM clauses WHERE signed > ?1 UNION
		SELECT end FROM restraints WHERE end > ?1 ORDER BY 1`, at)
}
