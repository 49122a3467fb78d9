package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"custody/examples/bodyshop/estimate"
)

func cookieOf(t *testing.T, s *sessions, a account) *http.Request {
	t.Helper()
	w := httptest.NewRecorder()
	s.open(w, a)
	r := httptest.NewRequest("GET", "/", nil)
	r.AddCookie(w.Result().Cookies()[0])
	return r
}

func TestSessionsEnd(t *testing.T) {
	now := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	s := newSessions(func() time.Time { return now })
	r := cookieOf(t, s, account{ID: 7})
	if one := s.find(r); one == nil || one.account.ID != 7 {
		t.Fatal("the session is not there")
	}
	now = now.Add(sessionLength + time.Second)
	if s.find(r) != nil {
		t.Error("the session has outlived its end")
	}
}

func TestSessionsAreBounded(t *testing.T) {
	now := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	s := newSessions(func() time.Time { return now })
	first := cookieOf(t, s, account{ID: 1})
	var last *http.Request
	for i := range maxSessions + 10 {
		now = now.Add(time.Second)
		last = cookieOf(t, s, account{ID: i})
	}
	if len(s.all) > maxSessions || s.find(first) != nil || s.find(last) == nil {
		t.Errorf("%d sessions are kept", len(s.all))
	}
}

// TestSlowListenersAreCutOff: one that does not read must not hold up the others.
func TestSlowListenersAreCutOff(t *testing.T) {
	h := newHub()
	slow, other := h.listen(1), h.listen(2)
	for i := range behind + 1 {
		h.tell(change{Organisation: 1, JobID: int64(i)})
	}
	n := 0
	for range slow {
		n++
	}
	if n != behind || len(other) != 0 {
		t.Errorf("%d changes were kept for the slow one, %d went to another firm", n, len(other))
	}
	h.leave(slow)
	h.close()
	if _, open := <-other; open {
		t.Error("a listener is left when the server has closed")
	}
	if _, open := <-h.listen(1); open {
		t.Error("a closed server takes listeners")
	}
}

func TestLocalPath(t *testing.T) {
	for in, want := range map[string]string{"/customers?q=a": "/customers?q=a", "": "/", "customers": "/", "//evil.example": "/", "/\\evil.example": "/",
		"/a\r\nSet-Cookie: x": "/", "https://evil.example/": "/", "/login": "/", "/" + strings.Repeat("a", 3000): "/"} {
		if got := localPath(in); got != want {
			t.Errorf("%q leads to %q", in, got)
		}
	}
}

func TestHarmless(t *testing.T) {
	for in, want := range map[string]string{"": "", "Ann": "Ann", "+44 7700 900123": "+44 7700 900123", "=1+1": "'=1+1", "+1+cmd": "'+1+cmd", "@x": "'@x", "-1": "'-1", "\tx": "'\tx"} {
		if got := harmless(in); got != want {
			t.Errorf("%q is exported as %q", in, got)
		}
	}
}

// FuzzBuilder sends any form to the builder: it answers, and what it prices adds up.
func FuzzBuilder(f *testing.F) {
	f.Add("kind=labour&description=Strip&quantity=1.5&unit=45.60&supplement=0&applies_to=all&percent=10&amount=")
	f.Add("kind=part&description=x&quantity=&unit=&supplement=&applies_to=&percent=&amount=5")
	f.Add("kind=labour&kind=part&description=x")
	f.Add("%zz=1&description=%ff&kind=part&quantity=9999.99&unit=999999.99&supplement=-1")
	f.Fuzz(func(t *testing.T, form string) {
		r := httptest.NewRequest("POST", "/api/price", strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		b := &builder{repairEstimate: &repairEstimate{}}
		err := (&call{w: httptest.NewRecorder(), r: r}).readBuilder(b)
		if err != nil || b.Message != "" {
			return
		}
		if d := (estimate.Document{Lines: b.Lines, Discounts: b.Discounts}); d.Price() != nil || d.Totals != b.Totals {
			t.Errorf("%q gave %+v", form, b.Totals)
		}
	})
}

// FuzzSearch writes any search as a condition: it has as many parameters as it names,
// and nothing of the search is in the statement.
func FuzzSearch(f *testing.F) {
	for _, q := range []string{"Ann Smith", "07700 900123", "+44 (0)7700", "ab12cde", "%_\\", "'; --"} {
		f.Add(q)
	}
	want, _ := filter{Organisation: 1, Branch: 2, Query: "x"}.where()
	long, _ := filter{Organisation: 1, Branch: 2, Query: "07700"}.where()
	f.Fuzz(func(t *testing.T, q string) {
		if q == "" {
			return
		}
		sql, args := filter{Organisation: 1, Branch: 2, Query: q}.where()
		if sql != want && sql != long || !strings.Contains(sql, fmt.Sprintf("$%d", len(args))) || strings.Contains(sql, fmt.Sprintf("$%d", len(args)+1)) {
			t.Errorf("%q gave %s with %d parameters", q, sql, len(args))
		}
	})
}

// TestBodiesAreBounded sends more than any form takes.
func TestBodiesAreBounded(t *testing.T) {
	s := newSessions(time.Now)
	r := cookieOf(t, s, account{ID: 1})
	form := url.Values{"csrf": {"x"}, "name": {strings.Repeat("a", maxBody)}}.Encode()
	post := httptest.NewRequest("POST", "/customers", strings.NewReader(form))
	post.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Cookie": r.Header["Cookie"]}
	views, err := loadViews(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	server := &Server{sessions: s, views: views, now: time.Now}
	w := httptest.NewRecorder()
	protect(server.signedIn(func(c *call) error { t.Error("it came through"); return nil })).ServeHTTP(w, post)
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("%d", w.Code)
	}
}
