package body

import (
	"bytes"
	"math"
	"math/bits"
	"slices"
)

// csvReader parts comma-separated values (RFC 4180) into cells. The sign between
// cells is the one that the first line has most of: comma, semicolon, tab or bar; a
// line "sep=;" says it. The first line names the columns. A row is a record.
type csvReader struct {
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

func newCSV(p *Plan) *csvReader { return &csvReader{plan: p, scope: noScope} }

func (c *csvReader) read(f *Filter, end bool) error {
	if c.sign == 0 && !c.begin(f, end) {
		return nil
	}
	f.marks.cover(f.raw, f.at, stopsOf(c.sign, '\n', '\r'))
	for f.at < len(f.raw) {
		if !c.started {
			if f.full() {
				return nil
			}
			if len(c.lanes) > 0 {
				if c.rows(f); f.full() {
					return nil
				}
			}
			if !c.started {
				c.row(f)
			}
		}
		if !c.quick(f) && !c.cell(f, end) {
			return nil
		}
	}
	return nil
}

// quick reads cells that are whole and have no quotes, up to the end of the row. It
// leaves all others, and says whether it has read one.
func (c *csvReader) quick(f *Filter) bool {
	if c.scan > 0 || !c.titled {
		return false
	}
	raw := f.raw
	var row *scope
	if c.keyed {
		row = f.scope(c.scope)
	}
	for begun := false; ; begun = true {
		start := f.at
		if start == len(raw) || raw[start] == '"' {
			return begun
		}
		i := start - f.marks.base
		lo, hi, s := &f.marks.list[i>>6], &f.marks.list[i>>6+1], uint(i&63)
		stop := lo.stop>>s | hi.stop<<1<<(63-s)
		if stop == 0 { // long, or not whole
			return begun
		}
		n := bits.TrailingZeros64(stop)
		end := start + n
		r := ruleNone
		if c.column < len(c.columns) {
			r = c.columns[c.column]
		}
		switch keep := uint64(1)<<uint(n) - 1; {
		case n == 0:
		case r == ruleKey:
			f.plain(start, end, c.scope, r, formText, flagsUnknown)
			f.early(int32(len(f.values) - 1))
		case r == ruleNone || row == nil || row.subject == 0 || row.key < f.first || raw[start] <= ' ':
			f.put(start, end, c.scope, r, formText, tallyOf(lo, hi, s, keep))
		default: // as Filter.brief
			if category, _ := r.category(); f.open.Has(category) && aloneIn(category, lo, hi, s, keep) {
				f.values[row.key].shown |= 1 << category
			} else {
				f.put(start, end, c.scope, r, formText, tallyOf(lo, hi, s, keep))
			}
		}
		c.column++
		if f.at = end + 1; raw[end] != c.sign {
			c.endRow(f)
			return true
		}
	}
}

// begin finds the sign between cells. It waits for the first line, up to a window.
func (c *csvReader) begin(f *Filter, end bool) bool {
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
func (c *csvReader) row(f *Filter) {
	c.column, c.scope, c.started = 0, noScope, true
	if c.keyed {
		c.scope = f.newScope()
	}
}

// cell reads a cell and what ends it; false means that its end has not come yet.
func (c *csvReader) cell(f *Filter, end bool) bool {
	raw := f.raw
	start, i := f.at, f.at+c.scan
	quoted := start < len(raw) && raw[start] == '"'
	if quoted {
		stop, ok := c.quoteEnd(raw, max(i, start+1))
		if !ok && !end {
			c.scan = stop - start
			return false
		}
		i = stop
	}
	i, seen := f.marks.span(i)
	if i == len(raw) && !end {
		if !quoted { // of a quoted one the quotes are looked for again, it is over soon
			c.scan = i - start
		}
		return false
	}
	if c.scan > 0 { // its parts do not add up to what the whole is
		c.scan, seen = 0, f.marks.over(start, i)
	}
	c.found(f, start, i, quoted, seen)
	c.column++
	f.at = i
	if i == len(raw) {
		return true
	}
	f.at++
	if raw[i] == c.sign {
		return true
	}
	c.endRow(f)
	return true
}

// quoteEnd finds the quote that ends a quoted cell, and gives the place behind it.
// Without one it gives where to look on.
func (c *csvReader) quoteEnd(raw []byte, i int) (int, bool) {
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

// found adds a cell. seen is of one without quotes.
func (c *csvReader) found(f *Filter, start, end int, quoted bool, seen tally) {
	r := ruleNone
	if !c.titled {
		c.title(f, start, end)
	} else if c.column < len(c.columns) {
		r = c.columns[c.column]
	}
	if !quoted || end-start < 2 || f.raw[end-1] != '"' {
		if quoted {
			seen = f.marks.over(start, end)
		}
		if start < end {
			f.put(start, end, c.scope, r, formText, seen)
		}
		return
	}
	text := f.raw[start+1 : end-1]
	if bytes.IndexByte(text, '"') < 0 {
		f.put(start+1, end-1, c.scope, r, formText, f.marks.over(start+1, end-1))
		return
	}
	f.build.reset()
	base := start + 1
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
	f.built(start+1, end-1, c.scope, r, formText)
}

// title notes what the column is that the cell names.
func (c *csvReader) title(f *Filter, start, end int) {
	name := bytes.Trim(f.raw[start:end], `"`)
	if len(name) > 256 {
		name = nil
	}
	c.named = c.named || len(name) > 0
	c.columns = append(c.columns, c.plan.csv[header(string(name))])
}

// endRow ends the row, and the record. A line break is the last byte of a row; the
// second half of \r\n begins the next, where it is an empty cell.
func (c *csvReader) endRow(f *Filter) {
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

func (c *csvReader) moved(int32, int32) {}

func (c *csvReader) lowest() int32 {
	if c.started && c.scope != noScope {
		return c.scope
	}
	return math.MaxInt32
}
