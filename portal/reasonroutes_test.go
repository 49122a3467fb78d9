package portal_test

import (
	"bufio"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"custody"
	"custody/custodytest"
	"custody/identity"
	"custody/policy"
	"custody/site"
)

const explainedBy = "a job of this customer is at your branch (job-at-branch)"

// explainedKit guards the application for somebody at whose branch customers 1, 2 and 3
// have a job, and nobody else; every look needs a reason.
func explainedKit(t *testing.T) (k *kit, alice *http.Client) {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(k.Log.String())
		}
	})
	k = newKitWith(t, []custodytest.SiteOption{func(o *site.Options) {
		o.Systems[0].Explanations = []custody.Template{{Name: "job-at-branch", Says: "a job of this customer is at your branch",
			Path: joins(t, "jobs.customer_id = subject", "jobs.branch_id = branches.id", "branches.name = person.branch")}}
	}})
	conn := k.PG.Conn(t, k.Database)
	for _, sql := range []string{
		`DELETE FROM jobs`, `UPDATE branches SET name = 'Branch 12' WHERE id = 2`,
		`INSERT INTO jobs (customer_id, vehicle_id, estimate_id, branch_id, staff_id, booked_for) SELECT c, v.id, e.id, 2, s.id, '2026-11-20'
			FROM (SELECT min(id) id FROM vehicles) v, (SELECT min(id) id FROM estimates) e, (SELECT min(id) id FROM staff) s, unnest(ARRAY[1, 2, 3]) c`,
	} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := k.Identity.AddPerson(identity.NewPerson{Login: "alice@northfield.example", FullName: "Alice Smith", Organisation: "Northfield", Branch: "Branch 12", Roles: []string{"estimator"}}); err != nil {
		t.Fatal(err)
	}
	k.Grant(policy.Grant{Person: "alice@northfield.example", See: contacts, Export: true, ReasonRequired: true})
	return k, k.SignedIn("alice")
}

// list is the path of a file with some customers.
func (k *kit) listOf(numbers ...int) string {
	rows := "id,name,phone\n"
	for _, n := range numbers {
		c := k.app.customers[n-1]
		rows += strconv.Itoa(n) + "," + c.Name + "," + c.Phone + "\n"
	}
	return "/file?h=Content-Type:text/csv&body=" + url.QueryEscape(rows)
}

// answerReason answers the question of a refused look.
func (k *kit) answerReason(c *http.Client, text, reason string) {
	k.t.Helper()
	token := tokenField.FindStringSubmatch(text)
	if token == nil {
		k.t.Fatalf("no question: %s", text)
	}
	form := url.Values{"token": {token[1]}, "reason": {reason}}
	resp, text := k.do(c, http.MethodPost, "/.custody/reason", strings.NewReader(form.Encode()), "Content-Type: application/x-www-form-urlencoded", "Accept: text/html", "Origin: "+k.URL)
	if resp.StatusCode != http.StatusSeeOther {
		k.t.Fatalf("the answer: %d %s", resp.StatusCode, text)
	}
}

// TestReasonFoundForFiles: a file whose customers all have a reason in the data, or
// one that was stated today, needs no question; one with somebody else in it does.
func TestReasonFoundForFiles(t *testing.T) {
	k, alice := explainedKit(t)
	if resp, text := k.get(alice, k.listOf(1, 2, 3)); resp.StatusCode != http.StatusOK || !strings.Contains(text, k.app.customers[2].Name) {
		t.Fatalf("a file of explained customers: %d %.300s", resp.StatusCode, text)
	}
	for key, why := range k.reasons("alice") {
		if why != explainedBy {
			t.Errorf("customer %s was recorded for %q", key, why)
		}
	}
	k.saw("alice", 1, 2, 3)
	resp, text := k.get(alice, k.listOf(1, 7), "Accept: text/html")
	if resp.StatusCode != http.StatusForbidden || strings.Contains(text, k.app.customers[0].Name) {
		t.Fatalf("a file with somebody who is not explained: %d %.300s", resp.StatusCode, text)
	}
	k.saw("alice", 1, 2, 3)
	k.answerReason(alice, text, "claim 7")
	if resp, text := k.get(alice, k.listOf(1, 7)); resp.StatusCode != http.StatusOK || !strings.Contains(text, k.app.customers[6].Name) {
		t.Errorf("after the reason: %d %.300s", resp.StatusCode, text)
	}
	if got := k.reasons("alice"); got["7"] != "claim 7" {
		t.Errorf("the ledger's reasons: %v", got)
	}
	if resp, text := k.get(alice, "/api/customers/7"); resp.StatusCode != http.StatusOK {
		t.Errorf("a page of somebody on the list: %d %.300s", resp.StatusCode, text)
	}
	if resp, text := k.get(alice, k.listOf(1, 7, 8)); resp.StatusCode != http.StatusForbidden || strings.Contains(text, k.app.customers[7].Name) {
		t.Errorf("the reason for one list opened another: %d %.300s", resp.StatusCode, text)
	}
	_, text = k.get(alice, "/api/customers/9", "Accept: text/html")
	k.answerReason(alice, text, "claim 9")
	if resp, text := k.get(alice, k.listOf(2, 9)); resp.StatusCode != http.StatusOK {
		t.Errorf("a file of people for whom a reason is there today: %d %.300s", resp.StatusCode, text)
	}
	if got := k.reasons("alice"); got["9"] != "claim 9" || got["2"] != explainedBy {
		t.Errorf("the ledger's reasons: %v", got)
	}
}

