// Package gate is the ordered path every look takes: decide, recognise, record,
// release. It knows no wire: ingress packages (pgproxy, portal) bring it what a
// statement or a request would disclose and ask before they let a byte out.
// docs/disclosure-cycle.md numbers the steps.
package gate

import (
	"iter"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"custody"
)

// Recorder makes events durable. Append returns nil only when they are.
type Recorder interface {
	Append(events ...*custody.Event) error
	// Join takes events and leaves the waiting for later: they are durable when wait
	// returns nil. Waiting for the last of several who joined makes all durable.
	Join(events ...*custody.Event) (wait func() error, err error)
}

// History gives what was recorded, disclosures and changes, so that limits survive a
// restart.
type History interface {
	Disclosed(person custody.PersonID, app custody.ApplicationID, system custody.SystemID, since time.Time) iter.Seq[*custody.Event]
}

// Decider answers what a session may do. It is pure: no I/O.
type Decider interface {
	Decide(custody.Question) custody.Decision
}

// Authority says whether a session's right is still current, and makes reasons
// durable.
type Authority interface {
	Valid(*custody.Session) error
	// Confirmed says whether a person in whose name an application asks has no word to
	// give first; CodeConfirm if so. The connection goes on.
	Confirmed(*custody.Session) error
	Reason(*custody.Session, string) (custody.ReasonID, error)
}

// Directory gives subjects their numbers. Assign is durable when it returns.
type Directory interface {
	Lookup(system custody.SystemID, key []byte) (custody.SubjectID, bool)
	Assign(system custody.SystemID, keys []string) ([]custody.SubjectID, error)
}

// Identifiers finds the subjects that a value (a phone, an email …) names.
type Identifiers interface {
	Find(dst []custody.SubjectID, system custody.SystemID, category custody.Category, value []byte) []custody.SubjectID
}

// Parts are what a gate is made of. All are required but Identifiers, Follower, Zone,
// Now, Log and Deaf.
type Parts struct {
	Ledger      Recorder
	History     History
	Policy      Decider
	Authority   Authority
	Directory   Directory
	Identifiers Identifiers
	Follower    Follower
	Zone        *time.Location   // days begin at its midnight; UTC if nil
	Now         func() time.Time // time.Now if nil
	Log         *slog.Logger
	// Deaf is how long the gate goes on releasing without having heard that
	// revocations can be heard (P3). 1 s if zero.
	Deaf time.Duration
}

// Gate holds the live sessions and the people's counts. It is safe for concurrent use.
type Gate struct {
	parts Parts
	// policy is swapped whole when grants change; generation counts the swaps, so
	// that cached decisions know that they are old.
	policy     atomic.Pointer[Decider]
	generation atomic.Uint64
	heard      atomic.Int64 // monotonic nanoseconds since start of the last heartbeat
	start      time.Time

	mu   sync.Mutex
	live map[custody.SessionID]*Session

	countersMu sync.Mutex
	counters   map[counterKey]*counter
}

// New makes a gate. It counts as hearing from now on; call Heard at least once a
// second while revocations can be heard.
func New(p Parts) *Gate {
	if p.Zone == nil {
		p.Zone = time.UTC
	}
	if p.Now == nil {
		p.Now = time.Now
	}
	if p.Log == nil {
		p.Log = slog.Default()
	}
	if p.Deaf == 0 {
		p.Deaf = time.Second
	}
	g := &Gate{
		parts:    p,
		start:    time.Now(),
		live:     map[custody.SessionID]*Session{},
		counters: map[counterKey]*counter{},
	}
	g.policy.Store(&p.Policy)
	g.Heard()
	return g
}

// Heard is the heartbeat of whoever listens for revocations.
func (g *Gate) Heard() { g.heard.Store(int64(time.Since(g.start))) }

// Unheard is how long revocations were not heard.
func (g *Gate) Unheard() time.Duration {
	return time.Since(g.start) - time.Duration(g.heard.Load())
}

// hears says whether revocations could be heard lately. Where they could not it waits a
// little: a machine that is overloaded hears late, and what waits is not released.
func (g *Gate) hears() bool {
	for by := time.Duration(-1); g.Unheard() > g.parts.Deaf; time.Sleep(listenAgain) {
		now := time.Since(g.start)
		if by < 0 {
			by = now + patience*g.parts.Deaf
		}
		if now >= by {
			return false
		}
	}
	return true
}

// patience is how many times as long as Deaf whoever looks waits for the gate to hear.
const (
	patience    = 4
	listenAgain = 5 * time.Millisecond
)

// SetPolicy swaps the policy after grants changed. Running answers meet the new
// one at their next buffer, because Recheck must follow.
func (g *Gate) SetPolicy(p Decider) {
	g.policy.Store(&p)
	g.generation.Add(1)
}

// Recheck asks again for the right of every live session and cuts those whose
// right has ended. Call it after any change of people, credentials or grants.
func (g *Gate) Recheck() {
	g.generation.Add(1)
	for _, s := range g.sessions() {
		if err := s.valid(); err != nil {
			s.Cut(custody.CodeRevoked)
		}
	}
}

// Live counts the live sessions.
func (g *Gate) Live() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.live)
}

// CutAll ends every session, for shutting down.
func (g *Gate) CutAll(code custody.Code) {
	for _, s := range g.sessions() {
		s.Cut(code)
	}
}

func (g *Gate) sessions() []*Session {
	g.mu.Lock()
	defer g.mu.Unlock()
	list := make([]*Session, 0, len(g.live))
	for _, s := range g.live {
		list = append(list, s)
	}
	return list
}

// Directory gives the subjects' numbers, for an ingress that resolves keys.
func (g *Gate) Directory() Directory { return g.parts.Directory }

// Identifiers finds subjects by value; nil when there is no index.
func (g *Gate) Identifiers() Identifiers { return g.parts.Identifiers }
