package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"custody"
)

// AddReason keeps a stated reason; the same text in one session keeps its number.
func (s *Store) AddReason(session custody.SessionID, text string, at time.Time) (id custody.ReasonID, err error) {
	err = s.tx(context.Background(), func(t *sql.Tx) error {
		err := t.QueryRow("SELECT id FROM reasons WHERE session = ? AND text = ?", int64(session), text).Scan(&id)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		return t.QueryRow("INSERT INTO reasons (session, text, stated) VALUES (?, ?, ?) RETURNING id",
			int64(session), text, at.UnixMilli()).Scan(&id)
	})
	return id, err
}

// Reason gives the text of a reason; erased says that it was taken away.
func (s *Store) Reason(id custody.ReasonID) (text string, erased bool, err error) {
	var t sql.NullString
	err = s.read.QueryRow("SELECT text FROM reasons WHERE id = ?", id).Scan(&t)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, custody.E(custody.CodeNotFound, "no reason has this number", "the number comes from an event of this deployment's ledger")
	}
	return t.String, !t.Valid, fault(err)
}

// EraseReason takes the text of a reason away for good; its number stays.
func (s *Store) EraseReason(id custody.ReasonID, at time.Time) error {
	err := s.tx(context.Background(), func(t *sql.Tx) error {
		r, err := t.Exec("UPDATE reasons SET text = NULL, erased = ? WHERE id = ? AND text IS NOT NULL", at.UnixMilli(), id)
		return changed(r, err, custody.E(custody.CodeNotFound, "there is no reason with this number, or its text was erased", "check the number; what was erased stays erased"))
	})
	if err != nil {
		return err
	}
	return s.scrub(context.Background())
}
