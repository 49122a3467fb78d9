package portalcheck_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"custody"
	"custody/doctor/portalcheck"
)

// shop is a small portal without a fault; each test gives it one.
type shop struct {
	mu       sync.Mutex
	sessions map[string]string // cookie: user
	accounts map[string]string
	wrong    map[string]int
	*http.ServeMux

	cookie    func(*http.Cookie)
	header    func(http.Header)
	keepID    bool // the session's number is not renewed
	keepOpen  bool // sign-out ends nothing
	noLock    bool
	tells     bool // who has an account
	noToken   bool
	least     int // characters of a password
	composed  bool
	inputType string
	customers string // what /customers/1 shows
	openData  bool   // /customers/1 is for everybody
	anyone    bool   // … is for every account
	help      string // a link on the sign-in page
}

func newShop() *shop {
	s := &shop{sessions: map[string]string{}, wrong: map[string]int{}, ServeMux: http.NewServeMux(), least: 12, inputType: "password",
		accounts:  map[string]string{"tester": "correct horse battery staple", "other": "another horse battery staple"},
		customers: `<p>Ada Marsh, 07700 900123, ada.marsh@mail.example</p>`}
	s.HandleFunc("/{$}", s.inside(func(w http.ResponseWriter, r *http.Request, user string) {
		s.page(w, `<a href="/customers/1">1</a> <a href="/account">account</a> <a href="/logout">Sign out</a>`)
	}))
	s.HandleFunc("/customers/1", s.customer)
	s.HandleFunc("/login", s.login)
	s.HandleFunc("/logout", s.logout)
	s.HandleFunc("/account", s.inside(s.account))
	return s
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Strict-Transport-Security", "max-age=31536000")
	if s.header != nil {
		s.header(h)
	}
	s.ServeMux.ServeHTTP(w, r)
}

func (s *shop) page(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, "<!doctype html><title>Shop</title>%s", body)
}

func (s *shop) user(r *http.Request) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range r.Cookies() {
		if u := s.sessions[c.Value]; u != "" {
			return u
		}
	}
	return ""
}

func (s *shop) inside(next func(http.ResponseWriter, *http.Request, string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if user := s.user(r); user != "" {
			next(w, r, user)
			return
		}
		http.Redirect(w, r, "/login", http.StatusSeeOther)
	}
}

func (s *shop) customer(w http.ResponseWriter, r *http.Request) {
	user := s.user(r)
	if !s.openData && user != "tester" && !(s.anyone && user != "") {
		http.Error(w, "no", http.StatusNotFound)
		return
	}
	s.page(w, s.customers)
}

func (s *shop) token() string {
	if s.noToken {
		return ""
	}
	return `<input type="hidden" name="csrf" value="0123456789abcdef0123">`
}

func (s *shop) form(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	s.page(w, s.help+message+`<form method="post">`+s.token()+`<input name="user"><input name="password" type="`+s.inputType+`" autocomplete="current-password"><button>In</button></form>`)
}

