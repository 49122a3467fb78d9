package portal_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"custody"
	"custody/custodytest"
	"custody/identity"
	"custody/policy"
	"custody/site"
)

func joins(t *testing.T, texts ...string) (list []custody.Join) {
	t.Helper()
	for _, text := range texts {
		j, err := custody.ParseJoin(text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, j)
	}
	return list
}

// TestReasonFoundInTheData: a look that a template explains needs no question, and the
// record says what explained it; the rest is asked for; a job that comes or goes counts.
func TestReasonFoundInTheData(t *testing.T) {
	templates := func(o *site.Options) {
		o.Systems[0].Explanations = []custody.Template{
			{Name: "broken", Says: "never", Path: joins(t, "no_such_table.customer_id = subject", "no_such_table.login = person.login")},
			{Name: "job-at-branch", Says: "a job of this customer is at your branch",
				Path: joins(t, "jobs.customer_id = subject", "jobs.branch_id = branches.id", "branches.name = person.branch")},
			{Name: "own-call", Says: "you called this customer lately",
				Path:  joins(t, "calls.customer_id = subject", "calls.staff_id = staff.id", "staff.full_name = person.name"),
				Since: custody.Column{Table: "calls", Name: "called_at"}, Within: 24 * time.Hour},
		}
	}
	k := newKitWith(t, []custodytest.SiteOption{templates})
	conn := k.PG.Conn(t, k.Database)
	exec := func(sql string) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	exec(`DELETE FROM jobs; DELETE FROM calls; UPDATE branches SET name = 'Branch 12' WHERE id = 2`)
	job := func(customer int) {
		exec(`INSERT INTO jobs (customer_id, vehicle_id, estimate_id, branch_id, staff_id, booked_for)
			SELECT ` + strconv.Itoa(customer) + `, v.id, e.id, 2, s.id, '2026-11-20' FROM (SELECT min(id) id FROM vehicles) v, (SELECT min(id) id FROM estimates) e, (SELECT min(id) id FROM staff) s`)
	}
	job(1)
	job(2)
	exec(`INSERT INTO calls (customer_id, staff_id, phone, inbound, called_at, summary) SELECT c, (SELECT min(id) FROM staff), '', true, now() - CASE c WHEN 3 THEN '1 hour' ELSE '9 days' END::interval, '' FROM unnest(ARRAY[3, 4]) c`)
	exec(`UPDATE staff SET full_name = 'Alice Smith' WHERE id = (SELECT min(id) FROM staff)`)
	if _, err := k.Identity.AddPerson(identity.NewPerson{Login: "alice@northfield.example", FullName: "Alice Smith", Organisation: "Northfield", Branch: "Branch 12", Roles: []string{"estimator"}}); err != nil {
		t.Fatal(err)
	}
	k.Grant(policy.Grant{Person: "alice@northfield.example", See: contacts, ReasonRequired: true})
	alice := k.SignedIn("alice")
	for _, n := range []int{1, 2, 3} {
		if resp, text := k.get(alice, "/api/customers/"+strconv.Itoa(n)); resp.StatusCode != http.StatusOK {
			t.Errorf("customer %d: %d %.200s", n, resp.StatusCode, text)
		}
	}
	if resp, text := k.get(alice, "/api/customers?n=4", "Accept: text/html"); resp.StatusCode != http.StatusForbidden || !strings.Contains(text, "this customer?") {
		t.Errorf("only the one without a reason is asked about: %d %.300s", resp.StatusCode, text)
	}
	reasons := k.reasons("alice")
	if reasons["1"] != "a job of this customer is at your branch (job-at-branch)" || reasons["3"] != "you called this customer lately (own-call)" || reasons["4"] != "" {
		t.Errorf("the ledger's reasons: %v", reasons)
	}
	k.saw("alice", 1, 2, 3)
	if strings.Contains(k.Log.String(), "Alice Smith") || strings.Contains(k.Log.String(), "Branch 12") {
		t.Error("the log names who looked")
	}
	job(4) // written just now: it counts after a few seconds at most
	k.until(alice, "/api/customers/4", http.StatusOK)

	k.Browser("bob", policy.Grant{See: contacts, ReasonRequired: true}) // of no branch
	if resp, _ := k.get(k.SignedIn("bob"), "/api/customers/1"); resp.StatusCode != http.StatusForbidden {
		t.Errorf("somebody of no branch: %d", resp.StatusCode)
	}
}
