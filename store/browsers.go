package store

import (
	"context"
	"database/sql"
	"time"

	"custody"
	"custody/identity"
)

var errNoBrowser = custody.E(custody.CodeNotFound, "no browser is signed in with this cookie", "sign in again")

// AddBrowser keeps a browser's credential with what belongs to it and sets their
// number.
func (s *Store) AddBrowser(c *identity.Credential, b *identity.Browser) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		err := t.QueryRow("INSERT INTO credentials (kind, person, organisation, system, issued, expires) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
			c.Kind, c.Person, c.Organisation, c.System, c.Issued.UnixMilli(), c.Expires.UnixMilli()).Scan(&c.ID)
		if err != nil {
			return err
		}
		b.Credential = c.ID
		_, err = t.Exec(`INSERT INTO browsers (credential, person, hash, method, factor, roles, address, agent, started, seen)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, c.ID, b.Person, b.Hash[:], b.Method,
			sql.NullInt64{Int64: b.Factor, Valid: b.Factor != 0}, lines(b.Roles), b.Address, b.Agent, b.Started.UnixMilli(), b.Seen.UnixMilli())
		return err
	})
}

// lines joins names; nil is no value, and no names at all is an empty text.
func lines(names []string) any {
	if names == nil {
		return nil
	}
	text := ""
	for _, n := range names {
		text += n + "\n"
	}
	return text
}

func unlines(text sql.NullString) []string {
	if !text.Valid {
		return nil
	}
	if text.String == "" {
		return []string{}
	}
	text.String = text.String[:len(text.String)-1]
	return words(text)
}

const browserColumns = `SELECT b.credential, b.person, s.name, o.name, b.hash, b.method, coalesce(b.factor, 0), b.roles, b.address, b.agent,
	b.started, c.expires, b.seen, b.device, b.proved FROM browsers b JOIN credentials c ON c.id = b.credential
	JOIN systems s ON s.id = c.system JOIN organisations o ON o.id = c.organisation WHERE c.revoked IS NULL AND c.expires > ? AND `

func scanBrowser(r *sql.Rows) (b identity.Browser, err error) {
	var hash []byte
	var roles sql.NullString
	var started, expires, seen, proved sql.NullInt64
	if err = r.Scan(&b.Credential, &b.Person, &b.System, &b.OrgName, &hash, &b.Method, &b.Factor, &roles, &b.Address, &b.Agent,
		&started, &expires, &seen, &b.Device, &proved); err != nil {
		return b, err
	}
	copy(b.Hash[:], hash)
	b.Roles = unlines(roles)
	b.Started, b.Expires, b.Seen, b.Proved = moment(started), moment(expires), moment(seen), moment(proved)
	return b, nil
}

// FindBrowser finds the browser of a cookie whose credential is in force.
func (s *Store) FindBrowser(hash [32]byte, at time.Time) (*identity.Browser, error) {
	found, err := list(s.read, scanBrowser, browserColumns+"b.hash = ?", at.UnixMilli(), hash[:])
	if err != nil || len(found) == 0 {
		return nil, orElse(err, errNoBrowser)
	}
	return &found[0], nil
}

// Browsers lists those of a person whose credentials are in force, newest first.
func (s *Store) Browsers(person custody.PersonID, at time.Time) ([]identity.Browser, error) {
	return list(s.read, scanBrowser, browserColumns+"b.person = ? ORDER BY b.credential DESC", at.UnixMilli(), person)
}

// TouchBrowser notes when a browser was last seen and last proved its device. Times
// only move forward.
func (s *Store) TouchBrowser(credential int64, seen, proved time.Time) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		_, err := t.Exec(`UPDATE browsers SET seen = max(seen, ?1),
			proved = CASE WHEN ?2 IS NULL THEN proved ELSE max(coalesce(proved, 0), ?2) END WHERE credential = ?3`,
			seen.UnixMilli(), millis(proved), credential)
		return err
	})
}

// BindBrowser gives a browser that has none its device key.
func (s *Store) BindBrowser(credential int64, device []byte, at time.Time) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		r, err := t.Exec("UPDATE browsers SET device = ?, proved = ? WHERE credential = ? AND device IS NULL", device, at.UnixMilli(), credential)
		return changed(r, err, custody.E(custody.CodeConflict, "this browser is bound to a device already", "sign in again"))
	})
}

// AcceptNotice writes down that a text was accepted.
func (s *Store) AcceptNotice(a identity.Acceptance) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		_, err := t.Exec("INSERT INTO notices (person, version, digest, accepted, session) VALUES (?, ?, ?, ?, ?)",
			a.Person, a.Version, a.Digest[:], a.Accepted.UnixMilli(), int64(a.Session))
		return err
	})
}

// NoticeAccepted says whether a person has accepted this text.
func (s *Store) NoticeAccepted(person custody.PersonID, version string, digest [32]byte) (ok bool, err error) {
	err = s.read.QueryRow("SELECT EXISTS (SELECT 1 FROM notices WHERE person = ? AND version = ? AND digest = ?)", person, version, digest[:]).Scan(&ok)
	return ok, fault(err)
}

// Notices lists what a person has accepted, oldest first.
func (s *Store) Notices(person custody.PersonID) ([]identity.Acceptance, error) {
	return list(s.read, func(r *sql.Rows) (a identity.Acceptance, err error) {
		var digest []byte
		var at sql.NullInt64
		err = r.Scan(&a.Person, &a.Version, &digest, &at, &a.Session)
		copy(a.Digest[:], digest)
		a.Accepted = moment(at)
		return a, err
	}, "SELECT person, version, digest, accepted, session FROM notices WHERE person = ? ORDER BY id", person)
}
