package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"custody"
	"custody/policy"
)

// AddGrant keeps a grant and sets its number. Person and application must exist;
// a role is added if it is new, for a grant may come before the first holder.
func (s *Store) AddGrant(g *policy.Grant) error {
	if err := g.Check(); err != nil {
		return err
	}
	return s.tx(context.Background(), func(t *sql.Tx) error { return addGrant(t, g) })
}

func addGrant(t *sql.Tx, g *policy.Grant) error {
	if err := g.Check(); err != nil {
		return err
	}
	holder, err := grantHolder(t, g)
	if err != nil {
		return err
	}
	var system int64
	if err := t.QueryRow("SELECT id FROM systems WHERE name = ?", g.System).Scan(&system); err != nil {
		return orNamed(err, "no system has this name", "custody.yaml declares the systems; names are case-sensitive")
	}
	return t.QueryRow(`INSERT INTO grants (person, role, organisation, application, system, see, mask, change, export,
		per_hour, per_day, per_export, reason_required, start, end, beyond, once, needs)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		holder[0], holder[1], holder[2], holder[3], system, g.See, g.Mask, g.Change, g.Export,
		g.Limits.PerHour, g.Limits.PerDay, g.Limits.PerExport, g.ReasonRequired, g.Start.UnixMilli(), millis(g.End),
		g.Beyond, g.Once, strings.Join(g.Needs, "\n")).Scan(&g.ID)
}

// grantHolder finds the holder's number, in the column of its kind.
func grantHolder(t *sql.Tx, g *policy.Grant) (ids [4]any, err error) {
	var id int64
	switch {
	case g.Person != "":
		err = orNamed(t.QueryRow("SELECT id FROM people WHERE login = ?", g.Person).Scan(&id),
			"no person has this login", "custody person list shows all; custody person add adds one")
		ids[0] = id
	case g.Role != "":
		id, err = ensureRole(t, g.Role)
		ids[1] = id
	case g.Organisation != "":
		err = orNamed(t.QueryRow("SELECT id FROM organisations WHERE name = ?", g.Organisation).Scan(&id),
			"no organisation has this name", "custody organisation list shows all")
		ids[2] = id
	default:
		err = orNamed(t.QueryRow("SELECT id FROM applications WHERE name = ? AND removed IS NULL", g.Application).Scan(&id),
			"no application has this name", "custody application list shows all")
		ids[3] = id
	}
	return ids, err
}

// orNamed turns "no rows" into an error that says what is missing.
func orNamed(err error, message, hint string) error {
	if err == sql.ErrNoRows {
		return custody.E(custody.CodeNotFound, message, hint)
	}
	return err
}

// EndGrant ends a grant at a time; an end can only be brought forward.
func (s *Store) EndGrant(id custody.GrantID, at time.Time) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		r, err := t.Exec("UPDATE grants SET end = max(start, ?1) WHERE id = ?2 AND (end IS NULL OR end > ?1)", at.UnixMilli(), id)
		return changed(r, err, custody.E(custody.CodeNotFound, "no grant with this number is in force then", "custody grant list shows them"))
	})
}

// Grants lists all grants, ended ones too, by number: what policy.New takes.
func (s *Store) Grants() ([]policy.Grant, error) {
	grants, err := list(s.read, scanGrant, `SELECT g.id, coalesce(p.login, ''), coalesce(r.name, ''), coalesce(o.name, ''), coalesce(a.name, ''),
		s.name, g.see, g.mask, g.change, g.export, g.per_hour, g.per_day, g.per_export, g.reason_required, g.start, g.end, g.beyond, g.once, g.needs,
		CASE WHEN g.beyond > 0 THEN coalesce('request ' || q.id || ': ' || q.reason, 'emergency access ' || b.id || ': ' || b.reason) END
		FROM grants g LEFT JOIN requests q ON q.given = g.id LEFT JOIN break_glass b ON b.given = g.id JOIN systems s ON s.id = g.system
		LEFT JOIN people p ON p.id = g.person LEFT JOIN roles r ON r.id = g.role
		LEFT JOIN organisations o ON o.id = g.organisation LEFT JOIN applications a ON a.id = g.application
		ORDER BY g.id`)
	if err != nil {
		s.missed.Store(true)
	}
	return grants, err
}

func scanGrant(r *sql.Rows) (g policy.Grant, err error) {
	var start, end sql.NullInt64
	var needs, why sql.NullString
	err = r.Scan(&g.ID, &g.Person, &g.Role, &g.Organisation, &g.Application, &g.System, &g.See, &g.Mask, &g.Change, &g.Export,
		&g.Limits.PerHour, &g.Limits.PerDay, &g.Limits.PerExport, &g.ReasonRequired, &start, &end, &g.Beyond, &g.Once, &needs, &why)
	g.Needs, g.Why = words(needs), clip(why.String, maxWhy)
	g.Start, g.End = moment(start), moment(end)
	return g, err
}

// maxWhy is how much of what an approval was asked for is recorded with each look, in
// bytes: a reason holds no more.
const maxWhy = 256

// clip cuts a text to so many bytes, between characters.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "")
}
