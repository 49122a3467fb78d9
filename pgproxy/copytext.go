package pgproxy

import (
	"strings"

	"custody/pgproxy/lineage"
)

// copyDecoder splits the rows of COPY TO in text or csv format, as PostgreSQL
// writes them.
type copyDecoder struct {
	binary, csv   bool
	begun         bool
	header        bool // the next row is the header
	delimiter     byte
	quote, escape byte
	null          string
	values        [][]byte // by column, unescaped; nil for NULL
	spans         [][2]int // by column, where it stands in the line
	scratch       []byte
}

func newCopyDecoder(o *lineage.Copy) *copyDecoder {
	d := &copyDecoder{binary: o.Format == "binary", csv: o.Format == "csv", header: o.Header, null: o.Null}
	d.delimiter, d.quote = first(o.Delimiter, '\t'), first(o.Quote, '"')
	if d.csv {
		d.delimiter = first(o.Delimiter, ',')
	}
	d.escape = first(o.Escape, d.quote)
	return d
}

func first(s string, otherwise byte) byte {
	if s == "" {
		return otherwise
	}
	return s[0]
}

// split fills values and spans, and says whether the line was exactly one row of
// width columns.
func (d *copyDecoder) split(line []byte, width int) bool {
	d.values, d.spans, d.scratch = d.values[:0], d.spans[:0], d.scratch[:0]
	n := len(line)
	if n == 0 || line[n-1] != '\n' {
		return false
	}
	line = line[:n-1]
	if cap(d.scratch) < n { // grown before values point into it
		d.scratch = make([]byte, 0, 2*n)
	}
	at := 0
	for len(d.values) < width {
		end, ok := d.field(line, at)
		if !ok {
			return false
		}
		d.spans = append(d.spans, [2]int{at, end})
		at = end + 1
		if end == len(line) {
			break
		}
	}
	return len(d.values) == width && at == len(line)+1
}

// field reads the field that starts at at, and gives where it ends.
func (d *copyDecoder) field(line []byte, at int) (int, bool) {
	if d.csv && at < len(line) && line[at] == d.quote {
		return d.quoted(line, at)
	}
	end, special := at, false
	for end < len(line) && line[end] != d.delimiter {
		if !d.csv && line[end] == '\\' {
			special = true
			end++
		} else if line[end] == '\n' {
			return 0, false
		}
		end++
	}
	if end > len(line) {
		return 0, false
	}
	raw := line[at:end]
	switch {
	case string(raw) == d.null:
		d.values = append(d.values, nil)
	case special:
		d.values = append(d.values, d.unescape(raw))
	default:
		d.values = append(d.values, raw[:len(raw):len(raw)])
	}
	return end, true
}

// quoted reads a csv field in quotes.
func (d *copyDecoder) quoted(line []byte, at int) (int, bool) {
	start := len(d.scratch)
	for i := at + 1; i < len(line); i++ {
		ch := line[i]
		if ch == d.escape && i+1 < len(line) && (line[i+1] == d.quote || line[i+1] == d.escape) {
			i++
			d.scratch = append(d.scratch, line[i])
			continue
		}
		if ch == d.quote {
			if i+1 < len(line) && line[i+1] != d.delimiter {
				return 0, false
			}
			d.values = append(d.values, d.scratch[start:len(d.scratch):len(d.scratch)])
			return i + 1, true
		}
		d.scratch = append(d.scratch, ch)
	}
	return 0, false
}

// copyEscapes are the letters of text format, in the order of copyBytes.
const (
	copyEscapes = "bfnrtv\\"
	copyBytes   = "\b\f\n\r\t\v\\"
)

func (d *copyDecoder) unescape(raw []byte) []byte {
	start := len(d.scratch)
	for i := 0; i < len(raw); i++ {
		ch := raw[i]
		if ch == '\\' && i+1 < len(raw) {
			i++
			ch = raw[i]
			if k := strings.IndexByte(copyEscapes, ch); k >= 0 {
				ch = copyBytes[k]
			}
		}
		d.scratch = append(d.scratch, ch)
	}
	return d.scratch[start:len(d.scratch):len(d.scratch)]
}

// quoteValue writes a value so that it is read back as it is.
func (d *copyDecoder) quoteValue(dst, v []byte) []byte {
	if d.csv {
		dst = append(dst, d.quote)
		for _, ch := range v {
			if ch == d.quote || ch == d.escape {
				dst = append(dst, d.escape)
			}
			dst = append(dst, ch)
		}
		return append(dst, d.quote)
	}
	for _, ch := range v {
		if k := strings.IndexByte(copyBytes, ch); k >= 0 {
			dst = append(dst, '\\', copyEscapes[k])
			continue
		}
		if ch == d.delimiter {
			dst = append(dst, '\\')
		}
		dst = append(dst, ch)
	}
	return dst
}
