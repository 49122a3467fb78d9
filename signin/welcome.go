package signin

import (
	"bytes"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"custody"
	"custody/identity"
)

// welcome signs a proven person in and sends them on.
func (d *Door) welcome(w http.ResponseWriter, r *http.Request, p proof, organisation string) {
	location, err := d.arrive(w, r, p, organisation)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	http.Redirect(w, r, location, http.StatusSeeOther)
}

// arrive opens the session of a proven person under a new cookie and gives the address
// to go on to: first to choose for whom they work, if they work for several.
func (d *Door) arrive(w http.ResponseWriter, r *http.Request, p proof, organisation string) (location string, err error) {
	v, err := d.open(w, r, p, organisation)
	if errors.Is(err, errSeveral) {
		return Prefix + "organisation", d.begin(w, "choose", p, 5*time.Minute)
	}
	if err != nil {
		return "", err
	}
	return d.onwards(v, p.Next), nil
}

// errSeveral says that a person must choose an employer first.
var errSeveral = errors.New("several organisations")

// open makes the session of a proven person and sets its cookie. A session that the
// browser had before ends: nothing of it goes on under the new name.
func (d *Door) open(w http.ResponseWriter, r *http.Request, p proof, organisation string) (*visit, error) {
	who, err := d.id.Find(p.Login)
	if err != nil || who == nil {
		return nil, signedOutOr(err)
	}
	if organisation == "" && len(d.id.Employers(who.ID)) > 1 {
		return nil, errSeveral
	}
	if old, err := d.visit(r); err == nil {
		d.end(old, custody.CodeNone, true)
	}
	if p.Roles == nil && p.Narrow {
		p.Roles = []string{}
	}
	cookie, b, sess, err := d.id.SignInBrowser(r.Context(), identity.SignIn{Login: p.Login, System: d.o.System, Organisation: organisation,
		Method: p.Method, Factor: p.Factor, Roles: p.Roles, Address: d.o.Address(r), Agent: agent(r.UserAgent()), TTL: d.o.Absolute})
	if err != nil {
		return nil, err
	}
	v, err := d.admit(sess, b)
	if err != nil {
		return nil, err
	}
	d.setCookie(w, sessionCookie, cookie, d.o.Absolute)
	d.remember(w, r, p.Login)
	d.o.Log.Info("somebody signed in", "system", d.o.System, "session", sess.ID, "person", sess.Person, "method", p.Method)
	return v, nil
}

// onwards is where a person goes who is signed in: to bind the session to the browser
// if it has just begun, to the notice if they have not accepted it, else to what they
// wanted.
func (d *Door) onwards(v *visit, next string) string {
	next = localPath(next)
	if v.device.Load() == nil && d.o.Now().Sub(v.browser.Started) < time.Minute {
		return d.link("device", next)
	}
	if !v.accepted.Load() {
		return d.link("notice", next)
	}
	return next
}

// organisationPage asks somebody who has proved who they are for whom they work now.
func (d *Door) organisationPage(w http.ResponseWriter, r *http.Request) {
	var p proof
	_, err := d.under(r, "choose", &p)
	if err == nil {
		var who *identity.Person
		if who, err = d.id.Find(p.Login); err == nil && who != nil {
			d.page(w, r, http.StatusOK, "organisation", view{Title: "For whom do you work now?", Data: map[string]any{"Organisations": d.id.Employers(who.ID)}})
			return
		}
	}
	d.showSignIn(w, r, http.StatusUnauthorized, errFlow)
}

// chooseOrganisation goes on with a proof that is sealed in a cookie, once.
func (d *Door) chooseOrganisation(w http.ResponseWriter, r *http.Request) {
	var p proof
	cookie, err := d.under(r, "choose", &p)
	if err != nil || r.PostFormValue("organisation") == "" || !d.finish(w, "choose", cookie) {
		d.showSignIn(w, r, http.StatusUnauthorized, errFlow)
		return
	}
	d.welcome(w, r, p, r.PostFormValue("organisation"))
}

// knownAge is how long a browser is remembered as one where a login signed in.
const knownAge = 180 * 24 * time.Hour

// known is what a browser's own cookie says: a tag of the browser and the pseudonyms
// of the logins that signed in there, sealed.
type known struct {
	Tag    string   `json:"t"`
	Logins [][]byte `json:"l"`
}

const maxKnown = 8

// knows says whether a login has signed in in this browser before, and gives its tag.
func (d *Door) knows(r *http.Request, login string) (tag string, ok bool) {
	var k known
	if !d.knownOf(r, &k) {
		return "", false
	}
	own := d.id.Pseudonym("known browser", login)
	for _, l := range k.Logins {
		ok = ok || bytes.Equal(l, own[:])
	}
	return k.Tag, ok
}

func (d *Door) knownOf(r *http.Request, k *known) bool {
	_, err := d.under(r, "known", k)
	return err == nil
}

// remember notes in the browser that this login signed in there.
func (d *Door) remember(w http.ResponseWriter, r *http.Request, login string) {
	k := known{Tag: randomText()}
	d.knownOf(r, &k)
	own, kept := d.id.Pseudonym("known browser", login), [][]byte{}
	for _, l := range k.Logins {
		if !bytes.Equal(l, own[:]) && len(kept) < maxKnown-1 {
			kept = append(kept, l)
		}
	}
	k.Logins = append([][]byte{own[:]}, kept...)
	if err := d.begin(w, "known", k, knownAge); err != nil {
		d.o.Log.Error("a browser could not be remembered", "err", err)
	}
}

// agent makes a short name of a browser from what it says of itself: enough for a
// person to know their own.
func agent(ua string) string {
	system := first(ua, "a device", [][2]string{{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"CrOS", "ChromeOS"},
		{"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"}})
	browser := first(ua, "A browser", [][2]string{{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"},
		{"Chrome/", "Chrome"}, {"CriOS/", "Chrome"}, {"Safari/", "Safari"}})
	return browser + " on " + system
}

func first(text, otherwise string, names [][2]string) string {
	for _, n := range names {
		if strings.Contains(text, n[0]) {
			return n[1]
		}
	}
	return otherwise
}

// prefix64 is the network of an IPv6 address; an address that cannot be read is its own.
func prefix64(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if ip.Is4In6() {
		return ip.Unmap().String()
	}
	p, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return p.String()
}
