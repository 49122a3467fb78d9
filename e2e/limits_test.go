package e2e

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"custody"
	"custody/custodytest"
	"custody/ledger"
	"custody/policy"
)

// limited may see contacts and export, but no more than n people a day.
func limited(n uint32) policy.Grant {
	g := see(contacts)
	g.Export = true
	g.Limits.PerDay = n
	return g
}

// TestLimitOverEveryRoute spreads 200 people over statements, sessions, cursors,
// portals and COPY: the 201st stays out of reach by each, and the 200 stay free.
func TestLimitOverEveryRoute(t *testing.T) {
	s := bodyshop(t)
	token := s.Person("alice", limited(200))
	fetch := func(conn *pgx.Conn, cursor string, n int) (int, error) {
		rows, err := conn.Query(ctx, "FETCH "+strconv.Itoa(n)+" FROM "+cursor)
		if err != nil {
			return 0, err
		}
		got := 0
		for rows.Next() {
			got++
		}
		return got, rows.Err()
	}
	copyOut := func(conn *pgx.Conn, where, format string) (int, error) {
		var b bytes.Buffer
		_, err := conn.PgConn().CopyTo(ctx, &b, "COPY (SELECT id, name FROM customers WHERE "+where+" ORDER BY id) TO STDOUT WITH (FORMAT "+format+")")
		if format == "binary" {
			return bytes.Count(b.Bytes(), []byte("\x00\x02\x00\x00\x00\x08\x00\x00")), err
		}
		return strings.Count(b.String(), "\n"), err
	}
	first := s.As("alice", token)
	if _, err := first.Exec(ctx, "SELECT id, name FROM customers WHERE id <= 40"); err != nil {
		t.Fatal(err)
	}
	if n, err := copyOut(first, "id BETWEEN 31 AND 80", "text"); n != 50 || err != nil {
		t.Fatalf("copied %d: %v", n, err)
	}
	if n, err := copyOut(first, "id BETWEEN 81 AND 100", "binary"); n != 20 || err != nil {
		t.Fatalf("copied %d in binary: %v", n, err)
	}
	second := s.As("alice", token)
	tx, err := second.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, "DECLARE c CURSOR FOR SELECT id, name FROM customers WHERE id BETWEEN 101 AND 400 ORDER BY id"); err != nil {
		t.Fatal(err)
	}
	for range 9 {
		if n, err := fetch(second, "c", 10); n != 10 || err != nil {
			t.Fatalf("fetched %d: %v", n, err)
		}
	}
	// 190 so far. Ten more come, and then it stops.
	if n, err := copyOut(first, "id > 185", "csv"); n != 15 || custody.CodeLimit != codeOf(err) {
		t.Errorf("copied %d: %v", n, err)
	}
	if n, err := fetch(second, "c", 20); n != 10 || custody.CodeLimit != codeOf(err) {
		t.Errorf("fetched %d: %v", n, err)
	}
	if got := s.Saw("alice"); len(got) != 200 {
		t.Errorf("%d people are recorded", len(got))
	}
	third := s.As("alice", token)
	if n, err := copyOut(third, "id <= 200", "text"); n != 200 || err != nil {
		t.Errorf("the same 200 again: %d, %v", n, err)
	}
	if tag, err := third.Exec(ctx, "SELECT id, name FROM customers WHERE id IN (3, 205)"); codeOf(err) != custody.CodeLimit {
		t.Errorf("the 201st: %v %v", tag, err)
	}
}

// TestPipelineStopsAtTheLimit: a stopped answer in a pipeline is an error as any:
// what follows it does not run, and what went before it is rolled back.
func TestPipelineStopsAtTheLimit(t *testing.T) {
	s := bodyshop(t)
	token := s.Person("alice", limited(5))
	conn := s.As("alice", token)
	batch := &pgx.Batch{}
	batch.Queue("UPDATE branches SET name = name || '!'")
	batch.Queue("SELECT id, name FROM customers WHERE id <= 10 ORDER BY id")
	batch.Queue("UPDATE branches SET name = name || '!'")
	results := conn.SendBatch(ctx, batch)
	if _, err := results.Exec(); err != nil {
		t.Fatal(err)
	}
	rows, err := results.Query()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for rows.Next() {
		n++
	}
	if n != 5 || codeOf(rows.Err()) != custody.CodeLimit {
		t.Errorf("%d rows, then %v", n, rows.Err())
	}
	if _, err := results.Exec(); err == nil {
		t.Error("the statement after the stopped one succeeded")
	}
	results.Close()
	var changed int
	if err := conn.QueryRow(ctx, "SELECT count(*) FROM branches WHERE name LIKE '%!'").Scan(&changed); err != nil || changed != 0 {
		t.Errorf("%d branches were changed by a statement that should not have run, or not have stayed (%v)", changed, err)
	}
}

