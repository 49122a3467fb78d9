package accesslog

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"custody"
)

// open tells CSV from JSON lines by the first bytes and reads the header.
func open(r io.Reader) (source, []string, error) {
	in := bufio.NewReaderSize(r, 1<<20)
	start, err := in.Peek(1 << 16)
	if err != nil && err != io.EOF && err != bufio.ErrBufferFull {
		return nil, nil, &custody.Error{Code: custody.CodeInvalid, Message: "the file cannot be read", Hint: "is it complete?", Err: err}
	}
	switch {
	case bytes.HasPrefix(start, []byte{0xff, 0xfe}), bytes.HasPrefix(start, []byte{0xfe, 0xff}):
		in = bufio.NewReaderSize(unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Reader(in), 1<<20)
		start, _ = in.Peek(1 << 16)
	case bytes.HasPrefix(start, []byte{0xef, 0xbb, 0xbf}):
		_, _ = in.Discard(3)
		start = start[3:]
	}
	if !mostlyUTF8(start) {
		in = bufio.NewReaderSize(charmap.Windows1252.NewDecoder().Reader(in), 1<<20)
		start, _ = in.Peek(1 << 16)
	}
	text := bytes.TrimLeft(start, " \t\r\n")
	if len(text) == 0 {
		return nil, nil, custody.E(custody.CodeInvalid, "the file is empty", "check that it is the right file")
	}
	if text[0] == '{' {
		return openJSON(in, text)
	}
	if text[0] == '[' {
		return nil, nil, custody.E(custody.CodeInvalid, "the file is one JSON array", "give one object a line: jq -c '.[]' FILE")
	}
	return openCSV(in, start)
}

// mostlyUTF8 says whether bytes are UTF-8, cut off as they may be at the end; else they are
// taken for Windows-1252, which older programs of this country write.
func mostlyUTF8(start []byte) bool {
	for range utf8.UTFMax {
		if utf8.Valid(start) {
			return true
		}
		start = start[:len(start)-1]
	}
	return utf8.Valid(start)
}

// csvSource reads CSV.
type csvSource struct {
	r     *csv.Reader
	guard *guard
	above int // lines above the header
}

// told takes off a first line that only names the separator, as spreadsheets write it.
func told(in *bufio.Reader, start []byte) (sep rune, rest []byte, ok bool) {
	line, rest, _ := bytes.Cut(start, []byte("\n"))
	name, ok := bytes.CutPrefix(bytes.TrimRight(line, "\r"), []byte("sep="))
	if !ok || len(name) != 1 {
		return 0, start, false
	}
	_, _ = in.Discard(len(start) - len(rest))
	return rune(name[0]), rest, true
}

func openCSV(in *bufio.Reader, start []byte) (source, []string, error) {
	g := &guard{in: in}
	s := &csvSource{r: csv.NewReader(g), guard: g}
	comma, start, ok := told(in, start)
	if ok {
		s.above = 1
	} else {
		comma = separator(start)
	}
	s.r.Comma, s.r.FieldsPerRecord, s.r.ReuseRecord = comma, -1, true
	header, _, err := s.next()
	if err != nil {
		return nil, nil, custody.E(custody.CodeInvalid, "the file's first line is not a header", "the first line must name the columns, separated by comma, semicolon or tab")
	}
	header = slices.Clone(header)
	for i := range header {
		header[i] = strings.Clone(strings.TrimSpace(header[i]))
	}
	return s, header, nil
}

// separator is the one of comma, semicolon and tab that the first line has most of.
func separator(start []byte) rune {
	line, _, _ := bytes.Cut(start, []byte("\n"))
	best, most := ',', -1
	for _, c := range []rune{',', ';', '\t', '|'} {
		if n := bytes.Count(line, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}

func (s *csvSource) next() ([]string, int, error) {
	fields, err := s.r.Read()
	line, _ := 0, 0
	var pe *csv.ParseError
	switch {
	case err == nil:
		line, _ = s.r.FieldPos(0)
		line += s.above
	case errors.As(err, &pe):
		return nil, pe.StartLine + s.above, &broken{pe.StartLine + s.above, "the quotes of the line do not match"}
	default:
		return nil, 0, err
	}
	s.guard.fresh = 0
	if len(fields) > MaxFields {
		return nil, line, &broken{line, fmt.Sprintf("the line has more than %d columns", MaxFields)}
	}
	return fields, line, nil
}

// guard bounds what is read for one record: a quote that is never closed would
// otherwise take the whole file into memory.
type guard struct {
	in    *bufio.Reader
	fresh int // bytes since the last record was complete
}

func (g *guard) Read(p []byte) (int, error) {
	if g.fresh > MaxLine+len(p) {
		return 0, custody.E(custody.CodeTooLarge, "a line of the file is longer than 1 MiB", "is a quote left open? check the lines after the last one that was read")
	}
	n, err := g.in.Read(p)
	g.fresh += n
	return n, err
}

// jsonSource reads JSON lines: one flat object a line.
type jsonSource struct {
	in     *bufio.Reader
	line   int
	header []string
	fields []string
}

// openJSON takes the keys of the first object as the header.
func openJSON(in *bufio.Reader, start []byte) (source, []string, error) {
	first, _, _ := bytes.Cut(start, []byte("\n"))
	var object map[string]json.RawMessage
	if err := json.Unmarshal(first, &object); err != nil {
		return nil, nil, custody.E(custody.CodeInvalid, "the file's first line is not a JSON object", "give one object a line, or CSV with a header")
	}
	s := &jsonSource{in: in}
	for key := range object {
		s.header = append(s.header, key)
	}
	slices.Sort(s.header)
	s.fields = make([]string, len(s.header))
	return s, s.header, nil
}

func (s *jsonSource) next() ([]string, int, error) {
	for {
		text, err := s.text()
		if err != nil {
			return nil, s.line, err
		}
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		var object map[string]any
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&object); err != nil {
			return nil, s.line, &broken{s.line, "the line is not a JSON object"}
		}
		for i, key := range s.header {
			s.fields[i] = scalar(object[key])
		}
		return s.fields, s.line, nil
	}
}

// text reads one line of at most MaxLine bytes.
func (s *jsonSource) text() ([]byte, error) {
	s.line++
	text, err := s.in.ReadSlice('\n')
	switch {
	case err == bufio.ErrBufferFull:
		for err == bufio.ErrBufferFull {
			_, err = s.in.ReadSlice('\n')
		}
		return nil, &broken{s.line, "the line is longer than 1 MiB"}
	case err == io.EOF && len(text) > 0:
		return text, nil
	}
	return text, err
}

// scalar gives a value as text; objects and lists count as empty.
func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return fmt.Sprint(v)
	}
	return ""
}
