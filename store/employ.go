package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"custody"
	"custody/identity"
)

// errTakenBack ends a transaction whose work was only tried.
var errTakenBack = errors.New("taken back")

// Employ implements identity.People. Each change is tried after those before it, so
// that one run tells all that is wrong.
func (s *Store) Employ(list []identity.Outcome, now time.Time, dry bool) error {
	err := s.tx(context.Background(), func(t *sql.Tx) error {
		for i := range list {
			o := &list[i]
			if o.Err != nil {
				continue
			}
			if err := employOne(t, o, now); err != nil {
				return err
			}
			dry = dry || o.Err != nil
		}
		if dry {
			return errTakenBack
		}
		return nil
	})
	if errors.Is(err, errTakenBack) || custody.CodeOf(err) == custody.CodeInternal && errors.Is(errors.Unwrap(err), errTakenBack) {
		return nil
	}
	return err
}

// employOne makes one change in a savepoint. What is wrong with the change is in its
// outcome; the error is the database's.
func employOne(t *sql.Tx, o *identity.Outcome, now time.Time) error {
	if _, err := t.Exec("SAVEPOINT change"); err != nil {
		return err
	}
	o.Cut, o.Err = employ(t, &o.Change, now)
	if o.Err == nil {
		_, err := t.Exec("RELEASE change")
		return err
	}
	if !errors.As(o.Err, new(*custody.Error)) {
		return o.Err
	}
	_, err := t.Exec("ROLLBACK TO change; RELEASE change")
	return err
}

// employ makes a change in a transaction and gives what was cut.
func employ(t *sql.Tx, c *identity.Change, now time.Time) (*identity.Cut, error) {
	if c.Kind == identity.Join {
		return nil, join(t, c, now)
	}
	if c.Person == 0 {
		err := t.QueryRow("SELECT id FROM people WHERE login = ?", c.Login).Scan(&c.Person)
		if err != nil {
			return nil, orNamed(err, "no person has this login", "custody person list shows all; custody person add adds one")
		}
	}
	var org custody.OrganisationID
	var err error
	if c.Organisation != "" && c.Kind != identity.Rename {
		if org, err = ensureOrganisation(t, c.Organisation, now); err != nil {
			return nil, err
		}
	}
	switch c.Kind {
	case identity.Rename:
		_, err = t.Exec("UPDATE people SET full_name = ?1 WHERE id = ?2 AND full_name <> ?1", c.FullName, c.Person)
	case identity.Return:
		err = addEngagement(t, engagementOf(c, org))
	case identity.Roles:
		err = setRoles(t, c.Person, org, c.Branch, c.Roles, c.At)
	case identity.Move:
		return move(t, c, org, now)
	case identity.Leave:
		return leave(t, c.Person, org, c.At, now)
	default:
		err = custody.E(custody.CodeUnsupported, "this is no change of employment", "join, return, move, roles, rename and leave are")
	}
	return nil, err
}

func join(t *sql.Tx, c *identity.Change, now time.Time) error {
	org, err := ensureOrganisation(t, c.Organisation, now)
	if err != nil {
		return err
	}
	p := &identity.Person{Login: c.Login, FullName: c.FullName, Added: now}
	err = addPerson(t, p, engagementOf(c, org))
	c.Person = p.ID
	return err
}

func ensureOrganisation(t *sql.Tx, name string, at time.Time) (id custody.OrganisationID, err error) {
	if _, err := t.Exec("INSERT INTO organisations (name, added) VALUES (?, ?) ON CONFLICT DO NOTHING", name, at.UnixMilli()); err != nil {
		return 0, err
	}
	err = t.QueryRow("SELECT id FROM organisations WHERE name = ?", name).Scan(&id)
	return id, err
}

// move ends all work for other organisations and begins it for this one.
func move(t *sql.Tx, c *identity.Change, org custody.OrganisationID, now time.Time) (*identity.Cut, error) {
	at := c.At.UnixMilli()
	if _, err := t.Exec("UPDATE engagements SET end = max(start, ?1) WHERE person = ?2 AND organisation <> ?3 AND (end IS NULL OR end > ?1)", at, c.Person, org); err != nil {
		return nil, err
	}
	var there int
	if err := t.QueryRow("SELECT count(*) FROM engagements WHERE person = ? AND organisation = ? AND (end IS NULL OR end > ?)", c.Person, org, at).Scan(&there); err != nil {
		return nil, err
	}
	if there > 0 {
		return nil, custody.E(custody.CodeConflict, "this person works there already, or is to begin", "custody person roles changes what they do there")
	}
	if err := addEngagement(t, engagementOf(c, org)); err != nil {
		return nil, err
	}
	return settlePerson(t, c.Person, now)
}

