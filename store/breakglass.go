package store

import (
	"context"
	"database/sql"
	"time"

	"custody"
	"custody/policy"
)

// The outcomes of a review of emergency access.
const (
	Justified   = "justified"
	Unjustified = "unjustified"
)

// MaxBreakGlass is the longest that emergency access may last.
const MaxBreakGlass = 24 * time.Hour

// BreakGlass is one use of emergency access.
type BreakGlass struct {
	ID            int64
	Person        custody.PersonID
	Login         string
	FullName      string
	Organisation  custody.OrganisationID
	OrgName       string
	Branch        string
	System        custody.SystemID
	SystemName    string
	Categories    custody.CategorySet
	Subjects      uint32
	Reason        string
	Began, Ends   time.Time
	Grant         custody.GrantID
	Reviewed      time.Time // zero while nobody has
	ReviewedBy    custody.PersonID
	ReviewedLogin string
	Outcome       string
	Note          string
}

// UseBreakGlass gives emergency access at once, without anybody's leave, to somebody who
// has one of the roles with the organisation now. The next use waits until somebody else
// has reviewed this one.
func (s *Store) UseBreakGlass(ctx context.Context, b *BreakGlass, roles []string, at time.Time) error {
	var err error
	if b.Reason, err = rightNote(b.Reason, "say what the emergency is"); err != nil {
		return err
	}
	b.Began = at.UTC()
	if b.Subjects == 0 || b.Subjects > MaxAsked || b.Categories == 0 || !b.Ends.After(at) || b.Ends.Sub(at) > MaxBreakGlass {
		return custody.E(custody.CodeInvalid, "emergency access is to some categories of some customers, for a day at most", "break_glass of the system in custody.yaml says how much")
	}
	return s.tx(ctx, func(t *sql.Tx) error {
		if b.Branch, err = workplace(t, b.Person, b.Organisation, at); err != nil {
			return err
		}
		if err := hasRole(t, b.Person, b.Organisation, roles, at); err != nil {
			return err
		}
		if err := t.QueryRow("SELECT p.login, s.name FROM people p, systems s WHERE p.id = ? AND s.id = ?", b.Person, b.System).Scan(&b.Login, &b.SystemName); err != nil {
			return orNamed(err, "no system has this name", "custody.yaml declares the systems")
		}
		g := policy.Grant{Person: b.Login, System: b.SystemName, See: b.Categories, Beyond: b.Subjects, Start: at, End: b.Ends}
		if err := addGrant(t, &g); err != nil {
			return err
		}
		b.Grant = g.ID
		err := t.QueryRow(`INSERT INTO break_glass (person, organisation, branch, system, categories, subjects, reason, began, ends, given)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`, b.Person, b.Organisation, b.Branch, b.System, b.Categories, b.Subjects, b.Reason,
			at.UnixMilli(), b.Ends.UnixMilli(), b.Grant).Scan(&b.ID)
		if taken(err) {
			return custody.E(custody.CodeForbidden, "the last emergency access of this person is not reviewed yet", "a manager who is somebody else reviews it: custody break-glass review")
		}
		if err != nil {
			return err
		}
		return logRight(t, b.entry(ActBreakGlass, Gives, b.Person, at, b.Reason))
	})
}

func (b *BreakGlass) entry(act string, changes int, by custody.PersonID, at time.Time, note string) RightsEntry {
	return RightsEntry{Time: at, Act: act, Changes: changes, Actor: by, Person: b.Person, Organisation: b.Organisation, Branch: b.Branch,
		System: b.System, Grant: b.Grant, Object: b.ID, Note: note}
}

// hasRole demands one of the roles.
func hasRole(t *sql.Tx, person custody.PersonID, org custody.OrganisationID, roles []string, at time.Time) error {
	for _, role := range roles {
		var has bool
		err := t.QueryRow(`SELECT EXISTS (SELECT 1 FROM engagements e JOIN engagement_roles x ON x.engagement = e.id JOIN roles r ON r.id = x.role
			WHERE e.person = ? AND e.organisation = ? AND e.start <= ?3 AND (e.end IS NULL OR e.end > ?3) AND r.name = ?4)`,
			person, org, at.UnixMilli(), role).Scan(&has)
		if err != nil || has {
			return err
		}
	}
	return custody.E(custody.CodeForbidden, "this person has no role that may use emergency access", "break_glass.roles of the system in custody.yaml names them")
}

