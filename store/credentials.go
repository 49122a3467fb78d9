package store

import (
	"context"
	"database/sql"
	"time"

	"custody"
	"custody/identity"
)

// AddCredential keeps a new credential and sets its number.
func (s *Store) AddCredential(c *identity.Credential) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		return t.QueryRow(`INSERT INTO credentials
			(kind, person, application, organisation, system, stored_key, server_key, fingerprint, serial, issued, expires)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
			c.Kind, some(c.Person), some(c.Application), c.Organisation, c.System, blob(c.StoredKey), blob(c.ServerKey),
			blob(c.Fingerprint), sql.NullString{String: c.Serial, Valid: c.Serial != ""},
			c.Issued.UnixMilli(), c.Expires.UnixMilli()).Scan(&c.ID)
	})
}

// blob stores bytes; none are no value.
func blob(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

// RevokeCredential ends one credential; CodeNotFound if none in force has the number.
func (s *Store) RevokeCredential(id int64, at time.Time) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		r, err := t.Exec("UPDATE credentials SET revoked = ? WHERE id = ? AND revoked IS NULL", at.UnixMilli(), id)
		return changed(r, err, custody.E(custody.CodeNotFound, "no credential in force has this number", "custody token list shows them"))
	})
}

const credentialColumns = `SELECT c.id, c.kind, coalesce(c.person, 0), coalesce(c.application, 0), coalesce(p.login, a.name),
	c.organisation, o.name, c.system, s.name, c.stored_key, c.server_key, c.fingerprint, coalesce(c.serial, ''), c.issued, c.expires, c.revoked
	FROM credentials c JOIN organisations o ON o.id = c.organisation JOIN systems s ON s.id = c.system
	LEFT JOIN people p ON p.id = c.person LEFT JOIN applications a ON a.id = c.application `

func scanCredential(r *sql.Rows) (c identity.Credential, err error) {
	var issued, expires, revoked sql.NullInt64
	err = r.Scan(&c.ID, &c.Kind, &c.Person, &c.Application, &c.Login, &c.Organisation, &c.OrgName, &c.System, &c.SystemName,
		&c.StoredKey, &c.ServerKey, &c.Fingerprint, &c.Serial, &issued, &expires, &revoked)
	c.Issued, c.Expires, c.Revoked = moment(issued), moment(expires), moment(revoked)
	return c, err
}

// ListCredentials lists all credentials that were ever issued, newest first.
func (s *Store) ListCredentials() ([]identity.Credential, error) {
	return list(s.read, scanCredential, credentialColumns+"ORDER BY c.id DESC")
}
