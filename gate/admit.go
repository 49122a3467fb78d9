package gate

import (
	"github.com/RoaringBitmap/roaring/v2"

	"custody"
)

// Admit counts the subjects of a part that is released as a whole or not at all, under
// the ruling's limits: when one of them is over a limit, and no approval lets it
// through, none is counted, and the error is Add's. What was admitted is added with Add
// as ever. The subjects do not repeat.
func (a *Answer) Admit(r Ruling, list []custody.SubjectID) error {
	l := r.Limits
	if r.Approved {
		if !a.underApproval(r, list...) {
			a.s.Refuse(custody.CodeLimit, a.statement)
			return overLimit("approval", l, "nothing of this answer is shown")
		}
		return nil
	}
	if l == (custody.Limits{}) {
		return nil
	}
	a.begin()
	if l.PerExport != 0 && a.export == nil {
		a.export = roaring.New()
	}
	if passed := a.admit(r, list); passed != "" {
		a.s.Refuse(custody.CodeLimit, a.statement)
		return overLimit(passed, l, "nothing of this answer is shown")
	}
	if a.export != nil {
		for _, s := range list {
			a.export.Add(uint32(s))
		}
	}
	return nil
}

// admit counts all of a list, those over a limit against an approval, or nobody: it says
// which limit stopped it then.
func (a *Answer) admit(r Ruling, list []custody.SubjectID) (passed string) {
	c, d := a.s.counter, a.s.decision(r.need.Action)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.roll(a.now)
	over, passed := c.over(list, r.Limits, a.export)
	if passed != "" {
		grant := a.spendFirst(d.Extra, r, over)
		if grant == 0 {
			return passed
		}
		a.over = make(map[custody.SubjectID]custody.GrantID, len(over))
		for _, s := range over {
			a.over[s] = grant
		}
	}
	for _, s := range list {
		c.note(uint32(s))
	}
	return ""
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
