package console_test

import (
	"database/sql"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	_ "modernc.org/sqlite"

	"custody"
	"custody/console"
	"custody/custodytest"
	"custody/identity"
	"custody/notice"
	"custody/policy"
	"custody/site"
)

func TestMain(m *testing.M) { custodytest.Main(m) }

// world is a repair group with a month of looks behind it. All tests that change nothing
// of it share one.
type world struct {
	*custodytest.Console
	t      testing.TB
	ids    map[string]custody.PersonID
	system custody.SystemID
	ahead  *atomic.Int64 // how far the clock is from now
	stop   *atomic.Int64 // where the clock stands still, in nanoseconds; zero lets it run
}

// opened is when the tests look at the world: a Tuesday afternoon.
var opened = time.Date(2026, 11, 24, 15, 47, 0, 0, time.UTC)

// The people of the world: who works where, and what they may do in the console.
var staff = []struct{ login, name, org, branch, role string }{
	{"lena", "Lena Leigh", "Northfield", "Ashbridge", "manager"},
	{"adam", "Adam Archer", "Northfield", "Ashbridge", "it"},
	{"otto", "Otto Ormond", "Northfield", "Ashbridge", "audit"},
	{"mara", "Mara Miles", "Northfield", "Saltby", "manager"},
	{"alice", "Alice Smith", "Northfield", "Saltby", "estimator"},
	{"bob", "Bob Barnes", "Northfield", "Saltby", "estimator"},
	{"carol", "Carol Cole", "Northfield", "Ashbridge", "estimator"},
	{"dan", "Dan Drake", "Northfield", "Ashbridge", "estimator"},
	{"erin", "Erin Eaves", "Northfield", "Brackwater", "estimator"},
	{"finn", "Finn Ford", "Northfield", "Brackwater", "estimator"},
	{"gwen", "Gwen Gale", "Northfield", "Brackwater", "front-desk"},
	{"quin", "Quin Quayle", "Quayside", "", "estimator"},
	{"rosa", "Rosa Reed", "Quayside", "", "lead"},
}

func newWorld(t testing.TB, opts ...custodytest.SiteOption) *world {
	t.Helper()
	pg := custodytest.Postgres(t)
	w := &world{t: t, ids: map[string]custody.PersonID{}, ahead: &atomic.Int64{}, stop: &atomic.Int64{}}
	w.ahead.Store(int64(time.Until(opened.AddDate(0, 0, -33))))
	clock := func() time.Time {
		if at := w.stop.Load(); at != 0 {
			return time.Unix(0, at)
		}
		return time.Now().Add(time.Duration(w.ahead.Load()))
	}
	w.Console = custodytest.NewConsole(t, pg, custodytest.Bodyshop(t, pg, 300), append([]custodytest.SiteOption{func(o *site.Options) {
		o.Now = clock
		nowhere := &url.URL{Scheme: "http", Host: "127.0.0.1:1"}
		o.Notices.Receivers = []notice.Receiver{{Name: "quiet", Channel: &notice.Folder{Path: t.TempDir()}, Kinds: []string{"nothing.*"}}}
		o.Systems[0].Portal = &site.Portal{Title: "Northfield Estimates", Public: nowhere, Origin: nowhere, Rules: custodytest.BodyshopRules()}
	}}, opts...)...)
	w.system = w.Options.Systems[0].ID
	for _, p := range staff {
		login := p.login + "@" + strings.ToLower(p.org) + ".example"
		made, err := w.Identity.AddPerson(identity.NewPerson{Login: login, FullName: p.name, Organisation: p.org, Branch: p.branch, Roles: []string{p.role}})
		if err != nil {
			t.Fatal(err)
		}
		w.ids[p.login] = made.ID
	}
	contacts := custody.Categories(custody.Name, custody.Phone, custody.Email)
	w.Grant(policy.Grant{Role: "estimator", See: contacts | custody.Categories(custody.Vehicle), Limits: custody.Limits{PerHour: 60, PerDay: 200}, Start: clock()})
	w.Grant(policy.Grant{Role: "front-desk", See: custody.Categories(custody.Name), Mask: custody.Categories(custody.Phone), Start: clock()})
	w.Role("lena@northfield.example", console.Lead, "")
	w.Role("adam@northfield.example", console.Administrator, "")
	w.Role("otto@northfield.example", console.Auditor, "Northfield")
	w.Role("rosa@quayside.example", console.Lead, "Quayside")
	w.manager("mara", "Saltby")
	w.month()
	w.ahead.Store(int64(time.Until(opened)))
	w.Reload()
	return w
}

