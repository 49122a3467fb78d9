package identity

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"custody"
)

// Bounds of a roster.
const (
	MaxRoster     = 10 << 20 // bytes
	MaxRosterRows = 20_000
	maxRosterCell = 500 // bytes
)

// RosterRow is one line of a list of people: who, where, as what, from when to when.
type RosterRow struct {
	Line         int
	Login        string
	FullName     string
	Organisation string
	Branch       string
	Roles        []string
	HasRoles     bool // the list has such a column
	Start, End   time.Time
}

// LineError is what is wrong in a line.
type LineError struct {
	Line int
	Err  error
}

// rosterColumns are the columns that a list may have.
var rosterColumns = []string{"login", "name", "organisation", "branch", "roles", "start", "end"}

// rosterForms are the ways to write a moment in a list.
var rosterForms = []string{"2006-01-02", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02 15:04:05", time.RFC3339Nano, "02/01/2006", "02/01/2006 15:04"}

// ReadRoster reads a list of people as CSV: the first line names the columns (login and
// organisation, and any of name, branch, roles, start and end), separated by commas or
// semicolons. Roles are separated by |. Dates without
// a time are midnight in zone. It gives what is wrong line by line; the error is of the
// file as a whole.
func ReadRoster(r io.Reader, zone *time.Location) ([]RosterRow, []LineError, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxRoster+1))
	if err != nil {
		return nil, nil, &custody.Error{Code: custody.CodeUnavailable, Message: "the list cannot be read", Hint: "check the file", Err: err}
	}
	if len(text) > MaxRoster {
		return nil, nil, custody.E(custody.CodeTooLarge, "the list is longer than 10 MiB", "split it into several and import each")
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
		return nil, nil, custody.E(custody.CodeInvalid, "the list is not UTF-8 text", "save it as CSV UTF-8")
	}
	p := rosterParser{csv: csv.NewReader(bytes.NewReader(text)), zone: zone, seen: map[string]int{}}
	p.csv.Comma, p.csv.ReuseRecord, p.csv.TrimLeadingSpace = separator(text), true, true
	if err := p.header(); err != nil {
		return nil, nil, err
	}
	err = p.rows()
	return p.list, p.wrong, err
}

// separator is the more frequent one of the first line.
func separator(text []byte) rune {
	line, _, _ := bufio.ScanLines(text, true)
	head := text[:max(line, 0)]
	if bytes.Count(head, []byte(";")) > bytes.Count(head, []byte(",")) {
		return ';'
	}
	return ','
}

type rosterParser struct {
	csv     *csv.Reader
	zone    *time.Location
	columns []string
	list    []RosterRow
	wrong   []LineError
	seen    map[string]int // login to line
}

func (p *rosterParser) header() error {
	head, err := p.csv.Read()
	if err != nil {
		return custody.E(custody.CodeInvalid, "the list has no line that names its columns", "the first line is: login,name,organisation,branch,roles,start,end")
	}
	for _, c := range head {
		name := strings.ToLower(strings.TrimSpace(c))
		if !slices.Contains(rosterColumns, name) {
			return custody.E(custody.CodeInvalid, fmt.Sprintf("the list has an unknown column %q", printable(name, 30)), "the columns are "+strings.Join(rosterColumns, ", "))
		}
		if slices.Contains(p.columns, name) {
			return custody.E(custody.CodeInvalid, "the list has the column "+name+" twice", "leave one out")
		}
		p.columns = append(p.columns, name)
	}
	for _, need := range []string{"login", "organisation"} {
		if !slices.Contains(p.columns, need) {
			return custody.E(custody.CodeInvalid, "the list has no column "+need, "the columns are "+strings.Join(rosterColumns, ", ")+"; only login and organisation must be there")
		}
	}
	return nil
}

func (p *rosterParser) rows() error {
	for {
		record, err := p.csv.Read()
		if err == io.EOF {
			return nil
		}
		line := 0
		var broken *csv.ParseError
		if errors.As(err, &broken) {
			p.fail(broken.Line, broken.Err.Error(), "check the quotation marks and the number of columns")
			if errors.Is(broken.Err, csv.ErrFieldCount) {
				continue
			}
			return nil // what follows cannot be told apart
		}
		if err != nil {
			return err
		}
		line, _ = p.csv.FieldPos(0)
		if len(p.list) >= MaxRosterRows {
			return custody.E(custody.CodeTooLarge, "the list has more than 20,000 people", "split it into several and import each")
		}
		p.row(line, record)
	}
}

func (p *rosterParser) fail(line int, message, hint string) {
	p.wrong = append(p.wrong, LineError{line, custody.E(custody.CodeInvalid, message, hint)})
}

func (p *rosterParser) row(line int, record []string) {
	r := RosterRow{Line: line}
	for i, cell := range record {
		cell = strings.TrimSpace(cell)
		if len(cell) > maxRosterCell || strings.ContainsFunc(cell, unicode.IsControl) {
			p.fail(line, p.columns[i]+" is longer than 500 bytes or holds characters that cannot be printed", "one line of plain text a cell")
			return
		}
		if !p.cell(&r, p.columns[i], cell) {
			return
		}
	}
	if first, twice := p.seen[r.Login]; twice {
		p.fail(line, fmt.Sprintf("this login is in line %d already", first), "one line a person")
		return
	}
	p.seen[r.Login] = line
	if err := checkLogin(r.Login); err != nil {
		p.wrong = append(p.wrong, LineError{line, err})
		return
	}
	p.list = append(p.list, r)
}

// cell brings one cell into the row; false after a mistake.
func (p *rosterParser) cell(r *RosterRow, column, cell string) bool {
	switch column {
	case "login":
		r.Login = NormalLogin(cell)
	case "name":
		r.FullName = cell
	case "organisation":
		r.Organisation = cell
	case "branch":
		r.Branch = cell
	case "roles":
		r.HasRoles = true
		for role := range strings.SplitSeq(cell, "|") {
			if role = strings.TrimSpace(role); role != "" {
				r.Roles = append(r.Roles, role)
			}
		}
	case "start", "end":
		at, ok := rosterMoment(cell, p.zone)
		if !ok {
			p.fail(r.Line, column+" is not a date", "write 2026-05-31, 31/05/2026 or \"2026-05-31 14:00\"")
			return false
		}
		if column == "start" {
			r.Start = at
		} else {
			r.End = at
		}
	}
	return true
}

func rosterMoment(cell string, zone *time.Location) (time.Time, bool) {
	if cell == "" {
		return time.Time{}, true
	}
	for _, form := range rosterForms {
		if at, err := time.ParseInLocation(form, cell, zone); err == nil {
			return at, at.Year() >= 1970 && at.Year() <= 9998
		}
	}
	return time.Time{}, false
}
