package portal

import (
	"net/http"
	"time"

	"custody"
	"custody/portal/page"
)

// Down says that a portal is taken down, for everybody.
type Down struct {
	Since  time.Time
	Reason string // for people who meet the page
}

var errDown error = deny(http.StatusServiceUnavailable, custody.CodeUnavailable, "the portal was taken down", "")

// TakeDown closes the portal for everybody at once, with a page that says so, and
// stops everything that runs, downloads included. Sessions stay: nobody needs to sign
// in again when it is back.
func (p *Portal) TakeDown(d Down) {
	p.down.Store(&d)
	p.mu.Lock()
	list := p.all()
	p.mu.Unlock()
	for _, g := range list {
		g.stopAll(errDown)
	}
}

// BringBack opens the portal again.
func (p *Portal) BringBack() { p.down.Store(nil) }

// IsDown gives what TakeDown was told; nil while the portal is open.
func (p *Portal) IsDown() *Down { return p.down.Load() }

func (p *Portal) showDown(w http.ResponseWriter, r *http.Request, d *Down) {
	out := &page.Page{Status: http.StatusServiceUnavailable, Code: custody.CodeUnavailable, System: p.o.Title, Retry: 60,
		Title:   p.o.Title + " has been taken offline",
		Message: "It was taken down for everybody on " + d.Since.In(p.o.Zone).Format("2 January 2006 at 15:04") + ". Nothing is lost; it will come back when it is safe.",
		Hint:    d.Reason, Contact: p.o.Contact}
	out.Write(w, r)
}
