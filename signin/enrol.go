package signin

import (
	"crypto/rand"
	"html/template"
	"net/http"
	"strings"

	"rsc.io/qr"

	"custody"
	"custody/identity"
	"custody/identity/password"
	"custody/identity/totp"
)

// enrolment is what the door remembers of somebody who sets up a way to sign in.
type enrolment struct {
	Code   string           `json:"c,omitempty"` // proves the enrolment again at each step
	Person custody.PersonID `json:"p,omitempty"` // without a code: who is signed in and changes theirs
	Secret []byte           `json:"s,omitempty"` // of TOTP, until it is kept
}

func randomText() string { return rand.Text() }

// enrolPage asks for the one-time code; a link fills it in. Opening it uses nothing
// up: mail programs open links too.
func (d *Door) enrolPage(w http.ResponseWriter, r *http.Request) {
	d.showEnrol(w, r, http.StatusOK, nil)
}

func (d *Door) showEnrol(w http.ResponseWriter, r *http.Request, status int, err error) {
	v := view{Title: "Set up your sign-in", Data: map[string]any{"Code": clip(r.FormValue("code"), 60)}}
	if err != nil {
		v = v.fault(err)
	}
	d.page(w, r, status, "enrol", v)
}

func (d *Door) enrol(w http.ResponseWriter, r *http.Request) {
	address := charge{d.id.Pseudonym("throttle address", network(d.o.Address(r))), perAddress}
	if wait := d.o.Throttle.take(address); wait > 0 {
		d.showEnrol(w, r, http.StatusTooManyRequests, custody.E(custody.CodeLimit, "too many tries", "wait a minute, then try again"))
		return
	}
	code := strings.TrimSpace(clip(r.PostFormValue("code"), 60))
	if _, _, err := d.id.Enrolment(code); err != nil {
		d.showEnrol(w, r, statusOf(err), err)
		return
	}
	d.o.Throttle.give(false, address.key)
	if err := d.begin(w, "enrol", enrolment{Code: code, Secret: totp.NewSecret()}, longest); err != nil {
		d.fail(w, r, err)
		return
	}
	http.Redirect(w, r, Prefix+"enrol/set-up", http.StatusSeeOther)
}

// enrolling finds who is setting up, while the code can still be used; found is nil for
// somebody who is signed in and changes their own.
func (d *Door) enrolling(r *http.Request) (e enrolment, cookie string, found *identity.Enrolment, p *identity.Person, err error) {
	if cookie, err = d.under(r, "enrol", &e); err != nil {
		return e, "", nil, nil, err
	}
	if e.Code == "" {
		p, err = d.changing(r, e.Person)
		return e, cookie, nil, p, err
	}
	found, p, err = d.id.Enrolment(e.Code)
	return e, cookie, found, p, err
}

func (d *Door) changing(r *http.Request, person custody.PersonID) (*identity.Person, error) {
	v, err := d.fresh(r)
	if err != nil {
		return nil, err
	}
	if v.sess.Person != person {
		return nil, errFlow
	}
	return d.id.ByID(person), nil
}

func (d *Door) setUpPage(w http.ResponseWriter, r *http.Request) {
	e, _, _, p, err := d.enrolling(r)
	if err != nil {
		d.showEnrol(w, r, statusOf(err), err)
		return
	}
	d.showSetUp(w, r, http.StatusOK, e, p, nil)
}

func (d *Door) showSetUp(w http.ResponseWriter, r *http.Request, status int, e enrolment, p *identity.Person, err error) {
	code, qrErr := picture(totp.URI(e.Secret, "Custody "+d.o.Title, p.Login))
	if qrErr != nil {
		d.fail(w, r, qrErr)
		return
	}
	v := view{Title: "Set up your sign-in", Scripts: []string{"passkey.js"}, Data: map[string]any{"Change": e.Code == "",
		"Name": p.FullName, "Login": p.Login, "Picture": code, "Secret": totp.Text(e.Secret), "Long": password.Long, "Short": password.Short}}
	if err != nil {
		v = v.fault(err)
	}
	d.page(w, r, status, "set-up", v)
}

