package web_test

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestThinPath(t *testing.T) {
	c := start(t).northfield(t)
	if !strings.Contains(c.page("/customers"), "Export CSV") {
		t.Error("no export button")
	}
	var l struct {
		Total     int
		Customers []struct{ ID int64 }
	}
	if err := json.Unmarshal([]byte(c.page("/api/customers?per_page=100")), &l); err != nil || len(l.Customers) != 100 {
		t.Errorf("%d customers of %d, %v", len(l.Customers), l.Total, err)
	}
	rows, err := csv.NewReader(strings.NewReader(c.page("/export/customers.csv"))).ReadAll()
	if err != nil || len(rows) != l.Total+1 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	c.page("/customers/1")
	c.page("/api/customers/1")
}

func TestWrongPassword(t *testing.T) {
	c := start(t).client(t)
	for _, try := range [][2]string{{"northfield.ashbridge", "wrong"}, {"nobody", "Northfield1"}, {"", ""}, {"northfield.ashbridge", ""}, {"x\x00", "y"}, {strings.Repeat("a", 5000), "b"}} {
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