func (s *shop) login(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		s.form(w, http.StatusOK, "")
		return
	}
	user := r.PostFormValue("user")
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wrong[user] >= 10 && !s.noLock {
		s.form(w, http.StatusTooManyRequests, "Too many tries.")
		return
	}
	if want, known := s.accounts[user]; !known || want != r.PostFormValue("password") {
		s.wrong[user]++
		message := "Wrong."
		if s.tells && !known {
			message = "There is no such account."
		}
		s.form(w, http.StatusUnauthorized, message)
		return
	}
	s.wrong[user] = 0
	id := rand.Text()
	if c, err := r.Cookie("__Host-session"); err == nil && s.keepID {
		id = c.Value
	}
	s.sessions[id] = user
	c := &http.Cookie{Name: "__Host-session", Value: id, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if s.cookie != nil {
		s.cookie(c)
	}
	http.SetCookie(w, c)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *shop) logout(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie("__Host-session"); err == nil && !s.keepOpen {
		s.mu.Lock()
		delete(s.sessions, c.Value)
		s.mu.Unlock()
	}
	http.SetCookie(w, &http.Cookie{Name: "__Host-session", Path: "/", MaxAge: -1})
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

func (s *shop) account(w http.ResponseWriter, r *http.Request, user string) {
	if r.Method == http.MethodPost {
		s.mu.Lock()
		defer s.mu.Unlock()
		next := r.PostFormValue("new")
		weak := next == "Password1" || strings.Contains(next, user)
		if s.least < 8 {
			weak = false
		}
		if s.composed && strings.ToLower(next) == next && next != "correct horse battery staple" {
			weak = true
		}
		if s.accounts[user] == r.PostFormValue("current") && len(next) >= s.least && !weak {
			s.accounts[user] = next
			s.page(w, "<p>Your password was changed.</p>")
			return
		}
	}
	s.page(w, `<form method="post">`+s.token()+`<input name="current" type="password" autocomplete="current-password"><input name="new" type="password" autocomplete="new-password"><input name="again" type="password" autocomplete="new-password"></form>`)
}

// TestOneFault: each fault alone is found, and nothing else; without a fault nothing.
func TestOneFault(t *testing.T) {
	answer := func(s *shop, path, kind, body string) {
		s.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			fmt.Fprint(w, body)
		})
	}
	list := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "%d,07700 %06d,someone%d@mail.example\n", i, 900000+i, i)
		}
		return b.String()
	}
	for name, c := range map[string]struct {
		fault func(*shop)
		want  []string
	}{
		"none": {func(*shop) {}, nil},
		"no csp": {func(s *shop) {
			s.header = func(h http.Header) { h.Del("Content-Security-Policy"); h.Set("X-Frame-Options", "DENY") }
		}, []string{"warning headers: content-security-policy"}},
		"inline": {func(s *shop) {
			s.header = func(h http.Header) {
				h.Set("Content-Security-Policy", "script-src 'self' 'unsafe-inline'; frame-ancestors 'none'")
			}
		}, []string{"note headers: content-security-policy"}},
		"frames": {func(s *shop) {
			s.header = func(h http.Header) { h.Set("Content-Security-Policy", "default-src 'self'") }
		}, []string{"warning headers: frame-ancestors"}},
		"sniffing":  {func(s *shop) { s.header = func(h http.Header) { h.Del("X-Content-Type-Options") } }, []string{"warning headers: nosniff"}},
		"referrer":  {func(s *shop) { s.header = func(h http.Header) { h.Set("Referrer-Policy", "unsafe-url") } }, []string{"warning headers: referrer-policy"}},
		"no hsts":   {func(s *shop) { s.header = func(h http.Header) { h.Del("Strict-Transport-Security") } }, []string{"warning hsts: missing"}},
		"hsts":      {func(s *shop) { s.header = func(h http.Header) { h.Set("Strict-Transport-Security", "max-age=60") } }, []string{"warning hsts: short"}},
		"cached":    {func(s *shop) { s.header = func(h http.Header) { h.Del("Cache-Control") } }, []string{"warning cache: kept"}},
		"shared":    {func(s *shop) { s.header = func(h http.Header) { h.Set("Cache-Control", "public, max-age=60") } }, []string{"serious cache: shared"}},
		"server":    {func(s *shop) { s.header = func(h http.Header) { h.Set("Server", "Apache/2.4.1") } }, []string{"warning banners: server"}},
		"secure":    {func(s *shop) { s.cookie = func(c *http.Cookie) { c.Secure = false } }, []string{"serious cookies: __Host-session secure"}},
		"httponly":  {func(s *shop) { s.cookie = func(c *http.Cookie) { c.HttpOnly = false } }, []string{"serious cookies: __Host-session httponly"}},
		"samesite":  {func(s *shop) { s.cookie = func(c *http.Cookie) { c.SameSite = 0 } }, []string{"warning cookies: __Host-session samesite"}},
		"age":       {func(s *shop) { s.cookie = func(c *http.Cookie) { c.MaxAge = 1e6 } }, []string{"warning cookies: __Host-session age"}},
		"domain":    {func(s *shop) { s.cookie = func(c *http.Cookie) { c.Domain = "127.0.0.1" } }, []string{"warning cookies: __Host-session domain"}},
		"fixation":  {func(s *shop) { s.keepID = true }, []string{"serious session: fixation"}},
		"sign-out":  {func(s *shop) { s.keepOpen = true }, []string{"serious session: sign-out"}},
		"lock":      {func(s *shop) { s.noLock = true }, []string{"serious throttle: tries"}},
		"tells":     {func(s *shop) { s.tells = true }, []string{"warning enumeration: answer"}},
		"token":     {func(s *shop) { s.noToken = true }, []string{"note forms: /login", "note forms: /account"}},
		"short":     {func(s *shop) { s.least = 6 }, []string{"serious passwords: short", "serious passwords: common", "warning passwords: name"}},
		"composed":  {func(s *shop) { s.composed = true }, []string{"warning passwords: words"}},
		"open":      {func(s *shop) { s.openData = true }, []string{"critical objects: /customers/{n}"}},
		"anyone":    {func(s *shop) { s.anyone = true }, []string{"serious objects: other /customers/{n}"}},
		"git":       {func(s *shop) { answer(s, "/.git/HEAD", "text/plain", "ref: refs/heads/main\n") }, []string{"critical files: /.git/HEAD"}},
		"backup":    {func(s *shop) { answer(s, "/backup.zip", "application/zip", "PK\x03\x04xxxx") }, []string{"critical files: /backup.zip"}},
		"soft 404":  {func(s *shop) { answer(s, "/.env", "text/html", "<p>Not here: name=value</p>") }, nil},
		"stack":     {func(s *shop) { answer500(s, "panic\ngoroutine 7 [running]:") }, []string{"warning errors: a stack", "note errors: status"}},
		"sql":       {func(s *shop) { answer500(s, `ERROR: syntax error at or near "x" (SQLSTATE 42601)`) }, []string{"warning errors: a database's message", "note errors: status"}},
		"export":    {func(s *shop) { answerInside(s, "/customers.csv", "text/csv", list(60)) }, []string{"critical export: /customers.csv"}},
		"small":     {func(s *shop) { answerInside(s, "/customers.csv", "text/csv", list(20)) }, []string{"warning export: /customers.csv"}},
		"own":       {func(s *shop) { answerInside(s, "/customers.csv", "text/csv", list(2)) }, nil},
		"long page": {func(s *shop) { s.customers = list(70) }, []string{"warning export: page /customers/{n}"}},
		"api": {func(s *shop) {
			answer(s, "/app.js", "text/javascript", `fetch("/api/people?x=1")`)
			answer(s, "/api/people", "application/json", `[{"phone":"07700 900123"}]`)
			linkFromLogin(s, `<script src="/app.js"></script>`)
		}, []string{"critical open: /api/people"}},
		"public page": {func(s *shop) {
			answer(s, "/board", "text/html", "<p>"+list(5)+"</p>")
			linkFromLogin(s, `<a href="/board">Board</a>`)
		}, []string{"critical open: /board"}},
		"contact": {func(s *shop) { linkFromLogin(s, `<p>info@shop.example or 01632 960123</p>`) }, []string{"note open: /help"}},
		"listing": {func(s *shop) {
			answer(s, "/files/", "text/html", "<title>Index of /files/</title>")
			linkFromLogin(s, `<img src="/files/logo.png">`)
		}, []string{"warning listing: /files/"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop()
			c.fault(s)
			_, o := serve(t, s)
			o.Account = &portalcheck.Account{User: "tester", Password: "correct horse battery staple"}
			o.Other = &portalcheck.Account{User: "other", Password: "another horse battery staple"}
			o.Consent, o.Change = true, "/account"
			r := examine(t, o)
			compare(t, r, c.want...)
			if got := skips(r); !slices.Equal(got, []string{"redirect"}) {
				t.Errorf("not checked: %v", got)
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.accounts["tester"] != "correct horse battery staple" {
				t.Error("the test account has another password afterwards")
			}
			if s.wrong["other"] > 0 || s.wrong["tester"] > 12 {
				t.Errorf("wrong tries: %v", s.wrong)
			}
		})
	}
}

