package portal_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"custody"
	"custody/policy"
)

var tokenField = regexp.MustCompile(`name="token" value="([A-Z2-7]+)"`)

// TestReason: where a grant requires a reason the person is asked on a page, once for
// each customer and day, over tabs and restarts; the looks carry it.
func TestReason(t *testing.T) {
	k := newKit(t)
	grant := policy.Grant{See: contacts, ReasonRequired: true}
	alice := k.Browser("alice", grant)
	if resp, _ := k.get(alice, "/"); resp.StatusCode != http.StatusOK {
		t.Errorf("a page without customers: %d", resp.StatusCode)
	}
	answer := func(c *http.Client, path string, people string, reason string) string {
		t.Helper()
		resp, text := k.get(c, path, "Accept: text/html")
		token := tokenField.FindStringSubmatch(text)
		if resp.StatusCode != http.StatusForbidden || token == nil || !strings.Contains(text, people) {
			t.Fatalf("%s: %d %s", path, resp.StatusCode, text)
		}
		if strings.Contains(text, k.app.customers[0].Name) {
			t.Error("the question shows a name")
		}
		form := url.Values{"token": {token[1]}, "reason": {reason}}
		resp, text = k.do(c, http.MethodPost, "/.custody/reason", strings.NewReader(form.Encode()), "Content-Type: application/x-www-form-urlencoded", "Accept: text/html", "Origin: "+k.URL)
		if resp.StatusCode != http.StatusSeeOther && reason != "" {
			t.Fatalf("the answer: %d %s", resp.StatusCode, text)
		}
		return resp.Header.Get("Location")
	}
	if to := answer(alice, "/api/customers?n=3", "these 3 customers", "claim 4711"); to != "/api/customers?n=3" {
		t.Errorf("the answer leads to %q", to)
	}
	for _, path := range []string{"/api/customers?n=3", "/api/customers/2"} {
		if resp, text := k.get(alice, path); resp.StatusCode != http.StatusOK || !strings.Contains(text, k.app.customers[1].Name) {
			t.Errorf("%s after it: %d %.300s", path, resp.StatusCode, text)
		}
	}
	answer(alice, "/api/customers?n=4", "this customer", "claim 4712")
	k.Stop()
	k.Start()
	again := k.SignedIn("alice")
	if resp, text := k.get(again, "/api/customers?n=4"); resp.StatusCode != http.StatusOK {
		t.Errorf("after a restart: %d %.300s", resp.StatusCode, text)
	}
	reasons := k.reasons("alice")
	if reasons["2"] != "claim 4711" || reasons["4"] != "claim 4712" {
		t.Errorf("the ledger's reasons: %v", reasons)
	}
	if to := answer(again, "/api/customers/9", "this customer", ""); to != "" {
		t.Errorf("an empty reason leads to %q", to)
	}
	if resp, text := k.get(again, "/api/customers/9", "Custody-Reason: claim 4713"); resp.StatusCode != http.StatusOK || len(k.app.lastAsked().Header["Custody-Reason"]) > 0 {
		t.Errorf("a program that states its reason: %d %.200s", resp.StatusCode, text)
	}
	if k.reasons("alice")["9"] != "claim 4713" {
		t.Errorf("the ledger's reasons: %v", k.reasons("alice"))
	}
}

func (a *app) lastAsked() *http.Request {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.requests[len(a.requests)-1]
}

// reasons gives, by customer, why a person looked last.
func (k *kit) reasons(login string) map[string]string {
	k.t.Helper()
	people, err := k.Store.ListPeople()
	if err != nil {
		k.t.Fatal(err)
	}
	found := map[string]string{}
	for _, p := range people {
		if !strings.HasPrefix(p.Login, login+"@") {
			continue
		}
		for e := range k.Ledger.Index().SawBy(p.ID, time.Time{}, time.Now().Add(time.Hour)) {
			text := ""
			if e.Reason != 0 {
				if text, _, err = k.Store.Reason(e.Reason); err != nil {
					k.t.Fatal(err)
				}
			}
			for _, n := range e.Subjects {
				sub, err := k.Store.Subject(n)
				if err != nil {
					k.t.Fatal(err)
				}
				if _, later := found[sub.Key]; !later {
					found[sub.Key] = text
				}
			}
		}
	}
	return found
}

// TestReasonForSome: who may see names anyway and phones with a reason is asked only
// where a phone is.
func TestReasonForSome(t *testing.T) {
	k := newKit(t)
	alice := k.Browser("alice", see(custody.Categories(custody.Name)), policy.Grant{See: custody.Categories(custody.Phone), ReasonRequired: true})
	path := "/file?h=Content-Type:application/json&body=" + url.QueryEscape(`{"customers":[{"id":4,"name":"`+k.app.customers[3].Name+`"}]}`)
	if resp, text := k.get(alice, path); resp.StatusCode != http.StatusOK {
		t.Errorf("a name: %d %.200s", resp.StatusCode, text)
	}
	if resp, _ := k.get(alice, "/api/customers/2", "Accept: text/html"); resp.StatusCode != http.StatusForbidden {
		t.Errorf("a phone: %d", resp.StatusCode)
	}
	if resp, text := k.get(alice, "/export.csv"); resp.StatusCode != http.StatusForbidden {
		t.Errorf("a file: %d %.200s", resp.StatusCode, text)
	}
	k.saw("alice", 4)
}
