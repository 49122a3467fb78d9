package portal_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"custody"
	"custody/custodytest"
	"custody/portal"
)

// In these tests every connection goes on in a loop as soon as it can, so that all that
// they ask is asked there too.
func TestMain(m *testing.M) {
	if os.Getenv("CUSTODY_TEST_COLD") == "" {
		portal.SetBusyAfter(1)
	}
	custodytest.Main(m)
}

// old is a client of HTTP/1.1, signed in, that keeps one connection.
func (k *kit) old(login string) *http.Client {
	cookie := "__Host-custody_" + k.Database + "=" + k.Cookie(login)
	t := &http.Transport{TLSClientConfig: k.Roots(), MaxConnsPerHost: 1}
	k.t.Cleanup(t.CloseIdleConnections)
	return &http.Client{Transport: withCookie{t, cookie}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

type withCookie struct {
	http.RoundTripper
	cookie string
}

func (c withCookie) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("Cookie", c.cookie)
	return c.RoundTripper.RoundTrip(r)
}

// TestBusy: busy connections get what quiet ones get, whatever they ask one after the
// other, several at once, and everybody whom they saw is in the ledger.
func TestBusy(t *testing.T) {
	k := newKit(t)
	k.Person("alice", exporting(custody.Categories(custody.AllCategories()...)))
	paths := []string{"/", "/api/customers?n=20", "/api/customers?n=20&from=20&chunked=1", "/customers?n=40", "/api/customers/150", "/export.csv", "/", "/nothing",
		"/static/logo.png", "/static/app.js", "/header", "/login", "/files/scan.png", "/.custody/sessions", "/redirect?to=/customers", "/customers?n=45&from=100", "/static/app.js"}
	want := map[string]string{}
	for _, path := range paths {
		resp, text := k.get(k.old("alice"), path)
		want[path] = fmt.Sprint(resp.StatusCode, text)
		if path == "/.custody/sessions" {
			want[path] = "200"
		}
	}
	var all sync.WaitGroup
	for i := range 8 {
		c := k.old("alice")
		all.Go(func() {
			for n := range 4 * len(paths) {
				path := paths[(n*(i+1)+i)%len(paths)]
				resp, text, err := k.try(c, http.MethodGet, path, nil)
				if err != nil || !strings.HasPrefix(fmt.Sprint(resp.StatusCode, text), want[path]) {
					t.Errorf("%s: %v %v %.300s", path, err, resp, text)
					return
				}
				if n%7 == 3 {
					resp, text, err := k.try(c, http.MethodPost, "/upload", strings.NewReader(strings.Repeat("x", 70_000)))
					if err != nil || resp.StatusCode != http.StatusOK || text != "70000 bytes" {
						t.Errorf("an upload between: %v %s", err, text)
					}
					if resp, _, err := k.try(c, http.MethodHead, "/customers?n=3", nil); err != nil || resp.StatusCode != http.StatusOK {
						t.Errorf("HEAD: %v %v", err, resp)
					}
				}
			}
		})
	}
	all.Wait()
	k.saw("alice", to(200)...)
}

// TestBusyPipelined: what was sent at once is answered in order, in a loop too.
func TestBusyPipelined(t *testing.T) {
	k := newKit(t)
	k.Person("alice", see(contacts))
	head := " HTTP/1.1\r\nHost: " + strings.TrimPrefix(k.URL, "https://") + "\r\nCookie: __Host-custody_" + k.Database + "=" + k.Cookie("alice") + "\r\n"
	text := ""
	for i := range 60 {
		text += fmt.Sprintf("GET /api/customers/%d%s\r\n", i+1, head)
	}
	in := bufio.NewReader(strings.NewReader(k.raw(text + "GET /" + head + "Connection: close\r\n\r\n")))
	for i := range 60 {
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(i, err)
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil || !strings.Contains(string(b), fmt.Sprintf(`"id":%d,`, i+1)) {
			t.Fatalf("answer %d: %s %v", i+1, b, err)
		}
	}
	k.saw("alice", to(60)...)
}

// TestBusyEnds: a busy connection that waits for the application ends when its session
// is cut, when the portal is taken down, and when its client goes away.
func TestBusyEnds(t *testing.T) {
	k := newKit(t)
	k.Person("alice", see(contacts))
	begin := func() (*http.Client, chan error) {
		c := k.old("alice")
		for range 20 {
			if resp, _ := k.get(c, "/"); resp.StatusCode != http.StatusOK {
				t.Fatal(resp.StatusCode)
			}
		}
		ended := make(chan error, 1)
		asked := len(k.app.asked("/hang"))
		go func() {
			resp, _, err := k.try(c, http.MethodGet, "/hang", nil)
			if err == nil && resp.StatusCode == http.StatusOK {
				err = fmt.Errorf("it was answered")
			} else {
				err = nil
			}
			ended <- err
		}()
		await(t, "the application to be asked", func() bool { return len(k.app.asked("/hang")) > asked })
		return c, ended
	}
	must := func(what string, ended chan error) {
		t.Helper()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%s: it goes on", what)
		}
	}
	c, ended := begin()
	c.Transport.(withCookie).RoundTripper.(*http.Transport).CloseIdleConnections()
	k.cutAll()
	must("the session was cut", ended)
	people, err := k.Store.ListPeople()
	if err != nil {
		t.Fatal(err)
	}
	_, ended = begin()
	if err := k.Store.TakeDown(0, people[0].ID, "calls are reported", time.Now()); err != nil {
		t.Fatal(err)
	}
	must("the portal was taken down", ended)
}

// TestBusyLedger: nothing leaves a loop that could not be recorded.
func TestBusyLedger(t *testing.T) {
	var armed atomic.Bool
	k := newKitWith(t, []custodytest.SiteOption{breaking(&armed, io.ErrShortWrite, false)})
	k.Person("alice", see(contacts))
	c := k.old("alice")
	for i := range 20 {
		if resp, _ := k.get(c, fmt.Sprintf("/api/customers/%d", i+1)); resp.StatusCode != http.StatusOK {
			t.Fatal(resp.StatusCode)
		}
	}
	armed.Store(true)
	for range 3 {
		resp, text, err := k.try(c, http.MethodGet, "/api/customers/100", nil)
		if err == nil && resp.StatusCode != http.StatusServiceUnavailable || strings.Contains(text, k.app.customers[99].Name) {
			t.Errorf("%v %v %s", err, resp, text)
		}
	}
	k.saw("alice", to(20)...)
}
