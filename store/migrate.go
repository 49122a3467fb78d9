package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"custody"
)

// migrations/NNNN_name.sql, applied in order, each in one transaction, and never
// changed once released: a new version adds a file.
//
//go:embed migrations/*.sql
var migrations embed.FS

// applicationID marks the file as ours: "CUST".
const applicationID = 0x43555354

// migrate applies what is missing. Two processes may try at once: the number is
// read inside the transaction that applies the next one.
func (s *Store) migrate() error {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	for {
		done := false
		err := s.tx(context.Background(), func(t *sql.Tx) (err error) {
			done, err = step(t, names)
			return err
		})
		if done || err != nil {
			return err
		}
	}
}

// step applies one migration, or says that none is left.
func step(t *sql.Tx, names []string) (done bool, err error) {
	var version, owner int
	if err := t.QueryRow("SELECT user_version, application_id FROM pragma_user_version, pragma_application_id").Scan(&version, &owner); err != nil {
		return false, err
	}
	if err := ownable(t, version, owner); err != nil {
		return false, err
	}
	if version > len(names) {
		return false, custody.E(custody.CodeUnsupported, fmt.Sprintf("custody.db has schema %d; this program knows %d", version, len(names)),
			"a newer custody wrote it: run that version, or restore the backup taken before the upgrade")
	}
	if version == len(names) {
		return true, nil
	}
	text, err := migrations.ReadFile(names[version])
	if err != nil {
		return false, err
	}
	if _, err := t.Exec(string(text)); err != nil {
		return false, fmt.Errorf("%s: %w", names[version], err)
	}
	_, err = t.Exec(fmt.Sprintf("PRAGMA user_version = %d; PRAGMA application_id = %d", version+1, applicationID))
	return false, err
}

// ownable refuses a file that another program made.
func ownable(t *sql.Tx, version, owner int) error {
	if owner == applicationID {
		return nil
	}
	var tables int
	if err := t.QueryRow("SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return err
	}
	if owner != 0 || version != 0 || tables != 0 {
		return custody.E(custody.CodeInvalid, "this file is another program's database",
			"name a new file, or the custody.db that custody init made")
	}
	return nil
}
