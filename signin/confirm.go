package signin

import (
	"net/http"

	"custody"
)

// confirmPage asks a person who has just signed in whether it was they who asked through
// an application. Whoever only found their browser open signs in anew first.
func (d *Door) confirmPage(w http.ResponseWriter, r *http.Request) {
	if _, err := d.visit(r); err != nil {
		d.Challenge(w, r)
		return
	}
	v, err := d.fresh(r)
	if err != nil {
		d.anew(w, r, "confirm", err)
		return
	}
	d.showConfirm(w, r, v)
}

func (d *Door) showConfirm(w http.ResponseWriter, r *http.Request, v *visit) {
	waiting, err := d.id.Unconfirmed(v.sess.Person)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	denied := false
	for _, u := range waiting {
		denied = denied || u.Denied
	}
	d.page(w, r, http.StatusOK, "confirm", view{Title: "Was it you?", Who: v.sess, Data: map[string]any{"Waiting": waiting, "Denied": denied}})
}

// confirm takes the person's word.
func (d *Door) confirm(w http.ResponseWriter, r *http.Request) {
	v, err := d.fresh(r)
	if err != nil {
		d.anew(w, r, "confirm", err)
		return
	}
	answer := r.PostFormValue("answer")
	if answer != "yes" && answer != "no" {
		d.fail(w, r, custody.E(custody.CodeInvalid, "this form cannot be read", "open the page again"))
		return
	}
	if err := d.id.Confirm(v.sess, answer == "yes"); err != nil && custody.CodeOf(err) != custody.CodeNotFound {
		d.fail(w, r, err)
		return
	}
	if answer == "no" && d.o.Denied != nil {
		d.o.Denied(v.sess.Person)
	}
	d.o.Log.Info("somebody gave their word on what was asked in their name", "session", v.sess.ID, "theirs", answer == "yes")
	http.Redirect(w, r, Prefix+"confirm", http.StatusSeeOther)
}
