package signin

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"custody"
)

// maxForm is the longest form or JSON body that the door reads, in bytes.
const maxForm = 64 << 10

// ServeHTTP answers everything under Prefix.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.headers(w)
	if r.Host != d.o.Public.Host {
		d.tellPage(w, r, http.StatusMisdirectedRequest, custody.E(custody.CodeInvalid, "this is not the address of this portal", "open "+origin(d.o.Public)))
		return
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodPost:
		if !d.sameOrigin(r) {
			d.o.Log.Warn("a form from another site was refused", "path", r.URL.Path, "system", d.o.System)
			d.tellPage(w, r, http.StatusForbidden, custody.E(custody.CodeForbidden, "this form did not come from this portal", "open the page again and send it from there"))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		d.tellPage(w, r, http.StatusMethodNotAllowed, custody.E(custody.CodeUnsupported, "this address cannot be used in this way", "go back and use the buttons of the page"))
		return
	}
	d.mux.ServeHTTP(w, r)
}

// sameOrigin says whether a request that changes something came from this origin:
// browsers say so in Sec-Fetch-Site, older ones in Origin. Without either it is refused.
func (d *Door) sameOrigin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		return false
	}
	if from := r.Header.Get("Origin"); from != "" {
		return from == origin(d.o.Public)
	}
	return r.Header.Get("Sec-Fetch-Site") == "same-origin"
}

// contentPolicy allows this door's own files and nothing of the application, which
// has the same origin: no inline script, no frame.
func contentPolicy(public *url.URL) string {
	assets := origin(public) + Prefix + "assets/"
	return "default-src 'none'; script-src " + assets + "; style-src " + assets + "; img-src " + assets +
		"; connect-src " + origin(public) + Prefix + "; worker-src " + assets +
		"; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types custody"
}

// workerPolicy is the worker's own: it passes requests of the portal on.
func workerPolicy(public *url.URL) string {
	return "default-src 'none'; script-src " + origin(public) + Prefix + "assets/; connect-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'"
}

// headers sets what every answer of the door carries.
func (d *Door) headers(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Security-Policy", d.csp)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	// Not no-referrer: with it browsers send "Origin: null" with our own forms.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), geolocation=(), microphone=()")
	if d.o.Public.Scheme == "https" {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// localPath gives a path of this origin to go on to; "/" for anything else: another
// site, a scheme, a page of the door itself, or what browsers would read as one.
func localPath(next string) string {
	if len(next) > 2000 || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") ||
		strings.ContainsAny(next, "\\") || strings.ContainsFunc(next, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }) {
		return "/"
	}
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil {
		return "/"
	}
	if strings.HasPrefix(u.Path, "//") || strings.HasPrefix(u.Path, Prefix) && u.Path != Prefix+"sessions" && u.Path != Prefix+"keys" && u.Path != Prefix+"confirm" {
		return "/"
	}
	return next
}

// link is the address of a page of the door that goes on to next.
func (d *Door) link(page, next string) string {
	if next == "/" || next == "" {
		return Prefix + page
	}
	return Prefix + page + "?next=" + url.QueryEscape(next)
}

// next reads where a request wants to go on to.
func next(r *http.Request) string { return localPath(r.FormValue("next")) }

var statuses = map[custody.Code]int{
	custody.CodeUnauthorised: http.StatusUnauthorized, custody.CodeForbidden: http.StatusForbidden,
	custody.CodeRevoked: http.StatusUnauthorized, custody.CodeInvalid: http.StatusBadRequest,
	custody.CodeNotFound: http.StatusNotFound, custody.CodeConflict: http.StatusConflict,
	custody.CodeTooLarge: http.StatusRequestEntityTooLarge, custody.CodeLimit: http.StatusTooManyRequests,
	custody.CodeUnavailable: http.StatusServiceUnavailable, custody.CodeUnsupported: http.StatusMethodNotAllowed,
	custody.CodeConfirm: http.StatusForbidden,
}

func statusOf(err error) int {
	if s, ok := statuses[custody.CodeOf(err)]; ok {
		return s
	}
	return http.StatusInternalServerError
}

// tell answers a program.
func (d *Door) tell(w http.ResponseWriter, err error) { tellStatus(w, statusOf(err), err) }

func tellStatus(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	message, hint := publicly(err)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{
		"code": custody.CodeOf(err).String(), "message": message, "hint": hint}})
}

// publicly gives what may be shown of an error: nothing of a fault of ours (P7).
func publicly(err error) (message, hint string) {
	if c := custody.CodeOf(err); c == custody.CodeInternal || c == custody.CodeNone {
		return "something went wrong on our side", "try again; if it stays, tell the administrator when it happened"
	}
	return err.Error(), custody.HintOf(err)
}

// fail answers with an error, as a page or as JSON, and logs a fault.
func (d *Door) fail(w http.ResponseWriter, r *http.Request, err error) {
	if statusOf(err) >= 500 {
		d.o.Log.Error("the door failed", "path", r.URL.Path, "system", d.o.System, "err", err)
	}
	d.tellPage(w, r, statusOf(err), err)
}

func (d *Door) missing(w http.ResponseWriter, r *http.Request) {
	d.tellPage(w, r, http.StatusNotFound, custody.E(custody.CodeNotFound, "there is no such page", "the start page of the portal is at /"))
}
