package body

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	stdhtml "html"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/net/html"

	"custody"
	"custody/subjects"
)

// manyRow is one record: what names the customer must be gone when it comes out, and the
// values around it as they went in.
type manyRow struct {
	N     int    `json:"n"`
	Key   string `json:"id,omitempty"`
	Value string `json:"ring,omitempty"`
	Who   string `json:"who,omitempty"` // beside a key
	After string `json:"after"`
	core  string // what is left of the identifier when nothing but letters and digits counts
}

// crowd is as many customers as there are phones, each named by one kind of identifier;
// they have a phone and an email besides.
var crowd = sync.OnceValue(func() *world {
	w := &world{directory: subjects.NewDirectory(&numbers{had: map[string]custody.SubjectID{}})}
	var err error
	if w.index, err = subjects.NewIndex([]byte("a key for tests only"), 4*manyPeople); err != nil {
		panic(err)
	}
	w.index.Remember(system)
	w.index.Corroborate(system, allPairs)
	r, to := io.Pipe()
	go func() {
		rows := csv.NewWriter(to)
		rows.Write([]string{"id", "phone", "email", "vehicle", "policy", "bank", "name", "postcode"})
		for k := 1; k <= manyPeople; k++ {
			row := []string{fmt.Sprint(k), phoneOf(k), emailOf(k), "", "", "", "", ""}
			if kind := kindOf(k); kind.column > 2 {
				row[kind.column] = kind.value(k)
			}
			if kindOf(k).column == 6 {
				row[6], row[7] = "Vera "+surnameOf(k), postcodeOf(k)
			}
			rows.Write(row)
		}
		rows.Flush()
		to.Close()
	}()
	err = subjects.FillExport(r, system, subjects.Export{Key: "id", Identifiers: []string{"phone", "email", "vehicle", "policy", "bank"},
		Columns: map[string]custody.Category{"phone": custody.Phone, "email": custody.Email, "vehicle": custody.Vehicle, "policy": custody.Policy, "bank": custody.Bank,
			"name": custody.Name, "postcode": custody.Address}}, w.directory, w.index)
	if err != nil {
		panic(err)
	}
	return w
})

const manyPeople = 99_999

// kindOf says how customer k is named in the records of this test.
func kindOf(k int) *manyKind { return &identifiers[k%len(identifiers)] }

func manyRows(n int) []manyRow {
	rows := make([]manyRow, n)
	for i := range rows {
		k, kind := i+1, kindOf(i+1)
		value := kind.value(k)
		rows[i] = manyRow{N: k, After: fmt.Sprintf("bay %d & more", i%40), core: bareOf(value)}
		if kind.core != nil {
			rows[i].core = bareOf(kind.core(k))
		}
		spelt := kind.spellings[k/len(identifiers)%len(kind.spellings)](value)
		if kind.column == 0 {
			rows[i].Key, rows[i].Who = spelt, "Some Body"
			rows[i].core = "body"
		} else {
			rows[i].Value = spelt
		}
	}
	return rows
}

// bareOf is the slow second opinion: letters and digits alone, in plain lower case.
func bareOf(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 0xFF01 && r <= 0xFF5E:
			r -= 0xFEE0
		case r >= 0x660 && r <= 0x669:
			r += '0' - 0x660
		}
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= '0' && r <= '9' || r >= 'a' && r <= 'z':
			return r
		}
		return -1
	}, text)
}

var manyRules = Rules{
	JSON: map[string]string{"rows[].id": "key", "rows[].who": "name"},
	HTML: map[string]string{"tr[data-id]": "key", "td.who": "name"},
	CSV:  map[string]string{"id": "key", "who": "name"},
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
		w.Write([]string{"n", "id", "ring", "who", "after"})
		for _, r := range rows {
			w.Write([]string{fmt.Sprint(r.N), r.Key, r.Value, r.Who, r.After})
		}
		w.Flush()
		return b.Bytes()
	}, func(b []byte) ([]manyRow, error) {
		lines, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
		return rowsOf(lines[min(1, len(lines)):]), err
	}},
	{HTML, func(rows []manyRow) []byte {
		var b bytes.Buffer
		b.WriteString("<!doctype html><table>")
		for _, r := range rows {
			key := ""
			if r.Key != "" {
				key = ` data-id="` + r.Key + `"`
			}
			fmt.Fprintf(&b, "<tr%s><td>%d<td>%s<td>%s<td class=who>%s<td>%s</tr>\n", key, r.N, r.Key, stdhtml.EscapeString(r.Value), r.Who, stdhtml.EscapeString(r.After))
		}
		b.WriteString("</table>")
		return b.Bytes()
	}, openTable},
	{Text, func(rows []manyRow) []byte {
		var b bytes.Buffer
		for _, r := range rows {
			if r.Key == "" { // a text has no keys
				fmt.Fprintf(&b, "%d || %s || %s\n", r.N, r.Value, r.After)
			}
		}
		return b.Bytes()
	}, func(b []byte) (rows []manyRow, err error) {
		for line := range strings.Lines(string(b)) {
			cells := strings.Split(strings.TrimSuffix(line, "\n"), " || ")
			if len(cells) != 3 {
				return nil, fmt.Errorf("%q has %d parts", line, len(cells))
			}
			rows = append(rows, rowsOf([][]string{{cells[0], "", cells[1], "", cells[2]}})...)
		}
		return rows, nil
	}},
}

