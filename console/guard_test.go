package console_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"custody"
	"custody/console"
	"custody/identity"
)

// TestWhoMayGoWhere asks every page as everybody: the answers are the table of roles.
func TestWhoMayGoWhere(t *testing.T) {
	w := newWorld(t)
	t.Run("matrix", func(t *testing.T) {
		for _, row := range []struct {
			path string
			may  string // initials of lena (lead), adam (administrator), mara (manager), otto (auditor), alice (staff)
		}{
			{"/now", "lamo"}, {"/customers", "lo"}, {"/people", "lamo"}, {"/rights", "lamo"}, {"/systems", "lao"}, {"/processors", "lo"}, {"/rules", "lao"}, {"/alerts", "lo"}, {"/complaints", "l"}, {"/trace", "l"}, {"/reviews", "lmo"}, {"/ledger", "lao"},
			{"/rights/give", "la"}, {"/rights/1/end", "la"}, {"/roles", "lo"}, {"/requests", "lamo "}, {"/me", "lamo "}, {"/me/tokens", "lamo "}, {"/ledger/checkpoint.txt", "lao"}, {"/looks/40", "lo"},
			{fmt.Sprintf("/people/%d", w.ids["bob"]), "lamo"}, {fmt.Sprintf("/people/%d/extract", w.ids["bob"]), "lo"}, {"/customers/120", "lo"}, {"/customers/120/answer", "lo"},
		} {
			for i, who := range []string{"lena", "adam", "mara", "otto", "alice"} {
				status, _ := w.at(who).get(row.path)
				want := http.StatusForbidden
				if strings.ContainsRune(row.may, rune("lamo "[i])) {
					want = http.StatusOK
				}
				if status != want {
					t.Errorf("%s asks %s: %d, want %d", who, row.path, status, want)
				}
			}
		}
	})
	t.Run("writes", func(t *testing.T) {
		for _, row := range []struct {
			path, may string
		}{
			{"/customers", "lo"}, {"/customers/120/erase", "l"}, {"/rights/give", "la"}, {"/rights/999/end", "la"}, {"/roles", "l"}, {"/roles/999/end", "l"}, {"/people", "la"}, {"/rules/training", "la"}, {"/rules/clauses", "la"},
			{"/reviews", "l"}, {"/reviews/close/999", "l"}, {"/alerts/999/review", "l"}, {"/alerts/999/unseal", "lo"}, {"/complaints/X/erase", "l"}, {"/processors/999/review", "l"}, {"/processors", "l"}, {"/processors/999/scope", "l"}, {"/processors/999/papers", "l"}, {"/processors/999/transfers", "l"}, {"/processors/999/transfers/1/return", "l"}, {"/rules", "la"}, {"/rules/courses", "la"},
			{fmt.Sprintf("/people/%d/compromised", w.ids["bob"]), "la"}, {"/ledger/verify", "lao"}, {"/ledger/checkpoint", "lao"},
			{fmt.Sprintf("/people/%d/leave", w.ids["bob"]), "la"}, {fmt.Sprintf("/people/%d/sessions/999999/end", w.ids["bob"]), "lam"},
		} {
			for i, who := range []string{"lena", "adam", "mara", "otto", "alice"} {
				status, _ := w.at(who).post(row.path)
				if may := strings.ContainsRune(row.may, rune("lamo "[i])); may == (status == http.StatusForbidden) {
					t.Errorf("%s sends %s: %d", who, row.path, status)
				}
			}
		}
	})
	t.Run("refusals are on record", func(t *testing.T) {
		n := 0
		for l := range w.Ledger.Index().By(w.ids["alice"], time.Time{}, time.Time{}) {
			if l.Kind == custody.EventRefusal && l.Code == custody.CodeForbidden {
				n++
			}
		}
		if n < 5 {
			t.Errorf("alice was refused %d times on record", n)
		}
	})
}

