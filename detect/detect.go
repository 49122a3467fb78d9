// Package detect notices misuse in the events of a ledger or in the lines of an access
// log, as they come. It is deterministic: the same events in the same order give the
// same alerts, so that what it knows is rebuilt from the ledger after a restart and
// anyone can repeat what led to an alert. docs/detection.md has the mathematics.
//
// Events come in through Engine.Take; alerts go out through Options.Emit. Each of the
// eight detectors has a file of its own: facts.go, unexplained.go, slow.go, burst.go,
// shared.go, export.go, enumeration.go and outside.go.
package detect

import (
	"time"

	"custody"
)

// Rule names a detector, as alerts, custody.yaml and the budget have it.
type Rule string

// The detectors.
const (
	Facts       Rule = "facts"
	Unexplained Rule = "unexplained"
	Slow        Rule = "slow-exfiltration"
	Burst       Rule = "burst-and-spread"
	Shared      Rule = "shared-login"
	Export      Rule = "export"
	Enumeration Rule = "enumeration"
	Outside     Rule = "outside-signal"
)

// Rules lists all detectors in their order.
func Rules() []Rule {
	return []Rule{Facts, Unexplained, Slow, Burst, Shared, Export, Enumeration, Outside}
}

// Version is the version of the rules. It changes whenever an alert would be another
// one on the same events.
const Version = "3"

// Event is what detectors see of one event of a ledger or one line of a log. People,
// devices, groups and customers are dense numbers; whoever feeds the engine knows the
// names.
type Event struct {
	Entry   uint64 // number in the ledger, or line of the log
	Time    time.Time
	Kind    custody.EventKind
	Route   custody.Route
	Code    custody.Code
	Person  uint32 // who looked: a login; 0 is nobody
	Device  uint32 // 0 is unknown
	Group   uint32 // the person's peers: a branch, or an organisation with a role; 0 is unknown
	Session custody.SessionID
	Grant   custody.GrantID
	Reason  custody.ReasonID
	// Statement is the fingerprint of the question, 0 if it has none. Parts of one long
	// answer come as several events.
	Statement uint64
	Subjects  []custody.SubjectID
	// Taken says that the answer left as a file: a download, a print, a COPY.
	Taken bool
}

// World is what is known beside the events. Each function may be nil: then nothing is
// known. They are called from Take, on its goroutine.
type World struct {
	// Explain says whether a template explains why the person looks at the customer at
	// this time. It is asked before the look itself counts as known.
	Explain func(e *Event, s custody.SubjectID) bool
	// Templates are the templates that Explain tries, in words.
	Templates []string
	// Tried gives the templates that Explain tries for an event, where Templates are not
	// the same for all.
	Tried func(e *Event) []string
	// Branch is where the customer belongs; 0 is unknown.
	Branch func(s custody.SubjectID) uint32
	// Shift says whether a time is within the person's working hours; without it they
	// are learnt.
	Shift func(person uint32, at time.Time) (on, known bool)
	// Key is the customer's key, where keys are numbers given in order.
	Key func(s custody.SubjectID) (uint64, bool)
	// Fact says in a sentence what is wrong with a look beyond doubt; empty if nothing.
	Fact func(e *Event, s custody.SubjectID) string
	// Attempt says in a sentence what is wrong beyond doubt with a refused attempt, and how
	// many of a day make it worth telling; empty if nothing.
	Attempt func(e *Event) (says string, least int)
	// Place is where a device is.
	Place func(device uint32) (Place, bool)
	// Customers is how many customers there are; 0 is unknown.
	Customers func() int
}

// Finding is what one detector has to say.
type Finding struct {
	Rule     Rule    `json:"rule"`
	Version  string  `json:"version"`
	Says     string  `json:"says"` // names no person, device or customer
	Of       string  `json:"of"`   // what Expected and Observed count
	Expected float64 `json:"expected"`
	Observed float64 `json:"observed"`
	// Evidence is how strong it is: for tests, the number of person-days in which chance
	// does as much once; 0 for facts, which need no test.
	Evidence   float64            `json:"evidence,omitempty"`
	Parameters map[string]float64 `json:"parameters,omitempty"`
}

// Alert is about one login or one device on one day.
type Alert struct {
	// Key is the same whenever the same events are replayed.
	Key string `json:"key"`
	// Revision counts how often the alert has grown since it was raised.
	Revision int       `json:"revision"`
	Time     time.Time `json:"time"` // of the look that raised it
	From     time.Time `json:"from"`
	Until    time.Time `json:"until"`
	Person   uint32    `json:"-"`
	Device   uint32    `json:"-"`
	ByDevice bool      `json:"by_device"` // what was found is of the device
	// Several says that several logins looked on the device: the alert is no login's own,
	// and Person is only who was there when it was raised.
	Several  bool              `json:"several_logins,omitempty"`
	Session  custody.SessionID `json:"session,omitempty"`
	Grant    custody.GrantID   `json:"grant,omitempty"`
	Says     string            `json:"says"`
	Findings []Finding         `json:"findings"`
	// Entries are the looks in question, ascending; the newest MaxEntries of InAll.
	Entries []uint64 `json:"entries"`
	InAll   int      `json:"entries_in_all"`
	// Complaints are the complaints that the alert rests on, by their numbers.
	Complaints []uint64 `json:"complaints,omitempty"`
	// Customers, Branches and Unexplained count within the sitting that raised it.
	Customers   int      `json:"customers"`
	Branches    int      `json:"branches"`
	Unexplained int      `json:"unexplained"`
	Tried       []string `json:"templates_tried"`
	Innocent    []string `json:"not_excluded"`
	// Held says that the day's budget was spent: it is shown after those within it.
	Held bool `json:"held"`

	lasted time.Duration // of the sitting
	off    bool          // it was outside the login's hours
}

// MaxEntries bounds the entries that an alert lists.
const MaxEntries = 256