func rowsOf(lines [][]string) (rows []manyRow) {
	for _, l := range lines {
		r := manyRow{Key: l[1], Value: l[2], Who: l[3], After: l[4]}
		fmt.Sscan(l[0], &r.N)
		rows = append(rows, r)
	}
	return rows
}

func openTable(b []byte) ([]manyRow, error) {
	var lines [][]string
	z := html.NewTokenizer(bytes.NewReader(b))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return rowsOf(lines), nil
		case html.StartTagToken:
			switch name, _ := z.TagName(); string(name) {
			case "tr":
				lines = append(lines, nil)
			case "td":
				at := len(lines) - 1
				lines[at] = append(lines[at], "")
			}
		case html.TextToken:
			if at := len(lines) - 1; at >= 0 && len(lines[at]) > 0 && len(lines[at]) <= 5 {
				lines[at][len(lines[at])-1] += strings.TrimSuffix(stdhtml.UnescapeString(string(z.Text())), "\n")
			}
		}
	}
}

// TestManySpellings is 1,000 and 100,000 customers in one body, each named by another kind
// of identifier in another of its spellings: in one piece and in pieces of all sizes, in
// UTF-8 and UTF-16, in each content coding. Everybody is found, whatever names them is
// gone, and all else is as it was, for a parser that is not ours.
func TestManySpellings(t *testing.T) {
	for _, kind := range identifiers {
		if len(kind.spellings) < kind.least {
			t.Errorf("only %d spellings of %s", len(kind.spellings), kind.name)
		}
	}
	w := crowd()
	for _, n := range []int{1000, manyPeople} {
		rows := manyRows(n)
		for _, k := range manyKinds {
			in := rows
			if k.kind == Text {
				in = nil
				for _, r := range rows {
					if r.Key == "" {
						in = append(in, r)
					}
				}
			}
			text := k.wrap(in)
			c := manyCase{fmt.Sprintf("%v of %d", k.kind, n), k.kind, "", in, k.open, func(b []byte) []byte { return b }}
			w.manyIn(t, c, text)
			for _, code := range charsets {
				if n == 1000 && strings.HasPrefix(code.name, "utf-16") {
					c.name, c.charset = fmt.Sprintf("%v of %d in %s", k.kind, n, code.name), code.name
					c.decode = func(b []byte) []byte { return []byte(code.decode(b)) }
					w.manyIn(t, c, code.encode(string(text)))
				}
			}
		}
	}
}

type manyCase struct {
	name    string
	kind    Kind
	charset string
	rows    []manyRow
	open    func([]byte) ([]manyRow, error)
	decode  func([]byte) []byte
}

// nothingClear refuses everything.
var nothingClear = func() treatments {
	all := treatments{}
	for _, c := range custody.AllCategories() {
		all[c] = custody.Refused
	}
	return all
}()

