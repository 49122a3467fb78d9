package signin

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"custody"
	"custody/identity"
	"custody/identity/password"
	"custody/identity/totp"
)

// proof is a person who has shown who they are; what is left is to choose for whom
// they work, if they work for several.
type proof struct {
	Login  string   `json:"l"`
	Method string   `json:"m"`
	Factor int64    `json:"f,omitempty"`
	Roles  []string `json:"r,omitempty"`
	Narrow bool     `json:"w,omitempty"` // Roles holds, empty too
	Next   string   `json:"n,omitempty"`
}

// One answer for everything that does not fit, so that nothing shows who exists, who
// has a password, or which part was wrong (P7).
var errNoMatch = custody.E(custody.CodeUnauthorised, "email, password and code do not fit together",
	"check all three: the code changes every 30 seconds and holds once, and a recovery code can stand in its place")

// signInPage shows the ways to sign in.
func (d *Door) signInPage(w http.ResponseWriter, r *http.Request) {
	again := r.FormValue("again") == "1"
	if v, err := d.visit(r); err == nil && !again {
		http.Redirect(w, r, d.onwards(v, next(r)), http.StatusSeeOther)
		return
	}
	if again {
		d.showSignIn(w, r, http.StatusOK, errStale)
		return
	}
	d.showSignIn(w, r, http.StatusOK, nil)
}

func (d *Door) showSignIn(w http.ResponseWriter, r *http.Request, status int, err error) {
	v := view{Title: "Sign in", Next: next(r), Scripts: []string{"passkey.js"},
		Data: map[string]any{"Login": clip(r.PostFormValue("login"), 254), "Providers": d.o.Providers}}
	if err != nil {
		v = v.fault(err)
		v.Calm = errors.Is(err, errStale)
	}
	d.page(w, r, status, "sign-in", v)
}

func clip(s string, n int) string {
	if len(s) > n {
		return ""
	}
	return s
}

// signIn takes email, password and code together, so that no answer speaks of one of
// them alone.
func (d *Door) signIn(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		d.fail(w, r, custody.E(custody.CodeTooLarge, "this form cannot be read", "open the page again"))
		return
	}
	login := identity.NormalLogin(clip(r.PostFormValue("login"), 254))
	charges, own := d.charges(r, login)
	if wait := d.o.Throttle.take(charges...); wait > 0 {
		d.tooMany(w, r, wait)
		return
	}
	err := d.prove(r.Context(), login, r.PostFormValue("password"), r.PostFormValue("code"))
	if err != nil {
		if errors.Is(err, errNoMatch) {
			d.refused(login)
			d.o.Log.Info("a sign-in failed", "system", d.o.System, "method", identity.MethodPassword)
			d.showSignIn(w, r, http.StatusUnauthorized, err)
			return
		}
		d.fail(w, r, err)
		return
	}
	d.o.Throttle.give(true, own)
	d.o.Throttle.give(false, charges[0].key)
	d.welcome(w, r, proof{Login: login, Method: identity.MethodPassword, Next: next(r)}, "")
}

func (d *Door) refused(login string) {
	if d.o.Refused != nil {
		d.o.Refused(login)
	}
}

// charges are the buckets of one guess: the address, and the login in this browser or
// in all that do not know it. own is the login's.
func (d *Door) charges(r *http.Request, login string) (list []charge, own [32]byte) {
	address := charge{d.id.Pseudonym("throttle address", network(d.o.Address(r))), perAddress}
	if tag, ok := d.knows(r, login); ok {
		own = d.id.Pseudonym("throttle browser", login+"\x00"+tag)
		return []charge{address, {own, perBrowser}}, own
	}
	own = d.id.Pseudonym("throttle person", login)
	return []charge{address, {own, perPerson}}, own
}

// network is the part of an address that one holder has: all of IPv4, 64 bits of IPv6.
func network(address string) string {
	if strings.Count(address, ":") < 2 {
		return address
	}
	return prefix64(address)
}

func (d *Door) tooMany(w http.ResponseWriter, r *http.Request, wait time.Duration) {
	seconds := int((wait + time.Second - 1) / time.Second)
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	d.showSignIn(w, r, http.StatusTooManyRequests, custody.E(custody.CodeLimit, "too many tries",
		"wait "+duration(seconds)+", then try again; a passkey works meanwhile"))
}

func duration(seconds int) string {
	if seconds < 100 {
		return strconv.Itoa(seconds) + " seconds"
	}
	return strconv.Itoa((seconds+59)/60) + " minutes"
}

// prove holds email, password and code against what is kept. Whoever the email is of,
// the same work is done: two look-ups, one hash, three codes.
func (d *Door) prove(ctx context.Context, login, secret, code string) error {
	p, err := d.id.Find(login)
	if err != nil {
		return err
	}
	var person custody.PersonID
	if p != nil {
		person = p.ID
	}
	f, err := d.id.PasswordOf(person)
	if err != nil {
		return err
	}
	known := f != nil
	if !known {
		f = &identity.PasswordFactor{TOTP: make([]byte, totp.SecretSize)}
	}
	right, err := d.o.Hasher.Verify(ctx, f.Hash, clip(secret, password.MaxBytes))
	if err != nil {
		return err
	}
	step, fits := totp.Verify(f.TOTP, code, d.o.Now(), f.Step)
	if !right || !known {
		return errNoMatch
	}
	return d.second(person, login, code, step, fits)
}

// second uses the code up, so that it does not hold again, and asks whether the person
// may sign in at all.
func (d *Door) second(person custody.PersonID, login, code string, step int64, fits bool) (err error) {
	if fits {
		fits, err = d.id.UseStep(person, step)
	} else if identity.NormalRecoveryCode(code) != "" {
		fits, err = d.id.UseRecoveryCode(person, code)
	}
	if err != nil {
		return err
	}
	if !fits || len(d.id.Employers(person)) == 0 {
		return errNoMatch
	}
	return nil
}
