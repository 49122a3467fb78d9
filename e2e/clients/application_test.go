package clients

import (
	"slices"
	"strings"
	"testing"
	"time"

	"custody"
	"custody/custodytest"
)

// appSaw gives the keys that an application was shown under no person's name.
func appSaw(t *testing.T, s *custodytest.Site) []string {
	t.Helper()
	apps, err := s.Identity.Applications()
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for e := range s.Ledger.Index().Disclosed(0, apps[0].ID, s.Options.Systems[0].ID, time.Time{}) {
		for _, n := range e.Subjects {
			sub, err := s.Store.Subject(n)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, sub.Key)
		}
	}
	slices.Sort(list)
	return list
}

// loggingPostgres runs a database that writes down every statement, for tests that
// look for what must never reach it.
func loggingPostgres(t *testing.T) *custodytest.PG {
	t.Helper()
	return custodytest.Postgres(t, custodytest.WithSetting("log_statement", "all"), custodytest.WithSetting("log_connections", "on"))
}

func TestApplicationActsForItselfAndForPeople(t *testing.T) {
	pg := loggingPostgres(t)
	s := custodytest.NewSite(t, pg, custodytest.Bodyshop(t, pg, 1000), custodytest.BodyshopSystem())
	secret := portal(t, s, see(categories(custody.Name, custody.Email)))
	s.Person("alice", see(categories(custody.Name, custody.Phone)))
	conn := asPortal(t, s, secret)
	look := func(sql string) error { _, err := conn.Exec(ctx, sql); return err }
	if err := look("SELECT id, email FROM customers WHERE id = 1"); err != nil {
		t.Fatal(err)
	}
	token := signed(t, s, "alice", 0)
	if err := look("SET custody.on_behalf_of = '" + token + "'"); err != nil {
		t.Fatal(err)
	}
	if err := look("SELECT id, phone FROM customers WHERE id = 2"); err != nil {
		t.Errorf("Alice may see phones, through the portal as well: %v", err)
	}
	if err := look("SELECT id, email FROM customers WHERE id = 3"); err == nil {
		t.Error("the portal's own right served for a person who has none")
	}
	if err := look("RESET custody.on_behalf_of"); err != nil {
		t.Fatal(err)
	}
	if err := look("SELECT id, email FROM customers WHERE id = 4"); err != nil {
		t.Error(err)
	}
	if err := look("SELECT id, phone FROM customers WHERE id = 5"); err == nil {
		t.Error("a person's right outlasted the person's turn")
	}
	if got := keys(s.Saw("alice")); !slices.Equal(got, []string{"2"}) {
		t.Errorf("Alice is said to have seen %v", got)
	}
	if got := appSaw(t, s); !slices.Equal(got, []string{"1", "4"}) {
		t.Errorf("the portal is said to have seen %v", got)
	}
	for _, part := range append(strings.Split(token, "."), secret) {
		if strings.Contains(pg.Log(10<<20), part) || strings.Contains(s.Log.String(), part) {
			t.Error("a part of a token is in a log")
		}
	}
	if !strings.Contains(pg.Log(10<<20), "SET custody.on_behalf_of") {
		t.Error("the database logs no statements, so the check of its log shows nothing")
	}
}

func TestSignedIdentitiesThatDoNotCount(t *testing.T) {
	s := bodyshop(t)
	secret := portal(t, s)
	alice := s.Person("alice", see(contacts))
	s.Person("bob", see(contacts))
	conn := asPortal(t, s, secret)
	set := func(token string) error {
		_, err := conn.Exec(ctx, "SET custody.on_behalf_of = '"+token+"'")
		return err
	}
	good, forBob := signed(t, s, "alice", 0), signed(t, s, "bob", 0)
	short := signed(t, s, "alice", time.Second)
	time.Sleep(1100 * time.Millisecond) // its whole life
	if _, err := s.Store.EnsureSystem("elsewhere"); err != nil {
		t.Fatal(err)
	}
	s.Reload()
	other, err := s.Identity.IssueIdentity("alice@northfield.example", "elsewhere", "portal", 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Identity.Leave("bob@northfield.example"); err != nil {
		t.Fatal(err)
	}
	for what, token := range map[string]string{
		"expired": short, "of another system": other, "of somebody who left": forBob, "changed": good[:len(good)-2] + "AA",
		"unsigned": "eyJhbGciOiJub25lIn0.e30.", "nonsense": "x", "a personal token": alice, "too long": strings.Repeat("x", 100000),
	} {
		if err := set(token); err == nil {
			t.Errorf("an identity that is %s was accepted", what)
		} else if state, message := refusal(err); state != "28P01" && state != "42501" || strings.Contains(message, token) {
			t.Errorf("%s: %s %.200s", what, state, message)
		}
		if _, err := conn.Exec(ctx, "SELECT id, name FROM customers WHERE id = 9"); err == nil {
			t.Errorf("after an identity that is %s, something was shown", what)
		}
	}
	if _, err := s.As("alice", alice).Exec(ctx, "SET custody.on_behalf_of = '"+good+"'"); err == nil {
		t.Error("a person's session took another identity")
	}
	if err := set(good); err != nil {
		t.Errorf("a good identity after bad ones: %v", err)
	}
}

// TestIdentityEndsWithItsToken: what an application does for a person ends when the
// signed identity does, in the middle of the connection.
func TestIdentityEndsWithItsToken(t *testing.T) {
	s := bodyshop(t)
	secret := portal(t, s)
	s.Person("alice", see(contacts))
	conn := asPortal(t, s, secret)
	if _, err := conn.Exec(ctx, "SET custody.on_behalf_of = '"+signed(t, s, "alice", 2*time.Second)+"'"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(ctx, "SELECT id, name FROM customers WHERE id = 1"); err != nil {
		t.Fatal(err)
	}
	await(t, "the identity's end", func() bool {
		_, err := conn.Exec(ctx, "SELECT id, name FROM customers WHERE id = 1")
		return err != nil
	})
}
