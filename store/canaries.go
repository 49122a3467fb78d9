package store

import (
	"context"
	"database/sql"
	"time"

	"custody"
)

// Canary is a planted customer: nobody has a reason to look at it.
type Canary struct {
	ID        int64
	Subject   custody.SubjectID
	System    custody.SystemID
	Name      string // of the system
	Key       string // empty once it is erased
	Note      string
	Planted   time.Time
	Withdrawn time.Time // zero while it is watched
}

// Watched says whether a look at a time is one at a planted customer.
func (c *Canary) Watched(at time.Time) bool {
	return !at.Before(c.Planted) && (c.Withdrawn.IsZero() || at.Before(c.Withdrawn))
}

// maxCanaries bounds what is planted, so that every look can be held against it.
const maxCanaries = 10_000

// maxCanaryNote bounds what is written beside a canary, in bytes.
const maxCanaryNote = 200

// AddCanary declares a customer that the directory knows a planted one, from a time on.
func (s *Store) AddCanary(c *Canary) error {
	if len(c.Note) > maxCanaryNote {
		return custody.E(custody.CodeTooLarge, "the note is too long", "write at most 200 bytes")
	}
	return s.tx(context.Background(), func(t *sql.Tx) error {
		var n int
		if err := t.QueryRow("SELECT count(*) FROM canaries WHERE withdrawn IS NULL").Scan(&n); err != nil {
			return err
		}
		if n >= maxCanaries {
			return custody.E(custody.CodeTooLarge, "10,000 canaries are watched already", "withdraw some: custody canary withdraw")
		}
		err := t.QueryRow("SELECT number FROM subjects WHERE system = ? AND key = ?", c.System, c.Key).Scan(&c.Subject)
		if err != nil {
			return orNamed(err, "the system knows no customer with this key", "plant the customer first; custody serve reads new customers every minute")
		}
		err = t.QueryRow("INSERT INTO canaries (subject, system, note, planted) VALUES (?, ?, ?, ?) RETURNING id",
			c.Subject, c.System, c.Note, c.Planted.UnixMilli()).Scan(&c.ID)
		if taken(err) {
			return custody.E(custody.CodeConflict, "this customer is a canary already", "custody canary list shows them")
		}
		return err
	})
}

// WithdrawCanary ends the watch over a planted customer; what was found stays.
func (s *Store) WithdrawCanary(system custody.SystemID, key string, at time.Time) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		r, err := t.Exec(`UPDATE canaries SET withdrawn = max(planted, ?) WHERE withdrawn IS NULL AND system = ?
			AND subject = (SELECT number FROM subjects WHERE system = ? AND key = ?)`, at.UnixMilli(), system, system, key)
		return changed(r, err, custody.E(custody.CodeNotFound, "no canary of this system has this key", "custody canary list shows them"))
	})
}

// Canaries lists all that were ever planted, in order.
func (s *Store) Canaries() ([]Canary, error) {
	return list(s.read, func(r *sql.Rows) (c Canary, err error) {
		var planted, withdrawn sql.NullInt64
		err = r.Scan(&c.ID, &c.Subject, &c.System, &c.Name, &c.Key, &c.Note, &planted, &withdrawn)
		c.Planted, c.Withdrawn = moment(planted), moment(withdrawn)
		return c, err
	}, `SELECT c.id, c.subject, c.system, y.name, coalesce(s.key, ''), c.note, c.planted, c.withdrawn
		FROM canaries c JOIN systems y ON y.id = c.system JOIN subjects s ON s.number = c.subject ORDER BY c.id`)
}
