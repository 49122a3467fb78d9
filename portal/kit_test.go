package portal_test

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"custody"
	"custody/custodytest"
	"custody/policy"
	"custody/portal/upstream"
	"custody/site"
)

var contacts = custody.Categories(custody.Name, custody.Phone, custody.Email)

func see(c custody.CategorySet) policy.Grant { return policy.Grant{See: c} }

func exporting(c custody.CategorySet) policy.Grant { return policy.Grant{See: c, Export: true} }

// kit is the application with the gate in front.
type kit struct {
	*custodytest.Portal
	t   testing.TB
	app *app
}

func newKit(t testing.TB, change ...func(*site.Portal)) *kit {
	t.Helper()
	return newKitWith(t, nil, change...)
}

func newKitWith(t testing.TB, opts []custodytest.SiteOption, change ...func(*site.Portal)) *kit {
	t.Helper()
	pg := custodytest.Postgres(t)
	database := custodytest.Bodyshop(t, pg, 200)
	a := newApp(t, pg, database)
	form := func(p *site.Portal) { p.SignIn = custodytest.FormSignIn(appAccount) }
	k := &kit{t: t, app: a}
	k.Portal = custodytest.NewPortalWith(t, pg, database, a.URL, opts, append([]func(*site.Portal){form}, change...)...)
	return k
}

// get asks for a path and gives the answer with its body.
func (k *kit) get(c *http.Client, path string, header ...string) (*http.Response, string) {
	k.t.Helper()
	return k.do(c, http.MethodGet, path, nil, header...)
}

func (k *kit) do(c *http.Client, method, path string, body io.Reader, header ...string) (*http.Response, string) {
	k.t.Helper()
	resp, text, err := k.try(c, method, path, body, header...)
	if err != nil {
		k.t.Fatalf("%s %s: %v\n%s", method, path, err, k.Log)
	}
	return resp, text
}

func (k *kit) try(c *http.Client, method, path string, body io.Reader, header ...string) (*http.Response, string, error) {
	req, err := http.NewRequest(method, k.URL+path, body)
	if err != nil {
		return nil, "", err
	}
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	resp, err := c.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	_, err = b.ReadFrom(resp.Body)
	return resp, b.String(), err
}

// saw compares whom the ledger says that a person saw.
func (k *kit) saw(login string, want ...int) map[string]custody.CategorySet {
	k.t.Helper()
	saw := k.Saw(login)
	keys := make([]string, 0, len(saw))
	for key := range saw {
		keys = append(keys, key)
	}
	wanted := make([]string, 0, len(want))
	for _, n := range want {
		wanted = append(wanted, strconv.Itoa(n))
	}
	slices.Sort(keys)
	slices.Sort(wanted)
	if !slices.Equal(keys, wanted) {
		k.t.Errorf("the ledger says that %s saw %v, want %v", login, keys, wanted)
	}
	return saw
}

func to(n int) (list []int) {
	for i := range n {
		list = append(list, i+1)
	}
	return list
}

var _ = upstream.None

// direct is a client of the application itself, signed in there: what the gate gives
// is held against what it gets.
func (k *kit) direct() *http.Client {
	session := "direct"
	k.app.mu.Lock()
	k.app.sessions[session] = true
	k.app.mu.Unlock()
	return &http.Client{Transport: directly{k, session}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

type directly struct {
	k       *kit
	session string
}

func (d directly) RoundTrip(r *http.Request) (*http.Response, error) {
	r.URL.Scheme, r.URL.Host = "http", strings.TrimPrefix(d.k.app.URL, "http://")
	r.AddCookie(&http.Cookie{Name: "session", Value: d.session})
	return http.DefaultTransport.RoundTrip(r)
}

// stranger is a client that trusts the gate and is not signed in.
func (k *kit) stranger() *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: k.Roots(), ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}
