package store

import (
	"context"
	"database/sql"
	"math"
	"time"

	"custody"
)

// Restraint narrows every right of a person because of an alert, until its end.
type Restraint struct {
	Alert   int64
	Person  custody.PersonID
	PerHour uint32 // 0: no limit of its own
	Reason  bool   // a reason must be stated for every look
	Fresh   bool   // what signed the person in before Start opens nothing any more
	Start   time.Time
	End     time.Time
}

// AddRestraint puts a restraint in force, once for each alert, person and kind; every gate
// hears it within its watch.
func (s *Store) AddRestraint(r *Restraint) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		_, err := t.Exec(`INSERT INTO restraints (alert, person, per_hour, reason, fresh, start, end) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7
			WHERE NOT EXISTS (SELECT 1 FROM restraints WHERE alert = ?1 AND person = ?2 AND per_hour = ?3 AND reason = ?4 AND fresh = ?5)`,
			r.Alert, r.Person, r.PerHour, r.Reason, r.Fresh, r.Start.UnixMilli(), r.End.UnixMilli())
		return err
	})
}

// Restraints lists those that have not ended.
func (s *Store) Restraints(now time.Time) ([]Restraint, error) {
	return list(s.read, func(r *sql.Rows) (x Restraint, err error) {
		var start, end sql.NullInt64
		err = r.Scan(&x.Alert, &x.Person, &x.PerHour, &x.Reason, &x.Fresh, &start, &end)
		x.Start, x.End = moment(start), moment(end)
		return x, err
	}, "SELECT alert, person, per_hour, reason, fresh, start, end FROM restraints WHERE end > ? ORDER BY id", now.UnixMilli())
}

// AlertBudget is a detector's share of the budget of alerts, since a time.
type AlertBudget struct {
	Time   time.Time
	Rule   string
	Share  float64
	Reason string
}

// AlertBudgets lists how shares were moved, in order.
func (s *Store) AlertBudgets() ([]AlertBudget, error) {
	return list(s.read, func(r *sql.Rows) (b AlertBudget, err error) {
		var at sql.NullInt64
		err = r.Scan(&at, &b.Rule, &b.Share, &b.Reason)
		b.Time = moment(at)
		return b, err
	}, "SELECT at, rule, share, reason FROM alert_budgets ORDER BY id")
}

// AlertFactor is what reviews make of a rule's share: from half of it, when nothing
// was ever found, to twice.
func AlertFactor(reviewed, right int) float64 {
	precision := (float64(right) + 1) / (float64(reviewed) + 4) // a quarter until something is known
	return min(max(0.5+2*precision, 0.5), 2)
}

// budgetReviews is how many of a rule's last reviews count, and how many have to be
// there before anything is moved.
const (
	budgetReviews = 40
	leastReviews  = 10
)

// moveBudgets notes a new factor of each rule that first raised what was reviewed.
// Factors that move by less than a tenth are left.
func moveBudgets(t *sql.Tx, at time.Time) error {
	rows, err := t.Query(`WITH done AS (SELECT substr(rules, 1, instr(rules || char(10), char(10)) - 1) AS rule, state = 'confirmed' AS right,
			row_number() OVER (PARTITION BY substr(rules, 1, instr(rules || char(10), char(10)) - 1) ORDER BY id DESC) AS n
			FROM alerts WHERE state IN ('explained', 'mistaken', 'confirmed'))
		SELECT rule, count(*), sum(right) FROM done WHERE n <= ? GROUP BY rule HAVING count(*) >= ? ORDER BY rule`, budgetReviews, leastReviews)
	if err != nil {
		return err
	}
	defer rows.Close()
	type move struct {
		rule            string
		reviewed, right int
	}
	var moves []move
	for rows.Next() {
		var m move
		if err := rows.Scan(&m.rule, &m.reviewed, &m.right); err != nil {
			return err
		}
		moves = append(moves, m)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, m := range moves {
		now := 1.0
		if err := t.QueryRow("SELECT share FROM alert_budgets WHERE rule = ? ORDER BY id DESC LIMIT 1", m.rule).Scan(&now); err != nil && err != sql.ErrNoRows {
			return err
		}
		next := AlertFactor(m.reviewed, m.right)
		if math.Abs(next-now) < 0.1 {
			continue
		}
		if _, err := t.Exec("INSERT INTO alert_budgets (at, rule, share, reason) VALUES (?, ?, ?, format('%d of the last %d reviewed alerts were confirmed', ?, ?))",
			at.UnixMilli(), m.rule, next, m.right, m.reviewed); err != nil {
			return err
		}
	}
	return nil
}
