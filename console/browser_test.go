package console_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"custody/console"
	"custody/custodytest"
	"custody/identity"
)

// seen looks at the page as people do, and takes pictures.
func (s *screen) seen(name string) { s.t.Helper(); s.Page.Seen("console-" + name) }

func TestPagesInABrowser(t *testing.T) {
	w := newWorld(t)
	t.Run("lead", func(t *testing.T) {
		s := w.screen(t, "lena")
		s.open("/")
		s.Wait("#h-today")
		s.seen("now")
		s.open("/customers")
		s.Fill("#what", "120")
		s.Fill("#reason", "Subject access request")
		s.Follow("button.primary")
		if !strings.Contains(s.Text("h1"), "Customer 120") {
			t.Fatalf("the customer's page says %q", s.Text("h1"))
		}
		s.seen("customer")
		s.Follow(".actions .button")
		s.seen("answer")
		s.open(fmt.Sprintf("/people/%d?why=%s", w.ids["bob"], w.Database))
		s.seen("person")
		for _, p := range []string{"people", "systems", "processors", "rules", "rights?category=phone&system=" + w.Database, "ledger", "me", "customers"} {
			s.open("/" + p)
			name, _, _ := strings.Cut(p, "?")
			s.seen(name)
		}
	})
	t.Run("register", func(t *testing.T) {
		s := w.screen(t, "lena")
		s.open("/processors")
		unfold := func() {
			custodytest.Eval[int](s.Page, `document.querySelectorAll("details").forEach(d => d.open = true), 0`)
		}
		send := func(action string, fields ...string) {
			t.Helper()
			unfold()
			form := fmt.Sprintf("form[action$=%q] ", action)
			for i := 0; i+1 < len(fields); i += 2 {
				custodytest.Eval[string](s.Page, fmt.Sprintf("document.querySelector(%q).value = %q", form+"[name="+fields[i]+"]", fields[i+1]))
			}
			s.Follow(form + "button")
			s.Wait(".message.good")
		}
		send("/processors", "organisation", "Harbour Mailing and Fulfilment Services (North) Limited", "contract", "DPA 7", "instructions", "annex 2", "end", "2026-12-10")
		unfold()
		s.Click("form[action$=scope] [value=name]")
		s.Click("form[action$=scope] [value=address]")
		send("/scope")
		unfold()
		s.Click("form[action$=transfers] [value=name]")
		send("/transfers", "subjects", "3", "means", "sftp", "purpose", "recall letters", "due", "2026-12-01")
		send("/papers", "kind", "certificate", "name", "ISO 27001", "evidence", "folder 9", "till", "2027-05-31")
		send("/papers", "kind", "sub-processor", "name", "Northcloud", "about", "hosting, UK")
		send("/review", "outcome", "conditions", "evidence", "report 13", "note", "fix the lock")
		s.seen("register")
		unfold()
		s.seen("register-forms")
		send("/return", "evidence", "deletion certificate 8")
		if text := s.Text("main"); !strings.Contains(text, "returned 24 November 2026") || !strings.Contains(text, "24 November 2026 to 10 December 2026") || !strings.Contains(text, "returned by 1 December 2026") || !strings.Contains(text, "until 31 May 2027") {
			t.Errorf("the register says %s", text)
		}
		s.open("/rules")
		send("/rules", "name", "clean-desk", "version", "1", "title", "Clean desk", "text", "Lock the screen when you leave the desk.")
		send("/courses", "name", "data-protection", "title", "Data protection")
		unfold()
		s.seen("rules-forms")
	})
	t.Run("requests and reviews", func(t *testing.T) {
		alice := w.screen(t, "alice")
		alice.open("/")
		alice.seen("staff")
		alice.open("/requests")
		alice.Click("details summary")
		alice.Fill("#subjects", "40")
		custodytest.Eval[string](alice.Page, `document.querySelector("#until").value = "2026-11-24T19:00"`)
		alice.Fill("#why", "Hail damage, claim 123: 40 calls to make today")
		alice.Follow("details button.primary")
		alice.Wait(".message.good")
		alice.seen("request")
		lena := w.screen(t, "lena")
		lena.open("/reviews")
		lena.Click("details summary")
		lena.Fill("#title", "Autumn review")
		lena.Follow("details button.primary")
		mara := w.screen(t, "mara")
		mara.open("/requests")
		mara.seen("decide")
		mara.Follow(".verdict .primary")
		mara.Wait(".message.good")
		mara.open("/reviews")
		mara.seen("review")
		mara.Click(".verdict .primary")
		mara.Wait(".rows .tag.ok[role=status]")
		otto := w.screen(t, "otto")
		otto.open("/me/tokens")
		otto.Fill("#name", "Nightly report")
		otto.Click("[name=scope][value=ledger]")
		otto.Follow("button.primary")
		otto.Wait(".secret")
		otto.seen("tokens")
	})
	t.Run("alerts, complaints, trace", func(t *testing.T) {
		lena := w.screen(t, "lena")
		for i, subject := range []int{120, 121, 122} {
			lena.open("/complaints")
			lena.Click("details summary")
			lena.Fill("#name", "A customer")
			lena.Fill("#answer", "customer@example.com")
			custodytest.Eval[string](lena.Page, fmt.Sprintf(`document.querySelector("#phone").value = %q; document.querySelector("#called").value = "2026-11-2%dT10:30"`, w.phone(subject), i+1))
			lena.Fill("#words", "Somebody rang who knew about my accident. I had told nobody but the garage.")
			lena.Follow("details button.primary")
			lena.Wait(".note")
		}
		lena.seen("complaint")
		lena.open("/complaints")
		lena.seen("complaints")
		lena.open("/trace")
		lena.Follow("form button.primary")
		lena.Wait("#traces .message, #traces .empty")
		lena.seen("trace")
		lena.open("/alerts")
		lena.seen("alerts")
		if custodytest.Eval[bool](lena.Page, `!!document.querySelector("main .rows a")`) {
			lena.Follow("main .rows a")
			lena.seen("alert")
		}
	})
	t.Run("planted customers", func(t *testing.T) {
		s := w.screen(t, "lena")
		s.open("/canaries")
		s.seen("canaries-none")
		s.Click("details summary")
		s.Fill("#subjects", "140\n141\n142")
		s.Fill("#note", "phone on the second floor")
		s.Fill("#for", "login "+w.login("bob"))
		s.Follow("details button.primary")
		s.Wait(".message.good")
		s.Click("details summary")
		s.seen("canaries")
		s.Follow("main td button")
		s.Wait("#h-withdrawn")
		s.open("/trace") // as the part before left it
		s.Wait("#traces .message, #traces .empty")
		custodytest.Eval[int](s.Page, `document.querySelectorAll("details").forEach(d => d.open = true), 0`)
		s.seen("trace-plan")
	})
	t.Run("giving and ending rights", func(t *testing.T) {
		s := w.screen(t, "adam")
		s.open("/rights/give")
		custodytest.Eval[string](s.Page, `document.querySelector("#kind").value = "role"`)
		s.Fill("#name", "front-desk")
		s.Click("[name=see][value=phone]")
		s.Click("[name=mask][value=email]")
		s.Fill("#day", "100")
		s.seen("give")
		s.Follow("button.primary")
		if text := s.Text(".warnish"); !strings.Contains(text, "1 person now") || !strings.Contains(text, "would see phone") {
			t.Errorf("what it would change: %q", text)
		}
		s.seen("would")
		s.Fill("#why", "The desk answers calls now")
		s.Follow("button[name=sure]")
		s.Wait(".message.good")
		s.seen("rights-given")
		s.Follow("main td a.button")
		s.seen("end-grant")
		s.Fill("#why", "A trial that is over")
		s.Follow("button.danger")
		s.Wait(".message.good")
		lena := w.screen(t, "lena")
		lena.open("/roles")
		lena.seen("roles")
	})
	t.Run("by keyboard", func(t *testing.T) {
		s := w.screen(t, "lena")
		s.open("/customers")
		s.Do(chromedp.Focus(chromedp.CSS("#what")))
		s.Press("120" + kb.Tab + kb.Tab + "Routine review")
		s.Leave(chromedp.KeyEvent(kb.Enter))
		if !strings.Contains(s.Text("h1"), "Customer 120") {
			t.Errorf("by keyboard alone one gets to %q", s.Text("h1"))
		}
		s.Size(390, 844)
		s.Click("[data-menu]")
		s.Wait("nav a[href='/people']")
		s.Screenshot("console-menu-390")
		s.Press(kb.Escape)
		s.Until(`document.activeElement.matches("[data-menu]") && document.activeElement.getAttribute("aria-expanded") === "false"`)
	})
}

