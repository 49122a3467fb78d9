package store

import (
	"context"
	"database/sql"
	"time"

	"custody"
)

// Erase takes away the link from ledger numbers to subjects (P8): their keys and
// salts. Numbers and commitments stay, so every proof still holds, and nothing says
// any more whom a number stood for. When it returns nil, custody.db and its log hold
// no copy of the keys. Unknown keys are an error and nothing is erased.
func (s *Store) Erase(ctx context.Context, system custody.SystemID, at time.Time, keys ...string) error {
	return s.EraseBy(ctx, system, 0, at, keys...)
}

// EraseBy is Erase by a person. A planted customer that is erased is watched no longer:
// that is a withdrawal, on record as one, and its rule holds. Zero is the administrator
// of the machine.
func (s *Store) EraseBy(ctx context.Context, system custody.SystemID, by custody.PersonID, at time.Time, keys ...string) error {
	err := s.tx(ctx, func(t *sql.Tx) error {
		for _, key := range keys {
			if err := eraseCanary(t, system, key, by, at); err != nil {
				return err
			}
			r, err := t.Exec("UPDATE subjects SET key = NULL, salt = NULL, erased = ? WHERE system = ? AND key = ?", at.UnixMilli(), system, key)
			err = changed(r, err, custody.E(custody.CodeNotFound, "this system has no customer with this key on record", "check the key; a customer whom nobody has seen through a gate is not on record, nor one who was forgotten before"))
			if err != nil {
				return err
			}
		}
		// secure_delete overwrites the cells that are deleted, but a page that was
		// split keeps stale copies of the cells that moved away. Rows are only ever
		// appended, so only the index has such pages: build it anew, on clean ones.
		// About 0.2 s for 200,000 subjects; writers wait for it.
		_, err := t.Exec("REINDEX subjects_key")
		return err
	})
	if err != nil {
		return err
	}
	return s.scrub(ctx)
}

// eraseCanary ends the watch over a customer who is to be erased, if there is one.
func eraseCanary(t *sql.Tx, system custody.SystemID, key string, by custody.PersonID, at time.Time) error {
	err := unplant(t, system, key, by, at)
	if err == sql.ErrNoRows {
		return nil
	}
	if err == nil {
		err = judgedIn(t, system, by)
	}
	if err == errJudged {
		return custody.E(custody.CodeForbidden, "you cannot forget this customer now", "ask somebody else to do it")
	}
	return err
}

// scrub copies the log into the database and empties it: the log holds pages as
// they were before. Readers that hold an old state delay it, up to the busy timeout.
func (s *Store) scrub(ctx context.Context) error {
	var busy, pages, moved int
	if err := s.write.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved); err != nil {
		return fault(err)
	}
	if busy != 0 {
		return custody.E(custody.CodeUnavailable, "the erasure is done, but old pages are still in the log",
			"a long reading holds them; run the erasure's clean-up again with custody subject scrub")
	}
	return nil
}

// Scrub empties the log again, after an erasure that could not.
func (s *Store) Scrub(ctx context.Context) error { return s.scrub(ctx) }

// Erasures counts the subjects that were ever erased: when it moves, whoever holds
// keys in memory must read them anew.
func (s *Store) Erasures() (n uint64, err error) {
	err = s.read.QueryRow("SELECT count(*) FROM subjects WHERE erased IS NOT NULL").Scan(&n)
	return n, fault(err)
}
