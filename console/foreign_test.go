package console_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"custody"
)

// TestNoOperationReachesFurther tries, with each operation that is about somebody or
// something, what belongs to another branch or another employer, and what is one's own to
// be decided by others.
func TestNoOperationReachesFurther(t *testing.T) {
	w := newWorld(t)
	x := w.things()
	later := w.Options.Now().Add(time.Hour)
	bob, carol := "people/"+w.login("bob"), "people/"+w.login("carol")
	var event uint64
	for n, e := range w.Ledger.Index().Events(1) {
		if e.Person == w.ids["bob"] && len(e.Subjects) > 0 {
			event = n
		}
	}
	why, phone := obj{"reason": "x"}, []string{"phone"}
	type try struct {
		method, path string
		body         any
		want         int
	}
	refused, nothing := http.StatusForbidden, http.StatusNotFound
	for who, tries := range map[string][]try{
		"mara": { // manages another branch than carol's
			{"GET", carol, nil, nothing}, {"GET", carol + "/looks", nil, nothing}, {"GET", carol + "/figures", nil, nothing}, {"GET", carol + "/sessions", nil, nothing},
			{"GET", carol + "/rights", nil, nothing}, {"GET", carol + "/cuts", nil, nothing}, {"GET", carol + "/why?system=" + w.Database, nil, nothing},
			{"POST", fmt.Sprintf("sessions/%d/end", x.session), nil, nothing}, {"POST", fmt.Sprintf("me/sessions/%d/end", x.session), nil, nothing},
		},
		"rosa": { // leads another employer than bob's
			{"GET", bob, nil, nothing}, {"GET", bob + "/looks", nil, nothing}, {"GET", bob + "/figures", nil, nothing}, {"GET", bob + "/sessions", nil, nothing}, {"GET", bob + "/rights", nil, nothing},
			{"GET", bob + "/cuts", nil, nothing}, {"GET", bob + "/why?system=" + w.Database, nil, nothing}, {"GET", bob + "/extract", nil, nothing},
			{"POST", bob + "/leave", obj{"login": w.login("bob")}, nothing}, {"POST", bob + "/compromised", obj{"login": w.login("bob")}, nothing}, {"POST", bob + "/engagements", obj{"organisation": "Quayside", "roles": []string{}}, nothing},
			{"POST", "people", obj{"login": "new@northfield.example", "name": "N", "organisation": "Northfield", "roles": []string{}}, refused}, {"POST", fmt.Sprintf("sessions/%d/end", x.session), nil, nothing},
			{"POST", fmt.Sprintf("looks/%d/customers", event), why, nothing}, {"POST", fmt.Sprintf("grants/%d/end", x.grant), why, nothing},
			{"POST", "grants", obj{"role": "estimator", "system": w.Database, "see": phone, "reason": "x"}, refused}, {"POST", "grants", obj{"person": w.login("bob"), "system": w.Database, "see": phone, "reason": "x"}, refused},
			{"POST", "grants/preview", obj{"organisation": "Northfield", "system": w.Database, "see": phone}, refused},
			{"POST", "roles", obj{"login": w.login("bob"), "role": "lead"}, nothing}, {"POST", "roles", obj{"login": w.login("quin"), "role": "lead"}, refused}, {"POST", fmt.Sprintf("roles/%d/end", x.role), nil, nothing},
			{"POST", fmt.Sprintf("requests/%d/approve", x.request[0]), obj{}, refused}, {"POST", fmt.Sprintf("requests/%d/decline", x.request[0]), obj{}, refused},
			{"POST", fmt.Sprintf("reviews/rights/%d/remove", x.item), obj{}, refused}, {"POST", fmt.Sprintf("reviews/%d/close", x.campaign), obj{"remove_open": true}, refused},
			{"POST", fmt.Sprintf("emergencies/%d/review", x.emergency), obj{"outcome": "justified", "note": "x"}, refused},
			{"GET", fmt.Sprintf("alerts/%d", x.alert), nil, nothing}, {"GET", fmt.Sprintf("alerts/%d/looks", x.alert), nil, nothing}, {"POST", fmt.Sprintf("alerts/%d/unseal", x.alert), why, nothing},
			{"POST", fmt.Sprintf("alerts/%d/review", x.alert), obj{"state": "mistaken", "reason": "x"}, nothing},
			{"GET", "complaints", nil, refused}, {"GET", "complaints/" + x.complaint, nil, refused}, {"POST", "complaints/" + x.complaint + "/erase", nil, refused}, {"GET", "traces", nil, refused},
			{"POST", "traces", obj{"system": w.Database}, refused}, {"POST", "processors", obj{"organisation": "X", "kind": "partner", "contract": "c", "instructions": "i", "review_days": 9}, refused},
			{"POST", fmt.Sprintf("processors/%d/reviews", x.processor), obj{"outcome": "passed", "evidence": "x"}, refused}, // her own employer
			{"POST", "training", obj{"login": w.login("bob"), "course": "data-protection", "evidence": "x"}, nothing}, {"POST", "clauses", obj{"login": w.login("bob"), "organisation": "Northfield", "document": "x"}, nothing},
			{"POST", "systems/" + w.Database + "/down", why, refused}, {"POST", "portals/down", why, refused},
		},
		"lena": { // herself
			{"POST", "people/" + w.login("lena") + "/leave", obj{"login": w.login("lena"), "at": later}, refused}, {"POST", "people/" + w.login("lena") + "/compromised", obj{"login": w.login("lena")}, refused},
			{"POST", "grants", obj{"person": w.login("lena"), "system": w.Database, "see": phone, "reason": "x"}, refused}, {"POST", "grants", obj{"role": "manager", "system": w.Database, "see": phone, "reason": "x"}, refused},
			{"POST", "grants", obj{"organisation": "Northfield", "system": w.Database, "see": phone, "reason": "x"}, refused}, {"POST", "roles", obj{"login": w.login("lena"), "role": "administrator"}, refused},
			{"POST", "training", obj{"login": w.login("lena"), "course": "data-protection", "evidence": "x"}, refused}, {"POST", "people/" + w.login("lena") + "/engagements", obj{"organisation": "Quayside", "roles": []string{}}, refused},
		},
	} {
		p := w.program(who)
		for _, try := range tries {
			w.ahead.Add(int64(10 * time.Second))
			if status, text, _ := p.raw(try.method, try.path, try.body); status != try.want || strings.Contains(string(text), "Bob Barnes") || strings.Contains(string(text), "Carol Cole") {
				t.Errorf("%s: %s %s: %d, want %d: %.120s", who, try.method, try.path, status, try.want, text)
			}
		}
	}
	t.Run("lists", func(t *testing.T) {
		for who, foreign := range map[string][]string{"rosa": {"northfield.example", "Bob Barnes", "Dan Drake"}, "mara": {"Carol Cole", "carol@", "Quin Quayle"}} {
			p := w.program(who)
			for _, path := range []string{"now", "people", "looks?limit=500", "sessions", "leavings", "grants", "who-can?system=" + w.Database + "&category=phone", "roles", "requests", "requests/waiting",
				fmt.Sprintf("reviews/%d/rights", x.campaign), "reviews/waiting", "emergencies", "alerts?all=yes", "training", "clauses", "courses"} {
				w.ahead.Add(int64(10 * time.Second))
				_, text, _ := p.raw("GET", path, nil)
				for _, f := range foreign {
					if strings.Contains(string(text), f) {
						t.Errorf("%s: %s holds %s", who, path, f)
					}
				}
			}
		}
	})
	t.Run("nothing was done", func(t *testing.T) {
		if p, err := w.Store.ConsoleRoles(); err != nil || !p[len(p)-1].End.IsZero() {
			t.Error("a role has ended", err)
		}
		if down, err := w.Store.Switches(true); err != nil || len(down) != 0 {
			t.Error("a portal was taken down", err)
		}
		if cuts, err := w.Store.Cuts(0); err != nil || len(cuts) != 0 {
			t.Errorf("something was cut: %v %v", cuts, err)
		}
	})
}

