package portal

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"custody"
	"custody/custodytest"
	"custody/policy"
)

// estimator sees what estimating needs, and phones and emails masked.
func estimator() policy.Grant {
	return policy.Grant{See: categories(custody.Name, custody.Vehicle, custody.Accident, custody.Policy), Mask: categories(custody.Phone, custody.Email)}
}

// TestPortalInABrowser goes through a working day at the guarded portal with a real
// browser, and then the ledger is asked.
func TestPortalInABrowser(t *testing.T) {
	s := newShop(t)
	alice := signInWithPassword(t, s)
	c := s.somebody(0)
	findsOut(alice, c)
	estimates(alice)
	onTheBoard(t, s, alice, c)
	exports(alice)
	atTheLimit(t, s)
	reasons(t, s)
	withPasskey(t, s)
	takenDown(t, s, alice)
	leaver(s, alice)
	saw := s.Saw("alice")
	if got, want := saw[c.id], categories(custody.Name, custody.Phone, custody.Email, custody.Vehicle, custody.Accident); got&want != want {
		t.Errorf("the ledger has customer %s with %v", c.id, got)
	}
	if strings.Contains(s.Log.String(), c.name) || strings.Contains(s.Log.String(), c.phone) {
		t.Error("a customer is in the log")
	}
}

// signInWithPassword sets up a sign-in, leaves, and comes back with it.
func signInWithPassword(t *testing.T, s *shop) *tab {
	b := s.guest(t, "alice", estimator())
	b.open("/.custody/sessions")
	b.Follow("header form button")
	b.At("/.custody/signed-out")
	b.open("/customers?q=a")
	b.At("/.custody/sign-in")
	b.Fill("input[name=login]", "alice@northfield.example")
	b.Fill("input[name=password]", passphrase)
	b.Fill("input[name=code]", b.code())
	b.seen("sign-in")
	b.Follow("form button.primary")
	b.At("/customers") // where the click that was stopped wanted to go
	return b
}

// findsOut finds a customer while typing; the fragment and the page have the phone masked.
func findsOut(b *tab, c customer) {
	b.t.Helper()
	b.open("/board")
	b.Fill("#find", c.name)
	b.Until(fmt.Sprintf("document.querySelector('#found').innerText.includes(%q)", c.name)) // and not what half of it has found
	if text := b.Text("#found"); !strings.Contains(text, c.name) || !strings.Contains(text, "•") || strings.Contains(text, c.phone) {
		b.t.Errorf("the suggestions say %q", text)
	}
	b.Screenshot("portal-suggestions-1280")
	b.Press(kb.ArrowDown)
	b.Leave(chromedp.Evaluate[chromedp.Void](`void document.getElementById("find").dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", bubbles: true, cancelable: true}))`))
	b.At("/customers/" + c.id)
	page := custodytest.Eval[string](b.Page, "document.documentElement.outerHTML")
	if !strings.Contains(b.Text("h1"), c.name) || strings.Contains(page, c.phone) || strings.Contains(page, c.email) {
		b.t.Errorf("the page of customer %s shows\n%s", c.id, b.Text("dl.facts"))
	}
	if phone := b.Text("[data-field=phone]"); !strings.Contains(phone, "•") || phone[:2] != c.phone[:2] {
		b.t.Errorf("the phone is masked as %q", phone)
	}
	b.seen("customer")
	b.open("/customers/" + c.id + "/edit")
	b.Leave(chromedp.Evaluate[chromedp.Void]("void document.querySelector('main form:not([role])').submit()")) // past the browser's own checks
	b.says("You may not see this")
	if text := b.Text("main"); !strings.Contains(text, "masks in their place") {
		b.t.Errorf("a form with masks was answered with %q", text)
	}
	var phone string
	if err := b.s.pool.QueryRow(ctx, "SELECT phone FROM customers WHERE id::text = $1", c.id).Scan(&phone); err != nil || phone != c.phone {
		b.t.Errorf("the customer's phone is %q after it, %v", phone, err)
	}
	b.seen("masked-form")
	b.open("/customers/" + c.id)
}