// TestNobodyReachesFurther tries what belongs to another branch and another employer,
// with the numbers that somebody could guess.
func TestNobodyReachesFurther(t *testing.T) {
	w := newWorld(t)
	carol := w.PersonID("carol@northfield.example") // of another branch than mara
	quin := w.PersonID("quin@quayside.example")     // of another employer than otto
	token := w.Token("carol@northfield.example")
	conn := w.Site.As("carol@northfield.example", token)
	if _, err := conn.Exec(t.Context(), "SELECT id, name FROM customers WHERE id = 7"); err != nil {
		t.Fatal(err)
	}
	live, err := w.Store.LiveSessions()
	if err != nil || len(live) == 0 {
		t.Fatal(err, live)
	}
	session := live[len(live)-1].ID

	t.Run("another branch", func(t *testing.T) {
		mara := w.at("mara")
		for _, path := range []string{fmt.Sprintf("/people/%d", carol), fmt.Sprintf("/people/%d", quin)} {
			if status, body := mara.get(path); status != http.StatusNotFound || strings.Contains(body, "Carol") || strings.Contains(body, "Quin ") {
				t.Errorf("mara asks %s: %d", path, status)
			}
		}
		if status, _ := mara.post(fmt.Sprintf("/people/%d/sessions/%d/end", carol, session)); status != http.StatusNotFound {
			t.Errorf("mara ends a session of another branch: %d", status)
		}
		// The session's number under the name of somebody within reach.
		if status, _ := mara.post(fmt.Sprintf("/people/%d/sessions/%d/end", w.ids["bob"], session)); status != http.StatusNotFound {
			t.Errorf("mara ends it under another name: %d", status)
		}
		_, list := mara.get("/people")
		_, now := mara.get("/now")
		_, who := mara.get("/rights?category=phone&system=" + w.Database)
		for page, body := range map[string]string{"people": list, "now": now, "who can": who} {
			if !strings.Contains(body, "Bob Barnes") && page != "now" || strings.Contains(body, "Carol Cole") || strings.Contains(body, "Quin Quayle") || strings.Contains(body, "Erin Eaves") {
				t.Errorf("mara's page %s shows others than her branch, or not hers", page)
			}
		}
	})
	t.Run("another employer", func(t *testing.T) {
		otto, rosa := w.at("otto"), w.at("rosa")
		if status, _ := otto.get(fmt.Sprintf("/people/%d", quin)); status != http.StatusNotFound {
			t.Errorf("the auditor of Northfield opens somebody of Quayside: %d", status)
		}
		if status, _ := rosa.get(fmt.Sprintf("/people/%d", carol)); status != http.StatusNotFound {
			t.Errorf("the lead of Quayside opens somebody of Northfield: %d", status)
		}
		if status, _ := rosa.post(fmt.Sprintf("/people/%d/leave", carol), "login", "carol@northfield.example"); status != http.StatusNotFound {
			t.Errorf("the lead of Quayside ends somebody of Northfield: %d", status)
		}
		_, body := rosa.customer(120)
		if strings.Contains(body, "Bob Barnes") || strings.Contains(body, "Carol Cole") {
			t.Error("the lead of Quayside sees looks of Northfield")
		}
		for n, e := range w.Ledger.Index().Events(1) {
			if e.Person == w.ids["bob"] && len(e.Subjects) > 0 {
				if status, _ := rosa.get(fmt.Sprintf("/looks/%d", n)); status != http.StatusNotFound {
					t.Errorf("the lead of Quayside opens a look of Northfield: %d", status)
				}
				break
			}
		}
	})
	t.Run("oneself", func(t *testing.T) {
		if status, _ := w.at("lena").post(fmt.Sprintf("/people/%d/leave", w.ids["lena"]), "login", w.login("lena")); status != http.StatusForbidden {
			t.Errorf("somebody ends their own engagement: %d", status)
		}
		if status, _ := w.at("alice").post(fmt.Sprintf("/me/sessions/%d/end", session)); status != http.StatusNotFound {
			t.Errorf("alice ends carol's session as her own: %d", status)
		}
	})
	t.Run("numbers that are none", func(t *testing.T) {
		lena := w.at("lena")
		for _, path := range []string{"/people/0", "/people/-1", "/people/4294967297", "/people/99999", "/people/x", "/customers/999999", "/looks/0", "/looks/999999999", "/customers/18446744073709551615"} {
			if status, _ := lena.get(path); status != http.StatusNotFound {
				t.Errorf("%s: %d", path, status)
			}
		}
	})
	var alive bool
	if err := conn.QueryRow(t.Context(), "SELECT true").Scan(&alive); err != nil {
		t.Errorf("carol's session did not survive what others tried: %v", err)
	}
	t.Run("who may", func(t *testing.T) {
		if status, to := w.at("lena").post(fmt.Sprintf("/people/%d/sessions/%d/end", carol, session)); status != http.StatusSeeOther {
			t.Fatalf("the lead ends it: %d %s", status, to)
		}
		deadline := time.Now().Add(10 * time.Second)
		for conn.QueryRow(t.Context(), "SELECT true").Scan(&alive) == nil {
			if time.Now().After(deadline) {
				t.Fatal("the session lives on")
			}
		}
	})
}

