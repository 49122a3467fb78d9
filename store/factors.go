package store

import (
	"context"
	"database/sql"
	"time"

	"custody"
	"custody/identity"
)

var errEnrolmentGone = custody.E(custody.CodeNotFound, "no enrolment with this code can be used", "custody person enrol makes a new one")

// AddEnrolment keeps a new enrolment and sets its number; earlier ones of the person
// that were not used end.
func (s *Store) AddEnrolment(e *identity.Enrolment) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		if err := endEnrolments(t, e.Person, e.Made); err != nil {
			return err
		}
		return t.QueryRow("INSERT INTO enrolments (person, hash, made, expires) VALUES (?, ?, ?, ?) RETURNING id",
			e.Person, e.Hash[:], e.Made.UnixMilli(), e.Expires.UnixMilli()).Scan(&e.ID)
	})
}

func endEnrolments(t *sql.Tx, person custody.PersonID, at time.Time) error {
	_, err := t.Exec("UPDATE enrolments SET expires = min(expires, ?1) WHERE person = ?2 AND used IS NULL AND expires > ?1", at.UnixMilli(), person)
	return err
}

// FindEnrolment finds an enrolment that can be used at a moment.
func (s *Store) FindEnrolment(hash [32]byte, at time.Time) (*identity.Enrolment, error) {
	found, err := list(s.read, func(r *sql.Rows) (e identity.Enrolment, err error) {
		var made, expires sql.NullInt64
		err = r.Scan(&e.ID, &e.Person, &made, &expires)
		e.Hash, e.Made, e.Expires = hash, moment(made), moment(expires)
		return e, err
	}, "SELECT id, person, made, expires FROM enrolments WHERE hash = ? AND used IS NULL AND expires > ?", hash[:], at.UnixMilli())
	if err != nil || len(found) == 0 {
		return nil, orElse(err, errEnrolmentGone)
	}
	return &found[0], nil
}

// useEnrolment uses an enrolment of a person up, in the transaction that needed it.
func useEnrolment(t *sql.Tx, id int64, person custody.PersonID, at time.Time) error {
	if id == 0 {
		return nil
	}
	r, err := t.Exec("UPDATE enrolments SET used = ?1 WHERE id = ?2 AND person = ?3 AND used IS NULL AND expires > ?1", at.UnixMilli(), id, person)
	if err := changed(r, err, errEnrolmentGone); err != nil {
		return err
	}
	_, err = t.Exec("DELETE FROM holds WHERE person = ? AND kind <> 'moved'", person)
	return err
}

// SetPassword puts password, TOTP secret and recovery codes in place of those that
// were there, and ends the browser sessions that the old ones opened but for keep.
func (s *Store) SetPassword(p *identity.PasswordFactor, codes [][32]byte, enrolment, keep int64, at time.Time) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		if err := useEnrolment(t, enrolment, p.Person, at); err != nil {
			return err
		}
		if _, err := t.Exec(`INSERT INTO passwords (person, hash, totp, step, changed) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (person) DO UPDATE SET hash = excluded.hash, totp = excluded.totp, step = excluded.step, changed = excluded.changed`,
			p.Person, p.Hash, p.TOTP, p.Step, p.Changed.UnixMilli()); err != nil {
			return err
		}
		if _, err := t.Exec("DELETE FROM recovery_codes WHERE person = ?", p.Person); err != nil {
			return err
		}
		for _, c := range codes {
			if _, err := t.Exec("INSERT INTO recovery_codes (person, hash, made) VALUES (?, ?, ?)", p.Person, c[:], at.UnixMilli()); err != nil {
				return err
			}
		}
		return endOpened(t, p.Person, identity.MethodPassword, 0, keep, at)
	})
}

// endOpened revokes the credentials of the browsers that one way to sign in opened.
func endOpened(t *sql.Tx, person custody.PersonID, method string, factor, keep int64, at time.Time) error {
	_, err := t.Exec(`UPDATE credentials SET revoked = ?1 WHERE revoked IS NULL AND id <> ?2 AND id IN
		(SELECT credential FROM browsers WHERE person = ?3 AND method = ?4 AND (?5 = 0 OR factor = ?5))`,
		at.UnixMilli(), keep, person, method, factor)
	return err
}

