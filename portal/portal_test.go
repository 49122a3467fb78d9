package portal_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"custody"
	"custody/policy"
	"custody/site"
)

// TestLook follows one look: signed in at the gate, the gate signs in at the
// application, the answer arrives as it was, and the ledger has everybody in it.
func TestLook(t *testing.T) {
	k := newKit(t)
	alice := k.Browser("alice", see(custody.Categories(custody.AllCategories()...)))
	for _, path := range []string{"/api/customers?n=20", "/api/customers?n=20&chunked=1", "/", "/api/customers/7", "/customers?n=5"} {
		before, want := k.get(k.direct(), path)
		resp, got := k.get(alice, path)
		if resp.StatusCode != http.StatusOK || got != want {
			t.Fatalf("%s: %d %s\n%.300s\nwant\n%.300s", path, resp.StatusCode, resp.Proto, got, want)
		}
		if resp.Header.Get("Content-Type") != before.Header.Get("Content-Type") || resp.Header.Get("Cache-Control") != "private, no-store" || resp.Header.Get("Etag") != "" {
			t.Errorf("%s: head %v", path, resp.Header)
		}
		if len(resp.Cookies()) > 0 || resp.Header.Get("Server") != "" {
			t.Errorf("%s lets through %v %q", path, resp.Cookies(), resp.Header.Get("Server"))
		}
	}
	saw := k.saw("alice", to(20)...)
	if saw["1"]&contacts != contacts {
		t.Errorf("customer 1 in %v", saw["1"])
	}
	if resp, text := k.get(k.stranger(), "/api/customers"); resp.StatusCode != http.StatusUnauthorized || strings.Contains(text, "phone") {
		t.Errorf("a stranger got %d %.200s", resp.StatusCode, text)
	}
	if k.app.signIns != 1 {
		t.Errorf("the gate signed in %d times", k.app.signIns)
	}
	if resp, _ := k.get(k.Browser("bob"), "/"); resp.StatusCode != http.StatusForbidden {
		t.Errorf("somebody without a grant: %d", resp.StatusCode)
	}
}

// TestMasks: what a person may not see is masked on the way through every kind of
// answer, coding and framing, and what they may see is as it was.
func TestMasks(t *testing.T) {
	k := newKit(t)
	alice := k.Browser("alice", policy.Grant{See: custody.Categories(custody.Name), Mask: custody.Categories(custody.Email), Export: true})
	for _, path := range []string{"/api/customers?n=30", "/api/customers?n=30&chunked=1", "/customers?n=30", "/export.csv"} {
		for _, coding := range []string{"identity", "gzip", "br", "zstd"} {
			resp, text := k.get(alice, path, "Accept-Encoding: "+coding, "X-Pack: "+coding)
			plain := unpack(t, resp, text)
			if resp.StatusCode != http.StatusOK || coding != "identity" && resp.Header.Get("Content-Encoding") != coding {
				t.Errorf("%s %s: %d %q", path, coding, resp.StatusCode, resp.Header.Get("Content-Encoding"))
			}
			for _, c := range k.app.customers[:30] {
				if !strings.Contains(plain, htmlName(path, c.Name)) {
					t.Fatalf("%s %s: the name of customer %d is gone\n%.500s", path, coding, c.ID, plain)
				}
				if c.Phone != "" && strings.Contains(plain, c.Phone) || c.Email != "" && strings.Contains(plain, c.Email) {
					t.Fatalf("%s %s: customer %d leaks\n%.500s", path, coding, c.ID, plain)
				}
			}
			if strings.Contains(path, "api") && !json.Valid([]byte(plain)) {
				t.Errorf("%s %s is no JSON any more: %.300s", path, coding, plain)
			}
		}
	}
}

// htmlName is a name as the path's answers write it.
func htmlName(path, name string) string {
	switch {
	case strings.Contains(path, "api"):
		b, _ := json.Marshal(name)
		return string(b)
	case strings.Contains(path, "csv"):
		return name
	}
	return strings.NewReplacer("'", "&#39;").Replace(name)
}