// TestProgramsAreHeldToo attacks the interface for programs as the pages are attacked.
func TestProgramsAreHeldToo(t *testing.T) {
	w := newWorld(t)
	lena := w.program("lena")
	t.Run("headers", func(t *testing.T) {
		_, text, h := lena.raw("GET", "people", nil)
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Type") != "application/json" || h.Get("Access-Control-Allow-Origin") != "" || h.Get("Cache-Control") != "no-store" ||
			!strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%v", h)
		}
		if strings.Contains(string(text), "<") {
			t.Error("JSON holds markup that is not escaped")
		}
	})
	t.Run("unchanged", func(t *testing.T) {
		_, _, h := lena.raw("GET", "people", nil)
		status, text, _ := lena.raw("GET", "people", nil, "If-None-Match", `"x", `+h.Get("ETag"))
		if status != http.StatusNotModified || len(text) != 0 {
			t.Errorf("what has not changed: %d %.50s", status, text)
		}
		if status, _, _ := lena.raw("GET", "people", nil, "If-None-Match", `"x"`); status != http.StatusOK {
			t.Errorf("what has changed: %d", status)
		}
	})
	t.Run("a form of another site", func(t *testing.T) {
		r, _ := http.NewRequest(http.MethodPost, w.URL+"/api/v1/people/"+w.login("bob")+"/leave", strings.NewReader(`{"login":"`+w.login("bob")+`"}`))
		name, value := w.ConsoleCookie(w.login("lena"))
		r.Header.Set("Cookie", name+"="+value)
		r.Header.Set("Content-Type", "text/plain")
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("a cookie counts for programs: %d", resp.StatusCode)
		}
		if status, _, _ := lena.raw("POST", "people/"+w.login("bob")+"/leave", obj{"login": w.login("bob")}, "Content-Type", "text/plain"); status != http.StatusBadRequest {
			t.Errorf("a body that a form can send: %d", status)
		}
	})
	t.Run("too fast", func(t *testing.T) {
		w.stop.Store(w.Options.Now().UnixNano())
		defer w.stop.Store(0)
		refused := 0
		for range 40 {
			if status, _, _ := lena.raw("POST", "who-saw", obj{"system": w.Database, "key": "120", "reason": "walk"}); status == http.StatusTooManyRequests {
				refused++
			}
		}
		if refused < 5 {
			t.Errorf("of 40 customers at once %d were refused", refused)
		}
	})
	t.Run("a grant is on record with who gave it", func(t *testing.T) {
		w.ahead.Add(int64(time.Minute))
		if status, out, _ := w.program("adam").call("POST", "grants", obj{"role": "front-desk", "system": w.Database, "see": []string{"email"}, "reason": "a new task"}); status != http.StatusOK {
			t.Fatal(out)
		}
		log, err := w.Store.RightsLog(t.Context(), rightsFilter{Act: "granted"})
		if err != nil || len(log) != 1 || log[0].ActorLogin != w.login("adam") || log[0].Note != "a new task" || log[0].System != w.system || custody.GrantID(log[0].Object) != log[0].Grant {
			t.Errorf("%+v %v", log, err)
		}
	})
}
