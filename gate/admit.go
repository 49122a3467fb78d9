package gate

import (
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"custody"
)

// Admit counts the subjects of a part that is released as a whole or not at all, under
// the ruling's limits: when one of them is over a limit none is counted, and the error
// is Add's. What was admitted is added with Add as ever. The subjects do not repeat.
func (a *Answer) Admit(r Ruling, list []custody.SubjectID) error {
	l := r.Limits
	if l == (custody.Limits{}) {
		return nil
	}
	if a.now.IsZero() {
		a.now = a.s.g.parts.Now()
	}
	if passed := a.countWhole(list, l); passed != "" {
		a.s.Refuse(custody.CodeLimit, a.statement)
		return overLimit(passed, l, "nothing of this answer is shown")
	}
	return nil
}

func (a *Answer) countWhole(list []custody.SubjectID, l custody.Limits) (passed string) {
	if l.PerExport != 0 {
		if a.export == nil {
			a.export = roaring.New()
		}
		n := a.export.GetCardinality()
		for _, s := range list {
			if !a.export.Contains(uint32(s)) {
				n++
			}
		}
		if n > uint64(l.PerExport) {
			return "export"
		}
	}
	if passed := a.s.counter.addWhole(list, l, a.now); passed != "" {
		return passed
	}
	if a.export != nil {
		for _, s := range list {
			a.export.Add(uint32(s))
		}
	}
	return ""
}

// addWhole counts all subjects, or none when that would pass a limit; it says which.
func (c *counter) addWhole(list []custody.SubjectID, l custody.Limits, now time.Time) (passed string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.roll(now)
	var hour, day uint64
	for _, s := range list {
		if l.PerHour != 0 && !c.union().Contains(uint32(s)) {
			hour++
		}
		if l.PerDay != 0 && !c.day.Contains(uint32(s)) {
			day++
		}
	}
	if l.PerHour != 0 && hour > 0 && c.union().GetCardinality()+hour > uint64(l.PerHour) {
		return "hour"
	}
	if l.PerDay != 0 && day > 0 && c.day.GetCardinality()+day > uint64(l.PerDay) {
		return "day"
	}
	for _, s := range list {
		c.day.Add(uint32(s))
		c.at(c.minute).Add(uint32(s))
		if c.hour != nil {
			c.hour.Add(uint32(s))
		}
	}
	return ""
}
