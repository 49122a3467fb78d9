package store

import (
	"context"
	"database/sql"
	"time"

	"custody"
)

// WatchedComplaint is a complaint as detectors take it: whom it is about, when it is
// clear, and nothing of what was said.
type WatchedComplaint struct {
	ID       int64
	Received time.Time
	Called   time.Time // zero if it is not known
	Matched  time.Time // when its customers were looked for
	System   custody.SystemID
	Subject  custody.SubjectID // zero: none, or several fit alike
}

// WatchedComplaints lists complaints whose customers were looked for after a moment, in
// that order. What may have been sent by a program is left out.
func (s *Store) WatchedComplaints(after time.Time) ([]WatchedComplaint, error) {
	return list(s.read, func(r *sql.Rows) (c WatchedComplaint, err error) {
		var received, called, matched sql.NullInt64
		err = r.Scan(&c.ID, &received, &called, &matched, &c.System, &c.Subject)
		c.Received, c.Called, c.Matched = moment(received), moment(called), moment(matched)
		return c, err
	}, `WITH best AS (SELECT complaint, subject, system, agreeing, max(agreeing) OVER w AS most,
			count(*) OVER (PARTITION BY complaint, agreeing) AS alike FROM complaint_subjects WINDOW w AS (PARTITION BY complaint))
		SELECT c.id, c.received, c.called, c.matched, coalesce(b.system, 0), coalesce(b.subject, 0)
		FROM complaints c LEFT JOIN best b ON b.complaint = c.id AND b.agreeing = b.most AND b.alike = 1
		WHERE c.matched > ? AND c.suspect = 0 AND c.erased IS NULL ORDER BY c.matched, c.id`, after.UnixMilli())
}

// Detected is the number of the last event, and the moment of the last complaint, of
// which alerts were kept.
func (s *Store) Detected() (n uint64, complaint time.Time, err error) {
	var at int64
	err = s.read.QueryRow("SELECT seen, complained FROM detection").Scan(&n, &at)
	return n, time.UnixMilli(at).UTC(), fault(err)
}

// SetDetected notes that alerts of all events up to a number, and of all complaints up
// to a moment, were kept.
func (s *Store) SetDetected(n uint64, complaint time.Time) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		_, err := t.Exec("UPDATE detection SET seen = max(seen, ?), complained = max(complained, ?)", int64(n), complaint.UnixMilli())
		return err
	})
}

// LastRight gives the latest end, at or before a time, among the grants by which a
// person might see something of a system, and whether one is in force then. The zero
// time: there never was one.
func (s *Store) LastRight(person custody.PersonID, system custody.SystemID, at time.Time) (ended time.Time, current bool, err error) {
	var end sql.NullInt64
	err = s.read.QueryRow(`WITH mine AS (SELECT g.end FROM grants g WHERE g.system = ?2 AND g.start <= ?3 AND (g.person = ?1
			OR g.role IN (SELECT r.role FROM engagement_roles r JOIN engagements e ON e.id = r.engagement WHERE e.person = ?1)
			OR g.organisation IN (SELECT organisation FROM engagements WHERE person = ?1)))
		SELECT max(end) FILTER (WHERE end <= ?3), coalesce(max(end IS NULL OR end > ?3), 0) FROM mine`, person, system, at.UnixMilli()).Scan(&end, &current)
	return moment(end), current, fault(err)
}
