package body

import (
	"bytes"
	"math/bits"
)

// csvReader parts comma-separated values (RFC 4180) into cells. The sign between
// cells is the one that the first line has most of: comma, semicolon, tab or bar; a
// line "sep=;" says it. The first line names the columns. A row is a record.
type csvReader struct{ csvTable }

func newCSV(p *Plan) *csvReader { return &csvReader{csvTable{plan: p, scope: noScope}} }

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
	c.unquote(f, text, start+1)
	f.built(start+1, end-1, c.scope, r, formText)
}
