package body

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	stdhtml "html"
	"io"
	"mime/quotedprintable"
	"net/url"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/net/html"

	"custody"
)

// matrixSpellings are ways to write one phone, one email and one registration.
var matrixSpellings = map[custody.Category][]string{
	custody.Phone: {
		"07700 900123", "07700900123", "+447700900123", "+44 7700 900123", "+44 (0)7700 900123", "+44 (0)7700-900123", "00447700900123", "0044 7700 900 123",
		"00 44 (0) 7700 900123", "447700900123", "4407700900123", "7700900123", "7700 900123", "07700-900-123", "07700.900.123", "(07700) 900123", " 07700 900123 ",
		"07700\u00a0900123", "07700\u2009900\u2009123", "07700\u2011900123", "07700\u2013900123", "０７７００ ９００１２３", "＋４４７７００９００１２３", "٠٧٧٠٠٩٠٠١٢٣",
		"tel:+447700900123", "Tel: 07700 900123", "Mob. 07700 900123", "Mobile no.: 07700 900123", "T 07700 900123", "07700 900123 ext 4", "07700 900123 x12",
		"07700900123#5", "7,700,900,123", "7700900123.0", "'07700900123", "=\"07700900123\"", "\u202a07700 900123\u202c", "\u200b07700900123", "+44\t7700\t900123",
		"011 44 7700 900123", "07700/900123", "[07700 900123]", "0 7 7 0 0 9 0 0 1 2 3", "07700_900123", "rings from 07700 900123 at night, or 01632 960001",
	},
	custody.Email: {
		"alice.smith+car@post.example", "Alice.Smith+car@post.example", "ALICE.SMITH+CAR@POST.EXAMPLE", " alice.smith+car@post.example", "\talice.smith+car@post.example",
		"<alice.smith+car@post.example>", "Alice Smith <alice.smith+car@post.example>", "\"Smith, Alice\" <alice.smith+car@post.example>", "mailto:alice.smith+car@post.example",
		"MAILTO:alice.smith+car@post.example", "mailto:alice.smith+car@post.example?subject=Car", "'alice.smith+car@post.example'", "\"alice.smith+car@post.example\"",
		"alice.smith+car@post.example.", "alice.smith+car@post.example,", "alice.smith+car@post.example;", "(alice.smith+car@post.example)", "[alice.smith+car@post.example]",
		"alice.smith+car＠post.example", "ａｌｉｃｅ.smith+car@post.example", "alice.smith+car@\u200bpost.example", "\ufeffalice.smith+car@post.example",
		"alice.\u00adsmith+car@post.example", "\u202aalice.smith+car@post.example\u202c", "\u00a0alice.smith+car@post.example\u00a0", "Email: alice.smith+car@post.example",
		"e-mail: alice.smith+car@post.example", "\u201calice.smith+car@post.example\u201d", "<mailto:alice.smith+car@post.example>", "; alice.smith+car@post.example ;",
		"alice.smith+car@post.example...", "to=alice.smith+car@post.example", "x/alice.smith+car@post.example", "write to alice.smith+car@post.example today",
	},
	custody.Vehicle: {
		"AB12 CDE", "AB12CDE", "ab12 cde", "ab12cde", "Ab12 Cde", "AB 12 CDE", "AB-12-CDE", "AB12-CDE", "AB12.CDE", " AB12 CDE ", "AB12  CDE", "AB12\tCDE",
		"AB12\u00a0CDE", "AB12\u2009CDE", "AB12\u2011CDE", "AB12\u2013CDE", "ＡＢ１２ ＣＤＥ", "AB１２CDE", "A B 1 2 C D E", "[AB12 CDE]", "(AB12 CDE)", "'AB12 CDE'",
		"\"AB12 CDE\"", "AB12_CDE", "AB12 CDE.", "\u200bAB12 CDE", "\ufeffAB12CDE", "AB12\u200bCDE", "AB12\u00b7CDE", "ABI2 CDE", "AB\u00ad12 CDE", "the silver AB12 CDE at the gate",
	},
}

// container puts a value between two others and gets it out again with a parser that
// is not ours. The others must come out as they went in.
type container struct {
	name string
	kind Kind
	wrap func(v string) string
	open func(out string) ([]string, error)
}

const before, after = "keep <this> & \"that\"", "and, this; too"

