// Package e2e tries the whole: real clients through a real gate to a real
// PostgreSQL, and then the ledger is asked.
package e2e

import (
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"custody"
	"custody/policy"
)

func TestOneLookIsRecorded(t *testing.T) {
	s := bodyshop(t)
	token := s.Person("alice", see(contacts))
	conn := s.As("alice", token)
	var name, phone string
	if err := conn.QueryRow(ctx, "SELECT name, phone FROM customers WHERE id = $1", 17).Scan(&name, &phone); err != nil {
		t.Fatal(err)
	}
	var id int64
	if err := conn.QueryRow(ctx, "SELECT id, name FROM customers WHERE id = 18").Scan(&id, &name); err != nil {
		t.Fatal(err)
	}
	saw := s.Saw("alice")
	if got := keys(saw); !slices.Equal(got, []string{"17", "18"}) {
		t.Fatalf("the ledger says %v", got)
	}
	if saw["17"] != categories(custody.Name, custody.Phone) || saw["18"] != categories(custody.Name) {
		t.Errorf("categories: %v", saw)
	}
}

func TestNobodyElseGetsIn(t *testing.T) {
	s := bodyshop(t)
	token := s.Person("alice", see(contacts))
	s.Person("bob", see(contacts))
	for what, url := range map[string]string{
		"another's token":    s.URL("bob", token),
		"an unknown login":   s.URL("mallory", token),
		"a wrong token":      s.URL("alice", token+"x"),
		"an unknown system":  strings.Replace(s.URL("alice", token), "/"+s.Database, "/nosuch", 1),
		"the guarded system": strings.Replace(s.URL("alice", token), "alice%40northfield.example", "postgres", 1),
	} {
		_, err := pgx.Connect(ctx, url)
		if err == nil {
			t.Errorf("%s was let in", what)
			continue
		}
		if state, message := refusal(err); state != "28P01" || !strings.Contains(message, "the credential was not accepted") {
			t.Errorf("%s: %s %s", what, state, message)
		}
	}
}

func TestRefusedAndMasked(t *testing.T) {
	s := bodyshop(t)
	token := s.Person("alice", policy.Grant{See: categories(custody.Name), Mask: categories(custody.Phone)})
	conn := s.As("alice", token)
	var id int64
	var name, phone string
	if err := conn.QueryRow(ctx, "SELECT id, name, phone FROM customers WHERE phone IS NOT NULL OR id < 0 LIMIT 1").Scan(&id, &name, &phone); err == nil {
		t.Error("a masked column was used in a condition")
	}
	if err := conn.QueryRow(ctx, "SELECT id, name, phone FROM customers WHERE id = 5").Scan(&id, &name, &phone); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(phone, "•") || strings.ContainsAny(phone[:len(phone)-3], "123456") {
		t.Errorf("the phone is shown as %q", phone)
	}
	for _, sql := range []string{
		"SELECT id, email FROM customers WHERE id = 5",
		"SELECT * FROM customers WHERE id = 5",
		"SELECT id, upper(email) FROM customers WHERE id = 5",
		"SELECT id FROM customers WHERE email LIKE 'a%'",
		"SELECT name FROM customers",
		"SELECT name FROM customers WHERE id < 9 INTERSECT SELECT name FROM customers",
	} {
		_, err := conn.Exec(ctx, sql)
		if state, message := refusal(err); state != "42501" {
			t.Errorf("%s: %s %s", sql, state, message)
		}
	}
	if got := keys(s.Saw("alice")); !slices.Equal(got, []string{"5"}) {
		t.Errorf("the ledger says %v", got)
	}
}

func TestLimitStopsBeforeTheNextPerson(t *testing.T) {
	s := bodyshop(t)
	grant := see(contacts)
	grant.Export = true
	grant.Limits.PerDay = 200
	token := s.Person("alice", grant)
	conn := s.As("alice", token)
	rows, err := conn.Query(ctx, "SELECT id, name FROM customers ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for rows.Next() {
		n++
	}
	state, message := refusal(rows.Err())
	if n != 200 || state != "53400" {
		t.Fatalf("%d rows, then %s %s", n, state, message)
	}
	if len(s.Saw("alice")) != 200 {
		t.Errorf("%d people are recorded", len(s.Saw("alice")))
	}
	if _, err := conn.Exec(ctx, "SELECT id, name FROM customers WHERE id <= 200"); err != nil {
		t.Errorf("the same 200 again: %v", err)
	}
	again := s.As("alice", token)
	if _, err := again.Exec(ctx, "SELECT id, name FROM customers WHERE id = 201"); err == nil {
		t.Error("the 201st was shown to a second session")
	}
}

