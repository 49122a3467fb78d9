package site

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"custody"
	"custody/ledger"
	"custody/pgproxy"
	"custody/store"
	"custody/subjects"
)

// namer gives subjects their numbers: durable in the store, and bound to their keys
// by a naming in the ledger before any frame uses them (P6).
type namer struct {
	mu     sync.Mutex
	store  *store.Store
	ledger *ledger.Ledger
	now    func() time.Time
}

// Assign implements subjects.Namer. A naming that a crash kept out of the ledger is
// pending still, and is written before anything that comes after it.
func (n *namer) Assign(system custody.SystemID, keys []string) ([]custody.SubjectID, error) {
	ids, err := n.store.Assign(system, keys)
	if err != nil {
		return nil, err
	}
	return ids, n.writePending()
}

// writePending binds numbers to keys in the ledger. A naming that is twice in the
// ledger is harmless: both say the same.
func (n *namer) writePending() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	pending, err := n.store.PendingNamings()
	if err != nil {
		return err
	}
	for _, p := range pending {
		subject, err := n.store.Subject(p.First)
		if err != nil {
			return err
		}
		if err := n.ledger.Append(&custody.Event{Kind: custody.EventNaming, Time: n.now(), System: subject.System, Naming: &p}); err != nil {
			return err
		}
		if err := n.store.NamingWritten(p.First, n.now()); err != nil {
			return err
		}
	}
	return nil
}

// openSubjects loads the directory, finishes namings that a crash cut short, and
// makes the identifier index.
func (s *Site) openSubjects() error {
	n := &namer{store: s.o.Store, ledger: s.Ledger, now: s.o.Now}
	if err := n.writePending(); err != nil {
		return err
	}
	key, err := hkdf.Key(sha256.New, s.o.Key, nil, "custody identifier index", 32)
	if err != nil {
		return err
	}
	s.Directory = subjects.NewDirectory(n)
	if s.Index, err = subjects.NewIndex(key, 1024); err != nil {
		return err
	}
	for i := range s.o.Systems {
		sys := &s.o.Systems[i]
		if sys.ID, err = s.o.Store.EnsureSystem(sys.Name); err != nil {
			return err
		}
		if err := s.Directory.Load(entries(s.o.Store.Subjects(sys.ID))); err != nil {
			return err
		}
	}
	return s.Identity.Reload() // systems that were new are known from now on
}

// entries leaves out the erased.
func entries(all iter.Seq2[store.Subject, error]) iter.Seq2[subjects.Entry, error] {
	return func(yield func(subjects.Entry, error) bool) {
		for sub, err := range all {
			if err == nil && sub.Key == "" {
				continue
			}
			if !yield(subjects.Entry{System: sub.System, Key: sub.Key, Subject: sub.Number}, err) || err != nil {
				return
			}
		}
	}
}

// openSystems reads the schemas and fills directory and index.
func (s *Site) openSystems(ctx context.Context) error {
	for i := range s.o.Systems {
		sys := &s.o.Systems[i]
		entrance := &pgproxy.System{System: &sys.System, Upstream: sys.Upstream, Refresh: sys.SchemaEvery, Log: s.o.Log}
		if err := entrance.Open(ctx); err != nil {
			return wrap(sys.Name, err)
		}
		if err := s.fill(ctx, sys); err != nil {
			return wrap(sys.Name, err)
		}
		s.systems = append(s.systems, entrance)
	}
	return nil
}

func wrap(system string, err error) error {
	if code := custody.CodeOf(err); code != custody.CodeInternal {
		return &custody.Error{Code: code, Message: fmt.Sprintf("system %s: %s", system, err), Hint: custody.HintOf(err), Err: err}
	}
	return &custody.Error{Code: custody.CodeUnavailable, Message: fmt.Sprintf("system %s: its customers could not be read", system),
		Hint: "check that the system's credential may read the tables that custody.yaml declares", Err: err}
}

func (s *Site) fill(ctx context.Context, sys *System) error {
	if len(sys.Tables) == 0 {
		return nil
	}
	conn, err := pgx.ConnectConfig(ctx, sys.Upstream)
	if err != nil {
		return &custody.Error{Code: custody.CodeUnavailable, Message: "the database cannot be reached",
			Hint: "check database.url and the credential in custody.yaml", Err: err}
	}
	defer conn.Close(ctx)
	return subjects.Fill(ctx, conn, &sys.System, s.Directory, s.Index)
}

// keepFilled looks for new subjects and identifiers on a schedule.
func (s *Site) keepFilled(ctx context.Context, sys *System) {
	every := sys.SubjectEvery
	if every == 0 {
		every = time.Minute
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := s.fill(ctx, sys); err != nil && ctx.Err() == nil {
				s.o.Log.Warn("the customers' keys and identifiers could not be read again", "system", sys.Name, "err", err)
			}
		}
	}
}