// TestPagesForEachRole glances at the pages that are not what a lead sees.
func TestPagesForEachRole(t *testing.T) {
	w := newWorld(t)
	bob := fmt.Sprintf("people/%d", w.ids["bob"])
	for _, of := range []struct {
		who   string
		paths []string
	}{
		{"adam", []string{"now", "people", bob, "systems", "rights", "roles", "ledger", "rules"}},
		{"otto", []string{"now", "customers", "alerts", "reviews", "processors"}},
		{"mara", []string{"now", "people", bob, "requests", "reviews"}},
		{"gwen", []string{"me", "me/tokens", "requests"}},
	} {
		s := w.screen(t, of.who)
		for _, p := range of.paths {
			s.open("/" + p)
			s.Glance("console-" + of.who + "-" + strings.ReplaceAll(p, "/", "-"))
		}
	}
}

// TestTheNavigationLeadsSomewhere: nobody is led to a page that refuses them.
func TestTheNavigationLeadsSomewhere(t *testing.T) {
	w := newWorld(t)
	link := regexp.MustCompile(`<li><a href="([^"]+)"`)
	for _, who := range []string{"lena", "adam", "otto", "rosa", "mara", "gwen"} {
		desk := w.at(who)
		_, page := desk.get("/me")
		links := link.FindAllStringSubmatch(page, -1)
		if len(links) < 2 {
			t.Errorf("%s can go nowhere", who)
		}
		for _, l := range links {
			if status, _ := desk.get(l[1]); status != http.StatusOK {
				t.Errorf("%s is led to %s, and answered with %d", who, l[1], status)
			}
		}
	}
}

