package gate

import (
	"github.com/RoaringBitmap/roaring/v2"

	"custody"
)

// Admit counts the subjects of a part that is released as a whole or not at all, under
// the ruling's limits, and what is lent of them: when one of them is over a limit, and no
// approval lets it through, none is counted, and the error is Add's. What was admitted is
// added with Add as ever. The subjects do not repeat.
func (a *Answer) Admit(r Ruling, list []custody.SubjectID, lent ...Loan) error {
	l := r.Limits
	if r.Approved {
		if !a.underApproval(r, list...) {
			a.s.Refuse(custody.CodeLimit, a.statement)
			return overLimit("approval", l, "nothing of this answer is shown")
		}
		return nil
	}
	if l == (custody.Limits{}) && len(lent) == 0 {
		return nil
	}
	a.begin()
	if l.PerExport != 0 && a.export == nil {
		a.export = roaring.New()
	}
	if err := a.admit(r, list, lent); err != nil {
		a.s.Refuse(custody.CodeOf(err), a.statement)
		return err
	}
	if a.export != nil {
		for _, s := range list {
			a.export.Add(uint32(s))
		}
	}
	return nil
}

// admit counts all of a list, those over a limit against an approval, or nobody.
func (a *Answer) admit(r Ruling, list []custody.SubjectID, lent []Loan) error {
	const so = "nothing of this answer is shown"
	c, d := a.s.counter, a.s.decision(r.need.Action)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.roll(a.now)
	taken, full, ok := a.lendAll(d, lent)
	if !ok {
		return usedUp(full, categoriesOf(lent), so)
	}
	r.need.Read |= categoriesOf(lent)
	over, passed := c.over(list, r.Limits, a.export)
	if passed != "" {
		grant := a.spendFirst(d.Extra, r, over)
		if grant == 0 {
			taken.giveBack()
			return overLimit(passed, r.Limits, so)
		}
		a.over = make(map[custody.SubjectID]custody.GrantID, len(over))
		for _, s := range over {
			a.over[s] = grant
		}
	}
	for _, s := range list {
		c.note(uint32(s))
	}
	return nil
}

func categoriesOf(list []Loan) (set custody.CategorySet) {
	for i := range list {
		set |= list[i].Categories
	}
	return set
}

// over finds those of a list, in its order, for whom the limits have no room, and says
// which limit is full first. The lock is held.
func (c *counter) over(list []custody.SubjectID, l custody.Limits, export *roaring.Bitmap) (over []custody.SubjectID, passed string) {
	rooms := [3]room{{name: "hour", limit: l.PerHour}, {name: "day", limit: l.PerDay, set: c.day}, {name: "export", limit: l.PerExport, set: export}}
	if l.PerHour != 0 {
		rooms[0].set = c.union()
	}
	for k := range rooms {
		if rooms[k].limit != 0 {
			rooms[k].taken = rooms[k].set.GetCardinality()
		}
	}
	for _, s := range list {
		full := ""
		for k := range rooms {
			if full == "" && rooms[k].full(s) {
				full = rooms[k].name
			}
		}
		if full != "" {
			if over = append(over, s); passed == "" {
				passed = full
			}
			continue
		}
		for k := range rooms {
			rooms[k].take(s)
		}
	}
	return over, passed
}

// room is what one limit has left while a list is parted.
type room struct {
	name  string
	limit uint32
	set   *roaring.Bitmap
	taken uint64
}

func (r *room) full(s custody.SubjectID) bool {
	return r.limit != 0 && !r.set.Contains(uint32(s)) && r.taken >= uint64(r.limit)
}

func (r *room) take(s custody.SubjectID) {
	if r.limit != 0 && !r.set.Contains(uint32(s)) {
		r.taken++
	}
}
