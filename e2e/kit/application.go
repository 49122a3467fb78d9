package kit

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"custody/custodytest"
	"custody/identity"
	"custody/policy"
)

// Application declares an application named portal with a secret and gives that.
func Application(t testing.TB, s *custodytest.Site, grants ...policy.Grant) (secret string) {
	t.Helper()
	if _, err := s.Identity.AddApplication("portal", "Northfield"); err != nil {
		t.Fatal(err)
	}
	secret, _, err := s.Identity.IssueSecret(identity.CredentialRequest{Login: "portal", System: s.Database})
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range grants {
		g.Application = "portal"
		s.Grant(g)
	}
	s.Reload()
	return secret
}

// AsApplication connects with the application's own credential.
func AsApplication(t testing.TB, s *custodytest.Site, secret string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), strings.Replace(s.URL("portal", secret), "portal%40northfield.example", "portal", 1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// Signed gives a person's identity for that application, for its usual time with 0.
func Signed(t testing.TB, s *custodytest.Site, login string, ttl time.Duration) string {
	t.Helper()
	text, err := s.Identity.IssueIdentity(login+"@northfield.example", s.Database, "portal", ttl)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
