package signin_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"custody"
	"custody/identity"
	"custody/identity/password"
	"custody/identity/totp"
	"custody/signin"
	"custody/store"
)

// kit is a real store and service with a door in front of an application that says who
// is there.
type kit struct {
	*identity.Service
	store  *store.Store
	door   *signin.Door
	server *httptest.Server
	url    string // as browsers reach it
	clock  *clock
	log    *logs

	mu    sync.Mutex
	ended []custody.SessionID
	given map[string]*custody.Session // by the cookies with which they came last
	wrong atomic.Bool                 // Again said otherwise than Session
}

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

const (
	alice  = "alice@northfield.example"
	secret = "kettle marmot dusk"
)

// newKit starts a door; change may alter its options.
func newKit(t testing.TB, change ...func(*signin.Options)) *kit {
	t.Helper()
	k := prepareKit(t)
	k.server.StartTLS()
	k.url = k.server.URL
	t.Cleanup(k.server.Close)
	k.openDoor(t, change...)
	return k
}

// newLocalKit starts a door on plain http://localhost, where browsers allow passkeys.
func newLocalKit(t testing.TB, change ...func(*signin.Options)) *kit {
	t.Helper()
	k := prepareKit(t)
	k.server.Start()
	k.url = strings.Replace(k.server.URL, "127.0.0.1", "localhost", 1)
	t.Cleanup(k.server.Close)
	k.openDoor(t, change...)
	return k
}

func prepareKit(t testing.TB) *kit {
	t.Helper()
	k := &kit{clock: &clock{at: time.Now().UTC().Truncate(time.Second)}, log: &logs{}}
	var err error
	k.store, err = store.Open(filepath.Join(t.TempDir(), "custody.db"))
	must(t, err)
	t.Cleanup(func() { k.store.Close() })
	k.Service, err = identity.New(identity.Options{Storage: k.store, Key: bytes.Repeat([]byte{7}, 32), Now: k.clock.now})
	must(t, err)
	_, err = k.store.EnsureSystem("bodyshop")
	must(t, err)
	must(t, k.Reload())
	for _, login := range []string{"alice", "bob"} {
		_, err := k.AddPerson(identity.NewPerson{Login: login + "@northfield.example", FullName: strings.ToUpper(login[:1]) + login[1:] + " Smith",
			Organisation: "Northfield", Roles: []string{"estimator", "manager"}})
		must(t, err)
	}
	k.server = httptest.NewUnstartedServer(http.HandlerFunc(k.serve))
	return k
}

func (k *kit) openDoor(t testing.TB, change ...func(*signin.Options)) {
	t.Cleanup(func() {
		if k.wrong.Load() {
			t.Error("a session was let through again, or was not, where a request with its cookie says otherwise")
		}
	})
	t.Helper()
	public, err := url.Parse(k.url)
	must(t, err)
	o := signin.Options{Identity: k.Service, System: "bodyshop", Title: "Northfield Estimates", Public: public,
		Now: k.clock.now, Log: slog.New(slog.NewTextHandler(k.log, nil)), Ended: func(s *custody.Session) {
			k.mu.Lock()
			defer k.mu.Unlock()
			k.ended = append(k.ended, s.ID)
		}}
	o.Hasher = password.NewHasher(2).WithCost(password.Cost{Memory: 64, Passes: 1}) // tests of hashes are in package password
	for _, c := range change {
		c(&o)
	}
	door, err := signin.New(o)
	must(t, err)
	k.mu.Lock()
	k.door = door
	k.mu.Unlock()
	t.Cleanup(door.Close)
}

// serve is the guarded application: it greets who is signed in.
func (k *kit) serve(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	door := k.door
	k.mu.Unlock()
	if strings.HasPrefix(r.URL.Path, signin.Prefix) {
		door.ServeHTTP(w, r)
		return
	}
	sess, err := k.session(door, r)
	if err != nil {
		door.Challenge(w, r)
		return
	}
	_, _ = io.WriteString(w, "<!doctype html><title>The portal</title><p id=who>"+sess.Login+" "+strings.Join(sess.Roles, ","))
}

