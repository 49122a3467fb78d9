package site

import (
	"context"
	"time"

	"custody"
	"custody/identity"
)

// refusal is a sign-in that was refused: somebody used a login in vain.
type refusal struct {
	login  string
	system string
	at     time.Time
}

// Bounds of what is recorded of refused sign-ins: strangers must not fill the ledger.
const (
	maxRefusals   = 256 // waiting to be recorded; more are counted in the log
	refusedEach   = 20  // of one login within refusedWithin
	refusedWithin = 10 * time.Minute
	maxRefused    = 10_000 // logins that are remembered
)

// refusals records refused sign-ins of people who are known here, away from the
// connection, so that how long an answer takes does not say who exists (P7).
type refusals struct {
	coming chan refusal
	recent map[custody.PersonID]*refusedOf
}

type refusedOf struct {
	since time.Time
	n     int
}

// refused takes a refused sign-in; it does not wait.
func (s *Site) refused(login, system string) {
	select {
	case s.refusals.coming <- refusal{login, system, s.o.Now()}:
	default:
		s.o.Log.Warn("more sign-ins were refused than can be recorded", "system", system)
	}
}

// keepRefused records refused sign-ins until ctx ends.
func (s *Site) keepRefused(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case r := <-s.refusals.coming:
			if err := s.recordRefused(r); err != nil {
				s.o.Log.Warn("a refused sign-in could not be recorded", "system", r.system, "err", err)
			}
		}
	}
}

func (s *Site) recordRefused(r refusal) error {
	p, err := s.Identity.Find(identity.NormalLogin(r.login))
	if err != nil || p == nil || !s.refusals.room(p.ID, r.at) {
		return err
	}
	return s.Ledger.Append(&custody.Event{Kind: custody.EventRefusal, Code: custody.CodeUnauthorised, Time: r.at, Person: p.ID, System: s.systemNamed(r.system)})
}

// systemNamed gives a declared system's number; zero for a name that is none, which a
// client made up, and for the console.
func (s *Site) systemNamed(name string) custody.SystemID {
	for i := range s.o.Systems {
		if s.o.Systems[i].Name == name {
			return s.o.Systems[i].ID
		}
	}
	return 0
}

// room says whether another refusal of a person is to be recorded.
func (r *refusals) room(p custody.PersonID, at time.Time) bool {
	if len(r.recent) >= maxRefused {
		clear(r.recent)
	}
	x := r.recent[p]
	if x == nil || at.Sub(x.since) > refusedWithin {
		x = &refusedOf{since: at}
		r.recent[p] = x
	}
	x.n++
	return x.n <= refusedEach
}
