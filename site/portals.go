package site

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"net"
	"net/url"
	"time"

	"custody"
	"custody/portal"
	"custody/portal/upstream"
	"custody/signin"
	"custody/store"
	"custody/subjects"
	"custody/subjects/body"
)

// Portal says how a web application is guarded; config.Portal has the words.
type Portal struct {
	Title     string
	Public    *url.URL
	TLS       bool // the listener speaks TLS with the site's certificate
	Origin    *url.URL
	OriginTLS *tls.Config
	// Self is the address by which the application is addressed; Origin if nil.
	Self               *url.URL
	SignIn             upstream.SignIn // without the signer, which the site makes
	Audience           string          // of signed identities; Origin if empty
	Rules              body.Rules
	Static             []string
	Cookies            []string
	Elsewhere          []string
	Closed             []string
	Lookups            []string
	SignOut            string
	AllowUninspectable bool
	ExportAbove        int
	Stall              time.Duration // how long a client may take for a part of an answer; a minute if zero
	Contact            string
	// Corroborate is which weak identifiers name a customer together.
	Corroborate subjects.Corroboration
	// Customers are the customers of a system without a database; nil: they get
	// numbers when their keys are first seen.
	Customers *Customers
	// Check is how the application is tested against the portal standard.
	Check PortalCheck
}

// entrance is a portal with its door.
type entrance struct {
	portal *portal.Portal
	door   *signin.Door
	system custody.SystemID
	// explainer finds reasons in the system's data; nil without templates.
	explainer *explainer
}

// openPortals makes a door and a portal for each system that has one.
func (s *Site) openPortals() error {
	s.portals = map[string]*entrance{}
	for i := range s.o.Systems {
		sys := &s.o.Systems[i]
		if sys.Portal == nil {
			continue
		}
		e, err := s.openPortal(sys)
		if err != nil {
			return wrap(sys.Name, err)
		}
		s.portals[sys.Name] = e
	}
	return s.hearSwitches()
}

func (s *Site) openPortal(sys *System) (*entrance, error) {
	o := sys.Portal
	plan, err := body.Compile(o.Rules)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, s.o.Key, nil, "custody portal requests", 32)
	if err != nil {
		return nil, err
	}
	in, err := s.upstreamSignIn(sys)
	if err != nil {
		return nil, err
	}
	e := &entrance{system: sys.ID}
	e.door, err = s.newDoor(signin.Options{
		Identity: s.Identity, System: sys.Name, Title: o.Title, Public: o.Public, Zone: s.o.Zone, Now: s.o.Now, Log: s.o.Log,
		Ended: func(sess *custody.Session) { go e.portal.End(sess) },
	})
	if err != nil {
		return nil, err
	}
	options := portal.Options{
		System: sys.ID, Name: sys.Name, Title: o.Title, Public: o.Public, SignIn: &in, Door: e.door, Gate: s.Gate, Reasons: stated{s.o.Store}, Requests: requests{s}, Rules: rules{s},
		Origin: upstream.New(upstream.Options{URL: o.Origin, Self: o.Self, TLS: o.OriginTLS}),
		Plan:   plan, Values: &s.memory, Directory: &s.memory, Static: o.Static, Cookies: o.Cookies, Elsewhere: o.Elsewhere,
		Closed: o.Closed, Lookups: o.Lookups, SignOut: o.SignOut, AllowUninspectable: o.AllowUninspectable, ExportAbove: o.ExportAbove, Stall: o.Stall, Contact: o.Contact,
		Key: key, MaxClients: s.o.MaxConnections, Now: s.o.Now, Zone: s.o.Zone, Log: s.o.Log,
	}
	sys.changed = make(chan struct{}, 1)
	options.Changed = func() {
		select {
		case sys.changed <- struct{}{}:
		default:
		}
	}
	if e.explainer = s.newExplainer(sys); e.explainer != nil {
		options.Explainer = e.explainer
	}
	if o.TLS {
		options.TLS = s.o.TLS
	}
	e.portal = portal.New(options)
	return e, nil
}

