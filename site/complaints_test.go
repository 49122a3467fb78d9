package site_test

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"custody"
	"custody/custodytest"
	"custody/site"
	"custody/trace/intake"
)

// TestAComplaintFindsItsCustomer: sent by the public form of a running site, it is told
// in a notice without its words, and its customer is found by the phone.
func TestAComplaintFindsItsCustomer(t *testing.T) {
	pg := custodytest.Postgres(t)
	name := pg.CreateDatabase(t)
	conn := pg.Conn(t, name)
	if _, err := conn.Exec(t.Context(), "CREATE TABLE customers (id int PRIMARY KEY, phone text); INSERT INTO customers VALUES (1, '07700900001'), (2, '07700900002')"); err != nil {
		t.Fatal(err)
	}
	system := custody.System{Tables: []custody.Table{{Schema: "public", Name: "customers", Key: "id", Subject: true,
		Columns: map[string]custody.Category{"phone": custody.Phone}, Identifiers: []string{"phone"}}}}
	s := custodytest.NewSite(t, pg, name, system, func(o *site.Options) {
		o.Complaints = site.Complaints{Controller: intake.Controller{Name: "Northfield Repairs"}}
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.ServeComplaints(l) }()
	home := "http://" + l.Addr().String() + "/"
	page := fetch(t, func() (*http.Response, error) { return http.Get(home) })
	stamp := regexp.MustCompile(`name="form" value="([A-Z0-9]+)"`).FindStringSubmatch(page)
	if stamp == nil {
		t.Fatalf("no form in %s", page)
	}
	answer := fetch(t, func() (*http.Response, error) {
		return http.PostForm(home, url.Values{"form": {stamp[1]}, "phone": {"+44 7700 900002"}, "answer": {"x@post.example"}, "called": {"30/10/2025 18:00"}, "words": {"They knew my accident."}})
	})
	refs := regexp.MustCompile(`C-[A-Z0-9]{5}-[A-Z0-9]{5}`)
	ref := refs.FindString(answer)
	nobodys := fetch(t, func() (*http.Response, error) {
		return http.PostForm(home, url.Values{"form": {stamp[1]}, "phone": {"07700 900999"}, "answer": {"y@post.example"}})
	})
	if refs.ReplaceAllString(answer, "") != refs.ReplaceAllString(nobodys, "") {
		t.Error("somebody who is no customer is answered differently")
	}
	if ref == "" {
		t.Fatalf("no reference in %s", answer)
	}
	id := s.Options.Systems[0].ID
	want, err := s.Store.SubjectOf(id, "2")
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		c, err := s.Intake().Get(ref)
		if err != nil {
			t.Fatal(err)
		}
		if !c.Matched.IsZero() {
			found, err := s.Store.ComplaintSubjects(c.ID)
			if err != nil || len(found) != 1 || found[0].Subject != want || !c.Suspect { // the test is too quick for a person
				t.Errorf("%+v, suspect %v, %v", found, c.Suspect, err)
			}
			break
		}
		if time.Now().After(end) {
			t.Fatal("nobody looked for the customer")
		}
	}
	s.Stop()
	if err := <-served; err != nil {
		t.Errorf("the form ended with %v", err)
	}
	if log := s.Log.String(); strings.Contains(log, "900002") || strings.Contains(log, "accident") {
		t.Error("the log repeats what was said")
	}
}

func fetch(t *testing.T, do func() (*http.Response, error)) string {
	t.Helper()
	resp, err := do()
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%d %v: %s", resp.StatusCode, err, b)
	}
	return string(b)
}