func answer500(s *shop, body string) {
	s.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if strings.ContainsAny(r.URL.Path, `'"`) {
			http.Error(w, body, http.StatusInternalServerError)
			return
		}
		http.NotFound(w, r)
	})
}

// answerInside answers the one account and links to it from a page.
func answerInside(s *shop, path, kind, body string) {
	s.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		if s.user(r) == "tester" {
			w.Header().Set("Content-Type", kind)
			fmt.Fprint(w, body)
			return
		}
		http.Error(w, "no", http.StatusForbidden)
	})
	s.customers += `<a href="` + path + `">Everybody as CSV</a>`
}

// linkFromLogin puts something on a page that the sign-in page leads to.
func linkFromLogin(s *shop, body string) {
	s.HandleFunc("/help", func(w http.ResponseWriter, r *http.Request) { s.page(w, body) })
	s.help = `<a href="/help">Help</a>`
}

// TestTransport: faults of TLS, one each.
func TestTransport(t *testing.T) {
	plain := httptest.NewServer(newShop())
	t.Cleanup(plain.Close)
	away := httptest.NewServer(http.RedirectHandler("https://127.0.0.1/", http.StatusMovedPermanently))
	t.Cleanup(away.Close)
	for name, c := range map[string]struct {
		server func(*tls.Config)
		client func(*portalcheck.Options)
		want   []string
	}{
		"good":      {want: nil},
		"old":       {server: func(c *tls.Config) { c.MinVersion = tls.VersionTLS10 }, want: []string{"serious tls: old"}},
		"1.2":       {server: func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, want: []string{"note tls: newest"}},
		"authority": {client: func(o *portalcheck.Options) { o.TLS = nil }, want: []string{"serious tls: certificate"}},
		"expired":   {client: func(o *portalcheck.Options) { o.Now = func() time.Time { return time.Now().AddDate(100, 0, 0) } }, want: []string{"serious tls: certificate"}},
		"name":      {client: func(o *portalcheck.Options) { o.URL.Host = "localhost:" + o.URL.Port() }, want: []string{"serious tls: certificate"}},
		"plain":     {client: func(o *portalcheck.Options) { o.Plain = mustParse(plain.URL) }, want: []string{"serious redirect: plain"}},
		"redirect":  {client: func(o *portalcheck.Options) { o.Plain = mustParse(away.URL) }, want: nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewUnstartedServer(newShop())
			s.TLS = &tls.Config{}
			s.Config.ErrorLog = log.New(io.Discard, "", 0)
			if c.server != nil {
				c.server(s.TLS)
			}
			s.StartTLS()
			t.Cleanup(s.Close)
			o := options(t, s.URL)
			o.TLS = s.Client().Transport.(*http.Transport).TLSClientConfig
			if c.client != nil {
				c.client(&o)
			}
			compare(t, examine(t, o), c.want...)
		})
	}
}