// TestReasonOfManyOnAPage: a page with more people than a page may have is an export,
// and asks for their reason as one.
func TestReasonOfManyOnAPage(t *testing.T) {
	k, alice := explainedKit(t)
	resp, text := k.get(alice, "/api/customers?n=60", "Accept: text/html")
	if resp.StatusCode != http.StatusForbidden {
		t.Fatalf("%d %.300s", resp.StatusCode, text)
	}
	k.answerReason(alice, text, "recall")
	if resp, text := k.get(alice, "/api/customers?n=60"); resp.StatusCode != http.StatusOK {
		t.Errorf("after the reason: %d %.300s", resp.StatusCode, text)
	}
	if got := k.reasons("alice"); got["60"] != "recall" || got["1"] != explainedBy {
		t.Errorf("the ledger's reasons: %v", got)
	}
}

// TestReasonBehindALongPage: whoever comes after a page's first megabyte needs a reason
// of their own, too.
func TestReasonBehindALongPage(t *testing.T) {
	k, alice := explainedKit(t)
	if resp, text := k.get(alice, "/customers?n=3&pad=1500000"); resp.StatusCode != http.StatusOK || !strings.Contains(text, k.app.customers[2].Name) {
		t.Errorf("a long page of explained customers: %d %.200s", resp.StatusCode, text)
	}
	k.saw("alice", 1, 2, 3)
	long := "/customers?from=2&n=2&pad=1500000"
	if _, text, err := k.try(alice, http.MethodGet, long, nil); err == nil || strings.Contains(text, k.app.customers[3].Name) {
		t.Errorf("somebody without a reason was shown behind the first part of a page: %v", err)
	}
	k.saw("alice", 1, 2, 3)
	resp, text := k.get(alice, long, "Accept: text/html")
	if resp.StatusCode != http.StatusForbidden {
		t.Fatalf("the next time the reason is asked for first: %d %.200s", resp.StatusCode, text)
	}
	k.answerReason(alice, text, "claim 4")
	if resp, _, err := k.try(alice, http.MethodGet, long, nil); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("after the reason: %v", err)
	}
	if got := k.reasons("alice"); got["4"] != "claim 4" {
		t.Errorf("the ledger's reasons: %v", got)
	}
}

// TestReasonFoundInStreams: events and messages about explained customers pass with
// their reason; the first about somebody else ends the stream, and the next time the
// reason is asked for first.
func TestReasonFoundInStreams(t *testing.T) {
	k, alice := explainedKit(t)
	resp, err := alice.Get(k.URL + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	in := bufio.NewReader(resp.Body)
	for i := range 3 {
		if line, err := in.ReadString('\n'); err != nil || !strings.Contains(line, k.app.customers[i].Name) {
			t.Fatalf("event %d: %q %v", i, line, err)
		}
		if _, err := in.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		k.app.hold <- struct{}{}
	}
	if rest, err := io.ReadAll(in); err == nil || strings.Contains(string(rest), k.app.customers[3].Name) {
		t.Errorf("an event about somebody without a reason: %q %v", rest, err)
	}
	k.saw("alice", 1, 2, 3)
	again, text := k.get(alice, "/events", "Accept: text/html")
	if again.StatusCode != http.StatusForbidden {
		t.Fatalf("the next time: %d %.200s", again.StatusCode, text)
	}

	c, _, err := k.socket("alice", k.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	ask := func(n string) (string, error) {
		if err := c.Write(t.Context(), websocket.MessageText, []byte(n)); err != nil {
			t.Fatal(err)
		}
		_, b, err := c.Read(t.Context())
		return string(b), err
	}
	if b, err := ask("2"); err != nil || !strings.Contains(b, k.app.customers[1].Name) {
		t.Errorf("a message about an explained customer: %q %v", b, err)
	}
	if b, err := ask("8"); websocket.CloseStatus(err) != websocket.StatusPolicyViolation {
		t.Errorf("a message about somebody without a reason: %q %v", b, err)
	}
	k.saw("alice", 1, 2, 3)
	for key, why := range k.reasons("alice") {
		if why != explainedBy {
			t.Errorf("customer %s was recorded for %q", key, why)
		}
	}
}
