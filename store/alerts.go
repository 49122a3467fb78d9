package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"
	"time"

	"custody"
)

// Alert is an alert as it is kept. What it says names nobody; Person is for those who
// may know.
type Alert struct {
	ID         int64
	Key        string
	Person     custody.PersonID // zero for one about nobody, such as complaints, and where there are Logins
	Login      string
	Logins     []AlertLogin // whose looks it is about, of a device on which several logins looked
	Session    custody.SessionID
	Grant      custody.GrantID
	System     custody.SystemID
	SystemName string
	Device     string // its address
	Rules      []string
	Says       string
	Strength   float64
	Held       bool // over the day's budget
	Raised     time.Time
	Made       time.Time
	Revision   int
	State      string
	Body       []byte // JSON: see detect.Alert
	Unsealed   int    // how many asked to see the name
}

// The states of an alert. The last three end its review: the look was explained, the
// alert was mistaken, or misuse is confirmed.
const (
	AlertOpen      = "open"
	AlertLooking   = "looking"
	AlertExplained = "explained"
	AlertMistaken  = "mistaken"
	AlertConfirmed = "confirmed"
)

// AlertStates lists the states that a review may give.
var AlertStates = []string{AlertLooking, AlertExplained, AlertMistaken, AlertConfirmed}

// AlertLogin is one of several logins whose looks an alert is about.
type AlertLogin struct {
	Person custody.PersonID `json:"person"`
	Login  string           `json:"login"`
	Looks  int              `json:"looks"` // of those that the alert lists
}

// Sealed says whether names are still hidden: two people must ask to see them.
func (a *Alert) Sealed() bool { return len(a.About()) > 0 && a.Unsealed < 2 }

// About gives whose looks the alert is about.
func (a *Alert) About() (people []custody.PersonID) {
	if a.Person != 0 {
		return []custody.PersonID{a.Person}
	}
	for _, l := range a.Logins {
		people = append(people, l.Person)
	}
	return people
}

// Seal takes away what leads to a person whose name is sealed, all but the numbers in
// Person and Logins, which only whoever decides who may see what is to read.
func (a *Alert) Seal() {
	if !a.Sealed() {
		return
	}
	a.Key, a.Login, a.Device, a.Session, a.Grant = "", "", "", 0, 0
	for i := range a.Logins {
		a.Logins[i].Login = ""
	}
}

