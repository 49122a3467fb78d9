package clients

import (
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"custody"
	"custody/custodytest"
	"custody/identity"
	"custody/policy"
	"custody/site"
)

// everything is a grant that permits all there is to permit.
func everything() policy.Grant {
	all := custody.Categories(custody.AllCategories()...)
	return policy.Grant{See: all, Export: true, Change: all}
}

// files are where a person's certificate and the site's authority lie.
type files struct{ ca, cert, key string }

// clientFiles writes the site's authority and a fresh personal certificate.
func clientFiles(t testing.TB, s *custodytest.Site, login string) files {
	t.Helper()
	cert, key, _, err := s.Identity.IssueCertificate(identity.CredentialRequest{Login: login + "@northfield.example", System: s.Database})
	if err != nil {
		t.Fatal(err)
	}
	s.Reload()
	dir := t.TempDir()
	f := files{ca: authorityFile(t, s), cert: filepath.Join(dir, "client.crt"), key: filepath.Join(dir, "client.key")}
	for path, b := range map[string][]byte{f.cert: cert, f.key: key} {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// authorityFile writes the certificate by which clients know the gate.
func authorityFile(t testing.TB, s *custodytest.Site) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.crt")
	b := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Options.CA.Certificate.Raw})
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// serveSocket lets the gate listen on a unix socket as well and gives its folder.
func serveSocket(t testing.TB, s *custodytest.Site) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "gate-")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(); os.RemoveAll(dir) })
	served := s.Site
	go served.Serve(l)
	return dir
}

// upstreamTLS makes the gate itself speak verified TLS to the database.
func upstreamTLS(t testing.TB, pg *custodytest.PG, database string) custodytest.SiteOption {
	t.Helper()
	url := strings.Replace(pg.URLFor(database), "sslmode=disable", "sslmode=verify-full&sslrootcert="+pg.RootCert, 1)
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	return func(o *site.Options) {
		config.User, config.Password = o.Systems[0].Upstream.User, o.Systems[0].Upstream.Password
		o.Systems[0].Upstream = config
	}
}
