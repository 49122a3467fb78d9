package gate

import (
	"slices"
	"time"

	"custody"
)

// Changes collects whom the open transaction of a session changes, statement by
// statement: Add the subjects, Commit, and only then let the database commit. A
// transaction that is rolled back changed nobody: Drop forgets it. Changes is not
// safe for concurrent use.
type Changes struct {
	s       *Session
	groups  []changeGroup
	pending int
	commits int
}

// changeGroup holds the subjects that were changed under one ruling, by statements
// of one shape, in the same categories: they become one event.
type changeGroup struct {
	event    custody.Event
	ruling   Ruling
	subjects []custody.SubjectID
	unknown  bool // it is recorded although nobody can tell whose data it is
}

// Changes starts to collect what the session changes.
func (s *Session) Changes() *Changes { return &Changes{s: s} }

// Group gives the number, for Add, of what a statement changes under a ruling.
func (c *Changes) Group(r Ruling, route custody.Route, statement uint64, changed custody.CategorySet) int {
	for i := range c.groups {
		g := &c.groups[i]
		if g.ruling == r && g.event.Route == route && g.event.Statement == statement && g.event.Clear == changed {
			return i
		}
	}
	g := changeGroup{event: *c.s.header(custody.EventChange), ruling: r}
	g.event.Route, g.event.Statement, g.event.Clear, g.event.Grant = route, statement, changed, r.Grant
	c.groups = append(c.groups, g)
	return len(c.groups) - 1
}

// Add says that a subject was changed. Limits count the people whom somebody touched,
// whether seen or changed; an error of code Limit means that this subject is one too
// many: the statement must fail as a whole.
func (c *Changes) Add(n int, s custody.SubjectID) error {
	g := &c.groups[n]
	if k := len(g.subjects); k > 0 && g.subjects[k-1] == s {
		return nil
	}
	if passed := c.s.counter.add(s, g.ruling.Limits, c.s.g.parts.Now()); passed != "" {
		c.s.Refuse(custody.CodeLimit, g.event.Statement)
		return overLimit(passed, g.ruling.Limits, "nothing of this was changed")
	}
	g.subjects = append(g.subjects, s)
	if c.pending++; c.pending >= maxPending {
		return c.Commit()
	}
	return nil
}

// Unknown says that something was changed under a group of which nobody can tell whose
// data it is: an event without subjects records it.
func (c *Changes) Unknown(n int) {
	c.groups[n].unknown = true
	c.pending++
}

// Pending counts the subjects added since the last Commit or Drop, repeats included.
func (c *Changes) Pending() int { return c.pending }

// Drop forgets what was collected: it was rolled back.
func (c *Changes) Drop() { c.groups, c.pending = c.groups[:0], 0 }

// Mark is a moment of a transaction, for DropTo.
type Mark struct {
	commits int
	lengths []int
}

// Mark notes what is collected now.
func (c *Changes) Mark() Mark {
	m := Mark{commits: c.commits}
	for i := range c.groups {
		m.lengths = append(m.lengths, len(c.groups[i].subjects))
	}
	return m
}

// DropTo forgets what was collected since a mark: a statement failed, or the
// transaction went back to a savepoint. What was recorded meanwhile stays recorded.
func (c *Changes) DropTo(m Mark) {
	if m.commits != c.commits {
		m.lengths = make([]int, len(m.lengths)) // all that is left came after the mark
	}
	m.lengths = m.lengths[:min(len(m.lengths), len(c.groups))]
	c.groups, c.pending = c.groups[:len(m.lengths)], 0
	for i, n := range m.lengths {
		c.groups[i].subjects = c.groups[i].subjects[:n]
		c.pending += n
	}
}

// Commit records what was collected and returns nil only when the record is durable,
// the rights to change it still stand and the session was not cut: then, and only
// then, the transaction may be committed. The time of the record is that of Commit.
func (c *Changes) Commit() error {
	if c.pending == 0 {
		return nil
	}
	now := c.s.g.parts.Now()
	events := make([]*custody.Event, 0, len(c.groups))
	for i := range c.groups {
		g := &c.groups[i]
		if len(g.subjects) == 0 && !g.unknown {
			continue
		}
		if _, err := c.s.decide(g.ruling.need); err != nil { // a grant may have ended meanwhile (P3)
			c.s.Refuse(custody.CodeOf(err), g.event.Statement)
			return err
		}
		events = append(events, g.finish(now))
	}
	for i := range c.groups { // a statement may be in the middle of adding to them
		c.groups[i].subjects, c.groups[i].unknown = nil, false
	}
	c.pending, c.commits = 0, c.commits+1
	if err := c.s.g.append("the change could not be recorded, so it was not made", events...); err != nil {
		return err
	}
	return c.s.open()
}

// maxPending is how many subjects are collected before a record is written early, so
// that a change of millions holds little memory. What is rolled back after that stays
// recorded: the error is on the safe side. An event may hold as many.
const maxPending = 1 << 20

// finish completes the group's event, its subjects ascending and without repeats.
func (g *changeGroup) finish(now time.Time) *custody.Event {
	slices.Sort(g.subjects)
	g.event.Time, g.event.Subjects = now, slices.Compact(g.subjects)
	return &g.event
}
