package console

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"custody"
	"custody/console/page"
)

// visit is one request of somebody who is signed in.
type visit struct {
	c      *Console
	w      http.ResponseWriter
	r      *http.Request
	g      *guest
	sess   *custody.Session
	holds  []Hold
	people *roster
	area   area
}

// route is one page or form: what it lets people do, and by whom.
type route struct {
	pattern string
	area    area
	dear    bool // costs more than a page, or walks through customers: a rate of its own
	run     func(*visit) error
}

func (c *Console) routes() {
	for _, r := range pageRoutes() {
		c.mux.HandleFunc(r.pattern, func(w http.ResponseWriter, req *http.Request) { c.serve(w, req, &r) })
	}
	c.mux.HandleFunc("GET /assets/{file}", c.asset)
	c.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { c.serve(w, r, &route{area: areaSelf, run: missing}) })
}

func missing(*visit) error { return errNothing }

// errNothing is the answer to what is not there and to what the asker may not know of
// (P7): the two are the same.
var errNothing = custody.E(custody.CodeNotFound, "there is no such page", "it may have gone, or it is not within your role's reach")

// serve judges a request and runs its handler.
func (c *Console) serve(w http.ResponseWriter, r *http.Request, to *route) {
	sess, err := c.o.Door.Session(r)
	if err != nil {
		c.o.Door.Challenge(w, r)
		return
	}
	g, err := c.guest(sess)
	if err != nil {
		c.tellPage(w, r, nil, statusOf(err), err)
		return
	}
	v := &visit{c: c, w: w, r: r, g: g, sess: sess, area: to.area}
	if err := v.admit(to); err != nil {
		v.fail(err)
		return
	}
	if r.Method == http.MethodPost {
		c.waitings.forget(sess.ID)
	}
	if err := to.run(v); err != nil {
		v.fail(err)
	}
}

// admit loads who is who and holds the visitor to the table of roles.
func (v *visit) admit(to *route) (err error) {
	key := strconv.FormatUint(uint64(v.sess.ID), 10)
	if err := v.c.perRate.take(key, burst, perSecond); err != nil {
		return err
	}
	if v.people, err = v.c.rosters.roster(); err != nil {
		return err
	}
	if v.holds, err = v.c.o.People.Holds(v.sess.Person); err != nil {
		return err
	}
	if !v.may(to.area) {
		v.g.at.Refuse(custody.CodeForbidden)
		return errRole
	}
	if to.dear {
		return v.c.perRate.take(key+" dear", burstDear, perSecondDear)
	}
	return nil
}

var errRole = custody.E(custody.CodeForbidden, "your role does not reach this page", "the data-protection lead gives roles: custody console role give")

// may says whether the visitor may do something at all; the reach narrows of whom.
func (v *visit) may(a area) bool { return a == areaSelf || len(v.reach(a)) > 0 }

func (v *visit) reach(a area) reach { return reachOf(v.holds, a) }

// fail answers with an error as a page, and logs a fault of ours.
func (v *visit) fail(err error) {
	status := statusOf(err)
	if status >= http.StatusInternalServerError {
		v.c.o.Log.Error("a page of the console failed", "session", v.sess.ID, "code", custody.CodeOf(err).String(), "err", causeOf(err))
	}
	v.c.tellPage(v.w, v.r, v, status, err)
}

func causeOf(err error) error {
	for {
		u, ok := err.(interface{ Unwrap() error })
		if !ok || u.Unwrap() == nil {
			return err
		}
		err = u.Unwrap()
	}
}

// tellPage answers with an error; v is nil while nobody is known to be signed in.
func (c *Console) tellPage(w http.ResponseWriter, r *http.Request, v *visit, status int, err error) {
	frame := page.Frame{Page: "error", Title: "This did not work", Deployment: c.o.Title}
	if status == http.StatusNotFound {
		frame.Title = "Not here"
	}
	if v != nil {
		v.frame(&frame)
	}
	frame.Message, frame.Hint = publicly(err)
	c.write(w, r, status, "error", &frame)
}

// show answers with a page.
func (v *visit) show(name, title string, data any) error {
	frame := page.Frame{Page: name, Title: title, Deployment: v.c.o.Title, Data: data}
	v.frame(&frame)
	v.c.write(v.w, v.r, http.StatusOK, name, &frame)
	return nil
}

// showPart answers with a part of a page.
func (v *visit) showPart(name string, data any) error {
	b, err := v.c.pages.Part(name, data)
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, err = v.w.Write(b)
	if err != nil {
		panic(http.ErrAbortHandler) // the client has gone
	}
	return nil
}

