package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"custody"
)

// Finding is what an examination of a guarded database found wrong. It names roles,
// tables and settings, never a value.
type Finding struct {
	ID       int64
	System   custody.SystemID
	Check    string
	Object   string
	Severity uint8 // 1 note, 2 warning, 3 serious, 4 critical
	Message  string
	Mark     uint64    // names check and object in the ledger
	Opened   time.Time // since when it is there with this severity
	Seen     time.Time // when it was found last
	Closed   time.Time // zero while it is there
}

// quiet is the highest severity that is written down and not told.
const quiet = 1

// Examination is what one examination found and could check.
type Examination struct {
	System  custody.SystemID
	Time    time.Time
	Checked []string // only findings of these can be gone
	Skipped []string
	Found   []Finding
}

// RecordExamination keeps what was found beside what was known: new findings and those
// that got worse are given back, and are to be told in the ledger; findings of checks
// that were done and do not find them any more are closed.
func (s *Store) RecordExamination(ctx context.Context, x *Examination) (worse []Finding, closed int, err error) {
	err = s.tx(ctx, func(t *sql.Tx) error {
		if _, err := t.Exec("INSERT INTO examinations (system, at, checked, skipped) VALUES (?, ?, ?, ?)",
			x.System, x.Time.UnixMilli(), strings.Join(x.Checked, "\n"), strings.Join(x.Skipped, "\n")); err != nil {
			return err
		}
		for i := range x.Found {
			f := &x.Found[i]
			isWorse, err := recordFinding(t, x, f)
			if err != nil {
				return err
			}
			if isWorse {
				worse = append(worse, *f)
			}
		}
		closed, err = closeGone(t, x)
		return err
	})
	return worse, closed, err
}

// recordFinding keeps one finding and says whether it is new or worse than it was.
func recordFinding(t *sql.Tx, x *Examination, f *Finding) (worse bool, err error) {
	at := x.Time.UnixMilli()
	f.System, f.Opened, f.Seen = x.System, x.Time, x.Time
	var id, before int64
	err = t.QueryRow("SELECT id, severity FROM findings WHERE system = ? AND check_of = ? AND object = ? AND closed IS NULL", x.System, f.Check, f.Object).Scan(&id, &before)
	switch {
	case err == nil && before == int64(f.Severity):
		_, err = t.Exec("UPDATE findings SET seen = max(seen, ?), message = ? WHERE id = ?", at, f.Message, id)
		return false, err
	case err == nil:
		if _, err := t.Exec("UPDATE findings SET closed = max(opened, ?) WHERE id = ?", at, id); err != nil {
			return false, err
		}
	case err != sql.ErrNoRows:
		return false, err
	}
	worse = f.Severity > quiet && int64(f.Severity) > before
	var told any
	if !worse {
		told = at // nothing to tell
	}
	err = t.QueryRow(`INSERT INTO findings (system, check_of, object, severity, message, mark, opened, seen, told)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`, x.System, f.Check, f.Object, f.Severity, f.Message, int64(f.Mark), at, at, told).Scan(&f.ID)
	return worse, err
}

// closeGone closes what the checks that were done did not find again.
func closeGone(t *sql.Tx, x *Examination) (int, error) {
	n := 0
	for _, check := range x.Checked {
		here := map[string]bool{}
		for i := range x.Found {
			if x.Found[i].Check == check {
				here[x.Found[i].Object] = true
			}
		}
		open, err := openObjects(t, x.System, check)
		if err != nil {
			return n, err
		}
		for id, object := range open {
			if here[object] {
				continue
			}
			if _, err := t.Exec("UPDATE findings SET closed = max(opened, ?) WHERE id = ?", x.Time.UnixMilli(), id); err != nil {
				return n, err
			}
			n++
		}
	}
	return n, nil
}

func openObjects(t *sql.Tx, system custody.SystemID, check string) (map[int64]string, error) {
	rows, err := t.Query("SELECT id, object FROM findings WHERE system = ? AND check_of = ? AND closed IS NULL", system, check)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	open := map[int64]string{}
	for rows.Next() {
		var id int64
		var object string
		if err := rows.Scan(&id, &object); err != nil {
			return nil, err
		}
		open[id] = object
	}
	return open, rows.Err()
}

const findingColumns = "SELECT id, system, check_of, object, severity, message, mark, opened, seen, closed FROM findings "

func scanFinding(r *sql.Rows) (f Finding, err error) {
	var opened, seen, closed sql.NullInt64
	var mark int64
	err = r.Scan(&f.ID, &f.System, &f.Check, &f.Object, &f.Severity, &f.Message, &mark, &opened, &seen, &closed)
	f.Mark, f.Opened, f.Seen, f.Closed = uint64(mark), moment(opened), moment(seen), moment(closed)
	return f, err
}

// Findings lists all that was ever found in a system, the newest first.
func (s *Store) Findings(system custody.SystemID) ([]Finding, error) {
	return list(s.read, scanFinding, findingColumns+"WHERE system = ? ORDER BY id DESC", system)
}

// UntoldFindings lists what the ledger has not been told yet, in the order of finding.
func (s *Store) UntoldFindings() ([]Finding, error) {
	return list(s.read, scanFinding, findingColumns+"WHERE told IS NULL ORDER BY id")
}

// FindingTold notes that the ledger has the event about a finding.
func (s *Store) FindingTold(id int64, at time.Time) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		r, err := t.Exec("UPDATE findings SET told = ? WHERE id = ?", at.UnixMilli(), id)
		return changed(r, err, custody.E(custody.CodeNotFound, "no finding has this number", "custody doctor --history lists them"))
	})
}

// PortalChecks begins the names of checks of portals: a system's database and its
// portal are examined apart, and their findings lie side by side.
const PortalChecks = "portal-"

// LastExamination is when a system's database was examined last; the zero time if never.
func (s *Store) LastExamination(system custody.SystemID) (time.Time, error) {
	return s.lastExamination(system, false)
}

// LastPortalExamination is when a system's portal was examined last; the zero time if never.
func (s *Store) LastPortalExamination(system custody.SystemID) (time.Time, error) {
	return s.lastExamination(system, true)
}

func (s *Store) lastExamination(system custody.SystemID, portal bool) (time.Time, error) {
	var at sql.NullInt64
	err := s.read.QueryRow("SELECT max(at) FROM examinations WHERE system = ? AND (checked LIKE ? OR skipped LIKE ?) = ?",
		system, PortalChecks+"%", PortalChecks+"%", portal).Scan(&at)
	return moment(at), fault(err)
}
