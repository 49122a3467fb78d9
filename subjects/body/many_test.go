package body

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	stdhtml "html"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"custody"
)

// spellings write a phone, given as 07700 and six digits, in the ways of the matrix.
var spellings = []func(d string) string{
	func(d string) string { return d },
	func(d string) string { return d[:5] + " " + d[5:] },
	func(d string) string { return d[:5] + " " + d[5:8] + " " + d[8:] },
	func(d string) string { return "+44" + d[1:] },
	func(d string) string { return "+44 " + d[1:5] + " " + d[5:] },
	func(d string) string { return "+44 (0)" + d[1:5] + " " + d[5:] },
	func(d string) string { return "+44 (0)" + d[1:5] + "-" + d[5:] },
	func(d string) string { return "0044" + d[1:] },
	func(d string) string { return "0044 " + d[1:5] + " " + d[5:8] + " " + d[8:] },
	func(d string) string { return "00 44 (0) " + d[1:5] + " " + d[5:] },
	func(d string) string { return "44" + d[1:] },
	func(d string) string { return "440" + d[1:] },
	func(d string) string { return d[1:] },
	func(d string) string { return d[1:5] + " " + d[5:] },
	func(d string) string { return d[:5] + "-" + d[5:8] + "-" + d[8:] },
	func(d string) string { return d[:5] + "." + d[5:8] + "." + d[8:] },
	func(d string) string { return "(" + d[:5] + ") " + d[5:] },
	func(d string) string { return "[" + d[:5] + " " + d[5:] + "]" },
	func(d string) string { return d[:5] + "\u00a0" + d[5:] },
	func(d string) string { return d[:5] + "\u2009" + d[5:8] + "\u2009" + d[8:] },
	func(d string) string { return d[:5] + "\u2011" + d[5:] },
	func(d string) string { return d[:5] + "\u2013" + d[5:] },
	func(d string) string { return digitsFrom(d, '０') },
	func(d string) string { return digitsFrom(d, '٠') },
	func(d string) string { return "tel:+44" + d[1:] },
	func(d string) string { return "Mobile no.: " + d[:5] + " " + d[5:] },
	func(d string) string { return d[:5] + " " + d[5:] + " ext 4" },
	func(d string) string { return "'" + d },
	func(d string) string { return "\u200b" + d },
	func(d string) string { return "+44\t" + d[1:5] + "\t" + d[5:] },
	func(d string) string { return d[:5] + "/" + d[5:] },
	func(d string) string { return strings.Join(strings.Split(d, ""), " ") },
	func(d string) string { return d[:5] + "_" + d[5:] },
}

// digitsFrom writes the digits of a script.
func digitsFrom(d string, zero rune) string {
	return strings.Map(func(r rune) rune { return r - '0' + zero }, d)
}

// asciiDigits keeps the digits of a text, of whatever script of the above.
func asciiDigits(s string) string {
	return strings.Map(func(r rune) rune {
		for _, zero := range []rune{'0', '０', '٠'} {
			if r >= zero && r <= zero+9 {
				return '0' + r - zero
			}
		}
		return -1
	}, s)
}

// manyRow is one record: the values around the phone must come out as they went in.
type manyRow struct {
	N     int    `json:"n"`
	Phone string `json:"ring"`
	After string `json:"after"`
}

func manyRows(n int) []manyRow {
	rows := make([]manyRow, n)
	for i := range rows {
		rows[i] = manyRow{i + 1, spellings[i%len(spellings)](phoneOf(i + 1)), "bay " + word3(i) + " & more"}
	}
	return rows
}

