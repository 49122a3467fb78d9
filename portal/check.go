package portal

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"

	"custody"
	"custody/portal/page"
	"custody/portal/upstream"
)

// denial is an error with the HTTP status that says it best.
type denial struct {
	err    *custody.Error
	status int
}

func deny(status int, code custody.Code, message, hint string) error {
	return &denial{custody.E(code, message, hint), status}
}

// Error implements error.
func (d *denial) Error() string { return d.err.Message }

// Unwrap lets custody.CodeOf find the code.
func (d *denial) Unwrap() error { return d.err }

var methods = map[string]bool{"GET": true, "HEAD": true, "POST": true, "PUT": true, "PATCH": true, "DELETE": true, "OPTIONS": true}

// check refuses requests that are not for this portal or that no browser of ours
// would send, before anything looks at them. It knows nothing of who asks.
func (p *Portal) check(r *http.Request) error {
	switch {
	case !methods[r.Method]:
		return deny(http.StatusMethodNotAllowed, custody.CodeUnsupported, "this method is not let through", "")
	case !strings.EqualFold(r.Host, p.host):
		return deny(http.StatusMisdirectedRequest, custody.CodeNotFound, "there is no such portal here", "check the address")
	case r.URL.IsAbs() && !strings.EqualFold(r.URL.Host, p.host) || !strings.HasPrefix(r.URL.Path, "/") || !plainTarget(r.URL.RequestURI()):
		return deny(http.StatusBadRequest, custody.CodeInvalid, "the address cannot be read", "check the address")
	case (r.Header.Get("Service-Worker") != "" || r.Header.Get("Sec-Fetch-Dest") == "serviceworker") && !reserved(r.URL.Path): // the door has one, without a cache
		return deny(http.StatusForbidden, custody.CodeUnsupported, "service workers are not let through",
			"they could show customers again without the gate; the application works without one")
	case !p.ownSite(r):
		return deny(http.StatusForbidden, custody.CodeForbidden, "another site sent this request", "begin at the portal's own start page")
	}
	return nil
}