func mustParse(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

// TestSecretsStay: no password goes to a certificate that is not trusted, and nothing
// to another origin.
func TestSecretsStay(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("another origin was asked") }))
	t.Cleanup(elsewhere.Close)
	s := newShop()
	s.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) })
	linkFromLogin(s, `<a href="/away">a</a><a href="`+elsewhere.URL+`">b</a><img src="`+elsewhere.URL+`/x/y.png"><script src="`+elsewhere.URL+`/a.js"></script>`)
	var posted atomic.Bool
	_, o := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.FormValue("password") != "" {
			posted.Store(true)
		}
		if r.UserAgent() != portalcheck.Agent {
			t.Errorf("asked as %q", r.UserAgent())
		}
		s.ServeHTTP(w, r)
	}))
	o.TLS = nil
	o.Account, o.Consent = &portalcheck.Account{User: "tester", Password: "correct horse battery staple"}, true
	r := examine(t, o)
	if posted.Load() {
		t.Error("a password was sent to a server that is not trusted")
	}
	for _, x := range r.Outcomes {
		if x.Check == "portal-throttle" && !strings.Contains(x.Skipped, "certificate is not valid") {
			t.Errorf("%+v", x)
		}
	}
}

// TestBound: an endless portal ends.
func TestBound(t *testing.T) {
	var asked atomic.Int64
	_, o := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := asked.Add(1)
		w.Header().Set("Content-Type", "text/html")
		for i := range 100 {
			fmt.Fprintf(w, `<a href="/a%c/b%c%d">x</a>`, 'a'+rune(n%26), 'a'+i%26, i)
		}
	}))
	o.Requests = 30
	r := examine(t, o)
	if n := asked.Load(); n > 30 || r.Requests != 30 || len(skips(r)) == 0 {
		t.Errorf("%d requests, %d counted, not checked %v", asked.Load(), r.Requests, skips(r))
	}
}

// TestNobodyThere and other ways not to begin.
func TestNobodyThere(t *testing.T) {
	for _, at := range []string{"http://127.0.0.1:1/", "ftp://127.0.0.1/", "http://user@127.0.0.1/", "/x"} {
		if _, err := portalcheck.Examine(context.Background(), options(t, at)); custody.HintOf(err) == "" {
			t.Errorf("%s: %v", at, err)
		}
	}
}
