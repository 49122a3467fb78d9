package accesslog

import (
	"bytes"
	"io"
	"slices"
	"strings"
)

// csvSource reads tables in which a sign parts the columns. A quote that is never closed
// costs its own line and not those behind it.
type csvSource struct {
	in     *lines
	comma  byte
	fields []string
}

// Bounds of a value in quotes that goes over several lines.
const (
	maxQuoted      = 1 << 16 // bytes
	maxQuotedLines = 500
)

// told takes off a first line that only names the separator, as spreadsheets write it.
func told(in *lines) (sep byte, ok bool) {
	line, _, _ := bytes.Cut(in.start(), []byte{in.eol})
	name, ok := bytes.CutPrefix(bytes.TrimRight(line, "\r"), []byte("sep="))
	if !ok || len(name) != 1 {
		return 0, false
	}
	in.take(len(line), 1)
	return name[0], true
}

func openCSV(in *lines) *csvSource {
	comma, ok := told(in)
	if !ok {
		comma = separator(in.start(), in.eol)
	}
	return &csvSource{in: in, comma: comma}
}

// separator is the sign that parts most of the first lines into the same number of
// columns, or into the most if several do.
func separator(start []byte, eol byte) byte {
	rows := bytes.Split(start, []byte{eol})
	if len(rows) > 1 && len(start) == sniffed {
		rows = rows[:len(rows)-1]
	}
	rows = rows[:min(len(rows), 100)]
	best, most := byte(','), 0
	for _, c := range []byte(",;\t|") {
		times := map[int]int{}
		for _, r := range rows {
			if n := outside(r, c); n > 0 {
				times[n]++
			}
		}
		for n, lines := range times {
			if score := lines*100 + min(n, 99); score > most {
				best, most = c, score
			}
		}
	}
	return best
}

// outside counts a sign outside of quotes.
func outside(line []byte, c byte) (n int) {
	quoted := false
	for _, b := range line {
		switch {
		case b == '"':
			quoted = !quoted
		case b == c && !quoted:
			n++
		}
	}
	return n
}

func (s *csvSource) next() ([]string, int, error) {
	for {
		if over, err := s.in.done(); over {
			if err == nil {
				err = io.EOF
			}
			return nil, s.in.at, err
		}
		text, line, err := s.record()
		if err != nil {
			return nil, line, err
		}
		if text == nil {
			continue
		}
		if len(s.fields) > MaxFields {
			return nil, line, &broken{line, manyFields}
		}
		return s.fields, line, nil
	}
}

// record takes the next record apart into fields; a blank one gives no text.
func (s *csvSource) record() (text []byte, line int, err error) {
	line = s.in.at + 1
	n := s.in.find(0)
	if n < 0 || n > MaxLine {
		s.in.skip()
		return nil, line, &broken{line, longLine}
	}
	text = s.in.buf[s.in.from : s.in.from+n]
	quotes := bytes.Count(text, []byte{'"'})
	n, count := n, 1
	if quotes%2 == 1 {
		if _, state := cut(nil, string(text), s.comma); state == leftOpen {
			n, count = s.wider(n, quotes)
		}
	}
	text = bytes.TrimRight(s.in.take(n, count), "\r")
	switch {
	case bytes.IndexByte(text, 0) >= 0:
		return nil, line, &broken{line, noText}
	case len(text) == 0:
		return nil, line, nil
	}
	state := whole
	if s.fields, state = cut(s.fields[:0], string(decoded(text)), s.comma); state != whole {
		return nil, line, &broken{line, openQuote}
	}
	if !slices.ContainsFunc(s.fields, func(f string) bool { return strings.TrimSpace(f) != "" }) {
		return nil, line, nil
	}
	return text, line, nil
}

// inside cuts the whole lines of a piece of the file, as far as that can be told.
func (s *csvSource) inside(piece []byte) (rows [][]string) {
	list := bytes.Split(piece, []byte{s.in.eol})
	for _, text := range list[min(1, len(list)):max(1, len(list)-1)] {
		if fields, state := cut(nil, string(decoded(bytes.TrimRight(text, "\r"))), s.comma); state == whole {
			rows = append(rows, fields)
		}
	}
	return rows
}

// wider gives the end of a record whose quotes are closed on a later line; the first
// line alone if they never are, or not within bounds.
func (s *csvSource) wider(first, quotes int) (n, count int) {
	at := first
	for count = 2; count <= maxQuotedLines; count++ {
		next := s.in.find(at + 1)
		if next <= at || next > maxQuoted {
			break
		}
		quotes += bytes.Count(s.in.buf[s.in.from+at:s.in.from+next], []byte{'"'})
		if at = next; quotes%2 == 0 {
			if _, state := cut(nil, string(s.in.buf[s.in.from:s.in.from+at]), s.comma); state == whole {
				return at, count
			}
			break
		}
	}
	return first, 1
}

// What became of cutting a record into fields.
const (
	whole = iota
	leftOpen
	wrongQuote
)

// cut parts a record. Quotes count only where a field begins, behind spaces too.
func cut(fields []string, text string, comma byte) ([]string, int) {
	if strings.IndexByte(text, '"') < 0 {
		for {
			i := strings.IndexByte(text, comma)
			if i < 0 {
				return append(fields, text), whole
			}
			fields, text = append(fields, text[:i]), text[i+1:]
		}
	}
	for more := true; more; {
		var field string
		var state int
		if field, text, more, state = first(text, comma); state != whole {
			return fields, state
		}
		fields = append(fields, field)
	}
	return fields, whole
}

// first cuts off the first field; more says whether the rest holds another.
func first(text string, comma byte) (field, rest string, more bool, state int) {
	start := strings.TrimLeft(text, " ")
	if !strings.HasPrefix(start, `"`) {
		i := strings.IndexByte(text, comma)
		if i < 0 {
			return text, "", false, whole
		}
		return text[:i], text[i+1:], true, whole
	}
	from, double := 1, false
	for {
		i := strings.IndexByte(start[from:], '"')
		if i < 0 {
			return "", "", false, leftOpen
		}
		at := from + i
		if at+1 < len(start) && start[at+1] == '"' {
			from, double = at+2, true
			continue
		}
		if field = start[1:at]; double {
			field = strings.ReplaceAll(field, `""`, `"`)
		}
		after := strings.TrimLeft(start[at+1:], " \r")
		switch {
		case after == "":
			return field, "", false, whole
		case after[0] == comma:
			return field, after[1:], true, whole
		}
		return "", "", false, wrongQuote
	}
}
