package store

import (
	"context"
	"database/sql"
	"time"

	"custody"
	"custody/identity"
)

// EnsureOrganisation gives the number of an organisation and adds it if needed.
// Names differ by more than case.
func (s *Store) EnsureOrganisation(name string, at time.Time) (id custody.OrganisationID, err error) {
	err = s.tx(context.Background(), func(t *sql.Tx) error {
		if _, err := t.Exec("INSERT INTO organisations (name, added) VALUES (?, ?) ON CONFLICT DO NOTHING", name, at.UnixMilli()); err != nil {
			return err
		}
		return t.QueryRow("SELECT id FROM organisations WHERE name = ?", name).Scan(&id)
	})
	return id, err
}

// EnsureSystem gives the number of a system and adds it if needed. Call it at
// start for every system in custody.yaml.
func (s *Store) EnsureSystem(name string) (id custody.SystemID, err error) {
	err = s.tx(context.Background(), func(t *sql.Tx) error {
		if _, err := t.Exec("INSERT INTO systems (name) VALUES (?) ON CONFLICT DO NOTHING", name); err != nil {
			return err
		}
		return t.QueryRow("SELECT id FROM systems WHERE name = ?", name).Scan(&id)
	})
	return id, err
}

// AddPerson adds a person with their first engagement, all or nothing, and sets
// the numbers in both.
func (s *Store) AddPerson(p *identity.Person, e *identity.Engagement) error {
	return s.tx(context.Background(), func(t *sql.Tx) error { return addPerson(t, p, e) })
}

func addPerson(t *sql.Tx, p *identity.Person, e *identity.Engagement) error {
	err := t.QueryRow("INSERT INTO people (login, full_name, added) VALUES (?, ?, ?) RETURNING id",
		p.Login, p.FullName, p.Added.UnixMilli()).Scan(&p.ID)
	if taken(err) {
		return custody.E(custody.CodeConflict, "this login belongs to a person already, and for ever",
			"if they come back, add an engagement with custody person engage; somebody else needs a login of their own")
	}
	if err != nil {
		return err
	}
	e.Person = p.ID
	return addEngagement(t, e)
}

// AddEngagement adds an engagement with its roles and sets its number. While another
// organisation engages the person the error has CodeConflict, unless it may run beside.
func (s *Store) AddEngagement(e *identity.Engagement) error {
	return s.tx(context.Background(), func(t *sql.Tx) error { return addEngagement(t, e) })
}

func addEngagement(t *sql.Tx, e *identity.Engagement) error {
	if err := checkEmployer(t, e); err != nil {
		return err
	}
	err := t.QueryRow("INSERT INTO engagements (person, organisation, branch, start, end) VALUES (?, ?, ?, ?, ?) RETURNING id",
		e.Person, e.Organisation, e.Branch, e.Start.UnixMilli(), millis(e.End)).Scan(&e.ID)
	if err != nil {
		return err
	}
	for _, name := range e.Roles {
		role, err := ensureRole(t, name)
		if err != nil {
			return err
		}
		if _, err := t.Exec("INSERT INTO engagement_roles (engagement, role) VALUES (?, ?) ON CONFLICT DO NOTHING", e.ID, role); err != nil {
			return err
		}
	}
	return t.QueryRow("SELECT name FROM organisations WHERE id = ?", e.Organisation).Scan(&e.OrgName)
}

func ensureRole(t *sql.Tx, name string) (id int64, err error) {
	if _, err := t.Exec("INSERT INTO roles (name) VALUES (?) ON CONFLICT DO NOTHING", name); err != nil {
		return 0, err
	}
	err = t.QueryRow("SELECT id FROM roles WHERE name = ?", name).Scan(&id)
	return id, err
}

// EndEngagement ends one engagement at a time. An end can only be brought forward:
// whoever is to stay longer gets a new engagement, so that the record shows it.
func (s *Store) EndEngagement(id int64, at time.Time) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		r, err := t.Exec("UPDATE engagements SET end = max(start, ?1) WHERE id = ?2 AND (end IS NULL OR end > ?1)", at.UnixMilli(), id)
		return changed(r, err, custody.E(custody.CodeNotFound, "no engagement with this number lasts until then", "custody person list shows them"))
	})
}

// Leave ends all engagements of a person and takes away all that hung on them: who
// comes back starts anew.
func (s *Store) Leave(person custody.PersonID, at time.Time) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		_, err := leave(t, person, 0, at, at)
		return err
	})
}

// ListPeople lists everybody who was ever added, by number.
func (s *Store) ListPeople() ([]identity.Person, error) {
	return list(s.read, scanPerson, personColumns+"ORDER BY id")
}

const personColumns = "SELECT id, login, full_name, added FROM people "

func scanPerson(r *sql.Rows) (p identity.Person, err error) {
	var added sql.NullInt64
	err = r.Scan(&p.ID, &p.Login, &p.FullName, &added)
	p.Added = moment(added)
	return p, err
}

// ListOrganisations lists the employers by number.
func (s *Store) ListOrganisations() ([]identity.Organisation, error) {
	return list(s.read, func(r *sql.Rows) (o identity.Organisation, err error) {
		return o, r.Scan(&o.ID, &o.Name)
	}, "SELECT id, name FROM organisations ORDER BY id")
}

const engagementColumns = `SELECT e.id, e.person, e.organisation, o.name, e.branch, e.start, e.end,
	(SELECT group_concat(r.name, char(10)) FROM engagement_roles er JOIN roles r ON r.id = er.role WHERE er.engagement = e.id)
	FROM engagements e JOIN organisations o ON o.id = e.organisation `

func scanEngagement(r *sql.Rows) (e identity.Engagement, err error) {
	var start, end sql.NullInt64
	var roles sql.NullString
	err = r.Scan(&e.ID, &e.Person, &e.Organisation, &e.OrgName, &e.Branch, &start, &end, &roles)
	e.Start, e.End, e.Roles = moment(start), moment(end), words(roles)
	return e, err
}

// ListEngagements lists all engagements, ended ones too, by number.
func (s *Store) ListEngagements() ([]identity.Engagement, error) {
	return list(s.read, scanEngagement, engagementColumns+"ORDER BY e.id")
}
