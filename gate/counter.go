package gate

import (
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"custody"
)

// counterKey names whose looks and changes are counted together: a person's over all
// sessions, devices and applications; an application's own.
type counterKey struct {
	person custody.PersonID
	app    custody.ApplicationID
	system custody.SystemID
}

// counter is the live distinct count of one person on one system, of those whom they
// saw or changed: the local day, and a sliding hour kept as one set a minute. People
// are counted, not rows.
type counter struct {
	mu      sync.Mutex
	zone    *time.Location
	dayEnd  time.Time
	day     *roaring.Bitmap
	minutes [60]*roaring.Bitmap // minute m of the hour lives at m % 60
	minute  int64               // the current minute since 1970
	hour    *roaring.Bitmap     // union of minutes; nil until somebody asks
	ids     []uint32            // for addAll
	spent   map[custody.GrantID]*spent
}

// counter finds or rebuilds from history the counter of an actor.
func (g *Gate) counter(id *custody.Session) *counter {
	key := counterKey{person: id.Person, system: id.System}
	if id.Person == 0 {
		key.app = id.Application
	}
	g.countersMu.Lock()
	defer g.countersMu.Unlock()
	if c := g.counters[key]; c != nil {
		return c
	}
	c := &counter{zone: g.parts.Zone, day: roaring.New()}
	now := g.parts.Now()
	c.roll(now)
	since := c.dayEnd.AddDate(0, 0, -1)
	if hourAgo := now.Add(-time.Hour); hourAgo.Before(since) {
		since = hourAgo
	}
	for e := range g.parts.History.Disclosed(key.person, key.app, key.system, since) {
		c.replay(e, now)
	}
	g.counters[key] = c
	return c
}

// replay counts an event of the past.
func (c *counter) replay(e *custody.Event, now time.Time) {
	if e.Kind != custody.EventDisclosure && e.Kind != custody.EventChange {
		return
	}
	today := !e.Time.Before(c.dayEnd.AddDate(0, 0, -1))
	m := e.Time.Unix() / 60
	recent := c.minute-m < 60 && m <= c.minute
	for _, s := range e.Subjects {
		if today {
			c.day.Add(uint32(s))
		}
		if recent {
			c.at(m).Add(uint32(s))
		}
	}
}

// at gives the set of a minute within the last hour.
func (c *counter) at(m int64) *roaring.Bitmap {
	slot := &c.minutes[m%60]
	if *slot == nil {
		*slot = roaring.New()
	}
	return *slot
}

// roll moves the windows to now. A clock that goes backwards moves nothing: the
// windows never forget early.
func (c *counter) roll(now time.Time) {
	if !now.Before(c.dayEnd) {
		local := now.In(c.zone)
		c.dayEnd = time.Date(local.Year(), local.Month(), local.Day()+1, 0, 0, 0, 0, c.zone)
		c.day = roaring.New()
	}
	m := now.Unix() / 60
	if m <= c.minute {
		return
	}
	for gone := max(c.minute+1, m-59); gone <= m; gone++ {
		c.minutes[gone%60] = nil
	}
	c.minute = m
	c.hour = nil
}

// union gives the distinct subjects of the last hour, kept until the minute ends.
func (c *counter) union() *roaring.Bitmap {
	if c.hour == nil {
		c.hour = roaring.New()
		for _, b := range c.minutes {
			if b != nil {
				c.hour.Or(b)
			}
		}
	}
	return c.hour
}

// counts gives the distinct subjects of the last hour and of today.
func (c *counter) counts(now time.Time) (hour, day uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.roll(now)
	return uint32(c.union().GetCardinality()), uint32(c.day.GetCardinality())
}

// add counts a subject unless that would pass a limit, and says which limit it
// would have passed: "" when it was counted. Subjects already counted are free.
func (c *counter) add(s custody.SubjectID, l custody.Limits, now time.Time) (passed string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.roll(now)
	id := uint32(s)
	if l.PerHour != 0 && !c.union().Contains(id) && c.hour.GetCardinality() >= uint64(l.PerHour) {
		return "hour"
	}
	if l.PerDay != 0 && !c.day.Contains(id) && c.day.GetCardinality() >= uint64(l.PerDay) {
		return "day"
	}
	c.note(id)
	return ""
}

// room says which limit it would pass to count all of a list, ascending and without
// repeats, and by how many at most: "" if none. It counts nothing.
func (c *counter) room(list []custody.SubjectID, l custody.Limits, now time.Time) (passed string, over uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.roll(now)
	if l.PerHour != 0 {
		if more := missing(c.union(), list); more > 0 && c.hour.GetCardinality()+more > uint64(l.PerHour) {
			passed, over = "hour", min(more, c.hour.GetCardinality()+more-uint64(l.PerHour))
		}
	}
	if l.PerDay != 0 {
		if more := missing(c.day, list); more > 0 && c.day.GetCardinality()+more > uint64(l.PerDay) {
			if passed == "" {
				passed = "day"
			}
			over += min(more, c.day.GetCardinality()+more-uint64(l.PerDay))
		}
	}
	return passed, over
}

// missing counts those of a list that a set does not hold.
func missing(set *roaring.Bitmap, list []custody.SubjectID) (n uint64) {
	for _, s := range list {
		if !set.Contains(uint32(s)) {
			n++
		}
	}
	return n
}

// addAll counts subjects that no limit of their own grant can stop; other grants of
// the person may have limits, and they count too. The subjects ascend.
func (c *counter) addAll(list []custody.SubjectID, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.roll(now)
	c.ids = c.ids[:0]
	for _, s := range list {
		c.ids = append(c.ids, uint32(s))
	}
	c.day.AddMany(c.ids)
	c.at(c.minute).AddMany(c.ids)
	if c.hour != nil {
		c.hour.AddMany(c.ids)
	}
	if cap(c.ids) > maxKept {
		c.ids = nil
	}
}

// maxKept is how many subjects a buffer that is kept for the next part may hold.
const maxKept = 1 << 12
