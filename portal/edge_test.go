package portal_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"custody"
	"custody/custodytest"
	"custody/portal/upstream"
	"custody/site"
)

// raw sends bytes to the gate as they are and gives everything that comes back.
func (k *kit) raw(text string) string {
	k.t.Helper()
	c, err := tls.Dial("tcp", strings.TrimPrefix(k.URL, "https://"), &tls.Config{RootCAs: k.Roots().RootCAs, ServerName: "127.0.0.1", NextProtos: []string{"http/1.1"}})
	if err != nil {
		k.t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := c.Write([]byte(text)); err != nil {
		k.t.Fatal(err)
	}
	in := bufio.NewReader(c)
	first, err := in.ReadString('\n')
	if err == nil { // nothing more comes: the gate may hang up when it has answered all
		_ = c.CloseWrite()
	}
	b, _ := io.ReadAll(in)
	return first + string(b)
}

// half sends bytes and hangs up.
func (k *kit) half(text string) string {
	k.t.Helper()
	c, err := tls.Dial("tcp", strings.TrimPrefix(k.URL, "https://"), &tls.Config{RootCAs: k.Roots().RootCAs, ServerName: "127.0.0.1", NextProtos: []string{"http/1.1"}})
	if err != nil {
		k.t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	_, _ = c.Write([]byte(text))
	_ = c.CloseWrite()
	b, _ := io.ReadAll(c)
	return string(b)
}

// TestSmuggling sends what two parsers may read differently, and looks at what the
// application was asked: never for /hidden, never more often than the gate answered.
func TestSmuggling(t *testing.T) {
	k := newKit(t)
	k.Person("alice", see(contacts))
	host := strings.TrimPrefix(k.URL, "https://")
	cookie := "Cookie: __Host-custody_" + k.Database + "=" + k.Cookie("alice") + "\r\n"
	hidden := "GET /hidden HTTP/1.1\r\nHost: " + host + "\r\n\r\n"
	head := "POST /upload HTTP/1.1\r\nHost: " + host + "\r\n" + cookie
	cases := map[string]string{
		"both lengths":           head + fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", len(hidden)+5) + hidden,
		"two lengths":            head + "Content-Length: 0\r\nContent-Length: 40\r\n\r\n" + hidden,
		"a length with a sign":   head + "Content-Length: +0\r\n\r\n" + hidden,
		"folded coding":          head + "Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + hidden,
		"coding with a tab":      head + "Transfer-Encoding:\tchunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + hidden,
		"unknown coding":         head + "Transfer-Encoding: xchunked\r\nContent-Length: 0\r\n\r\n" + hidden,
		"two codings":            head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + hidden,
		"space before the colon": head + "Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + hidden,
		"bare line feed":         head + "X: y\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + hidden,
		"bad chunk":              head + "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n" + hidden,
		"chunk extension":        head + "Transfer-Encoding: chunked\r\n\r\n0;a=\"\n\"\r\n\r\n" + hidden,
		"negative chunk":         head + "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n" + hidden,
		"trailer that is a head": head + "Transfer-Encoding: chunked\r\nTrailer: Host\r\n\r\n0\r\nHost: evil.example\r\n\r\n",
		"a body with GET":        "GET / HTTP/1.1\r\nHost: " + host + "\r\n" + cookie + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(hidden)) + hidden,
		"connection names":       "GET / HTTP/1.1\r\nHost: " + host + "\r\n" + cookie + "Connection: close, Cookie, X-Forwarded-For\r\n\r\n",
	}
	for name, text := range cases {
		before := k.app.allAsked()
		answer := k.raw(text)
		for _, r := range k.app.requestsFrom(before) {
			if r.URL.Path == "/hidden" && !strings.Contains(answer, "401 Unauthorized") {
				t.Errorf("%s: the application was asked for /hidden; the gate answered\n%s", name, answer)
			}
			if r.Host != strings.TrimPrefix(k.app.URL, "http://") || strings.Contains(r.Header.Get("Cookie"), "custody") {
				t.Errorf("%s: the application got %q %v", name, r.Host, r.Header)
			}
		}
	}
	if got := k.app.asked("/hidden"); len(got) > 0 {
		t.Errorf("%d requests were smuggled", len(got))
	}
}

func (a *app) requestsFrom(n int) []*http.Request {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]*http.Request(nil), a.requests[n:]...)
}

