package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"custody/custodytest"
	"custody/site"
)

// TestPortalsGoOfflineWithAClick: who has the role takes a portal, or all, offline by a
// form; only somebody else brings it back; the use names the person of the session.
func TestPortalsGoOfflineWithAClick(t *testing.T) {
	w := newWorld(t, func(o *site.Options) {
		at, _ := url.Parse("http://127.0.0.1:1")
		public, _ := url.Parse("https://estimates.northfield.example")
		o.Systems[0].Portal = &site.Portal{Title: "Northfield Estimates", Public: public, TLS: true, Origin: at, Rules: custodytest.BodyshopRules()}
	})
	lena, adam := w.at("lena"), w.at("adam")
	one := "/systems/" + w.Database
	for _, step := range []struct {
		who          *desk
		path, reason string
		want         int
	}{
		{w.at("otto"), one + "/down", "leak", http.StatusForbidden},
		{w.at("mara"), "/portals/down", "leak", http.StatusForbidden},
		{w.at("rosa"), one + "/down", "leak", http.StatusForbidden}, // lead of another employer
		{lena, one + "/down", " ", http.StatusBadRequest},
		{lena, "/systems/nothing/down", "leak", http.StatusNotFound},
		{lena, one + "/down", "Customers report calls.", http.StatusSeeOther},
		{lena, one + "/down", "again", http.StatusConflict},
		{lena, one + "/up", "", http.StatusForbidden},
		{w.at("otto"), one + "/up", "", http.StatusForbidden},
		{adam, one + "/up", "", http.StatusSeeOther},
		{adam, "/portals/down", "A leak is suspected.", http.StatusSeeOther},
		{lena, one + "/up", "", http.StatusConflict},
		{adam, "/portals/up", "", http.StatusForbidden},
		{lena, "/portals/up", "", http.StatusSeeOther},
	} {
		if status, text := step.who.post(step.path, "reason", step.reason); status != step.want {
			t.Errorf("%s: %d, want %d\n%.300s", step.path, status, step.want, text)
		}
		if step.want != http.StatusSeeOther || !strings.HasSuffix(step.path, "down") {
			continue
		}
		if _, page := step.who.get("/systems"); !strings.Contains(page, step.reason) || !strings.Contains(page, "somebody else brings") {
			t.Errorf("after %s the page does not say so: %s", step.path, page)
		}
	}
	uses, err := w.Store.Switches(true)
	if err != nil || len(uses) != 2 {
		t.Fatal(uses, err)
	}
	if u := uses[0]; u.DownLogin != w.login("lena") || u.UpLogin != w.login("adam") || u.Reason != "Customers report calls." || u.SystemName != w.Database {
		t.Errorf("the first use: %+v", u)
	}
	if u := uses[1]; u.DownLogin != w.login("adam") || u.UpLogin != w.login("lena") || u.System != 0 {
		t.Errorf("the second use: %+v", u)
	}

	s := w.screen(t, "lena")
	s.open("/systems")
	s.Click("details.danger summary")
	s.seen("switch")
	s.Fill("[name=reason]", "Customers report calls.")
	s.Follow("button.danger")
	s.Wait(".message.good")
	s = w.screen(t, "adam")
	s.open("/systems")
	s.seen("switched")
	s.Follow("button.primary") // one click
	s.Wait(".message.good")
	if down, err := w.Store.Switches(false); err != nil || len(down) != 0 {
		t.Errorf("after the click: %v %v", down, err)
	}
}
