package portalcheck

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// signInPage is where people sign in, and the names of its inputs.
type signInPage struct {
	url            *url.URL
	user, password string
}

// findLogin looks for a form with one password, where it is said to be or where a
// stranger is led.
func (e *exam) findLogin(ctx context.Context) {
	answers := e.public.answers
	if e.Form.Path != "" {
		u, err := e.URL.Parse(e.Form.Path)
		if err != nil {
			return
		}
		a, err := e.web.visitor().get(ctx, u)
		if err != nil {
			return
		}
		e.public.answers = append(e.public.answers, a)
		answers = []*answer{a}
	}
	for _, a := range answers {
		if f := e.loginForm(a); f != nil {
			e.login = &signInPage{a.url, e.userField(f), e.passwordField(f)}
			return
		}
	}
}

// loginForm finds the form of a page that asks for one password.
func (e *exam) loginForm(a *answer) *form {
	if a.page == nil {
		return nil
	}
	for i := range a.page.forms {
		f := &a.page.forms[i]
		if e.passwordField(f) != "" && (e.Form.PasswordField != "" || len(f.passwords()) == 1) {
			return f
		}
	}
	return nil
}

func (e *exam) passwordField(f *form) string {
	for _, x := range f.fields {
		if x.name != "" && (x.name == e.Form.PasswordField || e.Form.PasswordField == "" && x.kind == "password") {
			return x.name
		}
	}
	return ""
}

// userField is the last input for text before the password.
func (e *exam) userField(f *form) string {
	if e.Form.UserField != "" {
		return e.Form.UserField
	}
	name, password := "", e.passwordField(f)
	for _, x := range f.fields {
		if x.name == password {
			break
		}
		if x.kind == "text" || x.kind == "email" || x.kind == "tel" || x.kind == "search" {
			name = x.name
		}
	}
	return name
}

// entry is what became of a sign-in.
type entry uint8

const (
	refused entry = iota
	entered
	halfWay // a second factor is asked for
	limited // tries are counted, and these were too many
)

var (
	codeField = regexp.MustCompile(`(?i)otp|totp|one-?time|2fa|mfa|passcode|verification`)
	tooMany   = regexp.MustCompile(`(?i)too many|locked|temporarily|try again (later|in)|wait .{0,30}(second|minute|hour)`)
)

// try signs in as a browser does: the page is read for its form, its hidden inputs are
// sent along, and what follows is followed.
func (e *exam) try(ctx context.Context, v *visitor, user, password string) (entry, *answer, error) {
	a, err := v.get(ctx, e.login.url)
	if err != nil {
		return refused, nil, err
	}
	f := e.loginForm(a)
	if f == nil {
		if isLimit(a.status) || tooMany.Match(a.text()) {
			return limited, a, nil
		}
		return refused, a, skipped("the sign-in page has no form any more")
	}
	if f.method != http.MethodPost {
		return refused, a, skipped("the sign-in form would put the password into an address: it was not sent")
	}
	values := f.values()
	values.Set(e.login.user, user)
	values.Set(e.login.password, password)
	if a, err = v.follow(ctx, http.MethodPost, f.action, values, nil); err != nil {
		return refused, nil, err
	}
	got := e.judge(a, v)
	if e.Account != nil && user == e.Account.User && (got == refused || got == limited) {
		e.wrong++
	}
	return got, a, nil
}

func isLimit(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusLocked
}

func (e *exam) judge(a *answer, v *visitor) entry {
	switch {
	case isLimit(a.status):
		return limited
	case a.status >= 400:
		if tooMany.Match(a.text()) {
			return limited
		}
		return refused
	case e.loginForm(a) != nil:
		if tooMany.Match(a.text()) {
			return limited
		}
		return refused
	case asksCode(a):
		return halfWay
	case len(v.cookies) == 0:
		return refused
	}
	return entered
}

func asksCode(a *answer) bool {
	if a.page == nil {
		return false
	}
	for _, f := range a.page.forms {
		for _, x := range f.fields {
			if x.autocomplete == "one-time-code" || x.kind != "hidden" && codeField.MatchString(x.name) {
				return true
			}
		}
	}
	return false
}

// secretVisitor is a browser that will hold a password or a session.
func (e *exam) secretVisitor() *visitor {
	v := e.web.visitor()
	v.secret = true
	return v
}

// signIn opens a session for an account.
func (e *exam) signIn(ctx context.Context, who *Account) (*visitor, error) {
	v := e.secretVisitor()
	got, _, err := e.try(ctx, v, who.User, who.Password)
	switch {
	case err != nil:
		return nil, notTrusted(err)
	case got == halfWay:
		return nil, skipped("the sign-in asks for a second factor: give a browser's session with --session-file")
	case got == limited:
		return nil, skipped("the portal does not let the test account in now: too many tries")
	case got != entered:
		return nil, skipped("the portal did not accept the test account")
	}
	return v, nil
}

// notTrusted says why nothing secret was sent when the certificate is not valid.
func notTrusted(err error) error {
	if certificateFault(err) != "" {
		return skipped("the certificate is not valid: no password and no session was sent")
	}
	return err
}

// enter opens the session with which the portal is looked at from inside.
func (e *exam) enter(ctx context.Context) (err error) {
	switch {
	case e.Session != "":
		e.in, err = e.given(ctx)
		return err
	case e.Account == nil:
		return needAccount
	case e.login == nil:
		return skipped("no sign-in form was found: say where it is with --sign-in-path")
	}
	e.in, err = e.signIn(ctx, e.Account)
	return err
}

// given uses the session of a browser.
func (e *exam) given(ctx context.Context) (*visitor, error) {
	cookies, err := http.ParseCookie(strings.TrimSpace(e.Session))
	if err != nil || len(cookies) == 0 {
		return nil, skipped("the session that was given is not the value of a Cookie header")
	}
	v := e.secretVisitor()
	for _, c := range cookies {
		v.cookies[c.Name] = c
	}
	a, err := v.get(ctx, e.URL)
	if err != nil {
		return nil, notTrusted(err)
	}
	if a.status == http.StatusUnauthorized || a.status == http.StatusForbidden || e.loginForm(a) != nil || e.login != nil && a.url.Path == e.login.url.Path {
		return nil, skipped("the session that was given is not signed in any more")
	}
	return v, nil
}

// isIn says whether a visitor gets a page that only a session opens.
func (e *exam) isIn(ctx context.Context, v *visitor, probe *url.URL) (bool, error) {
	a, err := v.get(ctx, probe)
	if err != nil {
		return false, err
	}
	return a.status < 400 && a.url.Path == probe.Path && !a.isRedirect() && e.loginForm(a) == nil, nil
}

// probe finds a page that a stranger does not get and the session does.
func (e *exam) probe(ctx context.Context) (*url.URL, error) {
	tried := 0
	for _, a := range e.inside.html() {
		if a.status >= 400 || e.loginForm(a) != nil {
			continue
		}
		if tried++; tried > 6 {
			break
		}
		open, err := e.isIn(ctx, e.web.visitor(), a.url)
		if err != nil {
			return nil, err
		}
		if !open {
			return a.url, nil
		}
	}
	return nil, skipped("no page was found that needs a session")
}
