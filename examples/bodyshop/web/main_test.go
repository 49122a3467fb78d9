package web_test

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"custody/custodytest"
	"custody/examples/bodyshop/web"
)

// One application on one database serves the tests that only read; who writes may do
// so too, with customers of its own.
var shared struct {
	once sync.Once
	app  *app
}

// app is the application on a real database behind a real listener.
type app struct {
	*httptest.Server
	web      *web.Server
	pool     *pgxpool.Pool
	database string
}

// customers is how many the sample has; 22 branches of 24 are Northfield's.
const customers = 600

func start(t testing.TB) *app {
	t.Helper()
	shared.once.Do(func() {
		pg := custodytest.Postgres(t)
		// The database outlives the first test that asks for it: it goes with the server.
		name := custodytest.Bodyshop(keep{t}, pg, customers)
		pool, err := pgxpool.New(context.Background(), pg.URLFor(name))
		if err != nil {
			t.Fatal(err)
		}
		s, err := web.New(context.Background(), pool, web.Options{})
		if err != nil {
			t.Fatal(err)
		}
		shared.app = &app{Server: httptest.NewServer(s), web: s, pool: pool, database: name}
	})
	if shared.app == nil {
		t.Fatal("the application did not start")
	}
	return shared.app
}

// keep is a test whose cleanups wait for the end of the process.
type keep struct{ testing.TB }

func (keep) Cleanup(func()) {}

// client is a browser without a screen.
type client struct {
	*http.Client
	t   testing.TB
	app *app
}

func (a *app) client(t testing.TB) *client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &client{Client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, t: t, app: a}
}

// as gives a client that signed in with an account.
func (a *app) as(t testing.TB, login, password string) *client {
	t.Helper()
	c := a.client(t)
	if status, _, header := c.signIn(login, password); status != http.StatusSeeOther || header.Get("Location") != "/" {
		t.Fatalf("signing in as %s: %d %s", login, status, header.Get("Location"))
	}
	return c
}

func (a *app) northfield(t testing.TB) *client { return a.as(t, "northfield.ashbridge", "Northfield1") }
func (a *app) severnside(t testing.TB) *client { return a.as(t, "severnside.westing", "Severnside1") }

var tokenField = regexp.MustCompile(`name="csrf" (?:value|content)="([^"]+)"`)

// token finds the token of a page's forms.
func (c *client) token(path string) string {
	c.t.Helper()
	_, body, _ := c.get(path)
	m := tokenField.FindStringSubmatch(body)
	if m == nil {
		c.t.Fatalf("no token on %s:\n%s", path, body)
	}
	return m[1]
}

func (c *client) signIn(login, password string) (int, string, http.Header) {
	c.t.Helper()
	return c.send(url.Values{"csrf": {c.token("/login")}, "user": {login}, "password": {password}}, "/login")
}

func (c *client) do(r *http.Request) (int, string, http.Header) {
	c.t.Helper()
	answer, err := c.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return answer.StatusCode, string(b), answer.Header
}

func (c *client) get(path string) (int, string, http.Header) {
	c.t.Helper()
	r, err := http.NewRequest("GET", c.app.URL+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.do(r)
}

// page gets a page that must be there.
func (c *client) page(path string) string {
	c.t.Helper()
	status, body, _ := c.get(path)
	if status != http.StatusOK {
		c.t.Fatalf("GET %s: %d\n%.2000s", path, status, body)
	}
	return body
}

// send posts a form with whatever token it holds.
func (c *client) send(form url.Values, path string) (int, string, http.Header) {
	c.t.Helper()
	r, err := http.NewRequest("POST", c.app.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return c.do(r)
}

// post fills in a form and sends it with the session's token; it gives where it leads.
func (c *client) post(path string, form url.Values) string {
	c.t.Helper()
	form.Set("csrf", c.token("/account"))
	status, body, header := c.send(form, path)
	if status != http.StatusSeeOther {
		c.t.Fatalf("POST %s: %d\n%.3000s", path, status, body)
	}
	return header.Get("Location")
}
