package signin_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"custody/signin"
)

// TestFormsOfOtherSites: what a browser says of where a form came from decides.
func TestFormsOfOtherSites(t *testing.T) {
	k := newKit(t)
	host := strings.TrimPrefix(k.url, "https://")
	for _, c := range []struct {
		name    string
		headers map[string]string
		want    int
	}{
		{"this page", map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": k.url}, http.StatusUnauthorized},
		{"an older browser", map[string]string{"Origin": k.url}, http.StatusUnauthorized},
		{"without an origin", map[string]string{"Sec-Fetch-Site": "same-origin"}, http.StatusUnauthorized},
		{"nothing said", nil, http.StatusForbidden},
		{"another site", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, http.StatusForbidden},
		{"a neighbour", map[string]string{"Sec-Fetch-Site": "same-site", "Origin": "https://other.northfield.example"}, http.StatusForbidden},
		{"an older browser at another site", map[string]string{"Origin": "https://evil.example"}, http.StatusForbidden},
		{"a sandboxed frame", map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": "null"}, http.StatusForbidden},
		{"another scheme", map[string]string{"Origin": "http://" + host}, http.StatusForbidden},
		{"a header that lies by halves", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": k.url}, http.StatusForbidden},
	} {
		for _, path := range []string{"/.custody/sign-in", "/.custody/device/begin"} {
			r := httptest.NewRequest(http.MethodPost, k.url+path, strings.NewReader("login=x&password=y&code=z"))
			r.Host = host
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for name, value := range c.headers {
				r.Header.Set(name, value)
			}
			w := httptest.NewRecorder()
			k.door.ServeHTTP(w, r)
			if w.Code != c.want {
				t.Errorf("%s, %s: %d, want %d", c.name, path, w.Code, c.want)
			}
		}
	}
}

// TestOpenRedirects: who signs in at a link that somebody else made stays here.
func TestOpenRedirects(t *testing.T) {
	k := newKit(t)
	b := k.browser(t)
	f := b.enrol(alice)
	b.accept()
	b.c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for next, want := range map[string]string{"/jobs?id=7": "/.custody/device?next=%2Fjobs%3Fid%3D7", "https://evil.example": "/.custody/device", "//evil.example": "/.custody/device"} {
		k.clock.pass(30e9)
		a := b.post("/.custody/sign-in", "login", alice, "password", secret, "code", f.code(), "next", next)
		if got := a.Header.Get("Location"); a.StatusCode != http.StatusSeeOther || got != want {
			t.Errorf("%q leads to %q, want %q", next, got, want)
		}
		if a := b.post("/.custody/notice", "accept", "yes", "version", signin.DefaultVersion, "next", next); strings.Contains(a.Header.Get("Location"), "evil") {
			t.Errorf("%q leads from the notice to %q", next, a.Header.Get("Location"))
		}
	}
}

// TestEveryAnswerIsGuarded looks at the headers of pages, files and refusals.
func TestEveryAnswerIsGuarded(t *testing.T) {
	k := newKit(t)
	b := k.browser(t)
	for path, want := range map[string]int{
		"/.custody/sign-in": 200, "/.custody/enrol": 200, "/.custody/assets/custody.css": 200, "/.custody/assets/worker.js": 200,
		"/.custody/nothing": 404, "/.custody/assets/..%2fdoor.go": 404, "/.custody/signed-out": 200, "/.custody/oidc/none": 404,
	} {
		a := b.get(path)
		if a.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, a.StatusCode, want)
		}
		csp := a.Header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src " + k.url + "/.custody/assets/;", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"} {
			if !strings.Contains(csp, part) {
				t.Errorf("%s: the policy lacks %s: %s", path, part, csp)
			}
		}
		if strings.Contains(csp, "unsafe") {
			t.Errorf("%s: the policy allows what is unsafe: %s", path, csp)
		}
		for name, value := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
			"Strict-Transport-Security": "max-age=31536000", "Cross-Origin-Opener-Policy": "same-origin"} {
			if a.Header.Get(name) != value {
				t.Errorf("%s: %s is %q", path, name, a.Header.Get(name))
			}
		}
		if !strings.Contains(path, "assets") && a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s can be kept: %q", path, a.Header.Get("Cache-Control"))
		}
		if strings.Contains(a.body, "<script>") || strings.Contains(a.body, "style=") || strings.Contains(a.body, "onclick") {
			t.Errorf("%s has something inline", path)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "https://evil.example/.custody/sign-in", nil)
	w := httptest.NewRecorder()
	k.door.ServeHTTP(w, r)
	if w.Code != http.StatusMisdirectedRequest {
		t.Errorf("another host's name: %d", w.Code)
	}
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodTrace} {
		w := httptest.NewRecorder()
		k.door.ServeHTTP(w, httptest.NewRequest(method, k.url+"/.custody/sign-in", nil))
		if w.Code != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", method, w.Code)
		}
	}
	if a := b.post("/.custody/sign-in", "login", strings.Repeat("x", 1<<20)); a.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a megabyte of a form: %d", a.StatusCode)
	}
}

// TestWhatCookiesAre: only for this host, never for scripts, never without TLS.
func TestWhatCookiesAre(t *testing.T) {
	k := newKit(t)
	b := k.browser(t)
	f := b.enrol(alice)
	b.c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	a := b.signIn(alice, f)
	found := 0
	for _, c := range a.Cookies() {
		if !strings.HasPrefix(c.Name, "__Host-custody") || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("the cookie %s is %+v", c.Name, c)
		}
		if c.Name == "__Host-custody_bodyshop" {
			found++
			if len(c.Value) != 43 {
				t.Errorf("a session's cookie has %d characters", len(c.Value))
			}
		}
	}
	if found != 1 {
		t.Errorf("%d cookies of a session", found)
	}
}

// TestProgramsGetJSON: who does not wait for a page gets a code and a hint.
func TestProgramsGetJSON(t *testing.T) {
	k := newKit(t)
	r, err := http.NewRequest(http.MethodGet, k.url+"/api/customers", nil)
	must(t, err)
	a := k.browser(t).do(r)
	if a.StatusCode != http.StatusUnauthorized || a.Header.Get("Content-Type") != "application/json" || !strings.Contains(a.body, `"hint":`) {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}