func (w *world) manyIn(t *testing.T, c manyCase, text []byte) {
	t.Helper()
	o := Options{Charset: c.charset, Plan: compile(t, manyRules)}
	small := len(c.rows) <= 1000
	size := 32 << 10
	if small {
		size = len(text)
	}
	whole, found, err := w.filterParts(c.kind, o, nothingClear, pieces(text, size)...)
	if err != nil {
		t.Errorf("%s: %v", c.name, err)
		return
	}
	got, err := c.open(c.decode(whole))
	if err != nil || len(got) != len(c.rows) {
		t.Errorf("%s: the structure is gone: %v, %d records", c.name, err, len(got))
		return
	}
	wrong := map[string]bool{}
	for i, r := range got {
		in := &c.rows[i]
		kind := kindOf(in.N)
		way := fmt.Sprint(kind.name, " ", in.N/len(identifiers)%len(kind.spellings))
		if found[custody.SubjectID(in.N)].masked == 0 || r.N != in.N || r.After != in.After || strings.Contains(bareOf(r.Value+r.Who), in.core) {
			if !wrong[way] { // one of each spelling tells
				wrong[way] = true
				t.Errorf("%s: %s in record %d came out as %+v, it was %+v, found %v", c.name, way, i, r, *in, found[custody.SubjectID(in.N)])
			}
		}
	}
	if len(wrong) > 0 {
		return
	}
	if more := len(found) - len(c.rows); more > len(c.rows)/50_000 { // fingerprints of 32 bits, some ten million looked up
		t.Errorf("%s: found %d more", c.name, more)
	}
	same := func(how string, parts [][]byte) {
		again, also, err := w.filterParts(c.kind, o, nothingClear, parts...)
		if err != nil || !bytes.Equal(again, whole) || len(also) != len(found) {
			t.Errorf("%s %s: %v, found %d, equal: %v", c.name, how, err, len(also), bytes.Equal(again, whole))
		}
	}
	if !small {
		return
	}
	for _, size := range []int{0, 1, 61, 4093} {
		same(fmt.Sprintf("in pieces of %d", size), pieces(text, size))
	}
	if c.charset == "" {
		for _, coding := range []string{"gzip", "br", "zstd"} {
			same("in "+coding, unpackedPieces(t, coding, text))
		}
	}
	if clear, _, err := w.filterParts(c.kind, o, nil, pieces(text, 0)...); err != nil || !bytes.Equal(clear, text) {
		t.Errorf("%s: with everything permitted it is not what it was: %v", c.name, err)
	}
}

// unpackedPieces packs a text, and gives what comes out of the packed bytes when they
// arrive in pieces of all sizes.
func unpackedPieces(t *testing.T, coding string, text []byte) (parts [][]byte) {
	t.Helper()
	var packed bytes.Buffer
	e, err := Encode(coding, &packed)
	if err != nil {
		t.Fatal(err)
	}
	e.Write(text)
	e.Close()
	var readers []io.Reader
	for _, p := range pieces(packed.Bytes(), 97) {
		readers = append(readers, bytes.NewReader(p))
	}
	d, err := Decode(coding, io.MultiReader(readers...))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for {
		room := make([]byte, 777)
		n, err := d.Read(room)
		parts = append(parts, room[:n])
		if err == io.EOF {
			return parts
		}
		if err != nil {
			t.Fatal(coding, err)
		}
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

// TestManyInFiles is the same in a workbook and in a PDF.
func TestManyInFiles(t *testing.T) {
	w, rows := crowd(), manyRows(1000)
	x := excelize.NewFile()
	for i, r := range append([]manyRow{{Key: "id", Value: "ring", Who: "who", After: "after"}}, rows...) {
		for j, v := range []string{fmt.Sprint(r.N), r.Key, r.Value, r.Who, r.After} {
			if err := x.SetCellStr("Sheet1", string(rune('A'+j))+fmt.Sprint(i+1), v); err != nil {
				t.Fatal(err)
			}
		}
	}
	var file bytes.Buffer
	if err := x.Write(&file); err != nil {
		t.Fatal(err)
	}
	w.manyIn(t, manyCase{"workbook", XLSX, "", rows, func(b []byte) ([]manyRow, error) {
		x, err := excelize.OpenReader(bytes.NewReader(b))
		if err != nil {
			return nil, err
		}
		lines, err := x.GetRows("Sheet1")
		return rowsOf(lines[1:]), err
	}, func(b []byte) []byte { return b }}, file.Bytes())

	var lines []string
	there := map[custody.SubjectID]bool{}
	for _, r := range rows {
		if r.Key == "" && fromLatin(latinOf(r.Value)) == r.Value && !strings.ContainsFunc(r.Value, func(c rune) bool { return c < ' ' || c > '~' }) {
			lines, there[custody.SubjectID(r.N)] = append(lines, r.Value), true
		}
	}
	var pages [][]string
	for len(lines) > 0 {
		n := min(30, len(lines))
		pages, lines = append(pages, lines[:n]), lines[n:]
	}
	doc := estimate(t, pages...)
	got, found, err := w.filterParts(PDF, Options{}, nil, pieces(doc, 4093)...)
	delete(found, 3) // the sample's own link
	delete(there, 3)
	if err != nil || !bytes.Equal(got, doc) || len(found) != len(there) || len(there) < 400 {
		t.Errorf("a PDF: %v, found %d of %d", err, len(found), len(there))
	}
	if got, _, err := w.filterParts(PDF, Options{}, nothingClear, doc); custody.CodeOf(err) != custody.CodeForbidden || len(got) > 0 {
		t.Errorf("a PDF with what is forbidden: %v, %d bytes left", err, len(got))
	}
}