// TestPagesOfANewHouse looks at what there is on the first day, when there is nothing yet,
// and somebody's name is as long as names can be.
func TestPagesOfANewHouse(t *testing.T) {
	pg := custodytest.Postgres(t)
	w := &world{t: t, Console: custodytest.NewConsole(t, pg, custodytest.Bodyshop(t, pg, 300))}
	const login = "first@northfield.example"
	long := strings.Repeat("Wolfeschlegelsteinhausen", 4)
	if _, err := w.Identity.AddPerson(identity.NewPerson{Login: login, FullName: long, Organisation: strings.Repeat("Northfield", 9), Branch: long, Roles: []string{"estimator"}}); err != nil {
		t.Fatal(err)
	}
	w.Role(login, console.Lead, "")
	w.Reload()
	s := w.signedIn(t, login)
	for _, p := range []string{"now", "customers", "people", "alerts", "rights", "requests", "reviews", "systems", "processors", "rules", "complaints", "trace", "ledger", "me"} {
		s.open("/" + p)
		s.Glance("console-new-" + p)
	}
}

// phone gives the phone of a customer.
func (w *world) phone(customer int) (phone string) {
	w.t.Helper()
	conn := w.PG.Conn(w.t, w.Database)
	defer conn.Close(w.t.Context())
	if err := conn.QueryRow(w.t.Context(), "SELECT phone FROM customers WHERE id = $1", customer).Scan(&phone); err != nil {
		w.t.Fatal(err)
	}
	return phone
}