// again shows a form's page once more with what was wrong.
func (v *visit) again(name, title string, data any, err error) error {
	frame := page.Frame{Page: name, Title: title, Deployment: v.c.o.Title, Data: data}
	v.frame(&frame)
	frame.Message, frame.Hint = publicly(err)
	v.c.write(v.w, v.r, statusOf(err), name, &frame)
	return nil
}

// frame fills in what every page has around it.
func (v *visit) frame(f *page.Frame) {
	f.Who = v.sess.FullName
	f.Employer = v.sess.OrgName
	for _, h := range v.holds {
		if t := h.Role.Title(); !slices.Contains(f.Roles, t) {
			f.Roles = append(f.Roles, t)
		}
	}
	f.Nav = v.nav()
	f.Path = v.r.URL.Path
	if done := v.r.URL.Query().Get("done"); done != "" {
		f.Done = dones[done]
	}
}

// dones are the sentences that a page shows after a form did its work.
var dones = map[string]string{
	"session-ended": "The session has ended.", "left": "All engagements, sessions and ways to sign in have ended.",
	"erased": "The customer has been forgotten. The record of looks stays whole.", "checkpoint": "A new checkpoint has been signed.",
	"grant-ended": "The right has ended.", "given": "The right has been given.", "planned": "The end is planned. Everything is cut at that moment.",
	"locked": "The login is locked. A new enrolment code lets them start anew.", "joined": "Added. An enrolment code lets them set up how they sign in.", "saved": "Saved.", "approved": "The request has been approved.", "declined": "The request has been declined.",
	"asked": "Your request has been sent. You will see the answer here.", "role-given": "The role has been given.", "role-ended": "The role has ended.",
	"confirmed": "Confirmed.", "removed": "Removed.", "withdrawn": "The request has been withdrawn.", "revoked": "The token has been revoked.", "recorded": "Recorded.", "knownbefore": "The same complaint was taken before: this is it. Nothing was added.",
	"planted": "They are watched from now on.", "unplanted": "It is watched no longer.", "taken-down": "It is offline for everybody. Somebody else brings it back.", "brought-up": "It is back.",
}

// write makes a page whole before the first byte leaves.
func (c *Console) write(w http.ResponseWriter, r *http.Request, status int, name string, f *page.Frame) {
	b, err := c.pages.Render(name, f)
	if err != nil {
		c.o.Log.Error("a page could not be made", "page", name, "err", err)
		http.Error(w, "something went wrong on our side", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b)
	}
}

// seeOther goes on to a page after a form; done names the sentence that it shows.
func (v *visit) seeOther(path, done string) error {
	if done != "" {
		path += "?done=" + url.QueryEscape(done)
	}
	http.Redirect(v.w, v.r, path, http.StatusSeeOther)
	return nil
}

// number reads a number of the path.
func number[T ~uint32 | ~uint64 | ~int64](v *visit, name string) (T, error) {
	n, err := strconv.ParseUint(v.r.PathValue(name), 10, 63)
	if err != nil || n == 0 || uint64(T(n)) != n {
		return 0, errNothing
	}
	return T(n), nil
}

// person finds the person of the path, within reach.
func (v *visit) person() (*Person, error) {
	id, err := number[custody.PersonID](v, "person")
	if err != nil {
		return nil, err
	}
	p := v.people.byID[id]
	if p == nil || !v.reach(v.area).person(p) {
		if p != nil {
			v.g.at.Refuse(custody.CodeForbidden)
		}
		return nil, errNothing
	}
	return p, nil
}

// text reads a field of a form, without what surrounds it.
func (v *visit) text(name string) string { return strings.TrimSpace(v.r.PostFormValue(name)) }

// day reads a date of a form, as it begins in the deployment's zone; zero if it is empty.
func (v *visit) day(name string) (time.Time, error) { return v.local(name, time.DateOnly) }

// local reads a time of a form in the deployment's zone; zero if it is empty.
func (v *visit) local(name, layout string) (time.Time, error) {
	text := v.text(name)
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation(layout, text, v.c.o.Zone)
	if err != nil {
		return t, custody.E(custody.CodeInvalid, "a date cannot be read", "choose it from the calendar")
	}
	return t, nil
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%s %s", page.Thousands(n), many)
}

// asset serves the embedded style and scripts; their addresses carry a digest.
func (c *Console) asset(w http.ResponseWriter, r *http.Request) {
	b, kind, ok := page.Asset(r.PathValue("file"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(b)
}
