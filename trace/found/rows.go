// Package found reads a file that turned up where it should not be: rows of customers as
// CSV, a spreadsheet, JSON or text. It says whose rows they are, in which form, how old,
// and of which declared copy, by the canaries and pseudonyms that only that copy has.
package found

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"unicode/utf8"

	"custody"
	"custody/internal/book"
)

// Bounds of what is read.
const (
	MaxFile  = 512 << 20 // bytes
	MaxRows  = 5_000_000
	MaxCells = 1024 // of a row
	MaxCell  = 4096 // bytes; what is longer is cut
)

// Cell is one value and the column that it is in; the column may be unknown.
type Cell struct{ Column, Text string }

// Row is one row, with its line or place in the file from 1.
type Row struct {
	Line  int
	Cells []Cell
}

// Form is how a file is written.
type Form struct {
	Kind      string   `json:"kind"` // csv, xlsx, json, json-lines or text
	Encoding  string   `json:"encoding"`
	Separator string   `json:"separator,omitempty"`
	Columns   []string `json:"columns,omitempty"`
}

// Read gives the rows of a file to take, in order. bad is told of rows that cannot be
// taken apart.
func Read(file []byte, take func(Row) error, bad func(line int, why string)) (Form, error) {
	if len(file) > MaxFile {
		return Form{}, custody.E(custody.CodeTooLarge, "the file is larger than 512 MiB", "split it; some thousand rows say as much")
	}
	r := &reading{take: take, bad: bad}
	if bytes.HasPrefix(file, []byte("PK\x03\x04")) {
		r.form = Form{Kind: "xlsx", Encoding: "utf-8"}
		return r.form, r.err(r.xlsx(file))
	}
	text, encoding := decode(file)
	r.form.Encoding = encoding
	start := bytes.TrimLeft(text, " \t\r\n")
	switch {
	case len(start) == 0:
		return r.form, custody.E(custody.CodeInvalid, "the file is empty", "check that it is the right file")
	case bytes.IndexByte(text, 0) >= 0:
		return r.form, custody.E(custody.CodeUnsupported, "the file is neither text nor a spreadsheet", "unpack it, or save it as CSV first")
	case start[0] == '[':
		r.form.Kind = "json"
		return r.form, r.err(r.array(start))
	case start[0] == '{':
		r.form.Kind = "json-lines"
		return r.form, r.err(r.lines(start))
	}
	if comma, ok := separator(start); ok {
		r.form.Kind, r.form.Separator = "csv", string(comma)
		err := r.csv(start, comma)
		return r.form, r.err(err)
	}
	r.form.Kind = "text"
	return r.form, r.err(r.text(text))
}

type reading struct {
	form Form
	take func(Row) error
	bad  func(int, string)
	rows int
}

// err keeps our own errors and words those of libraries.
func (r *reading) err(err error) error {
	var ours *custody.Error
	if err == nil || errors.As(err, &ours) {
		return err
	}
	return &custody.Error{Code: custody.CodeInvalid, Message: "the file cannot be read to its end as " + r.form.Kind, Hint: "is it complete? save it as CSV and try again", Err: err}
}

func (r *reading) wrong(line int, why string) {
	if r.bad != nil {
		r.bad(line, why)
	}
}

// give hands a row on.
func (r *reading) give(line int, columns, values []string) error {
	if r.rows++; r.rows > MaxRows {
		return custody.E(custody.CodeTooLarge, "the file has more than five million rows", "split it; some thousand rows say as much")
	}
	if len(values) > MaxCells {
		r.wrong(line, fmt.Sprintf("the row has more than %d cells", MaxCells))
		return nil
	}
	row := Row{Line: line, Cells: make([]Cell, 0, len(values))}
	for i, v := range values {
		c := Cell{Text: strings.TrimSpace(v[:min(len(v), MaxCell)])}
		if i < len(columns) {
			c.Column = columns[i]
		}
		if c.Text != "" {
			row.Cells = append(row.Cells, c)
		}
	}
	return r.take(row)
}

// decode gives the text as UTF-8.
func decode(file []byte) ([]byte, string) {
	switch {
	case bytes.HasPrefix(file, []byte{0xef, 0xbb, 0xbf}):
		return file[3:], "utf-8 with a mark"
	case bytes.HasPrefix(file, []byte{0xff, 0xfe}), bytes.HasPrefix(file, []byte{0xfe, 0xff}):
		text, err := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(file)
		if err == nil {
			return text, "utf-16"
		}
	case utf8.Valid(file):
		return file, "utf-8"
	}
	text, _ := charmap.Windows1252.NewDecoder().Bytes(file)
	return text, "windows-1252"
}

