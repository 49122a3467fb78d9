package e2e

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"custody/custodytest"
	"custody/internal/durable"
	"custody/site"
)

// warm makes a connection busy, so that the gate goes on serving it in a loop.
func warm(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	for range 40 {
		if _, err := conn.Exec(ctx, "SELECT 1"); err != nil {
			t.Fatal(err)
		}
	}
}

// TestBusyConnections: connections without a pause, of which each does something else
// in turn, get what they ask for, and everything that they got is recorded.
func TestBusyConnections(t *testing.T) {
	s := bodyshop(t)
	grant := see(contacts)
	grant.Export = true
	token := s.Person("alice", grant)
	var got received
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			conn := s.As("alice", token)
			for i := range 250 {
				if err := turn(conn, i, &got); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if missing := got.missing(s.Saw("alice")); len(missing) > 0 {
		t.Fatalf("%d of %d people were shown and not recorded", len(missing), len(got.keys))
	}
}

// turn asks for something and checks the answer.
func turn(conn *pgx.Conn, i int, got *received) error {
	from, to := rand.IntN(900)+1, 0
	switch {
	case i%50 == 49: // a long answer
		from, to = 1, 1000
	case i%10 == 9: // an error
		if _, err := conn.Exec(ctx, "SELECT 1/0"); err == nil {
			return fmt.Errorf("1/0 is something")
		}
		return nil
	case i%10 == 8:
		var n int
		if err := conn.QueryRow(ctx, "SELECT $1::int", i).Scan(&n); err != nil || n != i {
			return fmt.Errorf("%d instead of %d, %v", n, i, err)
		}
		return nil
	case i%2 == 0:
		to = from
	default:
		to = from + rand.IntN(20)
	}
	mode := pgx.QueryExecModeCacheStatement
	if i%3 == 0 {
		mode = pgx.QueryExecModeSimpleProtocol
	}
	sql, args := "SELECT id, name FROM customers WHERE id BETWEEN $1 AND $2", []any{mode, from, to}
	if from == to {
		sql, args = "SELECT id, name FROM customers WHERE id = $1", args[:2]
	}
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	n := 0
	for rows.Next() {
		var id int64
		var name string
		if err := rows.Scan(&id, &name); err != nil {
			return err
		}
		got.add(strconv.FormatInt(id, 10))
		n++
	}
	if n != to-from+1 && rows.Err() == nil {
		return fmt.Errorf("%d rows from %d to %d", n, from, to)
	}
	return rows.Err()
}

// TestBusyIsCut: who leaves is cut off in the middle of busy connections too.
func TestBusyIsCut(t *testing.T) {
	s := bodyshop(t)
	token := s.Person("alice", see(contacts))
	ended := make(chan error, 4)
	for i := range 4 {
		conn := s.As("alice", token)
		warm(t, conn)
		go func() {
			for {
				if _, err := conn.Exec(ctx, [2]string{"SELECT 1", "SELECT name FROM customers WHERE id = 5"}[i%2]); err != nil {
					ended <- err
					return
				}
			}
		}()
	}
	if err := s.Identity.Leave("alice@northfield.example"); err != nil {
		t.Fatal(err)
	}
	deadline := time.After(time.Second)
	for range 4 {
		select {
		case <-ended:
		case <-deadline:
			t.Fatal("a busy session of somebody who left still runs after a second")
		}
	}
}

// TestBusyWithoutARecord: nothing leaves a loop that could not be recorded.
func TestBusyWithoutARecord(t *testing.T) {
	for _, sql := range []string{"SELECT name FROM customers WHERE id = 5", "SELECT name FROM customers WHERE id IN (5, 6) ORDER BY id"} {
		b := &breaking{Err: syscall.EIO, Done: true}
		b.Armed.Store(-1)
		s := bodyshop(t, func(o *site.Options) { o.FS = durable.Fault{FS: durable.OS{}, Decide: b.Decide} })
		conn := s.As("alice", s.Person("alice", see(contacts)))
		warm(t, conn)
		b.Armed.Store(0)
		var name string
		err := conn.QueryRow(ctx, sql, pgx.QueryExecModeSimpleProtocol).Scan(&name)
		if state, message := refusal(err); state != "58030" || name != "" {
			t.Errorf("%s: %q, %s %s", sql, name, state, message)
		}
		b.Armed.Store(-1)
	}
}

// TestBusyDatabaseGone: a busy connection hears that the database ended its session.
func TestBusyDatabaseGone(t *testing.T) {
	s := bodyshop(t)
	conn := s.As("alice", s.Person("alice", see(contacts)))
	warm(t, conn)
	terminate(t, s, conn.PgConn().PID())
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		if _, err := conn.Exec(ctx, "SELECT 1"); err != nil {
			return
		}
	}
	t.Error("the connection goes on without a database")
}

func terminate(t *testing.T, s *custodytest.Site, pid uint32) {
	t.Helper()
	admin, err := pgx.Connect(ctx, s.PG.URLFor(s.Database))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(ctx)
	if _, err := admin.Exec(ctx, "SELECT pg_terminate_backend($1)", pid); err != nil {
		t.Fatal(err)
	}
}