// PutAlert keeps an alert, or what it has grown to, and sets its number. fresh is
// false if it was there before.
func (s *Store) PutAlert(a *Alert) (fresh bool, err error) {
	err = s.tx(context.Background(), func(t *sql.Tx) error {
		err := t.QueryRow("SELECT id, state FROM alerts WHERE key = ?", a.Key).Scan(&a.ID, &a.State)
		if err == nil {
			if _, err = t.Exec("UPDATE alerts SET rules = ?, says = ?, strength = ?, revision = ?, body = ? WHERE id = ? AND revision < ?4",
				strings.Join(a.Rules, "\n"), a.Says, a.Strength, a.Revision, string(a.Body), a.ID); err != nil {
				return err
			}
			return putLogins(t, a)
		}
		if err != sql.ErrNoRows {
			return err
		}
		fresh, a.State = true, AlertOpen
		if err := t.QueryRow(`INSERT INTO alerts (key, person, session, given, system, device, rules, says, strength, held, raised, made, revision, body)
			VALUES (?, ?, (SELECT id FROM sessions WHERE id = ?), (SELECT id FROM grants WHERE id = ?), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
			a.Key, some(a.Person), int64(a.Session), a.Grant, some(a.System), a.Device, strings.Join(a.Rules, "\n"), a.Says, a.Strength, a.Held,
			a.Raised.UnixMilli(), a.Made.UnixMilli(), a.Revision, string(a.Body)).Scan(&a.ID); err != nil {
			return err
		}
		return putLogins(t, a)
	})
	return fresh, err
}

// putLogins keeps whose looks an alert is about. Nobody is taken out again.
func putLogins(t *sql.Tx, a *Alert) error {
	for _, l := range a.Logins {
		if _, err := t.Exec("INSERT INTO alert_logins (alert, person, looks) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET looks = excluded.looks", a.ID, l.Person, l.Looks); err != nil {
			return err
		}
	}
	return nil
}

const alertColumns = `SELECT a.id, a.key, coalesce(a.person, 0), coalesce(p.login, ''), coalesce(a.session, 0), coalesce(a.given, 0), coalesce(a.system, 0),
	coalesce(y.name, ''), a.device, a.rules, a.says, a.strength, a.held, a.raised, a.made, a.revision, a.state, a.body,
	(SELECT count(*) FROM alert_unseals u WHERE u.alert = a.id),
	(SELECT json_group_array(json_object('person', l.person, 'login', q.login, 'looks', l.looks) ORDER BY l.looks DESC, l.person)
		FROM alert_logins l JOIN people q ON q.id = l.person WHERE l.alert = a.id)
	FROM alerts a LEFT JOIN people p ON p.id = a.person LEFT JOIN systems y ON y.id = a.system `

func scanAlert(r *sql.Rows) (a Alert, err error) {
	var rules, body, logins string
	var raised, made sql.NullInt64
	err = r.Scan(&a.ID, &a.Key, &a.Person, &a.Login, &a.Session, &a.Grant, &a.System, &a.SystemName, &a.Device, &rules, &a.Says, &a.Strength,
		&a.Held, &raised, &made, &a.Revision, &a.State, &body, &a.Unsealed, &logins)
	if err == nil {
		err = json.Unmarshal([]byte(logins), &a.Logins)
	}
	a.Rules, a.Raised, a.Made, a.Body = strings.Split(rules, "\n"), moment(raised), moment(made), []byte(body)
	return a, err
}

// Alerts lists alerts by evidence, those within the budget first: only those that wait
// for review, or all.
func (s *Store) Alerts(all bool) ([]Alert, error) {
	where := "WHERE a.state IN ('open', 'looking') "
	if all {
		where = ""
	}
	return list(s.read, scanAlert, alertColumns+where+"ORDER BY a.held, a.strength DESC, a.id")
}

// OpenAlerts gives whom the alerts are about that nobody has looked into, alert by alert;
// none for one about nobody.
func (s *Store) OpenAlerts() ([][]custody.PersonID, error) {
	return list(s.read, func(r *sql.Rows) (people []custody.PersonID, err error) {
		var text string
		if err := r.Scan(&text); err != nil {
			return nil, err
		}
		err = json.Unmarshal([]byte(text), &people)
		return people, err
	}, `SELECT CASE WHEN a.person IS NULL THEN (SELECT json_group_array(l.person) FROM alert_logins l WHERE l.alert = a.id) ELSE json_array(a.person) END
		FROM alerts a WHERE a.state = 'open'`)
}

// Alert finds one alert by its number; CodeNotFound if there is none.
func (s *Store) Alert(id int64) (*Alert, error) {
	found, err := list(s.read, scanAlert, alertColumns+"WHERE a.id = ?", id)
	if err != nil || len(found) == 0 {
		return nil, orMissing(err, "no alert has this number", "custody alert list --all shows them")
	}
	return &found[0], nil
}

// AlertReview is one decision about an alert.
type AlertReview struct {
	Time   time.Time
	By     custody.PersonID
	Login  string
	State  string
	Reason string
}

// AlertReviews lists what was decided about an alert, in order.
func (s *Store) AlertReviews(id int64) ([]AlertReview, error) {
	return list(s.read, func(r *sql.Rows) (v AlertReview, err error) {
		var at sql.NullInt64
		err = r.Scan(&at, &v.By, &v.Login, &v.State, &v.Reason)
		v.Time = moment(at)
		return v, err
	}, "SELECT v.at, v.by, p.login, v.state, v.reason FROM alert_reviews v JOIN people p ON p.id = v.by WHERE v.alert = ? ORDER BY v.id", id)
}

// errNotYours is what whoever is under review is told. It names no reason: that the alert
// is about them stays sealed.
var errNotYours = custody.E(custody.CodeForbidden, "this alert is not yours to decide", "somebody else who reviews alerts does it")

// notOwn refuses whom the alert is about.
func notOwn(t *sql.Tx, id int64, by custody.PersonID) error {
	var own bool
	if err := t.QueryRow("SELECT coalesce(person = ?1, 0) OR EXISTS (SELECT 1 FROM alert_logins WHERE alert = id AND person = ?1) FROM alerts WHERE id = ?2", by, id).Scan(&own); err != nil {
		return orNamed(err, "no alert has this number", "custody alert list --all shows them")
	}
	if own {
		return errNotYours
	}
	return nil
}

// ReviewAlert decides about an alert, with a reason, and moves the shares of the budget
// by what reviews have said of each rule. A decision that it was nothing lifts the
// alert's restraints.
func (s *Store) ReviewAlert(id int64, by custody.PersonID, state, reason string, at time.Time) error {
	if err := checkReason(reason); err != nil {
		return err
	}
	return s.tx(context.Background(), func(t *sql.Tx) error {
		if err := notOwn(t, id, by); err != nil {
			return err
		}
		if _, err := t.Exec("INSERT INTO alert_reviews (alert, at, by, state, reason) VALUES (?, ?, ?, ?, ?)", id, at.UnixMilli(), by, state, reason); err != nil {
			return err
		}
		if _, err := t.Exec("UPDATE alerts SET state = ? WHERE id = ?", state, id); err != nil {
			return err
		}
		if state == AlertExplained || state == AlertMistaken {
			if _, err := t.Exec("UPDATE restraints SET end = max(start, ?1) WHERE alert = ?2 AND end > ?1", at.UnixMilli(), id); err != nil {
				return err
			}
		}
		return moveBudgets(t, at)
	})
}

// maxReviewReason bounds what is written beside a decision, in bytes.
const maxReviewReason = 1000

func checkReason(reason string) error {
	if strings.TrimSpace(reason) == "" || len(reason) > maxReviewReason {
		return custody.E(custody.CodeInvalid, "a reason of 1 to 1000 bytes is needed", "say in a sentence what was found out; leave out customers' names")
	}
	return nil
}

// UnsealAlert asks to see the name behind an alert. It is shown to all once two
// different people have asked.
func (s *Store) UnsealAlert(id int64, by custody.PersonID, reason string, at time.Time) (unsealed bool, err error) {
	if err := checkReason(reason); err != nil {
		return false, err
	}
	err = s.tx(context.Background(), func(t *sql.Tx) error {
		if err := notOwn(t, id, by); err != nil {
			return err
		}
		if _, err := t.Exec("INSERT INTO alert_unseals (alert, by, at, reason) VALUES (?, ?, ?, ?)", id, by, at.UnixMilli(), reason); err != nil {
			if taken(err) {
				return custody.E(custody.CodeConflict, "you have asked for this name already", "a second person has to ask as well")
			}
			return err
		}
		var n int
		err := t.QueryRow("SELECT count(*) FROM alert_unseals WHERE alert = ?", id).Scan(&n)
		unsealed = n >= 2
		return err
	})
	return unsealed, err
}

// AlertActed notes what was done because of an alert; false if it was done before.
func (s *Store) AlertActed(id int64, action string, at time.Time) (fresh bool, err error) {
	err = s.tx(context.Background(), func(t *sql.Tx) error {
		r, err := t.Exec("INSERT INTO alert_actions (alert, action, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", id, action, at.UnixMilli())
		if err != nil {
			return err
		}
		n, err := r.RowsAffected()
		fresh = n > 0
		return err
	})
	return fresh, err
}

// AlertActions lists what was done because of an alert, and what its person said of it.
func (s *Store) AlertActions(id int64) ([]string, error) {
	return list(s.read, func(r *sql.Rows) (a string, err error) { return a, r.Scan(&a) },
		`SELECT action FROM (SELECT at, action FROM alert_actions WHERE alert = ?1
		UNION ALL SELECT confirmed, 'the person said: it was me' FROM restraints WHERE alert = ?1 AND confirmed IS NOT NULL
		UNION ALL SELECT denied, 'the person said: it was not me' FROM restraints WHERE alert = ?1 AND denied IS NOT NULL) ORDER BY at, action`, id)
}
