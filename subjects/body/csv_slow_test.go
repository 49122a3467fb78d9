package body

// The plain way to read CSV, byte by byte, to hold the quick one against.

import "bytes"

// slowCsvReader parts comma-separated values (RFC 4180) into cells. The sign between
// cells is the one that the first line has most of: comma, semicolon, tab or bar; a
// line "sep=;" says it. The first line names the columns. A row is a record.
type slowCsvReader struct{ csvTable }

func newSlowCSV(p *Plan) *slowCsvReader { return &slowCsvReader{csvTable{plan: p, scope: noScope}} }

func (c *slowCsvReader) read(f *Filter, end bool) error {
	if c.sign == 0 && !c.begin(f, end) {
		return nil
	}
	for f.at < len(f.raw) && !f.full() {
		if !c.started {
			c.row(f)
		}
		if !c.cell(f, end) {
			return nil
		}
	}
	return nil
}

// cell reads a cell and what ends it; false means that its end has not come yet.
func (c *slowCsvReader) cell(f *Filter, end bool) bool {
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
	for i < len(raw) && raw[i] != c.sign && raw[i] != '\n' && raw[i] != '\r' {
		i++
	}
	if i == len(raw) && !end {
		if !quoted { // of a quoted one the quotes are looked for again, it is over soon
			c.scan = i - start
		}
		return false
	}
	c.scan = 0
	c.found(f, start, i, quoted)
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

// found adds a cell.
func (c *slowCsvReader) found(f *Filter, start, end int, quoted bool) {
	r := ruleNone
	if !c.titled {
		c.title(f, start, end)
	} else if c.column < len(c.columns) {
		r = c.columns[c.column]
	}
	f.keySeen(r, c.scope)
	if !quoted || end-start < 2 || f.raw[end-1] != '"' {
		if start < end {
			plainly(f, start, end, c.scope, r, formText, flagsUnknown)
		}
		return
	}
	text := f.raw[start+1 : end-1]
	if bytes.IndexByte(text, '"') < 0 {
		plainly(f, start+1, end-1, c.scope, r, formText, flagsUnknown)
		return
	}
	c.unquote(f, text, start+1)
	f.built(start+1, end-1, c.scope, r, formText)
}
