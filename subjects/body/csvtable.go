package body

import (
	"bytes"
	"math"
	"slices"
)

// csvTable is what is known of a table, and where in it a reader is.
type csvTable struct {
	plan    *Plan
	sign    byte
	columns []rule
	titled  bool  // the line of names has been read
	named   bool  // it holds something
	column  int   // of the cell that comes next
	scan    int   // of an unfinished cell: where to look for its end, from f.at
	scope   int32 // of the row
	started bool  // the row has begun
	keyed   bool  // a column is the key
	lanes   []lane
}

// begin finds the sign between cells. It waits for the first line, up to a window.
func (c *csvTable) begin(f *Filter, end bool) bool {
	line, _, whole := bytes.Cut(f.raw, []byte("\n"))
	if !whole && !end && len(f.raw) < Window {
		return false
	}
	f.at = len(f.raw) - len(bytes.TrimPrefix(f.raw, []byte("\ufeff")))
	line = bytes.TrimSuffix(bytes.TrimPrefix(line, []byte("\ufeff")), []byte("\r"))
	if len(line) == 5 && bytes.EqualFold(line[:4], []byte("sep=")) {
		c.sign = line[4]
		f.at += 5
		return true
	}
	c.sign = ','
	most := 0
	for _, sign := range []byte(",;\t|") {
		if n := countOutside(line, sign); n > most {
			c.sign, most = sign, n
		}
	}
	return true
}

// countOutside counts a sign outside of quotes.
func countOutside(line []byte, sign byte) (n int) {
	quoted := false
	for _, b := range line {
		switch {
		case b == '"':
			quoted = !quoted
		case b == sign && !quoted:
			n++
		}
	}
	return n
}

// row begins a row.
func (c *csvTable) row(f *Filter) {
	c.column, c.scope, c.started = 0, noScope, true
	if c.keyed {
		c.scope = f.newScope()
	}
}

// quoteEnd finds the quote that ends a quoted cell, and gives the place behind it.
// Without one it gives where to look on.
func (c *csvTable) quoteEnd(raw []byte, i int) (int, bool) {
	for {
		n := bytes.IndexByte(raw[i:], '"')
		if n < 0 {
			return len(raw), false
		}
		i += n
		if i+1 == len(raw) {
			return i, false // perhaps the first of two
		}
		if raw[i+1] != '"' {
			return i + 1, true
		}
		i += 2
	}
}

// unquote builds the text of a cell in which quotes are doubled.
func (c *csvTable) unquote(f *Filter, text []byte, base int) {
	f.build.reset()
	for {
		n := bytes.Index(text, []byte(`""`))
		if n < 0 {
			break
		}
		f.build.same(text[:n], base)
		f.build.escape(text[n:n+1], base+n, 2)
		text, base = text[n+2:], base+n+2
	}
	f.build.same(text, base)
}

// title notes what the column is that the cell names.
func (c *csvTable) title(f *Filter, start, end int) {
	name := bytes.Trim(f.raw[start:end], `"`)
	if len(name) > 256 {
		name = nil
	}
	c.named = c.named || len(name) > 0
	c.columns = append(c.columns, c.plan.csv[header(string(name))])
}

// endRow ends the row, and the record. A line break is the last byte of a row; the
// second half of \r\n begins the next, where it is an empty cell.
func (c *csvTable) endRow(f *Filter) {
	if f.at < len(f.raw) && f.raw[f.at-1] == '\r' && f.raw[f.at] == '\n' {
		f.at++
	}
	if !c.titled {
		if c.titled = c.named; !c.named { // an empty line before the names
			c.columns = c.columns[:0]
		}
		c.keyed = slices.Contains(c.columns, ruleKey)
		if c.titled {
			c.lanes = c.lanesOf(f)
		}
	}
	c.started = false
	f.endRecord(f.at)
}

func (c *csvTable) moved(int32, int32) {}

func (c *csvTable) lowest() int32 {
	if c.started && c.scope != noScope {
		return c.scope
	}
	return math.MaxInt32
}
