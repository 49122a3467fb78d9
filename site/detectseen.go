package site

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"custody"
	"custody/detect"
	"custody/identity"
	"custody/store"
)

// watched is what detectors hold looks against beside the events: planted customers and
// complaints. It is read again when the store changes.
type watched struct {
	canaries store.Planted
	pending  []store.WatchedComplaint // not given to the engine yet, in the order of Matched
	taken    map[int64]bool           // complaints that were
	since    time.Time                // of the newest that was read
	upTo     time.Time                // of the newest that was taken
}

// hear says that canaries or complaints may have changed.
func (d *detector) hear() { d.stale.Store(true) }

// renew reads canaries and complaints again if they may have changed.
func (d *detector) renew() {
	if !d.stale.Swap(false) {
		return
	}
	d.seats.forget()
	if err := d.readWatched(); err != nil {
		d.stale.Store(true)
		d.s.o.Log.Warn("canaries or complaints could not be read; detectors go on with what they know", "err", err)
	}
}

func (d *detector) readWatched() error {
	planted, err := d.s.o.Store.Planted()
	if err != nil {
		return err
	}
	complaints, err := d.s.o.Store.WatchedComplaints(d.watched.since)
	if err != nil {
		return err
	}
	d.watched.canaries = planted
	for _, c := range complaints {
		if c.Matched.After(d.watched.since) {
			d.watched.since = c.Matched.Add(-time.Millisecond) // more may come within it
		}
		if !d.watched.taken[c.ID] {
			d.watched.taken[c.ID] = true
			d.watched.pending = append(d.watched.pending, c)
		}
	}
	return nil
}

// meantFor says whether a planted customer is shown to who looked on purpose: it is the
// test of a trace, and the look is what was asked for. A call to it is told all the same.
func (d *detector) meantFor(c *store.Canary, ev *detect.Event) bool {
	kind, name, _ := strings.Cut(c.Meant, " ")
	switch kind {
	case "":
		return false
	case "login":
		p := d.s.Identity.ByID(custody.PersonID(ev.Person))
		return p != nil && p.Login == name
	case "device":
		address := d.seats.device(ev.Device)
		return address != "" && (name == address || strings.HasPrefix(name, address+" "))
	}
	return slices.ContainsFunc(d.seats.work(custody.PersonID(ev.Person)), func(e identity.Engagement) bool {
		return e.Current(ev.Time) && (kind == "branch" && e.Branch == name || kind == "partner" && e.OrgName == name)
	})
}

// complaints gives the engine those that became known before a time.
func (d *detector) complaints(ctx context.Context, before time.Time) {
	for len(d.watched.pending) > 0 && ctx.Err() == nil {
		c := &d.watched.pending[0]
		if c.Matched.After(before) {
			return
		}
		d.complaint(c)
		d.watched.upTo = c.Matched
		d.watched.pending = d.watched.pending[1:]
	}
}

func (d *detector) complaint(c *store.WatchedComplaint) {
	d.told = d.replay && !c.Matched.After(d.complained)
	d.outside, d.system = true, c.System
	defer func() { d.told, d.outside = false, false }()
	d.engine.Complaint(&detect.Complaint{
		Number: uint64(c.ID), Received: c.Received, Known: c.Matched, Subject: c.Subject,
		Canary: c.Subject != 0 && d.watched.canaries.At(c.Subject, c.Matched) != nil, Lookers: d.lookers(c),
	})
}

// lagLongest is how long before an unwanted call a look may have led to it.
const lagLongest = 180 * 24 * time.Hour

// lookers are the people who saw a customer before the call, with their newest look.
// Whoever looks a customer up to answer the complaint does so in the console, or after
// the call.
func (d *detector) lookers(c *store.WatchedComplaint) []detect.Looker {
	if c.Subject == 0 {
		return nil
	}
	until := c.Called
	if until.IsZero() || until.After(c.Received) {
		until = c.Received
	}
	found := map[uint32]*detect.Looker{}
	for seen := range d.index.WhoSaw(c.System, c.Subject, until.Add(-lagLongest), until) {
		e := seen.Event
		if e.Person == 0 || e.Route == custody.RouteConsole || seen.Number >= d.next {
			continue
		}
		l := found[uint32(e.Person)]
		if l == nil {
			l = &detect.Looker{Person: uint32(e.Person), Device: d.seats.of(&e).device, Session: e.Session, Grant: e.Grant}
			found[l.Person] = l
		}
		if len(l.Entries) < detect.MaxLooks {
			l.Entries = append(l.Entries, seen.Number)
		}
	}
	var list []detect.Looker
	for _, person := range slices.Sorted(maps.Keys(found)) {
		list = append(list, *found[person])
	}
	return list
}
