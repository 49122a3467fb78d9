package store

import (
	"context"
	"database/sql"
	"time"

	"custody"
	"custody/identity"
)

// maxPasskeys is how many passkeys a person may have at once.
const maxPasskeys = 20

var errNoPasskey = custody.E(custody.CodeNotFound, "no such passkey is in force", "the page of your ways to sign in shows those that are")

// AddPasskey keeps a new passkey and sets its number.
func (s *Store) AddPasskey(k *identity.Passkey, enrolment int64) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		if err := useEnrolment(t, enrolment, k.Person, k.Added); err != nil {
			return err
		}
		var n int
		if err := t.QueryRow("SELECT count(*) FROM passkeys WHERE person = ? AND removed IS NULL", k.Person).Scan(&n); err != nil {
			return err
		}
		if n >= maxPasskeys {
			return custody.E(custody.CodeConflict, "there are 20 passkeys already", "remove one that is not used any more")
		}
		err := t.QueryRow("INSERT INTO passkeys (person, rp, credential, record, name, added) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
			k.Person, k.RP, k.Credential, k.Record, k.Name, k.Added.UnixMilli()).Scan(&k.ID)
		if taken(err) {
			return custody.E(custody.CodeConflict, "this passkey is known already", "sign in with it, or make another one")
		}
		return err
	})
}

const passkeyColumns = "SELECT id, person, rp, credential, record, name, added, used FROM passkeys WHERE removed IS NULL AND "

func scanPasskey(r *sql.Rows) (k identity.Passkey, err error) {
	var added, used sql.NullInt64
	err = r.Scan(&k.ID, &k.Person, &k.RP, &k.Credential, &k.Record, &k.Name, &added, &used)
	k.Added, k.Used = moment(added), moment(used)
	return k, err
}

// Passkeys lists a person's passkeys that were not removed, by number.
func (s *Store) Passkeys(person custody.PersonID) ([]identity.Passkey, error) {
	return list(s.read, scanPasskey, passkeyColumns+"person = ? ORDER BY id", person)
}

// FindPasskey finds a passkey by the authenticator's credential id.
func (s *Store) FindPasskey(credential []byte) (*identity.Passkey, error) {
	found, err := list(s.read, scanPasskey, passkeyColumns+"credential = ?", credential)
	if err != nil || len(found) == 0 {
		return nil, orElse(err, errNoPasskey)
	}
	return &found[0], nil
}

// UsePasskey writes the record back after a sign-in.
func (s *Store) UsePasskey(id int64, record []byte, at time.Time) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		r, err := t.Exec("UPDATE passkeys SET record = ?, used = ? WHERE id = ? AND removed IS NULL", record, at.UnixMilli(), id)
		return changed(r, err, errNoPasskey)
	})
}

// RemovePasskey takes a passkey away and ends the sessions that it opened.
func (s *Store) RemovePasskey(person custody.PersonID, id int64, at time.Time) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		r, err := t.Exec("UPDATE passkeys SET removed = ? WHERE id = ? AND person = ? AND removed IS NULL", at.UnixMilli(), id, person)
		if err := changed(r, err, errNoPasskey); err != nil {
			return err
		}
		return endOpened(t, person, identity.MethodPasskey, id, 0, at)
	})
}