// TestSecondAddress: a token that is used from a second address while it is live is
// noted on both sessions and in the ledger; from the same address, or when the first
// session has ended, it is not.
func TestSecondAddress(t *testing.T) {
	s := bodyshop(t)
	token := s.Person("alice", see(contacts))
	from := func(address string) *pgx.Conn {
		config, err := pgx.ParseConfig(s.URL("alice", token))
		if err != nil {
			t.Fatal(err)
		}
		config.DialFunc = (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}).DialContext
		conn, err := pgx.ConnectConfig(ctx, config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close(ctx) })
		return conn
	}
	starts := func() (notes []string, codes []custody.Code) {
		live, err := s.Store.LiveSessions()
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range live {
			notes = append(notes, l.Notes)
		}
		for _, e := range s.Ledger.Index().Events(1) {
			if e.Kind == custody.EventSessionStart {
				codes = append(codes, e.Code)
			}
		}
		return notes, codes
	}
	home, again := from("127.0.0.1"), from("127.0.0.1")
	notes, codes := starts()
	if !slices.Equal(notes, []string{"", ""}) || !slices.Equal(codes, []custody.Code{0, 0}) {
		t.Errorf("one address: %q %v", notes, codes)
	}
	away := from("127.0.0.2")
	notes, codes = starts()
	if len(notes) != 3 || slices.ContainsFunc(notes, func(n string) bool { return !strings.Contains(n, "second address") }) || codes[2] != custody.CodeConflict {
		t.Errorf("a second address: %q %v", notes, codes)
	}
	for _, c := range []*pgx.Conn{home, again, away} {
		c.Close(ctx)
	}
	await(t, "the sessions to end", func() bool { notes, _ := starts(); return len(notes) == 0 })
	from("127.0.0.3")
	if notes, codes = starts(); !slices.Equal(notes, []string{""}) || codes[3] != 0 {
		t.Errorf("an address alone: %q %v", notes, codes)
	}
}

// TestGrantEndStopsRunningStatement: the end of a grant stops what runs under it.
func TestGrantEndStopsRunningStatement(t *testing.T) {
	s := bodyshop(t)
	token := s.Person("alice")
	grant := see(contacts)
	grant.Export, grant.Person = true, "alice@northfield.example"
	id := s.Grant(grant)
	conn := s.As("alice", token)
	ended := make(chan error, 1)
	go func() {
		rows, err := conn.Query(ctx, "SELECT c.id, c.name FROM customers c, generate_series(1, 10000)")
		if err == nil {
			for rows.Next() {
			}
			err = rows.Err()
		}
		ended <- err
	}()
	time.Sleep(200 * time.Millisecond) // it is under way
	if err := s.Store.EndGrant(id, time.Now()); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err == nil {
			t.Error("the statement ended as if nothing had happened")
		}
	case <-time.After(time.Second):
		t.Fatal("the statement still runs a second after its grant ended")
	}
}

func TestRevocationCutsWithinASecond(t *testing.T) {
	s := bodyshop(t)
	grant := see(contacts)
	grant.Export = true
	token := s.Person("alice", grant)
	idle, running := s.As("alice", token), s.As("alice", token)
	rows, err := running.Query(ctx, "SELECT c.id, c.name FROM customers c, generate_series(1, 10000)")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 2)
	go func() {
		for rows.Next() {
		}
		ended <- rows.Err()
	}()
	go func() {
		_, err := idle.WaitForNotification(ctx)
		ended <- err
	}()
	time.Sleep(200 * time.Millisecond) // both are under way
	if err := s.Identity.Leave("alice@northfield.example"); err != nil {
		t.Fatal(err)
	}
	deadline := time.After(time.Second)
	for range 2 {
		select {
		case err := <-ended:
			if err == nil {
				t.Error("a session ended as if nothing had happened")
			}
		case <-deadline:
			t.Fatal("a session of somebody who left still runs after a second")
		}
	}
	if _, err := pgx.Connect(ctx, s.URL("alice", token)); err == nil {
		t.Error("somebody who left was let in again")
	}
}