// separator finds the sign that parts cells: it is in the first lines equally often.
func separator(text []byte) (rune, bool) {
	lines := bytes.SplitN(text[:min(len(text), 1<<16)], []byte("\n"), 12)
	if len(lines) > 2 && len(text) > 1<<16 {
		lines = lines[:len(lines)-1]
	}
	for len(lines) > 0 && len(bytes.TrimSpace(lines[len(lines)-1])) == 0 {
		lines = lines[:len(lines)-1]
	}
	if len(lines) < 2 {
		return 0, false
	}
	for _, c := range "\t;|," {
		n := bytes.Count(lines[0], []byte(string(c)))
		same := 0
		for _, l := range lines[1:] {
			if bytes.Count(l, []byte(string(c))) >= n {
				same++
			}
		}
		if n > 0 && same*2 > len(lines[1:]) {
			return c, true
		}
	}
	return 0, false
}

func (r *reading) csv(text []byte, comma rune) error {
	in := csv.NewReader(bytes.NewReader(text))
	in.Comma, in.FieldsPerRecord, in.LazyQuotes = comma, -1, true
	for {
		values, err := in.Read()
		if err == io.EOF {
			return nil
		}
		var pe *csv.ParseError
		if errors.As(err, &pe) {
			r.wrong(pe.StartLine, "the quotes of the line do not match")
			continue
		}
		if err != nil {
			return err
		}
		line, _ := in.FieldPos(0)
		if r.form.Columns == nil && r.rows == 0 && isHeader(values) {
			r.form.Columns = trimAll(values)
			continue
		}
		if err := r.give(line, r.form.Columns, values); err != nil {
			return err
		}
	}
}

func trimAll(list []string) []string {
	out := slices.Clone(list)
	for i := range out {
		out[i] = strings.TrimSpace(out[i][:min(len(out[i]), MaxCell)])
	}
	return out[:min(len(out), MaxCells)]
}

// isHeader says whether a first row names columns: no cell has three digits or an @.
func isHeader(values []string) bool {
	for _, v := range values {
		digits := 0
		for _, c := range v {
			if c >= '0' && c <= '9' {
				digits++
			}
		}
		if digits >= 3 || strings.Contains(v, "@") {
			return false
		}
	}
	return true
}

func (r *reading) text(text []byte) error {
	in := bufio.NewScanner(bytes.NewReader(text))
	in.Buffer(nil, 1<<20)
	for line := 1; in.Scan(); line++ {
		if err := r.give(line, nil, []string{in.Text()}); err != nil {
			return err
		}
	}
	if errors.Is(in.Err(), bufio.ErrTooLong) {
		return custody.E(custody.CodeTooLarge, "a line of the file is longer than 1 MiB", "it may not be a text file: save it as CSV, one customer a line")
	}
	return in.Err()
}

func (r *reading) array(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if _, err := d.Token(); err != nil {
		return err
	}
	for n := 1; d.More(); n++ {
		var v any
		if err := d.Decode(&v); err != nil {
			return err
		}
		if err := r.object(n, v); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

func (r *reading) lines(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	for n := 1; ; n++ {
		var v any
		if err := d.Decode(&v); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := r.object(n, v); err != nil {
			return err
		}
	}
}

// object takes an object as a row. One that holds a list of objects and nothing beside
// is the list's wrapping.
func (r *reading) object(n int, v any) error {
	if o, ok := v.(map[string]any); ok {
		for _, inside := range o {
			if list, ok := inside.([]any); ok && len(list) > 0 && isObject(list[0]) {
				for i, x := range list {
					if err := r.object(i+1, x); err != nil {
						return err
					}
				}
				return nil
			}
		}
	}
	var columns, values []string
	flatten("", v, 0, func(name, value string) { columns, values = append(columns, name), append(values, value) })
	if r.form.Columns == nil {
		r.form.Columns = columns
	}
	return r.give(n, columns, values)
}

func isObject(v any) bool { _, ok := v.(map[string]any); return ok }

// flatten gives the scalars of a value, the keys in order.
func flatten(name string, v any, depth int, give func(name, value string)) {
	if depth > 8 {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			flatten(k, v[k], depth+1, give)
		}
	case []any:
		for _, x := range v {
			flatten(name, x, depth+1, give)
		}
	case string:
		give(name, v)
	case json.Number:
		give(name, v.String())
	}
}

// xlsx reads the sheets of a spreadsheet; the first row of the first may name columns.
func (r *reading) xlsx(file []byte) error {
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return err
	}
	b, err := book.Open(z)
	if err != nil {
		return err
	}
	for n := range b.Sheets {
		header := len(r.form.Columns) == 0
		err := b.Rows(n, func(line int, values []string) error {
			if header && line == 1 && isHeader(values) {
				r.form.Columns = trimAll(values)
				return nil
			}
			return r.give(line, r.form.Columns, values)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
