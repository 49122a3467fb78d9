package portal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"

	"custody"
	"custody/gate"
	"custody/portal/http1"
)

// visit is one request on its way through the gate.
type visit struct {
	call
	answer
	ctx    http1.Life
	writes atomic.Bool // something was written, or is about to be
	hush   func()      // makes a write return; made once
	at     int         // in the guest's list of those that run
}

// call is what is known of the request.
type call struct {
	p         *Portal
	g         *guest
	view      *view
	w         http.ResponseWriter
	r         *http.Request
	control   control
	busy      http1.Busy                   // nil: the connection is net/http's
	shape     uint64                       // fingerprint of the request
	path      string                       // decoded, as the application gets it
	watched   int                          // the hook of hush
	furnish   bool                         // the path is one of the application's furniture
	explained map[custody.SubjectID]Stated // reasons found in the data
	upload    *upload                      // a long body on its way; nil: none
	known     *known                       // the request is the one before again; nil: it is not
	sent      bool                         // the application was asked
}

var (
	errCut     error = custody.E(custody.CodeRevoked, "your access has ended", "sign in again, or ask the administrator if this is a mistake")
	errBusy    error = custody.E(custody.CodeUnavailable, "too many requests of this session run at once", "wait until some have ended")
	errClosing error = custody.E(custody.CodeUnavailable, "the gate is stopping", "try again in a moment")
)

// ServeHTTP takes a request along the cycle's steps. Each step can end it with a page
// of the gate's own; only release writes what the application answered.
func (p *Portal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer p.fault()
	if p.scheme == "https" {
		w.Header()["Strict-Transport-Security"] = hsts
	}
	k := knownOf(w)
	if k == nil {
		if err := p.check(r); err != nil {
			p.refuse(w, r, err)
			return
		}
	}
	if d := p.down.Load(); d != nil {
		p.showDown(w, r, d)
		return
	}
	if k != nil && k.holds() {
		p.visit(w, r, k.g, k)
		return
	}
	if reserved(r.URL.Path) {
		outside(w)
		p.reservedPath(w, r)
		return
	}
	sess, err := p.o.Door.Session(r)
	if err != nil {
		outside(w)
		p.o.Door.Challenge(w, r)
		return
	}
	g, err := p.guest(w, sess)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	p.visit(w, r, g, nil)
}

