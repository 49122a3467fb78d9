package intake_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"custody/accesslog"
	"custody/trace/intake"
)

// gcm seals the form's stamps.
type gcm struct{ cipher.AEAD }

func (g gcm) Seal(plain, about []byte) []byte { return g.AEAD.Seal(nil, nil, plain, about) }
func (g gcm) Open(sealed, about []byte) ([]byte, error) {
	return g.AEAD.Open(nil, nil, sealed, about)
}

// public is the form of a desk, and how a browser uses it.
type public struct {
	*desk
	form http.Handler
	log  bytes.Buffer
}

func newPublic(t testing.TB, perHour int) *public {
	t.Helper()
	p := &public{desk: newDesk(t)}
	block, err := aes.NewCipher(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		t.Fatal(err)
	}
	p.form = intake.NewForm(intake.FormOptions{Service: p.Service, Seal: gcm{aead}, PerHour: perHour, Now: func() time.Time { return p.at },
		Controller: intake.Controller{Name: "Northfield <Repairs>", Contact: "privacy@northfield.example"}, Log: slog.New(slog.NewTextHandler(&p.log, nil))})
	return p
}

func (p *public) do(method, path, from string, body io.Reader) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, body)
	r.RemoteAddr = from + ":4000"
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	p.form.ServeHTTP(w, r)
	return w
}

var stampForm = regexp.MustCompile(`name="form" value="([A-Z0-9]+)"`)

// send opens the form, waits as a person does, and sends it.
func (p *public) send(t testing.TB, from string, wait time.Duration, fields ...string) *httptest.ResponseRecorder {
	t.Helper()
	page := p.do(http.MethodGet, "/", from, nil)
	stamp := stampForm.FindStringSubmatch(page.Body.String())
	if page.Code != http.StatusOK || stamp == nil {
		t.Fatalf("the form is answered with %d", page.Code)
	}
	p.at = p.at.Add(wait)
	values := url.Values{"form": {stamp[1]}}
	for i := 0; i < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	return p.do(http.MethodPost, "/", from, strings.NewReader(values.Encode()))
}

const place = "192.0.2.7"

var genuine = []string{"phone", "07700 900123", "answer", "oliver@post.example", "called", "30/10/2026 18:10", "knew", "my accident", "words", "<b>She</b> asked for my bank."}

// TestTheForm: what somebody sends is there, with a reference on the screen, and what
// they typed stays text.
func TestTheForm(t *testing.T) {
	p := newPublic(t, 0)
	w := p.send(t, place, time.Minute, genuine...)
	list, err := p.List(intake.Filter{})
	if err != nil || len(list) != 1 {
		t.Fatal(len(list), err)
	}
	c := list[0]
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), c.Reference) || c.Way != intake.Web || c.Suspect || c.Called.IsZero() || c.Knew != intake.KnewAccident {
		t.Errorf("%d, %+v", w.Code, c)
	}
	if strings.Contains(w.Body.String(), "<b>") || strings.Contains(w.Body.String(), "<Repairs>") {
		t.Error("what somebody typed is markup")
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"} {
		if w.Header().Get(name) != want {
			t.Errorf("%s is %q", name, w.Header().Get(name))
		}
	}
	if !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") || w.Header().Get("Set-Cookie") != "" {
		t.Error(w.Header())
	}
	if again := p.send(t, place, time.Minute, genuine...); !strings.Contains(again.Body.String(), c.Reference) {
		t.Error("the same complaint has another reference")
	}
}

// TestEverybodyIsToldTheSame: nothing shows whether somebody is a customer.
func TestEverybodyIsToldTheSame(t *testing.T) {
	p := newPublic(t, 0)
	refs := regexp.MustCompile(`C-[A-Z0-9]{5}-[A-Z0-9]{5}`)
	a := p.send(t, place, time.Minute, "phone", "07700 900123", "answer", "x")
	b := p.send(t, place, 0*time.Minute+4*time.Second, "phone", "07700 900999", "answer", "x")
	if x, y := refs.ReplaceAllString(a.Body.String(), ""), refs.ReplaceAllString(b.Body.String(), ""); x != y {
		t.Error("two complaints are answered differently")
	}
}

// TestMistakesAreSaid beside their fields, with what was typed, and nothing is kept.
func TestMistakesAreSaid(t *testing.T) {
	p := newPublic(t, 0)
	for _, c := range []struct {
		fields []string
		field  string
	}{
		{[]string{"phone", "07700 900123"}, "answer"},
		{[]string{"answer", "x", "words", "hello there"}, "phone"},
		{[]string{"answer", "x", "phone", "07700 900123", "called", "yesterday"}, "called"},
		{[]string{"answer", "x", "phone", "07700 900123", "words", strings.Repeat("w", 4001)}, "words"},
	} {
		w := p.send(t, place, time.Minute, c.fields...)
		body := w.Body.String()
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(body, `href="#`+c.field+`"`) || !strings.Contains(body, `aria-describedby="`) ||
			!strings.Contains(body, `id="`+c.field+`-fault"`) || !strings.Contains(body, `role="alert"`) {
			t.Errorf("%v: %d", c.fields[0], w.Code)
		}
		if !strings.Contains(body, c.fields[1][:1]) {
			t.Error("what was typed is gone")
		}
	}
	old := p.send(t, place, 7*time.Hour, genuine...)
	if old.Code != http.StatusUnprocessableEntity || !strings.Contains(old.Body.String(), "open for a long time") {
		t.Errorf("an old form is answered with %d", old.Code)
	}
	if w := p.do(http.MethodPost, "/", place, strings.NewReader("form=AAAA&answer=x&phone=07700900123")); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("a form that is not ours is answered with %d", w.Code)
	}
	if w := p.do(http.MethodPost, "/", place, strings.NewReader("words="+strings.Repeat("w", 30<<10))); w.Code != http.StatusBadRequest {
		t.Errorf("a long body is answered with %d", w.Code)
	}
	if list, err := p.List(intake.Filter{}); err != nil || len(list) != 0 {
		t.Errorf("%d were kept: %v", len(list), err)
	}
	if w := p.do(http.MethodGet, "/admin", place, nil); w.Code != http.StatusNotFound {
		t.Error(w.Code)
	}
	if w := p.do(http.MethodDelete, "/", place, nil); w.Code != http.StatusMethodNotAllowed {
		t.Error(w.Code)
	}
}

