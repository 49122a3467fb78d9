package gate

import (
	"fmt"
	"strings"
	"time"

	"custody"
)

// cachedDecision keeps one decision until policy says that it must be asked again
// or something changed. A statement of a known shape costs one comparison.
type cachedDecision struct {
	generation uint64
	until      time.Time
	decision   custody.Decision
}

// Need is what a statement or a request needs of the personal data of one source.
type Need struct {
	Action custody.Action
	Read   custody.CategorySet // shown or used
	Used   custody.CategorySet // used otherwise than by showing the bare value
	// Veiled says that the asker takes out of the answer what may not be seen, so
	// that only an answer of which nothing may be seen is refused; see veiled.
	Veiled bool
	// Hidden are categories of Read that a veiled answer holds masked: no approval is
	// used for them.
	Hidden custody.CategorySet
}

// Ruling is the answer to a need that may go ahead.
type Ruling struct {
	Grant  custody.GrantID
	Masked custody.CategorySet // of Read: show masked only
	// Lent are those of Read that approvals open, for so many customers; see Loan.
	Lent   custody.CategorySet
	Limits custody.Limits
	// Approved says that Grant is an approval: its own count is the only limit.
	Approved bool
	need     Need // what was asked, to ask again before each release
}

// Decide asks policy. It returns an error of code Forbidden, Reason, Revoked or
// Unavailable when the answer is no; the refusal has been recorded by then.
func (s *Session) Decide(n Need, statement uint64) (Ruling, error) {
	r, err := s.decide(n)
	if err != nil {
		s.Refuse(custody.CodeOf(err), statement)
	}
	return r, err
}

func (s *Session) decide(n Need) (Ruling, error) {
	if err := s.open(); err != nil {
		return Ruling{}, err
	}
	if a := s.Actor(); a != s.signed {
		if err := s.acting(a); err != nil {
			return Ruling{}, err
		}
	}
	see := s.decision(custody.See)
	clear, masked := see.With(custody.Clear), see.With(custody.Masked)
	if n.Veiled {
		return s.veiled(n, see, clear, masked)
	}
	lent := custody.CategorySet(0)
	if n.Action == custody.See {
		lent = n.Read & see.Lent
		masked &^= lent
	}
	if n.Action != custody.See {
		also := s.decision(n.Action)
		permitted := also.With(custody.Clear) | also.With(custody.Masked)
		if missing := n.Read &^ permitted; missing != 0 {
			if x := s.exportFor(n, see); x != nil {
				return Ruling{Grant: x.Grant, Masked: n.Read & masked, Approved: true, need: n}, nil
			}
			return Ruling{}, s.missing(also, noAction(n.Action, missing))
		}
		masked = (masked | also.With(custody.Masked)) & permitted
		clear = clear & permitted &^ masked
		if n.Action == custody.Change { // who may change need not be able to see: its own grant counts
			see, clear, masked = also, permitted, 0
		}
	}
	if missing := n.Read &^ (clear | masked | lent); missing != 0 {
		return Ruling{}, s.missing(see, noCategory(missing))
	}
	if missing := n.Used &^ (clear | lent); missing != 0 {
		return Ruling{}, s.missing(see, onlyMasked(missing))
	}
	return Ruling{Grant: see.Grant, Masked: n.Read & masked, Lent: lent, Limits: see.Limits, need: n}, nil
}

// acting says whether somebody may be acted for now.
func (s *Session) acting(a *custody.Session) error {
	if !a.Expires.IsZero() && !s.g.parts.Now().Before(a.Expires) {
		return custody.E(custody.CodeUnauthorised, "the signed identity of the person has expired",
			"pass on a new one: SET custody.on_behalf_of = '…'; or RESET custody.on_behalf_of")
	}
	return s.g.parts.Authority.Confirmed(a)
}

// missing picks the error for what is not permitted: a grant that waits for a
// reason is better news than none.
func (s *Session) missing(d *custody.Decision, otherwise error) error {
	if d.ReasonRequired && s.reason == "" {
		return noReason()
	}
	if len(d.Needs) > 0 {
		return waits(otherwise, d.Needs)
	}
	return otherwise
}

