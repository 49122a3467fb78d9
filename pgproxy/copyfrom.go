package pgproxy

import (
	"bytes"
	"encoding/binary"
	"strings"

	"custody"
	"custody/pgproxy/lineage"
)

// copySource reads what a client copies in, as COPY FROM reads it, to see whose rows
// they are. What PostgreSQL refuses is read somehow: then nothing is committed.
type copySource struct {
	write   rowWrite
	csv     bool
	binary  bool
	need    int  // columns to look at
	max     int  // the longest row, bytes
	header  bool // text: the next line is the header; binary: it was not read yet
	over    bool // the end was marked: what follows is not read
	plain   bool // csv: a line of \. is data and ends nothing
	delim   byte
	quote   byte
	escape  byte
	null    string
	line    []byte // that has not ended yet; binary: what is not yet a whole row
	inQuote bool   // csv: where line ends
	escaped bool   // the character before was a backslash, or csv's escape
	cr      bool   // the line before ended with \r
	scratch []byte
	values  [][]byte
	// statement is the shape of the COPY.
	statement uint64
}

// newCopySource makes a reader of one COPY FROM; rows over max bytes are refused.
func newCopySource(o *lineage.Copy, w rowWrite, max int) *copySource {
	s := &copySource{write: w, csv: o.Format == "csv", binary: o.Format == "binary", null: o.Null, max: max, need: w.Key + 1}
	s.header = o.Header || s.binary
	for _, n := range w.Names {
		if n.Column >= s.need {
			s.need = n.Column + 1
		}
	}
	s.delim, s.quote = first(o.Delimiter, '\t'), first(o.Quote, '"')
	if s.csv {
		s.delim = first(o.Delimiter, ',')
	}
	s.escape = first(o.Escape, s.quote)
	return s
}

// feed reads the next bytes and calls row for each row that ends in them; the values,
// nil for NULL, hold until it returns.
func (s *copySource) feed(b []byte, row func(values [][]byte) error) error {
	if s.binary {
		return s.feedBinary(b, row)
	}
	for _, ch := range b {
		if s.over {
			return nil
		}
		after := s.cr
		s.cr = false
		if after && ch == '\n' { // the second half of \r\n
			continue
		}
		if data := s.data(ch); !data && (ch == '\n' || ch == '\r') {
			s.cr = ch == '\r'
			if err := s.endLine(row); err != nil {
				return err
			}
			continue
		}
		if s.over { // \. ends the data, behind a last row without its own end
			s.line = s.line[:len(s.line)-1]
			return s.end(row)
		}
		if len(s.line) == s.max {
			return tooLongRow()
		}
		s.line = append(s.line, ch)
	}
	return nil
}

// data says whether a character is data even if it is the end of a line, because it
// stands in quotes or behind a backslash.
func (s *copySource) data(ch byte) bool {
	if s.csv {
		escape := s.escape
		if escape == s.quote {
			escape = 0
		}
		if s.inQuote && ch == escape {
			s.escaped = !s.escaped
		}
		if ch == s.quote && !s.escaped {
			s.inQuote = !s.inQuote
		}
		if ch != escape {
			s.escaped = false
		}
		return s.inQuote
	}
	if s.escaped {
		s.escaped = false
		s.over = ch == '.'
		return true
	}
	s.escaped = ch == '\\'
	return false
}

// end reads the last line, if it was not ended.
func (s *copySource) end(row func(values [][]byte) error) error {
	if s.binary || len(s.line) == 0 {
		return nil
	}
	return s.endLine(row)
}

func (s *copySource) endLine(row func(values [][]byte) error) error {
	line := s.line
	s.line = s.line[:0]
	switch {
	case s.header:
		s.header = false
		return nil
	case s.csv && !s.plain && string(line) == `\.`:
		s.over = true
		return nil
	}
	s.values, s.scratch = s.values[:0], s.scratch[:0]
	if cap(s.scratch) < len(line) { // grown before values point into it
		s.scratch = make([]byte, 0, 2*len(line))
	}
	for at := 0; len(s.values) < s.need && at <= len(line); {
		if s.csv {
			at = s.fieldCSV(line, at)
		} else {
			at = s.fieldText(line, at)
		}
	}
	if len(s.values) < s.need { // PostgreSQL says: missing data
		return nil
	}
	return row(s.values)
}

// fieldText reads the field at at, and gives where the next one begins.
func (s *copySource) fieldText(line []byte, at int) int {
	end := at
	special := false
	for end < len(line) && line[end] != s.delim {
		if line[end] == '\\' {
			special = true
			end++
		}
		end++
	}
	end = min(end, len(line))
	raw := line[at:end:end]
	switch {
	case string(raw) == s.null:
		raw = nil
	case special:
		raw = s.unescape(raw)
	}
	s.values = append(s.values, raw)
	return end + 1
}

// unescape reads the escapes of text format, octal and hexadecimal ones too.
func (s *copySource) unescape(raw []byte) []byte {
	start := len(s.scratch)
	for i := 0; i < len(raw); i++ {
		ch := raw[i]
		if ch == '\\' && i+1 < len(raw) {
			i++
			ch = raw[i]
			switch {
			case ch >= '0' && ch <= '7':
				ch, i = number(raw, i, 8, 3)
			case ch == 'x' && i+1 < len(raw) && digit(raw[i+1]) < 16:
				ch, i = number(raw, i+1, 16, 2)
			default:
				if k := strings.IndexByte(copyEscapes, ch); k >= 0 {
					ch = copyBytes[k]
				}
			}
		}
		s.scratch = append(s.scratch, ch)
	}
	return s.scratch[start:len(s.scratch):len(s.scratch)]
}

