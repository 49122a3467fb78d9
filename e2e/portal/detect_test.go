package portal

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"custody"
	"custody/custodytest"
	"custody/detect"
	"custody/identity"
	"custody/notice"
	"custody/policy"
	"custody/site"
	"custody/store"
)

// working is a gate behind which eight people have worked for fifteen days, each on
// customers that are assigned to them, and whose clock is now that of today.
func working(t *testing.T, d site.Detection) *custodytest.Site {
	t.Helper()
	pg := custodytest.Postgres(t)
	database := assigned(t, pg)
	p := newPast(d)
	s := custodytest.NewSite(t, pg, database, custodytest.BodyshopSystem(), p.option)
	p.lived(t, s)
	return s
}

// assigned is a database whose customers are each assigned to one of eight people.
func assigned(t *testing.T, pg *custodytest.PG) string {
	t.Helper()
	database := custodytest.Bodyshop(t, pg, 400)
	pg.Exec(t, database, "CREATE TABLE assignments (customer_id bigint NOT NULL, login text NOT NULL)",
		"INSERT INTO assignments SELECT id, 'p' || id % 8 || '@northfield.example' FROM customers")
	return database
}

// workingShop is working with the portal of the sample application as well.
func workingShop(t *testing.T, d site.Detection) *shop {
	t.Helper()
	pg := custodytest.Postgres(t)
	database := assigned(t, pg)
	p := newPast(d)
	s := shopOf(t, pg, database, []custodytest.SiteOption{p.option})
	p.lived(t, s.Site)
	return s
}

// workingPortal is working with the sample application behind a portal, for programs that
// ask as browsers do.
func workingPortal(t *testing.T, d site.Detection) (*custodytest.Portal, *past) {
	t.Helper()
	pg := custodytest.Postgres(t)
	database := assigned(t, pg)
	p := newPast(d)
	address, _ := custodytest.BodyshopApp(t, pg, database)
	s := custodytest.NewPortalWith(t, pg, database, address, []custodytest.SiteOption{p.option}, func(x *site.Portal) {
		x.SignIn = custodytest.BodyshopSignIn("northfield.ashbridge:Northfield1")
	})
	p.lived(t, s.Site)
	return s, p
}

// past is a gate's clock and what detectors need for a history.
type past struct {
	clock atomic.Int64 // seconds; 0 is now
	d     site.Detection
}

func newPast(d site.Detection) *past {
	p := &past{d: d}
	p.clock.Store(time.Now().AddDate(0, 0, -20).Unix())
	return p
}

func (p *past) option(o *site.Options) {
	o.Now = func() time.Time {
		if at := p.clock.Load(); at != 0 {
			return time.Unix(at, 0)
		}
		return time.Now()
	}
	o.Detection = p.d
	o.Systems[0].Explanations = []custody.Template{{Name: "assigned", Says: "the customer is assigned to the person", Path: []custody.Join{
		{Left: custody.Column{Table: "assignments", Name: "customer_id"}, Right: custody.Column{Table: custody.TableSubject, Name: "key"}},
		{Left: custody.Column{Table: "assignments", Name: "login"}, Right: custody.Column{Table: custody.TablePerson, Name: "login"}},
	}}}
}

// lived writes the history and comes to the present.
func (p *past) lived(t *testing.T, s *custodytest.Site) {
	t.Helper()
	history(t, s)
	p.clock.Store(0)
	s.Reload()
}

