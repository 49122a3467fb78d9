package gate

import (
	"sync/atomic"

	"custody"
)

// Session is a live session at the gate. One goroutine uses it at a time, except
// for Cut, which anyone may call.
type Session struct {
	g       *Gate
	signed  *custody.Session                // who signed in
	actor   atomic.Pointer[custody.Session] // for whom looks are recorded: signed, or the person it acts for
	counter *counter
	reason  string
	reasons custody.ReasonID
	cached  [3]cachedDecision
	whys    map[custody.GrantID]custody.ReasonID // reasons that approvals gave
	turn    int                                  // answers begun
	cut     atomic.Uint32                        // custody.Code once cut
	onCut   func(custody.Code)
	of      *Session // whose end is this one's, when this is another view of it; see Beside
}

// Enter records the sign-in and makes the session live. When it returns an error
// nobody may be let in. onCut is called once, from another goroutine, when the
// session must end: it closes sockets and must not block.
func (g *Gate) Enter(id *custody.Session, onCut func(custody.Code)) (*Session, error) {
	s := &Session{g: g, signed: id, onCut: onCut}
	s.actor.Store(id)
	start := s.header(custody.EventSessionStart)
	if id.SecondAddress { // the credential is live elsewhere: the record says so
		start.Code = custody.CodeConflict
	}
	if err := g.record(start); err != nil {
		return nil, err
	}
	s.counter = g.counter(id)
	g.mu.Lock()
	g.live[id.ID] = s
	g.mu.Unlock()
	// A right that ended between sign-in and here would be missed by Recheck.
	if err := s.valid(); err != nil {
		s.Leave()
		return nil, err
	}
	return s, nil
}

// Beside gives another view of the same session, for a goroutine of its own: the same
// person, counts and end, with a reason of its own. Leave and Cut of a view are those
// of the session.
func (s *Session) Beside() *Session {
	if s.of != nil {
		return s.of.Beside()
	}
	b := &Session{g: s.g, signed: s.signed, counter: s.counter, of: s}
	b.actor.Store(s.Actor())
	return b
}

// Leave ends the session and records its end.
func (s *Session) Leave() {
	if s.of != nil {
		s.of.Leave()
		return
	}
	s.g.mu.Lock()
	_, live := s.g.live[s.signed.ID]
	delete(s.g.live, s.signed.ID)
	s.g.mu.Unlock()
	if !live {
		return
	}
	e := s.header(custody.EventSessionEnd)
	e.Code = custody.Code(s.cut.Load())
	if err := s.g.record(e); err != nil {
		s.g.parts.Log.Error("the end of a session could not be recorded", "session", s.signed.ID, "err", err)
	}
}

// Cut ends the session from outside, mid-statement too. Nothing is released after it.
func (s *Session) Cut(code custody.Code) {
	if s.of != nil {
		s.of.Cut(code)
		return
	}
	if s.cut.CompareAndSwap(0, uint32(code)) {
		s.onCut(code)
	}
}

// WasCut gives the code with which the session was cut, or CodeNone.
func (s *Session) WasCut() custody.Code {
	if s.of != nil {
		return s.of.WasCut()
	}
	return custody.Code(s.cut.Load())
}

// Signed is who signed in; Actor is for whom looks are recorded.
func (s *Session) Signed() *custody.Session { return s.signed }

// Actor is for whom looks are recorded: who signed in, or the person for whom an
// application acts.
func (s *Session) Actor() *custody.Session { return s.actor.Load() }

// ActFor makes an application's session act for a person, or for itself again
// when person is nil. The caller has checked the person's signed identity.
func (s *Session) ActFor(person *custody.Session) {
	if person == nil {
		person = s.signed
	}
	s.actor.Store(person)
	s.counter = s.g.counter(person)
	s.reason, s.reasons, s.whys = "", 0, nil
	s.cached = [3]cachedDecision{}
}

// SetReason states why the looks that follow are needed; empty takes it back. The
// text is durable when it returns.
func (s *Session) SetReason(text string) error {
	var id custody.ReasonID
	if text != "" {
		var err error
		if id, err = s.g.parts.Authority.Reason(s.Actor(), text); err != nil {
			return err
		}
	}
	s.Restate(id, text)
	return nil
}

// Restate takes up a reason that is durable already, as SetReason gave it.
func (s *Session) Restate(id custody.ReasonID, text string) {
	if s.reasons == id && s.reason == text {
		return
	}
	s.reason, s.reasons = text, id
	s.cached = [3]cachedDecision{}
}

// Reason gives the reason in force and its number; empty and zero if none was stated.
func (s *Session) Reason() (custody.ReasonID, string) { return s.reasons, s.reason }

// valid asks for the right of who signed in and of the person acted for.
func (s *Session) valid() error {
	if err := s.g.parts.Authority.Valid(s.signed); err != nil {
		return err
	}
	if actor := s.Actor(); actor != s.signed {
		return s.g.parts.Authority.Valid(actor)
	}
	return nil
}

// header starts an event of this session.
func (s *Session) header(kind custody.EventKind) *custody.Event {
	a := s.Actor()
	return &custody.Event{
		Kind:         kind,
		Time:         s.g.parts.Now(),
		Person:       a.Person,
		Application:  a.Application,
		Organisation: a.Organisation,
		System:       a.System,
		Session:      s.signed.ID,
		Reason:       s.reasons,
	}
}

// record appends and turns any failure into the one thing a client may know.
func (g *Gate) record(events ...*custody.Event) error {
	return unrecorded(notReleased, g.parts.Ledger.Append(events...))
}

const notReleased = "the disclosure could not be recorded, so it was not released"

func (g *Gate) append(otherwise string, events ...*custody.Event) error {
	return unrecorded(otherwise, g.parts.Ledger.Append(events...))
}

// unrecorded gives the error of the ledger the words that a client may know.
func unrecorded(message string, err error) error {
	if err == nil {
		return nil
	}
	return &custody.Error{
		Code:    custody.CodeUnrecorded,
		Message: message,
		Hint:    "tell the administrator: the ledger cannot write (disk full or failing); `custody serve` logs the cause",
		Err:     err,
	}
}
