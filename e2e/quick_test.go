package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// modes are the two ways by which a busy connection repeats a statement.
var modes = []pgx.QueryExecMode{pgx.QueryExecModeSimpleProtocol, pgx.QueryExecModeCacheStatement}

// repeat asks a statement that shows nobody so often that the gate knows it, and gives
// its last answer.
func repeat(t *testing.T, conn *pgx.Conn, mode pgx.QueryExecMode, sql string) (text string) {
	t.Helper()
	for range 40 {
		if err := conn.QueryRow(ctx, sql, mode).Scan(&text); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	return text
}

// TestBusyHarmless: a statement that shows nobody is answered as by the database,
// whatever happens to its answer.
func TestBusyHarmless(t *testing.T) {
	s := bodyshop(t)
	admin := s.PG.Conn(t, s.Database)
	conn := s.As("alice", s.Person("alice", see(contacts)))
	const (
		small   = "SELECT name FROM branches WHERE id = 3"
		divides = "SELECT (100 / labour_rate)::text FROM branches WHERE id = 4"
		long    = "SELECT repeat(name, 20000) FROM branches WHERE id = 3"
		none    = "SELECT name FROM branches WHERE id = -3"
	)
	for _, mode := range modes {
		name := repeat(t, conn, mode, small)
		repeat(t, conn, mode, divides)
		if got := repeat(t, conn, mode, long); got != strings.Repeat(name, 20000) {
			t.Errorf("a long answer of %d bytes is not what it should be", len(got))
		}
		must(t, admin, "BEGIN; UPDATE branches SET labour_rate = 0 WHERE id = 4; COMMIT")
		for range 3 {
			var text string
			err := conn.QueryRow(ctx, divides, mode).Scan(&text)
			if state, _ := refusal(err); state != "22012" {
				t.Errorf("divided by zero: %q, %v", text, err)
			}
			if got := repeat(t, conn, mode, small); got != name {
				t.Errorf("after an error: %q instead of %q", got, name)
			}
		}
		must(t, admin, "UPDATE branches SET labour_rate = 50 WHERE id = 4")
		for range 40 {
			var text string
			if err := conn.QueryRow(ctx, none, mode).Scan(&text); err != pgx.ErrNoRows {
				t.Errorf("no rows: %q, %v", text, err)
			}
		}
		block(t, conn, mode, small)
	}
	if saw := s.Saw("alice"); len(saw) > 0 {
		t.Errorf("looks at nobody were recorded: %v", saw)
	}
}

// block repeats a statement in a transaction block, half of them failed.
func block(t *testing.T, conn *pgx.Conn, mode pgx.QueryExecMode, sql string) {
	t.Helper()
	for _, end := range []string{"COMMIT", "ROLLBACK"} {
		for _, text := range []string{"BEGIN", "CREATE TEMP TABLE mine (a int) ON COMMIT DROP"} {
			if _, err := conn.Exec(ctx, text); err != nil {
				t.Fatal(err)
			}
		}
		repeat(t, conn, mode, sql)
		if end == "ROLLBACK" {
			_, _ = conn.Exec(ctx, "SELECT 1/0")
			var text string
			if state, _ := refusal(conn.QueryRow(ctx, sql, mode).Scan(&text)); state != "25P02" {
				t.Errorf("in a failed block: %q, state %q", text, state)
			}
		}
		if _, err := conn.Exec(ctx, end); err != nil {
			t.Fatal(err)
		}
	}
}

// TestBusyHarmlessNoMore: a text that showed nobody a moment ago shows nobody when the
// table of its name has become that of the customers.
func TestBusyHarmlessNoMore(t *testing.T) {
	for _, mode := range modes {
		s := bodyshop(t)
		conn := s.As("alice", s.Person("alice", see(contacts)))
		const sql = "SELECT name FROM branches WHERE id = 3"
		repeat(t, conn, mode, sql)
		admin := s.PG.Conn(t, s.Database)
		must(t, admin, "BEGIN; ALTER TABLE branches RENAME TO branches_before; ALTER TABLE customers RENAME TO branches; COMMIT")
		for range 5 {
			var name string
			if err := conn.QueryRow(ctx, sql, mode).Scan(&name); err == nil || name != "" {
				t.Errorf("%v: %q was shown", mode, name)
			}
		}
	}
}

// TestBusyHarmlessWaits: while the database takes its time, a harmless statement can be
// cancelled, its client may wait in silence, and who leaves is cut off.
func TestBusyHarmlessWaits(t *testing.T) {
	for _, mode := range modes {
		s := bodyshop(t)
		admin := s.PG.Conn(t, s.Database)
		conn := s.As("alice", s.Person("alice", see(contacts)))
		const sql = "SELECT name FROM branches WHERE id = 3"
		name := repeat(t, conn, mode, sql)

		lock(t, admin)
		answer := ask(conn, mode, sql)
		waits(t, admin)
		if err := conn.PgConn().CancelRequest(ctx); err != nil {
			t.Fatal(err)
		}
		if state, _ := refusal((<-answer).err); state != "57014" {
			t.Errorf("%v: not cancelled: %q", mode, state)
		}
		must(t, admin, "ROLLBACK")
		repeat(t, conn, mode, sql)

		lock(t, admin)
		answer = ask(conn, mode, sql)
		waits(t, admin)
		if _, err := admin.Exec(ctx, "SELECT pg_sleep(0.3)"); err != nil { // longer than a client may be silent in a loop
			t.Fatal(err)
		}
		must(t, admin, "ROLLBACK")
		if got := <-answer; got.err != nil || got.text != name {
			t.Errorf("%v: after a wait: %q, %v", mode, got.text, got.err)
		}
		repeat(t, conn, mode, sql)

		lock(t, admin)
		answer = ask(conn, mode, sql)
		waits(t, admin)
		if err := s.Identity.Leave("alice@northfield.example"); err != nil {
			t.Fatal(err)
		}
		select {
		case got := <-answer:
			if got.err == nil {
				t.Errorf("%v: %q was shown to somebody who left", mode, got.text)
			}
		case <-time.After(time.Second):
			t.Errorf("%v: a statement that waits still runs a second after its person left", mode)
		}
		must(t, admin, "ROLLBACK")
	}
}

func must(t *testing.T, admin *pgx.Conn, script string) {
	t.Helper()
	if _, err := admin.PgConn().Exec(ctx, script).ReadAll(); err != nil {
		t.Fatal(err)
	}
}

type reply struct {
	text string
	err  error
}

// ask runs a statement beside the test.
func ask(conn *pgx.Conn, mode pgx.QueryExecMode, sql string) chan reply {
	ended := make(chan reply, 1)
	go func() {
		var r reply
		r.err = conn.QueryRow(ctx, sql, mode).Scan(&r.text)
		ended <- r
	}()
	return ended
}

// lock keeps everybody from reading the branches.
func lock(t *testing.T, admin *pgx.Conn) {
	t.Helper()
	must(t, admin, "BEGIN; LOCK TABLE branches")
}

// waits returns when somebody waits for the lock.
func waits(t *testing.T, admin *pgx.Conn) {
	t.Helper()
	until, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	for n := 0; n == 0; {
		if err := admin.QueryRow(until, "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'branches'::regclass").Scan(&n); err != nil {
			t.Fatal(err)
		}
	}
}
