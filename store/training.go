package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"regexp"
	"time"

	"custody"
)

// Course is training that people repeat.
type Course struct {
	ID    int64
	Name  string // as grants name it: training:NAME
	Title string
	Days  int // how long it holds
}

// courseName is what grants can name.
var courseName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

var errName = custody.E(custody.CodeInvalid, "a name is lower-case letters, digits and dashes", "as in data-protection; grants name it so")

// AddCourse adds a course, or changes its title and how long it holds from now on.
func (s *Store) AddCourse(ctx context.Context, c *Course, at time.Time) error {
	if !courseName.MatchString(c.Name) {
		return errName
	}
	if c.Title == "" || len(c.Title) > 200 || c.Days < 1 || c.Days > 3660 {
		return custody.E(custody.CodeInvalid, "a course has a title of at most 200 bytes and holds for 1 to 3,660 days", "give both; a year is usual")
	}
	return s.tx(ctx, func(t *sql.Tx) error {
		return t.QueryRow(`INSERT INTO courses (name, title, days, added) VALUES (?, ?, ?, ?)
			ON CONFLICT (name) DO UPDATE SET title = excluded.title, days = excluded.days RETURNING id`, c.Name, c.Title, c.Days, at.UnixMilli()).Scan(&c.ID)
	})
}

// Courses lists the courses by name.
func (s *Store) Courses(ctx context.Context) ([]Course, error) {
	return listCtx(ctx, s.read, func(r *sql.Rows) (c Course, err error) {
		return c, r.Scan(&c.ID, &c.Name, &c.Title, &c.Days)
	}, "SELECT id, name, title, days FROM courses ORDER BY name")
}

// TrainingRecord is that somebody took a course.
type TrainingRecord struct {
	ID       int64
	Person   custody.PersonID
	Login    string
	FullName string
	Course   string
	Taken    time.Time
	Until    time.Time
	Evidence string
	KeptBy   custody.PersonID
	Revoked  time.Time
}

// RecordTraining keeps that somebody took a course; nobody keeps it for themselves.
func (s *Store) RecordTraining(ctx context.Context, r *TrainingRecord, at time.Time) error {
	var err error
	if r.Evidence, err = rightNote(r.Evidence, "say where the evidence is kept, such as the number of a certificate"); err != nil {
		return err
	}
	if r.KeptBy == r.Person {
		return errOwn
	}
	if r.Taken.After(at) {
		return custody.E(custody.CodeInvalid, "training is kept once it was taken", "give the day on which it was taken")
	}
	return s.tx(ctx, func(t *sql.Tx) error {
		var days int
		var course int64
		if err := t.QueryRow("SELECT id, days FROM courses WHERE name = ?", r.Course).Scan(&course, &days); err != nil {
			return orNamed(err, "no course has this name", "custody training list shows the courses")
		}
		r.Until = r.Taken.AddDate(0, 0, days)
		err := t.QueryRow("INSERT INTO training (person, course, taken, until, evidence, kept, kept_by) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
			r.Person, course, r.Taken.UnixMilli(), r.Until.UnixMilli(), r.Evidence, at.UnixMilli(), r.KeptBy).Scan(&r.ID)
		if err != nil {
			return err
		}
		return logRight(t, RightsEntry{Time: at, Act: ActTraining, Changes: Gives, Actor: r.KeptBy, Person: r.Person, Object: r.ID, Note: r.Course})
	})
}

// RevokeTraining takes a record back.
func (s *Store) RevokeTraining(ctx context.Context, id int64, by custody.PersonID, at time.Time) error {
	return s.tx(ctx, func(t *sql.Tx) error {
		e := RightsEntry{Time: at, Act: ActRevoked, Changes: Takes, Actor: by, Object: id}
		if err := t.QueryRow("UPDATE training SET revoked = ? WHERE id = ? AND revoked IS NULL RETURNING person", at.UnixMilli(), id).Scan(&e.Person); err != nil {
			return orNamed(err, "no training record in force has this number", "custody training list shows them")
		}
		return logRight(t, e)
	})
}

// TrainingOf lists training records by person and course, newest first; of everybody
// with zero.
func (s *Store) TrainingOf(ctx context.Context, person custody.PersonID) ([]TrainingRecord, error) {
	return listCtx(ctx, s.read, func(r *sql.Rows) (x TrainingRecord, err error) {
		var taken, until, revoked sql.NullInt64
		err = r.Scan(&x.ID, &x.Person, &x.Login, &x.FullName, &x.Course, &taken, &until, &x.Evidence, &x.KeptBy, &revoked)
		x.Taken, x.Until, x.Revoked = moment(taken), moment(until), moment(revoked)
		return x, err
	}, `SELECT t.id, t.person, p.login, p.full_name, c.name, t.taken, t.until, t.evidence, t.kept_by, t.revoked FROM training t
		JOIN people p ON p.id = t.person JOIN courses c ON c.id = t.course WHERE ?1 = 0 OR t.person = ?1 ORDER BY p.login, c.name, t.until DESC`, person)
}

