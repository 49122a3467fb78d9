package site

import (
	"context"
	"errors"
	"time"

	"custody"
	"custody/signin"
	"custody/store"
)

// notice is the version of the notice that people accept at sign-in.
func (s *Site) notice() string {
	if v := s.o.SignIn.Notice.Version; v != "" {
		return v
	}
	return signin.DefaultNotice().Version
}

// recordRights writes the changes of rights that the ledger does not have yet, whoever
// made them. An event that a crash left twice in it says the same twice.
func (s *Site) recordRights() error {
	pending, err := s.o.Store.UnrecordedRights()
	if err != nil {
		return err
	}
	for i := range pending {
		e := &pending[i]
		code := custody.CodeNone
		if e.Changes == store.Takes {
			code = custody.CodeRevoked
		}
		if err := s.Ledger.Append(&custody.Event{Kind: custody.EventRight, Code: code, Time: e.Time, Person: e.Actor, Organisation: e.Organisation,
			System: e.System, Grant: e.Grant, Statement: e.Mark()}); err != nil {
			return err
		}
		if err := s.o.Store.RightRecorded(e.ID, s.o.Now()); err != nil {
			return err
		}
	}
	return nil
}

// choresEvery is how often the serving process does what time alone makes due.
const choresEvery = time.Second

// keepRights does what falls due while nobody runs a command: requests lapse, reviews
// end at their deadline, reminders are sent.
func (s *Site) keepRights(ctx context.Context) {
	every(ctx, choresEvery, func() {
		if err := errors.Join(s.o.Store.RightsChores(ctx, s.o.Now()), s.tellRights(ctx)); err != nil && ctx.Err() == nil {
			s.o.Log.Warn("what is due of requests and reviews could not be done", "err", err)
		}
	})
}

// BreakGlass is who may have what in an emergency, without anybody's leave; nobody
// without roles.
type BreakGlass struct {
	Roles    []string
	See      custody.CategorySet
	Subjects uint32
	For      time.Duration
}

// use gives somebody emergency access to a system as it is configured.
func (b *BreakGlass) use(ctx context.Context, s *store.Store, sess *custody.Session, reason string, at time.Time) error {
	return s.UseBreakGlass(ctx, &store.BreakGlass{Person: sess.Person, Organisation: sess.Organisation, System: sess.System, Categories: b.See,
		Subjects: b.Subjects, Reason: reason, Ends: at.Add(b.For)}, b.Roles, at)
}