// TestHosts: only the public host is served, whatever else a request says about where
// it goes, and the application learns only what the gate says.
func TestHosts(t *testing.T) {
	k := newKit(t)
	k.Person("alice", see(contacts))
	host := strings.TrimPrefix(k.URL, "https://")
	cookie := "Cookie: __Host-custody_" + k.Database + "=" + k.Cookie("alice") + "\r\n"
	for text, want := range map[string]string{
		"GET / HTTP/1.1\r\nHost: evil.example\r\n":                                        "421",
		"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n":                                           "421",
		"GET / HTTP/1.1\r\nHost: " + host + "\r\nHost: evil.example\r\n":                  "400",
		"GET / HTTP/1.1\r\nHost: " + host + "/evil\r\n":                                   "4",
		"GET http://evil.example/ HTTP/1.1\r\nHost: " + host + "\r\n":                     "421",
		"GET http://169.254.169.254/latest HTTP/1.1\r\nHost: " + host + "\r\n":            "421",
		"GET @evil.example/ HTTP/1.1\r\nHost: " + host + "\r\n":                           "400",
		"CONNECT evil.example:80 HTTP/1.1\r\nHost: evil.example:80\r\n":                   "405",
		"TRACE / HTTP/1.1\r\nHost: " + host + "\r\n":                                      "405",
		"GET / HTTP/1.1\r\nHost: " + host + "\r\nX-Forwarded-Host: evil.example\r\n":      "200",
		"GET /\x01 HTTP/1.1\r\nHost: " + host + "\r\n":                                    "400",
		"GET /\xff HTTP/1.1\r\nHost: " + host + "\r\n":                                    "404",
		"GET / HTTP/1.1\r\nHost: " + host + "\r\nX: a\x00b\r\n":                           "400",
		"GET / HTTP/1.1\r\nHost: " + host + "\r\nService-Worker: script\r\n":              "403",
		"POST /upload HTTP/1.1\r\nHost: " + host + "\r\nOrigin: https://evil.example\r\n": "403",
		"POST /upload HTTP/1.1\r\nHost: " + host + "\r\nSec-Fetch-Site: cross-site\r\n":   "403",
	} {
		answer := k.raw(text + cookie + "Connection: close\r\n\r\n")
		if !strings.HasPrefix(answer, "HTTP/1.1 "+want) {
			t.Errorf("%q: %.200s", text, answer)
		}
	}
	k.raw("GET / HTTP/1.1\r\nHost: " + host + "\r\n" + cookie + "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Host: evil.example\r\nForwarded: for=1.2.3.4\r\n" +
		"X_Forwarded_For: 1.2.3.4\r\nRemote_User: root\r\nX-Real-IP: 1.2.3.4\r\nAuthorization: Bearer x\r\nReferer: https://evil.example/?q=1\r\nConnection: close\r\n\r\n")
	for _, host := range []string{"evil.example", "127.0.0.1"} { // the same in HTTP/2, whose authority is the host
		req, _ := http.NewRequest(http.MethodGet, k.URL+"/", nil)
		req.Host = host
		resp, err := k.SignedIn("alice").Do(req)
		if err != nil || resp.ProtoMajor != 2 || resp.StatusCode != http.StatusMisdirectedRequest {
			t.Errorf("HTTP/2 for %s: %v %v", host, resp, err)
		}
		if err == nil {
			resp.Body.Close()
		}
	}
	asked := k.app.asked("/")
	last := asked[len(asked)-1]
	if last.Header.Get("X-Forwarded-For") != "127.0.0.1" {
		t.Errorf("X-Forwarded-For: %q", last.Header.Get("X-Forwarded-For"))
	}
	for _, name := range []string{"X-Forwarded-Host", "Forwarded", "X_forwarded_for", "Remote_user", "X-Real-Ip", "Authorization", "Referer"} {
		if v := last.Header.Get(name); v != "" {
			t.Errorf("the application got %s: %s", name, v)
		}
	}
}

