// Package portalcheck tests a web portal against a written standard,
// docs/portal-standard.md, and grades it. It asks as an ordinary browser would, at one
// origin only, slowly and a bounded number of times, changes nothing but (with consent)
// the password of a test account, and says what it could not check. What it reads of
// people is counted and forgotten: no value is kept, printed or logged.
package portalcheck

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net/url"
	"slices"
	"time"

	"custody"
	"custody/doctor"
)

// Prefix begins the names of this package's checks in the store: findings of a
// system's database and of its portal lie side by side.
const Prefix = "portal-"

// The bounds of one examination, unless Options say otherwise.
const (
	DefaultEvery    = 200 * time.Millisecond // between requests: five a second; a tenth of it on this machine
	DefaultRequests = 400
	maxPages        = 50      // looked at without a session
	maxInside       = 40      // looked at with one
	maxBody         = 1 << 20 // bytes read of one answer
	maxWrong        = 12      // sign-ins of the test account that fail, in all
)

// Account is a test account: one that belongs to nobody and may be locked.
type Account struct{ User, Password string }

// Form says where people sign in; what is empty is found by looking.
type Form struct{ Path, UserField, PasswordField string }

// Options say what is tested and with what consent.
type Options struct {
	// URL is the portal's address. Nothing outside its origin is asked for, except
	// Plain once.
	URL *url.URL
	// Plain is where the portal would answer without TLS. When nil it is port 80 of the
	// same host, if URL is on port 443.
	Plain *url.URL
	// TLS holds authorities to trust and a client certificate; nil for the system's.
	TLS *tls.Config
	// Account signs in; Other must not see what Account sees.
	Account, Other *Account
	// Session is the Cookie header of a browser that is signed in, where a form and a
	// password are not enough.
	Session string
	Form    Form
	// Change is the path of the page where an account changes its password.
	Change string
	// Consent allows wrong passwords, and changes of the password, of Account.
	Consent bool
	// Canonical recognises identifiers: subjects.Canonical.
	Canonical func(dst []byte, c custody.Category, value []byte) ([]byte, bool)
	// Every is the least time between two requests; DefaultEvery if zero.
	Every    time.Duration
	Requests int // at most; DefaultRequests if zero
	Now      func() time.Time
}

// Report is what one examination of a portal found, and at what cost in requests.
type Report struct {
	doctor.Report
	Requests int // that were made
}

// point is one point of the standard.
type point struct {
	number int // in docs/portal-standard.md
	name   string
	title  string // goes on after "checked:"
	run    func(*exam, context.Context) error
}

// points are in the order in which they are tested: what may lock the account is last.
var points = []point{
	{1, "tls", "the connection is TLS 1.2 or newer with a certificate that is valid", (*exam).checkTLS},
	{2, "redirect", "an address without TLS leads to the one with it", (*exam).checkRedirect},
	{3, "hsts", "browsers are told never to come without TLS", (*exam).checkHSTS},
	{4, "headers", "pages say what they may load and who may frame them", (*exam).checkHeaders},
	{5, "banners", "no versions of programs are told", (*exam).checkBanners},
	{6, "files", "no files that were left behind", (*exam).checkFiles},
	{7, "listing", "no lists of folders", (*exam).checkListing},
	{8, "open", "no personal data without sign-in", (*exam).checkOpen},
	{9, "password-field", "the password is typed, sent and kept as a password", (*exam).checkPasswordField},
	{10, "cache", "pages with a session are not kept by caches", (*exam).checkCache},
	{11, "objects", "what one account sees is not shown to strangers or other accounts", (*exam).checkObjects},
	{12, "export", "an ordinary account cannot take everybody away", (*exam).checkExport},
	{13, "errors", "pages of errors show nothing internal", (*exam).checkErrors},
	{14, "forms", "forms that change something cannot be sent from elsewhere", (*exam).checkForms},
	{15, "cookies", "the session's cookie is kept from scripts, networks and other sites", (*exam).checkCookies},
	{16, "session", "signing in makes a new session and signing out ends it", (*exam).checkSession},
	{17, "passwords", "weak passwords are refused and long ones taken", (*exam).checkPasswords},
	{18, "enumeration", "a sign-in that fails does not tell who has an account", (*exam).checkEnumeration},
	{19, "throttle", "guessing is stopped after ten tries", (*exam).checkThrottle},
}

// Number is the number of a check in the standard; zero for one that is not of it.
func Number(check string) int {
	for _, p := range points {
		if Prefix+p.name == check {
			return p.number
		}
	}
	return 0
}