// setUpPassword keeps a password with its second factor, shows the recovery codes once
// and signs the person in.
func (d *Door) setUpPassword(w http.ResponseWriter, r *http.Request) {
	e, cookie, found, p, err := d.enrolling(r)
	if err != nil {
		d.showEnrol(w, r, statusOf(err), err)
		return
	}
	step, err := d.checkNew(r, e.Secret, p)
	if err != nil {
		d.showSetUp(w, r, http.StatusBadRequest, e, p, err)
		return
	}
	hash, err := d.o.Hasher.Hash(r.Context(), r.PostFormValue("password"))
	if err != nil {
		d.fail(w, r, err)
		return
	}
	if !d.finish(w, "enrol", cookie) {
		d.showEnrol(w, r, http.StatusUnauthorized, errFlow)
		return
	}
	d.keepPassword(w, r, &identity.PasswordFactor{Person: p.ID, Hash: hash, TOTP: e.Secret, Step: step}, found)
}

// keepPassword keeps what was checked. Whoever was signed in stays so in this browser;
// the sessions that the old password opened elsewhere end.
func (d *Door) keepPassword(w http.ResponseWriter, r *http.Request, f *identity.PasswordFactor, found *identity.Enrolment) {
	var enrolment, keep int64
	if found != nil {
		enrolment = found.ID
	} else if v, err := d.visit(r); err == nil {
		keep = v.browser.Credential
	}
	codes, err := d.id.SetPassword(f, enrolment, keep)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	d.Sweep()
	d.o.Log.Info("somebody set up a password", "system", d.o.System, "person", f.Person)
	onwards := Prefix + "keys"
	if found != nil {
		onwards = d.signInNew(w, r, f.Person)
	}
	d.page(w, r, http.StatusOK, "codes", view{Title: "Keep your recovery codes", Data: map[string]any{"Codes": codes, "Onwards": onwards}})
}

// signInNew signs in who has just enrolled and gives the address to go on to.
func (d *Door) signInNew(w http.ResponseWriter, r *http.Request, person custody.PersonID) string {
	location, err := d.arrive(w, r, proof{Login: d.id.ByID(person).Login, Method: identity.MethodPassword}, "")
	if err != nil {
		return Prefix + "sign-in"
	}
	return location
}

// checkNew holds a new password and the first code to the rules.
func (d *Door) checkNew(r *http.Request, secret []byte, p *identity.Person) (step int64, err error) {
	chosen := r.PostFormValue("password")
	about := append([]string{p.FullName, p.Login, d.o.System, d.o.Title}, d.id.Employers(p.ID)...)
	if err := password.Check(chosen, about...); err != nil {
		return 0, err
	}
	if chosen != r.PostFormValue("again") {
		return 0, custody.E(custody.CodeInvalid, "the two passwords differ", "type the same one twice")
	}
	step, ok := totp.Verify(secret, r.PostFormValue("code"), d.o.Now(), 0)
	if !ok {
		return 0, custody.E(custody.CodeInvalid, "this code does not fit", "scan the picture again and type the six digits that the app shows now; the clock of the phone must be right")
	}
	return step, nil
}

// picture draws a QR code as one SVG path, four light modules around it.
func picture(text string) (template.HTML, error) {
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		return "", err
	}
	var path strings.Builder
	for y := range code.Size {
		for x := range code.Size {
			if code.Black(x, y) {
				path.WriteString("M" + itoa(x+4) + " " + itoa(y+4) + "h1v1h-1z")
			}
		}
	}
	side := itoa(code.Size + 8)
	return template.HTML(`<svg class="qr" viewBox="0 0 ` + side + " " + side + `" role="img" aria-label="QR code for your authenticator app" shape-rendering="crispEdges"><rect width="` +
		side + `" height="` + side + `" fill="#fff"/><path fill="#000" d="` + path.String() + `"/></svg>`), nil
}
