package store

import (
	"context"
	"database/sql"
	"errors"

	"modernc.org/sqlite"

	"custody"
)

// Snapshot copies the database to a new file while others go on using it. The copy is
// the state of one moment, at which during is called: no commit of any process lies
// between the two. Writers wait while during runs, readers do not.
func (s *Store) Snapshot(ctx context.Context, to string, during func() error) error {
	db, err := connect(s.path, 1, true)
	if err != nil {
		return fault(err)
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return fault(err)
	}
	defer conn.Close()
	if err := s.pin(ctx, conn, during); err != nil {
		return err
	}
	defer conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	return fault(conn.Raw(func(driver any) error { return copyTo(driver, to) }))
}

// pin begins a read transaction on conn at a moment at which nobody can write, and
// calls during at that moment.
func (s *Store) pin(ctx context.Context, conn *sql.Conn, during func() error) error {
	return s.tx(ctx, func(*sql.Tx) error { // it holds the only lock for writing
		if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
			return err
		}
		var n int64
		if err := conn.QueryRowContext(ctx, "SELECT n FROM generation").Scan(&n); err != nil { // the snapshot is taken by the first reading
			return err
		}
		return during()
	})
}

// copyTo copies what a connection sees, in one step.
func copyTo(driver any, to string) error {
	source, ok := driver.(interface {
		NewBackup(string) (*sqlite.Backup, error)
	})
	if !ok {
		return errors.New("the driver cannot copy a database")
	}
	b, err := source.NewBackup(to)
	if err != nil {
		return err
	}
	_, err = b.Step(-1)
	return errors.Join(err, b.Finish())
}

// Check looks through the whole database for damage and for references to nothing.
func (s *Store) Check() error {
	var word string
	if err := s.read.QueryRow("PRAGMA integrity_check(1)").Scan(&word); err != nil {
		return fault(err)
	}
	var broken int
	if err := s.read.QueryRow("SELECT count(*) FROM pragma_foreign_key_check").Scan(&broken); err != nil {
		return fault(err)
	}
	if word != "ok" || broken > 0 {
		return custody.E(custody.CodeInternal, "the state database is damaged", "restore custody.db from an earlier backup")
	}
	return nil
}