// leave ends the engagements with one organisation, or with all. The end can only be
// brought forward: whoever is to stay longer gets a new engagement.
func leave(t *sql.Tx, person custody.PersonID, org custody.OrganisationID, at, now time.Time) (*identity.Cut, error) {
	r, err := t.Exec("UPDATE engagements SET end = max(start, ?1) WHERE person = ?2 AND (?3 = 0 OR organisation = ?3) AND (end IS NULL OR end > ?1)",
		at.UnixMilli(), person, org)
	if err != nil {
		return nil, err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 && at.After(now) {
		return nil, orElse(err, custody.E(custody.CodeNotFound, "this person has no engagement that lasts longer", "custody person show tells when it ends"))
	}
	if at.After(now) {
		return nil, nil // the gate does the rest at the planned moment
	}
	cut, err := settlePerson(t, person, now)
	if err != nil || cut != nil {
		return cut, err
	}
	// They had left before; whatever was given to them since goes too.
	return settleLeft(t, person, org, at, now)
}

// setRoles gives a person these roles at an organisation from a moment on, and a branch
// if one is named. Engagements
// that go on are ended and begun anew, so that the record keeps who had which role
// when; a session lives on while its roles are still held.
func setRoles(t *sql.Tx, person custody.PersonID, org custody.OrganisationID, branch string, roles []string, at time.Time) error {
	list, err := engagementsOf(t, "WHERE e.person = ? AND e.organisation = ? AND (e.end IS NULL OR e.end > ?) AND (e.end IS NULL OR e.end > e.start) ORDER BY e.start", person, org, at.UnixMilli())
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return custody.E(custody.CodeNotFound, "this person has no engagement there", "custody person engage adds one, custody person move moves them")
	}
	if branch == "" {
		branch = list[len(list)-1].Branch
	}
	if len(list) == 1 && list[0].Branch == branch && slices.Equal(slices.Sorted(slices.Values(list[0].Roles)), roles) {
		return nil
	}
	start, end := list[0].Start, list[0].End
	for _, e := range list {
		if e.End.IsZero() || !end.IsZero() && e.End.After(end) {
			end = e.End
		}
		if _, err := t.Exec("UPDATE engagements SET end = max(start, ?1), settled = max(start, ?1) WHERE id = ?2", at.UnixMilli(), e.ID); err != nil {
			return err
		}
	}
	if start.Before(at) {
		start = at
	}
	return addEngagement(t, &identity.Engagement{Person: person, Organisation: org, Branch: branch, Roles: roles, Start: start, End: end, Beside: true})
}

func engagementsOf(t *sql.Tx, where string, args ...any) ([]identity.Engagement, error) {
	rows, err := t.Query(engagementColumns+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []identity.Engagement
	for rows.Next() {
		e, err := scanEngagement(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, rows.Err()
}

// checkEmployer refuses an engagement that runs beside another organisation's.
func checkEmployer(t *sql.Tx, e *identity.Engagement) error {
	if e.Beside {
		return nil
	}
	var n int
	err := t.QueryRow(`SELECT count(*) FROM engagements WHERE person = ?1 AND organisation <> ?2 AND (end IS NULL OR end > ?3) AND (?4 IS NULL OR start < ?4)
		AND (end IS NULL OR end > start)`, e.Person, e.Organisation, e.Start.UnixMilli(), millis(e.End)).Scan(&n)
	if err == nil && n > 0 {
		return custody.E(custody.CodeConflict, "another organisation engages this person at that time",
			"a person works for one at a time: custody person move ends the old engagement and its rights")
	}
	return err
}

func engagementOf(c *identity.Change, org custody.OrganisationID) *identity.Engagement {
	return &identity.Engagement{Person: c.Person, Organisation: org, Branch: c.Branch, Roles: c.Roles, Start: c.At, End: c.End, Beside: c.Beside}
}
