package detect

import (
	"fmt"
	"slices"
	"time"

	"custody"
)

// Complaint is a complaint of an unwanted call as detectors take it.
type Complaint struct {
	Number   uint64    // from outside
	Received time.Time // when it came in
	Known    time.Time // when its customer was looked for: the time of what it raises
	// Subject is the customer it is about; zero if that is not known.
	Subject custody.SubjectID
	// Canary says that the customer is a planted one.
	Canary bool
	// Lookers are the logins that saw the customer before the call, each once.
	Lookers []Looker
}

// Looker is a login that saw a customer. Device, session and grant are those of its
// newest look.
type Looker struct {
	Person  uint32
	Device  uint32
	Session custody.SessionID
	Grant   custody.GrantID
	Entries []uint64 // of its looks, the newest first; at least one, at most MaxLooks
}

// MaxLooks bounds the looks of one login at one customer that are held against a
// complaint.
const MaxLooks = 32

// signal watches complaints above what is usual, which point at nobody: it says that
// something leaks.
type signal struct {
	tester
	day    time.Time
	recent ring // numbers of complaints
	days   int
}

// quietDays is how many days without a leak go by for one false alarm of complaints, on
// average, at least.
const quietDays = 200

// Complaint takes a complaint in the order of Known.
func (e *Engine) Complaint(c *Complaint) {
	e.turn(c.Known)
	e.outsideTime(c.Known)
	if c.Known.Sub(c.Received) < 24*time.Hour { // an older one came with a list, and is none of today's
		e.surge(c)
	}
	if c.Subject == 0 || !e.on(Outside) {
		return
	}
	if c.Canary {
		e.rings(c)
	}
	chances := e.chances(c)
	e.common(c, chances)
	e.strengthen(c, chances)
}

// surge counts the complaints of today.
func (e *Engine) surge(c *Complaint) {
	s := &e.outside
	s.one()
	s.recent.add(c.Number)
	if s.days < 2*e.o.Policy.Learn || !e.on(Outside) {
		return
	}
	v := s.evidence()
	if v < quietDays {
		return
	}
	a := e.ofNobody(c, fmt.Sprintf("complaints-%d", c.Number), Finding{Of: "complaints a day",
		Says:     saysSurge(int(s.count), float64(s.mean)),
		Expected: float64(s.mean), Observed: float64(s.count), Evidence: v, Parameters: map[string]float64{"threshold": quietDays}})
	a.Complaints = s.recent.ordered()
	s.alarm()
	s.recent.reset()
	e.emit(a)
}

// ofNobody makes an alert that points at no login.
func (e *Engine) ofNobody(c *Complaint, key string, f Finding) *Alert {
	a := &Alert{Key: key, Time: c.Known, From: c.Received, Until: c.Known, Says: f.Says, Complaints: []uint64{c.Number},
		Innocent: []string{"a wave of nuisance calls all over the country", "letters to customers, which cause complaints", "the data came from somewhere else"}}
	f.Rule, f.Version = Outside, Version
	a.with(evidence{Finding: f})
	e.counts.Alerts++
	return a
}

// certainty is the evidence of what leaves no doubt that data has left.
const certainty = 1e13

// rings raises a call to a planted customer, whose number is nowhere but here.
func (e *Engine) rings(c *Complaint) {
	a := e.ofNobody(c, fmt.Sprintf("canary-%d", c.Number), Finding{Of: "logins that saw the planted customer", Observed: float64(len(c.Lookers)), Evidence: certainty,
		Says: saysRings(len(c.Lookers))})
	a.Innocent = []string{"the number was dialled by chance", "the data left by a way that no entrance records: a backup, a mail, the system's operator"}
	for _, l := range c.Lookers {
		a.entries(l.Entries[:1], 0)
	}
	e.emit(a)
}

func logins(n int) string {
	switch n {
	case 0:
		return "Nobody"
	case 1:
		return "One login"
	}
	return fmt.Sprintf("%d logins", n)
}

func complaintCount(n int) string {
	if n == 1 {
		return "1 complaint"
	}
	return thousands(n) + " complaints"
}

// complained watches, for one login, whether it saw those who complain more often than
// chance would have it. Null hypothesis: those who saw the customer are any of those who
// see customers with records as old, each as often as it sees such (chances).
// Alternatives: of a share of the complaints the login is the source, and so saw the
// customer. Shiryaev-Roberts as in tester.go, a complaint in the place of a day.
type complained struct {
	run     [len(leaked)]float64
	seen    int
	of      int
	mean    float64 // how many were expected
	numbers []uint64
	entries ring
}

// leaked are the alternatives: the share of complaints that come of the login.
var leaked = [...]float64{0.05, 0.2, 0.6}

// common takes a complaint for every login.
func (e *Engine) common(c *Complaint, chances func(*person) float64) {
	for _, p := range e.people {
		if p == nil || p.seen.IsEmpty() {
			continue
		}
		at := slices.IndexFunc(c.Lookers, func(l Looker) bool { return l.Person == p.number })
		chance := chances(p)
		p.complained.take(at >= 0, chance, c)
		if at < 0 {
			continue
		}
		p.complained.entries.add(c.Lookers[at].Entries[0])
		e.suspect(p, c, &c.Lookers[at])
	}
}

