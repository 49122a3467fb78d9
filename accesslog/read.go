package accesslog

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
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
	// Bad is told of each line that is not understood. May be nil.
	Bad func(Bad)
	// Mapped is called once, before the first row. May be nil.
	Mapped func(Mapping)
	// Header is called once, before Mapped, with the names of all columns. May be nil.
	Header func([]string)
}

// sampleRows is how many rows are looked at to guess the columns.
const sampleRows = 200

// Open opens a file, unpacking .gz; "-" is the standard input.
func Open(path string) (io.ReadCloser, error) {
	if path == "-" {
		return io.NopCloser(os.Stdin), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, &custody.Error{Code: custody.CodeNotFound, Message: fmt.Sprintf("the file %s cannot be opened", path),
			Hint: "check the path and who may read it", Err: err}
	}
	if !strings.HasSuffix(path, ".gz") {
		return f, nil
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		f.Close()
		return nil, &custody.Error{Code: custody.CodeInvalid, Message: fmt.Sprintf("the file %s is not gzip", path), Hint: "unpack it, or rename it", Err: err}
	}
	return struct {
		io.Reader
		io.Closer
	}{z, f}, nil
}

// source gives the records of a file, the header first. A record that is broken comes
// as an error of type *broken, after which the next can be asked for.
type source interface {
	next() (record []string, line int, err error)
}

// broken is one record that cannot be taken apart.
type broken struct {
	line   int
	reason string
}

func (b *broken) Error() string { return b.reason }

// Read reads a file and gives each row that is understood to take, in order.
func Read(r io.Reader, o Options, take func(*Row) error) (*Report, error) {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	src, header, err := open(r)
	if err != nil {
		return nil, err
	}
	p := &reading{o: o, src: src, report: &Report{Header: header}}
	if o.Header != nil {
		o.Header(header)
	}
	if err := p.sample(header); err != nil {
		return nil, err
	}
	return p.report, p.run(take)
}

// reading is one pass over a file.
type reading struct {
	o      Options
	src    source
	report *Report
	first  []record // read for the sample, not yet given
	row    Row
	end    error
	seen   map[[2]string]Done // what actions and outcomes mean
	// dayFirst: a day after the twelfth was read as one, so no month comes before it.
	dayFirst bool
}

type record struct {
	fields []string
	line   int
	broken string // why it cannot be taken apart
}

// sample reads the first records and guesses the columns.
func (p *reading) sample(header []string) error {
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
	if len(rows) == 0 {
		return custody.E(custody.CodeInvalid, "the file has a header and no lines that can be read", "check that it is the right file")
	}
	m, err := Guess(header, rows, p.o.Wanted, p.o.Said)
	if err != nil {
		return err
	}
	for i := range m {
		if o, ok := m[i].Layout.other(); ok && p.o.MonthFirst && !m[i].Layout.swapped {
			m[i].Layout = o
		}
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

// give turns a record into a row.
func (p *reading) give(fields []string, line int, take func(*Row) error) error {
	p.row.Line, p.row.Fields = line, fields
	for i := range p.report.Mapping {
		c := &p.report.Mapping[i]
		if c.At >= len(fields) {
			p.bad(line, fmt.Sprintf("the line has %d columns; %s is in column %d", len(fields), c.Field, c.At+1))
			return nil
		}
		v := strings.TrimSpace(fields[c.At])
		if why := p.set(c, v); why != "" {
			p.bad(line, why)
			return nil
		}
	}
	p.report.Rows++
	p.row.Done = p.done()
	return take(&p.row)
}

// set takes over one value, or says why it cannot.
func (p *reading) set(c *Column, v string) (why string) {
	needed := false
	for _, f := range p.o.Needed {
		needed = needed || f == c.Field
	}
	switch {
	case len(v) > MaxValue:
		return fmt.Sprintf("the %s is longer than %d bytes", c.Field, MaxValue)
	case v == "" && needed:
		return fmt.Sprintf("the %s is empty", c.Field)
	}
	p.row.Values[c.Field] = v
	if !c.Field.isTime() {
		return ""
	}
	p.row.At[c.Field] = time.Time{}
	if v == "" {
		return ""
	}
	t, ok := c.Layout.parse(v, p.o.Zone)
	if !ok {
		p.order(c, v)
		return fmt.Sprintf("the %s is not a time of the form %s", c.Field.said(), c.Layout)
	}
	if !p.dayFirst && t.In(p.o.Zone).Day() > 12 {
		p.dayFirst = true
	}
	p.row.At[c.Field] = t
	return ""
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