// history writes fifteen ordinary days into the ledger.
func history(t *testing.T, s *custodytest.Site) {
	t.Helper()
	for i := range 8 {
		if _, err := s.Identity.AddPerson(identity.NewPerson{Login: fmt.Sprintf("p%d@northfield.example", i), FullName: "A Person", Organisation: "Northfield", Branch: "North", Roles: []string{"estimator"}}); err != nil {
			t.Fatal(err)
		}
	}
	people, err := s.Store.ListPeople()
	if err != nil {
		t.Fatal(err)
	}
	first := time.Now().AddDate(0, 0, -19)
	for day := range 15 {
		for look := range 6 {
			for i, p := range people {
				key := strconv.Itoa(((day*6+look)%49)*8 + 8 + i)
				n, err := s.Store.SubjectOf(s.Options.Systems[0].ID, key)
				if err != nil {
					t.Fatal(err)
				}
				at := time.Date(first.Year(), first.Month(), first.Day()+day, 9+look, i, 0, 0, time.UTC)
				if err := s.Ledger.Append(&custody.Event{Kind: custody.EventDisclosure, Route: custody.RouteQuery, Time: at, Person: p.ID, Organisation: 1,
					System: s.Options.Systems[0].ID, Clear: contacts, Subjects: []custody.SubjectID{n}}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// within waits for something that must come.
func within(t *testing.T, d time.Duration, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(d); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("did not come: " + what)
		}
	}
}

// TestMisuseIsNoticed: somebody reads one customer after another who is assigned to
// others, as a database client and then in the portal. An alert comes, the limit falls and
// the session is cut, all by itself; a restart raises nothing anew, and a reviewer's
// decision lifts the restraint.
func TestMisuseIsNoticed(t *testing.T) {
	both, clock := workingPortal(t, site.Detection{Actions: map[detect.Rule][]string{
		detect.Unexplained: {site.ActionNotify, site.ActionLowerLimit, site.ActionCut}, detect.Slow: {site.ActionNotify},
	}, LowerTo: 25})
	s := both.Site
	<-s.DetectionReady()
	if list, err := s.Store.Alerts(true); err != nil || len(list) != 0 {
		t.Fatalf("alerts on ordinary days: %+v %v", list, err)
	}
	grant := see(contacts)
	grant.Person = "p3@northfield.example"
	s.Grant(grant)
	conn := s.As("p3", s.Token("p3"))
	cut := false
	for id := 1; id <= 400 && !cut; id++ {
		if id%8 == 3 {
			continue
		}
		_, err := conn.Exec(ctx, "SELECT id, name FROM customers WHERE id = $1", id)
		cut = err != nil
		time.Sleep(20 * time.Millisecond)
	}
	if !cut {
		t.Fatal("nobody cut the session")
	}
	a := theAlert(t, s)
	var body detect.Alert
	if err := json.Unmarshal(a.Body, &body); err != nil {
		t.Fatal(err)
	}
	if len(body.Entries) == 0 || len(body.Tried) != 1 || body.Tried[0] != "the customer is assigned to the person" || len(body.Innocent) == 0 || body.Session == 0 || body.Grant == 0 {
		t.Errorf("the alert lacks something: %s", a.Body)
	}
	for _, n := range body.Entries {
		if e, ok := s.Ledger.Index().Event(n); !ok || e.Person != a.Person {
			t.Errorf("entry %d is not one of the person's", n)
		}
	}
	if strings.Contains(s.Log.String(), "p3@") {
		t.Error("the log names who is under review")
	}
	var notices []*notice.Message
	within(t, custodytest.Patience, "the notice", func() bool {
		var err error
		if notices, err = s.Store.OutboxNotices(100); err != nil { // the site may have sent it already
			t.Fatal(err)
		}
		return slices.ContainsFunc(notices, func(m *notice.Message) bool { return strings.HasPrefix(m.Subject, "Alert ") })
	})
	for _, m := range notices {
		if strings.HasPrefix(m.Subject, "Alert ") && strings.Contains(m.Text+m.Subject, "p3@") {
			t.Errorf("the notice: %+v", m)
		}
	}
	reviewed(t, s, a)
	noticedAtThePortal(t, both)
	restraintsEnd(t, both, clock, a.ID)
}

// status asks the portal for a customer; 0 is an answer that was cut off.
func status(t *testing.T, c *http.Client, base string, id int) (int, string) {
	t.Helper()
	r, err := c.Get(fmt.Sprintf("%s/customers/%d", base, id))
	if err != nil {
		return 0, ""
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return 0, ""
	}
	return r.StatusCode, string(text)
}

// noticedAtThePortal shows the session cut, the limit lowered and both lifted in a browser.
func noticedAtThePortal(t *testing.T, s *custodytest.Portal) {
	t.Helper()
	s.Grant(policy.Grant{Person: "p6@northfield.example", See: seesAll().See})
	// Each walk ends with the first answer that is refused: the session was cut, and in the
	// next one, the lower limit is reached.
	for _, want := range []int{http.StatusUnauthorized, http.StatusTooManyRequests} {
		c, code, text := s.SignedIn("p6"), http.StatusOK, ""
		for id := 1; id <= 400 && (code < 300 || code == http.StatusNotFound); id++ {
			if id%8 != 6 {
				code, text = status(t, c, s.URL, id)
				time.Sleep(20 * time.Millisecond)
			}
		}
		if code == 0 || code == http.StatusForbidden && want == http.StatusUnauthorized { // cut off in the middle of an answer
			code, _ = status(t, c, s.URL, 1)
		}
		if code != want {
			t.Fatalf("the walk through customers ends with %d, not %d: %s", code, want, text)
		}
	}
	c := s.SignedIn("p6")
	list, err := s.Store.Alerts(false)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(list, func(a store.Alert) bool { return a.Login == "p6@northfield.example" })
	if at < 0 {
		t.Fatalf("no alert about p6: %+v", list)
	}
	if err := s.Store.ReviewAlert(list[at].ID, personOf(t, s.Site, "p1"), store.AlertMistaken, "stocktaking", time.Now()); err != nil {
		t.Fatal(err)
	}
	within(t, 5*time.Second, "the end of the lower limit", func() bool {
		code, _ := status(t, c, s.URL, 399)
		return code == http.StatusOK
	})
}

func personOf(t *testing.T, s *custodytest.Site, login string) custody.PersonID {
	t.Helper()
	p, err := s.Identity.Find(login + "@northfield.example")
	if err != nil || p == nil {
		t.Fatal(login, err)
	}
	return p.ID
}

// restraintsEnd shows restraints that run out at their time, at both gates, while nothing
// else changes.
func restraintsEnd(t *testing.T, s *custodytest.Portal, clock *past, alert int64) {
	t.Helper()
	for _, login := range []string{"p2", "p5"} {
		s.Grant(policy.Grant{Person: login + "@northfield.example", See: seesAll().See})
	}
	token, c := s.Token("p2"), s.SignedIn("p5")
	now := time.Now().Add(2 * time.Second).Truncate(time.Second)
	clock.clock.Store(now.Unix())
	end := now.Add(5 * time.Minute)
	for _, r := range []store.Restraint{{Person: personOf(t, s.Site, "p2"), Fresh: true}, {Person: personOf(t, s.Site, "p5"), Reason: true}} {
		r.Alert, r.Start, r.End = alert, now, end
		if err := s.Store.AddRestraint(&r); err != nil {
			t.Fatal(err)
		}
	}
	s.Reload()
	if conn, err := pgx.Connect(ctx, s.Site.URL("p2", token)); err == nil {
		conn.Close(ctx)
		t.Error("the old token opens under the restraint")
	}
	if _, text := status(t, c, s.URL, 6); !strings.Contains(text, `id="reason"`) {
		t.Errorf("no reason is asked under the restraint: %.300s", text)
	}
	clock.clock.Store(end.Unix() + 1)
	within(t, 5*time.Second, "the end of the step-up", func() bool {
		conn, err := pgx.Connect(ctx, s.Site.URL("p2", token))
		if err == nil {
			conn.Close(ctx)
		}
		return err == nil
	})
	within(t, 5*time.Second, "the end of the question for a reason", func() bool {
		code, text := status(t, c, s.URL, 6)
		return code == http.StatusOK && !strings.Contains(text, `id="reason"`)
	})
}

// theAlert waits for the only alert.
func theAlert(t *testing.T, s *custodytest.Site) *store.Alert {
	t.Helper()
	var list []store.Alert
	within(t, 5*time.Second, "an alert", func() bool {
		list, _ = s.Store.Alerts(true)
		return len(list) > 0
	})
	if len(list) != 1 || !list[0].Sealed() || list[0].Login != "p3@northfield.example" || list[0].Device != "127.0.0.1" {
		t.Fatalf("%+v", list)
	}
	return &list[0]
}

// reviewed shows the restraint in force, a restart, and the end of both.
func reviewed(t *testing.T, s *custodytest.Site, a *store.Alert) {
	t.Helper()
	more := func() error {
		_, err := s.As("p3", s.Token("p3")).Exec(ctx, "SELECT id, name FROM customers WHERE id BETWEEN 100 AND 160")
		return err
	}
	within(t, 5*time.Second, "the lower limit", func() bool { return codeOf(more()) == custody.CodeLimit })
	s.Stop()
	s.Start()
	<-s.DetectionReady()
	if list, err := s.Store.Alerts(true); err != nil || len(list) != 1 {
		t.Errorf("after a restart: %d alerts, %v", len(list), err)
	}
	reviewer, err := s.Identity.Find("p1@northfield.example")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Store.ReviewAlert(a.ID, a.Person, store.AlertExplained, "it was nothing", time.Now()); custody.CodeOf(err) != custody.CodeForbidden {
		t.Errorf("a review of one's own: %v", err)
	}
	if err := s.Store.ReviewAlert(a.ID, reviewer.ID, store.AlertExplained, "stocktaking, agreed by the branch", time.Now()); err != nil {
		t.Fatal(err)
	}
	within(t, 5*time.Second, "the end of the restraint", func() bool { return more() == nil })
}