// number reads at most most digits and gives the byte that they mean, and the place of
// the last of them.
func number(raw []byte, i int, base uint, most int) (byte, int) {
	v := uint(0)
	for n := 0; n < most && i < len(raw) && digit(raw[i]) < base; n++ {
		v = v*base + digit(raw[i])
		i++
	}
	return byte(v), i - 1
}

func digit(c byte) uint {
	switch {
	case c >= '0' && c <= '9':
		return uint(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return uint(c|0x20-'a') + 10
	}
	return 99
}

// fieldCSV is fieldText for csv, where quotes may stand anywhere in a field.
func (s *copySource) fieldCSV(line []byte, at int) int {
	start, quoted, in := len(s.scratch), false, false
	i := at
	for ; i < len(line); i++ {
		ch := line[i]
		switch {
		case !in && ch == s.delim:
			goto done
		case !in && ch == s.quote:
			quoted, in = true, true
			continue
		case in && ch == s.escape && i+1 < len(line) && (line[i+1] == s.escape || line[i+1] == s.quote):
			i++
			ch = line[i]
		case in && ch == s.quote:
			in = false
			continue
		}
		s.scratch = append(s.scratch, ch)
	}
done:
	v := s.scratch[start:len(s.scratch):len(s.scratch)]
	if !quoted && string(v) == s.null {
		v = nil
	}
	s.values = append(s.values, v)
	return i + 1
}

// feedBinary reads rows of the binary format.
func (s *copySource) feedBinary(b []byte, row func(values [][]byte) error) error {
	s.line = append(s.line, b...)
	if s.header {
		n := len(copySignature) + 8
		if len(s.line) < n {
			return nil
		}
		more := binary.BigEndian.Uint32(s.line[n-4:])
		if !bytes.HasPrefix(s.line, copySignature) || int(more) > s.max {
			s.over = true
		} else if n += int(more); len(s.line) < n {
			return nil
		} else {
			s.header, s.line = false, s.line[:copy(s.line, s.line[n:])]
		}
	}
	rest := s.line
	for !s.over && len(rest) >= 2 {
		if s.over = rest[0] == 0xff && rest[1] == 0xff; s.over {
			break
		}
		size := tupleSize(rest)
		if size < 0 {
			break
		}
		if err := s.tuple(rest[:size], row); err != nil {
			return err
		}
		rest = rest[size:]
	}
	if s.over {
		rest = nil
	}
	if len(rest) > s.max {
		return tooLongRow()
	}
	if len(rest) < len(s.line) {
		s.line = s.line[:copy(s.line, rest)]
	}
	return nil
}

// tuple splits one row of the binary format.
func (s *copySource) tuple(b []byte, row func(values [][]byte) error) error {
	c := cursor{b: b}
	s.values = s.values[:0]
	for range min(c.int16(), s.need) {
		var v []byte
		if n := c.int32(); n >= 0 {
			v = c.take(n)
		}
		s.values = append(s.values, v)
	}
	if c.bad || len(s.values) < s.need {
		return nil
	}
	return row(s.values)
}

// shape is that of the statement.
func (s *copySource) shape() uint64 {
	if s == nil {
		return 0
	}
	return s.statement
}

func tooLongRow() error {
	return custody.E(custody.CodeTooLarge, "a row of the COPY is too long", "raise max_message in custody.yaml")
}

// beginSource prepares to read whose rows the client copies in.
func (c *conn) beginSource(st *step) error {
	c.source = nil
	at := c.changing(st)
	if at == nil {
		return nil
	}
	if len(at.changes) != 1 || at.Copy == nil {
		return custody.E(custody.CodeUnattributed, "the gate has not decided on this change", "send it again")
	}
	w := rowWrite{Write: &at.Writes[0]}
	w.group = c.changes.Group(at.changes[0], custody.RouteCopy, at.Shape, w.Categories)
	c.source = newCopySource(at.Copy, w, c.s.o.MaxMessage)
	c.source.statement, c.source.plain = at.Shape, c.markless
	return nil
}

// markless says whether a server takes a line of \. in csv data as data. PostgreSQL does
// from version 18 on; before, nothing behind such a line is read.
// Of a server of unknown version all is read: rather a row too many on record than one
// too few.
func markless(serverVersion string) bool {
	major := 0
	for _, ch := range []byte(serverVersion) {
		if ch < '0' || ch > '9' {
			break
		}
		major = min(10*major+int(ch-'0'), 1000)
	}
	return major == 0 || major >= 18
}

// copied notes whose row was copied in.
func (c *conn) copied(values [][]byte) error {
	w := &c.source.write
	v := values[w.Key]
	if v == nil {
		return nil
	}
	f := int16(0)
	if c.source.binary {
		f = 1
	}
	key, ok := keyText(nil, w.KeyType, f, v)
	if !ok { // not that type's form: the database refuses it
		return nil
	}
	text := canonicalKey(w.KeyType, string(key))
	if text == "" {
		return nil
	}
	return c.changed(w, []byte(text), values)
}

// abortCopy ends a COPY FROM that may not go on.
func (c *conn) abortCopy(err error) error {
	if code := custody.CodeOf(err); code != custody.CodeLimit { // a limit was recorded where it was met
		c.gate.Refuse(code, c.source.shape())
	}
	c.stopped, c.copying, c.source = err, false, nil
	var at int
	c.send, at = begin(c.send, 'f')
	c.send = finish(appendCString(c.send, refused), at)
	if len(c.queue) > 0 && c.queue[0].kind == 'Q' {
		return c.drain()
	}
	return c.transmit()
}
