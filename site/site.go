// Package site puts the parts of one deployment together: store, ledger, identity,
// policy, subjects, gate and the entrances of its systems. The command line and the
// tests open the same site; nothing else wires.
package site

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/note"

	"custody"
	"custody/gate"
	"custody/identity"
	"custody/internal/durable"
	"custody/ledger"
	"custody/notice"
	"custody/pgproxy"
	"custody/policy"
	"custody/store"
	"custody/subjects"
)

// System is a guarded system and the way to its database.
type System struct {
	custody.System
	// Upstream holds the credential that only the gate knows; nil if the system has no
	// database in front of which the gate stands.
	Upstream *pgx.ConnConfig
	// AllowSuperuser guards with a superuser's credential all the same.
	AllowSuperuser bool
	// Portal is the system's web application; nil if there is none.
	Portal *Portal
	// BreakGlass is emergency access to it.
	BreakGlass BreakGlass
	// Refresh is how often schema, new subjects and identifiers are looked for.
	// 5 s for the schema and a minute for subjects if zero.
	SchemaEvery  time.Duration
	SubjectEvery time.Duration
	changed      chan struct{} // a portal's application may have changed its customers
}

// Options say where a site's state lies and what it guards.
type Options struct {
	Store     *store.Store // open; the site does not close it
	LedgerDir string
	Signer    note.Signer // signs checkpoints; nil signs none
	Origin    string
	Key       []byte // the deployment's secret, ≥32 bytes
	CA        *identity.CA
	TLS       *tls.Config
	Systems   []System
	Zone      *time.Location
	// Policies are hand-written Cedar policies, beside those of the grants.
	Policies []byte
	// Poll is how often the store is asked for changed rights. 100 ms if zero.
	Poll            time.Duration
	CheckpointEvery time.Duration
	// DoctorEvery is how often guarded databases are examined for ways around the
	// gate; never if zero.
	DoctorEvery    time.Duration
	SegmentSize    int64
	MaxConnections int
	MaxMessage     int
	ClearPassword  func(login string) bool
	SignIn         SignIn   // of browsers, at every portal
	Console        *Console // the web console; nil serves none
	Scim           Scim     // directories that keep people here
	People         People   // how logins end by themselves
	Notices        Notices  // who hears of what happens
	Complaints     Complaints
	Detection      Detection  // how misuse is looked for
	FS             durable.FS // the ledger's file system; tests break it
	Now            func() time.Time
	Log            *slog.Logger
}

// Site is a running deployment.
type Site struct {
	o        Options
	Identity *identity.Service
	Ledger   *ledger.Ledger
	Gate     *gate.Gate
	Server   *pgproxy.Server
	Notices  *notice.Outbox
	memory   memory
	follower *follower
	namer    *namer
	erasures uint64 // as of the last look, under rights
	systems  []*pgproxy.System
	portals  map[string]*entrance
	policies policies
	doors    doors
	desk     *desk
	intake   counter
	detector *detector
	refusals refusals
	running  context.Context
	stop     context.CancelFunc
	work     sync.WaitGroup
	rights   sync.Mutex
}

