package signin

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"custody"
	"custody/identity"
)

// visit is a live session with the browser behind it. sess and browser never change;
// the times are Unix nanoseconds.
type visit struct {
	sess     *custody.Session
	browser  *identity.Browser
	seen     atomic.Int64
	written  atomic.Int64 // seen as the store has it
	proved   atomic.Int64 // the device's last signature; zero if it has no key
	accepted atomic.Bool  // the notice in force
	device   atomic.Pointer[[]byte]
}

// The answers of Session to a request that is not let through.
var (
	errSignedOut = custody.E(custody.CodeUnauthorised, "nobody is signed in here", "sign in; API clients need a session of a browser too")
	errNotice    = custody.E(custody.CodeForbidden, "the notice has not been accepted", "open the portal in a browser, read the notice and accept it")
	errDevice    = custody.E(custody.CodeUnauthorised, "this session must show again that it is in the browser that signed in",
		"open any page of the portal in that browser; a copied cookie does not work elsewhere")
)

// Session gives the live session behind a request, or says why there is none: nobody
// is signed in, the session has ended, the notice has not been accepted, or the
// browser must show again that it holds its device key. Challenge says what to do.
func (d *Door) Session(r *http.Request) (*custody.Session, error) {
	now := d.o.Now()
	v, err := d.visitAt(r, now)
	if err == nil {
		err = d.lets(v, now)
	}
	if err != nil {
		return nil, err
	}
	return v.sess, nil
}

// Again is Session for one more request with the cookie with which it gave sess.
func (d *Door) Again(sess *custody.Session) error {
	now := d.o.Now()
	d.mu.RLock()
	v := d.people[sess.ID]
	d.mu.RUnlock()
	if v == nil || v.sess != sess {
		return errSignedOut
	}
	if err := d.holds(v, now); err != nil {
		return err
	}
	return d.lets(v, now)
}

// lets says whether a live visit is let through, and notes that it was.
func (d *Door) lets(v *visit, now time.Time) error {
	if !v.accepted.Load() {
		return errNotice
	}
	if d.unproved(v, now, hardProof) {
		return errDevice
	}
	v.seen.Store(now.UnixNano())
	return nil
}

// visit finds the live visit of a request's cookie, and resumes it after a restart.
func (d *Door) visit(r *http.Request) (*visit, error) { return d.visitAt(r, d.o.Now()) }

func (d *Door) visitAt(r *http.Request, now time.Time) (*visit, error) {
	cookie, ok := d.readCookie(r, sessionCookie)
	if !ok || len(cookie) != 43 {
		return nil, errSignedOut
	}
	hash := identity.CookieHash(cookie)
	d.mu.RLock()
	v := d.live[hash]
	d.mu.RUnlock()
	if v == nil {
		var err error
		if v, err = d.resume(r.Context(), cookie, hash); err != nil {
			return nil, err
		}
	}
	if err := d.holds(v, now); err != nil {
		return nil, err
	}
	return v, nil
}

// holds ends a visit whose right has ended or that was idle too long.
func (d *Door) holds(v *visit, now time.Time) error {
	if err := d.id.Valid(v.sess); err != nil {
		// The cookie goes too: a session that an administrator cut must not resume.
		d.end(v, custody.CodeRevoked, true)
		return errSignedOut
	}
	if now.UnixNano()-v.seen.Load() > int64(d.o.Idle) {
		d.end(v, custody.CodeNone, true)
		return errSignedOut
	}
	return nil
}

// resume opens a session for a cookie that holds and has none: the gate was restarted.
func (d *Door) resume(ctx context.Context, cookie string, hash [32]byte) (*visit, error) {
	d.opening.Lock()
	defer d.opening.Unlock()
	d.mu.RLock()
	v := d.live[hash]
	d.mu.RUnlock()
	if v != nil {
		return v, nil
	}
	b, err := d.id.Browser(cookie, d.o.System)
	if err != nil {
		return nil, signedOutOr(err)
	}
	if d.o.Now().Sub(b.Seen) > d.o.Idle {
		return nil, signedOutOr(d.id.Revoke(b.Credential))
	}
	sess, err := d.id.ResumeBrowser(ctx, b)
	if err != nil {
		return nil, signedOutOr(err)
	}
	return d.admit(sess, b)
}

