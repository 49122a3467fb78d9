package body

import (
	"bytes"
	"strconv"
)

// sheetCell is a cell that is held: where it stands and what it points at.
type sheetCell struct {
	start, end int // of <c …>…</c>
	tag        int // the end of its first tag
	shared     int // the number of its string, -1 if it has its own
}

// sheet reads the rows of a sheet and gives it with its masks.
func (b *book) sheet(text []byte) ([]byte, error) {
	s := sheetReader{b: b, text: text, cells: newCells(b.f.o)}
	s.cells.change = s.change
	if err := s.read(); err != nil {
		return nil, err
	}
	b.f.hidden += s.cells.f.hidden
	if len(s.edits) == 0 {
		return text, nil
	}
	out := make([]byte, 0, len(text))
	at := 0
	for _, e := range s.edits {
		out = append(append(out, text[at:e.start]...), e.text...)
		at = e.end
	}
	return append(out, text[at:]...), nil
}

type sheetReader struct {
	b       *book
	text    []byte
	cells   *cells
	held    []sheetCell
	columns map[int]rule
	keyed   bool
	edits   []sheetEdit
}

type sheetEdit struct {
	start, end int
	text       []byte
}

func (s *sheetReader) read() error {
	t := xmlTokens{text: s.text}
	for t.next() {
		switch {
		case t.name == "row" && !t.closing && !t.empty:
			if err := s.row(&t); err != nil {
				return err
			}
		case (t.name == "oddHeader" || t.name == "oddFooter" || t.name == "evenHeader" || t.name == "firstHeader" || t.name == "f" || t.name == "formula1") && t.closing,
			t.name == "hyperlink" && !t.closing:
			s.outside(&t)
		}
	}
	return s.cells.end(true)
}

// outside looks at text that is in no cell: it can only be passed on or not.
func (s *sheetReader) outside(t *xmlTokens) {
	text := t.before
	if t.name == "hyperlink" {
		text = s.text[t.start:t.end]
	}
	if len(text) > 0 {
		s.put(sheetCell{start: t.start - len(t.before), end: t.start, shared: -2}, text, ruleNone, noScope)
	}
}

func (s *sheetReader) put(c sheetCell, text []byte, r rule, scope int32) {
	s.held = append(s.held, c)
	s.cells.put(len(s.held)-1, text, r, scope)
}

// row reads a row up to its end. The first that has text names the columns.
func (s *sheetReader) row(t *xmlTokens) error {
	scope := int32(noScope)
	if s.keyed {
		scope = s.cells.f.newScope()
	}
	names := s.columns == nil
	column := 0
	for t.next() && !(t.name == "row" && t.closing) {
		if t.name != "c" || t.closing {
			continue
		}
		if n := columnNumber(t.attr("r")); n > 0 {
			column = n
		} else {
			column++
		}
		if !t.empty {
			s.cell(t, column, scope, names)
		}
	}
	return s.cells.end(false)
}

// columnNumber reads the letters of a reference: 28 for AB7.
func columnNumber(ref string) (n int) {
	for _, c := range ref {
		if c < 'A' || c > 'Z' || n > 20_000 {
			break
		}
		n = n*26 + int(c-'A') + 1
	}
	return n
}

// cell reads a cell up to its end and puts it into the record.
func (s *sheetReader) cell(t *xmlTokens, column int, scope int32, names bool) {
	c := sheetCell{start: t.start, tag: t.end, shared: -1}
	kind := t.attr("t")
	var text, formula []byte
	for t.next() && !(t.name == "c" && t.closing) {
		switch {
		case t.name == "v" && t.closing:
			text = entities(t.before)
		case t.name == "f" && t.closing:
			formula = entities(t.before)
		case t.name == "is" && !t.closing && !t.empty:
			text = t.texts(nil, "is")
		}
	}
	c.end = t.end
	if kind == "s" {
		n, err := strconv.Atoi(string(bytes.TrimSpace(text)))
		if c.shared, text = n, s.b.strings.get(n); err != nil {
			text = nil
		}
	}
	if names && len(text) > 0 {
		if s.columns == nil {
			s.columns = map[int]rule{}
		}
		if r := s.b.f.o.Plan.csv[header(string(text[:min(len(text), 256)]))]; r != ruleNone {
			s.columns[column] = r
			s.keyed = s.keyed || r == ruleKey
		}
	}
	r := ruleNone
	if !names {
		r = s.columns[column]
	}
	if len(text) > 0 {
		s.put(c, text, r, scope)
	}
	if len(formula) > 0 {
		c.shared = -1
		s.put(c, formula, ruleNone, scope)
	}
}

func entities(text []byte) []byte {
	var b viewBuilder
	appendEntities(&b, text, 0)
	return b.text
}

// change masks a cell: its string for all who share it, or itself, as text, without
// its formula. Text outside of cells is taken away.
func (s *sheetReader) change(id int, text []byte) {
	c := s.held[id]
	switch {
	case c.shared >= 0:
		s.b.strings.masks[c.shared] = text
	case c.shared == -2:
		s.edits = append(s.edits, sheetEdit{c.start, c.end, nil})
	case len(s.edits) > 0 && s.edits[len(s.edits)-1].start == c.start: // its value was masked already
	default:
		prefix := prefixOf(s.text, c.start)
		out := append([]byte(nil), typed(s.text[c.start:c.tag])...)
		out = append(append(append(out, '<'), prefix...), "is>"...)
		out = appendText(out, prefix, text)
		out = append(append(append(out, "</"...), prefix...), "is></"...)
		s.edits = append(s.edits, sheetEdit{c.start, c.end, append(append(append(out, prefix...), 'c'), '>')})
	}
}

// typed writes a cell's tag with the type of a string of its own.
func typed(tag []byte) []byte {
	for at := 0; ; {
		i := bytes.Index(tag[at:], []byte("t="))
		if i < 0 {
			return append(append([]byte(nil), tag[:len(tag)-1]...), ` t="inlineStr">`...)
		}
		at += i
		if isSpace(tag[at-1]) && at+3 < len(tag) {
			if n := bytes.IndexByte(tag[at+3:], tag[at+2]); n >= 0 {
				return append(append(append([]byte(nil), tag[:at]...), `t="inlineStr"`...), tag[at+3+n+1:]...)
			}
		}
		at++
	}
}
