package accesslog

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"custody"
)

// Options say what is wanted of a file.
type Options struct {
	Wanted []Field          // fields that are looked for
	Needed []Field          // of these, those without which there is nothing to do
	Said   map[Field]string // columns that were named by hand
	Zone   *time.Location   // of times that do not say; UTC if nil
	// MonthFirst reads 04/05/2026 as the fifth of April. The day comes first otherwise,
	// unless a value of the sample shows that it does not.
	MonthFirst bool
	// Named: columns are known by their names alone, never by their values, times by names as
	// a whole, and a file that names none is refused.
	Named bool
	// Bad is told of each line that is not understood. May be nil.
	Bad func(Bad)
	// Mapped is called once, before the first row. May be nil.
	Mapped func(Mapping)
	// Header is called once, before Mapped, with the names of all columns. May be nil.
	Header func([]string)
}

// sampleRows is how many rows are looked at to guess the columns.
const sampleRows = 200

// Read reads a file and gives each row that is understood to take, in order.
func Read(r io.Reader, o Options, take func(*Row) error) (*Report, error) {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	src, err := open(r)
	if err != nil {
		return nil, err
	}
	p := &reading{o: o, src: src, report: &Report{Header: src.header, notes: src.notes, zone: o.Zone}, clock: clock{zone: o.Zone}}
	if o.Header != nil {
		o.Header(src.header)
	}
	if err := p.sample(); err != nil {
		return nil, err
	}
	err = p.run(take)
	p.report.tell(p)
	return p.report, err
}

// reading is one pass over a file.
type reading struct {
	o      Options
	src    *opened
	report *Report
	clock  clock
	first  []record // read for the sample, not yet given
	row    Row
	end    error
	seen   map[[2]string]Done // what actions and outcomes mean
	// dayFirst: a day after the twelfth was read as one, so no month comes before it.
	dayFirst bool
	address  int    // the column, from 1, in whose addresses customers are; 0: none
	beside   Layout // of a time that the column's own layout does not read, the last that did
	// Counts of what is told at the end.
	apart, lists, others int
}

type record struct {
	fields []string
	line   int
	broken string // why it cannot be taken apart
}

// sample reads the first records and guesses the columns.
func (p *reading) sample() error {
	header := p.src.header
	var rows [][]string
	for len(p.first) < sampleRows && p.end == nil {
		fields, line, err := p.src.next()
		if b, ok := errors.AsType[*broken](err); ok {
			p.first = append(p.first, record{nil, b.line, b.reason})
			continue
		}
		if err != nil {
			p.end = err
			break
		}
		own := slices.Clone(fields)
		for i := range own {
			own[i] = strings.Clone(own[i])
		}
		p.first = append(p.first, record{own, line, ""})
		rows = append(rows, own)
	}
	if p.o.Named && p.src.bare {
		return custody.E(custody.CodeInvalid, "no line names the columns", "write their names into the first line")
	}
	if len(rows) == 0 {
		return custody.E(custody.CodeInvalid, "the file has a header and no lines that can be read", "check that it is the right file")
	}
	m, err := columnsOf{header, rows, p.src.later, p.src.bare, slices.Contains(p.o.Wanted, Called), p.o.Named}.guess(p.o.Wanted, p.o.Said)
	if err != nil {
		return err
	}
	for i := range m {
		if o, ok := m[i].Layout.other(); ok && p.o.MonthFirst && !m[i].Layout.swapped {
			m[i].Layout = o
		}
	}
	if c, ok := m.Column(Subject); ok && c.Address {
		p.address = c.At + 1
	}
	p.report.Mapping = m
	if p.o.Mapped != nil {
		p.o.Mapped(m)
	}
	return m.Need("the file", header, p.o.Needed...)
}

// usable sorts out errors: the end, broken lines, and failures of the file itself.
func (p *reading) usable(err error) bool {
	b, isBroken := errors.AsType[*broken](err)
	switch {
	case err == nil:
		return true
	case isBroken:
		p.bad(b.line, b.reason)
	default:
		p.end = err
	}
	return false
}

func (p *reading) bad(line int, reason string) {
	p.report.BadLines++
	b := Bad{line, reason}
	if len(p.report.Bad) < maxListed {
		p.report.Bad = append(p.report.Bad, b)
	}
	if p.o.Bad != nil {
		p.o.Bad(b)
	}
}

func (p *reading) run(take func(*Row) error) error {
	for _, r := range p.first {
		if p.end != nil && p.end != io.EOF {
			return p.end
		}
		if r.broken != "" {
			p.bad(r.line, r.broken)
			continue
		}
		if err := p.give(r.fields, r.line, take); err != nil {
			return err
		}
	}
	for p.end == nil {
		fields, line, err := p.src.next()
		if p.usable(err) {
			if err := p.give(fields, line, take); err != nil {
				return err
			}
		}
	}
	if p.end == io.EOF {
		return nil
	}
	return p.end
}