// estimates builds one from the customer's page and books the job.
func estimates(b *tab) {
	b.t.Helper()
	b.Follow(`a[href$="/estimate"]`)
	b.Fill("#rows .line:nth-child(1) [name=description]", "Strip and refit")
	b.Fill("#rows .line:nth-child(1) [name=quantity]", "1.5")
	b.Until(`document.getElementById("builder").dataset.priced?.startsWith("£")`) // the price comes through the gate as well
	b.seen("builder")
	gross := custodytest.Eval[string](b.Page, `document.getElementById("builder").dataset.priced`)
	b.Follow("[data-save]")
	if got := b.Text("#gross"); got != gross {
		b.t.Errorf("saved as %s, priced as %s", got, gross)
	}
	b.Fill("#booked_for", time.Now().AddDate(0, 0, 14).Format(time.DateOnly))
	b.Follow("section .go button")
	if !strings.Contains(b.Address(), "/jobs/") {
		b.t.Errorf("booking leads to %s", b.Address())
	}
}

// onTheBoard moves the job while somebody else looks on: events and the socket go through
// the gate, masked.
func onTheBoard(t *testing.T, s *shop, alice *tab, c customer) {
	t.Helper()
	job := alice.Address()[strings.LastIndexByte(alice.Address(), '/')+1:]
	branch := custodytest.Eval[string](alice.Page, "document.getElementById('branch_id').value")
	bob := s.guest(t, "bob", estimator())
	for _, b := range []*tab{alice, bob} {
		b.open("/board?branch=" + branch)
		b.Until(`document.querySelector("[data-board]").dataset.live`)
	}
	alice.seen("board")
	card := "#job-" + job
	alice.Click(card + ` [aria-label^="On to"]`)
	for _, b := range []*tab{alice, bob} {
		b.Until(`document.querySelector('.column[data-status="in-bodyshop"] ` + card + `')`)
	}
	custodytest.Eval[string](bob.Page, `(window.said = "", window.board = new WebSocket(location.origin.replace("http", "ws") + "/api/board?branch=`+branch+`"),
		window.board.onmessage = (e) => { window.said += e.data }, window.board.onclose = () => { window.shut = true }, "")`)
	bob.Until(`window.said.includes('"type":"board"')`)
	if said := custodytest.Eval[string](bob.Page, "window.said"); !strings.Contains(said, c.name) || strings.Contains(said, c.phone) || !strings.Contains(said, "•") {
		t.Errorf("the socket says %.600s", said)
	}
	if err := s.Identity.Leave("bob@northfield.example"); err != nil { // and is shut with its person
		t.Fatal(err)
	}
	bob.Until("window.shut")
}

// exports: the buttons of the story lead to a clear page.
func exports(b *tab) {
	b.t.Helper()
	for _, file := range []string{"csv", "xlsx"} {
		b.open("/export/customers." + file)
		b.says("You may not see this")
		if text := b.Text("main"); !strings.Contains(text, "export") || !strings.Contains(text, "data-protection@northfield.example") {
			b.t.Errorf("the page says %q", text)
		}
	}
	b.seen("export")
	b.Follow("a.plain")
	b.At("/board")
}