// TestRedirects: redirects lead to the portal or nowhere.
func TestRedirects(t *testing.T) {
	k := newKit(t, func(p *site.Portal) { p.Elsewhere = []string{"pay.example"} })
	alice := k.Browser("alice", see(contacts))
	for to, want := range map[string]string{
		"/customers?n=1": "/customers?n=1", "customers": "/customers", k.app.URL + "/customers#x": "/customers#x", k.URL + "/a": "/a",
		"?n=3": "/redirect?n=3", "https://pay.example/now": "https://pay.example/now", "/a%2e%2e/b": "/a%2e%2e/b", `/\evil.example`: "/%5Cevil.example",
		"//evil.example/x": "502", "https://evil.example": "502", "https:evil.example": "502", "javascript:alert(1)": "502", "http://a:b@evil.example": "502",
		`\\evil.example`: "/%5C%5Cevil.example", "///evil.example": "/evil.example",
	} {
		resp, _ := k.get(alice, "/redirect?to="+url.QueryEscape(to))
		got := resp.Header.Get("Location")
		if resp.StatusCode == http.StatusBadGateway {
			got = "502"
		}
		if got != want {
			t.Errorf("%s leads to %d %q, want %q", to, resp.StatusCode, resp.Header.Get("Location"), want)
		}
	}
	phone := k.app.customers[2].Phone
	bob := k.Browser("bob", see(contacts))
	if resp, _ := k.get(bob, "/redirect?to="+url.QueryEscape("/search?q="+url.QueryEscape(phone))); resp.StatusCode != http.StatusFound {
		t.Errorf("a redirect with a phone: %d", resp.StatusCode)
	}
	k.saw("bob", 3)
}