// signedOutOr hides why a cookie does not hold, but not that the store failed.
func signedOutOr(err error) error {
	if c := custody.CodeOf(err); c == custody.CodeUnavailable || c == custody.CodeInternal {
		return err
	}
	return errSignedOut
}

// admit makes a session live at this door.
func (d *Door) admit(sess *custody.Session, b *identity.Browser) (*visit, error) {
	accepted, err := d.id.NoticeAccepted(sess.Person, d.o.Notice.Version, d.o.Notice.Text)
	if err != nil {
		return nil, err
	}
	v := &visit{sess: sess, browser: b}
	v.seen.Store(b.Seen.UnixNano())
	v.written.Store(b.Seen.UnixNano())
	v.accepted.Store(accepted)
	if b.Device != nil {
		v.device.Store(&b.Device)
		v.proved.Store(b.Proved.UnixNano())
	}
	d.mu.Lock()
	d.live[b.Hash], d.people[sess.ID] = v, v
	d.mu.Unlock()
	return v, nil
}

// end ends a visit once. revoke takes the cookie's credential back too; without it
// the cookie can be resumed, which is right only if the gate itself stops.
func (d *Door) end(v *visit, code custody.Code, revoke bool) {
	d.mu.Lock()
	_, live := d.live[v.browser.Hash]
	delete(d.live, v.browser.Hash)
	delete(d.people, v.sess.ID)
	d.mu.Unlock()
	if !live {
		return
	}
	if revoke {
		if err := d.id.Revoke(v.browser.Credential); err != nil && custody.CodeOf(err) != custody.CodeNotFound {
			d.o.Log.Error("a browser's credential could not be revoked", "session", v.sess.ID, "err", err)
		}
	}
	if err := d.id.Close(v.sess, code); err != nil {
		d.o.Log.Error("the end of a session could not be written", "session", v.sess.ID, "err", err)
	}
	d.o.Ended(v.sess)
}

// Sweep ends sessions that are idle or whose right has ended, and writes down when
// browsers were last seen, so that a restart does not give them more time.
func (d *Door) Sweep() {
	for _, v := range d.visits() {
		if d.holds(v, d.o.Now()) == nil {
			d.writeSeen(v, time.Minute)
		}
	}
}

func (d *Door) writeSeen(v *visit, after time.Duration) {
	seen := v.seen.Load()
	if seen-v.written.Load() < int64(after) {
		return
	}
	var proved time.Time
	if at := v.proved.Load(); at != 0 {
		proved = time.Unix(0, at)
	}
	if err := d.id.TouchBrowser(v.browser.Credential, time.Unix(0, seen), proved); err != nil {
		d.o.Log.Error("when a browser was last seen could not be written", "session", v.sess.ID, "err", err)
		return
	}
	v.written.Store(seen)
}

func (d *Door) visits() []*visit {
	d.mu.RLock()
	defer d.mu.RUnlock()
	list := make([]*visit, 0, len(d.live))
	for _, v := range d.live {
		list = append(list, v)
	}
	return list
}

// Close ends all sessions because the gate stops. Browsers stay signed in: their
// cookies are resumed when the gate is back, unless they were idle too long.
func (d *Door) Close() {
	for _, v := range d.visits() {
		d.writeSeen(v, 0)
		d.end(v, custody.CodeUnavailable, false)
	}
}

// Challenge answers a request that Session did not let through: it sends a browser to
// the page that is next, and tells an API client with 401 or 403 and a hint.
func (d *Door) Challenge(w http.ResponseWriter, r *http.Request) {
	d.headers(w)
	v, err := d.visit(r)
	page := "sign-in"
	switch {
	case err != nil:
		if custody.CodeOf(err) != custody.CodeUnauthorised {
			d.fail(w, r, err)
			return
		}
	case !v.accepted.Load():
		page, err = "notice", errNotice
	case d.unproved(v, d.o.Now(), hardProof):
		page, err = "device", errDevice
	default: // accepted in another tab meanwhile
		page, err = "", errSignedOut
	}
	if !navigates(r) {
		d.tell(w, err)
		return
	}
	next := localPath(r.URL.RequestURI())
	if r.Method != http.MethodGet {
		next = "/"
	}
	target := next
	if page != "" {
		target = d.link(page, next)
	}
	http.Redirect(w, r, target, http.StatusSeeOther)
}

// navigates says whether a person waits for a page, and not a program for data.
func navigates(r *http.Request) bool {
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate" && r.Header.Get("Sec-Fetch-Dest") != "iframe"
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}