var containers = []container{
	{"json", JSON, func(v string) string { return string(must(json.Marshal([]string{before, v, after}))) }, openJSON},
	{"json escapes", JSON, func(v string) string {
		return fmt.Sprintf(`[%s,"%s",%s]`, must(json.Marshal(before)), escaped(v, `\u%04x`), must(json.Marshal(after)))
	}, openJSON},
	{"html", HTML, func(v string) string {
		return "<p>" + stdhtml.EscapeString(before) + "</p><p>" + stdhtml.EscapeString(v) + "</p><p>" + after + "</p>"
	}, openHTML},
	{"html entities", HTML, func(v string) string {
		return "<p>" + stdhtml.EscapeString(before) + "</p><p>" + references(v) + "</p><p>" + after + "</p>"
	}, openHTML},
	{"html runs", HTML, func(v string) string {
		half := len([]rune(v)) / 2
		return "<p>" + stdhtml.EscapeString(before) + "</p><p>" + stdhtml.EscapeString(string([]rune(v)[:half])) + "<b class=x></b><i>" + stdhtml.EscapeString(string([]rune(v)[half:])) + "</i></p><p>" + after + "</p>"
	}, openHTML},
	{"html attribute", HTML, func(v string) string {
		return "<p>" + stdhtml.EscapeString(before) + `</p><p title="` + stdhtml.EscapeString(v) + `"></p><p>` + after + "</p>"
	}, openHTML},
	{"url", HTML, func(v string) string {
		return "<p>" + stdhtml.EscapeString(before) + `</p><p title="/x?q=` + url.PathEscape(v) + `"></p><p>` + after + "</p>"
	}, openURL},
	{"csv", CSV, func(v string) string {
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		w.WriteAll([][]string{{before, v, after}})
		return b.String()
	}, func(out string) ([]string, error) {
		r := csv.NewReader(strings.NewReader(out))
		r.TrimLeadingSpace = false
		return r.Read()
	}},
	{"xml", XML, func(v string) string {
		var b bytes.Buffer
		b.WriteString("<all><a>")
		xml.EscapeText(&b, []byte(before))
		b.WriteString("</a><b>")
		xml.EscapeText(&b, []byte(v))
		return b.String() + "</b><c>" + after + "</c></all>"
	}, func(out string) ([]string, error) {
		var all struct{ A, B, C string }
		var named struct {
			A string `xml:"a"`
			B string `xml:"b"`
			C string `xml:"c"`
		}
		err := xml.Unmarshal([]byte(out), &named)
		all.A, all.B, all.C = named.A, named.B, named.C
		return []string{all.A, all.B, all.C}, err
	}},
	{"text", Text, func(v string) string { return before + "\n" + v + "\n" + after }, openLines},
	{"quoted-printable", Text, func(v string) string {
		var b bytes.Buffer
		w := quotedprintable.NewWriter(&b)
		io.WriteString(w, before+"\n"+v+"\n"+after)
		w.Close()
		return b.String()
	}, func(out string) ([]string, error) {
		plain, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(out)))
		if err != nil {
			return nil, err
		}
		return openLines(strings.ReplaceAll(string(plain), "\r\n", "\n"))
	}},
	{"events", EventStream, func(v string) string {
		return "data: " + string(must(json.Marshal([]string{before, v, after}))) + "\n\n"
	}, func(out string) ([]string, error) {
		return openJSON(strings.TrimSuffix(strings.TrimPrefix(out, "data: "), "\n\n"))
	}},
	{"form", Form, func(v string) string {
		return "a=" + url.QueryEscape(before) + "&b=" + url.QueryEscape(v) + "&c=" + url.QueryEscape(after)
	}, func(out string) ([]string, error) {
		q, err := url.ParseQuery(out)
		return []string{q.Get("a"), q.Get("b"), q.Get("c")}, err
	}},
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

func escaped(v, form string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(v)) {
		fmt.Fprintf(&b, form, u)
	}
	return b.String()
}

func references(v string) string {
	var b strings.Builder
	for i, r := range []rune(v) {
		fmt.Fprintf(&b, []string{"&#%d;", "&#x%X;"}[i%2], r)
	}
	return b.String()
}

func openJSON(out string) (list []string, err error) {
	err = json.Unmarshal([]byte(out), &list)
	return list, err
}

func openLines(out string) ([]string, error) {
	first, rest, ok := strings.Cut(out, "\n")
	i := strings.LastIndexByte(rest, '\n')
	if !ok || i < 0 {
		return nil, fmt.Errorf("%q has no three lines", out)
	}
	return []string{first, rest[:i], rest[i+1:]}, nil
}

// openHTML gives the texts, and the titles, of the paragraphs.
func openHTML(out string) (list []string, err error) {
	root, err := html.Parse(strings.NewReader(out))
	if err != nil {
		return nil, err
	}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == "p" {
			text := ""
			for _, a := range n.Attr {
				text += a.Val
			}
			for d := range n.Descendants() {
				if d.Type == html.TextNode {
					text += d.Data
				}
			}
			list = append(list, text)
		}
	}
	return list, nil
}

func openURL(out string) ([]string, error) {
	list, err := openHTML(out)
	if err == nil && len(list) == 3 {
		list[1], err = url.PathUnescape(list[1])
	}
	return list, err
}