// atTheLimit: who has seen enough is told so, on a page and not by a broken table.
func atTheLimit(t *testing.T, s *shop) {
	t.Helper()
	grant := estimator()
	grant.Limits.PerDay = 130
	b := s.guest(t, "dave", grant)
	n := 1
	for ; n < 10; n++ {
		b.open(fmt.Sprintf("/customers?page=%d", n))
		if b.Text("h1") == "Your limit of customers is reached" {
			break
		}
	}
	if n < 2 || n == 10 {
		t.Errorf("the limit of 130 stopped at page %d", n)
	}
	if text := b.Text("main"); !strings.Contains(text, "limit of 130") || !strings.Contains(text, "To ask for more") {
		t.Errorf("the page says %q", text)
	}
	b.seen("limit")
	b.open("/customers?page=1") // those who were seen stay open
	if !strings.HasPrefix(b.Text("h1"), "Customers") {
		t.Errorf("a page that was seen says %q", b.Text("h1"))
	}
	if n := len(s.Saw("dave")); n == 0 || n > 130 {
		t.Errorf("the ledger says that %d were seen", n)
	}
}

// reasons: asked once, on a small page.
func reasons(t *testing.T, s *shop) {
	t.Helper()
	grant := estimator()
	grant.ReasonRequired = true
	s.Person("carol", grant)
	b := s.tab(t)
	b.password("carol")
	b.At("/.custody/notice")
	b.Click("input[name=accept]")
	b.Follow("main button.primary")
	c := s.somebody(1)
	b.open("/customers/" + c.id)
	b.says("Why do you need this?")
	b.seen("reason")
	b.Fill("#reason", "claim 4711, call back")
	b.Follow("form button")
	b.At("/customers/" + c.id)
	if !strings.Contains(b.Text("h1"), c.name) {
		t.Errorf("after the reason the page says %q", b.Text("h1"))
	}
}

// withPasskey enrols with a passkey and comes back with it.
func withPasskey(t *testing.T, s *shop) {
	t.Helper()
	s.Person("erin", estimator())
	b := s.tab(t)
	b.Authenticator()
	b.enrol("erin")
	b.Wait("button[data-passkey=create]")
	b.seen("set-up")
	b.Fill("#passkey-name", "Office computer")
	b.Click("button[data-passkey=create]")
	b.At("/.custody/notice")
	b.seen("notice")
	b.notice()
	b.Follow("header .who form button") // the application's own way out
	b.At("/.custody/sessions")
	b.seen("sessions")
	b.Follow("header form button")
	b.At("/.custody/signed-out")
	b.open("/board")
	b.At("/board") // the passkey is offered, and the device answers by itself
}

// takenDown: everybody meets the page, and goes on where they were when it is back.
func takenDown(t *testing.T, s *shop, alice *tab) {
	t.Helper()
	if err := s.Store.TakeDown(0, s.personID("carol"), "Customers report calls. We are looking into it.", time.Now()); err != nil {
		t.Fatal(err)
	}
	s.Reload()
	alice.open("/board")
	alice.says("Northfield Estimates has been taken offline")
	alice.seen("offline")
	if err := s.Store.BringUp(0, s.personID("alice"), time.Now()); err != nil {
		t.Fatal(err)
	}
	s.Reload()
	alice.open("/board")
	alice.Wait("[data-board]")
}

// leaver: what runs is cut, and the next click leads out.
func leaver(s *shop, alice *tab) {
	alice.t.Helper()
	alice.Until(`document.querySelector("[data-board]").dataset.live`)
	custodytest.Eval[string](alice.Page, `(fetch("/api/events").then(async (r) => { window.streaming = true; for await (const _ of r.body); }).then(() => { window.cut = "ended" }, () => { window.cut = "broken" }), "")`)
	alice.Until("window.streaming")
	if err := s.Identity.Leave("alice@northfield.example"); err != nil {
		alice.t.Fatal(err)
	}
	alice.Until("window.cut")
	custodytest.Eval[string](alice.Page, `(fetch("/api/customers").then((r) => { window.refused = r.status }), "")`)
	alice.Until("window.refused")
	if status := custodytest.Eval[int](alice.Page, "window.refused"); status != 401 {
		alice.t.Errorf("a leaver's script gets %d", status)
	}
	alice.open("/customers?" + url.Values{"q": {"smith"}}.Encode())
	alice.At("/.custody/sign-in")
	alice.seen("leaver")
}