// waits says what would help: training that has run out, a rule that is not accepted.
func waits(err error, needs []string) error {
	return custody.E(custody.CodeOf(err), err.Error(), "a right of yours waits for "+strings.Join(needs, ", ")+
		": accept rules at a portal's /.custody/rules; training and clause are kept by whoever keeps the register")
}

// decision gives the cached decision for an action, or asks policy.
func (s *Session) decision(a custody.Action) *custody.Decision {
	c := &s.cached[a]
	now := s.g.parts.Now()
	generation := s.g.generation.Load()
	if c.generation == generation && now.Before(c.until) {
		return &c.decision
	}
	hour, day := s.counter.counts(now)
	c.decision = (*s.g.policy.Load()).Decide(custody.Question{
		Session: s.Actor(), Action: a, Time: now, Reason: s.reason, Hour: hour, Day: day,
	})
	c.generation, c.until = generation, c.decision.ValidUntil
	return &c.decision
}

// Rights gives the present decision for seeing, for greetings and explanations.
func (s *Session) Rights() custody.Decision { return *s.decision(custody.See) }

// Refuse records that something was refused. A refusal needs no durable record to
// be safe, so a failing ledger is logged and changes nothing.
func (s *Session) Refuse(code custody.Code, statement uint64) {
	if code == custody.CodeUnrecorded {
		return
	}
	e := s.header(custody.EventRefusal)
	e.Code, e.Statement = code, statement
	if err := s.g.record(e); err != nil {
		s.g.parts.Log.Error("a refusal could not be recorded", "session", s.signed.ID, "err", err)
	}
}

// open says whether anything may be released at all: the session was not cut and
// the gate hears revocations (P3).
func (s *Session) open() error {
	if code := s.WasCut(); code != custody.CodeNone {
		return custody.E(code, "your access has ended", "ask the administrator if this is a mistake")
	}
	if !s.g.hears() {
		return custody.E(custody.CodeUnavailable, "the gate cannot hear whether rights have ended, so it releases nothing",
			"tell the administrator: the store cannot be read; `custody serve` logs the cause")
	}
	return nil
}

func noCategory(missing custody.CategorySet) error {
	return custody.E(custody.CodeForbidden, fmt.Sprintf("your grant does not include %s", missing),
		"leave those columns out of the statement, or ask for a grant: custody grant add --see "+missing.String())
}

func onlyMasked(missing custody.CategorySet) error {
	return custody.E(custody.CodeForbidden, fmt.Sprintf("your grant shows %s masked only", missing),
		"select the bare column; it may not be used in conditions, ordering, grouping or expressions")
}

func noAction(a custody.Action, missing custody.CategorySet) error {
	hint := "ask for the right: custody grant add --" + a.String() + " …"
	if a == custody.Export {
		hint = "ask for fewer customers: add a WHERE condition or a LIMIT; or ask for the export right: custody grant add --export"
	}
	return custody.E(custody.CodeForbidden, fmt.Sprintf("your grant does not let you %s %s", a, missing), hint)
}

func noReason() error {
	return custody.E(custody.CodeReason, "your grant requires a reason",
		"state it first: SET custody.reason = 'claim 123'")
}

// Left says in a sentence how many customers may still be seen, for greetings. It
// is empty when nothing limits the session.
func (s *Session) Left() string {
	d := s.Rights()
	hour, day := s.counter.counts(s.g.parts.Now())
	text := ""
	if d.Limits.PerDay != 0 {
		text += fmt.Sprintf(" Customers left today: %d of %d.", left(d.Limits.PerDay, day), d.Limits.PerDay)
	}
	if d.Limits.PerHour != 0 {
		text += fmt.Sprintf(" Left this hour: %d of %d.", left(d.Limits.PerHour, hour), d.Limits.PerHour)
	}
	if d.ReasonRequired {
		text += " State a reason first: SET custody.reason = 'claim 123'."
	}
	return text
}

func left(limit, used uint32) uint32 {
	if used >= limit {
		return 0
	}
	return limit - used
}
