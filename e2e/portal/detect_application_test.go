package portal

import (
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"custody/detect"
	"custody/store"
)

// screen is a small application: it has one connection to the gate, signs its people in
// itself, passes on who asks, and shows the gate's words when it is refused.
type screen struct {
	t      *testing.T
	conn   *pgx.Conn
	tokens map[string]string // signed identities, by login
	url    string
}

func (s *seen) screen(people ...string) *screen {
	s.t.Helper()
	secret := portal(s.t, s.Site)
	a := &screen{t: s.t, conn: asPortal(s.t, s.Site, secret), tokens: map[string]string{}}
	for _, login := range people {
		s.Person(login, see(contacts))
		a.tokens[login] = signed(s.t, s.Site, login, 0)
	}
	server := httptest.NewServer(a)
	s.t.Cleanup(server.Close)
	a.url = server.URL
	return a
}

// ServeHTTP shows a customer to the person who is signed in to the application.
func (a *screen) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, err := a.customer(r.URL.Query().Get("as"), r.URL.Query().Get("id"))
	refused, ok := errors.AsType[*pgconn.PgError](err)
	switch {
	case err == nil:
		fmt.Fprintf(w, "<h1>%s</h1>", html.EscapeString(name))
	case ok && refused.Code == "28000": // the person has to do something first
		w.WriteHeader(http.StatusForbidden)
		link := refused.Hint[strings.Index(refused.Hint, "http"):]
		link = link[:strings.IndexByte(link, ' ')]
		fmt.Fprintf(w, `<h1>%s</h1><p>%s</p><a href="%s">Confirm</a>`, html.EscapeString(refused.Message), html.EscapeString(refused.Hint), link)
	default:
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, html.EscapeString(err.Error()))
	}
}

func (a *screen) customer(login, id string) (name string, err error) {
	if _, err := a.conn.Exec(ctx, "SET custody.on_behalf_of = '"+a.tokens[login]+"'"); err != nil {
		return "", err
	}
	defer a.conn.Exec(ctx, "RESET custody.on_behalf_of")
	return name, a.conn.QueryRow(ctx, "SELECT name FROM customers WHERE id = $1::int", id).Scan(&name)
}

// asks is somebody opening a customer in the application.
func (a *screen) asks(login string, id int) (status int, text string) {
	a.t.Helper()
	resp, err := http.Get(fmt.Sprintf("%s/?as=%s&id=%d", a.url, login, id))
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(body)
}

// stopped waits until the application gets nothing more for somebody.
func (a *screen) stopped(login string) {
	a.t.Helper()
	within(a.t, 5*time.Second, "the end of "+login+"'s looks", func() bool {
		status, _ := a.asks(login, 7)
		return status == http.StatusForbidden
	})
}

// stepUpBehindAnApplication: whoever an application asks for is stopped by a step-up,
// nobody else is; a sign-in alone opens nothing; their own word, freshly signed in,
// does; and a "no" keeps it shut until a review.
func (s *seen) stepUpBehindAnApplication() {
	a := s.screen("kim", "lee", "noel")
	for _, login := range []string{"kim", "noel"} {
		if status, text := a.asks(login, 391); status != http.StatusOK {
			s.t.Fatalf("%s: %d %s", login, status, text)
		}
		a.stopped(login)
	}
	if status, text := a.asks("lee", 5); status != http.StatusOK {
		s.t.Errorf("somebody else on the same connection: %d %s", status, text)
	}
	again := signed(s.t, s.Site, "kim", 0) // the application signs as it likes
	a.tokens["kim"] = again
	if status, _ := a.asks("kim", 8); status != http.StatusForbidden {
		s.t.Error("a new signed identity of the application's opened what waits for the person")
	}
	s.confirms(a)
	s.denies(a)
}

// confirms follows the link on the application's page in a browser.
func (s *seen) confirms(a *screen) {
	b := s.tab(s.t)
	b.password("kim") // a sign-in for daily work: somebody else may sit at the application
	b.notice()
	if status, _ := a.asks("kim", 8); status != http.StatusForbidden {
		s.t.Error("a sign-in at the portal was taken for a confirmation")
	}
	b.Open(a.url + "/?as=kim&id=8")
	b.Screenshot("application-step-up-1280")
	b.Follow("a")
	b.At("/.custody/confirm")
	b.says("Was it you?")
	b.seen("confirm")
	b.Follow("button.primary")
	b.At("/.custody/confirm")
	b.says("Nothing waits for you")
	b.Open(a.url + "/?as=kim&id=8")
	if got := b.Text("h1"); got == "" || strings.Contains(got, "confirm") {
		s.t.Errorf("after the confirmation the application shows %q", got)
	}
	if got := keys(s.Saw("kim")); !slices.Contains(got, "391") || !slices.Contains(got, "8") {
		s.t.Errorf("kim is said to have seen %v", got)
	}
	s.said("kim", "the person said: it was me")
}

// denies says no on the page.
func (s *seen) denies(a *screen) {
	c := s.browser("noel", "127.0.0.1")
	req, err := http.NewRequest(http.MethodPost, s.url+"/.custody/confirm", strings.NewReader(url.Values{"answer": {"no"}}.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", s.url)
	resp, err := c.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusSeeOther {
		s.t.Fatalf("the answer no: %s", resp.Status)
	}
	if status, _ := a.asks("noel", 9); status != http.StatusForbidden {
		s.t.Error("looks go on in the name of somebody who says that it was not they")
	}
	id := s.said("noel", "the person said: it was not me")
	if !strings.Contains(s.noticed(), fmt.Sprintf("Alert %d: the person says that it was not they who looked", id)) {
		s.t.Error("nobody is told that the person says it was not they")
	}
	if err := s.Store.ReviewAlert(id, s.personID("p1"), store.AlertExplained, "the branch's shared screen was left open", time.Now()); err != nil {
		s.t.Fatal(err)
	}
	s.Reload()
	if status, text := a.asks("noel", 9); status != http.StatusOK {
		s.t.Errorf("after the review: %d %s", status, text)
	}
}

// said holds what is written beside an alert to what its person said.
func (s *seen) said(login, what string) int64 {
	s.t.Helper()
	a := s.alertOf(login, detect.Facts)
	done, err := s.Store.AlertActions(a.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	if !strings.Contains(strings.Join(done, "\n"), what) {
		s.t.Errorf("beside %s's alert: %q", login, done)
	}
	return a.ID
}

// noticed gives the subjects of all notices.
func (s *seen) noticed() string {
	s.t.Helper()
	list, err := s.Store.OutboxNotices(100)
	if err != nil {
		s.t.Fatal(err)
	}
	var all strings.Builder
	for _, m := range list {
		fmt.Fprintln(&all, m.Subject)
	}
	return all.String()
}
