package portal

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"custody"
	"custody/detect"
	"custody/identity"
	"custody/policy"
	"custody/site"
	"custody/store"
	"custody/trace/intake"
)

// places puts one loopback address into Leeds, another into Lisbon, and a third behind a relay.
const places = "network,latitude,longitude,relay\n127.0.1.0/24,53.80,-1.55,0\n127.0.0.2/32,38.72,-9.14,0\n127.0.0.3/32,38.72,-9.14,1\n"

// seen is a live deployment in which people do what they should not.
type seen struct {
	*shop
	t *testing.T
}

// says waits for the alert about a person in which a detector says something.
func (s *seen) says(login string, rule detect.Rule, what string) *detect.Alert {
	s.t.Helper()
	var found *detect.Alert
	var all []string
	deadline := time.Now().Add(5 * time.Second) // that is the promise
	for found == nil {
		all = all[:0]
		list, err := s.Store.Alerts(true)
		if err != nil {
			s.t.Fatal(err)
		}
		for i := range list {
			var a detect.Alert
			if err := json.Unmarshal(list[i].Body, &a); err != nil {
				s.t.Fatal(err)
			}
			for _, f := range a.Findings {
				if all = append(all, list[i].Login+": "+f.Says); strings.HasPrefix(list[i].Login, login+"@") && f.Rule == rule && strings.Contains(f.Says, what) {
					found = &a
				}
			}
		}
		if found == nil && time.Now().After(deadline) {
			s.t.Fatalf("%s: no alert says %q; there are\n%s", login, what, strings.Join(all, "\n"))
		}
		time.Sleep(20 * time.Millisecond)
	}
	if len(found.Entries) == 0 {
		s.t.Errorf("%s: the alert has no entries", login)
	}
	for _, n := range found.Entries {
		if e, ok := s.Ledger.Index().Event(n); !ok || s.loginOf(e.Person) != login+"@northfield.example" {
			s.t.Errorf("%s: entry %d is not one of the person's", login, n)
		}
	}
	if strings.Contains(found.Says, "@") {
		s.t.Errorf("the alert names somebody: %s", found.Says)
	}
	s.t.Logf("%s: %s", rule, found.Says)
	return found
}

func (s *seen) loginOf(id custody.PersonID) string { return s.Identity.ByID(id).Login }

// from connects as somebody from a client address.
func (s *seen) from(login, token, address string) *pgx.Conn {
	s.t.Helper()
	c, err := pgx.ParseConfig(s.Site.URL(login, token))
	if err != nil {
		s.t.Fatal(err)
	}
	c.DialFunc = (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}).DialContext
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// browser signs a person in at the portal from an address.
func (s *seen) browser(login, address string) *http.Client {
	s.t.Helper()
	return s.withCookie(s.CookieFrom(login, address))
}

