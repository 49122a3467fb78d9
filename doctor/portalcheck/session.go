package portalcheck

import (
	"context"
	"crypto/rand"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"custody/doctor"
)

// signedByForm says whether the examination signed in itself: only then is it seen how
// cookies are set.
func (e *exam) signedByForm() error {
	if err := e.needInside(); err != nil {
		return err
	}
	if e.Session != "" {
		return skipped("a session that was given does not show how it began: it needs --test-account")
	}
	return nil
}

// maxTried is how many cookies are left out, one at a time.
const maxTried = 8

// sessionCookies finds the cookies without which a page is not shown.
func (e *exam) sessionCookies(ctx context.Context) (names []string, err error) {
	probe, err := e.probe(ctx)
	if err != nil {
		return nil, err
	}
	all := slices.Sorted(maps.Keys(e.in.cookies))
	for _, name := range all[:min(len(all), maxTried)] {
		in, err := e.isIn(ctx, e.in.without(name), probe)
		if err != nil {
			return nil, err
		}
		if !in {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, skipped("no cookie was found that is the session")
	}
	return names, nil
}

// longest is how long a session's cookie may stay on a machine.
const longest = 24 * time.Hour

// checkCookies looks at how the session's cookie was set.
func (e *exam) checkCookies(ctx context.Context) error {
	if err := e.signedByForm(); err != nil {
		return err
	}
	names, err := e.sessionCookies(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		if c := e.in.set[name]; c != nil {
			e.judgeCookie(c)
		}
	}
	return nil
}

func (e *exam) judgeCookie(c *http.Cookie) {
	say := func(s doctor.Severity, what, message, advice string) {
		e.found(s, c.Name+" "+what, "the session's cookie "+c.Name+" "+message, advice)
	}
	if !c.Secure {
		say(doctor.Serious, "secure", "is not Secure: it is sent without TLS too", "set it with Secure")
	}
	if !c.HttpOnly {
		say(doctor.Serious, "httponly", "is not HttpOnly: every script in a page can take it", "set it with HttpOnly")
	}
	switch c.SameSite {
	case http.SameSiteLaxMode, http.SameSiteStrictMode:
	case http.SameSiteNoneMode:
		say(doctor.Warning, "samesite", "is SameSite=None: requests of other sites carry it", "set it with SameSite=Lax or Strict")
	default:
		say(doctor.Warning, "samesite", "has no SameSite: what other sites may do with it is the browser's choice", "set it with SameSite=Lax or Strict")
	}
	if c.Domain != "" {
		say(doctor.Warning, "domain", "has a Domain: other hosts of it get the session too", "leave Domain out")
	}
	if c.Secure && !strings.HasPrefix(c.Name, "__Host-") {
		say(doctor.Note, "prefix", "has no __Host- before its name: another host of the domain can replace it", "call it __Host-"+c.Name)
	}
	if left := time.Duration(c.MaxAge) * time.Second; left > longest || c.MaxAge == 0 && !c.Expires.IsZero() && c.Expires.Sub(e.Now()) > longest {
		say(doctor.Warning, "age", "stays on the machine for more than a day", "let it end with the browser")
	}
	if len(c.Value) < 16 {
		say(doctor.Serious, "short", "is so short that it can be guessed", "use 128 random bits")
	}
}

// checkSession looks at how sessions begin and end, with sessions of its own.
func (e *exam) checkSession(ctx context.Context) error {
	if err := e.signedByForm(); err != nil {
		return err
	}
	names, err := e.sessionCookies(ctx)
	if err != nil {
		return err
	}
	probe, err := e.probe(ctx)
	if err != nil {
		return err
	}
	if err := e.plant(ctx, names, probe); err != nil {
		return err
	}
	return e.leave(ctx, probe)
}

// plant signs in with a session that somebody else chose, and with the one that the
// sign-in page gave.
func (e *exam) plant(ctx context.Context, names []string, probe *url.URL) error {
	v := e.secretVisitor()
	if _, err := v.get(ctx, e.login.url); err != nil {
		return err
	}
	before := map[string]string{}
	for _, name := range names {
		if v.cookies[name] == nil {
			v.cookies[name] = &http.Cookie{Name: name, Value: rand.Text(), Path: "/"}
		}
		before[name] = v.cookies[name].Value
	}
	got, _, err := e.try(ctx, v, e.Account.User, e.Account.Password)
	if err != nil || got != entered {
		return err
	}
	thief := e.secretVisitor()
	for name, value := range before {
		thief.cookies[name] = &http.Cookie{Name: name, Value: value, Path: "/"}
	}
	in, err := e.isIn(ctx, thief, probe)
	if in {
		e.found(doctor.Serious, "fixation", "the session's number from before sign-in holds after it: who knows it is signed in too", "make a new session at every sign-in")
	}
	return err
}

var wayOut = regexp.MustCompile(`(?i)(log|sign)[-_ ]?(out|off)`)

// leave signs out and tries whether the cookie still opens the portal.
func (e *exam) leave(ctx context.Context, probe *url.URL) error {
	v, err := e.signIn(ctx, e.Account)
	if err != nil {
		return err
	}
	a, err := v.get(ctx, probe)
	if err != nil {
		return err
	}
	kept := v.without("")
	found, err := e.goOut(ctx, v, a)
	if err != nil {
		return err
	}
	if !found {
		e.found(doctor.Warning, "sign-out", "no way to sign out was found", "give every page one")
		return nil
	}
	in, err := e.isIn(ctx, kept, probe)
	if in {
		e.found(doctor.Serious, "sign-out", "signing out does not end the session: its cookie still opens the portal", "forget the session at the server")
	}
	return err
}

// goOut uses the page's way out.
func (e *exam) goOut(ctx context.Context, v *visitor, a *answer) (bool, error) {
	if a.page == nil {
		return false, nil
	}
	for i := range a.page.forms {
		if f := &a.page.forms[i]; wayOut.MatchString(f.action.Path + " " + f.text) {
			_, err := v.follow(ctx, f.method, f.action, f.values(), nil)
			return true, err
		}
	}
	for _, l := range a.page.links {
		if wayOut.MatchString(l.url.Path+" "+l.text) && v.web.same(l.url) {
			_, err := v.get(ctx, l.url)
			return true, err
		}
	}
	return false, nil
}

var (
	tokenName = regexp.MustCompile(`(?i)csrf|xsrf|token|nonce|authenticity|viewstate|formkey|_key$|sesskey`)
	random    = regexp.MustCompile(`^[A-Za-z0-9+/_=.:-]{20,}$`)
)

func hasToken(f *form) bool {
	for _, x := range f.fields {
		if x.kind == "hidden" && x.value != "" && (tokenName.MatchString(x.name) || random.MatchString(x.value)) {
			return true
		}
	}
	return false
}

// checkForms looks for tokens against forged requests: in the sign-in form, and in what
// only a session shows. What strangers may send anyway needs none.
func (e *exam) checkForms(ctx context.Context) error {
	seen, open := 0, map[string]bool{}
	for _, a := range e.public.html() {
		for i := range a.page.forms {
			f := &a.page.forms[i]
			open[f.action.Path] = true
			if e.login == nil || f.method != http.MethodPost || e.loginForm(a) != f || !e.web.same(f.action) {
				continue
			}
			seen++
			if err := e.judgeLogin(ctx, f); err != nil {
				return err
			}
		}
	}
	if e.inside != nil {
		seen += e.judgeForms(open)
	}
	if seen == 0 {
		return skipped("no form that changes something was seen")
	}
	return nil
}

func (e *exam) judgeForms(open map[string]bool) (seen int) {
	for _, a := range e.inside.html() {
		for i := range a.page.forms {
			f := &a.page.forms[i]
			if f.method != http.MethodPost || !e.web.same(f.action) || open[f.action.Path] {
				continue
			}
			seen++
			switch {
			case hasToken(f):
			case e.Session == "" && e.strictCookies():
				e.found(doctor.Note, shape(f.action), "a form has no token: only the cookie's SameSite keeps other sites from sending it", wantToken)
			default:
				e.found(doctor.Warning, shape(f.action), "a form that changes something has no token: other sites can send it", wantToken)
			}
		}
	}
	return seen
}

const wantToken = "put a random token of the session into every form and ask for it"

// judgeLogin: a sign-in form without a token may look at where a request comes from,
// which is tried with the form as it is, empty.
func (e *exam) judgeLogin(ctx context.Context, f *form) error {
	if hasToken(f) {
		return nil
	}
	elsewhere := http.Header{"Origin": {"https://elsewhere.invalid"}, "Sec-Fetch-Site": {"cross-site"}, "Referer": {"https://elsewhere.invalid/"}}
	a, err := e.web.visitor().once(ctx, http.MethodPost, f.action, f.values(), elsewhere)
	if err != nil {
		return err
	}
	if a.status != http.StatusForbidden && a.status != http.StatusBadRequest {
		e.found(doctor.Note, shape(f.action), "the sign-in form can be sent from another site, which signs somebody in as somebody else", wantToken)
	}
	return nil
}

// strictCookies says whether all cookies of the session are kept from other sites.
func (e *exam) strictCookies() bool {
	for _, c := range e.in.set {
		if c.HttpOnly && c.SameSite != http.SameSiteLaxMode && c.SameSite != http.SameSiteStrictMode {
			return false
		}
	}
	return true
}
