package main

import (
	"cmp"
	"flag"
	"fmt"
	"slices"
	"time"

	"custody/detect"
	"custody/lab"
)

var detection = flag.Bool("detection", false, "evaluate detection instead of tracing")

// watchTask is a scenario as it is watched.
type watchTask struct {
	scenario string
	days     int // simulated
	seeds    int
	guilty   bool
	within   float64 // working days that the bar allows; 0: none
	bar      string
}

// watchTasks: few days are enough where the misdeed begins on the tenth.
var watchTasks = []watchTask{
	{"borrowed-login", 26, 150, true, 1, "within one working day ≥ 99 %"},
	{"borrowed-login-5", 26, 150, true, 3, "within three ≥ 99 %"},
	{"borrowed-login-2", 26, 150, true, 10, "within ten ≥ 99 %"},
	{"after-hours", 26, 150, true, 0, "inside the 32 minutes ≥ 99 %"},
	{"null", 120, 20, false, 0, "≤ 5 alerts a day"},
	{"photographer", 26, 20, true, 0, ""},
	{"pair", 26, 20, true, 0, "both found"},
	{"contractor", 26, 20, true, 0, ""},
	{"portal-leaver", 26, 20, true, 0, ""},
	{"canary", 40, 20, true, 0, ""},
	{"frame-up", 115, 12, true, 0, ""},
	{"own-calls", 60, 10, false, 0, "silent about him: no look is out of place"},
	{"heavy-role", 26, 10, false, 0, "silent: no look is out of place"},
}

// caught says when misdeeds were noticed; zero if they were not.
type caught struct {
	Hours  float64 `json:"hours"`  // from the first bad look, on the clock
	Worked float64 `json:"worked"` // the same in working days of nine hours
	Looks  int     `json:"looks"`  // bad looks until then
	Found  bool    `json:"found"`
}

// watchOutcome is what came of one run.
type watchOutcome struct {
	Task    string              `json:"task"`
	Seed    uint64              `json:"seed"`
	Days    int                 `json:"days"`
	Alerts  int                 `json:"alerts"`
	Held    int                 `json:"held"`
	Wrong   int                 `json:"wrong"` // about logins and devices with which nothing was wrong
	Rules   map[detect.Rule]int `json:"rules"`
	All     caught              `json:"all"`        // by all detectors
	Slow    caught              `json:"slow"`       // by the sequential test alone
	NoPlace caught              `json:"no_device"`  // by all, in a log that knows no devices
	Both    bool                `json:"everybody"`  // every guilty login, or the device
	Simple  caught              `json:"rules_only"` // baselines
	Volume  caught              `json:"volume"`
	Simples int                 `json:"rules_only_alerts"`
	Says    string              `json:"says"`
	Streams *streams            `json:"streams,omitempty"` // of the sequential test, where nothing is wrong
}

// truth is what all observers of a run are judged by.
type truth struct {
	bad     map[uint64]bool
	logins  map[uint32]bool
	devices map[uint32]bool
	began   time.Time
	looks   int
}

func newTruth() *truth {
	return &truth{bad: map[uint64]bool{}, logins: map[uint32]bool{}, devices: map[uint32]bool{}}
}

// at is when something was noticed.
func (t *truth) at(when time.Time) caught {
	return caught{Hours: when.Sub(t.began).Hours(), Worked: workingDays(t.began, when), Looks: t.looks, Found: true}
}

// observer is one set of detectors over a run.
type observer struct {
	engine *detect.Engine
	found  *caught
	blind  bool // knows no devices
}

