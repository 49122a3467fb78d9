package intake

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"custody"
	"custody/accesslog"
)

//go:embed form.html
var formText string

var formPage = template.Must(template.New("form").Parse(formText))

// Bounds of the public form.
const (
	maxForm      = 24 << 10        // bytes of a request's body
	formLives    = 6 * time.Hour   // a form that lay open longer is sent again
	formHurry    = 3 * time.Second // nobody fills it in faster
	perAddress   = 8               // complaints of an address in an hour
	maxAddresses = 20_000          // that are remembered
	formRequests = 64              // that are worked on at once
)

// FormOptions are what the public form is made of.
type FormOptions struct {
	Service    *Service
	Seal       Seal // of the form's own stamp
	Controller Controller
	PerHour    int // complaints in an hour from everybody together; 300 if zero
	Zone       *time.Location
	Now        func() time.Time
	Log        *slog.Logger
}

// Form is the public web form. It needs no sign-in and no script, sets no cookie, and
// says the same to everybody, whether or not a customer was found. What looks as if a
// program had sent it is taken all the same, and marked.
type Form struct {
	o     FormOptions
	slots chan struct{}
	mu    sync.Mutex
	from  map[netip.Prefix]*hour
	all   hour
}

// hour counts what came in the hour that began.
type hour struct {
	began time.Time
	n     int
}

func (h *hour) take(now time.Time, most int) bool {
	if now.Sub(h.began) >= time.Hour || now.Before(h.began) {
		h.began, h.n = now, 0
	}
	if h.n >= most {
		return false
	}
	h.n++
	return true
}

// NewForm makes the handler of the public form.
func NewForm(o FormOptions) *Form {
	if o.PerHour == 0 {
		o.PerHour = 300
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Form{o: o, slots: make(chan struct{}, formRequests), from: map[netip.Prefix]*hour{}}
}

// policy allows the page nothing but its own style and its own form.
const policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// ServeHTTP implements http.Handler.
func (f *Form) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	select {
	case f.slots <- struct{}{}:
		defer func() { <-f.slots }()
	default:
		f.show(w, r, http.StatusServiceUnavailable, &formView{Title: "Please try again in a minute", Errors: []fault{{"", "Many people are writing at this moment. Nothing was kept of what you sent."}}})
		return
	}
	switch {
	case r.URL.Path != "/":
		f.show(w, r, http.StatusNotFound, &formView{Title: "There is no such page", Errors: []fault{{"", "The form is on the first page."}}})
	case r.Method == http.MethodPost:
		f.post(w, r)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		f.show(w, r, http.StatusOK, &formView{Form: true})
	default:
		h.Set("Allow", "GET, HEAD, POST")
		http.Error(w, "this form is read or sent", http.StatusMethodNotAllowed)
	}
}

// fault is what is wrong with a field.
type fault struct{ Field, Text string }

// formView is what the page is made of.
type formView struct {
	Title      string
	Controller Controller
	Form       bool
	Done       *Complaint
	Due        string
	Errors     []fault
	Stamp      string
	Body       Body
	Called     string
}

// Fault gives what is wrong with a field.
func (v *formView) Fault(field string) string {
	for _, e := range v.Errors {
		if e.Field == field {
			return e.Text
		}
	}
	return ""
}

func (f *Form) show(w http.ResponseWriter, r *http.Request, status int, v *formView) {
	v.Controller = f.o.Controller
	if v.Title == "" {
		v.Title = "Complain about the use of your data"
	}
	if v.Form {
		v.Stamp = f.stamp()
	}
	var b bytes.Buffer
	if err := formPage.Execute(&b, v); err != nil {
		f.o.Log.Error("the complaints form could not be made", "err", err)
		http.Error(w, "something went wrong on our side", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b.Bytes())
	}
}

// stamp says when a form was given out; only we can make one.
func (f *Form) stamp() string {
	at := binary.BigEndian.AppendUint64(nil, uint64(f.o.Now().UnixMilli()))
	return referenceLetters.EncodeToString(f.o.Seal.Seal(at, []byte("complaint form")))
}

// age says how long ago a form was given out; false if it was not ours or too long ago.
func (f *Form) age(stamp string) (time.Duration, bool) {
	if len(stamp) > 200 {
		return 0, false
	}
	sealed, err := referenceLetters.DecodeString(stamp)
	if err != nil {
		return 0, false
	}
	at, err := f.o.Seal.Open(sealed, []byte("complaint form"))
	if err != nil || len(at) != 8 {
		return 0, false
	}
	age := f.o.Now().Sub(time.UnixMilli(int64(binary.BigEndian.Uint64(at))))
	return age, age >= 0 && age < formLives
}

