package web_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// theirs gives a customer, accident, estimate and job of an organisation.
func (a *app) theirs(t testing.TB, organisation int) (customer, accident, estimate, job int64) {
	t.Helper()
	if err := a.pool.QueryRow(t.Context(), `SELECT e.customer_id, e.accident_id, e.id, j.id FROM estimates e JOIN jobs j ON j.estimate_id = e.id
		JOIN branches b ON b.id = e.branch_id WHERE b.organisation_id = $1 ORDER BY e.id DESC LIMIT 1`, organisation).
		Scan(&customer, &accident, &estimate, &job); err != nil {
		t.Fatal(err)
	}
	return customer, accident, estimate, job
}

// TestOrganisationsAreApart asks for each other's records in every way there is.
func TestOrganisationsAreApart(t *testing.T) {
	a := start(t)
	for _, who := range []struct {
		c     *client
		other int
	}{{a.northfield(t), 4}, {a.severnside(t), 1}} {
		customer, accident, estimate, job := a.theirs(t, who.other)
		for _, path := range []string{
			fmt.Sprintf("/customers/%d", customer), fmt.Sprintf("/customers/%d/edit", customer), fmt.Sprintf("/accidents/%d/estimate", accident),
			fmt.Sprintf("/estimates/%d", estimate), fmt.Sprintf("/estimates/%d/edit", estimate), fmt.Sprintf("/estimates/%d/pdf", estimate),
			fmt.Sprintf("/estimates/%d?version=1", estimate), fmt.Sprintf("/jobs/%d", job), fmt.Sprintf("/board/card/%d", job),
			fmt.Sprintf("/api/customers/%d", customer), fmt.Sprintf("/api/estimates/%d", estimate),
		} {
			if status, _, _ := who.c.get(path); status != http.StatusNotFound {
				t.Errorf("GET %s of another firm: %d", path, status)
			}
		}
		token := who.c.token("/account")
		valid := url.Values{"csrf": {token}, "name": {"X"}, "branch_id": {"1"}, "registration": {"ZZ99 ZZZ"}, "vin": {"WF0ZZZ8P999999999"}, "make": {"Ford"},
			"model": {"Ka"}, "colour": {"red"}, "first_registered": {"2020-01-01"}, "policy_number": {"P"}, "starts_on": {"2026-01-01"}, "excess": {"1"}, "insurer_id": {"1"},
			"vehicle_id": {"1"}, "place": {"x"}, "description": {"x"}, "happened_at": {"2026-01-01T10:00"}, "phone": {"01632 960000"}, "summary": {"x"}, "staff_id": {"1"},
			"kind": {"part"}, "quantity": {"1"}, "unit": {"1"}, "supplement": {"0"}, "status": {"ready"}, "booked_for": {"2026-12-01"}, "version": {"1"}}
		for _, path := range []string{
			fmt.Sprintf("/customers/%d", customer), fmt.Sprintf("/customers/%d/vehicles", customer), fmt.Sprintf("/customers/%d/policies", customer),
			fmt.Sprintf("/customers/%d/accidents", customer), fmt.Sprintf("/customers/%d/calls", customer), fmt.Sprintf("/accidents/%d/estimate", accident),
			fmt.Sprintf("/estimates/%d", estimate), fmt.Sprintf("/estimates/%d/job", estimate), fmt.Sprintf("/jobs/%d", job), fmt.Sprintf("/jobs/%d/status", job),
		} {
			if status, body, _ := who.c.send(valid, path); status != http.StatusNotFound {
				t.Errorf("POST %s of another firm: %d %.300s", path, status, body)
			}
		}
		valid.Set("status", "agreed")
		if status, _, _ := who.c.send(valid, fmt.Sprintf("/estimates/%d/supplements/1", estimate)); status != http.StatusNotFound {
			t.Errorf("a supplement of another firm: %d", status)
		}
	}
}

// TestListsAreTheFirmsOwn compares every list and export with the database.
func TestListsAreTheFirmsOwn(t *testing.T) {
	a := start(t)
	c := a.severnside(t)
	names := map[string]bool{}
	var total int
	if err := a.pool.QueryRow(t.Context(), "SELECT count(*) FROM customers c JOIN branches b ON b.id = c.branch_id WHERE organisation_id = 4").Scan(&total); err != nil || total == 0 {
		t.Fatal(total, err)
	}
	var l struct {
		Total     int `json:"total"`
		Customers []struct {
			ID     int64  `json:"id"`
			Branch string `json:"branch"`
			Name   string `json:"name"`
		} `json:"customers"`
	}
	if err := json.Unmarshal([]byte(c.page("/api/customers?per_page=1000")), &l); err != nil || l.Total != total || len(l.Customers) != total {
		t.Errorf("%d of %d customers, %v", len(l.Customers), total, err)
	}
	for _, one := range l.Customers {
		names[one.Name] = true
		if !strings.HasPrefix(one.Branch, "Severnside ") {
			t.Errorf("customer %d is of %s", one.ID, one.Branch)
		}
	}
	for _, path := range []string{"/customers", "/estimates?branch=all", "/board?branch=all", "/export/customers.csv", "/api/jobs", "/api/search?q=a", "/customers/new",
		"/api/customers?branch=1", "/board?branch=1", "/api/jobs?branch=1"} {
		if body := c.page(path); strings.Contains(body, "Northfield ") && !strings.Contains(body, "Northfield Green") {
			t.Errorf("%s names a branch of another firm", path)
		}
	}
}
