package accesslog

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"custody"
)

// headRows is how many records are looked at to find the one that names the columns.
const headRows = 30

// replay gives records that were read ahead, then those of a source.
type replay struct {
	source
	first []record
}

func (r *replay) next() ([]string, int, error) {
	if len(r.first) == 0 {
		return r.source.next()
	}
	x := r.first[0]
	r.first = r.first[1:]
	if x.broken != "" {
		return nil, x.line, &broken{x.line, x.broken}
	}
	return x.fields, x.line, nil
}

// ahead reads up to n records.
func ahead(s source, n int) (list []record, err error) {
	for len(list) < n {
		fields, line, err := s.next()
		if b, ok := err.(*broken); ok {
			list = append(list, record{nil, b.line, b.reason})
			continue
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return list, err
		}
		own := slices.Clone(fields)
		for i := range own {
			own[i] = strings.Clone(own[i])
		}
		list = append(list, record{own, line, ""})
	}
	return list, nil
}

// table finds the record that names the columns. Titles may stand above it; where there
// is none the columns are numbered.
func table(s source) (*opened, error) {
	first, err := ahead(s, headRows)
	if err != nil {
		return nil, err
	}
	at, width := headerOf(first)
	if width == 0 {
		return nil, custody.E(custody.CodeInvalid, "the file has no line that can be read", "it should be a table (CSV, a spreadsheet), JSON, or the log of a web server")
	}
	o := &opened{source: &replay{s, first[at+1:]}}
	if at < 0 {
		o.bare = true
		for i := range width {
			o.header = append(o.header, fmt.Sprintf("column %d", i+1))
		}
		o.notes = append(o.notes, "no line names the columns: they were told by their values; --map login=2 says the second is the login")
		return o, nil
	}
	for _, h := range first[at].fields {
		o.header = append(o.header, strings.TrimSpace(h))
	}
	for len(o.header) < width { // a column without a name may be said by its number
		o.header = append(o.header, "")
	}
	if above := at; above > 0 {
		o.notes = append(o.notes, fmt.Sprintf("line %d names the columns; what stands above it is no look", first[at].line))
	}
	return o, nil
}

// headerOf gives the place of the record that names the columns, -1 if none does, and
// how many columns most records have.
func headerOf(list []record) (at, width int) {
	widths := map[int]int{}
	for _, r := range list {
		if n := len(r.fields); n > 0 {
			if widths[n]++; widths[n] > widths[width] || widths[n] == widths[width] && n > width {
				width = n
			}
		}
	}
	at, best, plainRow := -1, 0, -1
	for i, r := range list {
		if len(r.fields) == 0 || isData(r.fields) {
			continue
		}
		known := knownNames(r.fields)
		if known > best && (known > 1 || len(r.fields) == width) {
			at, best = i, known
		}
		if plainRow < 0 && len(r.fields) == width && !slices.Contains(r.fields, "") {
			plainRow = i
		}
	}
	if at < 0 {
		at = plainRow
	}
	return at, width
}

// isData says whether a record holds values rather than names of columns.
func isData(fields []string) bool {
	for _, v := range fields {
		if v = strings.TrimSpace(v); v == "" {
			continue
		}
		if strings.Trim(v, "0123456789.,-+") == "" || strings.Contains(v, "@") && !strings.HasPrefix(v, "@") {
			return true
		}
		if _, ok := anyLayout(v); ok {
			return true
		}
	}
	return false
}

// knownNames counts the fields that a record's cells are names of.
func knownNames(fields []string) int {
	known := map[Field]bool{}
	for _, v := range fields {
		for f := range fieldCount {
			if slices.Contains(names[f], plain(v)) {
				known[f] = true
			}
		}
	}
	return len(known)
}