func unpack(t *testing.T, resp *http.Response, text string) string {
	t.Helper()
	var r io.Reader = strings.NewReader(text)
	var err error
	switch resp.Header.Get("Content-Encoding") {
	case "gzip":
		r, err = gzip.NewReader(r)
	case "br":
		r = brotli.NewReader(r)
	case "zstd":
		r, err = zstd.NewReader(r)
	}
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestLimits: people are counted over pages, fragments, the API and tabs; a page that
// would cross the limit is not shown at all, and takes nothing from what is left.
func TestLimits(t *testing.T) {
	k := newKit(t)
	grant := see(contacts)
	grant.Limits.PerDay = 25
	alice := k.Browser("alice", grant)
	tab := k.SignedIn("alice")
	steps := []struct {
		client *http.Client
		path   string
		status int
	}{
		{alice, "/api/customers?n=10", 200},
		{tab, "/customers?n=10", 200}, // the same ten
		{tab, "/customers?from=10&n=10", 200},
		{alice, "/api/customers?from=20&n=10", 429}, // ten more than five left
		{alice, "/api/customers/21", 200},
		{tab, "/customers?from=21&n=4", 200},
		{alice, "/api/customers/26", 429},
		{tab, "/api/customers?n=25", 200}, // seen before
	}
	for _, s := range steps {
		resp, text := k.get(s.client, s.path, "Accept: text/html")
		if resp.StatusCode != s.status {
			t.Errorf("%s: %d, want %d\n%.300s", s.path, resp.StatusCode, s.status, text)
		}
		if s.status == 429 && (!strings.Contains(text, "limit of 25") || !strings.Contains(text, "mailto:data-protection@")) {
			t.Errorf("%s: the page says %s", s.path, text)
		}
	}
	k.saw("alice", to(25)...)
}

// TestLimitInAFile: a file that crosses the limit ends with the last whole record
// before it, and the connection breaks, so that nobody takes it for complete.
func TestLimitInAFile(t *testing.T) {
	k := newKit(t)
	grant := exporting(contacts)
	grant.Limits.PerDay = 60
	alice := k.Browser("alice", grant)
	resp, text, err := k.try(alice, http.MethodGet, "/export.csv", nil)
	if err == nil {
		t.Errorf("the file ended as if it were complete: %d", resp.StatusCode)
	}
	lines := strings.Count(text, "\n")
	if lines != 61 || !strings.HasSuffix(text, "\n") {
		t.Errorf("%d lines arrived, ending %q", lines, text[max(0, len(text)-60):])
	}
	k.saw("alice", to(60)...)
}

func TestExports(t *testing.T) {
	k := newKit(t)
	alice := k.Browser("alice", see(contacts))
	for _, path := range []string{"/export.csv", "/api/customers?n=51", "/customers?n=51&chunked=1", "/file?h=Content-Disposition:attachment&h=Content-Type:text/plain&body=x"} {
		resp, text := k.get(alice, path)
		if resp.StatusCode != http.StatusForbidden || !strings.Contains(text, "export") {
			t.Errorf("%s: %d %.200s", path, resp.StatusCode, text)
		}
	}
	k.saw("alice")
	if resp, _ := k.get(alice, "/api/customers?n=50"); resp.StatusCode != http.StatusOK {
		t.Errorf("fifty people: %d", resp.StatusCode)
	}
	bob := k.Browser("bob", exporting(contacts))
	for _, path := range []string{"/export.csv", "/api/customers?n=200"} {
		_, want := k.get(k.direct(), path)
		if resp, text := k.get(bob, path); resp.StatusCode != http.StatusOK || text == "" || strings.Contains(path, "csv") && text != want {
			t.Errorf("%s: %d\n%.300s", path, resp.StatusCode, text)
		}
	}
	k.saw("bob", to(200)...)
}

// TestUninspectable: what cannot be looked into does not leave, unless it is the
// application's own furniture or policy says otherwise.
func TestUninspectable(t *testing.T) {
	k := newKit(t)
	open := newKit(t, func(p *site.Portal) { p.AllowUninspectable = true })
	alice, other := k.Browser("alice", see(contacts)), open.Browser("alice", see(contacts))
	zip := url.QueryEscape("PK\x03\x04 not a workbook")
	for path, want := range map[string]int{
		"/static/logo.png": 200, "/photo/logo.png": 403, "/files/scan.png": 403,
		"/file?h=Content-Type:application/octet-stream&body=%00%01%02%03":            403,
		"/file?h=Content-Type:application/zip&body=" + zip:                           403,
		"/file?h=Content-Type:image/png&body=<html>hello":                            403, // no picture
		"/file?h=Content-Type:text/html&h=Content-Encoding:rot13&body=hello%20world": 403,
		"/file?h=Content-Type:text/plain&body=hello":                                 200,
	} {
		resp, text := k.get(alice, path)
		if resp.StatusCode != want || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v\n%.200s", path, resp.StatusCode, resp.Header, text)
		}
	}
	if resp, text := open.get(other, "/photo/logo.png"); resp.StatusCode != 200 || text != string(png) {
		t.Errorf("allowed: %d", resp.StatusCode)
	}
}

