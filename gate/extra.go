package gate

import (
	"github.com/RoaringBitmap/roaring/v2"

	"custody"
)

// What was approved beyond the limits is counted by grant: the distinct subjects that
// were shown under it since it began. The ledger is the memory: each such look is an
// event with that grant, so a restart changes nothing.

// spent is how much of an approval is used. Of one for a single answer, by and turn say
// which answer of which session that is; one that has subjects of nobody was used
// before a restart.
type spent struct {
	set  *roaring.Bitmap
	by   *Session
	turn int
}

// spentOf finds or rebuilds from history what is used of an approval. The lock of the
// counter is held.
func (c *counter) spentOf(s *Session, x *custody.Extra) *spent {
	if p := c.spent[x.Grant]; p != nil {
		return p
	}
	p := &spent{set: roaring.New()}
	a := s.Actor()
	for e := range s.g.parts.History.Disclosed(a.Person, 0, a.System, x.Since) {
		if e.Grant == x.Grant && e.Kind == custody.EventDisclosure {
			for _, id := range e.Subjects {
				p.set.Add(uint32(id))
			}
		}
	}
	if c.spent == nil {
		c.spent = map[custody.GrantID]*spent{}
	}
	c.spent[x.Grant] = p
	return p
}

// open says whether the answer that a session makes may use an approval: one for a
// single answer is that answer's alone.
func (p *spent) open(x *custody.Extra, s *Session) bool {
	return !x.Once || p.set.IsEmpty() && p.by == nil || p.by == s && p.turn == s.turn
}

// Ended says that the answer under way is over: what was approved for a single answer
// is used.
func (s *Session) Ended() { s.turn++ }

// left counts the distinct subjects that an approval still has.
func (p *spent) left(x *custody.Extra) uint64 {
	if n := p.set.GetCardinality(); n < uint64(x.Subjects) {
		return uint64(x.Subjects) - n
	}
	return 0
}

// approved finds the approved export that may be used for a need, which must be in its
// categories; nil if there is none.
func (s *Session) approved(read custody.CategorySet) *custody.Extra {
	d := s.decision(custody.Export)
	s.counter.mu.Lock()
	defer s.counter.mu.Unlock()
	for i := range d.Extra {
		x := &d.Extra[i]
		if p := s.counter.spentOf(s, x); read&^x.Categories == 0 && p.open(x, s) && (x.Once || p.left(x) > 0) {
			return x
		}
	}
	return nil
}

// still finds an approval among those in force.
func (s *Session) still(a custody.Action, grant custody.GrantID) *custody.Extra {
	d := s.decision(a)
	for i := range d.Extra {
		if d.Extra[i].Grant == grant {
			return &d.Extra[i]
		}
	}
	return nil
}

// approvedFor gives the number of an approval's own words as a reason, durable; zero
// where a reason is stated or the approval has no words.
func (s *Session) approvedFor(x *custody.Extra) (custody.ReasonID, error) {
	if s.reasons != 0 || x.Why == "" {
		return 0, nil
	}
	if id := s.whys[x.Grant]; id != 0 {
		return id, nil
	}
	id, err := s.g.parts.Authority.Reason(s.Actor(), x.Why)
	if err != nil {
		return 0, err
	}
	if s.whys == nil {
		s.whys = map[custody.GrantID]custody.ReasonID{}
	}
	s.whys[x.Grant] = id
	return id, nil
}

// spend counts subjects, without repeats, against an approval: all of them or, when it
// does not have that many left, none. The lock of the counter is held.
func (a *Answer) spend(x *custody.Extra, list []custody.SubjectID) bool {
	c := a.s.counter
	p := c.spentOf(a.s, x)
	if !p.open(x, a.s) || missing(p.set, list) > p.left(x) {
		return false
	}
	if x.Once {
		p.by, p.turn = a.s, a.s.turn
	}
	c.roll(a.now)
	for _, s := range list {
		p.set.Add(uint32(s))
		c.note(uint32(s))
	}
	return true
}

// spendFirst uses the first approval that suffices for subjects over a limit and gives
// its grant; zero if none does. The lock of the counter is held.
func (a *Answer) spendFirst(all []custody.Extra, r Ruling, list []custody.SubjectID) custody.GrantID {
	for i := range all {
		x := &all[i]
		if r.need.beyond(x) && a.spend(x, list) {
			return x.Grant
		}
	}
	return 0
}

// beyond says whether an approval may let customers over a limit through: an export
// within its categories, or a look that shows one of them.
func (n *Need) beyond(x *custody.Extra) bool {
	if n.Action == custody.Export {
		return n.Read&^x.Categories == 0
	}
	return x.Categories == 0 || n.Read&x.Categories != 0
}

// note counts a subject that no limit stops.
func (c *counter) note(id uint32) {
	c.day.Add(id)
	c.at(c.minute).Add(id)
	if c.hour != nil {
		c.hour.Add(id)
	}
}

// underApproval counts subjects of a group that is shown under an approval alone.
func (a *Answer) underApproval(r Ruling, list ...custody.SubjectID) bool {
	x := a.s.still(r.need.Action, r.Grant)
	if x == nil {
		return false
	}
	a.begin()
	a.s.counter.mu.Lock()
	defer a.s.counter.mu.Unlock()
	return a.spend(x, list)
}

// begin takes the time of a part.
func (a *Answer) begin() {
	if a.now.IsZero() {
		a.now = a.s.g.parts.Now()
	}
}

// beyond counts a subject that is over a limit against what was approved, and gives the
// grant that lets it through; zero if nothing does.
func (a *Answer) beyond(r Ruling, s custody.SubjectID) custody.GrantID {
	d := a.s.decision(r.need.Action)
	if len(d.Extra) == 0 {
		return 0
	}
	a.begin()
	a.s.counter.mu.Lock()
	defer a.s.counter.mu.Unlock()
	return a.spendFirst(d.Extra, r, []custody.SubjectID{s})
}

// aside gives the group for subjects that are shown as in a group and under an
// approval's grant.
func (a *Answer) aside(n int, grant custody.GrantID) *group {
	g := &a.groups[n]
	r := g.ruling
	r.Grant, r.Approved, r.Limits = grant, true, custody.Limits{}
	at := a.groupBeside(n, r, g.clear|g.ruling.Masked)
	a.groups[at].sorted = false // the order of who is over a limit is not theirs
	return &a.groups[at]
}

// groupBeside gives the group for what is shown in the same answer under another ruling.
func (a *Answer) groupBeside(n int, r Ruling, read custody.CategorySet) int {
	route, statement := a.route, a.statement
	a.route, a.statement = a.groups[n].route, a.groups[n].statement
	at := a.Group(r, read)
	a.route, a.statement = route, statement
	return at
}

// put lists a subject that was counted in a group.
func (a *Answer) put(g *group, s custody.SubjectID) {
	if k := len(g.subjects); k > 0 {
		if g.subjects[k-1] == s {
			return
		}
		g.sorted = g.sorted && g.subjects[k-1] < s
	}
	g.subjects = append(g.subjects, s)
	a.pending++
}

// roomBeyond says whether approvals have room for so many more.
func (a *Answer) roomBeyond(r Ruling, list []custody.SubjectID, over uint64) bool {
	d := a.s.decision(r.need.Action)
	c := a.s.counter
	c.mu.Lock()
	defer c.mu.Unlock()
	var left uint64
	for i := range d.Extra {
		x := &d.Extra[i]
		if p := c.spentOf(a.s, x); p.open(x, a.s) && r.need.beyond(x) {
			left += p.left(x) + uint64(len(list)) - missing(p.set, list)
		}
	}
	return over <= left
}