// remindTraining notes once what training of people who work here runs out within a
// month and was not taken again.
func (s *Store) remindTraining(ctx context.Context, at time.Time) error {
	return s.tx(ctx, func(t *sql.Tx) error {
		return remind(t, `UPDATE training SET reminded = ?1 WHERE reminded IS NULL AND revoked IS NULL AND until <= ?2 AND until > ?1
			AND NOT EXISTS (SELECT 1 FROM training n WHERE n.person = training.person AND n.course = training.course AND n.until > training.until AND n.revoked IS NULL)
			AND EXISTS (SELECT 1 FROM engagements e WHERE e.person = training.person AND e.start <= ?1 AND (e.end IS NULL OR e.end > ?1))
			RETURNING person, (SELECT title FROM courses WHERE id = course) || `+lastDay("until"), at, at.Add(dueSoon).UnixMilli(), func(p custody.PersonID, note string) RightsEntry {
			return RightsEntry{Time: at, Act: ActTrainingDue, Person: p, Note: note}
		})
	})
}

// rulesAtOnce bounds one look at who has not accepted a rule: mail servers and gates
// bear a few hundred notices a minute.
const rulesAtOnce = 500

// remindRules notes for people who work here that a rule in force waits for their
// acceptance: as soon as it does, and once more a week later.
func (s *Store) remindRules(ctx context.Context, at time.Time) error {
	return s.tx(ctx, func(t *sql.Tx) error {
		due, err := list(t, func(r *sql.Rows) (e RightsEntry, err error) {
			e.Time, e.Act = at, ActRuleDue
			return e, r.Scan(&e.Person, &e.Object, &e.Note)
		}, `SELECT e.person, r.id, r.title FROM rules r JOIN (SELECT DISTINCT person FROM engagements WHERE start <= ?1 AND (end IS NULL OR end > ?1)) e
			WHERE r.begins <= ?1 AND NOT EXISTS (SELECT 1 FROM rules n WHERE n.name = r.name AND n.begins <= ?1 AND (n.begins > r.begins OR n.begins = r.begins AND n.id > r.id))
			AND NOT EXISTS (SELECT 1 FROM acceptances a WHERE a.person = e.person AND a.rule = r.id)
			AND (SELECT count(*) < 2 AND coalesce(max(l.at), 0) <= ?2 FROM rights_log l WHERE l.person = e.person AND l.act = ?3 AND l.object = r.id)
			LIMIT ?4`, at.UnixMilli(), at.AddDate(0, 0, -7).UnixMilli(), ActRuleDue, rulesAtOnce)
		for i := 0; i < len(due) && err == nil; i++ {
			err = logRight(t, due[i])
		}
		return err
	})
}

// Rule is one version of a text that people accept.
type Rule struct {
	ID      int64
	Name    string // as grants name it: rule:NAME
	Version string
	Title   string
	Text    string
	Begins  time.Time
	InForce bool // the newest version that has begun
}

// MaxRule is the longest text of a rule, in bytes.
const MaxRule = 64 << 10

// AddRule adds a version of a rule. From its beginning on older acceptances count no
// more.
func (s *Store) AddRule(ctx context.Context, by custody.PersonID, r *Rule, at time.Time) error {
	switch {
	case !courseName.MatchString(r.Name) || r.Name == "notice":
		return errName
	case r.Version == "" || len(r.Version) > 40 || r.Title == "" || len(r.Title) > 200 || r.Text == "" || len(r.Text) > MaxRule:
		return custody.E(custody.CodeInvalid, "a rule has a version, a title of at most 200 bytes and a text of at most 64 KiB", "give all three")
	}
	if r.Begins.IsZero() {
		r.Begins = at
	}
	digest := sha256.Sum256([]byte(r.Text))
	return s.tx(ctx, func(t *sql.Tx) error {
		err := t.QueryRow("INSERT INTO rules (name, version, title, text, digest, begins, added) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
			r.Name, r.Version, r.Title, r.Text, digest[:], r.Begins.UnixMilli(), at.UnixMilli()).Scan(&r.ID)
		if taken(err) {
			return custody.E(custody.CodeConflict, "this version of the rule is there already, and stays as it is", "give the changed text a new version")
		}
		if err != nil {
			return err
		}
		return logRight(t, RightsEntry{Time: at, Act: ActRule, Actor: by, Object: r.ID, Note: r.Name + " " + r.Version})
	})
}

// Rules lists all versions of all rules, the newest of each first.
func (s *Store) Rules(ctx context.Context, at time.Time) ([]Rule, error) {
	return listCtx(ctx, s.read, func(r *sql.Rows) (x Rule, err error) {
		var begins sql.NullInt64
		err = r.Scan(&x.ID, &x.Name, &x.Version, &x.Title, &x.Text, &begins, &x.InForce)
		x.Begins = moment(begins)
		return x, err
	}, `SELECT r.id, r.name, r.version, r.title, r.text, r.begins, r.begins <= ?1 AND NOT EXISTS (SELECT 1 FROM rules n WHERE n.name = r.name AND n.begins <= ?1
		AND (n.begins > r.begins OR n.begins = r.begins AND n.id > r.id)) FROM rules r ORDER BY r.name, r.begins DESC, r.id DESC`, at.UnixMilli())
}

