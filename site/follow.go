package site

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"custody"
	"custody/gate"
	"custody/subjects"
)

// follower keeps the identifier index at what changes through the gate leave behind:
// a new value names its customer before the change is committed, and when the
// transaction has ended one reading of the customer settles what names them. Nobody
// waits for that reading; until it is done, old and new values both count.
type follower struct {
	memory  *memory
	coming  atomic.Int64                  // announcements that are not settled
	waiting map[custody.SystemID]*waiting // fixed
}

// waiting is what a system's changes leave to do.
type waiting struct {
	mu    sync.Mutex
	todo  todo
	ready chan struct{}
}

type todo struct {
	subjects  map[custody.SubjectID]bool
	announced []subjects.Announced
	all       bool // too many: read the whole system
}

// Bounds of what is kept of changes: a change of more customers than that costs one
// reading of the whole system instead.
const (
	maxComing   = 100_000
	maxFollowed = 20 * subjects.MaxReread
)

// newFollower makes room for every system.
func (s *Site) newFollower() *follower {
	s.follower = &follower{memory: &s.memory, waiting: map[custody.SystemID]*waiting{}}
	for i := range s.o.Systems {
		s.follower.waiting[s.o.Systems[i].ID] = &waiting{ready: make(chan struct{}, 1)}
	}
	return s.follower
}

// Announce implements gate.Follower. Beyond a bound a value is added for good; the
// next reading of the whole system takes out what is no longer true.
func (f *follower) Announce(system custody.SystemID, subject custody.SubjectID, category custody.Category, value []byte) gate.Named {
	index := f.memory.now.Load().index
	if f.coming.Load() >= maxComing {
		index.Add(system, subject, category, value)
		f.waiting[system].add(nil, true)
		return gate.Named{Subject: subject}
	}
	a := index.Announce(system, subject, category, value)
	if a.Print != 0 {
		f.coming.Add(1)
	}
	return gate.Named{Subject: subject, Print: a.Print}
}

// Settle implements gate.Follower.
func (f *follower) Settle(system custody.SystemID, changed []gate.Named) {
	w := f.waiting[system]
	w.add(changed, false)
	select {
	case w.ready <- struct{}{}:
	default:
	}
}

func (w *waiting) add(changed []gate.Named, all bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := &w.todo
	t.all = t.all || all
	for _, n := range changed {
		if n.Print != 0 {
			t.announced = append(t.announced, subjects.Announced{Subject: n.Subject, Print: n.Print})
		}
		if t.all {
			continue
		}
		if t.subjects == nil {
			t.subjects = map[custody.SubjectID]bool{}
		}
		if t.subjects[n.Subject] = true; len(t.subjects) > maxFollowed {
			t.all, t.subjects = true, nil
		}
	}
}

func (w *waiting) take() todo {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.todo
	w.todo = todo{}
	return t
}

// follow settles what changed in one system until ctx ends. Where that fails, the whole
// system is read a second later, as it is on the schedule.
func (s *Site) follow(ctx context.Context, sys *System) {
	w := s.follower.waiting[sys.ID]
	var conn *pgx.Conn
	defer func() {
		if conn != nil {
			conn.Close(context.WithoutCancel(ctx))
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.ready:
		}
		t := w.take()
		var err error
		if conn, err = s.settle(ctx, sys, conn, &t); err == nil {
			s.follower.withdraw(sys.ID, t.announced)
			continue
		}
		if ctx.Err() != nil {
			return
		}
		s.o.Log.Warn("customers that were changed could not be read again", "system", sys.Name, "err", err)
		w.again(t)
		time.AfterFunc(time.Second, func() { s.follower.Settle(sys.ID, nil) })
	}
}

// again puts back what failed, to be mended by a reading of the whole system.
func (w *waiting) again(t todo) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.todo.announced = append(w.todo.announced, t.announced...)
	w.todo.all, w.todo.subjects = true, nil
}

func (f *follower) withdraw(system custody.SystemID, list []subjects.Announced) {
	for i := range list {
		list[i].System = system
	}
	f.memory.now.Load().index.Withdraw(list)
	f.coming.Add(-int64(len(list)))
}

// settle reads the changed customers again and gives the connection that it used, for
// the next time; nil after an error.
func (s *Site) settle(ctx context.Context, sys *System, conn *pgx.Conn, t *todo) (*pgx.Conn, error) {
	if t.all {
		return conn, s.fill(ctx, sys)
	}
	entries, err := s.keysOf(sys.ID, t.subjects)
	if err != nil || len(entries) == 0 {
		return conn, err
	}
	if conn == nil {
		if conn, err = pgx.ConnectConfig(ctx, sys.Upstream); err != nil {
			return nil, err
		}
	}
	for len(entries) > 0 {
		n := min(len(entries), subjects.MaxReread)
		if err := subjects.Reread(ctx, conn, &sys.System, s.memory.now.Load().index, entries[:n]); err != nil {
			conn.Close(context.WithoutCancel(ctx))
			return nil, err
		}
		entries = entries[n:]
	}
	return conn, nil
}

// keysOf finds the keys of subjects, leaving out the erased.
func (s *Site) keysOf(system custody.SystemID, list map[custody.SubjectID]bool) ([]subjects.Entry, error) {
	var entries []subjects.Entry
	for id := range list {
		sub, err := s.o.Store.Subject(id)
		if err != nil {
			return nil, err
		}
		if sub.Key != "" && sub.System == system {
			entries = append(entries, subjects.Entry{System: system, Key: sub.Key, Subject: id})
		}
	}
	return entries, nil
}
