package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"iter"
	"strings"
	"time"

	"custody"
	"custody/ledger"
)

// maxKey is the longest key of a subject, in bytes.
const maxKey = 1024

// Assign gives numbers to subjects, in one transaction. Known keys keep theirs; new
// ones get the next numbers, dense over all systems, in the order given. New
// numbers leave a naming in PendingNamings, which the ledger must hold before the
// first frame that uses them: append it, then call NamingWritten. A crash between
// the two loses nothing: it is pending still.
func (s *Store) Assign(system custody.SystemID, keys []string) (ids []custody.SubjectID, err error) {
	for _, k := range keys {
		if k == "" || len(k) > maxKey || strings.ContainsRune(k, 0) {
			return nil, custody.E(custody.CodeInvalid, "a subject's key is empty, too long or holds a zero byte",
				"declare a column whose values are 1 to 1024 bytes as the key")
		}
	}
	err = s.tx(context.Background(), func(t *sql.Tx) error {
		n := &namer{system: system, ids: make([]custody.SubjectID, 0, len(keys))}
		if err := n.run(t, keys); err != nil {
			return err
		}
		ids = n.ids
		return n.finish(t)
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}

// namer numbers the keys of one transaction.
type namer struct {
	system      custody.SystemID
	first, next custody.SubjectID
	ids         []custody.SubjectID
	leaves      []ledger.Hash
}

func (n *namer) run(t *sql.Tx, keys []string) error {
	if err := t.QueryRow("SELECT coalesce(max(number), 0) + 1 FROM subjects").Scan(&n.first); err != nil {
		return err
	}
	n.next = n.first
	insert, err := t.Prepare("INSERT INTO subjects (number, system, key, salt, commitment) VALUES (?, ?, ?, ?, ?) ON CONFLICT (system, key) DO NOTHING")
	if err != nil {
		return err
	}
	defer insert.Close()
	known, err := t.Prepare("SELECT number FROM subjects WHERE system = ? AND key = ?")
	if err != nil {
		return err
	}
	defer known.Close()
	for _, key := range keys {
		if err := n.one(insert, known, key); err != nil {
			return err
		}
	}
	return nil
}

func (n *namer) one(insert, known *sql.Stmt, key string) error {
	var salt [16]byte
	rand.Read(salt[:])
	leaf := ledger.NamingLeaf(salt, n.system, key)
	r, err := insert.Exec(n.next, n.system, key, salt[:], leaf[:])
	if err != nil {
		return err
	}
	added, err := r.RowsAffected()
	if err != nil {
		return err
	}
	id := n.next
	if added == 0 {
		if err := known.QueryRow(n.system, key).Scan(&id); err != nil {
			return err
		}
	} else {
		n.leaves = append(n.leaves, leaf)
		n.next++
	}
	n.ids = append(n.ids, id)
	return nil
}

// finish keeps the naming in the same transaction as the numbers.
func (n *namer) finish(t *sql.Tx) error {
	if len(n.leaves) == 0 {
		return nil
	}
	root := ledger.NamingRoot(n.leaves)
	_, err := t.Exec("INSERT INTO namings (first, count, root, made) VALUES (?, ?, ?, ?)", n.first, len(n.leaves), root[:], time.Now().UnixMilli())
	return err
}

// PendingNamings are those that the ledger may not hold yet, by first number: after
// Assign, the new one; at start, also one whose event may or may not have been
// written before a crash (the index says).
func (s *Store) PendingNamings() ([]custody.Naming, error) {
	return s.namings("WHERE written IS NULL")
}

// Namings are all runs of numbers, by first number.
func (s *Store) Namings() ([]custody.Naming, error) { return s.namings("") }

func (s *Store) namings(where string) ([]custody.Naming, error) {
	return list(s.read, func(r *sql.Rows) (n custody.Naming, err error) {
		var root []byte
		if err = r.Scan(&n.First, &n.Count, &root); err == nil {
			n.Root = [32]byte(root)
		}
		return n, err
	}, "SELECT first, count, root FROM namings "+where+" ORDER BY first")
}

// NamingWritten notes that the ledger holds the naming that starts at first.
func (s *Store) NamingWritten(first custody.SubjectID, at time.Time) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		r, err := t.Exec("UPDATE namings SET written = coalesce(written, ?) WHERE first = ?", at.UnixMilli(), first)
		return changed(r, err, custody.E(custody.CodeNotFound, "no naming starts at this number", "PendingNamings lists those that are open"))
	})
}

// Subject is one entry of the directory.
type Subject struct {
	Number     custody.SubjectID
	System     custody.SystemID
	Key        string   // empty once erased
	Salt       [16]byte // zero once erased
	Commitment [32]byte
	Erased     time.Time // zero while the key is kept
}

const subjectColumns = "SELECT number, system, key, salt, commitment, erased FROM subjects "

func scanSubject(r *sql.Rows) (s Subject, err error) {
	var key sql.NullString
	var salt, commitment []byte
	var erased sql.NullInt64
	err = r.Scan(&s.Number, &s.System, &key, &salt, &commitment, &erased)
	copy(s.Salt[:], salt)
	copy(s.Commitment[:], commitment)
	s.Key, s.Erased = key.String, moment(erased)
	return s, err
}

// Subject finds what a number stands for.
func (s *Store) Subject(number custody.SubjectID) (*Subject, error) {
	found, err := list(s.read, scanSubject, subjectColumns+"WHERE number = ?", number)
	if err != nil || len(found) == 0 {
		return nil, orMissing(err, "no subject has this number", "the number comes from an event of this deployment's ledger")
	}
	return &found[0], nil
}

// SubjectOf finds the number of a key.
func (s *Store) SubjectOf(system custody.SystemID, key string) (id custody.SubjectID, err error) {
	err = s.read.QueryRow("SELECT number FROM subjects WHERE system = ? AND key = ?", system, key).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, custody.E(custody.CodeNotFound, "this system has no customer with this key on record", "check the key; a customer whom nobody has seen through a gate is not on record, nor one who was forgotten")
	}
	return id, fault(err)
}

// Subjects streams numbers and keys of a system that are not erased, by number. An
// error comes last, with number zero.
func (s *Store) Subjects(system custody.SystemID) iter.Seq2[Subject, error] {
	return s.stream("WHERE system = ? AND key IS NOT NULL ORDER BY number", system)
}

// SubjectRange streams count entries from a number on, erased ones too: what an
// extract needs to prove names.
func (s *Store) SubjectRange(first custody.SubjectID, count uint32) iter.Seq2[Subject, error] {
	return s.stream("WHERE number >= ? AND number < ? ORDER BY number", first, uint64(first)+uint64(count))
}

func (s *Store) stream(where string, args ...any) iter.Seq2[Subject, error] {
	return func(yield func(Subject, error) bool) {
		rows, err := s.read.Query(subjectColumns+where, args...)
		if err != nil {
			yield(Subject{}, fault(err))
			return
		}
		defer rows.Close()
		for rows.Next() {
			subject, err := scanSubject(rows)
			if !yield(subject, fault(err)) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(Subject{}, fault(err))
		}
	}
}