// TestCopies: browsers keep copies of furniture only, and of that not when a customer
// is in it.
func TestCopies(t *testing.T) {
	k := newKit(t)
	alice := k.Browser("alice", see(contacts))
	resp, _ := k.get(alice, "/static/logo.png", `If-None-Match: "logo"`)
	if resp.StatusCode != http.StatusNotModified || resp.Header.Get("Cache-Control") != "max-age=600" {
		t.Errorf("furniture: %d %v", resp.StatusCode, resp.Header)
	}
	if resp, _ := k.get(alice, "/static/app.js"); resp.Header.Get("Etag") != `"js"` {
		t.Errorf("a script: %v", resp.Header)
	}
	if resp, _ := k.get(alice, "/static/app.js?leak=1"); resp.Header.Get("Etag") != "" || resp.Header.Get("Cache-Control") != "private, no-store" {
		t.Errorf("a script with a customer in it: %v", resp.Header)
	}
	resp, text := k.get(alice, "/api/customers?n=2", `If-None-Match: "v1"`, "Range: bytes=0-9", "If-Modified-Since: Mon, 23 Nov 2026 00:00:00 GMT")
	if resp.StatusCode != http.StatusOK || !strings.Contains(text, k.app.customers[1].Phone) || resp.Header.Get("Accept-Ranges") != "" {
		t.Errorf("a look that the browser had a copy of: %d %.100s", resp.StatusCode, text)
	}
	for _, r := range k.app.asked("/api/customers") {
		if r.Header.Get("Range") != "" || r.Header.Get("If-None-Match") != "" {
			t.Errorf("the application was asked with %v", r.Header)
		}
	}
	resp, text = k.do(alice, http.MethodHead, "/api/customers?n=2", nil)
	if resp.StatusCode != http.StatusOK || text != "" || resp.Header.Get("Content-Length") != "" || resp.Header.Get("Etag") != "" {
		t.Errorf("HEAD: %d %v", resp.StatusCode, resp.Header)
	}
	if resp, _ := k.get(alice, "/file?status=206&h=Content-Range:bytes%200-4/5&body=hello"); resp.StatusCode != http.StatusBadGateway {
		t.Errorf("a part that nobody asked for: %d", resp.StatusCode)
	}
}

// TestHeads: a customer in a header is recorded and masked as one in a body is, and
// what would lead browsers around the gate does not get through.
func TestHeads(t *testing.T) {
	k := newKit(t)
	alice := k.Browser("alice", see(custody.Categories(custody.Name)))
	resp, _ := k.get(alice, "/header")
	phone := k.app.customers[0].Phone
	if v := resp.Header.Get("X-Flash"); !strings.HasPrefix(v, "saved ") || strings.Contains(v, phone) {
		t.Errorf("X-Flash: %q", v)
	}
	for _, name := range []string{"X-Powered-By", "Access-Control-Allow-Origin", "Service-Worker-Allowed"} {
		if resp.Header.Get(name) != "" {
			t.Errorf("%s gets through", name)
		}
	}
	if csp := resp.Header.Get("Content-Security-Policy"); csp != "default-src 'self'" {
		t.Errorf("content policy %q", csp)
	}
	k.saw("alice", 1)
}