// admit counts a complaint against its address and against all.
func (f *Form) admit(r *http.Request) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.o.Now()
	key := network(origin(r))
	one := f.from[key]
	if one == nil {
		if len(f.from) >= maxAddresses {
			for k, h := range f.from {
				if now.Sub(h.began) >= time.Hour {
					delete(f.from, k)
				}
			}
			if len(f.from) >= maxAddresses {
				clear(f.from) // all alive: the bound for everybody holds still
			}
		}
		one = &hour{began: now}
		f.from[key] = one
	}
	return one.take(now, perAddress) && f.all.take(now, f.o.PerHour)
}

// origin is the address of whoever writes: behind a proxy of this machine, what it says.
func origin(r *http.Request) string {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	if a, err := netip.ParseAddr(host); err == nil && a.IsLoopback() {
		list := strings.Split(r.Header.Get("X-Forwarded-For"), ",")
		if last := strings.TrimSpace(list[len(list)-1]); last != "" {
			return net.JoinHostPort(last, "0")
		}
	}
	return r.RemoteAddr
}

// network is an address, of IPv6 its /64: one customer has so many.
func network(remote string) netip.Prefix {
	host, _, _ := net.SplitHostPort(remote)
	a, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Prefix{}
	}
	bits := 64
	if a = a.Unmap(); a.Is4() {
		bits = 32
	}
	p, _ := a.WithZone("").Prefix(bits)
	return p
}

func (f *Form) post(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		f.show(w, r, http.StatusBadRequest, &formView{Form: true, Errors: []fault{{"words", "What was sent is too long, or no form. Shorten it and send it again."}}})
		return
	}
	get := func(name string) string {
		v := r.PostForm.Get(name)
		if !utf8.ValidString(v) {
			return ""
		}
		return v
	}
	v := &formView{Form: true, Called: get("called"), Body: Body{Name: get("name"), Answer: get("answer"), Phone: get("phone"), Email: get("email"), Vehicle: get("vehicle"),
		Caller: get("caller"), Claimed: get("claimed"), Knew: get("knew"), Words: get("words")}}
	c := &Complaint{Way: Web, Body: v.Body}
	if v.Called != "" {
		at, ok := accesslog.ParseTime(v.Called, f.o.Zone)
		if !ok {
			v.Errors = append(v.Errors, fault{"called", "Write the day and the time of the call, like 30/05/2026 18:10, or leave it empty."})
		}
		c.Called = at
	}
	age, ours := f.age(get("form"))
	if !ours {
		v.Errors = append(v.Errors, fault{"", "The page was open for a long time. Please look through it and send it again."})
	}
	if v.Body.Answer == "" {
		v.Errors = append(v.Errors, fault{"answer", "Write where we may answer: a mail address, a phone or a postal address."})
	}
	// The field is not shown to people; a program fills in what it finds.
	c.Suspect = age < formHurry || get("website") != ""
	if len(v.Errors) > 0 {
		f.show(w, r, http.StatusUnprocessableEntity, v)
		return
	}
	if !f.admit(r) {
		w.Header().Set("Retry-After", "3600")
		v.Errors = append(v.Errors, fault{"", "Too many complaints came in this hour, from your network or in all. Nothing was kept: please send it again later, or write to us."})
		f.show(w, r, http.StatusTooManyRequests, v)
		return
	}
	f.take(w, r, c, v)
}

func (f *Form) take(w http.ResponseWriter, r *http.Request, c *Complaint, v *formView) {
	_, err := f.o.Service.Add(r.Context(), c)
	switch code := custody.CodeOf(err); code {
	case custody.CodeNone:
		f.show(w, r, http.StatusOK, &formView{Title: "We have your complaint", Done: c, Due: c.Due.In(f.o.Zone).Format("2 January 2006")})
	case custody.CodeInvalid, custody.CodeTooLarge:
		field := "phone"
		if code == custody.CodeTooLarge {
			field = "words"
		}
		v.Errors = append(v.Errors, fault{field, sentence(err.Error()) + ": " + custody.HintOf(err) + "."})
		f.show(w, r, http.StatusUnprocessableEntity, v)
	default:
		f.o.Log.Error("a complaint could not be kept", "err", err)
		v.Errors = append(v.Errors, fault{"", "Something went wrong on our side and nothing was kept. Please send it again in some minutes, or write to us."})
		f.show(w, r, http.StatusServiceUnavailable, v)
	}
}

// sentence begins a message with a capital.
func sentence(s string) string {
	if s == "" {
		return s
	}
	return string(bytes.ToUpper([]byte(s[:1]))) + s[1:]
}