// upstreamSignIn is how the gate signs in to a system's application.
func (s *Site) upstreamSignIn(sys *System) (upstream.SignIn, error) {
	o := sys.Portal
	in := o.SignIn
	if in.Kind != upstream.Identity {
		return in, nil
	}
	audience := o.Audience
	if audience == "" {
		audience = o.Origin.String()
	}
	var err error
	in.Signer, err = upstream.NewSigner(s.o.Key, sys.Name, o.Public.String(), audience)
	return in, err
}

// ServePortal accepts a system's people with browsers until the listener is closed.
func (s *Site) ServePortal(system string, l net.Listener) error {
	e := s.portals[system]
	if e == nil {
		return custody.E(custody.CodeNotFound, "the system "+system+" has no portal", "declare one in custody.yaml, under its portal key")
	}
	return e.portal.Serve(l)
}

// closePortals cuts the sessions of browsers and waits for them.
func (s *Site) closePortals() {
	for _, e := range s.portals {
		e.portal.Close()
		e.door.Close()
		if e.explainer != nil {
			e.explainer.close()
		}
	}
}

// watchPortals ends idle sessions.
func (s *Site) watchPortals(ctx context.Context) {
	for _, e := range s.portals {
		s.work.Go(func() { e.door.Run(ctx) })
	}
	for i := range s.o.Systems {
		if sys := &s.o.Systems[i]; sys.Portal != nil && sys.Portal.Check.Every > 0 {
			s.work.Go(func() { s.keepChecked(ctx, sys) })
		}
	}
}

// hearSwitches puts the take-down switch in force as the store has it, whoever used
// it, and writes its uses in the ledger. Taking down comes first: it must not wait for
// a ledger that cannot write.
func (s *Site) hearSwitches() error {
	if len(s.portals) == 0 {
		return nil
	}
	open, err := s.o.Store.Switches(false)
	if err != nil {
		return err
	}
	for _, e := range s.portals {
		var down *store.Switch
		for i := range open {
			if w := &open[i]; w.System == 0 || w.System == e.system {
				down = w
			}
		}
		switch now := e.portal.IsDown(); {
		case down == nil && now != nil:
			e.portal.BringBack()
		case down != nil && (now == nil || !now.Since.Equal(down.Down)):
			e.portal.TakeDown(portal.Down{Since: down.Down, Reason: down.Reason})
		}
	}
	return s.recordSwitches()
}

// recordSwitches writes the uses of the switch that the ledger does not have yet. An
// event that a crash left twice in it says the same twice.
func (s *Site) recordSwitches() error {
	pending, err := s.o.Store.PendingSwitches()
	if err != nil {
		return err
	}
	for i := range pending {
		w := &pending[i]
		if w.Recorded < 1 {
			if err := s.Ledger.Append(&custody.Event{Kind: custody.EventSwitch, Code: custody.CodeUnavailable, Time: w.Down, Person: w.DownBy, System: w.System}); err != nil {
				return err
			}
			if err := s.o.Store.SwitchRecorded(w.ID, 1); err != nil {
				return err
			}
		}
		if !w.Up.IsZero() {
			if err := s.Ledger.Append(&custody.Event{Kind: custody.EventSwitch, Time: w.Up, Person: w.UpBy, System: w.System}); err != nil {
				return err
			}
			if err := s.o.Store.SwitchRecorded(w.ID, 2); err != nil {
				return err
			}
		}
	}
	return nil
}

// stated fits the store to portals.
type stated struct{ *store.Store }

func (s stated) Stated(person custody.PersonID, system custody.SystemID, day string) (map[custody.SubjectID]portal.Stated, error) {
	list, err := s.StatedReasons(person, system, day)
	if err != nil {
		return nil, err
	}
	by := make(map[custody.SubjectID]portal.Stated, len(list))
	for _, x := range list {
		by[x.Subject] = portal.Stated{Reason: x.Reason, Text: x.Text}
	}
	return by, nil
}

func (s stated) State(person custody.PersonID, system custody.SystemID, day string, reason custody.ReasonID, list []custody.SubjectID) error {
	return s.StateReason(person, system, day, reason, list)
}
