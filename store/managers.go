package store

import (
	"context"
	"database/sql"
	"time"

	"custody"
)

// Manager may approve requests, review emergency access and review rights of an
// organisation's people, or of one branch's; never their own.
type Manager struct {
	ID           int64
	Person       custody.PersonID
	Login        string
	Organisation custody.OrganisationID
	OrgName      string
	Branch       string // empty: every branch
	Given        time.Time
	Ended        time.Time // zero while it lasts
}

// AddManager makes somebody a manager. Nobody appoints themselves; by is zero for the
// administrator of the machine.
func (s *Store) AddManager(ctx context.Context, by custody.PersonID, m *Manager, at time.Time) error {
	if by != 0 && by == m.Person {
		return errOwn
	}
	return s.tx(ctx, func(t *sql.Tx) error {
		err := t.QueryRow("INSERT INTO managers (person, organisation, branch, given) VALUES (?, ?, ?, ?) RETURNING id",
			m.Person, m.Organisation, m.Branch, at.UnixMilli()).Scan(&m.ID)
		if taken(err) {
			return custody.E(custody.CodeConflict, "this person manages there already", "custody manager list shows who manages what")
		}
		if err != nil {
			return err
		}
		m.Given = at
		return logRight(t, RightsEntry{Time: at, Act: ActManager, Changes: Gives, Actor: by, Person: m.Person, Organisation: m.Organisation, Branch: m.Branch, Object: m.ID})
	})
}

// EndManager ends what AddManager began; an error if nobody manages under the number.
func (s *Store) EndManager(ctx context.Context, by custody.PersonID, id int64, at time.Time) error {
	return s.tx(ctx, func(t *sql.Tx) error {
		e := RightsEntry{Time: at, Act: ActManagerEnded, Changes: Takes, Actor: by, Object: id}
		err := t.QueryRow("UPDATE managers SET ended = max(given, ?) WHERE id = ? AND ended IS NULL RETURNING person, organisation, branch",
			at.UnixMilli(), id).Scan(&e.Person, &e.Organisation, &e.Branch)
		if err != nil {
			return orNamed(err, "nobody manages under this number", "custody manager list shows the numbers")
		}
		return logRight(t, e)
	})
}

// Managers lists who manages what, by number; ended ones too if all.
func (s *Store) Managers(ctx context.Context, all bool) ([]Manager, error) {
	return listCtx(ctx, s.read, func(r *sql.Rows) (m Manager, err error) {
		var given, ended sql.NullInt64
		err = r.Scan(&m.ID, &m.Person, &m.Login, &m.Organisation, &m.OrgName, &m.Branch, &given, &ended)
		m.Given, m.Ended = moment(given), moment(ended)
		return m, err
	}, `SELECT m.id, m.person, p.login, m.organisation, o.name, m.branch, m.given, m.ended FROM managers m
		JOIN people p ON p.id = m.person JOIN organisations o ON o.id = m.organisation WHERE ?1 OR m.ended IS NULL ORDER BY m.id`, all)
}

// manages is the condition that person ?1 manages branch ?3 of organisation ?2 at ?4.
// Who manages one branch does not manage people of whom no branch is known.
const manages = `EXISTS (SELECT 1 FROM managers m WHERE m.person = ?1 AND m.organisation = ?2 AND m.branch IN ('', ?3) AND m.ended IS NULL)
	AND EXISTS (SELECT 1 FROM engagements e WHERE e.person = ?1 AND e.start <= ?4 AND (e.end IS NULL OR e.end > ?4))`

var (
	errOwn = custody.E(custody.CodeForbidden, "nobody decides about their own rights", "ask another manager of the organisation or the branch to do it")
	// errNotManager says the same whether or not there is such a thing: who may not
	// decide about people need not learn what they asked for.
	errNotManager = custody.E(custody.CodeForbidden, "this is not yours to decide", "a manager of the person's organisation or branch decides; custody manager list shows them")
)

// mayDecide holds a decision about somebody to the separation of duties.
func mayDecide(t *sql.Tx, by, about custody.PersonID, org custody.OrganisationID, branch string, at time.Time) error {
	if by == about {
		return errOwn
	}
	var ok bool
	if err := t.QueryRow("SELECT "+manages, by, org, branch, at.UnixMilli()).Scan(&ok); err != nil {
		return err
	}
	if !ok {
		return errNotManager
	}
	return nil
}

// workplace finds where a person works for an organisation now; an error if they do not.
func workplace(t *sql.Tx, person custody.PersonID, org custody.OrganisationID, at time.Time) (branch string, err error) {
	err = t.QueryRow(`SELECT branch FROM engagements WHERE person = ? AND organisation = ? AND start <= ?3 AND (end IS NULL OR end > ?3)
		ORDER BY branch = '', id DESC LIMIT 1`, person, org, at.UnixMilli()).Scan(&branch)
	return branch, orNamed(err, "this person does not work there now", "custody person show LOGIN shows the engagements")
}
