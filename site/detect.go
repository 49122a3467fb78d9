package site

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"custody"
	"custody/detect"
	"custody/identity"
	"custody/ledger"
	"custody/store"
)

// Detection says how misuse is looked for while the gate runs.
type Detection struct {
	Off bool
	// Policy is the budget and what goes with it; the default one if its budget is zero.
	Policy detect.Policy
	// Actions are what is done about an alert by the rules that found something:
	// ActionNotify and so on. ActionNotify alone for rules that are not in it.
	Actions map[detect.Rule][]string
	// LowerTo is how many customers an hour remain after ActionLowerLimit, Restrain for
	// how long it and ActionAskReason hold. 20 and a day if zero.
	LowerTo  uint32
	Restrain time.Duration
	// Places says where networks are; nil knows no places, and no travel is impossible.
	Places *detect.Places
	// Refresh is how often the reasons in the data are read again. A minute if zero.
	Refresh time.Duration
	// Mine is how often reasons are looked for in the data, to tell where these have moved
	// away from the declared ones; nothing is put in force. Never if zero.
	Mine time.Duration
}

// What may be done about an alert.
const (
	ActionNotify     = "notify"
	ActionAskReason  = "ask-reason"
	ActionStepUp     = "step-up"
	ActionLowerLimit = "lower-limit"
	ActionCut        = "cut"
)

// detectEvery is how often the ledger is asked for new events: an alert comes within a
// second of the look that caused it.
const detectEvery = 250 * time.Millisecond

// detector follows the ledger. Its state is rebuilt from it at every start, by the same
// rules; what it raises of events that were seen before the stop was raised then.
type detector struct {
	s          *Site
	index      *ledger.Index
	o          Detection
	engine     *detect.Engine
	reasons    atomic.Pointer[reasons]
	holders    *detect.Holders
	seats      seats
	next       uint64 // event to take next
	seen       uint64 // events up to it had their alerts kept
	saved      time.Time
	budgets    []store.AlertBudget // not in force yet
	places     *detect.Places
	watched    watched
	stale      atomic.Bool // canaries or complaints may have changed
	complained time.Time   // complaints up to it had their alerts kept
	replay     bool        // events of before the start are being taken
	told       bool        // what the engine raises now was raised before the stop
	outside    bool        // it takes a complaint
	now        *seat       // of the event that the engine has
	system     custody.SystemID
	ready      chan struct{} // closed when the ledger was replayed
}

// openDetection makes the detector, if there is to be one.
func (s *Site) openDetection() (err error) {
	d := &detector{s: s, index: s.Ledger.Index(), o: s.o.Detection, holders: detect.NewHolders(), seats: newSeats(s), next: 1, ready: make(chan struct{})}
	s.detector = d
	if d.o.Off {
		close(d.ready)
		return nil
	}
	if d.o.Policy.Budget == 0 {
		d.o.Policy = detect.DefaultPolicy()
	}
	if d.o.LowerTo == 0 {
		d.o.LowerTo = 20
	}
	if d.o.Restrain == 0 {
		d.o.Restrain = 24 * time.Hour
	}
	if d.o.Refresh == 0 {
		d.o.Refresh = time.Minute
	}
	return d.begin()
}

// begin makes the engine.
func (d *detector) begin() (err error) {
	s := d.s
	d.reasons.Store(&reasons{})
	d.places = d.o.Places
	if d.seen, d.complained, err = s.o.Store.Detected(); err != nil {
		return err
	}
	d.watched.taken, d.watched.upTo = map[int64]bool{}, d.complained
	if err := d.readWatched(); err != nil {
		return err
	}
	if d.budgets, err = s.o.Store.AlertBudgets(); err != nil {
		return err
	}
	d.engine = detect.New(detect.Options{Policy: d.o.Policy, World: d.world(), Zone: s.o.Zone, Emit: d.alert})
	return nil
}

// watchDetection runs the detector until ctx ends.
func (s *Site) watchDetection(ctx context.Context) {
	d := s.detector
	if d.o.Off {
		return
	}
	s.work.Go(func() {
		d.refresh(ctx)
		d.replay = true
		d.take(ctx)
		d.replay = false
		m := d.engine.Memory()
		s.o.Log.Info("detection is up to date", "events", d.next-1, "logins", m.People, "devices", m.Devices, "pairs", m.Pairs, "bytes", m.Bytes)
		close(d.ready)
		tick := time.NewTicker(detectEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				d.save(true)
				return
			case <-tick.C:
				d.take(ctx)
			}
		}
	})
	s.work.Go(func() { every(ctx, d.o.Refresh, func() { d.refresh(ctx) }) })
}