// Open reads all state, fills the directory and the identifier index from the
// guarded databases, and starts to watch for changed rights. When it returns, the
// site is ready for Serve.
func Open(ctx context.Context, o Options) (*Site, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Poll == 0 {
		o.Poll = 100 * time.Millisecond
	}
	s := &Site{o: o, Notices: notice.NewOutbox(o.Store, o.Now), refusals: refusals{coming: make(chan refusal, maxRefusals), recent: map[custody.PersonID]*refusedOf{}}}
	if err := s.open(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Site) open(ctx context.Context) (err error) {
	if s.Ledger, err = ledger.Open(s.o.LedgerDir, ledger.Options{
		Origin: s.o.Origin, Signer: s.o.Signer, SegmentSize: s.o.SegmentSize,
		CheckpointEvery: s.o.CheckpointEvery, Now: s.o.Now, FS: s.o.FS,
	}); err != nil {
		return err
	}
	s.reportRecovery()
	if s.Identity, err = identity.New(identity.Options{Storage: s.o.Store, Key: s.o.Key, CA: s.o.CA, Now: s.o.Now, SeveralEmployers: s.o.People.SeveralEmployers, ConfirmAt: s.confirmAt}); err != nil {
		return err
	}
	if n, err := s.Identity.Recover(); err != nil {
		return err
	} else if n > 0 {
		s.o.Log.Info("sessions that a stopped gate had left open were closed", "sessions", n)
	}
	p, err := s.loadPolicy()
	if err != nil {
		return err
	}
	if err := s.openSubjects(); err != nil {
		return err
	}
	decider, err := s.restrain(p)
	if err != nil {
		return err
	}
	s.Gate = gate.New(gate.Parts{
		Ledger: s.Ledger, History: s.Ledger.Index(), Policy: decider, Authority: s.Identity,
		Directory: &s.memory, Identifiers: &s.memory, Follower: s.newFollower(), Zone: s.o.Zone, Now: s.o.Now, Log: s.o.Log,
	})
	if err := s.openSystems(ctx); err != nil {
		return err
	}
	s.Server = pgproxy.New(pgproxy.Options{
		Gate: s.Gate, Identity: signIn{s.Identity}, Systems: s.systems, TLS: s.o.TLS,
		ClearPassword: s.o.ClearPassword, Mask: mask, MaxConnections: s.o.MaxConnections,
		MaxMessage: s.o.MaxMessage, Log: s.o.Log, Refused: s.refused,
	})
	for _, open := range []func() error{s.openPortals, s.openConsole, s.openIntake, s.openDetection} {
		if err := open(); err != nil {
			return err
		}
	}
	s.watch()
	shrink() // reading all customers took far more than holding them
	return nil
}

// reportRecovery says what a crash left behind (P9).
func (s *Site) reportRecovery() {
	if r := s.Ledger.Recovery(); r.TornBytes > 0 {
		s.o.Log.Warn("the ledger's last write was torn by a crash and has been cut; nothing in it had been released",
			"bytes", r.TornBytes, "segment", r.Segment)
	}
}

// Serve accepts clients until the listener is closed.
func (s *Site) Serve(l net.Listener) error { return s.Server.Serve(l) }

// Close cuts all sessions, waits for them, and closes the ledger.
func (s *Site) Close() error {
	if s.stop != nil {
		s.stop()
	}
	s.closeConsole()
	s.closePortals()
	s.closeIntake()
	if s.Server != nil {
		s.Server.Close()
	}
	s.work.Wait()
	if s.Ledger == nil {
		return nil
	}
	return s.Ledger.Close()
}

// Policy gives the policy in force.
func (s *Site) Policy() *policy.Policy {
	s.rights.Lock()
	defer s.rights.Unlock()
	return s.policies.made
}

// watch hears of changed rights in the store, whoever changed them, and of the
// moments at which time alone changes them (P3).
func (s *Site) watch() {
	ctx, stop := context.WithCancel(context.Background())
	s.running, s.stop = ctx, stop
	changed := make(chan struct{}, 1)
	changed <- struct{}{}
	s.work.Go(func() { s.keepSettled(ctx, changed) })
	hear := s.hearing(changed)
	s.work.Go(func() { s.o.Store.Watch(ctx, s.o.Poll, hear) })
	for _, sys := range s.systems {
		s.work.Go(func() { sys.Watch(ctx) })
	}
	s.watchPortals(ctx)
	s.work.Go(func() { s.keepRights(ctx) })
	s.watchConsole(ctx)
	s.watchDetection(ctx)
	s.watchReasons(ctx)
	s.work.Go(func() { s.keepRefused(ctx) })
	s.work.Go(func() { s.keepFresh(ctx) })
	s.work.Go(func() { s.sendNotices(ctx) })
	s.work.Go(func() { s.tellLedgerUnwell(ctx) })
	s.work.Go(func() { s.sendCheckpoints(ctx) })
	s.work.Go(func() { s.keepMatched(ctx) })
	s.work.Go(func() { keepTight(ctx) })
	for i := range s.o.Systems {
		s.work.Go(func() { s.keepFilled(ctx, &s.o.Systems[i]) })
		if s.o.Systems[i].Upstream == nil {
			continue
		}
		s.work.Go(func() { s.keepExamined(ctx, &s.o.Systems[i]) })
		s.work.Go(func() { s.follow(ctx, &s.o.Systems[i]) })
	}
}

// hearing makes what happens each time the store was asked for changes: rights that
// changed, or that it is time to change, are put in force, and changed is told.
func (s *Site) hearing(changed chan<- struct{}) func(heard bool, err error) {
	next := s.nextChange()
	pending := false // a change was heard and is not in force yet
	return func(heard bool, err error) {
		pending = pending || heard || !next.IsZero() && !s.o.Now().Before(next)
		if err == nil && pending {
			if err = s.Reload(); err == nil {
				pending, next = false, s.nextChange()
				select {
				case changed <- struct{}{}:
				default:
				}
			}
		}
		if err != nil {
			s.o.Log.Error("changes of rights cannot be heard; nothing is released until they can", "err", errors.Join(err, errors.Unwrap(err)))
			return
		}
		s.Gate.Heard()
	}
}

// Reload puts changed people, credentials and grants in force and cuts the sessions
// whose right has ended.
func (s *Site) Reload() error {
	s.rights.Lock()
	defer s.rights.Unlock()
	if err := s.Identity.Reload(); err != nil {
		return err
	}
	p, err := s.loadPolicy()
	if err != nil {
		return err
	}
	decider, err := s.restrain(p)
	if err != nil {
		return err
	}
	s.Gate.SetPolicy(decider)
	s.Gate.Recheck()
	if err := s.hearSwitches(); err != nil {
		return err
	}
	if err := s.recordRights(); err != nil {
		return err
	}
	s.wakeIntake()
	if s.detector != nil {
		s.detector.hear()
	}
	return s.hearErasures(s.running)
}

// nextChange is the next moment at which time alone changes a right; the zero time
// if there is none. Decisions of policy carry their own end.
func (s *Site) nextChange() time.Time { return s.Identity.NextChange() }

// signIn fits identity to the wire.
type signIn struct{ *identity.Service }

func (i signIn) Open(ctx context.Context, in pgproxy.SignIn) (*custody.Session, error) {
	return i.Service.Open(ctx, identity.Request{
		Login: in.Login, System: in.System, Credential: in.Credential,
		Address: in.Address, AppName: in.AppName,
	})
}

func mask(dst []byte, c custody.Category, typ uint32, v []byte) ([]byte, bool) {
	return subjects.MaskValue(dst, c, typ, v)
}
