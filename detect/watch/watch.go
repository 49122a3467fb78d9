// Package watch runs the detectors over files: the access log of any system, beside it
// a list of jobs and a roster if there are any. It needs no gate and no database.
package watch

import (
	"fmt"
	"io"
	"strings"
	"time"

	"custody"
	"custody/accesslog"
	"custody/detect"
)

// Watch collects files. It is not safe for concurrent use.
type Watch struct {
	Zone       *time.Location
	Policy     detect.Policy
	MonthFirst bool // 04/05/2026 is the fifth of April
	// Names shows logins instead of pseudonyms.
	Names bool
	// Templates explain looks by the jobs. They are mined if there are none.
	Templates []detect.Template

	bad       func(file string, b accesslog.Bad)
	files     []string
	logins    names
	devices   names
	branches  names
	customers names
	belongs   [][]int32 // looks of each login by branch
	looks     looks
	refused   int // of them: lines by which nothing was shown
	failed    int // lines by which nothing was shown, for no fault of the asker's
	relation  *detect.Relation
	roster    *roster
	canaries  map[custody.SubjectID]bool
	logs      []Read
	others    []Read
	homes     int // column of the relation that holds the customer's branch, or -1
}

// names numbers names, from 1.
type names struct {
	number map[string]uint32
	list   []string
}

func (n *names) of(name string) uint32 {
	if name == "" {
		return 0
	}
	if k, ok := n.number[name]; ok {
		return k
	}
	if n.number == nil {
		n.number, n.list = map[string]uint32{}, []string{""}
	}
	name = strings.Clone(name)
	k := uint32(len(n.list))
	n.number[name] = k
	n.list = append(n.list, name)
	return k
}

func (n *names) name(k uint32) string {
	if int(k) < len(n.list) {
		return n.list[k]
	}
	return ""
}

// Read says how a file was read.
type Read struct {
	File    string   `json:"file"`
	What    string   `json:"what"` // log, jobs, shifts or canaries
	Rows    int      `json:"rows"`
	Bad     int      `json:"bad_lines"`
	Columns []string `json:"columns"`
}

// New begins. bad is told of every line that is not understood; it may be nil.
func New(zone *time.Location, bad func(file string, b accesslog.Bad)) *Watch {
	return &Watch{Zone: zone, Policy: detect.DefaultPolicy(), bad: bad, homes: -1}
}

func (w *Watch) badIn(file string) func(accesslog.Bad) {
	return func(b accesslog.Bad) {
		if w.bad != nil {
			w.bad(file, b)
		}
	}
}

func in(file string, err error) error {
	return &custody.Error{Code: custody.CodeOf(err), Message: fmt.Sprintf("%s: %v", file, err), Hint: custody.HintOf(err), Err: err}
}

// hidden are fields of which the report shows no value.
func (w *Watch) hidden() []accesslog.Field {
	if w.Names {
		return nil
	}
	return []accesslog.Field{accesslog.Login}
}

// Log reads an access log. said names columns that are not to be guessed.
func (w *Watch) Log(file string, r io.Reader, said map[accesslog.Field]string) error {
	at := len(w.files)
	if at >= maxFiles {
		return custody.E(custody.CodeTooLarge, "there are more than 1,024 logs", "put several into one file")
	}
	w.files = append(w.files, file)
	report, err := accesslog.Read(r, accesslog.Options{
		Wanted: []accesslog.Field{accesslog.Time, accesslog.Login, accesslog.Subject, accesslog.Branch, accesslog.Device, accesslog.Action, accesslog.Outcome},
		Needed: []accesslog.Field{accesslog.Time, accesslog.Login, accesslog.Subject},
		Said:   said, Zone: w.Zone, MonthFirst: w.MonthFirst, Bad: w.badIn(file),
	}, func(row *accesslog.Row) error { return w.line(at, row) })
	if err != nil {
		return in(file, err)
	}
	w.logs = append(w.logs, Read{file, "log", report.Rows, report.BadLines, report.Lines(w.hidden()...)})
	return nil
}

// maxNames bounds logins and devices; customers are bounded by memory alone.
const maxNames = 1 << 20

func (w *Watch) line(file int, row *accesslog.Row) error {
	var subject uint32
	switch {
	case row.Done.Shown():
		subject = w.customers.of(row.Get(accesslog.Subject))
	case row.Done == accesslog.Refused:
		w.refused++
	default: // neither a look nor a sign of anything
		w.failed++
		return nil
	}
	person, device := w.logins.of(row.Get(accesslog.Login)), w.devices.of(row.Get(accesslog.Device))
	if len(w.logins.list) > maxNames || len(w.devices.list) > maxNames {
		return custody.E(custody.CodeTooLarge, "the log has more than 1,048,576 logins or devices", "is the right column taken? --map login=COLUMN or device=COLUMN says which")
	}
	if b := w.branches.of(row.Get(accesslog.Branch)); b != 0 {
		w.belong(person, b)
	}
	w.looks.add(newLook(row.At[accesslog.Time], person, subject, device, file, row.Line, row.Done))
	return nil
}

// belong counts a look for the branch of its login.
func (w *Watch) belong(person, branch uint32) {
	for int(person) >= len(w.belongs) {
		w.belongs = append(w.belongs, nil)
	}
	list := w.belongs[person]
	for i := 0; i+1 < len(list); i += 2 {
		if list[i] == int32(branch) {
			list[i+1]++
			return
		}
	}
	if len(list) < 2*maxBranches {
		w.belongs[person] = append(list, int32(branch), 1)
	}
}

// maxBranches bounds the branches that are counted of one login.
const maxBranches = 32

// branch is where a login mostly is.
func (w *Watch) branch(person uint32) uint32 {
	best, most := uint32(0), int32(0)
	if int(person) < len(w.belongs) {
		list := w.belongs[person]
		for i := 0; i+1 < len(list); i += 2 {
			if list[i+1] > most {
				best, most = uint32(list[i]), list[i+1]
			}
		}
	}
	return best
}

// Canaries reads a list of planted customers: one look at them is an alert.
func (w *Watch) Canaries(file string, r io.Reader, said map[accesslog.Field]string) error {
	if w.canaries == nil {
		w.canaries = map[custody.SubjectID]bool{}
	}
	report, err := accesslog.Read(r, accesslog.Options{
		Wanted: []accesslog.Field{accesslog.Subject}, Needed: []accesslog.Field{accesslog.Subject}, Said: said, Zone: w.Zone, Bad: w.badIn(file),
	}, func(row *accesslog.Row) error {
		w.canaries[custody.SubjectID(w.customers.of(row.Get(accesslog.Subject)))] = true
		return nil
	})
	if err != nil {
		return in(file, err)
	}
	w.others = append(w.others, Read{file, "canaries", report.Rows, report.BadLines, report.Lines(w.hidden()...)})
	return nil
}