// TestOwnSignIn: the application's own sign-in is out of reach, however its path is
// written; its session is the gate's alone and is renewed when it ends.
func TestOwnSignIn(t *testing.T) {
	k := newKit(t, func(p *site.Portal) { p.SignOut = "/logout"; p.Cookies = []string{"theme"} })
	alice := k.Browser("alice", see(contacts))
	for _, path := range []string{"/login", "/login/", "//login", "/LOGIN", "/./login", "/a/../login", "/%6cogin", "/login;x=1", `/login\`} {
		resp, _ := k.do(alice, http.MethodPost, path, strings.NewReader("username=northfield&password=summer2024"), "Content-Type: application/x-www-form-urlencoded")
		if resp.StatusCode != http.StatusForbidden && resp.StatusCode != http.StatusTemporaryRedirect {
			t.Errorf("POST %s: %d", path, resp.StatusCode)
		}
		if resp, _ := k.get(alice, path); resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/" {
			t.Errorf("GET %s: %d %q", path, resp.StatusCode, resp.Header.Get("Location"))
		}
	}
	if n := len(k.app.asked("/login")); n > 0 {
		t.Errorf("the application was asked %d times for its sign-in page before anybody looked", n)
	}
	resp, _ := k.get(alice, "/")
	if resp.StatusCode != http.StatusOK || k.app.signIns != 1 {
		t.Errorf("%d, %d sign-ins", resp.StatusCode, k.app.signIns)
	}
	k.app.forget()
	if resp, _ := k.get(alice, "/customers"); resp.StatusCode != http.StatusOK || k.app.signIns != 2 {
		t.Errorf("after the application's session ended: %d, %d sign-ins", resp.StatusCode, k.app.signIns)
	}
	k.app.forget()
	resp, text := k.do(alice, http.MethodPost, "/upload", strings.NewReader("x"), "Accept: text/html")
	if resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(text, "once more") {
		t.Errorf("a form after the application's session ended: %d %.300s", resp.StatusCode, text)
	}
	if resp, _ := k.do(alice, http.MethodPost, "/upload", strings.NewReader("x")); resp.StatusCode != http.StatusOK {
		t.Errorf("once more: %d", resp.StatusCode)
	}
	if resp, _ := k.get(alice, "/logout"); resp.Header.Get("Location") != "/.custody/sessions" {
		t.Errorf("the way out leads to %q", resp.Header.Get("Location"))
	}
	for _, path := range []string{"/.custody/../.custody/x", "/%2ecustody/x", "/.CUSTODY/x", "//.custody/x", "/.custody"} {
		before := k.app.allAsked()
		k.get(alice, path)
		if k.app.allAsked() != before {
			t.Errorf("%s reached the application", path)
		}
	}
}

// TestRotate: the account gets a new password that the application takes; one that it
// does not take changes nothing.
func TestRotate(t *testing.T) {
	pg := custodytest.Postgres(t)
	a := newApp(t, pg, custodytest.Bodyshop(t, pg, 200))
	u, err := url.Parse(a.URL)
	if err != nil {
		t.Fatal(err)
	}
	o := upstream.New(upstream.Options{URL: u})
	defer o.Close()
	in := custodytest.FormSignIn(appAccount)
	form := upstream.Change{Path: "/account", Current: "current", New: "new", Again: "again"}
	a.least = 100
	if err := upstream.Rotate(context.Background(), o, &in, form, appAccount, "fresh and long"); err == nil || !strings.Contains(err.Error(), "did not take") {
		t.Errorf("a password that is too short: %v", err)
	}
	a.least = 0
	if err := upstream.Rotate(context.Background(), o, &in, form, appAccount, "fresh and long"); err != nil || a.password != "northfield:fresh and long" {
		t.Errorf("%v, the password is %s", err, a.password)
	}
	if err := upstream.Rotate(context.Background(), o, &in, form, appAccount, "third"); custody.CodeOf(err) != custody.CodeUnavailable || a.password != "northfield:fresh and long" {
		t.Errorf("with the old password: %v", err)
	}
}

// TestUploads: a large upload streams through in either framing; one that breaks off
// is not whole for the application either.
func TestUploads(t *testing.T) {
	k := newKit(t)
	alice := k.Browser("alice", see(contacts))
	const size = 40 << 20
	for _, length := range []int64{size, -1} {
		req, _ := http.NewRequest(http.MethodPost, k.URL+"/upload", io.LimitReader(zeros{}, size))
		req.ContentLength = length
		resp, err := alice.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK || string(b) != fmt.Sprintf("%d bytes", size) {
			t.Errorf("length %d: %d %s", length, resp.StatusCode, b)
		}
	}
	host := strings.TrimPrefix(k.URL, "https://")
	answer := k.half("POST /upload HTTP/1.1\r\nHost: " + host + "\r\nCookie: __Host-custody_" + k.Database + "=" + k.Cookie("alice") + "\r\nContent-Length: 100\r\n\r\nhalf")
	if strings.Contains(answer, "bytes") {
		t.Errorf("half an upload: %s", answer)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// TestUpstreamFaults: whatever the application does, the person gets a page that says
// what is the matter, or a broken connection, and never half an answer as a whole.
func TestUpstreamFaults(t *testing.T) {
	k := newKit(t)
	alice := k.Browser("alice", exporting(contacts))
	k.get(alice, "/")
	resp, text := k.get(alice, "/refuse", "Accept: text/html")
	if resp.StatusCode != http.StatusBadGateway || !strings.Contains(text, "cannot be reached") || resp.Header.Get("Retry-After") == "" {
		t.Errorf("an application that hangs up: %d %.300s", resp.StatusCode, text)
	}
	close(k.app.hold)
	if _, _, err := k.try(alice, http.MethodGet, "/slow?type=text/csv&die=1", nil); err == nil {
		t.Error("a file that broke off in the application looks complete")
	}
	resp, text = k.get(alice, "/slow?type=text/plain&die=1")
	if resp.StatusCode != http.StatusBadGateway || strings.Contains(text, k.app.customers[0].Phone) {
		t.Errorf("a page that broke off: %d %.200s", resp.StatusCode, text)
	}
	k.app.Server.CloseClientConnections()
	if resp, _ := k.get(alice, "/"); resp.StatusCode != http.StatusOK {
		t.Errorf("after kept connections were closed: %d", resp.StatusCode)
	}
	k.app.Server.Close()
	resp, text = k.get(alice, "/", "Accept: application/json")
	if resp.StatusCode != http.StatusBadGateway || !strings.Contains(text, `"code":"unavailable"`) {
		t.Errorf("an application that is gone: %d %s", resp.StatusCode, text)
	}
}

// TestHostileAnswers: an application that answers nonsense, or more than a head may
// hold, does not get it through.
func TestHostileAnswers(t *testing.T) {
	answers := map[string]string{
		"no answer":        "hello\r\n\r\n",
		"a head too long":  "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("a", 300<<10) + "\r\n\r\n",
		"endless heads":    strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 50),
		"unasked protocol": "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
		"two lengths":      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
		"bad chunk":        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
		"short":            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 50\r\n\r\nhello",
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				r, err := http.ReadRequest(bufio.NewReader(c))
				if err != nil {
					return
				}
				io.WriteString(c, answers[r.URL.Query().Get("a")])
			}()
		}
	}()
	k := newKit(t, func(p *site.Portal) {
		p.SignIn.Kind = ""
		p.Origin = &url.URL{Scheme: "http", Host: l.Addr().String()}
	})
	alice := k.Browser("alice", see(contacts))
	for name := range answers {
		resp, text := k.get(alice, "/?a="+url.QueryEscape(name))
		if resp.StatusCode != http.StatusBadGateway || strings.Contains(text, "hello") {
			t.Errorf("%s: %d %.200s", name, resp.StatusCode, text)
		}
	}
}