// manager makes somebody the manager of a branch.
func (w *world) manager(login, branch string) {
	w.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(w.Dir, "custody.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	org, err := w.Identity.EnsureOrganisation(orgOf(login))
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := db.Exec("INSERT INTO managers (person, organisation, branch, given) VALUES (?, ?, ?, ?)", w.ids[login], org, branch, opened.AddDate(0, 0, -33).UnixMilli()); err != nil {
		w.t.Fatal(err)
	}
}

// month writes a month of looks, as the gate would have.
func (w *world) month() {
	w.t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	contacts := custody.Categories(custody.Name, custody.Phone, custody.Vehicle)
	london, _ := time.LoadLocation("Europe/London")
	now := opened.Add(-2 * time.Minute)
	var events []*custody.Event
	for d := 31; d >= 0; d-- {
		at := now.AddDate(0, 0, -d).In(london)
		morning := time.Date(at.Year(), at.Month(), at.Day(), 8, 30, 0, 0, london)
		for i := range 60 {
			t := morning.Add(time.Duration(i) * 9 * time.Minute)
			if at.Weekday() == time.Sunday || !t.Before(now) {
				continue
			}
			p := staff[4+(i+d)%8]
			n := 1 + r.IntN(3)
			if p.login == "bob" {
				n += r.IntN(6)
			}
			events = append(events, w.look(p.login, t, contacts, w.some(r, n)))
		}
	}
	if err := w.Ledger.Append(events...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) some(r *rand.Rand, n int) (list []custody.SubjectID) {
	first := custody.SubjectID(1 + r.IntN(280))
	for i := range n {
		list = append(list, first+custody.SubjectID(i))
	}
	return list
}

// look is one answer that somebody was shown.
func (w *world) look(login string, at time.Time, shown custody.CategorySet, subjects []custody.SubjectID) *custody.Event {
	w.t.Helper()
	org, err := w.Identity.EnsureOrganisation(orgOf(login))
	if err != nil {
		w.t.Fatal(err)
	}
	return &custody.Event{Kind: custody.EventDisclosure, Route: custody.RoutePage, Time: at, Person: w.ids[login], Organisation: org,
		System: w.system, Clear: shown, Subjects: subjects}
}

func orgOf(login string) string {
	for _, p := range staff {
		if p.login == login {
			return p.org
		}
	}
	return ""
}

func (w *world) login(name string) string {
	return name + "@" + strings.ToLower(orgOf(name)) + ".example"
}

// desk is somebody at the console, as a program sees it.
type desk struct {
	w *world
	*http.Client
}

func (w *world) at(name string) *desk { return &desk{w, w.Client(w.login(name))} }

// get gives the status and the text of a page.
func (d *desk) get(path string) (int, string) {
	d.w.t.Helper()
	r, err := d.Get(d.w.URL + path)
	return d.read(r, err)
}

func (d *desk) post(path string, form ...string) (int, string) {
	d.w.t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(form); i += 2 {
		v.Set(form[i], form[i+1])
	}
	r, err := d.PostForm(d.w.URL+path, v)
	return d.read(r, err)
}

// read gives the status and the body, or where a redirect leads.
func (d *desk) read(r *http.Response, err error) (int, string) {
	d.w.t.Helper()
	if err != nil {
		d.w.t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		d.w.t.Fatal(err)
	}
	if at := r.Header.Get("Location"); at != "" {
		return r.StatusCode, at
	}
	return r.StatusCode, string(b)
}

// customer opens a customer's page with a reason.
func (d *desk) customer(n custody.SubjectID) (int, string) {
	d.w.t.Helper()
	if status, to := d.post(fmt.Sprintf("/customers/%d/reason", n), "reason", "Subject access request"); status != http.StatusSeeOther {
		return status, to
	}
	return d.get(fmt.Sprintf("/customers/%d", n))
}

// screen is a tab of a real browser at the console.
type screen struct {
	*custodytest.Page
	w *world
	t testing.TB
}

// screen opens a tab in which somebody is signed in.
func (w *world) screen(t testing.TB, name string) *screen {
	t.Helper()
	return w.signedIn(t, w.login(name))
}

func (w *world) signedIn(t testing.TB, login string) *screen {
	t.Helper()
	cookie, value := w.ConsoleCookie(login)
	s := &screen{custodytest.Browse(t), w, t}
	yes := true
	if _, err := chromedp.Call(s.Context, network.SetCookie, network.SetCookieParams{Name: cookie, Value: value, URL: w.URL, Path: "/", Secure: &yes, HTTPOnly: &yes}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *screen) open(path string) { s.t.Helper(); s.Open(s.w.URL + path) }
