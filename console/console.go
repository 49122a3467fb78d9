// Package console is the web console: where the data-protection lead, administrators,
// branch managers and auditors see who looks at what, answer customers who ask, and act;
// and where everybody else sees what is recorded of themselves. It also serves the same
// to programs, under /api/v1. Pages are made on the server from embedded templates; each
// request is judged by the table in role.go before its handler runs, and every look at a
// customer is recorded through the gate before it is shown.
//
// What the console needs of store, ledger, identity and gate it declares in parts.go.
package console

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"custody"
	"custody/console/page"
	"custody/signin"
)

// SystemName is the system whose sessions are those of the console.
const SystemName = "console"

// Options are what a console needs. Door, Public and Parts are required.
type Options struct {
	Parts
	Door   *signin.Door
	Title  string // the deployment's name as people know it; "Custody" if empty
	Public *url.URL
	Zone   *time.Location // times on pages, and where days begin; UTC if nil
	Now    func() time.Time
	Log    *slog.Logger
}

// Console is safe for concurrent use.
type Console struct {
	o       Options
	pages   *page.Pages
	mux     *http.ServeMux
	rosters rosters
	tally   *tally
	checks  verification
	perRate rates
	traces  traces

	waitings waitings
	running  context.Context // ends with the console
	stop     context.CancelFunc
	work     sync.WaitGroup

	api         *http.ServeMux
	description []byte // OpenAPI

	mu     sync.Mutex
	guests map[custody.SessionID]*guest
	closed bool
}

// New makes a console. Run follows the ledger for it; Close lets everybody leave.
func New(o Options) (*Console, error) {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Title == "" {
		o.Title = "Custody"
	}
	pages, err := page.New(o.Zone, o.Now)
	if err != nil {
		return nil, err
	}
	c := &Console{o: o, pages: pages, mux: http.NewServeMux(), guests: map[custody.SessionID]*guest{}}
	c.running, c.stop = context.WithCancel(context.Background())
	c.rosters.people = o.People
	c.perRate.now = o.Now
	c.tally = newTally(o.Looks, o.Zone, o.Now())
	c.routes()
	c.apiRoutes()
	c.description, err = describe(calls())
	return c, err
}

// Run keeps the figures of the pages until ctx ends.
func (c *Console) Run(ctx context.Context) { c.tally.run(ctx) }

// Close ends what runs and lets all sessions leave the gate.
func (c *Console) Close() {
	c.mu.Lock()
	c.closed = true
	list := make([]*guest, 0, len(c.guests))
	for _, g := range c.guests {
		list = append(list, g)
	}
	c.mu.Unlock()
	for _, g := range list {
		g.end()
	}
	c.stop()
	c.work.Wait()
}

// End ends a session here because the door did: it was signed out or is over.
func (c *Console) End(sess *custody.Session) {
	c.mu.Lock()
	g := c.guests[sess.ID]
	c.mu.Unlock()
	if g != nil {
		g.end()
	}
}
