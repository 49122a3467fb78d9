package store

import (
	"context"
	"database/sql"
	"time"

	"custody"
)

// ImportedSeat is a login of an access log, on a device of it.
type ImportedSeat struct {
	Login    string // an address; logins that are none got a domain of their system
	Name     string // as the log has it
	Branch   string
	Device   string
	From, To time.Time
	Person   custody.PersonID  // set by ImportSeats
	Session  custody.SessionID // set by ImportSeats
}

// NoteImported marks the session of an access log. Its AppName is the login's branch.
const NoteImported = "read from an access log"

// ImportSeats gives the logins of a log their people and sessions. A login that is a
// person's is that person; others become people who are engaged by nobody and cannot
// sign in. Their sessions hang on a credential that was never valid: it stands for the
// other system's.
func (s *Store) ImportSeats(system custody.SystemID, org custody.OrganisationID, list []ImportedSeat, at time.Time) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		credentials := map[custody.PersonID]int64{}
		for i := range list {
			x := &list[i]
			if _, err := t.Exec("INSERT INTO people (login, full_name, added) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", x.Login, x.Name, at.UnixMilli()); err != nil {
				return err
			}
			if err := t.QueryRow("SELECT id FROM people WHERE login = ?", x.Login).Scan(&x.Person); err != nil {
				return err
			}
			c, ok := credentials[x.Person]
			if !ok {
				if err := t.QueryRow(`INSERT INTO credentials (kind, person, organisation, system, stored_key, server_key, issued, expires, revoked)
					VALUES ('token', ?1, ?2, ?3, randomblob(32), randomblob(32), ?4, ?4, ?4) RETURNING id`, x.Person, org, system, x.From.UnixMilli()).Scan(&c); err != nil {
					return err
				}
				credentials[x.Person] = c
			}
			if err := t.QueryRow(`INSERT INTO sessions (person, organisation, system, credential, roles, address, app_name, started, ended, notes)
				VALUES (?, ?, ?, ?, '', ?, ?, ?, ?, ?) RETURNING id`,
				x.Person, org, system, c, x.Device, x.Branch, x.From.UnixMilli(), x.To.UnixMilli(), NoteImported).Scan(&x.Session); err != nil {
				return err
			}
		}
		return nil
	})
}

// Import is one reading of access logs into the ledger.
type Import struct {
	System      custody.SystemID
	SystemName  string
	Time        time.Time
	First, Last time.Time
	Looks, Bad  int
}

// AddImport notes that a log was read: how much of it, of which time.
func (s *Store) AddImport(x *Import) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		_, err := t.Exec("INSERT INTO imports (system, at, first, last, looks, bad) VALUES (?, ?, ?, ?, ?, ?)",
			x.System, x.Time.UnixMilli(), x.First.UnixMilli(), x.Last.UnixMilli(), x.Looks, x.Bad)
		return err
	})
}

// Imports lists what was read, in order.
func (s *Store) Imports() ([]Import, error) {
	return list(s.read, func(r *sql.Rows) (x Import, err error) {
		var at, first, last sql.NullInt64
		err = r.Scan(&x.System, &x.SystemName, &at, &first, &last, &x.Looks, &x.Bad)
		x.Time, x.First, x.Last = moment(at), moment(first), moment(last)
		return x, err
	}, "SELECT i.system, y.name, i.at, i.first, i.last, i.looks, i.bad FROM imports i JOIN systems y ON y.id = i.system ORDER BY i.id")
}
