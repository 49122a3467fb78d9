package custodytest

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"
	"time"

	"custody"
	"custody/identity"
	"custody/policy"
	"custody/portal/upstream"
	"custody/signin"
	"custody/site"
	"custody/subjects/body"
)

// Portal is a real deployment with a web application behind the gate.
type Portal struct {
	*Site
	URL    string // how people reach it: https://127.0.0.1:port
	Origin string // the application itself
}

// BodyshopRules say what the sample application's answers hold beside identifiers.
func BodyshopRules() body.Rules {
	fields := map[string]string{
		"name": "name", "phone": "phone", "email": "email", "address_line1": "address", "address_line2": "address", "town": "address", "postcode": "address",
		"date_of_birth": "date-of-birth", "notes": "free-text", "registration": "vehicle", "vin": "vehicle", "policy_number": "policy", "claim_number": "policy",
		"happened_at": "accident", "place": "accident", "description": "accident", "third_party": "accident", "instructions": "free-text", "summary": "free-text",
	}
	r := body.Rules{
		JSON: map[string]string{"customers[].id": "key", "customer.id": "key", "**.customer_id": "key"},
		HTML: map[string]string{"[data-customer]": "key", "[data-field=address]": "address"},
		CSV:  map[string]string{"id": "key"},
	}
	for field, category := range fields {
		r.JSON["customers[]."+field], r.JSON["customer."+field] = category, category
		r.HTML["[data-field="+field+"]"] = category
		r.CSV[field] = category
	}
	return r
}

// BodyshopSignIn is the sample application's sign-in page, with one of its accounts.
func BodyshopSignIn(userPassword string) upstream.SignIn {
	in := FormSignIn(userPassword)
	in.Form.UserField = "user"
	return in
}

// NewPortal puts the gate in front of the application at origin, whose customers are
// in a database of pg.
func NewPortal(tb testing.TB, pg *PG, database, origin string, change ...func(*site.Portal)) *Portal {
	return NewPortalWith(tb, pg, database, origin, nil, change...)
}

// NewPortalWith is NewPortal with options for the site.
func NewPortalWith(tb testing.TB, pg *PG, database, origin string, opts []SiteOption, change ...func(*site.Portal)) *Portal {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	public, _ := url.Parse("https://" + l.Addr().String())
	to, err := url.Parse(origin)
	if err != nil {
		tb.Fatal(err)
	}
	p := &Portal{URL: public.String(), Origin: origin}
	o := &site.Portal{Title: "Northfield Estimates", Public: public, TLS: true, Origin: to, Rules: BodyshopRules(),
		Static: []string{"/static/"}, Contact: "data-protection@northfield.example"}
	for _, c := range change {
		c(o)
	}
	opts = append([]SiteOption{func(so *site.Options) { so.Systems[0].Portal = o }}, opts...)
	p.Site = newSite(tb, pg, database, BodyshopSystem(), l, opts...)
	return p
}

// FormSignIn is a sign-in page's form with the sample application's fields.
func FormSignIn(userPassword string) upstream.SignIn {
	return upstream.SignIn{Kind: upstream.FormKind,
		Form:   upstream.Form{Path: "/login", UserField: "username", PasswordField: "password"},
		Secret: func() (string, error) { return userPassword, nil }}
}

// Roots gives the TLS settings of a client that trusts the gate.
func (p *Portal) Roots() *tls.Config { return &tls.Config{RootCAs: p.Options.TLS.ClientCAs} }

// Browser adds a person with grants and gives a client with a browser's cookie, signed
// in and with the notice accepted.
func (p *Portal) Browser(login string, grants ...policy.Grant) *http.Client {
	p.tb.Helper()
	p.Person(login, grants...)
	return p.SignedIn(login)
}

// SignedIn gives a client in which a known person is signed in.
func (p *Portal) SignedIn(login string) *http.Client {
	p.tb.Helper()
	jar, _ := cookiejar.New(nil)
	at, _ := url.Parse(p.URL)
	jar.SetCookies(at, []*http.Cookie{{Name: "__Host-custody_" + p.Database, Value: p.Cookie(login), Path: "/", Secure: true}})
	return &http.Client{Jar: jar, Transport: &http.Transport{TLSClientConfig: p.Roots(), ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Cookie signs a person in, accepts the notice for them and gives the cookie.
func (p *Portal) Cookie(login string) string {
	p.tb.Helper()
	return p.CookieFrom(login, "127.0.0.1")
}

// CookieFrom is Cookie for a browser at an address.
func (p *Portal) CookieFrom(login, from string) string {
	p.tb.Helper()
	cookie, _, sess, err := p.Identity.SignInBrowser(context.Background(), identity.SignIn{
		Login: address(login), System: p.Database, Method: identity.MethodPassword, Address: from, Agent: "test", TTL: time.Hour,
	})
	if err != nil {
		p.tb.Fatal(err)
	}
	notice := signin.DefaultNotice()
	if err := p.Identity.AcceptNotice(sess, notice.Version, notice.Text); err != nil {
		p.tb.Fatal(err)
	}
	if err := p.Identity.Close(sess, custody.CodeNone); err != nil { // the portal resumes the browser in a session of its own
		p.tb.Fatal(err)
	}
	return cookie
}
