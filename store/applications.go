package store

import (
	"context"
	"database/sql"
	"time"

	"custody"
	"custody/identity"
)

// AddApplication declares an application and sets its number.
func (s *Store) AddApplication(a *identity.Application) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		err := t.QueryRow("INSERT INTO applications (name, organisation, added) VALUES (?, ?, ?) RETURNING id",
			a.Name, a.Organisation, a.Added.UnixMilli()).Scan(&a.ID)
		if taken(err) {
			return custody.E(custody.CodeConflict, "an application has or had this name", "choose another; names are not given twice")
		}
		return err
	})
}

// RemoveApplication ends an application and revokes its secrets.
func (s *Store) RemoveApplication(id custody.ApplicationID, at time.Time) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		r, err := t.Exec("UPDATE applications SET removed = ? WHERE id = ? AND removed IS NULL", at.UnixMilli(), id)
		err = changed(r, err, custody.E(custody.CodeNotFound, "no application has this number", "custody application list shows them"))
		if err != nil {
			return err
		}
		_, err = t.Exec("UPDATE credentials SET revoked = ? WHERE application = ? AND revoked IS NULL", at.UnixMilli(), id)
		return err
	})
}

const applicationColumns = `SELECT a.id, a.name, a.organisation, o.name, a.added, a.removed
	FROM applications a JOIN organisations o ON o.id = a.organisation `

func scanApplication(r *sql.Rows) (a identity.Application, err error) {
	var added, removed sql.NullInt64
	err = r.Scan(&a.ID, &a.Name, &a.Organisation, &a.OrgName, &added, &removed)
	a.Added, a.Removed = moment(added), moment(removed)
	return a, err
}

// ListApplications lists all that were ever declared, by number.
func (s *Store) ListApplications() ([]identity.Application, error) {
	return list(s.read, scanApplication, applicationColumns+"ORDER BY a.id")
}
