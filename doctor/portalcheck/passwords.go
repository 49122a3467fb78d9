package portalcheck

import (
	"context"
	"crypto/rand"
	"net/http"
	"regexp"
	"strings"

	"custody/doctor"
)

var volatile = regexp.MustCompile(`[0-9]+|[a-z0-9+/_=-]{20,}`)

var passwordName = regexp.MustCompile(`(?i)^(user_?)?(pass(word|wd|phrase|code)?|pwd)$`)

// checkPasswordField looks at the forms that ask for a password.
func (e *exam) checkPasswordField(context.Context) error {
	seen := false
	for _, a := range e.public.html() {
		for i := range a.page.forms {
			seen = e.judgeFields(a, &a.page.forms[i]) || seen
		}
	}
	if !seen {
		return skipped("no form that asks for a password was found: say where it is with --sign-in-path")
	}
	return nil
}

// judgeFields says whether the form asks for a password, and notes what is wrong.
func (e *exam) judgeFields(a *answer, f *form) (asks bool) {
	at := shape(a.url)
	for _, x := range f.fields {
		if x.kind == "text" && passwordName.MatchString(x.name) {
			asks = true
			e.found(doctor.Serious, at+" shown", "the password is shown while it is typed", "make the input one of type password")
		}
		if x.kind != "password" {
			continue
		}
		asks = true
		if x.autocomplete == "off" || x.noPaste {
			e.found(doctor.Note, at+" managers", "the form keeps password managers from filling in the password", "let people paste, and write autocomplete=\"current-password\"")
		}
		if x.value != "" {
			e.found(doctor.Serious, at+" filled", "the page comes with a password in it", "never send a password back")
		}
	}
	if !asks {
		return false
	}
	if f.method != http.MethodPost {
		e.found(doctor.Serious, at+" address", "the password becomes part of an address, which browsers and logs keep", "send the form with POST")
	}
	if f.action.Scheme == "http" && a.url.Scheme == "https" {
		e.found(doctor.Critical, at+" plain", "the password is sent without TLS", "let the form's action begin with https")
	} else if !e.web.same(f.action) {
		e.found(doctor.Warning, at+" elsewhere", "the password is sent to another origin", "see that this is the firm's own sign-in")
	}
	return true
}

// candidate is a password that is tried at the test account.
type candidate struct {
	object   string
	password func(user string) string
	good     bool // the standard wants it to be taken
	severity doctor.Severity
	message  string
	advice   string
}

func fixed(s string) func(string) string { return func(string) string { return s } }

// candidates, the weakest first: when one is taken, stronger weak ones tell nothing new.
var candidates = []candidate{
	{"short", fixed("k7Qz-m2"), false, doctor.Serious, "a password of seven characters is taken", "ask for twelve, or for eight with a list of common passwords that are refused"},
	{"common", fixed("Password1"), false, doctor.Serious, "one of the most common passwords is taken", "refuse the passwords of a list of common ones, or ask for a second factor"},
	{"name", func(user string) string { return user + user + "1" }, false, doctor.Warning, "the account's own name is taken as its password", "refuse passwords that hold the account's name"},
	{"words", fixed("walnut tractor meadow lantern"), true, doctor.Warning, "four random words are refused as a password", "ask for length and not for kinds of characters; let people use spaces"},
	{"long", fixed("walnut-tractor-meadow-lantern-harbour-crimson-paper-violin-orchard-9Z"), true, doctor.Warning, "a password of 69 characters is refused", "set no maximum below a hundred"},
}

// changer changes the test account's password back and forth.
type changer struct {
	*exam
	v   *visitor
	now string // the password that holds
}

// checkPasswords sets passwords at the test account and tries which of them hold. At
// the end the first one holds again, or the report says which does.
func (e *exam) checkPasswords(ctx context.Context) error {
	switch {
	case e.Account == nil || !e.Consent:
		return needConsent
	case e.Change == "":
		return skipped("it sets passwords: say with --change-password-path where an account does that")
	case e.Session != "":
		return skipped("a session that was given shows no password: it needs --test-account alone")
	}
	if err := e.needInside(); err != nil {
		return err
	}
	c := &changer{e, e.in, e.Account.Password}
	for _, k := range candidates {
		taken, err := c.set(ctx, k.password(e.Account.User))
		if err != nil {
			return c.restore(ctx, err)
		}
		if taken != k.good {
			e.found(k.severity, k.object, k.message, k.advice)
		}
	}
	return c.restore(ctx, nil)
}

// set changes the password and says whether the new one holds: that alone is proof.
func (c *changer) set(ctx context.Context, password string) (bool, error) {
	if password == c.now {
		return true, nil
	}
	u, err := c.URL.Parse(c.Change)
	if err != nil {
		return false, skipped("--change-password-path is not a path")
	}
	a, err := c.v.get(ctx, u)
	if err != nil {
		return false, err
	}
	f := changeForm(a)
	if f == nil {
		return false, skipped("the page for changing a password has no form with a new one")
	}
	values := f.values()
	fillChange(f, values.Set, c.now, password)
	if a, err = c.v.once(ctx, http.MethodPost, f.action, values, nil); err != nil {
		return false, err
	}
	return c.took(ctx, a, password)
}

