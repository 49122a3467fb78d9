package web_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestWrongPassword(t *testing.T) {
	c := start(t).client(t)
	for _, try := range [][2]string{{"northfield.ashbridge", "wrong"}, {"nobody", "Northfield1"}, {"", ""}, {"northfield.ashbridge", ""},
		{"x\x00", "y"}, {strings.Repeat("a", 5000), "b"}, {"\xff", "b"}} {
		status, body, header := c.signIn(try[0], try[1])
		if status != http.StatusUnauthorized || !strings.Contains(body, "The user name or the password is wrong.") {
			t.Errorf("%.20q: %d", try[0], status)
		}
		for _, cookie := range header.Values("Set-Cookie") {
			if strings.HasPrefix(cookie, "session=") {
				t.Error("a session was opened")
			}
		}
	}
	if status, _, _ := c.send(url.Values{"user": {"northfield.ashbridge"}, "password": {"Northfield1"}, "csrf": {"guess"}}, "/login"); status != http.StatusForbidden {
		t.Errorf("a form without its token: %d", status)
	}
}

func TestSignInAndOut(t *testing.T) {
	a := start(t)
	c := a.client(t)
	if status, _, header := c.get("/customers?branch=3"); status != http.StatusSeeOther || header.Get("Location") != "/login?next=%2Fcustomers%3Fbranch%3D3" {
		t.Errorf("%d %s", status, header.Get("Location"))
	}
	form := url.Values{"csrf": {c.token("/login?next=/customers%3Fbranch%3D3")}, "user": {"Northfield.Ashbridge "}, "password": {"Northfield1"}, "next": {"/customers?branch=3"}}
	status, _, header := c.send(form, "/login")
	if status != http.StatusSeeOther || header.Get("Location") != "/customers?branch=3" {
		t.Errorf("%d %s", status, header.Get("Location"))
	}
	cookie := header.Get("Set-Cookie")
	if !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") {
		t.Errorf("cookie %s", cookie)
	}
	for _, next := range []string{"//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "/login"} {
		form := url.Values{"csrf": {c.token("/login")}, "user": {"northfield.ashbridge"}, "password": {"Northfield1"}, "next": {next}}
		if _, _, header := c.send(form, "/login"); header.Get("Location") != "/" {
			t.Errorf("%s leads to %s", next, header.Get("Location"))
		}
	}
	if to := c.post("/logout", url.Values{}); to != "/login" {
		t.Errorf("signing out leads to %s", to)
	}
	if status, _, _ := c.get("/customers"); status != http.StatusSeeOther {
		t.Errorf("after signing out: %d", status)
	}
}

// doors are the addresses of the application, with a customer, an estimate and a job
// of Northfield's where one is named.
func doors(a *app, t testing.TB) (get, post []string) {
	for _, path := range a.pages(t) {
		get = append(get, path)
	}
	get = append(get, "/", "/export/customers.csv", "/export/customers.xlsx", "/search/suggest?q=smith", "/estimates/1/pdf", "/board/card/1",
		"/api/customers", "/api/customers/1", "/api/search?q=smith", "/api/jobs", "/api/estimates/1", "/api/events", "/api/board", "/nothing")
	post = []string{"/logout", "/account", "/customers", "/customers/1", "/customers/1/vehicles", "/customers/1/policies", "/customers/1/accidents",
		"/customers/1/calls", "/accidents/1/estimate", "/estimates/1", "/estimates/1/supplements/1", "/estimates/1/job", "/jobs/1", "/jobs/1/status",
		"/api/jobs/1/status", "/api/price"}
	slices.Sort(get)
	return get, post
}

func TestNothingWithoutSignIn(t *testing.T) {
	a := start(t)
	c := a.client(t)
	get, post := doors(a, t)
	for _, path := range get {
		status, body, _ := c.get(path)
		if api := strings.HasPrefix(path, "/api/"); api && status != http.StatusUnauthorized || !api && status != http.StatusSeeOther || len(body) > 200 {
			t.Errorf("GET %s: %d %.100s", path, status, body)
		}
	}
	for _, path := range post {
		if status, _, header := c.send(url.Values{}, path); status != http.StatusUnauthorized && (status != http.StatusSeeOther || header.Get("Location") != "/login") {
			t.Errorf("POST %s: %d", path, status)
		}
	}
}

func TestEveryFormNeedsItsToken(t *testing.T) {
	a := start(t)
	c := a.northfield(t)
	_, post := doors(a, t)
	for _, path := range post {
		for _, token := range []string{"", "guess"} {
			if status, _, _ := c.send(url.Values{"csrf": {token}}, path); status != http.StatusForbidden {
				t.Errorf("POST %s with the token %q: %d", path, token, status)
			}
		}
	}
	c.page("/customers") // still signed in
}

func TestHeaders(t *testing.T) {
	c := start(t).northfield(t)
	_, body, header := c.get("/customers/1")
	if csp := header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy %q", csp)
	}
	if header.Get("Cache-Control") != "no-store" || header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%v", header)
	}
	for _, word := range []string{"http://", "https://", "style=", "onclick", "<script>"} {
		if strings.Contains(body, word) {
			t.Errorf("the page holds %s", word)
		}
	}
}

func TestChangePassword(t *testing.T) {
	a := start(t)
	c := a.as(t, "northfield.harrowby", "Northfield1")
	form := func(current, next, again string) url.Values {
		return url.Values{"csrf": {c.token("/account")}, "current": {current}, "new": {next}, "again": {again}}
	}
	for _, bad := range []url.Values{form("wrong", "Rotated-77", "Rotated-77"), form("Northfield1", "Rotated-77", "Rotated-78"), form("Northfield1", "short", "short")} {
		if status, body, _ := c.send(bad, "/account"); status != http.StatusUnprocessableEntity || !strings.Contains(body, `role="alert"`) {
			t.Errorf("%v: %d", bad, status)
		}
	}
	c.post("/account", form("Northfield1", "Rotated-77", "Rotated-77"))
	if status, _, _ := a.client(t).signIn("northfield.harrowby", "Northfield1"); status != http.StatusUnauthorized {
		t.Errorf("the old password still works: %d", status)
	}
	a.as(t, "northfield.harrowby", "Rotated-77")
}
