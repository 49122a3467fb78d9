package portal_test

import (
	"context"
	"crypto/rand"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/jackc/pgx/v5"

	"custody/custodytest"
	"custody/subjects/body"
)

// customer is one of the sample database's.
type customer struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Phone string `json:"phone"`
	Email string `json:"email"`
	Notes string `json:"notes"`
}

// app is a small real application: one shared account, a sign-in form with a token,
// server sessions, pages, JSON, files, events and a WebSocket. It knows nothing of the
// gate.
type app struct {
	text, note atomic.Pointer[string] // of still
	*httptest.Server
	customers []customer
	begun     atomic.Int32 // endless files ever
	sending   atomic.Int32 // and those under way
	whole     atomic.Int32 // uploads that arrived whole
	db        *pgx.Conn

	mu       sync.Mutex
	sessions map[string]bool
	tokens   map[string]bool
	requests []*http.Request // as they arrived, without bodies
	signIns  int
	password string        // user:password of the shared account
	others   []string      // user:password of people's own accounts
	users    []string      // who signed in
	least    int           // the shortest password that it takes
	hold     chan struct{} // /slow waits for it, half way
}

const appAccount = "northfield:summer2024"

func newApp(t testing.TB, pg *custodytest.PG, database string) *app {
	t.Helper()
	a := &app{sessions: map[string]bool{}, tokens: map[string]bool{}, hold: make(chan struct{}), password: appAccount}
	a.db = pg.Conn(t, database)
	rows, err := a.db.Query(context.Background(), "SELECT id, name, coalesce(phone, ''), coalesce(email, ''), coalesce(notes, '') FROM customers ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var c customer
		if err := rows.Scan(&c.ID, &c.Name, &c.Phone, &c.Email, &c.Notes); err != nil {
			t.Fatal(err)
		}
		a.customers = append(a.customers, c)
	}
	if rows.Err() != nil || len(a.customers) == 0 {
		t.Fatal(rows.Err())
	}
	a.Server = httptest.NewServer(a.routes())
	t.Cleanup(a.Close)
	return a
}

func (a *app) routes() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /login", a.loginPage)
	m.HandleFunc("POST /login", a.login)
	for path, h := range map[string]http.HandlerFunc{
		"GET /{$}": a.home, "GET /api/customers": a.list, "GET /api/customers/{id}": a.one, "GET /customers": a.page, "GET /export.csv": a.export,
		"GET /slow": a.slow, "GET /long": a.long, "GET /events": a.events, "GET /socket": a.socket, "GET /redirect": a.redirect, "POST /upload": a.upload, "PUT /upload": a.upload, "PATCH /upload": a.upload, "POST /upload/search": a.upload,
		"GET /static/logo.png": a.logo, "GET /files/scan.png": a.logo, "GET /photo/logo.png": a.logo, "GET /header": a.header, "GET /static/app.js": a.script,
		"POST /phone": a.newPhone, "GET /account": a.account, "POST /account": a.change,
		"GET /file": a.file, "GET /logout": a.logout, "GET /endless": a.endless, "GET /hang": a.hang, "GET /refuse": a.refuse, "GET /still": a.still,
	} {
		m.HandleFunc(path, a.signedIn(h))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		a.requests = append(a.requests, r.Clone(context.Background()))
		a.mu.Unlock()
		if pack := r.Header.Get("X-Pack"); pack != "" && pack != "identity" && r.URL.Path != "/login" {
			packed(w, r, m, pack)
			return
		}
		m.ServeHTTP(w, r)
	})
}

// packed answers in a content coding, as applications do behind their own server.
func packed(w http.ResponseWriter, r *http.Request, h http.Handler, coding string) {
	e, err := body.Encode(coding, w)
	if err != nil {
		panic(err)
	}
	h.ServeHTTP(&packing{w, e}, r)
	e.Close()
}

type packing struct {
	http.ResponseWriter
	e body.Encoder
}

func (p *packing) Write(b []byte) (int, error) { return p.e.Write(b) }

func (p *packing) WriteHeader(status int) {
	p.Header().Del("Content-Length")
	p.ResponseWriter.WriteHeader(status)
}

func (a *app) loginPage(w http.ResponseWriter, _ *http.Request) {
	token := rand.Text()
	a.mu.Lock()
	a.tokens[token] = true
	a.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: "before", Value: token, Path: "/"})
	fmt.Fprintf(w, `<html><form action="/search"><input name="q"></form><form method="post" action="/login">
		<input type="hidden" name="csrf" value="%s"><input name="username"><input type="password" name="password"></form></html>`, token)
}