func TestReasonByStatement(t *testing.T) {
	s := bodyshop(t)
	grant := see(contacts)
	grant.ReasonRequired = true
	token := s.Person("alice", grant)
	conn := s.As("alice", token)
	_, err := conn.Exec(ctx, "SELECT id, name FROM customers WHERE id = 1")
	if _, message := refusal(err); !strings.Contains(message, "SET custody.reason") {
		t.Fatalf("without a reason: %v", message)
	}
	for i, reason := range []string{"claim 123", "claim 124"} {
		if _, err := conn.Exec(ctx, "SET custody.reason = '"+reason+"'"); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Exec(ctx, "SELECT id, name FROM customers WHERE id = "+strconv.Itoa(i+1)); err != nil {
			t.Fatal(err)
		}
	}
	var texts []string
	for e := range s.Ledger.Index().SawBy(1, time.Time{}, time.Now().Add(time.Hour)) {
		if e.Kind == custody.EventDisclosure {
			text, _, err := s.Store.Reason(e.Reason)
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, text)
		}
	}
	slices.Sort(texts)
	if !slices.Equal(texts, []string{"claim 123", "claim 124"}) {
		t.Errorf("the reasons are %q", texts)
	}
}

// TestErrorsQuoteNobody: the database's own errors quote values; the gate's do not,
// and neither does its log.
func TestErrorsQuoteNobody(t *testing.T) {
	s := bodyshop(t)
	grant := see(contacts)
	grant.Change = categories(custody.Phone, custody.Name, custody.Email)
	token := s.Person("alice", grant)
	s.PG.Exec(t, s.Database, "CREATE UNIQUE INDEX ON customers (email)")
	conn := s.As("alice", token)
	var mail string
	if err := s.PG.Conn(t, s.Database).QueryRow(ctx, "SELECT email FROM customers WHERE id = 7").Scan(&mail); err != nil {
		t.Fatal(err)
	}
	_, err := conn.Exec(ctx, "UPDATE customers SET email = '"+mail+"' WHERE id = 8")
	if err == nil {
		t.Fatal("the constraint did not complain: the test shows nothing")
	}
	if state, message := refusal(err); state != "23505" || strings.Contains(message, mail) || strings.Contains(s.Log.String(), mail) {
		t.Errorf("%s %s", state, message)
	}
	_, err = conn.Exec(ctx, "SELECT id, name::int FROM customers WHERE id = 8")
	if state, message := refusal(err); state != "22P02" || strings.Contains(message, `"`) {
		t.Errorf("%s %s", state, message)
	}
}

// TestForgetting: erasing a subject breaks no proof and leaves no key (P8).
func TestForgetting(t *testing.T) {
	s := bodyshop(t)
	token := s.Person("alice", see(contacts))
	if _, err := s.As("alice", token).Exec(ctx, "SELECT id, name FROM customers WHERE id IN (3, 4)"); err != nil {
		t.Fatal(err)
	}
	id := s.Options.Systems[0].ID
	number, err := s.Store.SubjectOf(id, "3")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Store.Erase(ctx, id, time.Now(), "3"); err != nil {
		t.Fatal(err)
	}
	if sub, err := s.Store.Subject(number); err != nil || sub.Key != "" || sub.Salt != [16]byte{} {
		t.Errorf("the number still leads to the key: %+v, %v", sub, err)
	}
	// The gate runs on: it must hear of it, and give the customer, who is still in
	// the database, a number that leads nowhere else.
	conn := s.As("alice", token)
	await(t, "a new number", func() bool {
		if _, err := conn.Exec(ctx, "SELECT id, name FROM customers WHERE id = 3"); err != nil {
			t.Fatal(err)
		}
		again, err := s.Store.SubjectOf(id, "3")
		return err == nil && again != number
	})
	s.Stop()
	if _, err := ledger.Verify(s.Options.LedgerDir, s.Verifier); err != nil {
		t.Errorf("the ledger does not verify after an erasure: %v", err)
	}
	s.Start()
	if got := keys(s.Saw("alice")); !slices.Equal(got, []string{"", "3", "4"}) {
		t.Errorf("what she saw is now %q", got)
	}
}

var _ = custodytest.Keys