// give turns a record into a row, or into several where it lists customers.
func (p *reading) give(fields []string, line int, take func(*Row) error) error {
	p.row.Line, p.row.Fields = line, fields
	var list []string
	if p.otherPage(fields) {
		p.apart++
		return nil
	}
	for i := range p.report.Mapping {
		c := &p.report.Mapping[i]
		if c.At >= len(fields) || c.Clock > len(fields) {
			p.bad(line, fmt.Sprintf("the line has %d columns; %s is in column %d", len(fields), c.Field, max(c.At+1, c.Clock)))
			return nil
		}
		v := strings.TrimSpace(fields[c.At])
		if c.Address {
			v = inAddress(v)
		}
		if c.Field == Subject {
			v = strings.TrimSuffix(v, ".0") // a number that passed through a table of fractions
			if list = several(v); list != nil {
				v = list[0]
			}
		}
		if why := p.set(c, v); why != "" {
			p.bad(line, why)
			return nil
		}
	}
	p.row.Done = p.done()
	if list != nil {
		p.lists++
	}
	for i := range max(1, len(list)) {
		if list != nil {
			p.row.Values[Subject] = list[i]
		}
		p.report.Rows++
		if err := take(&p.row); err != nil {
			return err
		}
	}
	return nil
}

// otherPage says whether a line is of a picture, or of a page of no customer.
func (p *reading) otherPage(fields []string) bool {
	return p.address > 0 && p.address <= len(fields) && inAddress(strings.TrimSpace(fields[p.address-1])) == ""
}

// set takes over one value, or says why it cannot.
func (p *reading) set(c *Column, v string) (why string) {
	switch {
	case len(v) > MaxValue:
		return fmt.Sprintf("the %s is longer than %d bytes", c.Field, MaxValue)
	case v == "" && slices.Contains(p.o.Needed, c.Field):
		return fmt.Sprintf("the %s is empty", c.Field.said())
	}
	p.row.Values[c.Field] = v
	if !c.Field.isTime() {
		return ""
	}
	p.row.At[c.Field] = time.Time{}
	if v == "" {
		return ""
	}
	t, ok := p.time(c, v)
	if !ok {
		p.order(c, v)
		return p.noTime(c, v)
	}
	if c.Clock > 0 {
		if clock := strings.TrimSpace(p.row.Fields[c.Clock-1]); clock != "" {
			d, ok := timeOfDay(clock)
			if !ok {
				return fmt.Sprintf("the time of day beside the %s is none", c.Field.said())
			}
			t = at(t, d, p.o.Zone)
		}
	}
	p.row.At[c.Field] = t
	return ""
}

// time reads a value by the column's layout, else by one that may stand beside it. Of looks
// all or none have a time of day; who complains may remember it or not.
func (p *reading) time(c *Column, v string) (time.Time, bool) {
	t, ok := c.Layout.fast(v, &p.clock)
	if !ok {
		t, ok = c.Layout.parse(v, p.o.Zone)
	}
	if ok {
		p.dayFirst = p.dayFirst || !c.Layout.swapped && t.Day() > 12 && t.In(p.o.Zone).Day() > 12
		return t, true
	}
	if p.beside.name != "" {
		if t, ok = p.beside.parse(v, p.o.Zone); ok {
			p.others++
			return t, true
		}
	}
	if l, ok := anyLayout(v); ok && c.Layout.beside(l) && (l.dayNo == c.Layout.dayNo || c.Field != Time && c.Clock == 0) {
		if o, has := l.other(); has && p.o.MonthFirst != l.swapped {
			l = o
		}
		if t, ok = l.parse(v, p.o.Zone); ok {
			p.beside = l
			p.others++
			return t, true
		}
	}
	return t, false
}

func (p *reading) noTime(c *Column, v string) string {
	if l, ok := anyLayout(v); ok && l.swapped && c.Layout.format == "" {
		return fmt.Sprintf("the %s has the month first, where others are numbers of days: has the spreadsheet taken days of those for months?", c.Field.said())
	}
	return fmt.Sprintf("the %s is not a time of the form %s", c.Field.said(), c.Layout)
}

// order ends the reading at a value that shows that the month comes first, when nothing
// has shown yet that the day does: what was read before it would have wrong days.
func (p *reading) order(c *Column, v string) {
	o, ok := c.Layout.other()
	if !ok || c.Layout.swapped || p.dayFirst {
		return
	}
	if _, ok := o.parse(v, p.o.Zone); ok {
		p.end = custody.E(custody.CodeInvalid, fmt.Sprintf("line %d shows that column %q has the month first; the lines before it were read day first", p.row.Line, c.Name),
			"read it again with --month-first")
	}
}