// shows is the slow second opinion: whether a text has the identifier in it, when all
// but letters and digits is left out and full-width and other digits are plain.
func shows(c custody.Category, text string) bool {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r >= 0xFF01 && r <= 0xFF5E:
			r -= 0xFEE0
		case r >= 0x660 && r <= 0x669:
			r += '0' - 0x660
		}
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			b.WriteRune(r)
		}
	}
	bare := strings.ToLower(b.String())
	switch c {
	case custody.Phone:
		return strings.Contains(bare, "7700900123") || strings.Contains(bare, "900123")
	case custody.Email:
		return strings.Contains(bare, "smithcar") || strings.Contains(bare, "postexample")
	}
	return strings.Contains(bare, "ab12cde") || strings.Contains(bare, "abi2cde")
}

// charsets write a body in an encoding, if it can be, and read it again.
var charsets = []struct {
	name          string
	encode        func(string) []byte
	decode        func([]byte) string
	representable func(string) bool
}{
	{"", func(s string) []byte { return []byte(s) }, func(b []byte) string { return string(b) }, func(string) bool { return true }},
	{"utf-16le", func(s string) []byte { return wideOf(s, utf16LE) }, func(b []byte) string { return narrowOf(b, utf16LE) }, func(string) bool { return true }},
	{"utf-16be", func(s string) []byte { return wideOf(s, utf16BE) }, func(b []byte) string { return narrowOf(b, utf16BE) }, func(string) bool { return true }},
	{"windows-1252", latinOf, fromLatin, func(s string) bool { return fromLatin(latinOf(s)) == s }},
}

func wideOf(s string, e encoding) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		if e == utf16BE {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return b
}

func narrowOf(b []byte, e encoding) string {
	var units []uint16
	for i := 0; i+1 < len(b); i += 2 {
		if e == utf16BE {
			units = append(units, uint16(b[i])<<8|uint16(b[i+1]))
		} else {
			units = append(units, uint16(b[i+1])<<8|uint16(b[i]))
		}
	}
	return string(utf16.Decode(units))
}

func latinOf(s string) (b []byte) {
	for _, r := range s {
		b = append(b, to1252(r))
	}
	return b
}

func fromLatin(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		s.WriteRune(from1252(c))
	}
	return s.String()
}

// TestMatrix is every spelling in every container in every encoding, whole, byte by
// byte and, for a part of them, cut in two at every byte: the subject is found, the
// value is gone, the structure and its neighbours are as they were.
func TestMatrix(t *testing.T) {
	w := newWorld(t, 1)
	w.index.Add(system, 1, custody.Phone, []byte("07700 900123"))
	w.index.Add(system, 1, custody.Email, []byte("alice.smith+car@post.example"))
	w.index.Add(system, 1, custody.Vehicle, []byte("AB12 CDE"))
	cases := 0
	for category, list := range matrixSpellings {
		if len(list) < 30 {
			t.Errorf("only %d spellings of %v", len(list), category)
		}
		for _, value := range list {
			for _, in := range containers {
				for _, code := range charsets {
					text := in.wrap(value)
					if !code.representable(text) {
						continue
					}
					cases++
					w.cell(t, category, value, in, code.name, code.encode(text), code.decode, cases%23 == 0)
				}
			}
		}
	}
	if cases < 4000 {
		t.Errorf("only %d cases", cases)
	}
	t.Logf("%d cases", cases)
}

func (w *world) cell(t *testing.T, category custody.Category, value string, in container, charset string, text []byte, decode func([]byte) string, everywhere bool) {
	t.Helper()
	name := fmt.Sprintf("%v %q in %s %s", category, value, in.name, charset)
	tr := treatments{category: custody.Refused}
	got, found, err := w.filterParts(in.kind, Options{Charset: charset}, tr, text)
	if err != nil || len(found) != 1 || !found[1].masked.Has(category) || found[1].shown.Has(category) {
		t.Errorf("%s: %v, found %v\n%q", name, err, found, text)
		return
	}
	list, err := in.open(decode(got))
	if err != nil || len(list) != 3 || list[0] != before || list[2] != after {
		t.Errorf("%s: %v\n%q", name, err, decode(got))
		return
	}
	if shows(category, list[1]) {
		t.Errorf("%s is still there: %q", name, list[1])
	}
	if same, _, err := w.filterParts(in.kind, Options{Charset: charset}, nil, text); err != nil || !bytes.Equal(same, text) {
		t.Errorf("%s: with everything permitted it is not what it was: %v", name, err)
	}
	single := make([][]byte, len(text))
	for i := range text {
		single[i] = text[i : i+1]
	}
	check := func(parts ...[]byte) {
		also, _, err := w.filterParts(in.kind, Options{Charset: charset}, tr, parts...)
		if err != nil || !bytes.Equal(also, got) {
			t.Errorf("%s: cut into %d it is different: %v", name, len(parts), err)
		}
	}
	check(single...)
	for i := 1; everywhere && i < len(text); i++ {
		check(text[:i], text[i:])
	}
}
