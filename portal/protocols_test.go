package portal_test

import (
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"custody"
	"custody/policy"
)

// TestBothProtocols: what the gate promises, it keeps over HTTP/1.1 and over HTTP/2.
func TestBothProtocols(t *testing.T) {
	k := newKit(t)
	name := see(custody.Categories(custody.Name))
	limited := policy.Grant{See: contacts, Export: true}
	limited.Limits.PerDay = 12
	for _, protocol := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(protocol, func(t *testing.T) {
			person := func(who string, g policy.Grant) *http.Client {
				c := k.Browser(who+protocol[5:6], g)
				if protocol == "HTTP/1.1" {
					c.Transport = &http.Transport{TLSClientConfig: k.Roots(), TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}}
				}
				return c
			}
			alice, bob := person("alice", name), person("bob", limited)
			c := k.app.customers
			for _, x := range []struct {
				what, method, path string
				header             []string
				status             int
				has, not           string
				length             bool
			}{
				{"masked", "GET", "/api/customers?n=5", nil, 200, c[3].Name, c[0].Phone, true},
				{"masked and packed", "GET", "/api/customers?n=5", []string{"X-Pack: br", "Accept-Encoding: br"}, 200, "", c[0].Phone, true},
				{"masked, chunked", "GET", "/customers?n=5", nil, 200, c[3].Name, c[0].Phone, true},
				{"an export without the right", "GET", "/export.csv", nil, 403, "export", c[0].Name, true},
				{"a range, which gets all", "GET", "/api/customers?n=5", []string{"Range: bytes=60-90"}, 200, c[0].Name, c[0].Phone, true},
				{"a copy that is still good", "GET", "/api/customers?n=5", []string{`If-None-Match: "v1"`}, 200, c[0].Name, c[0].Phone, true},
				{"the head alone", "HEAD", "/api/customers?n=5", nil, 200, "", c[0].Name, false},
				{"what cannot be looked into", "GET", "/files/scan.png", nil, 403, "", "IHDR", true},
				{"an upload", "POST", "/upload", []string{"Origin: " + k.URL}, 200, "3000000 bytes", "", true},
				{"another site's form", "POST", "/upload?small=1", []string{"Origin: https://evil.example"}, 403, "nother site", "", true},
				{"a method for tunnels", "TRACE", "/", nil, 405, "", "", true},
				{"the application's own sign-in", "POST", "/login", []string{"Origin: " + k.URL}, 403, "", "", true},
				{"another host", "GET", "/api/customers?n=1", []string{"Host: evil.example"}, 421, "", c[0].Name, true},
			} {
				var body io.Reader
				if x.path == "/upload" {
					body = struct{ io.Reader }{bytes.NewReader(make([]byte, 3_000_000))}
				}
				req, _ := http.NewRequest(x.method, k.URL+x.path, body)
				for _, h := range x.header {
					key, value, _ := strings.Cut(h, ": ")
					req.Header.Set(key, value)
					if key == "Host" {
						req.Header.Del("Host")
						req.Host = value
					}
				}
				resp, err := alice.Do(req)
				if err != nil {
					t.Errorf("%s: %v", x.what, err)
					continue
				}
				b, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || resp.Proto != protocol || resp.StatusCode != x.status || !strings.Contains(string(b), x.has) || x.not != "" && strings.Contains(string(b), x.not) ||
					x.length != (len(b) > 0) || resp.ContentLength >= 0 && x.length && resp.ContentLength != int64(len(b)) || x.status == 200 && resp.Header.Get("Etag") != "" {
					t.Errorf("%s: %s %d %v %.200q", x.what, resp.Proto, resp.StatusCode, err, b)
				}
			}
			if resp, text := k.get(bob, "/api/customers?n=10"); resp.StatusCode != http.StatusOK {
				t.Errorf("up to the limit: %d %.200s", resp.StatusCode, text)
			}
			if resp, text := k.get(bob, "/api/customers?from=10&n=10", "Accept: text/html"); resp.StatusCode != http.StatusTooManyRequests || strings.Contains(text, c[10].Name) {
				t.Errorf("over the limit: %d %.200s", resp.StatusCode, text)
			}
			if _, text, err := k.try(bob, http.MethodGet, "/export.csv", nil); err == nil || !strings.Contains(text, c[11].Name) || strings.Contains(text, c[12].Name+",") {
				t.Errorf("a file ends behind the limit with a broken connection: %v", err)
			}
			asked := person("carol", policy.Grant{See: contacts, ReasonRequired: true})
			resp, text := k.get(asked, "/api/customers?n=2", "Accept: text/html")
			if resp.StatusCode != http.StatusForbidden {
				t.Fatalf("without a reason: %d", resp.StatusCode)
			}
			k.answerReason(asked, text, "claim 1")
			if resp, _ := k.get(asked, "/api/customers?n=2"); resp.StatusCode != http.StatusOK {
				t.Errorf("with one: %d", resp.StatusCode)
			}
			k.cutInTheMiddle(t, person("dave", exporting(contacts)))
		})
	}
}

