package portal_test

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"custody"
	"custody/custodytest"
	"custody/identity"
	"custody/policy"
	"custody/site"
	"custody/store"
)

// manager makes a person a manager of everybody at Northfield.
func (k *kit) manager(login string) *http.Client {
	k.t.Helper()
	c := k.Browser(login)
	p, err := k.Identity.Find(login + "@northfield.example")
	if err != nil || p == nil {
		k.t.Fatal(login, err)
	}
	org, err := k.Store.EnsureOrganisation("Northfield", time.Now())
	if err != nil {
		k.t.Fatal(err)
	}
	if err := k.Store.AddManager(context.Background(), 0, &store.Manager{Person: p.ID, Organisation: org}, time.Now()); err != nil {
		k.t.Fatal(err)
	}
	return c
}

func (k *kit) send(c *http.Client, path string, form url.Values, header ...string) (*http.Response, string) {
	k.t.Helper()
	if len(header) == 0 {
		header = []string{"Origin: " + k.URL}
	}
	return k.do(c, http.MethodPost, path, strings.NewReader(form.Encode()), append(header, "Content-Type: application/x-www-form-urlencoded", "Accept: text/html")...)
}

// until asks again and again until the gate has heard of a change, which it must within
// a second.
func (k *kit) until(c *http.Client, path string, status int) string {
	k.t.Helper()
	for began := time.Now(); ; {
		resp, text := k.get(c, path)
		if resp.StatusCode == status {
			return text
		}
		if time.Since(began) > 20*time.Second {
			k.t.Fatalf("%s is still %d: %.300s", path, resp.StatusCode, text)
		}
	}
}

// TestAskForMore: the limit's page leads to a form; a manager who is somebody else
// decides; then exactly so many more customers can be seen.
func TestAskForMore(t *testing.T) {
	k := newKit(t)
	alice := k.Browser("alice", policy.Grant{See: contacts, Limits: custody.Limits{PerDay: 2}})
	dora, carol := k.manager("dora"), k.Browser("carol")
	if resp, _ := k.get(alice, "/api/customers?n=2"); resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status)
	}
	resp, text := k.get(alice, "/api/customers/3", "Accept: text/html")
	if resp.StatusCode != http.StatusTooManyRequests || !strings.Contains(text, `href="/.custody/more"`) {
		t.Fatalf("the limit's page: %d %s", resp.StatusCode, text)
	}
	if resp, text := k.get(alice, "/.custody/more", "Accept: text/html"); resp.StatusCode != http.StatusOK || !strings.Contains(text, "How many customers?") {
		t.Fatalf("the form: %d %s", resp.StatusCode, text)
	}
	wish := url.Values{"kind": {"more"}, "subjects": {"3"}, "until": {"1h"}, "reason": {`claim <script>alert(1)</script>`}}
	if resp, _ := k.send(alice, "/.custody/more", wish, "Origin: https://evil.example"); resp.StatusCode != http.StatusForbidden {
		t.Errorf("another site files it: %d", resp.StatusCode)
	}
	for name, change := range map[string]string{"subjects": "0", "until": "for ever", "reason": " "} {
		bad := url.Values{}
		for key := range wish {
			bad[key] = wish[key]
		}
		bad[name] = []string{change}
		if resp, text := k.send(alice, "/.custody/more", bad); resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%s %q: %d %s", name, change, resp.StatusCode, text)
		}
	}
	if resp, text := k.send(alice, "/.custody/more", wish); resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("filing: %d %s", resp.StatusCode, text)
	}
	resp, text = k.get(dora, "/.custody/more", "Accept: text/html")
	if !strings.Contains(text, "3 more customers") || strings.Contains(text, "<script") || resp.Header.Get("Content-Security-Policy") == "" {
		t.Errorf("what waits for the manager: %s", text)
	}
	if _, text := k.get(carol, "/.custody/more", "Accept: text/html"); strings.Contains(text, "3 more customers") {
		t.Error("somebody else sees the request")
	}
	yes := url.Values{"id": {"1"}, "subjects": {"2"}, "decision": {"approve"}}
	for name, c := range map[string]*http.Client{"the asker": alice, "no manager": carol} {
		if resp, _ := k.send(c, "/.custody/more/decide", yes); resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s approves: %d", name, resp.StatusCode)
		}
	}
	if resp, _ := k.get(k.stranger(), "/.custody/more", "Accept: text/html"); resp.StatusCode != http.StatusSeeOther {
		t.Errorf("a stranger: %d", resp.StatusCode)
	}
	if resp, text := k.send(dora, "/.custody/more/decide", yes); resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("approving: %d %s", resp.StatusCode, text)
	}
	k.until(alice, "/api/customers/3", http.StatusOK)
	if resp, text := k.get(alice, "/api/customers?n=5"); resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("two more than approved: %d %.200s", resp.StatusCode, text)
	}
	if resp, text := k.get(alice, "/api/customers?n=4"); resp.StatusCode != http.StatusOK {
		t.Errorf("as approved: %d %.200s", resp.StatusCode, text)
	}
	if resp, _ := k.get(alice, "/api/customers/5"); resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("one more: %d", resp.StatusCode)
	}
	k.saw("alice", to(4)...)
	if _, text := k.get(alice, "/.custody/more", "Accept: text/html"); !strings.Contains(text, "approved") {
		t.Errorf("what became of it: %s", text)
	}
}