// RuleAcceptance is that somebody accepted a version of a rule.
type RuleAcceptance struct {
	Person   custody.PersonID
	Login    string
	Rule     string
	Version  string
	Accepted time.Time
	Session  custody.SessionID // in which it was accepted; zero on paper
	Evidence string
}

// AcceptedInBrowser is the evidence of an acceptance that the session itself is.
const AcceptedInBrowser = "in the browser"

// AcceptRule keeps that a person accepted a version of a rule: in a session of their
// own, or on paper, whose evidence says where it is.
func (s *Store) AcceptRule(ctx context.Context, rule int64, person custody.PersonID, session custody.SessionID, evidence string, at time.Time) error {
	if session == 0 {
		var err error
		if evidence, err = rightNote(evidence, "say where the signed paper is kept"); err != nil {
			return err
		}
	}
	return s.tx(ctx, func(t *sql.Tx) error {
		var name string
		if err := t.QueryRow("SELECT name || ' ' || version FROM rules WHERE id = ?", rule).Scan(&name); err != nil {
			return orNamed(err, "no rule has this number", "custody rule list shows them")
		}
		_, err := t.Exec("INSERT INTO acceptances (person, rule, accepted, session, evidence) VALUES (?, ?, ?, ?, ?)", person, rule, at.UnixMilli(), some(session), evidence)
		if taken(err) {
			return custody.E(custody.CodeConflict, "this version is accepted already", "nothing needs to be done")
		}
		if err != nil {
			return err
		}
		return logRight(t, RightsEntry{Time: at, Act: ActAccepted, Changes: Gives, Actor: person, Person: person, Object: rule, Note: name})
	})
}

// RuleAcceptances lists who accepted what, newest first; of everybody with zero.
func (s *Store) RuleAcceptances(ctx context.Context, person custody.PersonID) ([]RuleAcceptance, error) {
	return listCtx(ctx, s.read, func(r *sql.Rows) (x RuleAcceptance, err error) {
		var at sql.NullInt64
		err = r.Scan(&x.Person, &x.Login, &x.Rule, &x.Version, &at, &x.Session, &x.Evidence)
		x.Accepted = moment(at)
		return x, err
	}, `SELECT a.person, p.login, r.name, r.version, a.accepted, coalesce(a.session, 0), a.evidence FROM acceptances a
		JOIN people p ON p.id = a.person JOIN rules r ON r.id = a.rule WHERE ?1 = 0 OR a.person = ?1 ORDER BY a.id DESC`, person)
}

// Clause is that a contract of employment has the confidentiality clause.
type Clause struct {
	Person       custody.PersonID
	Login        string
	FullName     string
	Organisation custody.OrganisationID
	OrgName      string
	Signed       time.Time // zero: nothing is on record
	Document     string
}

// RecordClause keeps it; nobody keeps it for themselves.
func (s *Store) RecordClause(ctx context.Context, by custody.PersonID, c *Clause, at time.Time) error {
	var err error
	if c.Document, err = rightNote(c.Document, "say where the signed contract is kept"); err != nil {
		return err
	}
	if by == c.Person {
		return errOwn
	}
	if c.Signed.After(at) {
		return custody.E(custody.CodeInvalid, "the clause is not signed yet", "keep it once it is, with the day of the signature")
	}
	return s.tx(ctx, func(t *sql.Tx) error {
		if _, err := workplace(t, c.Person, c.Organisation, at); err != nil {
			return err
		}
		_, err := t.Exec("INSERT INTO clauses (person, organisation, signed, document, kept, kept_by) VALUES (?, ?, ?, ?, ?, ?)",
			c.Person, c.Organisation, c.Signed.UnixMilli(), c.Document, at.UnixMilli(), by)
		if taken(err) {
			return custody.E(custody.CodeConflict, "this is on record already", "custody clause list shows it")
		}
		if err != nil {
			return err
		}
		return logRight(t, RightsEntry{Time: at, Act: ActClause, Changes: Gives, Actor: by, Person: c.Person, Organisation: c.Organisation, Note: c.Document})
	})
}

// Clauses lists everybody who works here now with the clause that is on record, or
// without: the register.
func (s *Store) Clauses(ctx context.Context, at time.Time) ([]Clause, error) {
	return listCtx(ctx, s.read, func(r *sql.Rows) (c Clause, err error) {
		var signed sql.NullInt64
		err = r.Scan(&c.Person, &c.Login, &c.FullName, &c.Organisation, &c.OrgName, &signed, &c.Document)
		c.Signed = moment(signed)
		return c, err
	}, `SELECT p.id, p.login, p.full_name, o.id, o.name, c.signed, coalesce(c.document, '') FROM
		(SELECT DISTINCT person, organisation FROM engagements WHERE start <= ?1 AND (end IS NULL OR end > ?1)) e
		JOIN people p ON p.id = e.person JOIN organisations o ON o.id = e.organisation
		LEFT JOIN clauses c ON c.person = e.person AND c.organisation = e.organisation ORDER BY o.name, p.login, c.signed`, at.UnixMilli())
}