// cutInTheMiddle takes the portal down while a download runs: it breaks off, and the next
// request gets a page; then it is brought back.
func (k *kit) cutInTheMiddle(t *testing.T, c *http.Client) {
	t.Helper()
	resp, err := c.Get(k.URL + "/endless")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.ReadFull(resp.Body, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	people, err := k.Store.ListPeople()
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Store.TakeDown(0, people[0].ID, "test", time.Now()); err != nil {
		t.Fatal(err)
	}
	k.Reload()
	if _, err := io.Copy(io.Discard, resp.Body); err == nil {
		t.Error("a download that was cut looks whole")
	}
	if resp, text := k.get(c, "/", "Accept: text/html"); resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(text, "offline") {
		t.Errorf("while it is down: %d", resp.StatusCode)
	}
	if err := k.Store.BringUp(0, people[1].ID, time.Now()); err != nil {
		t.Fatal(err)
	}
	k.Reload()
	if resp, _ := k.get(c, "/"); resp.StatusCode != http.StatusOK {
		t.Errorf("when it is back: %d", resp.StatusCode)
	}
}

// TestExtendedConnect: WebSockets over HTTP/2 (RFC 8441) are not offered, and one that is
// asked for all the same does not reach the application.
func TestExtendedConnect(t *testing.T) {
	k := newKit(t)
	k.Person("alice", see(contacts))
	config := k.Roots()
	config.NextProtos = []string{"h2"}
	conn, err := tls.Dial("tcp", strings.TrimPrefix(k.URL, "https://"), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	io.WriteString(conn, http2.ClientPreface)
	f := http2.NewFramer(conn, conn)
	f.WriteSettings()
	var head bytes.Buffer
	e := hpack.NewEncoder(&head)
	for _, h := range [][2]string{{":method", "CONNECT"}, {":protocol", "websocket"}, {":scheme", "https"}, {":path", "/socket"}, {":authority", strings.TrimPrefix(k.URL, "https://")},
		{"sec-websocket-version", "13"}, {"origin", k.URL}, {"cookie", "__Host-custody_" + k.Database + "=" + k.Cookie("alice")}} {
		e.WriteField(hpack.HeaderField{Name: h[0], Value: h[1]})
	}
	f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: head.Bytes(), EndHeaders: true})
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			t.Fatalf("no answer: %v", err)
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if on, ok := frame.Value(http2.SettingEnableConnectProtocol); ok && on != 0 {
				t.Error("it is offered")
			}
			continue
		case *http2.RSTStreamFrame, *http2.GoAwayFrame:
		case *http2.HeadersFrame:
			fields, err := hpack.NewDecoder(4096, nil).DecodeFull(frame.HeaderBlockFragment())
			if err != nil || !slices.ContainsFunc(fields, func(h hpack.HeaderField) bool { return h.Name == ":status" && h.Value[0] == '4' }) {
				t.Errorf("answered with %v %v", fields, err)
			}
		default:
			continue
		}
		break
	}
	if n := len(k.app.asked("/socket")); n > 0 {
		t.Errorf("the application was asked %d times", n)
	}
}
