package portal_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"custody/custodytest"
	"custody/policy"
	"custody/site"
)

// TestPagesInABrowser looks at the gate's own pages with a real browser: the question
// for a reason is answered with the keyboard and leads on, the page over the limit and
// the one of a portal that is down say what is the matter.
func TestPagesInABrowser(t *testing.T) {
	k := newKit(t, func(p *site.Portal) { p.Title = "Northfield Estimates, Repairs and Courtesy Cars (Hollin Bridge)" })
	grant := policy.Grant{See: contacts, ReasonRequired: true}
	grant.Limits.PerDay = 12
	k.Person("alice", grant)
	p := custodytest.Browse(t, chromedp.Flag("ignore-certificate-errors", true))
	yes, cookie := true, k.Cookie("alice")
	if _, err := chromedp.Call(p.Context, network.SetCookie, network.SetCookieParams{
		Name: "__Host-custody_" + k.Database, Value: cookie, URL: k.URL, Path: "/", Secure: &yes, HTTPOnly: &yes}); err != nil {
		t.Fatal(err)
	}
	both := func(name string) {
		for _, width := range []int64{1280, 375} {
			p.Size(width, 800)
			p.Screenshot(name + map[int64]string{1280: "-desk", 375: "-phone"}[width])
			if wide := custodytest.Eval[bool](p, "document.documentElement.scrollWidth > innerWidth"); wide {
				t.Errorf("%s is wider than a screen of %d", name, width)
			}
			if round := custodytest.Eval[string](p, "getComputedStyle(document.querySelector('.card')).borderTopWidth + document.querySelector('.brand').innerText.slice(0, 10)"); round != "1pxNorthfield" {
				t.Errorf("%s does not look like the gate's pages: %q", name, round)
			}
		}
	}
	if status := p.Leave(chromedp.Navigate(k.URL + "/customers?n=10")); status != http.StatusForbidden {
		t.Errorf("the question: %d", status)
	}
	p.Wait("input[name=reason]")
	both("portal-reason")
	p.Fill("input[name=reason]", "claim 4711")
	if status := p.Follow("button"); status != http.StatusOK || !strings.Contains(p.Text("table"), k.app.customers[9].Name) {
		t.Errorf("after the answer: %d %s", status, p.Address())
	}
	if status := p.Leave(chromedp.Navigate(k.URL + "/customers?from=10&n=10")); status != http.StatusForbidden {
		t.Errorf("ten more: %d", status)
	}
	p.Fill("input[name=reason]", "claim 4712")
	if status := p.Follow("button"); status != http.StatusTooManyRequests {
		t.Errorf("over the limit: %d", status)
	}
	both("portal-limit")
	if status := p.Leave(chromedp.Navigate(k.URL + "/export.csv")); status != http.StatusForbidden {
		t.Errorf("an export: %d", status)
	}
	both("portal-export")
	if status := p.Leave(chromedp.Navigate(k.URL + "/.custody/more")); status != http.StatusOK {
		t.Errorf("ask for more: %d", status)
	}
	both("portal-more-empty")
	p.Fill("input[name=reason]", "recall of June: "+strings.Repeat("ring every owner of the batch; ", 8))
	if status := p.Follow("form button.primary"); status != http.StatusOK {
		t.Errorf("asked for more: %d", status)
	}
	both("portal-more")
	if status := p.Leave(chromedp.Navigate(k.URL + "/.custody/rules")); status != http.StatusOK {
		t.Errorf("rules: %d", status)
	}
	both("portal-rules-empty")
	if status := p.Leave(chromedp.Navigate(k.URL + "/refuse")); status != http.StatusBadGateway {
		t.Errorf("an application that fails: %d", status)
	}
	both("portal-failed")
	people, err := k.Store.ListPeople()
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Store.TakeDown(0, people[0].ID, "customers report calls", time.Now()); err != nil {
		t.Fatal(err)
	}
	k.Reload()
	if status := p.Leave(chromedp.Navigate(k.URL + "/")); status != http.StatusServiceUnavailable {
		t.Errorf("down: %d", status)
	}
	both("portal-down")
}
