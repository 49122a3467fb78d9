// Package inquiry traces a leak from files: an access log of any system and a list of
// complaints. It turns names into the numbers that package trace works with, and its
// answer back into names, sentences and a page to read.
package inquiry

import (
	"fmt"
	"io"
	"strings"
	"time"

	"custody"
	"custody/accesslog"
	"custody/trace"
	"custody/trace/found"
)

// epoch is before everything that is traced.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// Kind says what a candidate is.
type Kind string

// The kinds of candidate. A branch stands for a list that was taken as a whole.
const (
	Login  Kind = "login"
	Device Kind = "device"
	Branch Kind = "branch"
	// Others that may have passed on what they hold as a whole.
	Partner     Kind = "partner"
	Application Kind = "application"
	Copy        Kind = "copy"
	Upstream    Kind = "upstream"
)

// single says whether a kind is one hand: a login, a device or a program. The others
// stand for lists that were taken as a whole.
func (k Kind) single() bool { return k == Login || k == Device || k == Application }

// Name is a candidate by name.
type Name struct {
	Kind   Kind   `json:"kind"`
	Name   string `json:"name"`
	Branch string `json:"branch,omitempty"`
}

// String is how sentences call it.
func (n Name) String() string { return string(n.Kind) + " " + n.Name }

// Inquiry collects files. It is not safe for concurrent use.
type Inquiry struct {
	Zone       *time.Location // of times that do not say
	MonthFirst bool           // 04/05/2026 is the fifth of April
	Now        time.Time      // calls a day and more after it are mistakes; zero believes all
	Version    string         // of the program, for the answer
	By         Kind           // what is ranked beside branches: logins unless it is Device

	names      []Name
	numbers    map[Name]trace.Candidate
	subjects   map[string]custody.SubjectID
	keys       []string
	looks      *trace.Looks
	complaints []complaint
	first      time.Time
	last       time.Time
	logs       []Read
	lists      []Read
	sources    []Read
	bad        func(file string, b accesslog.Bad)

	// Of a ledger's events, whose subjects have numbers already.
	direct   bool
	lookup   func(key string) (custody.SubjectID, bool)
	met      []bool
	distinct int
	refused  int                          // lines of looks by which nothing was shown
	index    found.Index                  // of customers by phones and the like; nil: there is none
	loose    map[string]custody.SubjectID // keys without what spreadsheets take off
	other    int                          // complaints whose customer was not found by the key as it is
	warnings []string
	masked   int // looks that showed no way to reach the customer

	reasons []custody.Template
	rung    []Rung
	planted func(custody.SubjectID) bool
}

// complaint is one line of a list.
type complaint struct {
	trace.Complaint
	line int
	// listed says that the line's words say whose it is; otherwise Subject does.
	listed bool
	key    string
	ref    string
	knew   string
	by     [len(ways)]string // what else says whose it is
	why    string            // why it can say nothing; empty: it may
}

// Read says how a file was read.
type Read struct {
	File    string            `json:"file"`
	Rows    int               `json:"rows"`
	Bad     int               `json:"bad_lines"`
	Columns []string          `json:"columns"`
	Digest  string            `json:"sha256,omitempty"` // of the file as it is
	Mapping accesslog.Mapping `json:"-"`
}

// New begins an inquiry. bad is told of every line that is not understood; it may be nil.
func New(zone *time.Location, bad func(file string, b accesslog.Bad)) *Inquiry {
	return &Inquiry{Zone: zone, numbers: map[Name]trace.Candidate{}, subjects: map[string]custody.SubjectID{}, looks: trace.NewLooks(epoch), bad: bad}
}

// Log reads an access log. said names columns that are not to be guessed.
func (q *Inquiry) Log(file string, r io.Reader, said map[accesslog.Field]string) error {
	report, err := accesslog.Read(r, accesslog.Options{
		Wanted: []accesslog.Field{accesslog.Time, accesslog.Login, accesslog.Subject, accesslog.Branch, accesslog.Device, accesslog.Action, accesslog.Outcome, accesslog.Born},
		Needed: []accesslog.Field{accesslog.Time, accesslog.Login, accesslog.Subject},
		Said:   said, Zone: q.Zone, MonthFirst: q.MonthFirst, Bad: q.badIn(file),
	}, q.look)
	if err != nil {
		return in(file, err)
	}
	q.logs = append(q.logs, read(file, report))
	return nil
}

func (q *Inquiry) badIn(file string) func(accesslog.Bad) {
	return func(b accesslog.Bad) {
		if q.bad != nil {
			q.bad(file, b)
		}
	}
}

func read(file string, r *accesslog.Report) Read {
	return Read{File: file, Rows: r.Rows, Bad: r.BadLines, Columns: r.Lines(), Mapping: r.Mapping}
}

// Digest notes the SHA-256 of a file that was read, in hexadecimal.
func (q *Inquiry) Digest(file, sum string) {
	for _, list := range [][]Read{q.logs, q.lists, q.sources} {
		for i := range list {
			if list[i].File == file {
				list[i].Digest = sum
			}
		}
	}
}

// in says which file an error is about.
func in(file string, err error) error {
	return &custody.Error{Code: custody.CodeOf(err), Message: fmt.Sprintf("%s: %v", file, err), Hint: custody.HintOf(err), Err: err}
}

// look takes one line of a log: a look by a login or a device, of a branch.
func (q *Inquiry) look(r *accesslog.Row) error {
	at := r.At[accesslog.Time]
	if !r.Done.Shown() { // nobody was shown, so nothing can have leaked by it
		q.refused++
		return nil
	}
	s := q.subject(r.Get(accesslog.Subject))
	branch := r.Get(accesslog.Branch)
	q.span(at)
	if born := r.At[accesslog.Born]; !born.IsZero() {
		q.looks.Born(s, born)
	}
	who := Name{Kind: Login, Name: r.Get(accesslog.Login)}
	if q.By == Device {
		who = Name{Kind: Device, Name: r.Get(accesslog.Device)}
	}
	for _, n := range [...]Name{who, {Kind: Branch, Name: branch}} {
		if n.Name == "" {
			continue
		}
		if err := q.looks.Add(q.candidate(n, branch), s, at); err != nil {
			return err
		}
	}
	return nil
}

// candidate numbers a name. A login belongs to the branch where it was first seen.
func (q *Inquiry) candidate(n Name, branch string) trace.Candidate {
	if c, ok := q.numbers[n]; ok {
		return c
	}
	n.Name = strings.Clone(n.Name)
	c := trace.Candidate(len(q.names))
	q.numbers[n] = c
	named := n
	if n.Kind != Branch {
		named.Branch = strings.Clone(branch)
	}
	q.names = append(q.names, named)
	return c
}

// subject numbers a customer's key.
func (q *Inquiry) subject(key string) custody.SubjectID {
	if s, ok := q.subjects[key]; ok {
		return s
	}
	key = strings.Clone(key)
	s := custody.SubjectID(len(q.keys))
	q.subjects[key] = s
	q.keys = append(q.keys, key)
	return s
}

// group gives a candidate's branch, for the test within branches.
func (q *Inquiry) group(c trace.Candidate) string {
	n := q.names[c]
	if !n.Kind.single() {
		return n.Name
	}
	return n.Branch
}

// hasBranches says whether the log told any.
func (q *Inquiry) hasBranches() bool {
	for _, n := range q.names {
		if n.Kind == Branch {
			return true
		}
	}
	return false
}
