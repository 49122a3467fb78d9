package web_test

import (
	"fmt"
	"strings"
	"testing"

	"custody/custodytest"
)

// signIn opens a browser as the estimators of a branch do.
func (a *app) browse(t testing.TB) *custodytest.Page {
	t.Helper()
	p := custodytest.Browse(t)
	p.Open(a.URL + "/")
	p.Fill("#user", "northfield.ashbridge")
	p.Fill("#password", "Northfield1")
	if status := p.Follow("button.primary"); status != 200 {
		t.Fatalf("signing in: %d at %s", status, p.Address())
	}
	p.Wait("[data-board]")
	return p
}

// pages are all pages, by the name of their screenshot. The estimate and the customer
// are those that have everything.
func (a *app) pages(t testing.TB) map[string]string {
	t.Helper()
	var customer, estimate, version, accident, job int64
	err := a.pool.QueryRow(t.Context(), `SELECT e.customer_id, e.id, v.version, e.accident_id, j.id FROM estimates e JOIN estimate_versions v ON v.estimate_id = e.id
		JOIN estimate_discounts d ON d.estimate_id = e.id JOIN jobs j ON j.estimate_id = e.id JOIN branches b ON b.id = e.branch_id
		LEFT JOIN payments p ON p.customer_id = e.customer_id
		WHERE b.organisation_id = 1 ORDER BY p.id NULLS LAST, e.id LIMIT 1`).Scan(&customer, &estimate, &version, &accident, &job)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"board":            "/board?branch=all",
		"board-branch":     "/board",
		"customers":        "/customers",
		"customers-none":   "/customers?q=nobodyhasthisname",
		"customer":         fmt.Sprintf("/customers/%d", customer),
		"customer-new":     "/customers/new",
		"customer-edit":    fmt.Sprintf("/customers/%d/edit", customer),
		"search":           "/search?q=smith",
		"search-none":      "/search",
		"estimates":        "/estimates?branch=all",
		"estimate":         fmt.Sprintf("/estimates/%d", estimate),
		"estimate-version": fmt.Sprintf("/estimates/%d?version=%d", estimate, version),
		"builder":          fmt.Sprintf("/estimates/%d/edit", estimate),
		"builder-new":      fmt.Sprintf("/accidents/%d/estimate", accident),
		"job":              fmt.Sprintf("/jobs/%d", job),
		"account":          "/account",
		"problem":          "/customers/999999",
	}
}

// TestScreens takes a picture of every page at the width of a desk and of a phone, and
// holds it to what can be measured: nothing is wider than the screen.
func TestScreens(t *testing.T) {
	a := start(t)
	out := custodytest.Browse(t)
	p := a.browse(t)
	for _, size := range []struct {
		name          string
		width, height int64
	}{{"desk", 1280, 800}, {"phone", 390, 844}} {
		p.Size(size.width, size.height)
		for name, path := range a.pages(t) {
			p.Open(a.URL + path)
			if wide := custodytest.Eval[int](p, "document.documentElement.scrollWidth"); wide > int(size.width) {
				t.Errorf("%s is %d wide on a %s", name, wide, size.name)
			}
			if n := custodytest.Eval[int](p, `[...document.querySelectorAll("input:not([type=hidden]), select, textarea")].filter(f => !f.labels?.length && !f.ariaLabel).length`); n > 0 {
				t.Errorf("%s has %d fields without a label", name, n)
			}
			if strings.HasPrefix(name, "builder") {
				p.Until("document.getElementById('builder').dataset.priced")
			}
			p.Screenshot(name + "-" + size.name)
		}
		out.Size(size.width, size.height)
		out.Open(a.URL + "/login")
		out.Screenshot("login-" + size.name)
	}
}
