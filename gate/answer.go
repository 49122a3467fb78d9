package gate

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"custody"
)

// Answer collects what one answer discloses, part by part: Add subjects while the
// part is buffered, Commit, and only then release the part (steps 5 to 7). An
// Answer is reused for the parts of one result; it is not safe for concurrent use.
type Answer struct {
	s         *Session
	route     custody.Route // of the statement whose groups are added now
	statement uint64
	groups    []group
	export    *roaring.Bitmap // distinct subjects of this answer, when limited
	pending   int
	taken     int                                   // parts so far
	over      map[custody.SubjectID]custody.GrantID // admitted under an approval
	lent      []lent                                // of the subject added last
	part      Part                                  // that was taken last
	now       time.Time                             // when the part began; zero between parts
}

// group holds the subjects of the part that were shown under one ruling and in
// the same categories: each becomes one event.
type group struct {
	route     custody.Route
	statement uint64
	ruling    Ruling
	clear     custody.CategorySet // by the ruling's own grant
	lent      custody.CategorySet // by approvals, each in a group of its own
	subjects  []custody.SubjectID
	sorted    bool
	free      bool             // no limit held for the part when it began
	reason    custody.ReasonID // of the approval, where no other was stated
	event     custody.Event
}

// Begin starts an answer. statement is the fingerprint of the statement's shape.
func (s *Session) Begin(route custody.Route, statement uint64) *Answer {
	s.turn++
	return &Answer{s: s, route: route, statement: statement}
}

// Turn goes on to the answer of another statement of the same session. What is
// pending of earlier ones stays and is committed with it: a pipeline needs one
// record, not one a statement.
func (a *Answer) Turn(route custody.Route, statement uint64) {
	a.route, a.statement, a.export, a.over = route, statement, nil, nil
	a.s.turn++
	if a.pending == 0 {
		a.groups = a.groups[:0]
	}
}

// Group adds a group for what one source shows under a ruling, and gives its
// number for Add. Groups that show the same are one.
func (a *Answer) Group(r Ruling, read custody.CategorySet) int {
	lent := read & r.Lent
	clear := read &^ r.Masked &^ lent
	for i := range a.groups {
		g := &a.groups[i]
		if g.clear == clear && g.lent == lent && g.ruling == r && g.route == a.route && g.statement == a.statement {
			return i
		}
	}
	if len(a.groups) < cap(a.groups) { // keep the subjects' memory of an earlier answer
		a.groups = a.groups[:len(a.groups)+1]
	} else {
		a.groups = append(a.groups, group{})
	}
	g := &a.groups[len(a.groups)-1]
	g.reason = 0
	g.route, g.statement, g.ruling, g.clear, g.lent = a.route, a.statement, r, clear, lent
	g.sorted, g.subjects = true, g.subjects[:0]
	g.free = r.Limits == custody.Limits{} && !r.Approved
	if r.Limits.PerExport != 0 && a.export == nil {
		a.export = roaring.New()
	}
	return len(a.groups) - 1
}

// Add says that the part holds data of a subject. An error of code Limit means:
// this subject is over the limit; end the answer before it, commit and release
// what came earlier.
func (a *Answer) Add(n int, s custody.SubjectID) error {
	if a.groups[n].lent != 0 {
		return a.addLent(n, s)
	}
	return a.add(n, s)
}

func (a *Answer) add(n int, s custody.SubjectID) error {
	g := &a.groups[n]
	if k := len(g.subjects); k > 0 {
		last := g.subjects[k-1]
		if last == s {
			return nil
		}
		g.sorted = g.sorted && last < s
	}
	if grant, ok := a.over[s]; ok {
		g = a.aside(n, grant)
	} else if passed := a.count(g, s); passed != "" {
		grant := custody.GrantID(0)
		if !g.ruling.Approved {
			grant = a.beyond(g.ruling, s)
		}
		if grant == 0 {
			a.s.Refuse(custody.CodeLimit, a.statement)
			return overLimit(passed, g.ruling.Limits, "the answer stops here")
		}
		g = a.aside(n, grant)
	}
	g.subjects = append(g.subjects, s)
	a.pending++
	return nil
}