// plainTarget says whether a request's target can go on as it is: visible ASCII only.
func plainTarget(s string) bool {
	if len(s) == 0 || len(s) > 16<<10 {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// ownSite says whether a request that may change something was sent by the portal's
// own pages, or by no page at all. Looks are let through: the cookie is SameSite=Lax
// and nothing lets another site read the answer.
func (p *Portal) ownSite(r *http.Request) bool {
	if (r.Method == http.MethodGet || r.Method == http.MethodHead) && !upgrade(r) {
		return true
	}
	if origin := r.Header["Origin"]; len(origin) > 0 {
		return len(origin) == 1 && (strings.EqualFold(origin[0], p.scheme+"://"+p.host) || origin[0] == "null" && sameSite(r))
	}
	return sameSite(r)
}

func sameSite(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return site == "" && r.Header.Get("Origin") != "null" || site == "same-origin" || site == "none"
}

// reserved says whether a path is the gate's own, however it is written.
func reserved(p string) bool {
	plain := upstream.Plain(p)
	return plain == "/.custody" || strings.HasPrefix(plain, Reserved)
}

// reservedPath answers under the reserved prefix: the portal's own endpoints, else the
// door's.
func (p *Portal) reservedPath(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != path.Clean(r.URL.Path) && r.URL.Path != Reserved {
		p.refuse(w, r, deny(http.StatusNotFound, custody.CodeNotFound, "there is no such page", "check the address"))
		return
	}
	if h, pattern := p.own.Handler(r); pattern != "" {
		h.ServeHTTP(w, r)
		return
	}
	p.o.Door.ServeHTTP(w, r)
}

// endpoints are the portal's own pages under the reserved prefix.
func (p *Portal) endpoints() *http.ServeMux {
	m := http.NewServeMux()
	m.HandleFunc("POST "+Reserved+"reason", p.stateReason)
	p.moreEndpoints(m)
	p.rulesEndpoints(m)
	if s := p.o.SignIn.Signer; s != nil {
		m.HandleFunc("GET "+Reserved+"jwks.json", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/jwk-set+json")
			w.Header().Set("Cache-Control", "public, max-age=300")
			_, _ = w.Write(s.Keys())
		})
	}
	return m
}

// guard keeps people away from the application's own sign-in, which the gate does for
// them, and takes its way out as the way out of the gate. done means: answered.
func (v *visit) guard() (done bool, err error) {
	switch {
	case v.p.o.SignOut != "" && upstream.Plain(v.path) == upstream.Plain(v.p.o.SignOut):
		return true, v.redirect(Reserved + "sessions")
	case v.p.closedPath(v.path):
		v.refused(custody.CodeForbidden)
		return true, deny(http.StatusForbidden, custody.CodeForbidden, "this part of the application is closed to everybody", "the gate looks after the application's account")
	case v.p.o.SignIn.Shared():
		return false, v.sharedForm()
	case !v.p.o.SignIn.At(v.path):
		return false, nil
	case v.r.Method == http.MethodGet || v.r.Method == http.MethodHead:
		return true, v.redirect("/")
	}
	return true, v.ownSignIn()
}

func (v *visit) ownSignIn() error {
	v.refused(custody.CodeForbidden)
	return deny(http.StatusForbidden, custody.CodeForbidden, "signing in at the application itself is not possible here",
		"the gate signs in for you; go on from the start page")
}

// maxSharedForm is the longest form of an application whose every page may sign in.
const maxSharedForm = 4 << 20

// sharedForm looks for a sign-in in what is sent to an application whose sign-in page
// has no path of its own. Bodies that are no forms are nothing that it would read a
// password from.
func (v *visit) sharedForm() error {
	kind := v.r.Header.Get("Content-Type")
	if v.r.Body == nil || v.r.Body == http.NoBody || !strings.Contains(strings.ToLower(kind), "form") {
		return nil
	}
	form, err := io.ReadAll(io.LimitReader(v.r.Body, maxSharedForm+1))
	if err != nil {
		return custody.E(custody.CodeInvalid, "the form did not arrive whole", "send it once more")
	}
	if len(form) > maxSharedForm {
		return deny(http.StatusRequestEntityTooLarge, custody.CodeTooLarge, "this form is too large to be checked", "send less at a time")
	}
	if v.p.o.SignIn.Sends(kind, form) {
		return v.ownSignIn()
	}
	v.r.Body = io.NopCloser(bytes.NewReader(form))
	return nil
}

// closedPath says whether a path is one that nobody reaches, however it is written.
func (p *Portal) closedPath(path string) bool {
	if len(p.o.Closed) == 0 {
		return false
	}
	plain := upstream.Plain(path)
	for _, c := range p.o.Closed {
		if c = upstream.Plain(c); plain == c || strings.HasPrefix(plain, c+"/") {
			return true
		}
	}
	return false
}

func (v *visit) redirect(to string) error {
	v.w.Header().Set("Cache-Control", "private, no-store")
	http.Redirect(v.w, v.r, to, http.StatusSeeOther)
	return nil
}

// furniture says whether a path is under one of the prefixes that hold no customers'
// data.
func (p *Portal) furniture(path string) bool {
	for _, prefix := range p.o.Static {
		if strings.HasPrefix(path, prefix) && !strings.Contains(path, "..") && !strings.Contains(path, "//") {
			return true
		}
	}
	return false
}

// samePath gives the path and query of an address of this portal, for links back; the
// start page's for any other.
func (p *Portal) samePath(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host != "" && !strings.EqualFold(u.Host, p.host) || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") {
		return "/"
	}
	return u.RequestURI()
}

// program says whether a request comes from a script or a program.
func program(r *http.Request) bool { return page.Program(r) }
