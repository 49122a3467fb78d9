package e2e

import (
	"testing"
)

// TestLimitEndsTheTransaction: an answer of the extended protocol that is stopped at a
// limit, its Sync already sent, fails the transaction block like any other error.
func TestLimitEndsTheTransaction(t *testing.T) {
	s := bodyshop(t)
	grant := see(contacts)
	grant.Export, grant.Limits.PerDay = true, 10
	conn := s.As("alice", s.Person("alice", grant))
	tx, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := tx.Query(ctx, "SELECT id, name FROM customers WHERE id > $1 ORDER BY id", 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for rows.Next() {
		n++
	}
	if state, message := refusal(rows.Err()); n != 10 || state != "53400" {
		t.Fatalf("%d rows, then %s %s", n, state, message)
	}
	if _, err := tx.Exec(ctx, "SELECT 1"); err == nil {
		t.Error("the transaction went on after a statement that failed")
	}
	if err := tx.Rollback(ctx); err != nil {
		t.Error(err)
	}
	// Outside a block nothing is left behind, and the ten stay open.
	rows, err = conn.Query(ctx, "SELECT id, name FROM customers WHERE id > $1 ORDER BY id", 0)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
	}
	if state, _ := refusal(rows.Err()); state != "53400" {
		t.Errorf("the second time: %v", rows.Err())
	}
	var name string
	if err := conn.QueryRow(ctx, "SELECT name FROM customers WHERE id = $1", 3).Scan(&name); err != nil {
		t.Errorf("one of the ten: %v", err)
	}
	if got := len(s.Saw("alice")); got != 10 {
		t.Errorf("%d people are recorded", got)
	}
}