// exam is one examination under way.
type exam struct {
	Options
	web    *web
	report *Report
	check  string // under way
	public *crawl // what was seen without a session
	login  *signInPage
	in     *visitor // signed in; nil if that was not possible
	inside *crawl   // what was seen with it
	notIn  error    // why in is nil
	wrong  int      // sign-ins of the test account that failed
}

// Examine tests the portal. It fails only when there is nothing to test; what cannot
// be checked is told in the outcomes.
func Examine(ctx context.Context, o Options) (*Report, error) {
	e := &exam{Options: o, report: &Report{}}
	if e.Now == nil {
		e.Now = time.Now
	}
	if err := e.begin(ctx); err != nil {
		return nil, err
	}
	defer e.web.close()
	for _, p := range points {
		e.check = Prefix + p.name
		out := doctor.Outcome{Check: e.check, Title: p.title}
		if err := p.run(e, ctx); err != nil {
			if ctx.Err() != nil {
				return nil, &custody.Error{Code: custody.CodeUnavailable, Message: "the examination was interrupted", Hint: "run it again", Err: ctx.Err()}
			}
			out.Skipped = why(err)
		}
		e.report.Outcomes = append(e.report.Outcomes, out)
	}
	e.report.Requests = e.web.asked
	slices.SortStableFunc(e.report.Findings, func(a, b doctor.Finding) int { return cmp.Compare(b.Severity, a.Severity) })
	return e.report, nil
}

// begin looks around, without and with a session: most checks only read what was seen.
func (e *exam) begin(ctx context.Context) error {
	if e.URL == nil || e.URL.Scheme != "http" && e.URL.Scheme != "https" || e.URL.Hostname() == "" || e.URL.User != nil {
		return custody.E(custody.CodeInvalid, "this is not the address of a portal", "write https://host or https://host:port/path")
	}
	e.web = newWeb(&e.Options)
	e.public = newCrawl(maxPages)
	stranger := e.web.visitor()
	if _, err := stranger.get(ctx, e.URL); err != nil {
		e.web.close()
		return &custody.Error{Code: custody.CodeUnavailable, Message: "the portal does not answer", Hint: "check the address, and that this machine can reach it", Err: err}
	}
	e.public.walk(ctx, stranger, e.URL)
	e.findLogin(ctx)
	if e.notIn = e.enter(ctx); e.notIn == nil {
		e.inside = newCrawl(maxInside)
		e.inside.walk(ctx, e.in, e.URL)
	}
	return nil
}

// found notes a finding of the check under way. Object and message hold no value that
// a page showed.
func (e *exam) found(s doctor.Severity, object, message, advice string) {
	for i := range e.report.Findings {
		if f := &e.report.Findings[i]; f.Check == e.check && f.Object == object {
			if s > f.Severity {
				f.Severity, f.Message, f.Advice = s, message, advice
			}
			return
		}
	}
	e.report.Findings = append(e.report.Findings, doctor.Finding{Check: e.check, Object: object, Severity: s, Message: message, Advice: advice})
}

// skipped is why a check could not be done.
type skipped string

// Error gives the reason.
func (s skipped) Error() string { return string(s) }

// The reasons that are used more than once.
const (
	needAccount = skipped("it needs a test account: give one with --test-account")
	needConsent = skipped("it tries passwords at the test account: give --test-account and --consent")
	spent       = skipped("the bound of requests was reached before it")
)

// why says why a check ended early, without the words of a library.
func why(err error) string {
	var s skipped
	if errors.As(err, &s) {
		return string(s)
	}
	return "the portal did not answer a question of this check"
}

// needInside says whether there is a session to look with.
func (e *exam) needInside() error {
	if e.in == nil {
		return e.notIn
	}
	return nil
}

// Grade is a letter from A to F for the findings of a report: F with anything critical,
// E with two serious ones or more, D with one, C with three warnings or more, B with
// one, A with nothing but notes.
func Grade(r *doctor.Report) string {
	var n [doctor.Critical + 1]int
	for i := range r.Findings {
		n[r.Findings[i].Severity]++
	}
	switch {
	case n[doctor.Critical] > 0:
		return "F"
	case n[doctor.Serious] > 1:
		return "E"
	case n[doctor.Serious] == 1:
		return "D"
	case n[doctor.Warning] > 2:
		return "C"
	case n[doctor.Warning] > 0:
		return "B"
	}
	return "A"
}