// TestForgedForms tries to have a browser send a form that its person did not fill in.
func TestForgedForms(t *testing.T) {
	w := newWorld(t)
	path := fmt.Sprintf("%s/people/%d/leave", w.URL, w.ids["bob"])
	name, value := w.ConsoleCookie(w.login("lena"))
	for _, from := range []map[string]string{
		{}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"},
		{"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, {"Origin": w.URL + ".evil.example"}, {"Referer": w.URL + "/people"},
	} {
		r, _ := http.NewRequest(http.MethodPost, path, strings.NewReader(url.Values{"login": {w.login("bob")}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Cookie", name+"="+value)
		for k, v := range from {
			r.Header.Set(k, v)
		}
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("a form from %v: %d", from, resp.StatusCode)
		}
	}
	// Nor by GET, by another method, or through another host's name.
	lena := w.at("lena")
	if status, _ := lena.get(fmt.Sprintf("/people/%d/leave?login=%s", w.ids["bob"], w.login("bob"))); status != http.StatusMethodNotAllowed && status != http.StatusNotFound {
		t.Errorf("leaving by GET: %d", status)
	}
	r, _ := http.NewRequest(http.MethodGet, w.URL+"/people", nil)
	r.Host = "console.evil.example"
	resp, err := lena.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("another host's name: %d", resp.StatusCode)
	}
	if p, err := w.Identity.Find(w.login("bob")); err != nil || p == nil {
		t.Error("bob has left")
	}
}

// TestHeaders holds every kind of answer to the headers that keep browsers careful.
func TestHeaders(t *testing.T) {
	w := newWorld(t)
	lena := w.at("lena")
	for _, path := range []string{"/now", "/people", "/nothing", "/ledger/checkpoint.txt", "/ledger/verify", "/api/v1/me", "/api/v1/openapi.json", fmt.Sprintf("/people/%d/extract", w.ids["bob"])} {
		resp, err := lena.Get(w.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		policy := resp.Header.Get("Content-Security-Policy")
		for _, must := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(policy, must) {
				t.Errorf("%s: the policy lacks %s", path, must)
			}
		}
		if strings.Contains(policy, "unsafe") || strings.Contains(policy, "data:") || strings.Contains(policy, "*") {
			t.Errorf("%s: the policy is loose: %s", path, policy)
		}
		for header, want := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store"} {
			if got := resp.Header.Get(header); got != want {
				t.Errorf("%s: %s is %q, want %q", path, header, got, want)
			}
		}
	}
	_, body := lena.get("/now")
	for _, inline := range []string{"<script>", "javascript:", " onclick=", " style=", "<style", "//unpkg", "https://cdn"} {
		if strings.Contains(body, inline) {
			t.Errorf("a page holds %q", inline)
		}
	}
}

// TestSessions tries to bring a session along, to keep one that has ended, and to use one
// of a portal.
func TestSessions(t *testing.T) {
	w := newWorld(t)
	ask := func(cookies ...string) int {
		r, _ := http.NewRequest(http.MethodGet, w.URL+"/me", nil)
		r.Header.Set("Cookie", strings.Join(cookies, "; "))
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	name, value := w.ConsoleCookie(w.login("lena"))
	t.Run("fixation", func(t *testing.T) {
		fixed := strings.Repeat("A", 43) // a cookie that the attacker chose: no sign-in ever takes it up
		if status := ask(name + "=" + fixed); status == http.StatusOK {
			t.Error("a cookie that nobody was given opens a session")
		}
		_, again := w.ConsoleCookie(w.login("lena"))
		if again == value {
			t.Error("two sign-ins have one cookie")
		}
	})
	t.Run("of another system", func(t *testing.T) {
		cookie, _, _, err := w.Identity.SignInBrowser(t.Context(), identity.SignIn{Login: w.login("lena"), System: w.Database, Method: identity.MethodPassword, Address: "127.0.0.1", TTL: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		if status := ask(name + "=" + cookie); status == http.StatusOK {
			t.Error("a portal's cookie opens the console")
		}
	})
	t.Run("cut", func(t *testing.T) {
		if status := ask(name + "=" + value); status != http.StatusOK {
			t.Fatalf("the session is not live: %d", status)
		}
		live, err := w.Store.LiveSessions()
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(live, func(s sessionRecord) bool { return s.Person == w.ids["lena"] && s.SystemName == console.SystemName })
		if err := w.Identity.Cut(live[at].ID); err != nil {
			t.Fatal(err)
		}
		w.Reload()
		if status := ask(name + "=" + value); status == http.StatusOK {
			t.Error("a session that was cut goes on")
		}
	})
	t.Run("left", func(t *testing.T) {
		dan := w.at("dan")
		if status, _ := dan.get("/me"); status != http.StatusOK {
			t.Fatal(status)
		}
		if status, to := w.at("adam").post(fmt.Sprintf("/people/%d/leave", w.ids["dan"]), "login", w.login("dan")); status != http.StatusSeeOther {
			t.Fatal(status, to)
		}
		w.Reload()
		if status, _ := dan.get("/me"); status == http.StatusOK {
			t.Error("somebody who left is still in the console")
		}
	})
	t.Run("a role that ended", func(t *testing.T) {
		otto := w.at("otto")
		if status, _ := otto.get("/ledger"); status != http.StatusOK {
			t.Fatal(status)
		}
		roles, err := w.Store.ConsoleRoles()
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range roles {
			if r.Login == w.login("otto") {
				if err := w.Store.EndConsoleRole(r.ID, w.Options.Now()); err != nil {
					t.Fatal(err)
				}
			}
		}
		if status, _ := otto.get("/ledger"); status != http.StatusForbidden {
			t.Errorf("a role that ended still opens the ledger: %d", status)
		}
	})
}

// TestNamesThatAreScripts puts markup wherever people choose words, and looks at every
// page that shows them.
func TestNamesThatAreScripts(t *testing.T) {
	w := newWorld(t)
	const evil = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`
	p, err := w.Identity.AddPerson(identity.NewPerson{Login: "mallory@northfield.example", FullName: evil, Organisation: "Northfield", Branch: "<b>Saltby</b>", Roles: []string{"estimator"}})
	if err != nil {
		t.Fatal(err)
	}
	staff = append(staff, struct{ login, name, org, branch, role string }{"mallory", evil, "Northfield", "<b>Saltby</b>", "estimator"})
	t.Cleanup(func() { staff = staff[:len(staff)-1] })
	w.ids["mallory"] = p.ID
	key := `<svg/onload=alert(3)>`
	ids, err := w.Store.Assign(w.system, []string{key})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Ledger.Append(w.look("mallory", w.Options.Now(), custody.Categories(custody.Name), ids)); err != nil {
		t.Fatal(err)
	}
	w.Role("mallory@northfield.example", console.Lead, "")
	m, lena := w.at("mallory"), w.at("lena")
	if status, _ := m.post(fmt.Sprintf("/customers/%d/reason", ids[0]), "reason", evil); status != http.StatusSeeOther {
		t.Fatal(status)
	}
	status, body := m.get(fmt.Sprintf("/customers/%d", ids[0]))
	if status != http.StatusOK {
		t.Fatal(status)
	}
	bodies := map[string]string{"customer": body}
	for _, path := range []string{"/now", "/people?q=%3Cscript%3E", "/people", fmt.Sprintf("/people/%d", p.ID), "/rights?category=name&system=" + w.Database, "/me", fmt.Sprintf("/customers/%d/answer?names=yes", ids[0])} {
		_, bodies[path] = m.get(path)
	}
	_, bodies["lena's customer"] = lena.customer(ids[0])
	_, bodies["a form again"] = lena.post("/customers", "what", evil, "reason", "")
	escaped := 0
	for page, body := range bodies {
		for _, raw := range []string{"<script>alert", "<img src=x", "<svg/onload", "<b>Saltby"} {
			if strings.Contains(body, raw) {
				t.Errorf("%s shows %s as markup", page, raw)
			}
		}
		escaped += strings.Count(body, "&lt;")
	}
	if escaped < 10 {
		t.Errorf("only %d escapes: the names were not shown", escaped)
	}
	resp, err := lena.Get(w.URL + "/now/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	part := make([]byte, 20_000)
	n, _ := io.ReadAtLeast(resp.Body, part, 2000)
	if strings.Contains(string(part[:n]), "<script>") {
		t.Error("the stream shows a name as markup")
	}
}

// TestTooFast asks more than a person would.
func TestTooFast(t *testing.T) {
	w := newWorld(t)
	w.stop.Store(w.Options.Now().UnixNano())
	lena := w.at("lena")
	refused := 0
	for range 60 {
		if status, _ := lena.customer(120); status == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused < 30 {
		t.Errorf("of 60 customers at once %d were refused", refused)
	}
	if status, _ := w.at("otto").customer(120); status != http.StatusOK {
		t.Errorf("somebody else is slowed down: %d", status)
	}
	alice := w.at("alice")
	refused = 0
	for range 210 {
		if status, _ := alice.get("/me"); status == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused == 0 {
		t.Error("210 pages at once were not too many")
	}
}