// session asks for the session of a request, and whether one that was given before for
// the same cookies is let through again, which must be the same.
func (k *kit) session(door *signin.Door, r *http.Request) (*custody.Session, error) {
	cookies := strings.Join(r.Header["Cookie"], ";")
	k.mu.Lock()
	before := k.given[cookies]
	k.mu.Unlock()
	again := before != nil && door.Again(before) == nil
	sess, err := door.Session(r)
	if again != (before != nil && err == nil && sess == before) {
		k.wrong.Store(true)
	}
	if err == nil {
		k.mu.Lock()
		if k.given == nil {
			k.given = map[string]*custody.Session{}
		}
		k.given[cookies] = sess
		k.mu.Unlock()
	}
	return sess, err
}

// browser is a client with its own cookies that sends what browsers send.
type browser struct {
	t   testing.TB
	k   *kit
	jar *cookiejar.Jar
	c   *http.Client
}

func (k *kit) browser(t testing.TB) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	c := k.server.Client()
	return &browser{t, k, jar, &http.Client{Transport: c.Transport, Jar: jar}}
}

// answer is a response with its body.
type answer struct {
	*http.Response
	body string
}

func (b *browser) do(r *http.Request) answer {
	b.t.Helper()
	res, err := b.c.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{res, string(body)}
}

func (b *browser) get(path string) answer {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodGet, b.k.url+path, nil)
	must(b.t, err)
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	return b.do(r)
}

func (b *browser) post(path string, form ...string) answer {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodPost, b.k.url+path, strings.NewReader(values(form...).Encode()))
	must(b.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Origin", b.k.url)
	return b.do(r)
}

func values(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

// factor is what a person knows and holds after enrolment.
type factor struct {
	k     *kit
	totp  []byte
	codes []string
}

var (
	keyText      = regexp.MustCompile(`class="mono key">([A-Z2-7 ]+)<`)
	recoveryText = regexp.MustCompile(`<code>([a-z2-7-]{19})</code>`)
)

// enrol goes through the pages with a code and sets up a password.
func (b *browser) enrol(login string) *factor {
	b.t.Helper()
	code, _, err := b.k.Enrol(login, 0)
	must(b.t, err)
	page := b.post("/.custody/enrol", "code", code)
	m := keyText.FindStringSubmatch(page.body)
	if m == nil {
		b.t.Fatalf("no key on the page:\n%s", page.body)
	}
	f := &factor{k: b.k, totp: decode(b.t, m[1])}
	page = b.post("/.custody/enrol/password", "password", secret, "again", secret, "code", f.code())
	for _, c := range recoveryText.FindAllStringSubmatch(page.body, -1) {
		f.codes = append(f.codes, c[1])
	}
	if len(f.codes) != identity.RecoveryCodeCount {
		b.t.Fatalf("%d recovery codes on the page:\n%s", len(f.codes), page.body)
	}
	return f
}

func (f *factor) code() string { return totp.Code(f.totp, totp.Step(f.k.clock.now())) }

// accept accepts the notice in force.
func (b *browser) accept() answer {
	b.t.Helper()
	return b.post("/.custody/notice", "accept", "yes", "version", signin.DefaultVersion)
}

// signIn signs in with a password and a fresh code.
func (b *browser) signIn(login string, f *factor) answer {
	b.t.Helper()
	b.k.clock.pass(totp.Period)
	return b.post("/.custody/sign-in", "login", login, "password", secret, "code", f.code())
}

func (b *browser) who() string {
	b.t.Helper()
	a := b.get("/")
	_, who, _ := strings.Cut(a.body, "id=who>")
	return who
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v (%s)", err, custody.HintOf(err))
	}
}

func live(t testing.TB, k *kit) int {
	t.Helper()
	list, err := k.store.LiveSessions()
	must(t, err)
	return len(list)
}

var background = context.Background()

func mustParse(text string) *url.URL {
	u, err := url.Parse(text)
	if err != nil {
		panic(err)
	}
	return u
}