// watched plays a scenario through all observers at once.
func watched(p lab.Params, t watchTask, seed uint64) (*watchOutcome, error) {
	p.Days = t.days
	o := &watchOutcome{Task: t.scenario, Seed: seed, Days: p.Days, Rules: map[detect.Rule]int{}}
	tr := newTruth()
	now := newCurrent()
	seen := map[string]bool{}
	all := &observer{found: &o.All}
	all.engine = now.engine(detect.DefaultPolicy(), func(a *detect.Alert) {
		all.judge(tr, a)
		if !o.Slow.Found && all.hits(tr, a) && slices.ContainsFunc(a.Findings, func(f detect.Finding) bool { return f.Rule == detect.Slow }) {
			o.Slow = tr.at(a.Until)
		}
		if o.Streams != nil {
			o.Streams.alert(a)
		}
		seen[fmt.Sprint("login ", a.Person)], seen[fmt.Sprint("device ", a.Device)] = true, true
		if a.Revision > 0 {
			return
		}
		o.Alerts++
		if a.Held {
			o.Held++
		}
		o.Rules[a.Findings[0].Rule]++
		if !tr.logins[a.Person] && !tr.devices[a.Device] && a.Person != 0 {
			o.Wrong++
		}
		if o.All.Found && o.Says == "" {
			o.Says = a.Says
		}
	})
	list := []*observer{all}
	if t.within > 0 {
		blind := &observer{found: &o.NoPlace, blind: true}
		blind.engine = now.engine(detect.DefaultPolicy(), func(a *detect.Alert) { blind.judge(tr, a) })
		list = append(list, blind)
	}
	if t.scenario == "null" {
		o.Streams = newStreams()
	}
	err := now.play(p, t.scenario, seed, tr, list, []*baselines{newBaselines(p, tr, o, everything, reviews)}, o.Streams)
	o.Both = everybody(tr, seen)
	return o, err
}

// play plays a scenario through observers and baselines.
func (c *current) play(p lab.Params, scenario string, seed uint64, tr *truth, list []*observer, bases []*baselines, calm *streams) error {
	_, err := lab.Play(p, scenario, seed, func(day []lab.Look) error {
		for i := 0; i < len(day); {
			n := c.set(day[i:], &p)
			for k := range day[i : i+n] {
				l := &day[i+k]
				if l.Bad {
					tr.misdeed(c.event.Entry, l)
				}
				for _, b := range bases {
					b.take(l)
				}
			}
			if calm != nil {
				calm.look(&day[i])
			}
			for _, x := range list {
				ev := c.event
				if x.blind {
					ev.Device = 0
				}
				x.engine.Take(&ev)
			}
			i += n
		}
		for _, b := range bases {
			b.endDay()
		}
		if calm != nil {
			calm.endDay()
		}
		return nil
	})
	return err
}

func (t *truth) misdeed(entry uint64, l *lab.Look) {
	if t.looks == 0 {
		t.began = l.At
	}
	t.looks++
	t.bad[entry] = true
	t.logins[uint32(l.Login+1)], t.devices[uint32(l.Device+1)] = true, true
}

// everybody says whether each guilty login was in an alert, or the one device of all.
func everybody(t *truth, seen map[string]bool) bool {
	for d := range t.devices {
		if len(t.devices) == 1 && seen[fmt.Sprint("device ", d)] {
			return true
		}
	}
	for l := range t.logins {
		if !seen[fmt.Sprint("login ", l)] {
			return false
		}
	}
	return len(t.logins) > 0
}

// judge notes the first alert within the day's budget that lists a bad look.
func (x *observer) judge(t *truth, a *detect.Alert) {
	if !x.found.Found && x.hits(t, a) {
		*x.found = t.at(a.Until)
	}
}

func (x *observer) hits(t *truth, a *detect.Alert) bool {
	return !a.Held && slices.ContainsFunc(a.Entries, func(n uint64) bool { return t.bad[n] })
}

// workingDays counts time between 09:00 and 18:00 from Monday to Friday, in days.
func workingDays(from, to time.Time) float64 {
	var sum time.Duration
	for d := from.Truncate(24 * time.Hour); d.Before(to); d = d.AddDate(0, 0, 1) {
		if w := d.Weekday(); w == time.Saturday || w == time.Sunday {
			continue
		}
		a, b := d.Add(9*time.Hour), d.Add(18*time.Hour)
		if from.After(a) {
			a = from
		}
		if to.Before(b) {
			b = to
		}
		sum += max(0, b.Sub(a))
	}
	return sum.Hours() / 9
}

// within says whether misdeeds were noticed within so many working days.
func (c *caught) within(days float64) bool { return c.Found && c.Worked <= days }

// middle is the median of what f gives of those that were found.
func middle(list []watchOutcome, f func(*watchOutcome) (float64, bool)) string {
	var values []float64
	for i := range list {
		if v, ok := f(&list[i]); ok {
			values = append(values, v)
		}
	}
	return median(values)
}

// median is the middle of a list that it sorts.
func median(values []float64) string {
	if len(values) == 0 {
		return "–"
	}
	slices.SortFunc(values, cmp.Compare)
	return fmt.Sprintf("%.1f", values[len(values)/2])
}
