package console

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"custody"
	"custody/signin"
)

// maxForm is the longest form that the console reads, in bytes.
const maxForm = 64 << 10

// contentPolicy allows the console's own files and nothing else: no inline script or
// style, no frame, no other host.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// headers sets what every answer carries.
func (c *Console) headers(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin") // with no-referrer browsers send "Origin: null" with our own forms
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	if c.o.Public.Scheme == "https" {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// ServeHTTP answers pages, the door's pages under /.custody/, and programs under
// /api/.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer c.fault()
	if strings.HasPrefix(r.URL.Path, signin.Prefix) {
		c.o.Door.ServeHTTP(w, r)
		return
	}
	c.headers(w)
	if r.Host != c.o.Public.Host {
		c.tellPage(w, r, nil, http.StatusMisdirectedRequest, custody.E(custody.CodeInvalid, "this is not the address of the console", "open "+c.origin()))
		return
	}
	if strings.HasPrefix(r.URL.Path, "/api/") {
		c.serveAPI(w, r)
		return
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodPost:
		if !c.sameOrigin(r) {
			c.o.Log.Warn("a form from another site was refused", "path", r.URL.Path)
			c.tellPage(w, r, nil, http.StatusForbidden, custody.E(custody.CodeForbidden, "this form did not come from the console", "open the page again and send it from there"))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		c.tellPage(w, r, nil, http.StatusMethodNotAllowed, custody.E(custody.CodeUnsupported, "this address cannot be used in this way", "go back and use the buttons of the page"))
		return
	}
	c.mux.ServeHTTP(w, r)
}

func (c *Console) origin() string { return c.o.Public.Scheme + "://" + c.o.Public.Host }

// sameOrigin says whether a request that changes something came from a page of the
// console: browsers say so in Sec-Fetch-Site, older ones in Origin. Without either it is
// refused.
func (c *Console) sameOrigin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		return false
	}
	if from := r.Header.Get("Origin"); from != "" {
		return from == c.origin()
	}
	return r.Header.Get("Sec-Fetch-Site") == "same-origin"
}

// fault notes a fault of ours with where it was, not with what was in the way, which a
// panic's text may quote (P7), and breaks the connection.
func (c *Console) fault() {
	switch v := recover(); v {
	case nil:
	case http.ErrAbortHandler:
		panic(v)
	default:
		c.o.Log.Error("a fault of the console itself", "kind", fmt.Sprintf("%T", v), "stack", string(debug.Stack()))
		panic(http.ErrAbortHandler)
	}
}

var statuses = map[custody.Code]int{
	custody.CodeUnauthorised: http.StatusUnauthorized, custody.CodeForbidden: http.StatusForbidden,
	custody.CodeRevoked: http.StatusUnauthorized, custody.CodeInvalid: http.StatusBadRequest,
	custody.CodeNotFound: http.StatusNotFound, custody.CodeConflict: http.StatusConflict,
	custody.CodeTooLarge: http.StatusRequestEntityTooLarge, custody.CodeLimit: http.StatusTooManyRequests,
	custody.CodeReason: http.StatusUnprocessableEntity, custody.CodeUnrecorded: http.StatusServiceUnavailable,
	custody.CodeUnavailable: http.StatusServiceUnavailable, custody.CodeUnsupported: http.StatusMethodNotAllowed,
}

func statusOf(err error) int {
	if s, ok := statuses[custody.CodeOf(err)]; ok {
		return s
	}
	return http.StatusInternalServerError
}

// publicly gives what may be shown of an error: nothing of a fault of ours (P7).
func publicly(err error) (message, hint string) {
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		return "this is too long", "shorten it"
	}
	if c := custody.CodeOf(err); c == custody.CodeInternal || c == custody.CodeNone {
		return "something went wrong on our side", "try again; if it stays, tell the administrator when it happened"
	}
	return err.Error(), custody.HintOf(err)
}

// rates slows a session down that asks too much: a bucket of burst requests, refilled at
// perSecond. Pages are for people; a script that walks through customers is not.
type rates struct {
	now func() time.Time
	mu  sync.Mutex
	by  map[string]*rate
}

type rate struct {
	left float64
	at   time.Time
}

// The rates: everything a session asks, and what it looks up of customers or has
// verified, which reads more than a page.
const (
	burst, perSecond         = 200, 20
	burstDear, perSecondDear = 30, 0.5
)

var errTooFast = custody.E(custody.CodeLimit, "too many requests in a short time", "wait a minute; for lists use an extract of the ledger or the interface for programs")

// take takes one request of a bucket.
func (r *rates) take(key string, size, refill float64) error {
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.by == nil || len(r.by) > 50_000 {
		r.by = map[string]*rate{}
	}
	b := r.by[key]
	if b == nil {
		b = &rate{left: size, at: now}
		r.by[key] = b
	}
	b.left = min(size, b.left+now.Sub(b.at).Seconds()*refill)
	b.at = now
	if b.left < 1 {
		return errTooFast
	}
	b.left--
	return nil
}
