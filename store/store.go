// Package store holds the state that is not the ledger: people, organisations,
// engagements, grants, credentials, sessions, reasons and the directory of
// subjects, in one SQLite file. Several processes may have it open at once: the
// gate and the command line. Everything is durable when a method returns.
package store

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"custody"
)

// Store is safe for concurrent use. There is one writing connection, so that
// writers of this process queue here and not in SQLite's busy handler.
type Store struct {
	path  string
	file  os.FileInfo // as it was at Open: Watch notices if it is replaced
	write *sql.DB
	read  *sql.DB
	// missed is set when rights could not be read: Watch announces them once more,
	// or a change that was announced once would be lost with the failed reading.
	missed atomic.Bool
	// reminded is when this process last looked for reminders, in milliseconds.
	reminded atomic.Int64
}

// busyMillis is how long one process waits for another's transaction.
const busyMillis = 10_000

// Open opens the database, makes it if it is missing (readable by its owner only)
// and brings its schema up to date.
func Open(path string) (*Store, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, unreadable(err)
	}
	info, err := f.Stat()
	f.Close()
	if err != nil {
		return nil, unreadable(err)
	}
	s := &Store{path: path, file: info}
	if s.write, err = connect(path, 1, false); err != nil {
		return nil, unreadable(err)
	}
	if s.read, err = connect(path, 4, true); err != nil {
		s.write.Close()
		return nil, unreadable(err)
	}
	if err = s.useLog(); err == nil {
		err = s.migrate()
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// useLog puts the file into WAL mode, where it stays. SQLite does not wait for a
// lock while it changes the mode, so two processes that open a new file at once
// meet here: the one that loses tries again.
func (s *Store) useLog() error {
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		var mode string
		err := s.write.QueryRow("PRAGMA journal_mode = WAL").Scan(&mode)
		if err == nil && mode != "wal" {
			return custody.E(custody.CodeUnsupported, "the state database cannot keep a write-ahead log here",
				"move the working directory to a local file system; network file systems do not lock well enough")
		}
		if primary(err) != lib.SQLITE_BUSY || time.Since(began) > busyMillis*time.Millisecond {
			return fault(err)
		}
	}
}

func unreadable(err error) error {
	return &custody.Error{Code: custody.CodeUnavailable, Message: "the state database cannot be opened",
		Hint: "check that custody.db is in the working directory and that this user may write there", Err: err}
}

// connect opens a pool. WAL lets readers go on beside the writer; FULL makes each
// commit durable; secure_delete overwrites what is deleted (P8).
func connect(path string, conns int, readOnly bool) (*sql.DB, error) {
	q := url.Values{"_pragma": {
		"busy_timeout(" + strconv.Itoa(busyMillis) + ")", "synchronous(FULL)",
		"foreign_keys(1)", "secure_delete(1)", "trusted_schema(0)", "cache_size(-2000)",
	}}
	if readOnly {
		q.Add("_pragma", "query_only(1)")
	} else {
		q.Set("_txlock", "immediate")
	}
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// Path is where the database is.
func (s *Store) Path() string { return s.path }

// Close closes all connections. The last process to close folds the log in.
func (s *Store) Close() error { return errors.Join(s.read.Close(), s.write.Close()) }

// tx runs fn in one write transaction: all of it is durable or none of it happened.
func (s *Store) tx(ctx context.Context, fn func(*sql.Tx) error) error {
	t, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fault(err)
	}
	defer t.Rollback() // does nothing after Commit
	if err := fn(t); err != nil {
		return fault(err)
	}
	return fault(t.Commit())
}

// fault turns a database error into one of ours. The text of SQLite's error goes
// to the log only: it can name columns, never values, but it helps nobody outside.
func fault(err error) error {
	var ours *custody.Error
	if err == nil || errors.As(err, &ours) {
		return err
	}
	e := &custody.Error{Code: custody.CodeInternal, Message: "the state database failed",
		Hint: "see the log; custody.db can be checked with sqlite3 custody.db 'PRAGMA integrity_check'", Err: err}
	switch primary(err) {
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		e.Code, e.Message, e.Hint = custody.CodeUnavailable, "the state database is busy", "another process holds it; try again"
	case lib.SQLITE_FULL, lib.SQLITE_IOERR:
		e.Code, e.Message, e.Hint = custody.CodeUnavailable, "the state database cannot write", "check free space and health of the disk"
	case lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB:
		e.Message, e.Hint = "the state database is damaged", "restore custody.db from the last backup; the ledger is not touched"
	}
	return e
}

// primary is SQLite's result code without its extension, or 0.
func primary(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

// taken says whether err is a broken UNIQUE constraint.
func taken(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code() == lib.SQLITE_CONSTRAINT_UNIQUE || e.Code() == lib.SQLITE_CONSTRAINT_PRIMARYKEY)
}

// changed makes sure that an update met exactly one row.
func changed(r sql.Result, err error, missing *custody.Error) error {
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return missing
}

// millis is a time as it is stored; the zero time is no value.
func millis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// moment reads what millis wrote.
func moment(v sql.NullInt64) time.Time {
	if !v.Valid {
		return time.Time{}
	}
	return time.UnixMilli(v.Int64).UTC()
}

// some stores a number that may be absent: zero is no value.
func some[T ~uint32 | ~uint64](n T) any {
	if n == 0 {
		return nil
	}
	return int64(n)
}

// querier is a database, or a transaction in it.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// list reads all rows of a query.
func list[T any](db querier, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	return listCtx(context.Background(), db, scan, query, args...)
}

// listCtx is list for callers whose question may be given up.
func listCtx[T any](ctx context.Context, db querier, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fault(err)
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, fault(err)
		}
		all = append(all, v)
	}
	return all, fault(rows.Err())
}

// words splits a list of names that a query joined with line breaks.
func words(joined sql.NullString) []string {
	if joined.String == "" {
		return nil
	}
	return strings.Split(joined.String, "\n")
}
