package portal_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"custody"
	"custody/custodytest"
	"custody/policy"
	"custody/site"
)

// still answers with what a test says, without a date.
func (a *app) still(w http.ResponseWriter, _ *http.Request) {
	text := a.text.Load()
	if text == nil {
		text = &stillText
	}
	w.Header()["Date"] = nil
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if note := a.note.Load(); note != nil {
		w.Header().Set("X-Note", *note)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(*text)))
	_, _ = io.WriteString(w, *text)
}

// stillText is a page that shows nobody, with a number that is nobody's.
var stillText = "<!doctype html><p>" + strings.Repeat("panel, labour, net; ", 60) + "ring 07700900987</p>"

// wire is a connection over which the same request is sent again and again.
type wire struct {
	k       *kit
	request string
	c       *tls.Conn
	in      *bufio.Reader
}

func (k *kit) wire(login, path string) *wire {
	k.t.Helper()
	c, err := tls.Dial("tcp", strings.TrimPrefix(k.URL, "https://"), &tls.Config{RootCAs: k.Roots().RootCAs, ServerName: "127.0.0.1", NextProtos: []string{"http/1.1"}})
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(60 * time.Second))
	return &wire{k, "GET " + path + " HTTP/1.1\r\nHost: " + strings.TrimPrefix(k.URL, "https://") + "\r\nCookie: __Host-custody_" + k.Database + "=" + k.Cookie(login) + "\r\n\r\n", c, bufio.NewReader(c)}
}

// ask gives status, head and body of an answer, as they came but for the date.
func (w *wire) ask() (status int, head, text string) {
	w.k.t.Helper()
	if _, err := io.WriteString(w.c, w.request); err != nil {
		w.k.t.Fatal(err)
	}
	for !strings.HasSuffix(head, "\r\n\r\n") {
		line, err := w.in.ReadString('\n')
		if err != nil {
			w.k.t.Fatal(head, err)
		}
		head += line
	}
	resp, err := http.ReadResponse(bufio.NewReader(io.MultiReader(strings.NewReader(head), w.in)), nil)
	if err != nil {
		w.k.t.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		w.k.t.Fatal(err)
	}
	return resp.StatusCode, dateLine.ReplaceAllString(head, ""), string(b)
}

var dateLine = regexp.MustCompile(`Date: [^\r]*\r\n`)

// settle asks until the request is known and its answer is repeated: the fields of others
// come in an order that is another one each time.
func (w *wire) settle() {
	w.k.t.Helper()
	same, before := 0, ""
	for n := 0; same < 6; n++ {
		status, head, text := w.ask()
		if status != http.StatusOK || text != stillText {
			w.k.t.Fatalf("%d %s", status, text)
		}
		if head != before {
			same = 0
		}
		if same++; n > 40 {
			w.k.t.Fatal("the answer is never repeated")
		}
		before = head
	}
}

// TestKnown: a request that is known by its bytes, and whose answer is, is held to
// everything that can change between it and the one before.
func TestKnown(t *testing.T) {
	k := newKitWith(t, []custodytest.SiteOption{func(o *site.Options) { o.Systems[0].SubjectEvery = time.Hour }})
	veiled := see(custody.Categories(custody.Name, custody.Email))
	say := func(phone string) { // a page of the same length
		text := strings.Replace(stillText, "07700900987", phone, 1)
		k.app.text.Store(&text)
	}
	phone := func(n int) string { // eleven digits
		p := strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", "+44", "0").Replace(k.app.customers[n-1].Phone)
		if len(p) != len("07700900987") {
			t.Fatal(p)
		}
		return p
	}
	begin := func(login string) *wire {
		k.app.text.Store(nil)
		w := k.wire(login, "/still")
		w.settle()
		return w
	}

	k.Person("alice", veiled)
	w := begin("alice")
	say(phone(7))
	if _, _, text := w.ask(); strings.Contains(text, phone(7)) || !strings.Contains(text, "ring ••••") {
		t.Errorf("another answer with the same head: %s", text)
	}
	k.saw("alice", 7)

	w = begin("alice")
	note := "ring " + phone(5)
	k.app.note.Store(&note)
	if _, head, text := w.ask(); !strings.Contains(head, "X-Note: ring ••••") || text != stillText {
		t.Errorf("the same answer with another head: %s", head)
	}
	k.app.note.Store(nil)
	k.saw("alice", 5, 6, 7) // two share the phone

	k.Person("bob", policy.Grant{See: contacts, Limits: custody.Limits{PerDay: 3}})
	w = begin("bob")
	for n := 1; n <= 4; n++ {
		say(phone(n))
		if status, _, text := w.ask(); (status == http.StatusOK) != (n <= 3) || strings.Contains(text, phone(n)) != (n <= 3) {
			t.Errorf("customer %d of 3: %d", n, status)
		}
	}
	k.saw("bob", to(3)...)

	k.Person("carol")
	grant := veiled
	grant.Person = "carol@northfield.example"
	id := k.Grant(grant)
	w = begin("carol")
	if err := k.Store.EndGrant(id, time.Now()); err != nil {
		t.Fatal(err)
	}
	await(t, "the end of the grant to be felt", func() bool { status, _, _ := w.ask(); return status == http.StatusForbidden })

	w = begin("alice")
	k.cutAll()
	await(t, "the end of the session to be felt", func() bool { status, _, _ := w.ask(); return status == http.StatusUnauthorized })

	w = begin("alice")
	if resp, text := k.do(k.old("alice"), http.MethodPost, "/phone?id=1&phone=07700+900987", nil, "Origin: "+k.URL); resp.StatusCode != http.StatusNoContent {
		t.Fatalf("%d %s", resp.StatusCode, text)
	}
	await(t, "the number to be a customer's", func() bool { _, _, text := w.ask(); return strings.Contains(text, "ring ••••") })

	say("07700900986")
	people, err := k.Store.ListPeople()
	if err != nil {
		t.Fatal(err)
	}
	for range 6 {
		w.ask()
	}
	if err := k.Store.TakeDown(0, people[0].ID, "calls are reported", time.Now()); err != nil {
		t.Fatal(err)
	}
	await(t, "the switch to be felt", func() bool { status, _, _ := w.ask(); return status == http.StatusServiceUnavailable })
}

// TestKnownUntilIdle: a known request does not keep a session open that was idle for too
// long; it is asked to sign in, as any other is.
func TestKnownUntilIdle(t *testing.T) {
	var later atomic.Int64
	k := newKitWith(t, []custodytest.SiteOption{func(o *site.Options) {
		o.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	}})
	k.Person("alice", see(contacts))
	w := k.wire("alice", "/still")
	w.settle()
	later.Store(int64(20 * time.Minute))
	if status, _, _ := w.ask(); status != http.StatusOK {
		t.Errorf("after twenty minutes: %d", status)
	}
	later.Add(int64(50 * time.Minute))
	if status, _, text := w.ask(); status == http.StatusOK || strings.Contains(text, "panel, labour") {
		t.Errorf("after fifty idle minutes: %d", status)
	}
}