func (x *complained) take(seen bool, chance float64, c *Complaint) {
	x.of++
	x.mean += chance
	for i, share := range leaked {
		ratio := 1 - share
		if seen {
			ratio += share / chance
		}
		x.run[i] = (x.run[i] + 1) * ratio
	}
	if seen {
		x.seen++
		if x.numbers = append(x.numbers, c.Number); len(x.numbers) > MaxEntries {
			x.numbers = x.numbers[1:]
		}
	}
}

func (x *complained) evidence() float64 {
	sum := 0.0
	for _, r := range x.run {
		sum += r
	}
	return sum / float64(len(x.run))
}

// leastAlike is how many customers with records as old say how many a login saw.
const leastAlike = 400

// alike gives the numbers around a customer within which enough others have been seen:
// records that are about as old. Without this an outside leak of old records would point
// at whoever worked longest.
func (e *Engine) alike(s custody.SubjectID) (low, high uint64) {
	for width := uint64(leastAlike); ; width *= 2 {
		low, high = uint64(s)-min(uint64(s), width), min(uint64(s)+width+1, 1<<32)
		if n := e.anybody.CardinalityInRange(low, high); n >= leastAlike || n == e.anybody.GetCardinality() {
			return low, high
		}
	}
}

// chances is, for each login, the probability that it is among those who saw a customer,
// given how many did: some customers are looked at by more than others are, whoever
// leaks.
func (e *Engine) chances(c *Complaint) (of func(*person) float64) {
	low, high := e.alike(c.Subject)
	all := 0.5
	for _, p := range e.people {
		if p != nil {
			all += float64(p.seen.CardinalityInRange(low, high))
		}
	}
	return func(p *person) float64 {
		share := (float64(p.seen.CardinalityInRange(low, high)) + 0.5) / all
		return min(share*float64(max(len(c.Lookers), 1)), 0.999) // without replacement
	}
}

// suspect raises a login that saw more of those who complain than chance explains. The
// share of the budget that signals from outside have is halved between it and surges.
func (e *Engine) suspect(p *person, c *Complaint, l *Looker) {
	x := &p.complained
	threshold := e.watched(0) / (e.o.Policy.perDay(Outside) / 2) * max(1, float64(e.outside.mean))
	v := x.evidence()
	if v < threshold || x.seen < leastComplained {
		return
	}
	ev := &Event{Entry: l.Entries[0], Time: c.Known, Person: p.number, Device: l.Device, Session: l.Session, Grant: l.Grant}
	a := e.raise(ev, p, nil, evidence{
		Finding: Finding{Rule: Outside, Of: "complaints about customers whom the login saw",
			Says:     saysSeen(x.seen, x.of, x.mean),
			Expected: x.mean, Observed: float64(x.seen), Evidence: v, Parameters: map[string]float64{"threshold": threshold}},
		entries: x.entries.ordered(), inAll: x.entries.n, complaints: x.numbers,
	})
	e.remember(a)
	*x = complained{}
}

// leastComplained is how many complaints are no coincidence whatever the numbers say.
const leastComplained = 3

// remembered bounds the alerts that complaints may make stronger.
const remembered = 500

// remember keeps an alert, so that complaints which come later are held against it.
func (e *Engine) remember(a *Alert) {
	if a.Person == 0 || slices.Contains(e.kept, a) {
		return
	}
	if e.kept = append(e.kept, a); len(e.kept) > remembered {
		e.kept = slices.Delete(e.kept, 0, 1)
	}
}

// strengthen adds a complaint to the alerts about looks at the customer: an alert whose
// customers complain is more than a question.
func (e *Engine) strengthen(c *Complaint, chances func(*person) float64) {
	for _, a := range e.kept {
		at := slices.IndexFunc(c.Lookers, func(l Looker) bool {
			return l.Person == a.Person && slices.ContainsFunc(l.Entries, func(n uint64) bool {
				_, there := slices.BinarySearch(a.Entries, n)
				return there
			})
		})
		if at < 0 || slices.Contains(a.Complaints, c.Number) {
			continue
		}
		chance := chances(e.people[a.Person])
		before := Finding{Evidence: 1}
		if i := slices.IndexFunc(a.Findings, func(f Finding) bool { return f.Rule == Outside && f.Of == ofAlert }); i >= 0 {
			before = a.Findings[i]
		}
		n := int(before.Observed) + 1
		a.Revision++
		a.with(evidence{Finding: Finding{Rule: Outside, Version: Version, Of: ofAlert, Expected: before.Expected + chance, Observed: float64(n),
			Says: fmt.Sprintf("%s of unwanted calls came from customers of these looks.", complaintCount(n)), Evidence: min(before.Evidence/chance, certainty)},
			complaints: []uint64{c.Number}})
		e.emit(a)
	}
}

const ofAlert = "complaints about customers of this alert"

// outsideTime goes on to the day of a time; every day counts, also those without.
func (e *Engine) outsideTime(at time.Time) {
	s := &e.outside
	if !s.day.IsZero() && at.Before(s.day.AddDate(0, 0, 1)) {
		return
	}
	local := at.In(e.o.Zone)
	today := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, e.o.Zone)
	if s.day.IsZero() {
		s.day = today
		s.start(complaints, 1)
		return
	}
	for n := 0; s.day.Before(today) && n < 366; n++ {
		s.end(1)
		s.days++
		s.day = s.day.AddDate(0, 0, 1)
		s.start(complaints, 1)
	}
	s.day = today
}

// complaints is what is expected before any came: hardly any.
var complaints = prior{shape: 0.5, rate: 2, scatter: 1.5}