// control is what an answer's writer lets be said about its connection.
type control interface {
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

func controlOf(w http.ResponseWriter) control {
	if c, ok := w.(control); ok {
		return c
	}
	return http.NewResponseController(w)
}

// flush sends what was written, now.
func (v *visit) flush() error {
	if f, ok := v.w.(interface{ FlushError() error }); ok {
		return f.FlushError()
	}
	return http.NewResponseController(v.w).Flush()
}

// fault notes a fault of ours with where it was, not with what was in the way, which a
// panic's text may quote (P7), and breaks the connection.
func (p *Portal) fault() {
	switch v := recover(); v {
	case nil:
	case http.ErrAbortHandler:
		panic(v)
	default:
		p.faulty(v)
		panic(http.ErrAbortHandler)
	}
}

func (p *Portal) faulty(v any) {
	p.o.Log.Error("a fault of the portal itself", "system", p.o.Name, "kind", fmt.Sprintf("%T", v), "stack", string(debug.Stack()))
}

var hsts = []string{"max-age=31536000"}

// visit runs a request of somebody who is signed in; k is what is known of it, or nil.
func (p *Portal) visit(w http.ResponseWriter, r *http.Request, g *guest, k *known) {
	b, _ := w.(http1.Busy)
	if b != nil && r.Body != nil && r.Body != http.NoBody {
		b.Leave()
	}
	p.work.Add(1)
	defer p.work.Done()
	v, err := g.begin(r)
	if err != nil {
		p.refuse(w, r, err)
		return
	}
	calm := false
	defer func() { v.over(calm) }()
	v.call = call{p: p, g: g, view: v.view, w: w, r: r, control: controlOf(w), busy: b, path: r.URL.Path, known: k}
	v.watched = v.watch()
	if k != nil {
		v.shape, v.furnish = k.shape, k.furnish
	} else {
		v.shape = v.view.shapes.of(p.o.Key, r.Method, v.path)
		v.furnish = p.furniture(v.path)
	}
	if p.down.Load() != nil { // taken down between the first look and begin
		v.fail(errDown)
		return
	}
	if err := v.run(); err != nil {
		v.fail(err)
		return
	}
	if calm = v.task() != nil; calm {
		v.keep()
	}
}

// over ends the visit. One that ran in a loop to its end is used again with its view:
// nobody else holds it.
func (v *visit) over(calm bool) {
	calm = v.ctx.Off(v.watched) && calm
	_ = v.behind.wait()
	if v.upload != nil {
		v.upload.stop()
	}
	calm = v.ctx.Over() && calm
	v.g.done(v, calm)
}

// run asks the application and releases its answer.
func (v *visit) run() error {
	if v.known == nil {
		if done, err := v.guard(); done || err != nil {
			return err
		}
	}
	if err := v.decide(); err != nil {
		return err
	}
	if upgrade(v.r) {
		v.alone()
		return v.socket()
	}
	if err := v.sends(); err != nil {
		return err
	}
	resp, err := v.ask()
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	v.sent = true
	if v.p.o.Changed != nil && mayChange(v.r.Method) {
		v.p.o.Changed()
	}
	return v.take(resp)
}

// mayChange says whether a request of a method may change something.
func mayChange(method string) bool {
	return method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions
}

// decide asks policy what the person may see before the application is asked for
// anything (step 3). Somebody who may see nothing gets no further.
func (v *visit) decide() error {
	s := v.view.s
	v.action, v.route = custody.See, custody.RoutePage
	if text := v.r.Header.Get("Custody-Reason"); text != "" { // never known
		v.leave()
		if err := s.SetReason(text); err != nil {
			return err
		}
		v.stated = true
	}
	d := s.Rights()
	if d.ReasonRequired && !v.stated {
		v.leave()
		v.reason = true
		d = s.Foresee(custody.See, foreseen)
	}
	v.ordinary, v.lent = d.Treatments, d.Lent
	if d.Lent != 0 {
		d = d.Opened()
	}
	if d.With(custody.Clear)|d.With(custody.Masked) == 0 {
		_, err := s.Decide(gate.Need{Veiled: true}, v.shape)
		if err == nil {
			err = custody.E(custody.CodeForbidden, "you have no right to see customers here", "ask your manager or the administrator for a right to this system")
		}
		return err
	}
	v.rights = d
	return nil
}

// foreseen stands for a reason while it is not known yet.
const foreseen = "stated on the page that asks for it"

// fail ends a request that an error stopped. Before anything was released the person
// is told; after that the connection is broken, so that nobody takes what arrived for
// the whole.
func (v *visit) fail(err error) {
	v.leave()
	_ = v.behind.wait()
	if cause := v.ctx.Cause(); cause != nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	if v.released {
		v.p.log(err, v.g)
		panic(http.ErrAbortHandler)
	}
	if v.ctx.Err() != nil { // the deadline that ended a write must not keep the page back
		_ = v.control.SetWriteDeadline(time.Now().Add(5 * time.Second))
	}
	v.tell(err)
}

// log notes what operation may want to know: no path, no name, no value (P7).
func (p *Portal) log(err error, g *guest) {
	code := custody.CodeOf(err)
	if g == nil || code == custody.CodeLimit || code == custody.CodeForbidden || code == custody.CodeReason {
		return
	}
	p.o.Log.Warn("an answer of a portal was stopped", "system", p.o.Name, "session", g.sess.ID, "code", code.String(), "err", causeOf(err))
}

// causeOf is the innermost error: it names a host or a file, never a customer.
func causeOf(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
