package portal

import (
	"encoding/base32"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"custody"
	"custody/custodytest"
	"custody/identity"
	"custody/identity/totp"
	"custody/policy"
	"custody/site"
)

// shop is the sample application behind the gate, at http://localhost, where browsers
// allow passkeys without a certificate.
type shop struct {
	*custodytest.Portal
	t    testing.TB
	url  string
	pool *pgxpool.Pool
}

// customer is one of the sample's with everything that the tests look at.
type customer struct {
	id                 string
	name, phone, email string
}

func newShop(t testing.TB, change ...func(*site.Portal)) *shop {
	t.Helper()
	pg := custodytest.Postgres(t)
	return shopOf(t, pg, custodytest.Bodyshop(t, pg, 1000), nil, change...)
}

// shopOf is the shop over a database of its own, with options for the site.
func shopOf(t testing.TB, pg *custodytest.PG, database string, opts []custodytest.SiteOption, change ...func(*site.Portal)) *shop {
	t.Helper()
	address, pool := custodytest.BodyshopApp(t, pg, database)
	s := &shop{t: t, pool: pool}
	local := func(p *site.Portal) {
		p.Public = &url.URL{Scheme: "http", Host: "localhost:" + p.Public.Port()}
		p.TLS, p.SignOut, p.ExportAbove, p.Closed = false, "/logout", 50, []string{"/account"}
		p.SignIn = custodytest.BodyshopSignIn("northfield.ashbridge:Northfield1")
		s.url = p.Public.String()
	}
	s.Portal = custodytest.NewPortalWith(t, pg, database, address, opts, append([]func(*site.Portal){local}, change...)...)
	return s
}

// somebody is a customer of the branch's firm with a phone, an email and an accident.
func (s *shop) somebody(n int) (c customer) {
	s.t.Helper()
	err := s.pool.QueryRow(ctx, `SELECT c.id::text, c.name, c.phone, c.email FROM customers c JOIN branches b ON b.id = c.branch_id
		WHERE b.organisation_id = 1 AND c.phone IS NOT NULL AND c.email IS NOT NULL AND EXISTS (SELECT FROM accidents a WHERE a.customer_id = c.id)
		AND (SELECT count(*) FROM customers d WHERE d.name = c.name) = 1 ORDER BY c.id OFFSET $1 LIMIT 1`, n).Scan(&c.id, &c.name, &c.phone, &c.email)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// tab is a person's browser.
type tab struct {
	*custodytest.Page
	t    testing.TB
	s    *shop
	key  []byte // of the authenticator app
	used int64
}

const passphrase = "kettle marmot dusk"

func (s *shop) tab(t testing.TB) *tab { return &tab{Page: custodytest.Browse(t), t: t, s: s} }

func (b *tab) open(path string) { b.t.Helper(); b.Open(b.s.url + path) }

// seen looks at the page as people do, and takes pictures.
func (b *tab) seen(name string) { b.t.Helper(); b.Page.Seen("portal-" + name) }

// says holds the gate's page to its heading.
func (b *tab) says(heading string) {
	b.t.Helper()
	if got := b.Text("h1"); got != heading {
		b.t.Errorf("the page at %s says %q, want %q", b.Address(), got, heading)
	}
}

func (b *tab) code() string {
	b.used = max(b.used+1, totp.Step(time.Now()))
	return totp.Code(b.key, b.used)
}

// enrol opens the page that a one-time code leads to.
func (b *tab) enrol(login string) {
	b.t.Helper()
	code, _, err := b.s.Identity.Enrol(login+"@northfield.example", 0)
	if err != nil {
		b.t.Fatal(err)
	}
	b.open("/.custody/enrol?code=" + code)
	b.Follow("main button.primary")
}

// password sets up a password with an authenticator app.
func (b *tab) password(login string) {
	b.t.Helper()
	b.enrol(login)
	b.Fill("input[name=password]", passphrase)
	b.Fill("input[name=again]", passphrase)
	b.Click("summary")
	var err error
	if b.key, err = base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(b.Text(".key"), " ", "")); err != nil {
		b.t.Fatal(err)
	}
	b.Fill("input[name=code]", b.code())
	b.Follow("form button.primary")
	b.Follow("main a.primary")
}

// notice accepts it and goes on to the board, with which the application begins.
func (b *tab) notice() {
	b.t.Helper()
	b.At("/.custody/notice")
	b.Click("input[name=accept]")
	b.Follow("main button.primary")
	b.At("/board")
}

// guest gives a new person's browser, signed in.
func (s *shop) guest(t testing.TB, login string, grants ...policy.Grant) *tab {
	t.Helper()
	s.Person(login, grants...)
	b := s.tab(t)
	b.password(login)
	b.notice()
	return b
}

// personID finds a person by login.
func (s *shop) personID(login string) custody.PersonID {
	s.t.Helper()
	people, err := s.Store.ListPeople()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, p := range people {
		if p.Login == identity.NormalLogin(login+"@northfield.example") {
			return p.ID
		}
	}
	s.t.Fatalf("no %s", login)
	return 0
}