// DetectionReady is closed when the detectors know what the ledger holds.
func (s *Site) DetectionReady() <-chan struct{} { return s.detector.ready }

// take gives the engine what is durable and new.
func (d *detector) take(ctx context.Context) {
	d.renew()
	for n, e := range d.index.Events(d.next) {
		if ctx.Err() != nil {
			return
		}
		d.complaints(ctx, e.Time)
		d.next = n + 1
		d.event(n, e)
	}
	d.complaints(ctx, d.s.o.Now())
	d.save(false)
}

// save notes how far alerts are kept, once in a while: what is between is replayed, and
// an alert that is raised twice has the same key.
func (d *detector) save(now bool) {
	if d.next-1 <= d.seen && !d.watched.upTo.After(d.complained) || !now && d.s.o.Now().Sub(d.saved) < 10*time.Second {
		return
	}
	d.saved = d.s.o.Now()
	if err := d.s.o.Store.SetDetected(d.next-1, d.watched.upTo); err != nil {
		d.s.o.Log.Warn("how far detection has come could not be kept", "err", err)
		return
	}
	d.seen, d.complained = d.next-1, d.watched.upTo
}

// event puts an event of the ledger into the engine's words.
func (d *detector) event(n uint64, e *custody.Event) {
	switch e.Kind {
	case custody.EventDisclosure, custody.EventChange, custody.EventSessionStart, custody.EventRefusal:
	default:
		return
	}
	if e.Person == 0 {
		return
	}
	for len(d.budgets) > 0 && !d.budgets[0].Time.After(e.Time) {
		d.engine.SetFactor(detect.Rule(d.budgets[0].Rule), d.budgets[0].Share)
		d.budgets = d.budgets[1:]
	}
	d.now, d.system = d.seats.of(e), e.System
	ev := detect.Event{
		Entry: n, Time: e.Time, Kind: e.Kind, Route: e.Route, Code: e.Code, Person: uint32(e.Person), Device: d.now.device, Group: d.now.group,
		Session: e.Session, Grant: e.Grant, Reason: e.Reason, Statement: e.Statement, Subjects: e.Subjects,
		Taken: e.Route == custody.RouteCopy || e.Route == custody.RouteDownload || e.Route == custody.RouteImported && e.Statement == custody.StatementTaken,
	}
	d.engine.Take(&ev)
	for _, s := range e.Subjects {
		d.holders.Note(ev.Person, ev.Group, s)
	}
}

// world is what detectors may ask.
func (d *detector) world() detect.World {
	return detect.World{
		Explain: func(ev *detect.Event, s custody.SubjectID) bool {
			r := d.reasons.Load()
			if r.has(d.system) {
				return r.explain(d.system, d.now, s, ev.Time)
			}
			return d.holders.Explain(ev.Person, ev.Group, s)
		},
		Tried: func(*detect.Event) []string {
			if r := d.reasons.Load(); r.has(d.system) {
				return r.says(d.system)
			}
			return detect.HolderTemplates
		},
		Branch: func(s custody.SubjectID) uint32 {
			if r := d.reasons.Load(); r.has(d.system) {
				return r.branch(s)
			}
			return d.holders.Home(s)
		},
		Customers: d.customers,
		Fact:      d.fact,
		Attempt:   d.attempt,
		Place:     d.place,
	}
}

// customers is how many customers the system of the event has; 0 where that is not known.
func (d *detector) customers() int {
	if k := d.s.memory.now.Load(); k != nil {
		return k.directory.Len(d.system)
	}
	return 0
}

// ScanLedger runs the detectors over a ledger that no gate writes now, as one with
// imported looks only, and keeps the alerts; nothing is done about them. What was
// scanned before raises nothing anew.
func ScanLedger(ctx context.Context, o Options, people *identity.Service, index *ledger.Index) (detect.Counts, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	o.Detection.Actions = map[detect.Rule][]string{}
	for _, r := range detect.Rules() {
		o.Detection.Actions[r] = nil
	}
	s := &Site{o: o, Identity: people}
	d := &detector{s: s, index: index, o: o.Detection, holders: detect.NewHolders(), seats: newSeats(s), next: 1}
	if err := d.begin(); err != nil {
		return detect.Counts{}, err
	}
	d.take(ctx)
	d.save(true)
	return d.engine.Counts(), ctx.Err()
}