// TestPrograms: what a program sends is marked, not lost; many from one place, and many
// in all, are turned away, and others are not.
func TestPrograms(t *testing.T) {
	p := newPublic(t, 12)
	p.send(t, "198.51.100.1", time.Second, "phone", "07700 900001", "answer", "x")
	p.send(t, "198.51.100.2", time.Minute, "phone", "07700 900002", "answer", "x", "website", "http://spam.example")
	list, err := p.List(intake.Filter{})
	if err != nil || len(list) != 2 || !list[0].Suspect || !list[1].Suspect {
		t.Fatalf("%+v %v", list, err)
	}
	turned := 0
	for n := range 9 {
		if w := p.send(t, place, 4*time.Second, "phone", "07700 90010"+string(rune('0'+n)), "answer", "x"); w.Code == http.StatusTooManyRequests {
			turned++
			if w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "07700 90010") {
				t.Error("what was typed is lost")
			}
		}
	}
	if turned != 1 {
		t.Errorf("%d of 9 of one place were turned away", turned)
	}
	codes := map[int]int{}
	for n := range 4 {
		codes[p.send(t, "203.0.113."+string(rune('1'+n)), 4*time.Second, "phone", "07700 90020"+string(rune('0'+n)), "answer", "x").Code]++
	}
	if codes[http.StatusOK] != 2 || codes[http.StatusTooManyRequests] != 2 {
		t.Errorf("of four other places: %v", codes)
	}
	p.at = p.at.Add(time.Hour)
	if w := p.send(t, place, time.Minute, genuine...); w.Code != http.StatusOK {
		t.Errorf("an hour later: %d", w.Code)
	}
	if strings.Contains(p.log.String(), "07700") {
		t.Error("the log repeats what was said")
	}
}

// TestLists: what is understood is taken, each other line is said, and the same list
// again adds nothing.
func TestLists(t *testing.T) {
	d := newDesk(t)
	list := "Reference;Date received;Phone;Registration;Date of call;Caller knew;Colour\n" +
		"1;01/11/2026;07700 900123;;30/10/2026 18:10;my accident;red\n" +
		"2;yesterday;07700 900124;;30/10/2026;;\n" +
		"3;01/11/2026;;;30/10/2026;;\n" +
		"4;01/11/2026;;BX12 ABC;31/12/2026;;\n" +
		"5;01/11/2026;07700 900125;;;\"my \"\" car\";\n" +
		"6;01/11/2026;07700 900126;;30/10/2026;;;extra\n" +
		"7;01/11/2026;07700 900127;;30/10/2026;\"never closed;\n"
	read := func() (taken int, bad map[int]string) {
		bad = map[int]string{}
		report, err := intake.ReadList(strings.NewReader(list), accesslog.Options{Bad: func(b accesslog.Bad) { bad[b.Line] = b.Reason }}, func(c *intake.Complaint) error {
			fresh, err := d.Add(t.Context(), c)
			if fresh {
				taken++
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		columns := intake.Columns(report)
		if columns["Caller knew"] != "knew" || columns["Date of call"] != "called" || columns["Colour"] != "" {
			t.Errorf("columns %v", columns)
		}
		return taken, bad
	}
	taken, bad := read()
	if taken != 2 || len(bad) != 5 {
		t.Errorf("%d taken, bad %v", taken, bad)
	}
	for line, why := range bad {
		if why == "" || strings.Contains(why, "07700") || line < 3 {
			t.Errorf("line %d: %q", line, why)
		}
	}
	if taken, bad = read(); taken != 0 || len(bad) != 5 {
		t.Errorf("again: %d taken, bad %v", taken, bad)
	}
	for _, text := range []string{"", "a;b\n1;2\n"} {
		if _, err := intake.ReadList(strings.NewReader(text), accesslog.Options{}, nil); err == nil {
			t.Errorf("%q is a list", text)
		}
	}
}

func FuzzReadList(f *testing.F) {
	for _, s := range []string{"phone\n07700900123\n", "phone;called\r\n1;02/03/2026\r\n", "\xef\xbb\xbfphone,words\n\"a\nb\",c\n", "phone\n\"\n", "email\tknew\n\xff\t\x00\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, list []byte) {
		lines := bytes.Count(list, []byte("\n")) + 1
		n := 0
		_, _ = intake.ReadList(bytes.NewReader(list), accesslog.Options{Bad: func(accesslog.Bad) { n++ }}, func(*intake.Complaint) error { n++; return nil })
		if n > lines {
			t.Fatalf("%d rows of %d lines", n, lines)
		}
	})
}