var saysChanged = regexp.MustCompile(`(?i)changed|updated|success|saved`)

// took finds out whether a new password holds. What is likelier is tried first, so that
// few tries are wrong ones.
func (c *changer) took(ctx context.Context, a *answer, password string) (bool, error) {
	if a.status >= 400 {
		return false, nil
	}
	if !a.isRedirect() && changeForm(a) != nil && !saysChanged.Match(a.text()) {
		if old, err := c.holds(ctx, c.now); old || err != nil {
			return false, err
		}
	}
	return c.holds(ctx, password)
}

// holds tries a password that was just set.
func (c *changer) holds(ctx context.Context, password string) (bool, error) {
	v := c.secretVisitor()
	got, _, err := c.try(ctx, v, c.Account.User, password)
	if err != nil {
		return false, err
	}
	if got == entered || got == halfWay {
		c.now = password
		if got == entered {
			c.v = v // changing a password may have ended the other session
		}
		return true, nil
	}
	if got == limited {
		return false, skipped("the portal lets the test account in no more")
	}
	return false, nil
}

// restore sets the first password again.
func (c *changer) restore(ctx context.Context, before error) error {
	if c.now == c.Account.Password {
		c.in = c.v
		return before
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), maxWait) // an interrupt must not leave a weak password
	defer cancel()
	c.web.most += 10
	ok, err := c.set(ctx, c.Account.Password)
	c.in = c.v
	if ok && err == nil {
		return before
	}
	for _, k := range candidates {
		if k.password(c.Account.User) == c.now {
			c.found(doctor.Serious, "left", "the test account could not be given its own password again: it has the one called "+k.object+" in docs/portal-standard.md", "set its password anew, now")
		}
	}
	return before
}

func changeForm(a *answer) *form {
	if a.page == nil {
		return nil
	}
	for i := range a.page.forms {
		if f := &a.page.forms[i]; len(f.passwords()) >= 2 && f.method == http.MethodPost {
			return f
		}
	}
	return nil
}

// fillChange finds out which input is the present password: what says so, or the first
// of three.
func fillChange(f *form, set func(name, value string), old, new string) {
	inputs := f.passwords()
	for i, x := range inputs {
		name := strings.ToLower(x.name)
		present := x.autocomplete == "current-password" || x.autocomplete == "" && i == 0 &&
			(len(inputs) > 2 || strings.Contains(name, "old") || strings.Contains(name, "current"))
		if present {
			set(x.name, old)
		} else {
			set(x.name, new)
		}
	}
}

// needTries is what the checks have in common that try wrong passwords.
func (e *exam) needTries() error {
	switch {
	case e.Account == nil || !e.Consent:
		return needConsent
	case e.login == nil:
		return skipped("no sign-in form was found: say where it is with --sign-in-path")
	}
	return nil
}

// checkEnumeration compares a wrong password at the test account with one at an
// account that does not exist.
func (e *exam) checkEnumeration(ctx context.Context) error {
	if err := e.needTries(); err != nil {
		return err
	}
	nobody := strings.ToLower(rand.Text()[:12])
	if _, domain, ok := strings.Cut(e.Account.User, "@"); ok {
		nobody += "@" + domain
	}
	_, known, err := e.try(ctx, e.secretVisitor(), e.Account.User, rand.Text())
	if err != nil {
		return notTrusted(err)
	}
	_, unknown, err := e.try(ctx, e.secretVisitor(), nobody, rand.Text())
	if err != nil {
		return err
	}
	if !sameWords(known, unknown, e.Account.User, nobody) {
		e.found(doctor.Warning, "answer", "a wrong password and an unknown account are answered differently: it can be found out who has an account", "give one answer to both")
	}
	return nil
}

// checkThrottle tries wrong passwords at the test account, and then the right one.
func (e *exam) checkThrottle(ctx context.Context) error {
	if err := e.needTries(); err != nil {
		return err
	}
	tries := 0
	for ; e.wrong < maxWrong; tries++ {
		got, _, err := e.try(ctx, e.secretVisitor(), e.Account.User, rand.Text())
		if err != nil {
			return notTrusted(err)
		}
		if got == limited {
			return nil
		}
	}
	if tries < 10 {
		return skipped("too many tries went to other checks: run it again with no --change-password-path")
	}
	got, _, err := e.try(ctx, e.secretVisitor(), e.Account.User, e.Account.Password)
	if err != nil {
		return err
	}
	if got == entered || got == halfWay {
		e.found(doctor.Serious, "tries", "after ten wrong passwords and more the right one is taken at once: passwords can be guessed", "stop or slow down sign-ins after ten wrong passwords, and tell somebody")
	}
	return nil
}