const breakGlassColumns = `SELECT q.id, q.person, p.login, p.full_name, q.organisation, o.name, q.branch, q.system, s.name, q.categories, q.subjects, q.reason,
	q.began, q.ends, q.given, q.reviewed, coalesce(q.reviewed_by, 0), coalesce(v.login, ''), coalesce(q.outcome, ''), q.note
	FROM break_glass q JOIN people p ON p.id = q.person JOIN organisations o ON o.id = q.organisation JOIN systems s ON s.id = q.system
	LEFT JOIN people v ON v.id = q.reviewed_by `

func scanBreakGlass(r *sql.Rows) (b BreakGlass, err error) {
	var began, ends, reviewed sql.NullInt64
	err = r.Scan(&b.ID, &b.Person, &b.Login, &b.FullName, &b.Organisation, &b.OrgName, &b.Branch, &b.System, &b.SystemName, &b.Categories, &b.Subjects,
		&b.Reason, &began, &ends, &b.Grant, &reviewed, &b.ReviewedBy, &b.ReviewedLogin, &b.Outcome, &b.Note)
	b.Began, b.Ends, b.Reviewed = moment(began), moment(ends), moment(reviewed)
	return b, err
}

// BreakGlassFilter chooses uses of emergency access; zero values choose all.
type BreakGlassFilter struct {
	ID     int64
	Person custody.PersonID
	Open   bool // not reviewed yet
	// ReviewableBy leaves those that this person may review at At.
	ReviewableBy custody.PersonID
	At           time.Time
	Limit        int // 200 if zero
}

// BreakGlassUses lists uses of emergency access, newest first.
func (s *Store) BreakGlassUses(ctx context.Context, f BreakGlassFilter) ([]BreakGlass, error) {
	if f.Limit <= 0 {
		f.Limit = 200
	}
	return listCtx(ctx, s.read, scanBreakGlass, breakGlassColumns+`WHERE (?5 = 0 OR q.id = ?5) AND (?6 = 0 OR q.person = ?6) AND (NOT ?7 OR q.reviewed IS NULL)
		AND (?1 = 0 OR q.person <> ?1 AND q.reviewed IS NULL AND `+managesOf.Replace(manages)+`) ORDER BY q.id DESC LIMIT ?8`,
		f.ReviewableBy, 0, "", f.At.UnixMilli(), f.ID, f.Person, f.Open, f.Limit)
}

// ReviewBreakGlass keeps what somebody else found about a use. One that was not
// justified ends at once.
func (s *Store) ReviewBreakGlass(ctx context.Context, id int64, by custody.PersonID, outcome, note string, at time.Time) error {
	note, err := rightNote(note, "say in a few words what was looked at and what was found")
	if err != nil {
		return err
	}
	if outcome != Justified && outcome != Unjustified {
		return custody.E(custody.CodeInvalid, "there is no such outcome", "it is justified or unjustified")
	}
	return s.tx(ctx, func(t *sql.Tx) error {
		b := BreakGlass{ID: id}
		var reviewed sql.NullInt64
		err := t.QueryRow("SELECT person, organisation, branch, system, given, reviewed FROM break_glass WHERE id = ?", id).
			Scan(&b.Person, &b.Organisation, &b.Branch, &b.System, &b.Grant, &reviewed)
		if err != nil {
			return orNamed(err, "no emergency access has this number", "custody break-glass list shows them")
		}
		if err := mayDecide(t, by, b.Person, b.Organisation, b.Branch, at); err != nil {
			return err
		}
		if reviewed.Valid {
			return custody.E(custody.CodeConflict, "it is reviewed already", "custody break-glass list --all shows by whom")
		}
		if _, err := t.Exec("UPDATE break_glass SET reviewed = ?, reviewed_by = ?, outcome = ?, note = ? WHERE id = ?", at.UnixMilli(), by, outcome, note, id); err != nil {
			return err
		}
		changes := ChangesNothing
		if outcome == Unjustified {
			ended, err := endGrant(t, b.Grant, at)
			if err != nil {
				return err
			}
			if ended {
				changes = Takes
			}
		}
		return logRight(t, b.entry(ActReviewed, changes, by, at, outcome+": "+note))
	})
}

// endGrant ends a grant if it lasts longer than that.
func endGrant(t *sql.Tx, id custody.GrantID, at time.Time) (ended bool, err error) {
	r, err := t.Exec("UPDATE grants SET end = max(start, ?1) WHERE id = ?2 AND (end IS NULL OR end > ?1)", at.UnixMilli(), id)
	if err != nil {
		return false, err
	}
	n, err := r.RowsAffected()
	return n > 0, err
}
