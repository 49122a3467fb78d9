package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"custody"
)

const (
	noteSecond = "token used from a second address"
	noteFirst  = "token used from a second address while this session was live"
)

// OpenSession writes a session down and gives its number. If its credential is live
// at other addresses, this is noted on all of them, and their count is given. A
// session through an application shares its credential by design: it is not noted.
func (s *Store) OpenSession(ctx context.Context, sess *custody.Session, through custody.SessionID) (id custody.SessionID, others int, err error) {
	err = s.tx(ctx, func(t *sql.Tx) error {
		note := ""
		if through == 0 && sess.Application == 0 {
			if others, err = noteOthers(t, sess); err != nil {
				return err
			}
			if others > 0 {
				note = noteSecond
			}
		}
		return t.QueryRow(`INSERT INTO sessions
			(person, application, organisation, system, credential, through, roles, address, app_name, started, notes)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
			some(sess.Person), some(sess.Application), sess.Organisation, sess.System, sess.CredentialID, some(through),
			strings.Join(sess.Roles, "\n"), sess.Address, sess.AppName, sess.Started.UnixMilli(), note).Scan(&id)
	})
	return id, others, err
}

// noteOthers marks the live sessions of the same credential at other addresses.
func noteOthers(t *sql.Tx, sess *custody.Session) (int, error) {
	var addresses int
	err := t.QueryRow("SELECT count(DISTINCT address) FROM sessions WHERE credential = ? AND ended IS NULL AND address <> ?",
		sess.CredentialID, sess.Address).Scan(&addresses)
	if err != nil || addresses == 0 {
		return 0, err
	}
	_, err = t.Exec("UPDATE sessions SET notes = ? WHERE credential = ? AND ended IS NULL AND address <> ? AND notes = ''",
		noteFirst, sess.CredentialID, sess.Address)
	return addresses, err
}

var errNoSession = custody.E(custody.CodeNotFound, "no live session has this number", "custody session list shows them")

// CloseSession ends a session and those through it. Ending one twice keeps the first
// end.
func (s *Store) CloseSession(id custody.SessionID, at time.Time, code custody.Code) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		r, err := t.Exec(`UPDATE sessions SET end_code = CASE WHEN ended IS NULL THEN ?2 ELSE end_code END,
			ended = coalesce(ended, max(started, ?1)) WHERE id = ?3`, at.UnixMilli(), code, int64(id))
		if err := changed(r, err, errNoSession); err != nil {
			return err
		}
		_, err = t.Exec("UPDATE sessions SET end_code = ?2, ended = max(started, ?1) WHERE through = ?3 AND ended IS NULL", at.UnixMilli(), code, int64(id))
		return err
	})
}

// CloseLeftover ends the sessions that a stopped gate left open and counts them.
func (s *Store) CloseLeftover(at time.Time, code custody.Code) (n int, err error) {
	err = s.tx(context.Background(), func(t *sql.Tx) error {
		r, err := t.Exec("UPDATE sessions SET ended = max(started, ?), end_code = ? WHERE ended IS NULL", at.UnixMilli(), code)
		if err != nil {
			return err
		}
		count, err := r.RowsAffected()
		n = int(count)
		return err
	})
	return n, err
}

// CutSession asks for the end of a live session and of those through it.
func (s *Store) CutSession(id custody.SessionID, at time.Time) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		r, err := t.Exec("UPDATE sessions SET cut = ? WHERE id = ? AND ended IS NULL", at.UnixMilli(), int64(id))
		if err = changed(r, err, errNoSession); err != nil {
			return err
		}
		_, err = t.Exec("UPDATE sessions SET cut = ? WHERE through = ? AND ended IS NULL", at.UnixMilli(), int64(id))
		return err
	})
}

// SessionRecord is what is kept of a session, live or ended.
type SessionRecord struct {
	custody.Session
	Through custody.SessionID // the application's session, if this person came through one
	Ended   time.Time         // zero while it lives
	EndCode custody.Code
	Notes   string
}

const sessionColumns = `SELECT x.id, coalesce(x.person, 0), coalesce(x.application, 0), x.organisation, x.system, s.name,
	coalesce(p.login, a.name), coalesce(p.full_name, a.name), o.name, x.roles, x.address, x.app_name, c.kind, x.credential,
	x.started, c.expires, coalesce(x.through, 0), x.ended, coalesce(x.end_code, 0), x.notes
	FROM sessions x JOIN organisations o ON o.id = x.organisation JOIN systems s ON s.id = x.system
	JOIN credentials c ON c.id = x.credential
	LEFT JOIN people p ON p.id = x.person LEFT JOIN applications a ON a.id = x.application `

func scanSession(r *sql.Rows) (s SessionRecord, err error) {
	var roles sql.NullString
	var started, expires, ended sql.NullInt64
	err = r.Scan(&s.ID, &s.Person, &s.Application, &s.Organisation, &s.System, &s.SystemName, &s.Login, &s.FullName, &s.OrgName,
		&roles, &s.Address, &s.AppName, &s.Credential, &s.CredentialID, &started, &expires, &s.Through, &ended, &s.EndCode, &s.Notes)
	s.Roles, s.Started, s.Expires, s.Ended = words(roles), moment(started), moment(expires), moment(ended)
	s.SecondAddress = s.Notes == noteSecond
	return s, err
}

// Session finds one session, live or ended, by the number that events carry.
func (s *Store) Session(id custody.SessionID) (*SessionRecord, error) {
	found, err := list(s.read, scanSession, sessionColumns+"WHERE x.id = ?", int64(id))
	if err != nil || len(found) == 0 {
		return nil, orMissing(err, "no session has this number", "the number comes from an event of this deployment's ledger")
	}
	return &found[0], nil
}

// LiveSessions lists the sessions that have not ended, by number.
func (s *Store) LiveSessions() ([]SessionRecord, error) {
	return list(s.read, scanSession, sessionColumns+"WHERE x.ended IS NULL ORDER BY x.id")
}

func orMissing(err error, message, hint string) error {
	if err != nil {
		return err
	}
	return custody.E(custody.CodeNotFound, message, hint)
}