// TestApprovedExport: the refusal of an export leads to asking for it, and the export
// goes through once.
func TestApprovedExport(t *testing.T) {
	k := newKit(t)
	alice, dora := k.Browser("alice", policy.Grant{See: contacts, Limits: custody.Limits{PerDay: 20}}), k.manager("dora")
	export := "/export.csv"
	resp, text := k.get(alice, export, "Accept: text/html")
	if resp.StatusCode != http.StatusForbidden || !strings.Contains(text, "/.custody/more?kind=export") {
		t.Fatalf("without approval: %d %s", resp.StatusCode, text)
	}
	if _, text := k.get(alice, "/.custody/more?kind=export", "Accept: text/html"); !strings.Contains(text, `value="export" checked`) {
		t.Errorf("the form: %s", text)
	}
	ask := func(n int) {
		t.Helper()
		form := url.Values{"kind": {"export"}, "subjects": {strconv.Itoa(n)}, "until": {"1h"}, "reason": {"recall"}}
		if resp, text := k.send(alice, "/.custody/more", form); resp.StatusCode != http.StatusSeeOther {
			t.Fatalf("%d %s", resp.StatusCode, text)
		}
		waiting, err := k.Store.Requests(context.Background(), store.RequestFilter{State: store.StateOpen})
		if err != nil || len(waiting) != 1 {
			t.Fatal(waiting, err)
		}
		form = url.Values{"id": {strconv.FormatInt(waiting[0].ID, 10)}, "subjects": {strconv.Itoa(n)}, "decision": {"approve"}}
		if resp, text := k.send(dora, "/.custody/more/decide", form); resp.StatusCode != http.StatusSeeOther {
			t.Fatalf("%d %s", resp.StatusCode, text)
		}
	}
	ask(30) // fewer than it holds: it breaks off before the first too many
	for began := time.Now(); ; {
		resp, text, err := k.try(alice, http.MethodGet, export, nil)
		if err != nil {
			break
		}
		if resp.StatusCode == http.StatusOK || time.Since(began) > 20*time.Second {
			t.Fatalf("an export of more than was approved: %d, %d lines", resp.StatusCode, strings.Count(text, "\n"))
		}
	}
	k.saw("alice", to(30)...)
	if resp, _ := k.get(alice, "/api/customers/40"); resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("the exported count as seen: %d", resp.StatusCode)
	}
	if resp, text := k.get(alice, export); resp.StatusCode != http.StatusForbidden {
		t.Errorf("a second time: %d %.100s", resp.StatusCode, text)
	}
	ask(200)
	text = k.until(alice, export, http.StatusOK)
	if strings.Count(text, "\n") < 200 {
		t.Errorf("the export has %d lines", strings.Count(text, "\n"))
	}
	if resp, text := k.get(alice, export); resp.StatusCode == http.StatusOK {
		t.Errorf("a second time: %d %.100s", resp.StatusCode, text)
	}
	k.saw("alice", to(200)...)
}