// Room says whether subjects, ascending and without repeats, could all be added to a
// group: an error of code Limit if they could not. It counts none of them.
func (a *Answer) Room(n int, list []custody.SubjectID) error {
	g := &a.groups[n]
	l := g.ruling.Limits
	if g.lent != 0 && !a.roomLent(g, list) {
		a.s.Refuse(custody.CodeLimit, a.statement)
		return overLimit("approval", l, "the answer stops before a row that shows more")
	}
	if g.free {
		return nil
	}
	a.begin()
	if g.ruling.Approved {
		if x := a.s.still(g.ruling.need.Action, g.ruling.Grant); x == nil || !a.roomBeyond(g.ruling, list, uint64(len(list))) {
			a.s.Refuse(custody.CodeLimit, a.statement)
			return overLimit("approval", l, "the answer stops before a row that shows more")
		}
		return nil
	}
	passed, over := a.s.counter.room(list, l, a.now)
	if l.PerExport != 0 {
		if more := missing(a.export, list); more > 0 && a.export.GetCardinality()+more > uint64(l.PerExport) {
			passed, over = "export", max(over, a.export.GetCardinality()+more-uint64(l.PerExport))
		}
	}
	if passed != "" && !a.roomBeyond(g.ruling, list, over) {
		a.s.Refuse(custody.CodeLimit, a.statement)
		return overLimit(passed, l, "the answer stops before a row that shows more")
	}
	return nil
}

// Taken counts the parts taken so far.
func (a *Answer) Taken() int { return a.taken }

func (a *Answer) count(g *group, s custody.SubjectID) (passed string) {
	l := g.ruling.Limits
	if g.free { // nothing to stop before: counted with the part
		return ""
	}
	if g.ruling.Approved {
		if a.underApproval(g.ruling, s) {
			return ""
		}
		return "approval"
	}
	if l.PerExport != 0 && !a.export.Contains(uint32(s)) && a.export.GetCardinality() >= uint64(l.PerExport) {
		return "export"
	}
	a.begin()
	if passed := a.s.counter.add(s, l, a.now); passed != "" {
		return passed
	}
	if a.export != nil {
		a.export.Add(uint32(s))
	}
	return ""
}

// Pending counts the subjects added since the last Commit, repeats included.
func (a *Answer) Pending() int { return a.pending }

// Commit records the part and returns nil only when the record is durable, the
// session was not cut and the gate hears revocations: then, and only then, the
// part may be released.
func (a *Answer) Commit() error {
	p, err := a.Take()
	if err != nil {
		return err
	}
	return p.Commit()
}

// Part is a part of an answer that has ended and is not yet recorded.
type Part struct {
	s      *Session
	groups []group
	events []*custody.Event
}

// Take ends the part, so that another goroutine can commit it while the next one is
// collected. What it gives holds until the next Take.
func (a *Answer) Take() (*Part, error) {
	p := &a.part
	p.s, p.events = a.s, p.events[:0]
	if a.pending == 0 {
		return p, nil
	}
	for len(p.groups) < len(a.groups) {
		p.groups = append(p.groups, group{})
	}
	for i := range a.groups {
		if len(a.groups[i].subjects) == 0 {
			continue
		}
		if err := a.stillMay(&a.groups[i]); err != nil {
			return nil, err
		}
		p.add(a.hand(&a.groups[i], &p.groups[i]))
	}
	a.pending, a.now, a.taken = 0, time.Time{}, a.taken+1
	return p, nil
}

// hand moves a group's subjects to the part, in exchange for the memory of those of
// the part before, and gives their event.
func (a *Answer) hand(g, to *group) *custody.Event {
	g.subjects, to.subjects = to.subjects[:0], g.subjects
	to.route, to.statement, to.ruling, to.clear, to.sorted = g.route, g.statement, g.ruling, g.clear, g.sorted
	to.reason = g.reason
	e := a.fill(to)
	if g.free {
		a.s.counter.addAll(to.subjects, e.Time)
	}
	g.sorted, g.free = true, g.ruling.Limits == custody.Limits{} && !g.ruling.Approved
	return e
}

