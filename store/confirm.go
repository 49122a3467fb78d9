package store

import (
	"context"
	"database/sql"
	"time"

	"custody"
	"custody/identity"
)

// waiting are the restraints that wait for the word of their person.
const waiting = "r.fresh = 1 AND r.confirmed IS NULL AND r.end > "

// unconfirmed lists who has a word to give before applications go on in their name;
// false where they said that it was not they.
func (s *Store) unconfirmed(at int64) (map[custody.PersonID]bool, error) {
	found := map[custody.PersonID]bool{}
	_, err := list(s.read, func(r *sql.Rows) (p custody.PersonID, err error) {
		var denied bool
		err = r.Scan(&p, &denied)
		found[p] = !denied
		return p, err
	}, "SELECT r.person, max(r.denied IS NOT NULL) FROM restraints r WHERE "+waiting+"? GROUP BY r.person", at)
	return found, err
}

// Unconfirmed lists what waits for a person's word, newest first. The application is
// that of the alert's session.
func (s *Store) Unconfirmed(person custody.PersonID, at time.Time) ([]identity.Unconfirmed, error) {
	return list(s.read, func(r *sql.Rows) (u identity.Unconfirmed, err error) {
		var since sql.NullInt64
		err = r.Scan(&since, &u.SystemName, &u.Application, &u.Denied)
		u.Since = moment(since)
		return u, err
	}, `SELECT r.start, coalesce(y.name, ''), coalesce(p.name, ''), r.denied IS NOT NULL FROM restraints r JOIN alerts a ON a.id = r.alert
		LEFT JOIN systems y ON y.id = a.system LEFT JOIN sessions s ON s.id = a.session LEFT JOIN applications p ON p.id = s.application
		WHERE r.person = ? AND `+waiting+"? ORDER BY r.id DESC", person, at.UnixMilli())
}

var errNothingToConfirm = custody.E(custody.CodeNotFound, "nothing waits for you to confirm", "go on where you were")

// Confirm settles what waits for a person's word. That it was not they is kept beside,
// and goes on waiting for a review.
func (s *Store) Confirm(person custody.PersonID, theirs bool, at time.Time) error {
	column := "denied"
	if theirs {
		column = "confirmed"
	}
	return s.tx(context.Background(), func(t *sql.Tx) error {
		r, err := t.Exec("UPDATE restraints AS r SET "+column+" = ?1 WHERE r.person = ?2 AND r.denied IS NULL AND "+waiting+"?1", at.UnixMilli(), person)
		return changed(r, err, errNothingToConfirm)
	})
}