// fact says what is wrong beyond doubt with a look: at a planted customer, and an
// imported one of somebody who had left; the gate itself refuses that.
func (d *detector) fact(ev *detect.Event, s custody.SubjectID) string {
	if c := d.watched.canaries.At(s, ev.Time); c != nil && !d.meantFor(c, ev) {
		if n := len(ev.Subjects); n > 1 {
			return fmt.Sprintf("A planted customer, whom nobody has a reason to look at, was in an answer of %d customers.", n)
		}
		return "Opened a planted customer, whom nobody has a reason to look at."
	}
	if ev.Route == custody.RouteImported && !d.seats.employed(custody.PersonID(ev.Person), ev.Time) {
		return "Looked at customers at a time at which the person worked for nobody here."
	}
	return ""
}

// attempt says what is wrong beyond doubt with what was refused: whoever works for
// nobody here tried to sign in, or somebody went on asking after the right had ended.
func (d *detector) attempt(ev *detect.Event) (says string, least int) {
	if !d.seats.employed(custody.PersonID(ev.Person), ev.Time) {
		return "Somebody tried to get in with the login of a person who works for nobody here any more.", 1
	}
	if ev.Session == 0 || ev.Code != custody.CodeForbidden && ev.Code != custody.CodeRevoked {
		return "", 0
	}
	ended, current, err := d.s.o.Store.LastRight(custody.PersonID(ev.Person), d.system, ev.Time)
	if err != nil || current || ended.IsZero() {
		return "", 0
	}
	return "Went on asking for customers after the right to see them had ended.", endedAsks
}

// endedAsks is how many refusals on a day after the end of a right are no mistake.
const endedAsks = 3

// place says where a device is, by the table of places.
func (d *detector) place(device uint32) (detect.Place, bool) {
	return d.places.Of(d.seats.device(device))
}

// alert keeps what the engine raises of events that were not seen before the start, and
// does what the policy says.
func (d *detector) alert(a *detect.Alert) {
	if !d.outside && d.next-1 <= d.seen || d.told {
		return
	}
	body, err := json.Marshal(a)
	if err != nil {
		d.s.o.Log.Error("an alert could not be written", "err", err)
		return
	}
	kept := store.Alert{
		Key: a.Key, Person: custody.PersonID(a.Person), Session: a.Session, Grant: a.Grant, System: d.system, Device: d.seats.device(a.Device),
		Says: a.Says, Strength: a.Strength(), Held: a.Held, Raised: a.Time, Made: d.s.o.Now(), Revision: a.Revision, Body: body,
	}
	for _, f := range a.Findings {
		kept.Rules = append(kept.Rules, string(f.Rule))
	}
	if a.Several {
		kept.Person, kept.Session, kept.Grant, kept.Logins = 0, 0, 0, d.logins(a)
	}
	fresh, err := d.s.o.Store.PutAlert(&kept)
	if err != nil {
		d.s.o.Log.Error("an alert could not be kept", "rule", kept.Rules[0], "err", err)
		return
	}
	if fresh {
		d.s.o.Log.Warn("alert", "number", kept.ID, "rule", kept.Rules[0], "held", kept.Held)
	}
	if !kept.Held && (kept.State == store.AlertOpen || kept.State == store.AlertLooking) {
		d.act(&kept, a)
	}
}

// logins gives whose looks an alert about a device lists.
func (d *detector) logins(a *detect.Alert) (list []store.AlertLogin) {
	for _, n := range a.Entries {
		e, ok := d.index.Event(n)
		if !ok || e.Person == 0 {
			continue
		}
		i := slices.IndexFunc(list, func(l store.AlertLogin) bool { return l.Person == e.Person })
		if i < 0 {
			i = len(list)
			list = append(list, store.AlertLogin{Person: e.Person})
		}
		list[i].Looks++
	}
	return list
}

// describe is the text of a notice: it names nobody.
func describe(k *store.Alert, a *detect.Alert) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", a.Says)
	if n := len(k.Logins); n > 0 {
		fmt.Fprintf(&b, "It is about a device used by %d logins; which of them is concerned is not known.\n\n", n)
	}
	for _, f := range a.Findings {
		fmt.Fprintf(&b, "- %s: %s\n", f.Rule, f.Says)
	}
	if len(a.Innocent) > 0 {
		fmt.Fprintf(&b, "\nNot excluded: %s.\n", strings.Join(a.Innocent, "; "))
	}
	fmt.Fprintf(&b, "\nThe entries, and what was tried: custody alert show %d. An alert is a question; the name is sealed until two people ask for it.\n", k.ID)
	return b.String()
}
