package site

import (
	"context"
	"time"
)

// People says what becomes of logins by time alone.
type People struct {
	// Dormant is how long a login may be unused; zero is for ever.
	Dormant time.Duration
	// SeveralEmployers lets a person work for several organisations at a time.
	SeveralEmployers bool
}

// dormantEvery is how often unused logins are looked for.
const dormantEvery = time.Hour

// settleEnded takes away what hung on engagements that have ended. Their sessions are cut
// already: Valid knows the end. This is about what must not come back with a return.
func (s *Site) settleEnded() {
	cuts, err := s.Identity.SettleDue()
	if err != nil {
		s.o.Log.Error("what hung on ended engagements could not be taken away yet", "err", err)
	}
	for i := range cuts {
		s.o.Log.Info("an engagement has ended", "person", cuts[i].Person, "kind", cuts[i].Kind, "cut", cuts[i].Total())
	}
}

// keepSettled does what follows from changes, until ctx ends. It writes, and waits for
// disks: the listener for changes must not, because while it hears nothing the gate
// releases nothing.
func (s *Site) keepSettled(ctx context.Context, changed <-chan struct{}) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
		s.tellFindings()
		s.settleEnded()
	}
}

// keepFresh ends logins that are not used, until ctx ends.
func (s *Site) keepFresh(ctx context.Context) {
	if s.o.People.Dormant == 0 {
		return
	}
	tick := time.NewTicker(dormantEvery)
	defer tick.Stop()
	for {
		s.expireDormant()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (s *Site) expireDormant() {
	cuts, err := s.Identity.ExpireDormant(s.o.People.Dormant)
	if err != nil {
		s.o.Log.Error("logins that are not used could not be looked for", "err", err)
	}
	for i := range cuts {
		s.o.Log.Info("a login that was not used has expired", "person", cuts[i].Person, "cut", cuts[i].Total())
	}
}
