package portal

import (
	"net/http"
	"sync"
	"sync/atomic"

	"custody"
	"custody/gate"
	"custody/portal/upstream"
)

// maxAtOnce is how many requests of one session run at the same time.
const maxAtOnce = 64

// guest is a session at this portal: entered at the gate with its first request, left
// when the door ends it, when it is cut, or when the portal closes.
type guest struct {
	p       *Portal
	sess    *custody.Session
	account *upstream.Account
	ready   sync.Once
	entered atomic.Bool // ready is over
	live    *gate.Session
	err     error // why nobody was let in

	mu      sync.Mutex
	ended   bool
	left    bool
	views   []*view // not in use
	running []*visit
	reasons reasons
	pages   pages
}

// all lists the guests, under the lock.
func (p *Portal) all() []*guest {
	list := make([]*guest, 0, len(p.guests))
	for _, g := range p.guests {
		list = append(list, g)
	}
	return list
}

// guest finds the guest of a session; the first request of it enters at the gate,
// which makes the sign-in durable before anything else (step 2).
func (p *Portal) guest(w http.ResponseWriter, sess *custody.Session) (*guest, error) {
	p.mu.Lock()
	g := p.guests[sess.ID]
	if g == nil {
		if p.closed {
			p.mu.Unlock()
			return nil, errClosing
		}
		g = &guest{p: p, sess: sess}
		g.account = p.o.Origin.Account(p.o.SignIn, upstream.Person{
			Login: sess.Login, FullName: sess.FullName, Organisation: sess.OrgName, Roles: sess.Roles,
		})
		p.guests[sess.ID] = g
	}
	p.mu.Unlock()
	if !g.entered.Load() {
		outside(w)
		g.ready.Do(g.enter)
		g.entered.Store(true)
	}
	return g, g.err
}

func (g *guest) enter() {
	if g.live, g.err = g.p.o.Gate.Enter(g.sess, func(code custody.Code) { go g.end(code) }); g.err != nil {
		g.p.forget(g)
	}
}

func (p *Portal) forget(g *guest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.guests[g.sess.ID] == g {
		delete(p.guests, g.sess.ID)
	}
}

// End ends a session here because the door did: it was signed out or is over.
func (p *Portal) End(sess *custody.Session) {
	p.mu.Lock()
	g := p.guests[sess.ID]
	p.mu.Unlock()
	if g != nil {
		g.end(custody.CodeNone)
	}
}

// end stops what runs, downloads and sockets included, and leaves when all has
// stopped. Nothing is released after the cut, because the gate says so at each
// release; stopping the connections is for the part that is on its way.
func (g *guest) end(code custody.Code) {
	g.ready.Do(g.enter)
	if g.live != nil && code != custody.CodeNone {
		g.live.Cut(code)
	}
	g.mu.Lock()
	g.ended = true
	for _, v := range g.running {
		v.stop(errCut)
	}
	leave := len(g.running) == 0 && !g.left
	g.left = g.left || leave
	g.mu.Unlock()
	g.p.forget(g)
	if leave {
		g.leave()
	}
}

// leave records the end of the session; the door writes it down in the store.
func (g *guest) leave() {
	if g.live != nil {
		g.live.Leave()
	}
}

// begin lets a request of the session run, which ends with over.
func (g *guest) begin(r *http.Request) (*visit, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ended {
		return nil, errCut
	}
	if len(g.running) >= maxAtOnce {
		return nil, errBusy
	}
	var w *view
	if n := len(g.views); n > 0 {
		w, g.views = g.views[n-1], g.views[:n-1]
	} else {
		w = newView(g)
	}
	if w.visit == nil {
		w.visit = &visit{}
	}
	v := w.visit
	v.view, v.at = w, len(g.running)
	v.ctx.Begin(r.Context())
	g.running = append(g.running, v)
	return v, nil
}

// done gives back what the request used. calm says that the visit may be used again.
func (g *guest) done(v *visit, calm bool) {
	w := v.view
	w.clear()
	if !calm {
		w.visit = nil
	}
	g.mu.Lock()
	last := len(g.running) - 1
	g.running[v.at], g.running[last].at = g.running[last], v.at
	g.running[last], g.running = nil, g.running[:last]
	if calm {
		v.renew()
	}
	if len(g.views) < 16 { // as many as a busy page or program asks at once
		g.views = append(g.views, w)
	}
	leave := g.ended && len(g.running) == 0 && !g.left
	g.left = g.left || leave
	g.mu.Unlock()
	if leave {
		g.leave()
	}
}

// renew makes a visit that is over ready for another request.
func (v *visit) renew() {
	v.call, v.answer = call{}, answer{}
	v.writes.Store(false)
}

// stopAll stops what runs, for taking the portal down; the sessions stay.
func (g *guest) stopAll(cause error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, v := range g.running {
		v.stop(cause)
	}
}

// stop ends the request: its connection to the application is closed, and a client
// that does not read is not waited for.
func (v *visit) stop(cause error) { v.ctx.End(cause) }

// watch makes a write to the client return when the request is stopped. Before the
// first one nothing needs to: write looks itself, and HTTP/2 would end the stream, on
// which the person is to be told.
func (v *visit) watch() (hook int) {
	if v.hush == nil {
		v.hush = func() {
			if v.writes.Load() {
				_ = v.control.SetWriteDeadline(longAgo)
			}
		}
	}
	return v.ctx.On(v.hush)
}
