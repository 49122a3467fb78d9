package portal_test

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"custody"
	"custody/policy"
	"custody/store"
)

// approved has a request for phones filed and approved by somebody else.
func (k *kit) approved(login string, subjects uint32, reason string) *store.Request {
	k.t.Helper()
	p, err := k.Identity.Find(login + "@northfield.example")
	if err != nil {
		k.t.Fatal(err)
	}
	m, err := k.Identity.Find("dora@northfield.example")
	if err != nil {
		k.t.Fatal(err)
	}
	org, err := k.Store.EnsureOrganisation("Northfield", time.Now())
	if err != nil {
		k.t.Fatal(err)
	}
	r := &store.Request{Kind: store.AskSee, Person: p.ID, Organisation: org, System: k.Options.Systems[0].ID, Subjects: subjects,
		Categories: custody.Categories(custody.Phone), Until: time.Now().Add(time.Hour), Reason: reason}
	if err := k.Store.FileRequest(context.Background(), r, time.Now()); err != nil {
		k.t.Fatal(err)
	}
	if r, err = k.Store.ApproveRequest(context.Background(), r.ID, m.ID, store.Approval{}, time.Now()); err != nil {
		k.t.Fatal(err)
	}
	k.Reload()
	return r
}

// lentTo says whom the ledger has under a grant, and for which reasons.
func (k *kit) lentTo(login string, grant custody.GrantID) (keys, reasons []string) {
	k.t.Helper()
	p, err := k.Identity.Find(login + "@northfield.example")
	if err != nil {
		k.t.Fatal(err)
	}
	for e := range k.Ledger.Index().SawBy(p.ID, time.Time{}, time.Now().Add(time.Hour)) {
		if e.Kind != custody.EventDisclosure || e.Grant != grant {
			continue
		}
		if e.Clear != custody.Categories(custody.Phone) || e.Masked != 0 {
			k.t.Errorf("under the approval: %v, masked %v", e.Clear, e.Masked)
		}
		text, _, err := k.Store.Reason(e.Reason)
		if err != nil {
			k.t.Fatal(err)
		}
		reasons = append(reasons, text)
		for _, n := range e.Subjects {
			s, err := k.Store.Subject(n)
			if err != nil {
				k.t.Fatal(err)
			}
			keys = append(keys, s.Key)
		}
	}
	slices.Sort(keys)
	slices.Sort(reasons)
	return slices.Compact(keys), slices.Compact(reasons)
}

// phoneOf says what a page shows of a customer's phone.
func (k *kit) phoneOf(c *http.Client, n int) (shown bool) {
	k.t.Helper()
	resp, text := k.get(c, "/api/customers/"+strconv.Itoa(n))
	if resp.StatusCode != http.StatusOK || !strings.Contains(text, k.app.customers[n-1].Name) {
		k.t.Fatalf("customer %d: %d %s", n, resp.StatusCode, text)
	}
	return strings.Contains(text, k.app.customers[n-1].Phone)
}

// phoneBySQL asks the database's gate for phones.
func phoneBySQL(conn *pgx.Conn, numbers ...int) error {
	rows, err := conn.Query(context.Background(), "SELECT id, name, phone FROM customers WHERE id = ANY($1) ORDER BY id", numbers)
	if err == nil {
		rows.Close()
		err = rows.Err()
	}
	return err
}

// TestLoans: phones of five customers for claim 123 are phones of five customers, by page
// and by SQL together, after a restart and by several at once; what is shown of others is
// what the ordinary right shows; the record says which request it was.
func TestLoans(t *testing.T) {
	k := newKit(t)
	alice := k.Browser("alice", policy.Grant{See: custody.Categories(custody.Name)})
	k.manager("dora")
	if k.phoneOf(alice, 1) {
		t.Fatal("the phone is shown without approval")
	}
	r := k.approved("alice", 5, "claim 123")
	conn := k.As("alice", k.Token("alice"))
	if !k.phoneOf(alice, 1) {
		t.Error("the phone that was approved is hidden")
	}
	if _, text := k.get(alice, "/api/customers?n=9"); !strings.Contains(text, k.app.customers[8].Name) || strings.Contains(text, k.app.customers[8].Phone) {
		t.Errorf("a list of more than are left: %.300s", text)
	}
	if err := phoneBySQL(conn, 1, 2, 3); err != nil {
		t.Errorf("two more by SQL: %v", err)
	}
	k.Stop()
	k.Start()
	conn = k.As("alice", k.Token("alice"))
	alice = k.SignedIn("alice")
	var wg sync.WaitGroup
	for n := 10; n < 16; n++ {
		wg.Go(func() { _, _, _ = k.try(alice, http.MethodGet, "/api/customers/"+strconv.Itoa(n), nil) })
	}
	wg.Wait()
	keys, reasons := k.lentTo("alice", r.Grant)
	if len(keys) != 5 || !slices.Equal(reasons, []string{"request " + strconv.FormatInt(r.ID, 10) + ": claim 123"}) {
		t.Errorf("under the approval: %v for %q", keys, reasons)
	}
	err := phoneBySQL(conn, 1, 20)
	if err == nil || !strings.Contains(err.Error(), "the 5 customers of whom grant "+strconv.Itoa(int(r.Grant))+" lets you see phone have been seen") {
		t.Errorf("the sixth by SQL: %v", err)
	}
	if k.phoneOf(alice, 20) || !k.phoneOf(alice, 2) {
		t.Error("the sixth by page, or one of the five")
	}
	k.endsMidAnswer(conn, alice, r.Grant)
}

// endsMidAnswer ends an approval while a cursor under it is open.
func (k *kit) endsMidAnswer(conn *pgx.Conn, alice *http.Client, grant custody.GrantID) {
	k.t.Helper()
	ctx := context.Background()
	tx, err := conn.Begin(ctx)
	if err != nil {
		k.t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, "DECLARE c CURSOR FOR SELECT id, phone FROM customers WHERE id <= 3 ORDER BY id"); err != nil {
		k.t.Fatal(err)
	}
	if tag, err := tx.Exec(ctx, "FETCH 1 FROM c"); err != nil || tag.RowsAffected() != 1 {
		k.t.Errorf("before the end: %v, %v", tag, err)
	}
	if err := k.Store.EndGrant(grant, time.Now()); err != nil {
		k.t.Fatal(err)
	}
	k.Reload()
	if tag, err := tx.Exec(ctx, "FETCH 1 FROM c"); err == nil {
		k.t.Errorf("after the end: %v", tag)
	}
	_ = tx.Rollback(ctx)
	if err := phoneBySQL(conn, 1); err == nil || k.phoneOf(alice, 1) {
		k.t.Errorf("after the end: %v", err)
	}
}
