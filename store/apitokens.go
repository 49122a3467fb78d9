package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"custody"
)

// APIToken is what belongs to a personal token for programs; the credential itself is
// among the others.
type APIToken struct {
	Credential int64
	Person     custody.PersonID
	Login      string
	OrgName    string
	Name       string // as its owner calls it
	Hash       [32]byte
	Scopes     []string
	Issued     time.Time
	Expires    time.Time
	Revoked    time.Time // zero while in force
	Used       time.Time // to the minute; zero if never
}

// AddAPIToken keeps what belongs to a credential of the console.
func (s *Store) AddAPIToken(t *APIToken) error {
	return s.tx(context.Background(), func(tx *sql.Tx) error {
		_, err := tx.Exec("INSERT INTO api_tokens (credential, name, hash, scopes) VALUES (?, ?, ?, ?)",
			t.Credential, t.Name, t.Hash[:], strings.Join(t.Scopes, "\n"))
		return err
	})
}

const apiTokenColumns = `SELECT a.credential, c.person, p.login, o.name, a.name, a.hash, a.scopes, c.issued, c.expires, c.revoked, a.used
	FROM api_tokens a JOIN credentials c ON c.id = a.credential JOIN people p ON p.id = c.person JOIN organisations o ON o.id = c.organisation `

func scanAPIToken(r *sql.Rows) (t APIToken, err error) {
	var hash []byte
	var scopes sql.NullString
	var issued, expires, revoked, used sql.NullInt64
	err = r.Scan(&t.Credential, &t.Person, &t.Login, &t.OrgName, &t.Name, &hash, &scopes, &issued, &expires, &revoked, &used)
	copy(t.Hash[:], hash)
	t.Scopes, t.Issued, t.Expires, t.Revoked, t.Used = words(scopes), moment(issued), moment(expires), moment(revoked), moment(used)
	return t, err
}

// FindAPIToken finds the token of a hash that is in force.
func (s *Store) FindAPIToken(hash [32]byte, at time.Time) (*APIToken, error) {
	found, err := list(s.read, scanAPIToken, apiTokenColumns+"WHERE a.hash = ? AND c.revoked IS NULL AND c.expires > ?", hash[:], at.UnixMilli())
	if err != nil || len(found) == 0 {
		return nil, orMissing(err, "no such token is in force", "custody token issue --api makes one")
	}
	return &found[0], nil
}

// APITokens lists a person's tokens for programs, newest first, ended ones too.
func (s *Store) APITokens(person custody.PersonID) ([]APIToken, error) {
	return list(s.read, scanAPIToken, apiTokenColumns+"WHERE c.person = ? ORDER BY a.credential DESC", person)
}

// TouchAPIToken notes when a token was last used, to the minute.
func (s *Store) TouchAPIToken(credential int64, at time.Time) error {
	minute := at.Truncate(time.Minute).UnixMilli()
	return s.tx(context.Background(), func(t *sql.Tx) error {
		_, err := t.Exec("UPDATE api_tokens SET used = ?1 WHERE credential = ?2 AND coalesce(used, 0) < ?1", minute, credential)
		return err
	})
}

// Answered is what a write with an idempotency key answered.
type Answered struct {
	Digest [32]byte // of the request
	Status int      // zero while it is still at work
	Body   []byte
}

// idempotencyKept is how long an answer is kept for the same request again.
const idempotencyKept = 24 * time.Hour

// BeginWrite claims an idempotency key for a request. It gives what an earlier request
// with that key answered; nil means that the key is this request's now.
func (s *Store) BeginWrite(person custody.PersonID, key string, digest [32]byte, at time.Time) (earlier *Answered, err error) {
	err = s.tx(context.Background(), func(t *sql.Tx) error {
		if _, err := t.Exec("DELETE FROM idempotency WHERE made < ?", at.Add(-idempotencyKept).UnixMilli()); err != nil {
			return err
		}
		var a Answered
		var before []byte
		err := t.QueryRow("SELECT digest, status, body FROM idempotency WHERE person = ? AND key = ?", person, key).Scan(&before, &a.Status, &a.Body)
		if err == nil {
			copy(a.Digest[:], before)
			earlier = &a
			return nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		_, err = t.Exec("INSERT INTO idempotency (person, key, digest, status, body, made) VALUES (?, ?, ?, 0, x'', ?)", person, key, digest[:], at.UnixMilli())
		return err
	})
	return earlier, err
}

// EndWrite keeps the answer of a claimed key; a status of zero gives the key back.
func (s *Store) EndWrite(person custody.PersonID, key string, status int, body []byte) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		if status == 0 {
			_, err := t.Exec("DELETE FROM idempotency WHERE person = ? AND key = ?", person, key)
			return err
		}
		_, err := t.Exec("UPDATE idempotency SET status = ?, body = ? WHERE person = ? AND key = ?", status, body, person, key)
		return err
	})
}