// Password gives the password of a person; nil if there is none.
func (s *Store) Password(person custody.PersonID) (*identity.PasswordFactor, error) {
	found, err := list(s.read, func(r *sql.Rows) (p identity.PasswordFactor, err error) {
		var at sql.NullInt64
		err = r.Scan(&p.Person, &p.Hash, &p.TOTP, &p.Step, &at)
		p.Changed = moment(at)
		return p, err
	}, "SELECT person, hash, totp, step, changed FROM passwords WHERE person = ?", person)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// UseStep notes a TOTP time step; false if it or a later one was used before.
func (s *Store) UseStep(person custody.PersonID, step int64) (bool, error) {
	return s.met("UPDATE passwords SET step = ?1 WHERE person = ?2 AND step < ?1", step, person)
}

// UseRecoveryCode uses a code up; false if it is not one, or not any more.
func (s *Store) UseRecoveryCode(person custody.PersonID, hash [32]byte, at time.Time) (bool, error) {
	return s.met("UPDATE recovery_codes SET used = ? WHERE person = ? AND hash = ? AND used IS NULL", at.UnixMilli(), person, hash[:])
}

// met says whether an update met a row.
func (s *Store) met(query string, args ...any) (ok bool, err error) {
	err = s.tx(context.Background(), func(t *sql.Tx) error {
		r, err := t.Exec(query, args...)
		if err != nil {
			return err
		}
		n, err := r.RowsAffected()
		ok = n == 1
		return err
	})
	return ok && err == nil, err
}

// RecoveryCodes counts the recovery codes that a person has left.
func (s *Store) RecoveryCodes(person custody.PersonID) (n int, err error) {
	err = s.read.QueryRow("SELECT count(*) FROM recovery_codes WHERE person = ? AND used IS NULL", person).Scan(&n)
	return n, fault(err)
}

// LinkSubject binds a provider's subject to a person, for ever; a person has one at a
// provider, so that an address that passed to somebody else does not open their login.
func (s *Store) LinkSubject(person custody.PersonID, issuer, subject string, at time.Time) (id int64, err error) {
	err = s.tx(context.Background(), func(t *sql.Tx) error {
		if err := linkable(t, person, issuer, subject); err != nil {
			return err
		}
		if _, err := t.Exec("INSERT INTO oidc_links (person, issuer, subject, added) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
			person, issuer, subject, at.UnixMilli()); err != nil {
			return err
		}
		var owner custody.PersonID
		if err := t.QueryRow("UPDATE oidc_links SET used = ?, removed = NULL WHERE issuer = ? AND subject = ? RETURNING id, person",
			at.UnixMilli(), issuer, subject).Scan(&id, &owner); err != nil {
			return err
		}
		var others int
		if err := t.QueryRow("SELECT count(*) FROM oidc_links WHERE person = ? AND issuer = ? AND id <> ? AND removed IS NULL", person, issuer, id).Scan(&others); err != nil {
			return err
		}
		if owner != person || others > 0 {
			return custody.E(custody.CodeConflict, "this account and this person do not belong together",
				"an account belongs to one person for ever, and a person has one account at a provider; custody person reset takes an old one away")
		}
		return nil
	})
	return id, err
}

// linkable refuses to make a link while the person is held; one in force stays usable.
func linkable(t *sql.Tx, person custody.PersonID, issuer, subject string) error {
	var held bool
	err := t.QueryRow(`SELECT EXISTS (SELECT 1 FROM holds WHERE person = ?1)
		AND NOT EXISTS (SELECT 1 FROM oidc_links WHERE person = ?1 AND issuer = ?2 AND subject = ?3 AND removed IS NULL)`, person, issuer, subject).Scan(&held)
	if err == nil && held {
		return custody.E(custody.CodeConflict, "this person must enrol anew before an account at a provider opens their login",
			"custody person enrol gives them a code; custody person link names the account")
	}
	return err
}

// FindSubject finds the person of a provider's subject; zero if there is none.
func (s *Store) FindSubject(issuer, subject string) (id int64, person custody.PersonID, err error) {
	err = s.read.QueryRow("SELECT id, person FROM oidc_links WHERE issuer = ? AND subject = ? AND removed IS NULL", issuer, subject).Scan(&id, &person)
	if err == sql.ErrNoRows {
		return 0, 0, nil
	}
	return id, person, fault(err)
}

// ResetPerson takes all ways to sign in away and revokes all credentials.
func (s *Store) ResetPerson(person custody.PersonID, at time.Time) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		if err := endFactors(t, person, at); err != nil {
			return err
		}
		_, err := t.Exec("UPDATE credentials SET revoked = ?1 WHERE person = ?2 AND revoked IS NULL", at.UnixMilli(), person)
		return err
	})
}

// endFactors takes all of a person's ways to sign in with a browser away.
func endFactors(t *sql.Tx, person custody.PersonID, at time.Time) error {
	if err := endEnrolments(t, person, at); err != nil {
		return err
	}
	for _, q := range []string{"DELETE FROM passwords WHERE person = ?", "DELETE FROM recovery_codes WHERE person = ?"} {
		if _, err := t.Exec(q, person); err != nil {
			return err
		}
	}
	for _, q := range []string{"UPDATE passkeys SET removed = ? WHERE person = ? AND removed IS NULL",
		"UPDATE oidc_links SET removed = ? WHERE person = ? AND removed IS NULL"} {
		if _, err := t.Exec(q, at.UnixMilli(), person); err != nil {
			return err
		}
	}
	return nil
}

// orElse gives err, or the error that says what is missing.
func orElse(err error, missing *custody.Error) error {
	if err != nil {
		return err
	}
	return missing
}
