package signin

import (
	"net/http"
	"strconv"
	"time"

	"custody"
	"custody/identity"
)

func itoa(n int) string { return strconv.Itoa(n) }

// home goes where somebody at the door belongs.
func (d *Door) home(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, Prefix+"sessions", http.StatusSeeOther)
}

// browserRow is one of a person's own sessions on the page.
type browserRow struct {
	ID      int64
	Agent   string
	Address string
	System  string
	Method  string
	Started time.Time
	Seen    time.Time
	Bound   bool
	Here    bool
}

var methodNames = map[string]string{
	identity.MethodPassword: "password and code", identity.MethodPasskey: "passkey", identity.MethodOIDC: "your organisation's sign-in",
}

// sessionsPage lists where a person is signed in.
func (d *Door) sessionsPage(w http.ResponseWriter, r *http.Request) {
	v, err := d.visit(r)
	if err != nil {
		d.Challenge(w, r)
		return
	}
	found, err := d.id.Browsers(v.sess.Person)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	rows := []browserRow{}
	for i := range found {
		if b := &found[i]; b.Credential == v.browser.Credential || d.o.Now().Sub(b.Seen) < d.o.Idle+time.Minute {
			rows = append(rows, d.browserRow(v, b))
		}
	}
	d.page(w, r, http.StatusOK, "sessions", view{Title: "Where you are signed in", Who: v.sess, Data: map[string]any{"Sessions": rows,
		"Idle": d.o.Idle.Minutes(), "Until": v.browser.Expires, "Version": d.o.Notice.Version}})
}

func (d *Door) browserRow(v *visit, b *identity.Browser) browserRow {
	row := browserRow{ID: b.Credential, Agent: b.Agent, Address: b.Address, System: b.System, Method: methodNames[b.Method],
		Started: b.Started, Seen: b.Seen, Bound: b.Device != nil, Here: b.Credential == v.browser.Credential}
	if live := d.find(b.Hash); live != nil {
		row.Seen = time.Unix(0, live.seen.Load())
		row.Bound = live.device.Load() != nil
	}
	return row
}

func (d *Door) find(hash [32]byte) *visit {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.live[hash]
}

// endSession ends one of the person's own sessions, at any portal, or all others.
func (d *Door) endSession(w http.ResponseWriter, r *http.Request) {
	v, err := d.visit(r)
	if err != nil {
		d.Challenge(w, r)
		return
	}
	found, err := d.id.Browsers(v.sess.Person)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	which := r.PostFormValue("session")
	for i := range found {
		b := &found[i]
		if here := b.Credential == v.browser.Credential; !here && (which == "others" || which == strconv.FormatInt(b.Credential, 10)) {
			if err := d.endBrowser(b); err != nil {
				d.fail(w, r, err)
				return
			}
		}
	}
	http.Redirect(w, r, Prefix+"sessions", http.StatusSeeOther)
}

// endBrowser takes a browser's credential back. If its session is at another door, that
// door hears of it with the next look at rights.
func (d *Door) endBrowser(b *identity.Browser) error {
	if v := d.find(b.Hash); v != nil {
		d.end(v, custody.CodeNone, true)
		return nil
	}
	if err := d.id.Revoke(b.Credential); err != nil && custody.CodeOf(err) != custody.CodeNotFound {
		return err
	}
	return nil
}

// signOut ends the session of this browser.
func (d *Door) signOut(w http.ResponseWriter, r *http.Request) {
	if v, err := d.visit(r); err == nil {
		d.end(v, custody.CodeNone, true)
	}
	d.setCookie(w, sessionCookie, "", 0)
	http.Redirect(w, r, Prefix+"signed-out", http.StatusSeeOther)
}

func (d *Door) signedOut(w http.ResponseWriter, r *http.Request) {
	d.page(w, r, http.StatusOK, "signed-out", view{Title: "You are signed out"})
}
