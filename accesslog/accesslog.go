// Package accesslog reads what systems that cannot be put behind a gate leave behind:
// access logs, and lists of complaints: tables (CSV, spreadsheets), JSON, logs of web
// servers and lines of name=value, also packed. Which column is which is
// guessed from headers and values, shown, and can be said. A line that cannot be read
// is reported with its number and the reason; none is dropped in silence.
package accesslog

import (
	"fmt"
	"time"
)

// Bounds of what is read.
const (
	MaxLine   = 1 << 20 // bytes
	MaxFields = 1024
	MaxValue  = 4096 // bytes of a value that is used
	// maxListed bounds the bad lines kept in memory; all are counted, and all are given
	// to Options.Bad.
	maxListed = 1000
)

// Field is what a column may hold.
type Field uint8

// The fields of logs and of complaints.
const (
	Time    Field = iota // of the look
	Login                // who looked: a login or a person
	Subject              // the customer's key
	Branch               // of who looked
	Device               // address, device or session
	Action               // what was done
	Called               // of a complaint: time of the unwanted call
	Knew                 // of a complaint: what the caller knew
	Ref                  // of a complaint: its reference
	Born                 // when the customer's record began
	Shown                // the categories that were shown
	Outcome              // whether anything was: a status, granted or denied
	Phone                // of a complaint: ways to know whose it is where no key is given
	Email
	Plate
	Name
	Received // of a complaint: when it came
	Answer   // of a complaint: where to answer
	System   // of a complaint: the system of the customer's key
	Caller   // of a complaint: the number that the caller showed
	Claimed  // of a complaint: who the caller said to be
	Words    // of a complaint: what happened
	fieldCount
)

var fieldNames = [fieldCount]string{"time", "login", "subject", "branch", "device", "action", "called", "knew", "ref", "born", "categories", "outcome", "phone", "email", "registration", "name",
	"received", "answer", "system", "caller", "claimed", "words"}

// String gives the field as it is written in mappings.
func (f Field) String() string { return fieldNames[f] }

// said is how sentences call the field.
func (f Field) said() string {
	switch f {
	case Called:
		return "time of the call"
	case Received:
		return "time of the receipt"
	case Born:
		return "beginning of the record"
	}
	return f.String()
}

// ParseField reads a field's name.
func ParseField(s string) (Field, bool) {
	for i, n := range fieldNames {
		if n == s {
			return Field(i), true
		}
	}
	return 0, false
}

// Row is one line that was understood. Its strings hold until the next row.
type Row struct {
	Line int
	// Values are the mapped fields as text, empty where there is no column.
	Values [fieldCount]string
	// At are the fields that are times; zero where there is none.
	At [fieldCount]time.Time
	// Fields are all columns of the line as they are, in the order of the header.
	Fields []string
	// Done is what the line says was done, by its action and its outcome.
	Done Done
}

// Get gives a field's text.
func (r *Row) Get(f Field) string { return r.Values[f] }

// Bad is a line that was not understood. The reason quotes no value of it.
type Bad struct {
	Line   int    `json:"line"`
	Reason string `json:"reason"`
}

// Report says how much was read.
type Report struct {
	Rows, BadLines int
	Bad            []Bad // the first of them
	Mapping        Mapping
	Header         []string // names of all columns

	notes []string
	zone  *time.Location
}

// Lines says for people what the columns were taken for, with some of their values, and
// what else is to be known of how the file was read. Of hidden fields no value is shown.
func (r *Report) Lines(hidden ...Field) []string {
	return append(r.Mapping.Lines(r.zone, hidden...), r.notes...)
}

// tell notes what became known while the lines were read.
func (r *Report) tell(p *reading) {
	for _, x := range []struct {
		n     int
		says  string
		lines string
	}{
		{p.lists, "several customers, each of whom counts as one look", "name"},
		{p.apart, "pages of no customer, left out", "are of"},
		{p.others, "the time in another form than most, understood", "write"},
		{p.clock.twice, "in the hour that clocks show twice when they are put back, taken as the first", "are"},
	} {
		if x.n > 0 {
			r.notes = append(r.notes, fmt.Sprintf("lines that %s %s: %d", x.lines, x.says, x.n))
		}
	}
}

// isTime says which fields are times.
func (f Field) isTime() bool { return f == Time || f == Called || f == Received || f == Born }
