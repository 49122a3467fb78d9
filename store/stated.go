package store

import (
	"context"
	"database/sql"

	"custody"
)

// StatedReason is the reason that a person stated for a customer.
type StatedReason struct {
	Subject custody.SubjectID
	Reason  custody.ReasonID
	Text    string
}

// StatedReasons lists the reasons that a person stated on a local day, written
// 2006-01-02. Reasons whose text was erased are left out.
func (s *Store) StatedReasons(person custody.PersonID, system custody.SystemID, day string) ([]StatedReason, error) {
	return list(s.read, func(r *sql.Rows) (x StatedReason, err error) {
		return x, r.Scan(&x.Subject, &x.Reason, &x.Text)
	}, "SELECT t.subject, t.reason, r.text FROM stated t JOIN reasons r ON r.id = t.reason WHERE t.person = ? AND t.system = ? AND t.day = ? AND r.text IS NOT NULL",
		person, system, day)
}

// StateReason keeps that a reason was stated for customers; the last one counts.
func (s *Store) StateReason(person custody.PersonID, system custody.SystemID, day string, reason custody.ReasonID, subjects []custody.SubjectID) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		add, err := t.Prepare("INSERT INTO stated (person, system, day, subject, reason) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET reason = excluded.reason")
		if err != nil {
			return err
		}
		defer add.Close()
		for _, n := range subjects {
			if _, err := add.Exec(person, system, day, n, reason); err != nil {
				return err
			}
		}
		return nil
	})
}