func (a *app) login(w http.ResponseWriter, r *http.Request) {
	token := r.PostFormValue("csrf")
	a.mu.Lock()
	defer a.mu.Unlock()
	c, err := r.Cookie("before")
	given := r.PostFormValue("username") + ":" + r.PostFormValue("password")
	if err != nil || c.Value != token || !a.tokens[token] || given != a.password && !slices.Contains(a.others, given) {
		http.Error(w, "wrong", http.StatusForbidden)
		return
	}
	a.signIns++
	a.users = append(a.users, r.PostFormValue("username"))
	session := rand.Text()
	a.sessions[session] = true
	http.SetCookie(w, &http.Cookie{Name: "session", Value: session, Path: "/", HttpOnly: true})
	http.SetCookie(w, &http.Cookie{Name: "theme", Value: "dark", Path: "/"})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// account is the page for a new password; it has a token of its own.
func (a *app) account(w http.ResponseWriter, _ *http.Request) {
	io.WriteString(w, `<form method="post" action="/account"><input type=hidden name=csrf value=t1><input name=current><input name=new><input name=again></form>`)
}

func (a *app) change(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	user, password, _ := strings.Cut(a.password, ":")
	if r.PostFormValue("csrf") != "t1" || r.PostFormValue("current") != password || r.PostFormValue("new") != r.PostFormValue("again") || len(r.PostFormValue("new")) < a.least {
		http.Error(w, "no", http.StatusUnprocessableEntity)
		return
	}
	a.password = user + ":" + r.PostFormValue("new")
	http.Redirect(w, r, "/account", http.StatusSeeOther)
}

func (a *app) signedIn(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := r.Cookie("session")
		a.mu.Lock()
		ok := err == nil && a.sessions[c.Value]
		a.mu.Unlock()
		if !ok {
			http.Redirect(w, r, "/login?next="+r.URL.Path, http.StatusFound)
			return
		}
		h(w, r)
	}
}

func (a *app) logout(w http.ResponseWriter, r *http.Request) {
	a.forget()
	http.Redirect(w, r, "/login", http.StatusFound)
}

// forget ends all sessions of the application.
func (a *app) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sessions = map[string]bool{}
}

func (a *app) home(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	io.WriteString(w, "<!doctype html><title>Estimates</title><p>Welcome. Nobody's data is here.</p>")
}

func (a *app) some(r *http.Request) []customer {
	first, _ := strconv.Atoi(r.FormValue("from"))
	n, _ := strconv.Atoi(r.FormValue("n"))
	if n == 0 {
		n = 10
	}
	return a.customers[min(first, len(a.customers)):min(first+n, len(a.customers))]
}

func (a *app) list(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("ETag", `"v1"`)
	w.Header().Set("Cache-Control", "public, max-age=3600")
	w.Header().Set("Server", "app/1.0")
	if r.Header.Get("If-None-Match") == `"v1"` {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	b, _ := json.Marshal(map[string]any{"customers": a.some(r), "total": len(a.customers)})
	if pack := r.Header.Get("X-Pack"); pack != "" && pack != "identity" {
		w.Header().Set("Content-Encoding", pack)
	} else if r.FormValue("chunked") == "" {
		w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	}
	w.Write(b)
}

func (a *app) one(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.Atoi(r.PathValue("id"))
	if id < 1 || id > len(a.customers) {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"customer": a.customers[id-1]})
}