// Commit is Answer.Commit of this part. It may run in a goroutine of its own.
func (p *Part) Commit() error {
	if len(p.events) > 0 {
		if err := p.s.g.record(p.events...); err != nil {
			return err
		}
	}
	return p.s.open()
}

// Join is Commit in two steps, for one who waits for many sessions at once: wait
// returns nil when the record is durable and the part may be released. Only the
// session's own goroutine calls it. What the part holds must stay as it is until
// then.
func (p *Part) Join() (wait func() error, err error) {
	if len(p.events) == 0 {
		return p.s.open, nil
	}
	durable, err := p.s.g.parts.Ledger.Join(p.events...)
	if err != nil {
		return nil, unrecorded(notReleased, err)
	}
	return func() error {
		if err := unrecorded(notReleased, durable()); err != nil {
			return err
		}
		return p.s.open()
	}, nil
}

// stillMay asks policy again: a grant may have ended, or a limit changed, since the
// statement began (P3). Nearly always the answer is at hand.
func (a *Answer) stillMay(g *group) error {
	if g.ruling.Approved { // the approval is what lets it through; what may be seen is asked as ever
		return a.stillApproved(g)
	}
	r, err := a.s.decide(g.ruling.need)
	if err != nil {
		a.s.Refuse(custody.CodeOf(err), g.statement)
		return err
	}
	if r.Masked != g.ruling.Masked || r.Lent != g.ruling.Lent {
		return custody.E(custody.CodeRevoked, "your rights changed while the statement ran", "run it again")
	}
	g.ruling = r
	return nil
}

func (a *Answer) stillApproved(g *group) error {
	need := g.ruling.need
	need.Action = custody.See
	r, err := a.s.decide(need)
	x := a.s.still(g.ruling.need.Action, g.ruling.Grant)
	if err == nil && (x == nil || r.Masked&^g.ruling.Masked != 0) {
		err = errEnded
	}
	if err == nil {
		g.reason, err = a.s.approvedFor(x)
	}
	if err != nil {
		a.s.Refuse(custody.CodeOf(err), g.statement)
	}
	return err
}

// add lists an event, or joins it to one that differs in categories only: a join
// of two tables of the same customers is one look.
func (p *Part) add(e *custody.Event) {
	for _, f := range p.events {
		if f.Route == e.Route && f.Statement == e.Statement && f.Grant == e.Grant && slices.Equal(f.Subjects, e.Subjects) {
			f.Clear |= e.Clear
			f.Masked |= e.Masked
			return
		}
	}
	p.events = append(p.events, e)
}

// fill writes the group's event, its subjects ascending and without repeats.
func (a *Answer) fill(g *group) *custody.Event {
	if !g.sorted {
		slices.Sort(g.subjects)
		g.subjects = slices.Compact(g.subjects)
	}
	actor := a.s.Actor()
	g.event = custody.Event{
		Kind: custody.EventDisclosure, Route: g.route, Time: a.s.g.parts.Now(),
		Person: actor.Person, Application: actor.Application, Organisation: actor.Organisation,
		System: actor.System, Session: a.s.signed.ID, Grant: g.ruling.Grant, Reason: cmp.Or(a.s.reasons, g.reason),
		Clear: g.clear, Masked: g.ruling.Masked, Statement: g.statement, Subjects: g.subjects,
	}
	return &g.event
}

func overLimit(passed string, l custody.Limits, so string) error {
	n, window := l.PerDay, "day"
	switch passed {
	case "approval":
		return custody.E(custody.CodeLimit, "what was approved is used up; "+so,
			"customers already seen stay open to you; ask for more: custody request new")
	case "hour":
		n, window = l.PerHour, "hour"
	case "export":
		n, window = l.PerExport, "export"
	}
	return custody.E(custody.CodeLimit,
		fmt.Sprintf("your limit of %d customers per %s is reached; %s", n, window, so),
		"customers already seen stay open to you; for more ask a manager: custody request new")
}
