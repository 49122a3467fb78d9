package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"custody"
)

// Canary is a planted customer: nobody has a reason to look at it.
type Canary struct {
	ID      int64
	Subject custody.SubjectID
	System  custody.SystemID
	Name    string // of the system
	Key     string // empty once it is erased
	Note    string
	// Meant is the candidate of a trace to whom alone it is shown, as a sentence calls
	// it: "login alice@northfield.example". Empty: nobody has a reason to look at it.
	Meant     string
	Planted   time.Time
	Withdrawn time.Time // zero while it is watched
	// PlantedBy and WithdrawnBy are who decided it; zero where that was not kept.
	PlantedBy, WithdrawnBy           custody.PersonID
	PlantedByLogin, WithdrawnByLogin string
}

// Watched says whether a look at a time is one at a planted customer.
func (c *Canary) Watched(at time.Time) bool {
	return !at.Before(c.Planted) && (c.Withdrawn.IsZero() || at.Before(c.Withdrawn))
}

// maxCanaries bounds what is planted, so that every look can be held against it.
const maxCanaries = 10_000

// The most that is written beside a canary, in bytes.
const (
	maxCanaryNote  = 200
	maxCanaryMeant = 400
)

// AddCanary declares one planted customer: see AddCanaries.
func (s *Store) AddCanary(c *Canary) error { return s.AddCanaries([]*Canary{c}) }

// AddCanaries declares customers that the directory knows planted ones, from a time on:
// all of them or none. Who planted them stays on record, and the rights log, and through
// it the ledger, says that somebody did, when and where, and not which customers.
func (s *Store) AddCanaries(list []*Canary) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		var n int
		if err := t.QueryRow("SELECT count(*) FROM canaries WHERE withdrawn IS NULL").Scan(&n); err != nil {
			return err
		}
		if n+len(list) > maxCanaries {
			return custody.E(custody.CodeTooLarge, "more than 10,000 canaries would be watched", "withdraw some: custody canary withdraw")
		}
		for i, c := range list {
			if err := plant(t, c); err != nil {
				return ofList(err, i, len(list))
			}
		}
		return nil
	})
}

func plant(t *sql.Tx, c *Canary) error {
	if len(c.Note) > maxCanaryNote || len(c.Meant) > maxCanaryMeant {
		return custody.E(custody.CodeTooLarge, "the note is too long", "write at most 200 bytes")
	}
	err := t.QueryRow("SELECT number FROM subjects WHERE system = ? AND key = ?", c.System, c.Key).Scan(&c.Subject)
	if err != nil {
		return orNamed(err, "the system knows no customer with this key", "plant the customer first; custody serve reads new customers every minute")
	}
	err = t.QueryRow("INSERT INTO canaries (subject, system, note, meant, planted, planted_by) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
		c.Subject, c.System, c.Note, c.Meant, c.Planted.UnixMilli(), some(c.PlantedBy)).Scan(&c.ID)
	if taken(err) {
		return custody.E(custody.CodeConflict, "this customer is a canary already", "custody canary list shows them")
	}
	if err != nil {
		return err
	}
	return logRight(t, RightsEntry{Time: c.Planted, Act: ActPlanted, Changes: Gives, Actor: c.PlantedBy, System: c.System, Object: c.ID})
}

// ofList says which of several an error is about; a key may be a real customer's, so it
// is counted, not named.
func ofList(err error, i, of int) error {
	if code := custody.CodeOf(err); of > 1 && code != custody.CodeInternal && code != custody.CodeNone {
		return custody.E(code, fmt.Sprintf("customer %d of the list: %v; none was planted", i+1, err), custody.HintOf(err))
	}
	return err
}

// WithdrawCanary ends the watch over a planted customer; what was found stays. Nobody
// withdraws one while an alert about themselves in that system waits for its review.
func (s *Store) WithdrawCanary(system custody.SystemID, key string, by custody.PersonID, at time.Time) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		if err := judgedIn(t, system, by); err != nil {
			return err
		}
		return orNamed(unplant(t, system, key, by, at), "no canary of this system has this key", "custody canary list shows them")
	})
}

// judgedIn refuses whoever has an alert of the system waiting.
func judgedIn(t *sql.Tx, system custody.SystemID, by custody.PersonID) error {
	var judged bool
	err := t.QueryRow(`SELECT EXISTS (SELECT 1 FROM alerts a WHERE system = ?2 AND state IN ('open', 'looking')
		AND (person = ?1 OR EXISTS (SELECT 1 FROM alert_logins l WHERE l.alert = a.id AND l.person = ?1)))`, by, system).Scan(&judged)
	if err == nil && judged {
		return errJudged
	}
	return err
}

// unplant ends a watch; it gives sql.ErrNoRows if there is none.
func unplant(t *sql.Tx, system custody.SystemID, key string, by custody.PersonID, at time.Time) error {
	var id int64
	err := t.QueryRow(`UPDATE canaries SET withdrawn = max(planted, ?), withdrawn_by = ? WHERE withdrawn IS NULL AND system = ?
		AND subject = (SELECT number FROM subjects WHERE system = ? AND key = ?) RETURNING id`, at.UnixMilli(), some(by), system, system, key).Scan(&id)
	if err != nil {
		return err
	}
	return logRight(t, RightsEntry{Time: at, Act: ActUnplanted, Changes: Takes, Actor: by, System: system, Object: id})
}

// errJudged names no alert: that there is one stays sealed.
var errJudged = custody.E(custody.CodeForbidden, "you cannot withdraw a planted customer of this system now", "ask somebody else to do it")

// Planted are the planted customers, also those withdrawn, each with its watches.
type Planted map[custody.SubjectID][]Canary

// At gives the watch over a customer at a time; nil if it is no planted one then.
func (p Planted) At(s custody.SubjectID, at time.Time) *Canary {
	for i := range p[s] {
		if c := &p[s][i]; c.Watched(at) {
			return c
		}
	}
	return nil
}

// Planted gives the planted customers by number.
func (s *Store) Planted() (Planted, error) {
	all, err := s.Canaries()
	found := Planted{}
	for _, c := range all {
		found[c.Subject] = append(found[c.Subject], c)
	}
	return found, err
}

// Canaries lists all that were ever planted, in order.
func (s *Store) Canaries() ([]Canary, error) {
	return list(s.read, func(r *sql.Rows) (c Canary, err error) {
		var planted, withdrawn sql.NullInt64
		err = r.Scan(&c.ID, &c.Subject, &c.System, &c.Name, &c.Key, &c.Note, &c.Meant, &planted, &withdrawn, &c.PlantedBy, &c.PlantedByLogin, &c.WithdrawnBy, &c.WithdrawnByLogin)
		c.Planted, c.Withdrawn = moment(planted), moment(withdrawn)
		return c, err
	}, `SELECT c.id, c.subject, c.system, y.name, coalesce(s.key, ''), c.note, c.meant, c.planted, c.withdrawn,
		coalesce(c.planted_by, 0), coalesce(p.login, ''), coalesce(c.withdrawn_by, 0), coalesce(w.login, '')
		FROM canaries c JOIN systems y ON y.id = c.system JOIN subjects s ON s.number = c.subject
		LEFT JOIN people p ON p.id = c.planted_by LEFT JOIN people w ON w.id = c.withdrawn_by ORDER BY c.id`)
}
