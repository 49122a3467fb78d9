package body

import (
	"bytes"
	"encoding/binary"
	"mime"
	"strings"
)

// Kind is what a body is made of.
type Kind uint8

// The kinds. Unknown is what cannot be inspected.
const (
	Unknown Kind = iota
	Empty
	JSON
	NDJSON
	HTML
	CSV
	Text
	XML
	Form
	EventStream
	XLSX
	PDF
)

var kindNames = [...]string{"unknown", "empty", "json", "ndjson", "html", "csv", "text", "xml", "form", "event-stream", "xlsx", "pdf"}

// String gives the kind as it is printed.
func (k Kind) String() string { return kindNames[k] }

// prompt says whether records leave as soon as they are complete, because somebody
// may be waiting for each.
func (k Kind) prompt() bool { return k == NDJSON || k == EventStream }

var kindsByType = map[string]Kind{
	"application/json": JSON, "text/json": JSON, "application/problem+json": JSON, "application/ld+json": JSON,
	"application/x-ndjson": NDJSON, "application/ndjson": NDJSON, "application/jsonl": NDJSON, "application/json-seq": NDJSON, "application/x-jsonlines": NDJSON,
	"text/html": HTML, "application/xhtml+xml": HTML,
	"text/csv": CSV, "application/csv": CSV, "text/tab-separated-values": CSV, "text/comma-separated-values": CSV,
	"text/plain": Text, "text/markdown": Text, "text/calendar": Text, "text/vcard": Text, "text/javascript": Text, "application/javascript": Text,
	"application/x-javascript": Text, "text/css": Text, "message/rfc822": Text, "text/x-vcard": Text, "application/yaml": Text, "text/yaml": Text,
	"application/xml": XML, "text/xml": XML, "image/svg+xml": XML, "application/rss+xml": XML, "application/atom+xml": XML,
	"application/x-www-form-urlencoded": Form,
	"text/event-stream":                 EventStream,
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": XLSX,
	"application/pdf": PDF, "application/x-pdf": PDF,
}

// KindOf says what a body is by its Content-Type and its first bytes (some hundred
// are enough). Where the two cannot both be right the bytes decide, and when they say
// nothing a declared type that is not known is Unknown.
func KindOf(contentType string, first []byte) Kind {
	if len(first) == 0 {
		return Empty
	}
	if k := magic(first); k != Empty {
		return k
	}
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	declared, known := kindsByType[media]
	switch {
	case known && declared != XLSX && declared != PDF: // those have their magic
		return textual(declared, first)
	case strings.HasSuffix(media, "+json"):
		return textual(JSON, first)
	case strings.HasSuffix(media, "+xml"):
		return textual(XML, first)
	case strings.HasPrefix(media, "text/"):
		return textual(Text, first)
	case media == "" || media == "application/octet-stream" || media == "application/force-download" || media == "application/vnd.ms-excel" || media == "application/download":
		return sniff(first)
	}
	return Unknown
}

// Charset gives the charset parameter of a Content-Type, in lower case.
func Charset(contentType string) string {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return ""
	}
	return strings.ToLower(strings.Trim(params["charset"], "'\" "))
}

// magic knows the files that say what they are. Empty means: nothing known.
func magic(first []byte) Kind {
	switch {
	case bytes.HasPrefix(first, []byte("PK\x03\x04")):
		return XLSX // or another zip: its reader says
	case bytes.HasPrefix(first, []byte("%PDF-")):
		return PDF
	case first[0] == '<' || first[0] == '{' || first[0] == '[': // as most answers begin, and no file does
		return Empty
	}
	for _, m := range []string{"\x89PNG", "GIF8", "\xff\xd8\xff", "\x1f\x8b", "BZh", "\xfd7zXZ", "7z\xbc\xaf", "Rar!", "\xd0\xcf\x11\xe0", "\x28\xb5\x2f\xfd",
		"SQLite format 3\x00", "\x7fELF", "RIFF", "wOFF", "wOF2", "PK\x05\x06", "OggS", "ID3"} {
		if bytes.HasPrefix(first, []byte(m)) {
			return Unknown
		}
	}
	return Empty
}

// textual takes a declared kind of text unless the bytes are binary. JSON that is
// sent as text or HTML is read as JSON, and the other way round, as the reader for
// the wrong one would miss its escapes.
func textual(declared Kind, first []byte) Kind {
	if isBinary(first) {
		return Unknown
	}
	switch declared {
	case Text, HTML, JSON:
		if k := sniff(first); k == JSON || k == HTML || k == XML && declared != HTML {
			return k
		}
	}
	return declared
}

// isBinary says whether bytes are no text: NULs, but for UTF-16's, or many controls.
func isBinary(first []byte) bool {
	if !controlled(first) {
		return false
	}
	if len(first) >= 2 && (first[0] == 0xFF && first[1] == 0xFE || first[0] == 0xFE && first[1] == 0xFF) {
		return false
	}
	if looksUTF16(first) != 0 {
		return false
	}
	controls := 0
	for _, c := range first {
		if c == 0 {
			return true
		}
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1b && c != 0x1e {
			controls++
		}
	}
	return controls > len(first)/10
}

// sniff reads the first character that is not a space.
func sniff(first []byte) Kind {
	if isBinary(first) {
		return Unknown
	}
	b := bytes.TrimPrefix(first, []byte("\xef\xbb\xbf"))
	if looksUTF16(first) != 0 || bytes.HasPrefix(first, []byte("\xff\xfe")) || bytes.HasPrefix(first, []byte("\xfe\xff")) {
		b = bytes.ReplaceAll(bytes.TrimLeft(first, "\xff\xfe"), []byte{0}, nil)
	}
	b = bytes.TrimLeft(b, " \t\r\n")
	low := bytes.ToLower(b[:min(len(b), 64)])
	switch {
	case len(b) == 0:
		return Text
	case b[0] == '{' || b[0] == '[' && len(b) > 1 && bytes.IndexByte([]byte(" \t\r\n{[\"-0123456789]tfn"), b[1]) >= 0:
		return JSON
	case bytes.HasPrefix(low, []byte("<?xml")):
		if bytes.Contains(first, []byte("<html")) || bytes.Contains(low, []byte("<!doctype html")) {
			return HTML
		}
		return XML
	case b[0] == '<' && len(b) > 1 && (b[1] == '!' || b[1] == '/' || b[1] >= 'a' && b[1] <= 'z' || b[1] >= 'A' && b[1] <= 'Z'):
		return HTML
	}
	return Text
}

// controlled says whether there are controls among the bytes, other than tabs and line
// ends. Eight bytes are looked at at a time.
func controlled(b []byte) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for ; len(b) >= 8; b = b[8:] {
		w := binary.LittleEndian.Uint64(b)
		if (w-ones*' ')&^w&tops != 0 && controlAmong(b[:8]) {
			return true
		}
	}
	return controlAmong(b)
}

func controlAmong(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			return true
		}
	}
	return false
}