func (a *app) page(w http.ResponseWriter, r *http.Request) {
	if pack := r.Header.Get("X-Pack"); pack != "" && pack != "identity" {
		w.Header().Set("Content-Encoding", pack)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	io.WriteString(w, "<!doctype html><title>Customers</title><table>")
	for _, c := range a.some(r) {
		fmt.Fprintf(w, "<tr><td>%s<td><a href=\"tel:%s\">%s</a><td>%s</tr>\n", html.EscapeString(c.Name), c.Phone, c.Phone, c.Email)
		if n, _ := strconv.Atoi(r.FormValue("pad")); n > 0 {
			io.WriteString(w, strings.Repeat("<tr><td>furniture</tr>\n", n/22))
		}
	}
	io.WriteString(w, "</table>")
}

func (a *app) export(w http.ResponseWriter, r *http.Request) {
	if pack := r.Header.Get("X-Pack"); pack != "" && pack != "identity" {
		w.Header().Set("Content-Encoding", pack)
	}
	w.Header().Set("Content-Type", "text/csv")
	w.Header().Set("Content-Disposition", `attachment; filename="customers.csv"`)
	times, _ := strconv.Atoi(r.FormValue("times"))
	c := csv.NewWriter(w)
	c.Write([]string{"id", "name", "phone", "email"})
	for range max(times, 1) {
		for _, x := range a.customers {
			c.Write([]string{strconv.FormatInt(x.ID, 10), x.Name, x.Phone, x.Email})
		}
	}
	c.Flush()
}

// slow sends half of an answer and waits.
func (a *app) slow(w http.ResponseWriter, r *http.Request) {
	kind := r.FormValue("type")
	w.Header().Set("Content-Type", kind)
	c := csv.NewWriter(w)
	c.Write([]string{"id", "name", "phone"})
	for i, x := range a.customers {
		c.Write([]string{strconv.FormatInt(x.ID, 10), x.Name, x.Phone})
		if i == len(a.customers)/2 {
			for range 3000 {
				c.Write([]string{strconv.FormatInt(x.ID, 10), x.Name, x.Phone})
			}
			c.Flush()
			w.(http.Flusher).Flush()
			select {
			case <-a.hold:
			case <-r.Context().Done():
				return
			}
			if r.FormValue("die") != "" {
				panic(http.ErrAbortHandler)
			}
		}
	}
	c.Flush()
}

// endless sends rows until somebody stops it.
func (a *app) endless(w http.ResponseWriter, r *http.Request) {
	a.sending.Add(1)
	a.begun.Add(1)
	defer a.sending.Add(-1)
	w.Header().Set("Content-Type", "text/csv")
	c := csv.NewWriter(w)
	c.Write([]string{"id", "name", "phone"})
	for r.Context().Err() == nil {
		for _, x := range a.customers {
			c.Write([]string{strconv.FormatInt(x.ID, 10), x.Name, x.Phone})
		}
		if c.Flush(); c.Error() != nil {
			return
		}
	}
}

func (a *app) hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func (a *app) refuse(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// events sends one customer an event; the next one when it is told to.
func (a *app) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	for _, c := range a.customers {
		fmt.Fprintf(w, "data: {\"customer\":{\"id\":%d,\"name\":%q,\"phone\":%q}}\n\n", c.ID, c.Name, c.Phone)
		w.(http.Flusher).Flush()
		select {
		case <-a.hold:
		case <-r.Context().Done():
			return
		}
	}
}

// socket answers each number with the customer of that number, and "binary" with bytes.
func (a *app) socket(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"board"}})
	if err != nil {
		return
	}
	defer c.CloseNow()
	for {
		_, b, err := c.Read(r.Context())
		if err != nil {
			return
		}
		if string(b) == "binary" {
			c.Write(r.Context(), websocket.MessageBinary, []byte{0, 1, 2})
			continue
		}
		i, _ := strconv.Atoi(string(b))
		x := a.customers[i-1]
		c.Write(r.Context(), websocket.MessageText, fmt.Appendf(nil, `{"customer":{"id":%d,"name":%q,"phone":%q}}`, x.ID, x.Name, x.Phone))
	}
}

func (a *app) redirect(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Location", r.FormValue("to"))
	w.WriteHeader(http.StatusFound)
}

func (a *app) upload(w http.ResponseWriter, r *http.Request) {
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		return
	}
	a.whole.Add(1)
	fmt.Fprintf(w, "%d bytes", n)
}

var png = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89")

func (a *app) logo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("ETag", `"logo"`)
	w.Header().Set("Cache-Control", "max-age=600")
	if r.Header.Get("If-None-Match") == `"logo"` {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Write(png)
}

func (a *app) script(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/javascript")
	w.Header().Set("ETag", `"js"`)
	text := "const theme = document.cookie;\n"
	if r.FormValue("leak") != "" {
		text += "const boss = '" + a.customers[0].Phone + "';\n"
	}
	io.WriteString(w, text)
}

// newPhone gives a customer another phone.
func (a *app) newPhone(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.Atoi(r.FormValue("id"))
	if _, err := a.db.Exec(r.Context(), "UPDATE customers SET phone = $1 WHERE id = $2", r.FormValue("phone"), id); err != nil {
		http.Error(w, "no", http.StatusInternalServerError)
		return
	}
	a.customers[id-1].Phone = r.FormValue("phone")
	w.WriteHeader(http.StatusNoContent)
}

// file sends what the query says, for answers of any kind.
func (a *app) file(w http.ResponseWriter, r *http.Request) {
	r.ParseForm()
	for _, h := range r.Form["h"] {
		name, value, _ := strings.Cut(h, ":")
		w.Header().Add(name, strings.TrimSpace(value))
	}
	if s := r.FormValue("status"); s != "" {
		n, _ := strconv.Atoi(s)
		w.WriteHeader(n)
	}
	io.WriteString(w, r.FormValue("body"))
}

// header puts a customer into the head of the answer.
func (a *app) header(w http.ResponseWriter, r *http.Request) {
	c := a.customers[0]
	w.Header().Set("X-Flash", "saved "+c.Phone)
	w.Header().Set("X-Powered-By", "app")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Service-Worker-Allowed", "/")
	w.Header().Set("Content-Security-Policy", "default-src 'self'; report-uri https://elsewhere.example/r")
	w.Header().Set("Content-Type", "text/plain")
	io.WriteString(w, "done")
}

// asked gives the requests for a path, as they arrived.
func (a *app) asked(path string) (list []*http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range a.requests {
		if r.URL.Path == path {
			list = append(list, r)
		}
	}
	return list
}

func (a *app) allAsked() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.requests)
}

// await polls until done, for a minute at most.
func await(t testing.TB, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}