// manyKinds write the records and read them again with parsers that are not ours.
var manyKinds = []struct {
	kind Kind
	wrap func([]manyRow) []byte
	open func([]byte) ([]manyRow, error)
}{
	{JSON, func(rows []manyRow) []byte { return must(json.Marshal(map[string]any{"rows": rows})) }, func(b []byte) ([]manyRow, error) {
		var v struct{ Rows []manyRow }
		err := json.Unmarshal(b, &v)
		return v.Rows, err
	}},
	{CSV, func(rows []manyRow) []byte {
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		w.Write([]string{"n", "ring", "after"})
		for _, r := range rows {
			w.Write([]string{fmt.Sprint(r.N), r.Phone, r.After})
		}
		w.Flush()
		return b.Bytes()
	}, func(b []byte) ([]manyRow, error) {
		lines, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
		var rows []manyRow
		for _, l := range lines[min(1, len(lines)):] {
			r := manyRow{Phone: l[1], After: l[2]}
			fmt.Sscan(l[0], &r.N)
			rows = append(rows, r)
		}
		return rows, err
	}},
	{HTML, func(rows []manyRow) []byte {
		var b bytes.Buffer
		b.WriteString("<!doctype html><table>")
		for _, r := range rows {
			fmt.Fprintf(&b, "<tr><td>%d<td>%s<td>%s</tr>\n", r.N, stdhtml.EscapeString(r.Phone), stdhtml.EscapeString(r.After))
		}
		b.WriteString("</table>")
		return b.Bytes()
	}, func(b []byte) ([]manyRow, error) {
		var rows []manyRow
		z, cell, text := html.NewTokenizer(bytes.NewReader(b)), 0, [4]string{}
		for {
			switch z.Next() {
			case html.ErrorToken:
				return rows, nil
			case html.StartTagToken:
				switch name, _ := z.TagName(); string(name) {
				case "tr":
					cell, text = 0, [4]string{}
				case "td":
					cell++
				}
			case html.TextToken:
				text[min(cell, 3)] += string(z.Text())
			case html.EndTagToken:
				if name, _ := z.TagName(); string(name) == "tr" {
					r := manyRow{Phone: stdhtml.UnescapeString(text[2]), After: stdhtml.UnescapeString(text[3])}
					fmt.Sscan(text[1], &r.N)
					rows = append(rows, r)
				}
			}
		}
	}},
}

// TestManySpellings is 1,000 and 100,000 customers, named by nothing but a phone, each in
// another of more than thirty spellings, in one piece and in pieces of all sizes, in
// UTF-8 and UTF-16: everybody is found, every phone is gone, and all else is as it was.
func TestManySpellings(t *testing.T) {
	if len(spellings) < 30 {
		t.Fatalf("only %d spellings", len(spellings))
	}
	for _, n := range []int{1000, 99_999} { // there are so many phones
		w := newWorld(t, n)
		rows := manyRows(n)
		for _, k := range manyKinds {
			text := k.wrap(rows)
			w.manyIn(t, fmt.Sprintf("%v of %d", k.kind, n), k.kind, "", text, rows, k.open, func(b []byte) []byte { return b })
			if n > 1000 {
				continue
			}
			for _, code := range charsets {
				if strings.HasPrefix(code.name, "utf-16") {
					w.manyIn(t, fmt.Sprintf("%v of %d in %s", k.kind, n, code.name), k.kind, code.name, code.encode(string(text)), rows, k.open,
						func(b []byte) []byte { return []byte(code.decode(b)) })
				}
			}
		}
	}
}

func (w *world) manyIn(t *testing.T, name string, kind Kind, charset string, text []byte, rows []manyRow, open func([]byte) ([]manyRow, error), decode func([]byte) []byte) {
	t.Helper()
	tr := treatments{custody.Phone: custody.Refused}
	whole, found, err := w.filterParts(kind, Options{Charset: charset}, tr, text)
	if err != nil || len(found) != len(rows) {
		t.Errorf("%s: %v, found %d", name, err, len(found))
		return
	}
	got, err := open(decode(whole))
	if err != nil || len(got) != len(rows) {
		t.Errorf("%s: the structure is gone: %v, %d records", name, err, len(got))
		return
	}
	for i, r := range got {
		if r.N != rows[i].N || r.After != rows[i].After || strings.Contains(asciiDigits(r.Phone), phoneOf(i + 1)[5:]) {
			t.Errorf("%s: record %d came out as %+v, it was %+v", name, i, r, rows[i])
			return
		}
	}
	sizes := []int{32 << 10}
	if len(rows) <= 1000 {
		sizes = append(sizes, 0, 1, 4093)
	}
	for _, size := range sizes {
		again, also, err := w.filterParts(kind, Options{Charset: charset}, tr, pieces(text, size)...)
		if err != nil || !bytes.Equal(again, whole) || len(also) != len(found) {
			t.Errorf("%s in pieces of %d: %v, found %d, equal: %v", name, size, err, len(also), bytes.Equal(again, whole))
		}
	}
	if same, _, err := w.filterParts(kind, Options{Charset: charset}, nil, pieces(text, 0)...); err != nil || !bytes.Equal(same, text) {
		t.Errorf("%s: with everything permitted it is not what it was: %v", name, err)
	}
}

// pieces cuts a text: into pieces of a size, or of all sizes when it is zero.
func pieces(text []byte, size int) (parts [][]byte) {
	r := rand.New(rand.NewPCG(7, uint64(len(text))))
	for rest := text; len(rest) > 0; {
		n := size
		if size == 0 {
			n = 1 + r.IntN(30_000)
		}
		n = min(n, len(rest))
		parts, rest = append(parts, rest[:n]), rest[n:]
	}
	return parts
}
