package store

import (
	"context"
	"database/sql"
	"time"

	"custody"
)

// ConsoleRole says what a person may do in the console, and of whom.
type ConsoleRole struct {
	ID           int64
	Person       custody.PersonID
	Login        string
	Role         string                 // administrator, lead or auditor
	Organisation custody.OrganisationID // zero: all
	OrgName      string
	Start, End   time.Time
	GivenBy      custody.PersonID // zero: by the command line
}

// AddConsoleRole gives a role and sets its number. The same role twice is a conflict.
func (s *Store) AddConsoleRole(r *ConsoleRole) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		var n int
		err := t.QueryRow(`SELECT count(*) FROM console_roles WHERE person = ? AND role = ? AND organisation IS ? AND (end IS NULL OR end > ?)`,
			r.Person, r.Role, some(r.Organisation), r.Start.UnixMilli()).Scan(&n)
		if err != nil {
			return err
		}
		if n > 0 {
			return custody.E(custody.CodeConflict, "this person has that role already", "custody console role list shows it")
		}
		return t.QueryRow(`INSERT INTO console_roles (person, role, organisation, start, end, given_by) VALUES (?, ?, ?, ?, ?, ?) RETURNING id`,
			r.Person, r.Role, some(r.Organisation), r.Start.UnixMilli(), millis(r.End), some(r.GivenBy)).Scan(&r.ID)
	})
}

// EndConsoleRole ends a role at a time; an end can only be brought forward.
func (s *Store) EndConsoleRole(id int64, at time.Time) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		r, err := t.Exec("UPDATE console_roles SET end = max(start, ?1) WHERE id = ?2 AND (end IS NULL OR end > ?1)", at.UnixMilli(), id)
		return changed(r, err, custody.E(custody.CodeNotFound, "no console role with this number lasts that long", "custody console role list shows them"))
	})
}

// ConsoleRoles lists all that were ever given, by number.
func (s *Store) ConsoleRoles() ([]ConsoleRole, error) {
	return list(s.read, func(r *sql.Rows) (c ConsoleRole, err error) {
		var start, end sql.NullInt64
		err = r.Scan(&c.ID, &c.Person, &c.Login, &c.Role, &c.Organisation, &c.OrgName, &start, &end, &c.GivenBy)
		c.Start, c.End = moment(start), moment(end)
		return c, err
	}, `SELECT c.id, c.person, p.login, c.role, coalesce(c.organisation, 0), coalesce(o.name, ''), c.start, c.end, coalesce(c.given_by, 0)
		FROM console_roles c JOIN people p ON p.id = c.person LEFT JOIN organisations o ON o.id = c.organisation ORDER BY c.id`)
}

// ConsoleHold is a console role that somebody holds now: one of those above, or that of
// a manager, whose branch narrows it.
type ConsoleHold struct {
	Role         string
	Organisation custody.OrganisationID
	Branch       string
}

// ConsoleHolds lists what a person may do in the console at a moment.
func (s *Store) ConsoleHolds(person custody.PersonID, at time.Time) ([]ConsoleHold, error) {
	return list(s.read, func(r *sql.Rows) (h ConsoleHold, err error) { return h, r.Scan(&h.Role, &h.Organisation, &h.Branch) },
		`SELECT role, coalesce(organisation, 0), '' FROM console_roles WHERE person = ?1 AND start <= ?2 AND (end IS NULL OR end > ?2)
		UNION ALL SELECT 'manager', organisation, branch FROM managers WHERE person = ?1 AND given <= ?2 AND (ended IS NULL OR ended > ?2)`,
		person, at.UnixMilli())
}

// SessionsOf lists the newest sessions of a person, at most so many, newest first.
func (s *Store) SessionsOf(person custody.PersonID, most int) ([]SessionRecord, error) {
	return list(s.read, scanSession, sessionColumns+"WHERE x.person = ? ORDER BY x.id DESC LIMIT ?", person, most)
}
