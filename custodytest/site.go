package custodytest

import (
	"bytes"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/note"

	"custody"
	"custody/identity"
	"custody/ledger"
	"custody/policy"
	"custody/site"
	"custody/store"
)

// Site is a real deployment in a temporary folder: a gate with its ledger and
// store in front of a database of a private PostgreSQL.
type Site struct {
	*site.Site
	Dir      string
	Store    *store.Store
	PG       *PG
	Database string // the guarded database, also the system's name
	Address  string // of the gate
	Verifier note.Verifier
	Log      *Log
	Options  site.Options

	tb        testing.TB
	listener  net.Listener
	portal    net.Listener // of the portal, if there is one
	portalAt  string
	signerKey string
}

// Log collects what the site logs, for tests that look for what must not be there.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String gives all that was logged.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// SiteOption changes what a site is made of.
type SiteOption func(*site.Options)

// NewSite starts a gate in front of a database that exists in pg and closes it
// when tb ends. system declares what the database holds; its name becomes the
// database's. The gate signs in by a role of its own, as custody setup postgres makes
// it; the option Superuser asks for another.
func NewSite(tb testing.TB, pg *PG, database string, system custody.System, opts ...SiteOption) *Site {
	tb.Helper()
	return newSite(tb, pg, database, system, nil, opts...)
}

func newSite(tb testing.TB, pg *PG, database string, system custody.System, portal net.Listener, opts ...SiteOption) *Site {
	tb.Helper()
	s := &Site{Dir: tb.TempDir(), PG: pg, Database: database, tb: tb, Log: &Log{}, portal: portal}
	var err error
	if s.Store, err = store.Open(filepath.Join(s.Dir, "custody.db")); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Store.Close() })
	skey, vkey, err := note.GenerateKey(nil, "custody.example/test")
	if err != nil {
		tb.Fatal(err)
	}
	s.signerKey = skey
	signer, err := note.NewSigner(skey)
	if err != nil {
		tb.Fatal(err)
	}
	if s.Verifier, err = note.NewVerifier(vkey); err != nil {
		tb.Fatal(err)
	}
	system.Name = database
	upstream, err := pg.GateRole(context.Background(), database, &system)
	if err != nil {
		tb.Fatalf("the gate's role: %v (%v)", err, unwrapAll(err))
	}
	certificate, ca := serverTLS(tb)
	s.Options = site.Options{
		Store: s.Store, LedgerDir: filepath.Join(s.Dir, "ledger"), Signer: signer, Origin: "custody.example/test",
		Key: bytes.Repeat([]byte{7}, 32), CA: ca, TLS: certificate,
		Systems: []site.System{{System: system, Upstream: upstream, SchemaEvery: 500 * time.Millisecond}},
		Poll:    20 * time.Millisecond, SegmentSize: 1 << 20,
		Log: slog.New(slog.NewTextHandler(s.Log, nil)),
	}
	for _, o := range opts {
		o(&s.Options)
	}
	if err := ledger.Create(s.Options.LedgerDir, ledger.Options{Origin: s.Options.Origin, Signer: signer, SegmentSize: s.Options.SegmentSize}); err != nil {
		tb.Fatal(err)
	}
	s.Start()
	tb.Cleanup(func() { s.Stop() })
	return s
}

// serverTLS makes an authority and a certificate for the gate.
func serverTLS(tb testing.TB) (*tls.Config, *identity.CA) {
	tb.Helper()
	certPEM, keyPEM, err := identity.CreateCA("test", time.Now())
	if err != nil {
		tb.Fatal(err)
	}
	ca, err := identity.LoadCA(certPEM, keyPEM)
	if err != nil {
		tb.Fatal(err)
	}
	cert, key, err := ca.ServerCertificate([]string{"localhost", "127.0.0.1"}, time.Now(), time.Hour)
	if err != nil {
		tb.Fatal(err)
	}
	config, err := site.ServerTLS(cert, key, certPEM)
	if err != nil {
		tb.Fatal(err)
	}
	return config, ca
}

// Start opens the site, after Stop too.
func (s *Site) Start() {
	s.tb.Helper()
	var err error
	if s.Site, err = site.Open(context.Background(), s.Options); err != nil {
		s.tb.Fatalf("%v (%v)", err, unwrapAll(err))
	}
	address := s.Address
	if address == "" {
		address = "127.0.0.1:0"
	}
	if s.listener, err = net.Listen("tcp", address); err != nil {
		s.tb.Fatal(err)
	}
	s.Address = s.listener.Addr().String()
	served := s.Site
	l := s.listener
	go served.Serve(l)
	s.servePortal()
}

