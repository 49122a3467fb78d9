package portal

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"custody"
	"custody/custodytest"
	"custody/detect"
	"custody/policy"
	"custody/site"
	"custody/store"
)

// TestActionsAtBothGates: what the policy says is done about an alert holds for a
// database client and in a browser: a reason is asked for every look, or the person
// signs in anew; and a reviewer's decision lifts it.
func TestActionsAtBothGates(t *testing.T) {
	s := &seen{workingShop(t, site.Detection{Actions: map[detect.Rule][]string{
		detect.Facts: {site.ActionNotify, site.ActionStepUp}, detect.Export: {site.ActionAskReason},
		detect.Unexplained: nil, detect.Slow: nil, detect.Shared: nil, detect.Burst: nil, detect.Enumeration: nil,
	}}), t}
	<-s.DetectionReady()
	if err := s.Store.AddCanary(&store.Canary{System: s.Options.Systems[0].ID, Key: "391", Planted: time.Now()}); err != nil {
		t.Fatal(err)
	}
	for _, login := range []string{"p4", "p5"} {
		s.Grant(policy.Grant{Person: login + "@northfield.example", See: seesAll().See, Export: true})
	}
	s.stepUpInSQL()
	s.stepUpInABrowser()
	s.stepUpBehindAnApplication()
	if err := s.Store.WithdrawCanary(s.Options.Systems[0].ID, "391", s.personID("p1"), time.Now()); err != nil { // or it would be in the exports
		t.Fatal(err)
	}
	s.Reload()
	s.reasonInSQL()
	s.reasonInABrowser()
}

// toldClient is what a database client is told: nothing if err is nil.
func toldClient(err error) (message, hint string) {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Message, e.Hint
	}
	if err != nil {
		return err.Error(), ""
	}
	return "", ""
}

func (s *seen) stepUpInSQL() {
	token := s.Person("sam", see(contacts))
	conn := s.As("sam", token)
	s.look(conn, 391)
	within(s.t, 5*time.Second, "the end of the session", func() bool {
		_, err := conn.Exec(ctx, "SELECT id, name FROM customers WHERE id = 1")
		return err != nil
	})
	_, err := pgx.Connect(ctx, s.Site.URL("sam", token))
	if message, hint := toldClient(err); !strings.Contains(message, "sign in anew") || !strings.Contains(hint, "new token") {
		s.t.Errorf("with the old token: %q, hint %q", message, hint)
	}
	fresh := s.Token("sam")
	s.look(s.As("sam", fresh), 1)
	if _, err := pgx.Connect(ctx, s.Site.URL("sam", token)); err == nil {
		s.t.Error("the old token opens again after a new one was given out")
	}
	a := s.alertOf("sam", detect.Facts)
	if err := s.Store.ReviewAlert(a.ID, s.personID("p1"), store.AlertMistaken, "it was a list of the branch", time.Now()); err != nil {
		s.t.Fatal(err)
	}
	s.Reload()
	s.look(s.As("sam", token), 1)
}

// alertOf finds the alert about a person that a detector raised.
func (s *seen) alertOf(login string, rule detect.Rule) *store.Alert {
	s.t.Helper()
	s.says(login, rule, "")
	list, err := s.Store.Alerts(true)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := range list {
		if list[i].Login == login+"@northfield.example" {
			return &list[i]
		}
	}
	s.t.Fatal("no alert about " + login)
	return nil
}

func (s *seen) personID(login string) custody.PersonID {
	s.t.Helper()
	p, err := s.Identity.Find(login + "@northfield.example")
	if err != nil || p == nil {
		s.t.Fatal(login, err)
	}
	return p.ID
}

func (s *seen) stepUpInABrowser() {
	b := s.guest(s.t, "beth", see(seesAll().See))
	b.open("/customers/391")
	within(s.t, 5*time.Second, "the end of the sign-in", func() bool {
		b.open("/customers/5")
		return strings.Contains(b.Address(), "/.custody/sign-in")
	})
	b.Screenshot("portal-step-up-1280")
	b.Fill("input[name=login]", "beth@northfield.example")
	b.Fill("input[name=password]", passphrase)
	b.Fill("input[name=code]", b.code())
	b.Follow("form button.primary")
	b.At("/customers/5")
	b.open("/customers/6")
	b.At("/customers/6")
}

func (s *seen) reasonInSQL() {
	conn := s.As("p4", s.Token("p4"))
	if _, err := conn.PgConn().CopyTo(ctx, io.Discard, "COPY (SELECT id, name, phone FROM customers WHERE id <= 120) TO STDOUT"); err != nil {
		s.t.Fatal(err)
	}
	within(s.t, 5*time.Second, "the question for a reason", func() bool {
		_, err := conn.Exec(ctx, "SELECT id, name FROM customers WHERE id = 4")
		return err != nil
	})
	_, err := conn.Exec(ctx, "SELECT id, name FROM customers WHERE id = 4")
	if message, hint := toldClient(err); !strings.Contains(message+hint, "custody.reason") {
		s.t.Errorf("without a reason: %q, hint %q", message, hint)
	}
	if _, err := conn.Exec(ctx, "SET custody.reason = 'claim 4471'"); err != nil {
		s.t.Fatal(err)
	}
	s.look(conn, 4)
}

func (s *seen) reasonInABrowser() {
	b := s.tab(s.t)
	b.password("p5")
	b.notice()
	custodytest.Eval[string](b.Page, `(void fetch("/export/customers.csv").then((r) => r.text().then(() => { window.got = r.status })), "")`)
	b.Until("window.got === 200")
	s.says("p5", detect.Export, "customers")
	// A customer who is not assigned to p5: where the data gives the reason none is asked for.
	within(s.t, 5*time.Second, "the question for a reason", func() bool {
		b.open("/customers/6")
		return custodytest.Eval[bool](b.Page, `!!document.getElementById("reason")`)
	})
	b.seen("asked-for-a-reason")
	b.Fill("#reason", "claim 4471")
	b.Follow("form button")
	b.At("/customers/6")
	if custodytest.Eval[bool](b.Page, `!!document.getElementById("reason")`) {
		s.t.Error("the reason was stated, and it is asked for again")
	}
}
