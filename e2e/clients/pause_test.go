package clients

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// pause is longer than the gate waits before it counts a client as idle.
const pause = 250 * time.Millisecond

// slowly sends messages one by one, with a pause after each.
func slowly(t *testing.T, f *pgproto3.Frontend, messages ...pgproto3.FrontendMessage) {
	t.Helper()
	for _, m := range messages {
		f.Send(m)
		if err := f.Flush(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(pause)
	}
}

// until reads answers up to ReadyForQuery and names each.
func until(t *testing.T, f *pgproto3.Frontend) []string {
	t.Helper()
	var got []string
	for {
		m, err := f.Receive()
		if err != nil {
			t.Fatal(err)
		}
		switch m := m.(type) {
		case *pgproto3.DataRow:
			got = append(got, "row "+string(m.Values[0]))
		case *pgproto3.CommandComplete:
			got = append(got, string(m.CommandTag))
		case *pgproto3.ErrorResponse:
			got = append(got, m.Code)
		case *pgproto3.ReadyForQuery:
			return got
		}
	}
}

// TestPausesLoseNothing: a client that falls silent in the middle of a pipeline is
// answered as one that sends it at once.
func TestPausesLoseNothing(t *testing.T) {
	s := bodyshop(t)
	f := s.As("alice", s.Person("alice", see(contacts))).PgConn().Frontend()
	slowly(t, f,
		&pgproto3.Parse{Name: "look", Query: "SELECT id, name FROM customers WHERE id = $1"},
		&pgproto3.Bind{PreparedStatement: "look", Parameters: [][]byte{[]byte("3")}},
		&pgproto3.Describe{ObjectType: 'P'},
		&pgproto3.Execute{},
		&pgproto3.Bind{PreparedStatement: "look", Parameters: [][]byte{[]byte("4")}},
		&pgproto3.Execute{},
		&pgproto3.Sync{})
	if got := strings.Join(until(t, f), ", "); got != "row 3, SELECT 1, row 4, SELECT 1" {
		t.Errorf("the answers: %s", got)
	}
	if n := len(s.Saw("alice")); n != 2 {
		t.Errorf("%d people are recorded", n)
	}
}

// TestPausesWhileCopying: an error in the middle of a slow COPY reaches the client
// while it still sends, and the session goes on.
func TestPausesWhileCopying(t *testing.T) {
	s := bodyshop(t)
	conn := s.As("alice", s.Person("alice", see(contacts)))
	if _, err := conn.Exec(ctx, "CREATE TEMP TABLE prices (n int)"); err != nil {
		t.Fatal(err)
	}
	f := conn.PgConn().Frontend()
	long := strings.Repeat("1\n", 64<<10)
	slowly(t, f, &pgproto3.Query{String: "COPY prices FROM STDIN"}, &pgproto3.CopyData{Data: []byte(long)},
		&pgproto3.CopyData{Data: []byte("not a number\n" + long)})
	if got := until(t, f); len(got) != 1 || got[0] != "22P02" {
		t.Fatalf("the answers: %v", got)
	}
	slowly(t, f, &pgproto3.CopyData{Data: []byte("2\n")}, &pgproto3.CopyDone{}, &pgproto3.Query{String: "SELECT count(*) FROM prices"})
	if got := strings.Join(until(t, f), ", "); got != "row 0, SELECT 1" {
		t.Errorf("after the failed copy: %s", got)
	}
}