// TestEmergency: who may take emergency access finds the form and has it within a
// second; again only after a review.
func TestEmergency(t *testing.T) {
	k := newKitWith(t, []custodytest.SiteOption{func(o *site.Options) {
		o.Systems[0].BreakGlass = site.BreakGlass{Roles: []string{"estimator"}, See: custody.Categories(custody.Name), Subjects: 2, For: time.Hour}
	}})
	alice, dora := k.Browser("alice"), k.manager("dora")
	if resp, _ := k.get(alice, "/api/customers/1"); resp.StatusCode != http.StatusForbidden {
		t.Fatalf("without a right: %d", resp.StatusCode)
	}
	if _, text := k.get(alice, "/.custody/more", "Accept: text/html"); !strings.Contains(text, "name of 2 more customers at once, for one hour") {
		t.Errorf("the form: %s", text)
	}
	form := url.Values{"reason": {"recall tonight"}}
	if resp, _ := k.send(alice, "/.custody/more/emergency", form); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("without the box ticked: %d", resp.StatusCode)
	}
	form.Set("sure", "1")
	if resp, _ := k.send(alice, "/.custody/more/emergency", form, "Origin: https://evil.example"); resp.StatusCode != http.StatusForbidden {
		t.Errorf("another site takes it: %d", resp.StatusCode)
	}
	if resp, text := k.send(alice, "/.custody/more/emergency", form); resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d %s", resp.StatusCode, text)
	}
	k.until(alice, "/api/customers?n=2", http.StatusOK)
	if resp, _ := k.get(alice, "/api/customers/3"); resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a third customer: %d", resp.StatusCode)
	}
	if resp, _ := k.send(alice, "/.custody/more/emergency", form); resp.StatusCode != http.StatusForbidden {
		t.Errorf("again without a review: %d", resp.StatusCode)
	}
	if resp, _ := k.send(dora, "/.custody/more/emergency", form); resp.StatusCode != http.StatusSeeOther { // she has the role too
		t.Errorf("somebody else: %d", resp.StatusCode)
	}
	for began := time.Now(); ; { // managers hear of it
		notices, err := k.Store.OutboxNotices(10)
		if err != nil {
			t.Fatal(err)
		}
		if len(notices) > 0 && string(notices[len(notices)-1].Kind) == "access.emergency" {
			break
		}
		if time.Since(began) > 20*time.Second {
			t.Fatalf("%d notices", len(notices))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// TestRulesPage: a rule is accepted in the session of its person, and a grant that needs
// it opens with it.
func TestRulesPage(t *testing.T) {
	k := newKit(t)
	alice := k.Browser("alice", policy.Grant{See: contacts, Needs: []string{"rule:clean-desk"}})
	if resp, _ := k.get(alice, "/api/customers/1"); resp.StatusCode != http.StatusForbidden {
		t.Fatalf("before: %d", resp.StatusCode)
	}
	bob, err := k.Identity.AddPerson(identity.NewPerson{Login: "bob@northfield.example", FullName: "Bob Jones", Organisation: "Northfield"})
	if err != nil {
		t.Fatal(err)
	}
	r := &store.Rule{Name: "clean-desk", Version: "1", Title: "Clean desk", Text: "Lock <b>it</b>."}
	if err := k.Store.AddRule(context.Background(), bob.ID, r, time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, text := k.get(alice, "/.custody/rules", "Accept: text/html"); !strings.Contains(text, "I have read it") || strings.Contains(text, "<b>it") {
		t.Errorf("the page: %s", text)
	}
	if resp, _ := k.send(alice, "/.custody/rules", url.Values{"rule": {"99"}}); resp.StatusCode != http.StatusNotFound {
		t.Errorf("no such rule: %d", resp.StatusCode)
	}
	if resp, text := k.send(alice, "/.custody/rules", url.Values{"rule": {strconv.FormatInt(r.ID, 10)}}); resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d %s", resp.StatusCode, text)
	}
	k.until(alice, "/api/customers/1", http.StatusOK)
	list, err := k.Store.RuleAcceptances(context.Background(), 0)
	if err != nil || len(list) != 1 || list[0].Session == 0 {
		t.Errorf("on record: %+v %v", list, err)
	}
}
