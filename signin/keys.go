package signin

import (
	"net/http"
	"strconv"
	"time"

	"custody"
	"custody/identity/totp"
)

// freshFor is how long after signing in a person may change how they sign in: whoever
// finds a browser open, or runs a script in the application, may not.
const freshFor = 10 * time.Minute

var errStale = custody.E(custody.CodeUnauthorised, "sign in again before you go on",
	"this asks for a sign-in that is less than ten minutes old")

// fresh gives the visit of a request if its sign-in is recent.
func (d *Door) fresh(r *http.Request) (*visit, error) {
	v, err := d.visit(r)
	if err != nil {
		return nil, err
	}
	if d.unproved(v, d.o.Now(), hardProof) {
		return nil, errDevice
	}
	if d.o.Now().Sub(v.browser.Started) > freshFor {
		return nil, errStale
	}
	return v, nil
}

// keysPage shows a person their ways to sign in.
func (d *Door) keysPage(w http.ResponseWriter, r *http.Request) {
	v, err := d.visit(r)
	if err != nil {
		d.Challenge(w, r)
		return
	}
	d.showKeys(w, r, http.StatusOK, v, nil)
}

func (d *Door) showKeys(w http.ResponseWriter, r *http.Request, status int, v *visit, fault error) {
	kept, err := d.id.Passkeys(v.sess.Person)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	f, err := d.id.PasswordOf(v.sess.Person)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	left, err := d.id.RecoveryCodes(v.sess.Person)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	_, stale := d.fresh(r)
	page := view{Title: "How you sign in", Who: v.sess, Scripts: []string{"passkey.js"}, Data: map[string]any{
		"Passkeys": kept, "Here": v.browser.Factor, "Password": f, "Left": left, "Fresh": stale == nil}}
	if fault != nil {
		page = page.fault(fault)
	}
	d.page(w, r, status, "keys", page)
}

// removeKey takes one of the person's own passkeys away; the sessions that it opened
// end, this one too if it did.
func (d *Door) removeKey(w http.ResponseWriter, r *http.Request) {
	v, err := d.fresh(r)
	if err != nil {
		d.again(w, r, err)
		return
	}
	id, _ := strconv.ParseInt(r.PostFormValue("passkey"), 10, 64)
	if err := d.mayRemove(v.sess.Person); err != nil {
		d.showKeys(w, r, statusOf(err), v, err)
		return
	}
	if err := d.id.RemovePasskey(v.sess.Person, id); err != nil {
		d.showKeys(w, r, statusOf(err), v, err)
		return
	}
	d.o.Log.Info("a passkey was removed", "system", d.o.System, "person", v.sess.Person, "passkey", id)
	d.Sweep()
	http.Redirect(w, r, Prefix+"keys", http.StatusSeeOther)
}

// mayRemove keeps people from locking themselves out.
func (d *Door) mayRemove(person custody.PersonID) error {
	kept, err := d.id.Passkeys(person)
	if err != nil {
		return err
	}
	f, err := d.id.PasswordOf(person)
	if err != nil {
		return err
	}
	if f == nil && len(kept) < 2 {
		return custody.E(custody.CodeConflict, "this is your only way to sign in", "add another passkey or a password first")
	}
	return nil
}

// changePage lets a signed-in person set a new password with a new second factor, and
// so get new recovery codes.
func (d *Door) changePage(w http.ResponseWriter, r *http.Request) {
	v, err := d.fresh(r)
	if err != nil {
		d.again(w, r, err)
		return
	}
	e := enrolment{Person: v.sess.Person, Secret: totp.NewSecret()}
	if err := d.begin(w, "enrol", e, longest); err != nil {
		d.fail(w, r, err)
		return
	}
	d.showSetUp(w, r, http.StatusOK, e, d.id.ByID(v.sess.Person), nil)
}

// again sends somebody whose sign-in is too old to sign in again.
func (d *Door) again(w http.ResponseWriter, r *http.Request, err error) { d.anew(w, r, "keys", err) }

// anew asks for a new sign-in that leads back to a page of the door.
func (d *Door) anew(w http.ResponseWriter, r *http.Request, page string, err error) {
	if custody.CodeOf(err) != custody.CodeUnauthorised {
		d.fail(w, r, err)
		return
	}
	http.Redirect(w, r, Prefix+"sign-in?again=1&next="+Prefix+page, http.StatusSeeOther)
}