// get asks the portal for a path and gives the status.
func (s *seen) get(c *http.Client, path string) int {
	s.t.Helper()
	resp, err := c.Get(s.url + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

func (s *seen) withCookie(value string) *http.Client {
	return &http.Client{Transport: cookieTo{"__Host-custody_" + s.Database, value},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// cookieTo sends a cookie in clear, as a browser does to localhost.
type cookieTo struct{ name, value string }

func (c cookieTo) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Cookie", c.name+"="+c.value)
	return http.DefaultTransport.RoundTrip(r)
}

// look opens one customer by SQL.
func (s *seen) look(conn *pgx.Conn, id int) {
	s.t.Helper()
	if _, err := conn.Exec(ctx, "SELECT id, name FROM customers WHERE id = $1", id); err != nil {
		s.t.Fatal(err)
	}
}

// TestEverySourceIsLive: what detectors count comes from the gates of a running
// deployment: planted customers, client addresses, copies and downloads, sign-ins and
// looks after the end of a right, and refusals.
func TestEverySourceIsLive(t *testing.T) {
	table, err := detect.ReadPlaces(strings.NewReader(places))
	if err != nil {
		t.Fatal(err)
	}
	s := &seen{workingShop(t, site.Detection{Places: table}), t}
	<-s.DetectionReady()
	all := policy.Grant{See: seesAll().See, Export: true}
	for i := range 8 {
		g := all
		g.Person = fmt.Sprintf("p%d@northfield.example", i)
		s.Grant(g)
	}
	s.planted()
	s.travelled()
	s.copied()
	s.complained()
	s.left()
	s.expired()
	s.refusedAgain()
	if text := s.Log.String(); strings.Contains(text, "@northfield") {
		t.Errorf("the log names people: %s", text)
	}
}

// planted: two canaries, one opened by SQL and one at the portal. One is shown to p6 on
// purpose, whose look is no finding; p1's is.
func (s *seen) planted() {
	for key, meant := range map[string]string{"391": "", "392": "login p6@northfield.example"} {
		if err := s.Store.AddCanary(&store.Canary{System: s.Options.Systems[0].ID, Key: key, Meant: meant, Planted: time.Now()}); err != nil {
			s.t.Fatal(err)
		}
	}
	s.Reload()
	s.look(s.from("p6", s.Token("p6"), "127.0.1.7"), 392)
	s.look(s.from("p0", s.Token("p0"), "127.0.1.1"), 391)
	if a := s.says("p0", detect.Facts, "Opened a planted customer"); a.Held || len(a.Entries) != 1 {
		s.t.Errorf("%+v", a)
	}
	if status := s.get(s.browser("p1", "127.0.1.2"), "/customers/392"); status != http.StatusOK {
		s.t.Fatalf("the portal answers %d", status)
	}
	s.says("p1", detect.Facts, "planted customer") // and p6 looked before
	all, err := s.Store.Alerts(true)
	if err != nil || slices.ContainsFunc(all, func(a store.Alert) bool {
		return a.Person != 0 && s.loginOf(a.Person) == "p6@northfield.example" && slices.Contains(a.Rules, string(detect.Facts))
	}) {
		s.t.Errorf("a look at a planted customer that was shown on purpose is a finding: %v", err)
	}
}

// travelled: a login in Leeds and, minutes later, in Lisbon, by SQL and at the portal;
// and a credential that is live at two addresses.
func (s *seen) travelled() {
	token := s.Token("p2")
	s.look(s.from("p2", token, "127.0.1.3"), 2)
	s.from("p2", token, "127.0.0.2")
	s.says("p2", detect.Shared, "km apart")
	s.says("p2", detect.Shared, "live at another address")
	s.get(s.browser("p3", "127.0.1.4"), "/customers/3")
	s.get(s.browser("p3", "127.0.0.2"), "/customers/3")
	s.says("p3", detect.Shared, "km apart")
}

// copied: a COPY of many customers, and a download at the portal.
func (s *seen) copied() {
	conn := s.from("p4", s.Token("p4"), "127.0.1.5")
	if _, err := conn.PgConn().CopyTo(ctx, io.Discard, "COPY (SELECT id, name, phone FROM customers WHERE id <= 120) TO STDOUT"); err != nil {
		s.t.Fatal(err)
	}
	s.says("p4", detect.Export, "Took 120 customers away in files")
	if _, err := conn.PgConn().CopyTo(ctx, io.Discard, "COPY (SELECT id, name FROM customers) TO STDOUT"); err != nil {
		s.t.Fatal(err)
	}
	s.says("p4", detect.Export, "most of the table")
	if status := s.get(s.browser("p5", "127.0.1.6"), "/export/customers.csv"); status != http.StatusOK {
		s.t.Fatalf("the export is answered with %d", status)
	}
	s.says("p5", detect.Export, "customers")
}

// complained: customers of one login complain, whose looks are all explained, and a
// planted customer is called. An alert with whose customers it fits becomes stronger.
func (s *seen) complained() {
	add := func(key int) {
		c := intake.Complaint{Way: intake.Console, Called: time.Now(), Body: intake.Body{Key: strconv.Itoa(key), System: s.Database, Words: "an unwanted call"}}
		if _, err := s.Intake().Add(ctx, &c); err != nil {
			s.t.Fatal(err)
		}
	}
	before := s.says("p4", detect.Export, "customers")
	for i := range 9 {
		add(15 + 8*i)
	}
	a := s.says("p7", detect.Outside, "who complained of unwanted calls")
	if len(a.Complaints) < 3 || a.Strength() < 3 || len(a.Innocent) == 0 {
		s.t.Errorf("%+v", a)
	}
	after := s.says("p4", detect.Outside, "came from customers of these looks")
	if after.Key != before.Key || after.Strength() < before.Strength() || len(after.Complaints) == 0 {
		s.t.Errorf("before %v, after %v", before.Strength(), after.Strength())
	}
	add(391)
	s.rings()
}

// rings waits for the alert about a call to a planted customer, which points at nobody.
func (s *seen) rings() {
	var says string
	within(s.t, 5*time.Second, "the alert about a call to a planted customer", func() bool {
		list, err := s.Store.Alerts(true)
		if err != nil {
			s.t.Fatal(err)
		}
		i := slices.IndexFunc(list, func(x store.Alert) bool {
			return x.Person == 0 && strings.Contains(x.Says, "A planted customer was called")
		})
		if i >= 0 {
			says = list[i].Says
		}
		return i >= 0
	})
	if !strings.Contains(says, "logins had looked at it before") {
		s.t.Error(says)
	}
	s.t.Log(says)
}

// left: whoever left tries the old token, and somebody the old password.
func (s *seen) left() {
	token := s.Token("p6")
	b := s.tab(s.t)
	b.password("p6")
	if err := s.Identity.Leave("p6@northfield.example"); err != nil {
		s.t.Fatal(err)
	}
	s.Reload()
	if _, err := pgx.Connect(ctx, s.Site.URL("p6", token)); custody.CodeOf(err) == custody.CodeNone {
		s.t.Fatal("a leaver got in")
	}
	a := s.says("p6", detect.Facts, "works for nobody here any more")
	first := len(a.Entries)
	b.open("/.custody/sign-in")
	b.Fill("input[name=login]", "p6@northfield.example")
	b.Fill("input[name=password]", passphrase)
	b.Fill("input[name=code]", b.code())
	b.Click("form button.primary")
	within(s.t, 5*time.Second, "the attempt at the portal", func() bool {
		return len(s.says("p6", detect.Facts, "works for nobody here any more").Entries) > first
	})
}

// expired: the only right ends, and its holder goes on asking.
func (s *seen) expired() {
	s.Person("late")
	id := s.Grant(policy.Grant{Person: "late@northfield.example", See: contacts})
	conn := s.from("late", s.Token("late"), "127.0.1.7")
	s.look(conn, 5)
	if err := s.Store.EndGrant(id, time.Now()); err != nil {
		s.t.Fatal(err)
	}
	s.Reload()
	for range 3 {
		if _, err := conn.Exec(ctx, "SELECT id, name FROM customers WHERE id = 5"); err == nil {
			s.t.Fatal("an ended right still opens")
		}
	}
	s.says("late", detect.Facts, "after the right to see them had ended")
}

// refusedAgain: questions beyond the right, and guesses at a token.
func (s *seen) refusedAgain() {
	token := s.Person("probe", see(categories(custody.Name)))
	conn := s.from("probe", token, "127.0.1.8")
	for i := range 20 {
		if _, err := conn.Exec(ctx, "SELECT id, phone FROM customers WHERE id = "+strconv.Itoa(i+1)); err == nil {
			s.t.Fatal("a phone was shown")
		}
	}
	s.says("probe", detect.Enumeration, "Asked again and again")
	s.Person("guessed")
	for range 10 {
		if _, err := pgx.Connect(ctx, s.Site.URL("guessed", identity.KindToken)); err == nil {
			s.t.Fatal("a guess got in")
		}
	}
	s.says("guessed", detect.Shared, "in vain")
}
