package site

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"custody"
	"custody/console"
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

// known is what the gate holds of subjects in memory: keys and identifiers.
type known struct {
	directory *subjects.Directory
	index     *subjects.Index
}

// memory lets the gate see one known at a time; an erasure replaces it whole.
type memory struct{ now atomic.Pointer[known] }

// Lookup implements gate.Directory.
func (m *memory) Lookup(system custody.SystemID, key []byte) (custody.SubjectID, bool) {
	return m.now.Load().directory.Lookup(system, key)
}

// Assign implements gate.Directory.
func (m *memory) Assign(system custody.SystemID, keys []string) ([]custody.SubjectID, error) {
	return m.now.Load().directory.Assign(system, keys)
}

// Find implements gate.Identifiers.
func (m *memory) Find(dst []custody.SubjectID, system custody.SystemID, c custody.Category, value []byte) []custody.SubjectID {
	return m.now.Load().index.Find(dst, system, c, value)
}

// Version implements portal.Versioned.
func (m *memory) Version() uint64 { return m.now.Load().index.Version() }

// Kinds implements body.Values.
func (m *memory) Kinds(system custody.SystemID) custody.CategorySet {
	return m.now.Load().index.Kinds(system)
}

// openSubjects finishes namings that a crash cut short, gives the systems their
// numbers and loads the directory.
func (s *Site) openSubjects() error {
	s.namer = &namer{store: s.o.Store, ledger: s.Ledger, now: s.o.Now}
	if err := s.namer.writePending(); err != nil {
		return err
	}
	for i := range s.o.Systems {
		var err error
		if s.o.Systems[i].ID, err = s.o.Store.EnsureSystem(s.o.Systems[i].Name); err != nil {
			return err
		}
	}
	if s.o.Console != nil { // its sessions are of a system of their own
		if _, err := s.o.Store.EnsureSystem(console.SystemName); err != nil {
			return err
		}
	}
	if err := s.Identity.Reload(); err != nil { // systems that were new are known from now on
		return err
	}
	erasures, err := s.o.Store.Erasures()
	if err != nil {
		return err
	}
	k, err := s.load()
	if err != nil {
		return err
	}
	s.erasures = erasures
	s.memory.now.Store(k)
	return nil
}

// load reads the directory from the store, with an index that is still empty. The
// index's key never leaves memory: it is derived from the deployment's secret.
func (s *Site) load() (*known, error) {
	key, err := hkdf.Key(sha256.New, s.o.Key, nil, "custody identifier index", 32)
	if err != nil {
		return nil, err
	}
	k := &known{directory: subjects.NewDirectory(s.namer)}
	if k.index, err = subjects.NewIndex(key, 1024); err != nil {
		return nil, err
	}
	for i := range s.o.Systems {
		if p := s.o.Systems[i].Portal; p != nil {
			k.index.Remember(s.o.Systems[i].ID)
			k.index.Corroborate(s.o.Systems[i].ID, p.Corroborate)
		}
		if err := k.directory.Load(entries(s.o.Store.Subjects(s.o.Systems[i].ID))); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// hearErasures forgets in memory what was erased in the store, by reading keys and
// identifiers anew (P8). Until that is done the old numbers are still given.
func (s *Site) hearErasures(ctx context.Context) error {
	erasures, err := s.o.Store.Erasures()
	if err != nil || erasures == s.erasures {
		return err
	}
	s.erasures = erasures
	k, err := s.load()
	if err != nil {
		return err
	}
	s.memory.now.Store(k)
	s.work.Go(func() { // rows without a key are refused until the index is full again
		for i := range s.o.Systems {
			if err := s.fill(ctx, &s.o.Systems[i]); err != nil && ctx.Err() == nil {
				s.o.Log.Warn("identifiers could not be read again after an erasure", "system", s.o.Systems[i].Name, "err", err)
			}
		}
	})
	return nil
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
		if sys.Upstream == nil {
			if err := s.fill(ctx, sys); err != nil {
				return wrap(sys.Name, err)
			}
			continue
		}
		entrance := &pgproxy.System{System: &sys.System, Upstream: sys.Upstream, Refresh: sys.SchemaEvery, Log: s.o.Log}
		if err := s.checkRole(ctx, sys); err != nil {
			return wrap(sys.Name, err)
		}
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

// fill reads keys and identifiers.
func (s *Site) fill(ctx context.Context, sys *System) error {
	if sys.Upstream == nil {
		return s.fillExport(sys)
	}
	if len(sys.Tables) == 0 {
		return nil
	}
	conn, err := connect(ctx, sys)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	k := s.memory.now.Load()
	return subjects.Fill(ctx, conn, &sys.System, k.directory, k.index)
}

// keepFilled looks for new subjects and identifiers on a schedule, and soon after a
// portal's application may have changed some.
func (s *Site) keepFilled(ctx context.Context, sys *System) {
	every := sys.SubjectEvery
	if every == 0 {
		every = time.Minute
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	var read time.Time
	for rest := time.Duration(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-sys.changed:
			if !pause(ctx, min(rest, every)) {
				return
			}
		}
		renewed := sys.renewed()
		if sys.Upstream == nil && renewed.Equal(read) {
			continue
		}
		read = renewed
		began := time.Now()
		if err := s.fill(ctx, sys); err != nil && ctx.Err() == nil {
			s.o.Log.Warn("the customers' keys and identifiers could not be read again", "system", sys.Name, "err", err)
		}
		rest = fillShare * time.Since(began)
	}
}

// fillShare bounds how much of the time a busy portal has the whole system read: a tenth.
const fillShare = 9

// pause waits, or says that ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// every does something after each period, the first one included, until ctx ends.
func every(ctx context.Context, period time.Duration, do func()) {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			do()
		}
	}
}
