package e2e

import (
	"slices"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"custody"
	"custody/custodytest"
	"custody/internal/durable"
	"custody/site"
)

// TestLookRecordedAhead: a look whose record is written while the database works is
// released only with its record, counted before it runs, and recorded once.
func TestLookRecordedAhead(t *testing.T) {
	s := bodyshop(t)
	token := s.Person("alice", limited(2))
	modes := []pgx.QueryExecMode{pgx.QueryExecModeSimpleProtocol, pgx.QueryExecModeExec, pgx.QueryExecModeCacheStatement}
	conn := s.As("alice", token)
	look := func(mode pgx.QueryExecMode, id int) (string, error) {
		var name string
		err := conn.QueryRow(ctx, "SELECT name FROM customers WHERE id = $1", mode, id).Scan(&name)
		return name, err
	}
	for _, mode := range modes {
		for _, id := range []int{5, 6} {
			if name, err := look(mode, id); err != nil || name == "" {
				t.Errorf("%v: customer %d: %q, %v", mode, id, name, err)
			}
		}
		if name, err := look(mode, 7); codeOf(err) != custody.CodeLimit || name != "" {
			t.Errorf("%v: the third customer: %q, %v", mode, name, err)
		}
		if _, err := look(mode, 100000); err == nil {
			t.Errorf("%v: somebody who is no customer was found", mode)
		}
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, "SELECT 1/0"); err == nil {
		t.Fatal("the block did not fail")
	}
	for _, mode := range modes[:2] { // a failed block shows nobody
		if _, err := look(mode, 5); err == nil {
			t.Errorf("%v: a failed block showed somebody", mode)
		}
	}
	if err := tx.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	if got := keys(s.Saw("alice")); !slices.Equal(got, []string{"5", "6"}) {
		t.Errorf("the ledger says %v", got)
	}
	// As many looks as were released, and no more.
	if n := looks(s); n != 2*len(modes) {
		t.Errorf("%d looks are recorded", n)
	}
}

// looks counts the disclosures in the ledger.
func looks(s *custodytest.Site) (n int) {
	for _, e := range s.Ledger.Index().Events(1) {
		if e.Kind == custody.EventDisclosure {
			n++
		}
	}
	return n
}

func TestLookAheadWithoutARecord(t *testing.T) {
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeSimpleProtocol, pgx.QueryExecModeExec} {
		b := &breaking{Err: syscall.ENOSPC}
		b.Armed.Store(-1)
		s := bodyshop(t, func(o *site.Options) { o.FS = durable.Fault{FS: durable.OS{}, Decide: b.Decide} })
		conn := s.As("alice", s.Person("alice", see(contacts)))
		b.Armed.Store(0)
		var name string
		err := conn.QueryRow(ctx, "SELECT name FROM customers WHERE id = $1", mode, 5).Scan(&name)
		if state, message := refusal(err); state != "58030" || name != "" {
			t.Errorf("%v: %q, %s %s", mode, name, state, message)
		}
		b.Armed.Store(-1)
	}
}
