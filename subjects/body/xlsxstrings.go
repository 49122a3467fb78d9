package body

import (
	"archive/zip"
	"bytes"
	"strings"
)

// sharedStrings is the table of strings that the cells of all sheets point into. A
// string that is masked for one cell is masked for all that share it.
type sharedStrings struct {
	name  string
	xml   []byte
	items []sharedString
	text  []byte
	masks map[int][]byte
}

// sharedString is an item: <si> with all its runs.
type sharedString struct {
	start, end int32 // of what is between <si> and </si>
	text, stop int32
	used       bool
}

// get gives the text of an item, nil if there is none.
func (s *sharedStrings) get(n int) []byte {
	if n < 0 || n >= len(s.items) {
		return nil
	}
	s.items[n].used = true
	return s.text[s.items[n].text:s.items[n].stop]
}

func (b *book) readStrings(file *zip.File) error {
	text, err := b.open(file)
	if err != nil {
		return err
	}
	s := &b.strings
	s.name, s.xml, s.masks = file.Name, text, map[int][]byte{}
	for t := (xmlTokens{text: text}); t.next(); {
		if t.name != "si" || t.closing {
			continue
		}
		item := sharedString{start: int32(t.end), text: int32(len(s.text))}
		if t.empty {
			item.start, item.end, item.stop = 0, 0, item.text
			s.items = append(s.items, item)
			continue
		}
		s.text = t.texts(s.text, "si")
		item.end, item.stop = int32(t.start), int32(len(s.text))
		s.items = append(s.items, item)
	}
	return nil
}

// finishStrings looks at strings that no cell points at, and writes the table with
// its masks.
func (b *book) finishStrings() error {
	s := &b.strings
	if s.xml == nil {
		return nil
	}
	c := newCells(b.f.o)
	c.change = func(id int, text []byte) { s.masks[id] = text }
	for n := range s.items {
		if !s.items[n].used {
			c.put(n, s.get(n), ruleNone, noScope)
			if err := c.end(false); err != nil {
				return err
			}
		}
	}
	if err := c.end(true); err != nil {
		return err
	}
	if len(s.masks) == 0 {
		return nil
	}
	out := make([]byte, 0, len(s.xml))
	at := int32(0)
	for n, item := range s.items {
		if mask, ok := s.masks[n]; ok && item.start > 0 {
			out = append(out, s.xml[at:item.start]...)
			out = appendText(out, prefixOf(s.xml, int(item.end)), mask)
			at = item.end
		}
	}
	b.parts[s.name] = append(out, s.xml[at:]...)
	return nil
}

// prefixOf gives the namespace prefix of the tag at a place: "x:" of </x:si>.
func prefixOf(xml []byte, at int) string {
	name := bytes.TrimLeft(xml[at:min(len(xml), at+64)], "</")
	if i := bytes.IndexAny(name, ": >/"); i >= 0 && name[i] == ':' {
		return string(name[:i+1])
	}
	return ""
}

// appendText appends <t> with a text.
func appendText(dst []byte, prefix string, text []byte) []byte {
	dst = append(append(append(dst, '<'), prefix...), `t xml:space="preserve">`...)
	for _, c := range text {
		switch c {
		case '&':
			dst = append(dst, "&amp;"...)
		case '<':
			dst = append(dst, "&lt;"...)
		case '>':
			dst = append(dst, "&gt;"...)
		default:
			dst = append(dst, c)
		}
	}
	return append(append(append(dst, "</"...), prefix...), "t>"...)
}

// xmlTokens goes through the tags of a part. It knows as much of XML as workbooks
// have: no entities of its own, no DTD.
type xmlTokens struct {
	text           []byte
	start, end     int    // of the tag
	name           string // without its prefix
	closing, empty bool
	before         []byte // the text before the tag
}

// next finds the next tag. Comments and declarations are passed over.
func (t *xmlTokens) next() bool {
	for {
		i := bytes.IndexByte(t.text[t.end:], '<')
		if i < 0 {
			return false
		}
		t.before = t.text[t.end : t.end+i]
		t.start = t.end + i
		rest := t.text[t.start:]
		close := ">"
		if bytes.HasPrefix(rest, []byte("<!--")) {
			close = "-->"
		} else if bytes.HasPrefix(rest, []byte("<![CDATA[")) {
			close = "]]>"
		}
		n := tagLength(rest, close)
		if n < 0 {
			return false
		}
		t.end = t.start + n
		if rest[1] == '!' || rest[1] == '?' {
			if close == "]]>" {
				t.before = rest[len("<![CDATA[") : n-3]
				t.name, t.closing, t.empty = "", false, true
				return true
			}
			continue
		}
		t.split(rest[1 : n-1])
		return true
	}
}

// tagLength finds the end of a tag, outside of quotes.
func tagLength(text []byte, close string) int {
	if close != ">" {
		if i := bytes.Index(text, []byte(close)); i >= 0 {
			return i + len(close)
		}
		return -1
	}
	quote := byte(0)
	for i, c := range text {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return i + 1
		}
	}
	return -1
}

func (t *xmlTokens) split(tag []byte) {
	t.closing = len(tag) > 0 && tag[0] == '/'
	if t.closing {
		tag = tag[1:]
	}
	t.empty = len(tag) > 0 && tag[len(tag)-1] == '/'
	i := bytes.IndexAny(tag, " \t\r\n/")
	if i < 0 {
		i = len(tag)
	}
	t.name = string(tag[:i])
	if _, local, ok := strings.Cut(t.name, ":"); ok {
		t.name = local
	}
}

// attr gives the value of an attribute of the tag, as it is written.
func (t *xmlTokens) attr(name string) string {
	tag := t.text[t.start:t.end]
	for at := 0; ; {
		i := bytes.Index(tag[at:], []byte(name+"="))
		if i < 0 {
			return ""
		}
		at += i
		value := tag[at+len(name)+1:]
		if isSpace(tag[at-1]) && len(value) > 1 {
			if n := bytes.IndexByte(value[1:], value[0]); n >= 0 {
				return string(value[1 : 1+n])
			}
		}
		at++
	}
}

// texts appends the text of all <t> up to the closing tag of a name, its entities
// read. What is said of how to pronounce it (rPh) is text as well.
func (t *xmlTokens) texts(dst []byte, until string) []byte {
	inside := false
	for t.next() {
		if inside {
			var b viewBuilder
			appendEntities(&b, t.before, 0)
			dst = append(dst, b.text...)
		}
		if t.closing && t.name == until {
			return dst
		}
		if t.name == "t" {
			inside = !t.closing && !t.empty
		}
	}
	return dst
}
