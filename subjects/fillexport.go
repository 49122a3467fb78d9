package subjects

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"

	"custody"
)

// Export says what the columns of an export are, by the names in its first line.
type Export struct {
	Key         string // the column of the subject's key
	Columns     map[string]custody.Category
	Identifiers []string // those of Columns that name a subject by themselves
	Sign        rune     // between cells; a comma if zero
}

// maxExportColumns bounds the columns of an export; a line is at most MaxExportLine.
const (
	maxExportColumns = 1000
	MaxExportLine    = 1 << 20
)

// FillExport is Fill for a system without a database that can be read: keys,
// identifiers and, if the system is remembered, everything else come from a CSV export
// in UTF-8. Rows without a key are passed over. It holds one batch in memory. After an
// error the index is as it was; keys that were numbered keep their numbers.
func FillExport(r io.Reader, system custody.SystemID, e Export, d *Directory, x *Index) (err error) {
	lines := csv.NewReader(&lineLimit{r: bufio.NewReader(r)})
	lines.ReuseRecord, lines.LazyQuotes, lines.FieldsPerRecord = true, true, -1
	if e.Sign != 0 {
		lines.Comma = e.Sign
	}
	names, err := lines.Read()
	if err != nil {
		return exportError(err)
	}
	reading, places, err := e.plan(slices.Clone(names), x.Remembers(system))
	if err != nil {
		return err
	}
	f := &filling{system: system, d: d, x: x.renew(system, 0, x.begin(system))}
	defer func() { f.x.end(err == nil) }()
	values := make([][]byte, len(places))
	for n := 1; ; n++ {
		row, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return f.flush(reading)
		}
		if err != nil {
			return exportError(err)
		}
		for i, place := range places {
			values[i] = nil
			if place < len(row) && row[place] != "" {
				values[i] = []byte(row[place])
			}
		}
		f.keep(values, reading.identifiers)
		if n%fillBatch == 0 {
			if err := f.flush(reading); err != nil {
				return err
			}
		}
	}
}

// plan finds the columns: the key, the identifiers, and the others if all is read.
func (e *Export) plan(names []string, all bool) (*reading, []int, error) {
	if len(names) > maxExportColumns {
		return nil, nil, custody.E(custody.CodeTooLarge, "the export has more than 1000 columns", "export fewer columns")
	}
	names[0] = strings.TrimPrefix(names[0], "\ufeff")
	r := &reading{}
	var places []int
	find := func(column string) error {
		at := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(strings.TrimSpace(n), column) })
		if at < 0 {
			return custody.E(custody.CodeInvalid, "the export has no column "+column, "compare custody.yaml with the export's first line")
		}
		places = append(places, at)
		return nil
	}
	add := func(column string) error {
		category, ok := e.Columns[column]
		if !ok {
			return custody.E(custody.CodeInvalid, "the identifier "+column+" has no category", "list it under columns as well, with its category")
		}
		r.columns, r.categories = append(r.columns, column), append(r.categories, category)
		return find(column)
	}
	if err := find(e.Key); err != nil {
		return nil, nil, err
	}
	for _, c := range e.Identifiers {
		if err := add(c); err != nil {
			return nil, nil, err
		}
	}
	r.identifiers = len(r.columns)
	for c := range e.Columns {
		if all && !slices.Contains(e.Identifiers, c) {
			if err := add(c); err != nil {
				return nil, nil, err
			}
		}
	}
	return r, places, nil
}

// exportError leaves out what the export holds (P7): errors of package csv only name
// lines and columns, others may quote.
func exportError(err error) error {
	if custody.CodeOf(err) == custody.CodeTooLarge {
		return err
	}
	return &custody.Error{Code: custody.CodeInvalid, Message: "the export cannot be read as CSV",
		Hint: "export it as CSV in UTF-8 with the names of the columns in the first line", Err: err}
}

// lineLimit ends a reading whose lines are too long to be held.
type lineLimit struct {
	r    io.Reader
	long int
}

func (l *lineLimit) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if i := bytes.LastIndexByte(p[:n], '\n'); i >= 0 {
		l.long = n - i
	} else {
		l.long += n
	}
	if l.long > MaxExportLine {
		return 0, custody.E(custody.CodeTooLarge, "a line of the export is longer than 1 MiB", "export it as CSV, one customer a line")
	}
	return n, err
}
