package upstream

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"custody"
)

// Kind is how the gate signs in at the application.
type Kind string

// The kinds of sign-in.
const (
	None        Kind = ""            // the application asks for nothing
	FormKind    Kind = "form"        // its own sign-in page, filled in by the gate
	Basic       Kind = "basic"       // HTTP Basic: the credential is user:password
	Bearer      Kind = "bearer"      // Authorization: Bearer, the credential
	HeaderKind  Kind = "header"      // a header of the application's choice holds the credential
	Certificate Kind = "certificate" // a client certificate, in the TLS settings of the origin
	Identity    Kind = "jwt"         // a signed token that names the person
)

// SignIn is what the gate knows of the application's sign-in.
type SignIn struct {
	Kind Kind
	Form Form
	// Header is the name of the header, for HeaderKind and Identity; Authorization
	// if empty.
	Header string
	// Secret reads the credential; nil if the kind needs none. It is asked at each
	// sign-in, so that a rotated credential is used from then on.
	Secret func() (string, error)
	// Own reads the credential that is kept for one person, before Secret; ok says that
	// there is one. Nil: there are none.
	Own func(Person) (secret string, ok bool, err error)
	// Signer makes the token, for Identity.
	Signer *Signer
}

// Account is the sign-in of one person's session at the application: its cookies, or
// what the header holds. It is safe for concurrent use.
type Account struct {
	o    *Origin
	in   *SignIn
	who  Person
	Jar  Jar
	mu   sync.Mutex
	gen  int // counts sign-ins; 0: not yet
	head string
	till time.Time // when head ends; zero: with the account
	// When a sign-in failed, it is not tried again before this, so that the gate
	// does not lock the account.
	later time.Time
	fault error
}

// Account begins an account. Nothing is sent before it is needed.
func (o *Origin) Account(in *SignIn, who Person) *Account { return &Account{o: o, in: in, who: who} }

// pause is how long a sign-in that failed is not tried again.
const pause = 15 * time.Second

// Ready signs in if that is needed, and gives a number that changes with each sign-in.
// Requests that arrive meanwhile wait.
func (a *Account) Ready(ctx context.Context) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.gen > 0 && (a.till.IsZero() || time.Now().Before(a.till)) {
		return a.gen, nil
	}
	if a.fault != nil && time.Now().Before(a.later) {
		return 0, a.fault
	}
	if err := a.signIn(ctx); err != nil {
		if ctx.Err() == nil {
			a.fault, a.later = err, time.Now().Add(pause)
		}
		return 0, err
	}
	a.fault = nil
	a.gen++
	return a.gen, nil
}

// AtHand says whether Ready would return at once: nobody needs to sign in, or does.
func (a *Account) AtHand() bool {
	if !a.mu.TryLock() {
		return false
	}
	defer a.mu.Unlock()
	return a.gen > 0 && (a.till.IsZero() || time.Now().Before(a.till))
}

// Renew makes the next Ready sign in anew, unless somebody else has since gen.
func (a *Account) Renew(gen int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.gen == gen && a.in.Kind == FormKind {
		a.gen = 0
		a.Jar.Clear()
	}
}

func (a *Account) signIn(ctx context.Context) error {
	a.head, a.till = "", time.Time{}
	secret, err := a.secret()
	if err != nil {
		return err
	}
	switch a.in.Kind {
	case FormKind:
		return a.fill(ctx, secret)
	case Basic:
		a.head = "Basic " + base64.StdEncoding.EncodeToString([]byte(secret))
	case Bearer:
		a.head = "Bearer " + secret
	case HeaderKind:
		a.head = secret
	case Identity:
		token, till, err := a.in.Signer.Token(a.who)
		if err != nil {
			return err
		}
		if a.head, a.till = token, till; a.in.Header == "" {
			a.head = "Bearer " + token
		}
	}
	return nil
}

// secret reads the person's own credential, or else the shared one.
func (a *Account) secret() (string, error) {
	if a.in.Own != nil {
		if secret, ok, err := a.in.Own(a.who); ok || err != nil {
			return secret, err
		}
	}
	if a.in.Secret != nil {
		return a.in.Secret()
	}
	return "", nil
}

// errNoAccount marks the errors of NoAccount.
var errNoAccount = errors.New("no account of their own")

// NoAccount is the error for somebody who needs an account of their own at a system's
// application, and for whom none is kept.
func NoAccount(system string) error {
	return &custody.Error{Code: custody.CodeForbidden, Message: "you have no account of your own at this application",
		Hint: "ask the administrator, who keeps one for you: custody portal credential " + system + " --person YOUR-LOGIN", Err: errNoAccount}
}

// IsNoAccount says whether an error is one of NoAccount.
func IsNoAccount(err error) bool { return errors.Is(err, errNoAccount) }

// Sign puts the sign-in on a request.
func (a *Account) Sign(r *Request, path string) {
	a.mu.Lock()
	head := a.head
	a.mu.Unlock()
	if head != "" {
		r.Header[a.in.HeaderName()] = []string{head}
	}
	r.Cookie = string(a.Jar.Append([]byte(r.Cookie), path))
}

// HeaderName is the header that carries the sign-in, in canonical form.
func (s *SignIn) HeaderName() string {
	if s.Header == "" {
		return "Authorization"
	}
	return http.CanonicalHeaderKey(s.Header)
}

// Expired says whether an answer means that the application's session has ended: it
// sends to its sign-in page, or answers 401.
func (a *Account) Expired(resp *http.Response) bool {
	if a.in.Kind != FormKind {
		return false
	}
	if resp.StatusCode == http.StatusUnauthorized {
		return true
	}
	if resp.StatusCode < 300 || resp.StatusCode > 399 {
		return false
	}
	to, err := a.o.URL().Parse(resp.Header.Get("Location"))
	return err == nil && a.in.Form.at(to.Path)
}

func userPassword(secret string) (user, password string, err error) {
	user, password, ok := strings.Cut(secret, ":")
	if !ok || user == "" {
		return "", "", custody.E(custody.CodeInvalid, "the application's credential is not user:password", "set it anew: custody portal credential SYSTEM")
	}
	return user, password, nil
}
