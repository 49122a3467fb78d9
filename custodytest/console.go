package custodytest

import (
	"context"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"testing"
	"time"

	"custody"
	"custody/console"
	"custody/identity"
	"custody/signin"
	"custody/site"
	"custody/store"
)

// Console is a real deployment with its web console.
type Console struct {
	*Site
	URL string // how browsers reach it: http://localhost:port
}

// NewConsole starts a gate before a database of pg, with the console on the loopback.
func NewConsole(tb testing.TB, pg *PG, database string, opts ...SiteOption) *Console {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	public := &url.URL{Scheme: "http", Host: net.JoinHostPort("localhost", strconv.Itoa(l.Addr().(*net.TCPAddr).Port))}
	c := &Console{URL: public.String()}
	desk := &site.Console{Title: "Northfield", Public: public}
	opts = append([]SiteOption{func(o *site.Options) { o.Console = desk }}, opts...)
	c.Site = NewSite(tb, pg, database, BodyshopSystem(), opts...)
	desk.Verifier = c.Verifier
	served := c.Site.Site
	done := make(chan error, 1)
	go func() { done <- served.ServeConsole(l) }()
	tb.Cleanup(func() {
		l.Close()
		c.Stop()
		if err := <-done; err != nil {
			tb.Error(err)
		}
	})
	return c
}

// Role gives a person a role in the console; org may be empty for all employers.
func (c *Console) Role(login string, role console.Role, org string) {
	c.tb.Helper()
	r := store.ConsoleRole{Person: c.PersonID(login), Role: string(role), Start: c.now().Add(-time.Minute)}
	if org != "" {
		var err error
		if r.Organisation, err = c.Identity.EnsureOrganisation(org); err != nil {
			c.tb.Fatal(err)
		}
	}
	if err := c.Store.AddConsoleRole(&r); err != nil {
		c.tb.Fatal(err)
	}
	c.Reload()
}

func (c *Console) now() time.Time {
	if c.Options.Now != nil {
		return c.Options.Now()
	}
	return time.Now()
}

// PersonID finds a person's number.
func (c *Console) PersonID(login string) custody.PersonID {
	c.tb.Helper()
	p, err := c.Identity.Find(address(login))
	if err != nil || p == nil {
		c.tb.Fatalf("no person %s: %v", login, err)
	}
	return p.ID
}

// ConsoleCookie signs a person in at the console, accepts the notice for them and gives
// the cookie's name and value.
func (c *Console) ConsoleCookie(login string) (name, value string) {
	c.tb.Helper()
	value, _, sess, err := c.Identity.SignInBrowser(context.Background(), identity.SignIn{
		Login: address(login), System: console.SystemName, Method: identity.MethodPassword, Address: "127.0.0.1", Agent: "test", TTL: 8 * time.Hour,
	})
	if err != nil {
		c.tb.Fatal(err)
	}
	notice := signin.DefaultNotice()
	if err := c.Identity.AcceptNotice(sess, notice.Version, notice.Text); err != nil {
		c.tb.Fatal(err)
	}
	if err := c.Identity.Close(sess, custody.CodeNone); err != nil { // the door resumes the browser in a session of its own
		c.tb.Fatal(err)
	}
	return "__Host-custody_" + console.SystemName, value
}

// Client gives a client in which a person is signed in at the console, and which sends what
// browsers send with forms of their own origin.
func (c *Console) Client(login string) *http.Client {
	c.tb.Helper()
	name, value := c.ConsoleCookie(login)
	jar, _ := cookiejar.New(nil)
	return &http.Client{Jar: jar, Transport: &cookied{name + "=" + value}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// cookied sends a cookie that jars would keep for https, as browsers do on localhost.
type cookied struct{ cookie string }

// RoundTrip implements http.RoundTripper.
func (c *cookied) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Cookie", c.cookie)
	if r.Method == http.MethodPost && r.Header.Get("Sec-Fetch-Site") == "" {
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	return http.DefaultTransport.RoundTrip(r)
}