// servePortal lets browsers in, on the same address after a restart.
func (s *Site) servePortal() {
	if s.portal == nil {
		return
	}
	if s.portalAt != "" {
		var err error
		if s.portal, err = net.Listen("tcp", s.portalAt); err != nil {
			s.tb.Fatal(err)
		}
	}
	s.portalAt = s.portal.Addr().String()
	served, l := s.Site, s.portal
	go served.ServePortal(s.Database, l)
}

func unwrapAll(err error) error {
	for {
		u, ok := err.(interface{ Unwrap() error })
		if !ok || u.Unwrap() == nil {
			return err
		}
		err = u.Unwrap()
	}
}

// Stop closes the site, once.
func (s *Site) Stop() {
	if s.Site == nil {
		return
	}
	s.listener.Close()
	if s.portal != nil {
		s.portal.Close()
	}
	if err := s.Site.Close(); err != nil {
		s.tb.Log(err)
	}
	s.Site = nil
}

// Reload puts changes of the store in force now, without waiting for the watch.
func (s *Site) Reload() {
	s.tb.Helper()
	if err := s.Site.Reload(); err != nil {
		s.tb.Fatal(err)
	}
}

// Person adds a person with a role of their own and gives their token. login needs
// no domain.
func (s *Site) Person(login string, grants ...policy.Grant) (token string) {
	s.tb.Helper()
	login = address(login)
	if _, err := s.Identity.AddPerson(identity.NewPerson{
		Login: login, FullName: strings.ToUpper(login[:1]) + login[1:strings.IndexByte(login, '@')] + " Smith",
		Organisation: "Northfield", Roles: []string{"estimator"},
	}); err != nil {
		s.tb.Fatal(err)
	}
	for _, g := range grants {
		g.Person = login
		s.Grant(g)
	}
	return s.Token(login)
}

func address(login string) string {
	if strings.Contains(login, "@") {
		return login
	}
	return login + "@northfield.example"
}

// Grant adds a grant on the guarded system, from now on.
func (s *Site) Grant(g policy.Grant) custody.GrantID {
	s.tb.Helper()
	g.System = s.Database
	if g.Start.IsZero() {
		g.Start = time.Now().Add(-time.Minute)
	}
	if err := s.Store.AddGrant(&g); err != nil {
		s.tb.Fatal(err)
	}
	s.Reload()
	return g.ID
}

// Token issues a token to a person.
func (s *Site) Token(login string) string {
	s.tb.Helper()
	token, _, err := s.Identity.IssueToken(identity.CredentialRequest{Login: address(login), System: s.Database})
	if err != nil {
		s.tb.Fatal(err)
	}
	s.Reload()
	return token
}

// URL gives the connection string of a login with its token, through the gate.
func (s *Site) URL(login, token string, extra ...string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(address(login), token), Host: s.Address,
		Path: "/" + s.Database, RawQuery: strings.Join(append([]string{"sslmode=disable"}, extra...), "&"),
	}
	return u.String()
}

// As connects as somebody through the gate and closes the connection when tb ends.
func (s *Site) As(login, token string, extra ...string) *pgx.Conn {
	s.tb.Helper()
	conn, err := pgx.Connect(context.Background(), s.URL(login, token, extra...))
	if err != nil {
		s.tb.Fatal(err)
	}
	s.tb.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// Env gives what psql and its relatives need to connect as somebody.
func (s *Site) Env(login, token string) []string {
	host, port, _ := net.SplitHostPort(s.Address)
	return append(os.Environ(), "PGHOST="+host, "PGPORT="+port, "PGUSER="+address(login), "PGPASSWORD="+token,
		"PGDATABASE="+s.Database, "PGSSLMODE=disable", "LC_ALL=C.UTF-8", "PGCONNECT_TIMEOUT=10")
}

// Saw gives the keys of the subjects that a person was shown, each with the
// categories, from the ledger's own index.
func (s *Site) Saw(login string) map[string]custody.CategorySet {
	s.tb.Helper()
	people, err := s.Store.ListPeople()
	if err != nil {
		s.tb.Fatal(err)
	}
	saw := map[string]custody.CategorySet{}
	for _, p := range people {
		if p.Login != address(login) {
			continue
		}
		for e := range s.Ledger.Index().SawBy(p.ID, time.Time{}, time.Now().Add(time.Hour)) {
			if e.Kind != custody.EventDisclosure {
				continue
			}
			for _, n := range e.Subjects {
				sub, err := s.Store.Subject(n)
				if err != nil {
					s.tb.Fatal(err)
				}
				saw[sub.Key] |= e.Clear | e.Masked
			}
		}
	}
	return saw
}

// Keys names subjects 1 to n, for comparing with Saw.
func Keys(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = strconv.Itoa(i + 1)
	}
	return keys
}
