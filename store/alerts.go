package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"custody"
)

// Alert is an alert as it is kept. What it says names nobody; Person is for those who
// may know.
type Alert struct {
	ID         int64
	Key        string
	Person     custody.PersonID // zero for an alert about nobody, such as complaints
	Login      string
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

// Sealed says whether the name is still hidden: two people must ask to see it.
func (a *Alert) Sealed() bool { return a.Person != 0 && a.Unsealed < 2 }

// PutAlert keeps an alert, or what it has grown to, and sets its number. fresh is
// false if it was there before.
func (s *Store) PutAlert(a *Alert) (fresh bool, err error) {
	err = s.tx(context.Background(), func(t *sql.Tx) error {
		err := t.QueryRow("SELECT id, state FROM alerts WHERE key = ?", a.Key).Scan(&a.ID, &a.State)
		if err == nil {
			_, err = t.Exec("UPDATE alerts SET rules = ?, says = ?, strength = ?, revision = ?, body = ? WHERE id = ? AND revision < ?4",
				strings.Join(a.Rules, "\n"), a.Says, a.Strength, a.Revision, string(a.Body), a.ID)
			return err
		}
		if err != sql.ErrNoRows {
			return err
		}
		fresh, a.State = true, AlertOpen
		return t.QueryRow(`INSERT INTO alerts (key, person, session, given, system, device, rules, says, strength, held, raised, made, revision, body)
			VALUES (?, ?, (SELECT id FROM sessions WHERE id = ?), (SELECT id FROM grants WHERE id = ?), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
			a.Key, some(a.Person), int64(a.Session), a.Grant, some(a.System), a.Device, strings.Join(a.Rules, "\n"), a.Says, a.Strength, a.Held,
			a.Raised.UnixMilli(), a.Made.UnixMilli(), a.Revision, string(a.Body)).Scan(&a.ID)
	})
	return fresh, err
}

const alertColumns = `SELECT a.id, a.key, coalesce(a.person, 0), coalesce(p.login, ''), coalesce(a.session, 0), coalesce(a.given, 0), coalesce(a.system, 0),
	coalesce(y.name, ''), a.device, a.rules, a.says, a.strength, a.held, a.raised, a.made, a.revision, a.state, a.body,
	(SELECT count(*) FROM alert_unseals u WHERE u.alert = a.id)
	FROM alerts a LEFT JOIN people p ON p.id = a.person LEFT JOIN systems y ON y.id = a.system `

func scanAlert(r *sql.Rows) (a Alert, err error) {
	var rules, body string
	var raised, made sql.NullInt64
	err = r.Scan(&a.ID, &a.Key, &a.Person, &a.Login, &a.Session, &a.Grant, &a.System, &a.SystemName, &a.Device, &rules, &a.Says, &a.Strength,
		&a.Held, &raised, &made, &a.Revision, &a.State, &body, &a.Unsealed)
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

// OpenAlerts gives whom the alerts are about that nobody has looked into; zero for nobody.
func (s *Store) OpenAlerts() ([]custody.PersonID, error) {
	return list(s.read, func(r *sql.Rows) (p custody.PersonID, err error) { return p, r.Scan(&p) },
		"SELECT coalesce(person, 0) FROM alerts WHERE state = 'open'")
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

var errOwnAlert = custody.E(custody.CodeForbidden, "nobody reviews or unseals an alert about themselves", "ask somebody else")

// notOwn refuses whom the alert is about.
func notOwn(t *sql.Tx, id int64, by custody.PersonID) error {
	var person sql.NullInt64
	if err := t.QueryRow("SELECT person FROM alerts WHERE id = ?", id).Scan(&person); err != nil {
		return orNamed(err, "no alert has this number", "custody alert list --all shows them")
	}
	if person.Valid && custody.PersonID(person.Int64) == by {
		return errOwnAlert
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
