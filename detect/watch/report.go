package watch

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"custody/detect"
)

// Report is what came out. It is to be kept as the log itself is.
type Report struct {
	Logs      []Read          `json:"logs"`
	Others    []Read          `json:"others,omitempty"`
	Looks     int             `json:"looks"`
	Refused   int             `json:"refused"` // lines that say so: nobody was shown
	Failed    int             `json:"failed"`  // lines of looks that came to nothing
	Logins    int             `json:"logins"`
	Devices   int             `json:"devices"`
	Customers int             `json:"customers"`
	Groups    int             `json:"groups"`
	GroupsBy  string          `json:"groups_by"`
	First     time.Time       `json:"first_look"`
	Last      time.Time       `json:"last_look"`
	Coverage  detect.Coverage `json:"coverage"`
	// ByColleagues says that no list of jobs explains the looks.
	ByColleagues bool          `json:"explained_by_colleagues"`
	Budget       float64       `json:"alerts_a_day_budget"`
	Counts       detect.Counts `json:"counts"`
	Alerts       []Alert       `json:"-"`
	State        detect.Memory `json:"detector_state"`
	Memory       int64         `json:"memory_bytes"`
}

// Alert is an alert in names.
type Alert struct {
	detect.Alert
	Number int      `json:"number"`
	Who    string   `json:"who"` // a pseudonym, unless names were asked for
	On     string   `json:"device,omitempty"`
	Branch string   `json:"branch,omitempty"`
	Logins []string `json:"logins,omitempty"` // whose looks these are, where several looked on one device
	Lines  []string `json:"lines"`

	days []day
}

// day is how many unexplained first looks a login had on a day.
type day struct {
	at    time.Time
	count int
	mean  float64
}

// collector keeps the alerts of a run.
type collector struct {
	w      *Watch
	r      *Report
	at     map[string]int
	series map[uint32][]day
}

func newCollector(w *Watch, r *Report) *collector {
	return &collector{w: w, r: r, at: map[string]int{}, series: map[uint32][]day{}}
}

// day keeps the days of everybody on which something unexplained happened.
func (c *collector) day(at time.Time, person uint32, count int, mean float64) {
	if count > 0 {
		c.series[person] = append(c.series[person], day{at, count, mean})
	}
}

// alert takes an alert, new or grown.
func (c *collector) alert(a *detect.Alert) {
	x := Alert{Alert: *a, Who: c.w.who(a.Person), On: c.w.devices.name(a.Device), Branch: c.w.branches.name(c.w.branch(a.Person))}
	if a.Several { // whoever was there last is no more concerned than the others
		x.Who, x.Branch = "a device used by several logins", ""
	}
	x.Entries = slices.Clone(a.Entries)
	x.Findings = slices.Clone(a.Findings)
	if i, ok := c.at[a.Key]; ok {
		x.Number = c.r.Alerts[i].Number
		c.r.Alerts[i] = x
		return
	}
	x.Number = len(c.r.Alerts) + 1
	c.at[a.Key] = len(c.r.Alerts)
	c.r.Alerts = append(c.r.Alerts, x)
}

// who is a login as it is shown.
func (w *Watch) who(person uint32) string {
	if person == 0 {
		return ""
	}
	if w.Names {
		return w.logins.name(person)
	}
	return Pseudonym(person)
}

// Pseudonym stands for a login whose name is not shown.
func Pseudonym(person uint32) string { return fmt.Sprintf("Login %04d", person) }

// finish puts the alerts in the order of evidence and writes entries as lines.
func (c *collector) finish() {
	for i := range c.r.Alerts {
		a := &c.r.Alerts[i]
		for _, n := range a.Entries {
			a.Lines = append(a.Lines, c.w.place(n))
		}
		if !a.Several {
			a.days = c.series[a.Person]
		}
	}
	c.shared()
	slices.SortStableFunc(c.r.Alerts, func(a, b Alert) int {
		return cmp.Or(cmp.Compare(rank(&b), rank(&a)), a.Time.Compare(b.Time))
	})
}

// shared finds whose looks alerts about a device with several logins are about.
func (c *collector) shared() {
	whose := map[uint64]uint32{}
	for i := range c.r.Alerts {
		if a := &c.r.Alerts[i]; a.Several {
			for _, n := range a.Entries {
				whose[n] = 0
			}
		}
	}
	if len(whose) == 0 {
		return
	}
	for k := range c.w.looks.inOrder() {
		n := entry(k.file(), k.line)
		if _, asked := whose[n]; asked {
			whose[n] = k.person()
		}
	}
	for i := range c.r.Alerts {
		if a := &c.r.Alerts[i]; a.Several {
			for _, n := range a.Entries {
				if who := c.w.who(whose[n]); who != "" && !slices.Contains(a.Logins, who) {
					a.Logins = append(a.Logins, who)
				}
			}
			a.Who = fmt.Sprintf("a device used by %d logins: %s", len(a.Logins), strings.Join(a.Logins, ", "))
		}
	}
}

// rank orders alerts by evidence: facts first, then by how seldom chance does as much,
// all findings together.
func rank(a *Alert) float64 { return a.Strength() }
