package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"custody"
	"custody/trace/intake"
)

// AddComplaint implements intake.Storage.
func (s *Store) AddComplaint(ctx context.Context, c *intake.Complaint) (fresh bool, err error) {
	err = s.tx(ctx, func(t *sql.Tx) error {
		var id int64
		switch err := t.QueryRow("SELECT id FROM complaints WHERE mark = ?", c.Mark[:]).Scan(&id); {
		case err == nil:
			first, err := scanAll(t.Query(complaintColumns+"WHERE id = ?", id))
			if err == nil {
				*c = first[0]
			}
			return err
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
		fresh = true
		return t.QueryRow(`INSERT INTO complaints (reference, way, received, due, called, knew, suspect, mark, body)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
			c.Reference, c.Way, c.Received.UnixMilli(), c.Due.UnixMilli(), millis(c.Called), c.Knew, c.Suspect, c.Mark[:], c.Sealed).Scan(&c.ID)
	})
	return fresh, err
}

const complaintColumns = "SELECT id, reference, way, received, due, acknowledged, closed, called, knew, suspect, mark, body, matched, erased FROM complaints "

func scanComplaint(r *sql.Rows) (c intake.Complaint, err error) {
	var received, due, acknowledged, closed, called, matched, erased sql.NullInt64
	var mark []byte
	err = r.Scan(&c.ID, &c.Reference, &c.Way, &received, &due, &acknowledged, &closed, &called, &c.Knew, &c.Suspect, &mark, &c.Sealed, &matched, &erased)
	copy(c.Mark[:], mark)
	c.Received, c.Due, c.Acknowledged, c.Closed = moment(received), moment(due), moment(acknowledged), moment(closed)
	c.Called, c.Matched, c.Erased = moment(called), moment(matched), moment(erased)
	return c, err
}

func scanAll(rows *sql.Rows, err error) (all []intake.Complaint, _ error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		c, err := scanComplaint(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, rows.Err()
}

// Complaints implements intake.Storage.
func (s *Store) Complaints(f intake.Filter) ([]intake.Complaint, error) {
	where, args := []string{"1"}, []any{}
	for _, c := range []struct {
		use  bool
		text string
		args []any
	}{
		{f.Reference != "", "reference = ?", []any{f.Reference}},
		{f.Open, "acknowledged IS NULL AND erased IS NULL", nil},
		{f.Unmatched, "matched IS NULL AND erased IS NULL", nil},
		{!f.From.IsZero(), "received >= ?", []any{f.From.UnixMilli()}},
		{!f.To.IsZero(), "received < ?", []any{f.To.UnixMilli()}},
	} {
		if c.use {
			where, args = append(where, c.text), append(args, c.args...)
		}
	}
	return list(s.read, scanComplaint, complaintColumns+"WHERE "+strings.Join(where, " AND ")+" ORDER BY received, id", args...)
}

// SetComplaint implements intake.Storage.
func (s *Store) SetComplaint(ctx context.Context, c *intake.Complaint) error {
	return s.tx(ctx, func(t *sql.Tx) error {
		r, err := t.Exec("UPDATE complaints SET acknowledged = coalesce(acknowledged, ?), closed = coalesce(closed, ?) WHERE id = ?",
			millis(c.Acknowledged), millis(c.Closed), c.ID)
		return changed(r, err, errNoComplaint)
	})
}

var errNoComplaint = custody.E(custody.CodeNotFound, "no complaint has this number", "custody complaint list shows them")

// EraseComplaint implements intake.Storage: when it returns nil, neither custody.db nor
// its log holds what was said.
func (s *Store) EraseComplaint(ctx context.Context, id int64, at time.Time) error {
	err := s.tx(ctx, func(t *sql.Tx) error {
		r, err := t.Exec("UPDATE complaints SET body = NULL, mark = NULL, erased = ? WHERE id = ? AND erased IS NULL", at.UnixMilli(), id)
		if err := changed(r, err, errNoComplaint); err != nil {
			return err
		}
		_, err = t.Exec("DELETE FROM complaint_subjects WHERE complaint = ?", id)
		return err
	})
	if err != nil {
		return err
	}
	return s.scrub(ctx)
}

// MatchComplaint implements intake.Storage.
func (s *Store) MatchComplaint(ctx context.Context, id int64, found []intake.Subject, at time.Time) error {
	return s.tx(ctx, func(t *sql.Tx) error {
		if _, err := t.Exec("DELETE FROM complaint_subjects WHERE complaint = ?", id); err != nil {
			return err
		}
		for _, f := range found {
			// A customer who was erased meanwhile is nobody's any more.
			if _, err := t.Exec(`INSERT INTO complaint_subjects (complaint, subject, system, agreeing)
				SELECT ?, number, system, ? FROM subjects WHERE number = ? AND system = ? AND key IS NOT NULL`, id, f.Agreeing, f.Subject, f.System); err != nil {
				return err
			}
		}
		r, err := t.Exec("UPDATE complaints SET matched = ? WHERE id = ?", at.UnixMilli(), id)
		return changed(r, err, errNoComplaint)
	})
}

// ComplaintSubjects implements intake.Storage.
func (s *Store) ComplaintSubjects(id int64) ([]intake.Subject, error) {
	return list(s.read, func(r *sql.Rows) (f intake.Subject, err error) {
		err = r.Scan(&f.System, &f.Subject, &f.Agreeing)
		return f, err
	}, "SELECT system, subject, agreeing FROM complaint_subjects WHERE complaint = ? ORDER BY agreeing DESC, subject", id)
}
