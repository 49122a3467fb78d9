package found_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"custody"
	"custody/subjects"
	"custody/trace/found"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// people are customers 1 to n, with a phone, an email and a registration each.
type people int

func phone(k int) string { return fmt.Sprintf("07700 9%05d", k) }
func email(k int) string { return fmt.Sprintf("p%d@post.example", k) }
func mark(k int) string  { return fmt.Sprintf("AB%02d CDE", k%100) }

func (p people) Find(dst []custody.SubjectID, c custody.Category, value []byte) []custody.SubjectID {
	form, ok := subjects.Canonical(nil, c, value)
	if !ok {
		return dst
	}
	for k := 1; k <= int(p); k++ {
		for category, text := range map[custody.Category]string{custody.Phone: phone(k), custody.Email: email(k), custody.Vehicle: mark(k)} {
			if own, ok := subjects.Canonical(nil, category, []byte(text)); ok && category == c && bytes.Equal(own, form) {
				dst = append(dst, custody.SubjectID(k))
			}
		}
	}
	return dst
}

func (p people) Lookup(key []byte) (custody.SubjectID, bool) {
	var k int
	if _, err := fmt.Sscanf(string(key), "K%d", &k); err != nil || k < 1 || k > int(p) {
		return 0, false
	}
	return custody.SubjectID(k), true
}

// spreadsheet makes an XLSX of rows, texts shared.
func spreadsheet(rows [][]string) []byte {
	var b, sheet, texts bytes.Buffer
	n := 0
	for i, row := range rows {
		fmt.Fprintf(&sheet, `<row r="%d">`, i+1)
		for j, v := range row {
			if v == "" {
				continue
			}
			fmt.Fprintf(&sheet, `<c r="%c%d" t="s"><v>%d</v></c>`, 'A'+j, i+1, n)
			fmt.Fprintf(&texts, "<si><r><t>%s</t></r></si>", v)
			n++
		}
		sheet.WriteString("</row>")
	}
	z := zip.NewWriter(&b)
	for name, text := range map[string]string{"xl/sharedStrings.xml": "<sst>" + texts.String() + "</sst>", "xl/worksheets/sheet1.xml": "<worksheet><sheetData>" + sheet.String() + "</sheetData></worksheet>", "docProps/app.xml": "<x/>"} {
		w, _ := z.Create(name)
		_, _ = w.Write([]byte(text))
	}
	_ = z.Close()
	return b.Bytes()
}

// TestForms: the same three customers in every form, and one who is nobody's.
func TestForms(t *testing.T) {
	rows := [][]string{{"mobile", "mail", "note"}, {phone(2), "", "élan"}, {"", email(3), ""}, {phone(1), email(1), ""}, {phone(77), "", ""}}
	var comma, semicolon, jsonLines, text strings.Builder
	var objects []string
	for i, r := range rows {
		fmt.Fprintf(&comma, "%s,%s,%s\r\n", r[0], r[1], r[2])
		fmt.Fprintf(&semicolon, "%s;%s;%s\n", r[0], r[1], r[2])
		if i > 0 {
			o := fmt.Sprintf(`{"mobile":%q,"contact":{"mails":[%q]},"note":%q,"age":41}`, r[0], r[1], r[2])
			objects = append(objects, o)
			fmt.Fprintln(&jsonLines, o)
			fmt.Fprintf(&text, "Call %s or write to <%s> (%s)\n", r[0], r[1], r[2])
		}
	}
	latin, _ := charmap.Windows1252.NewEncoder().String(semicolon.String())
	wide, _ := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(semicolon.String())
	for name, c := range map[string]struct {
		file           string
		kind, encoding string
	}{
		"comma":        {comma.String(), "csv", "utf-8"},
		"mark":         {"\ufeff" + semicolon.String(), "csv", "utf-8 with a mark"},
		"windows-1252": {latin, "csv", "windows-1252"},
		"utf-16":       {wide, "csv", "utf-16"},
		"lines":        {jsonLines.String(), "json-lines", "utf-8"},
		"array":        {"[" + strings.Join(objects, ",\n") + "]", "json", "utf-8"},
		"wrapped":      {`{"count":4,"customers":[` + strings.Join(objects, ",") + "]}", "json-lines", "utf-8"},
		"text":         {text.String(), "text", "utf-8"},
		"xlsx":         {string(spreadsheet(rows)), "xlsx", "utf-8"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := found.Match([]byte(c.file), found.Options{Index: people(9)})
			if err != nil {
				t.Fatal(err)
			}
			if f.Kind != c.kind || f.Encoding != c.encoding || f.Rows != 4 || f.Matched != 3 || f.Unknown != 1 {
				t.Errorf("%+v", f)
			}
			if d := cmp.Diff([]custody.SubjectID{2, 3, 1}, f.Subjects); d != "" {
				t.Error(d)
			}
			if f.Holds["phone"] != 3 || f.Holds["email"] != 2 {
				t.Errorf("holds %v", f.Holds)
			}
		})
	}
}

// TestWhatIsNoFile is refused with a way on.
func TestWhatIsNoFile(t *testing.T) {
	for name, file := range map[string]string{"empty": " \n", "binary": "a\x00b", "array cut": `[{"a":"b"},`, "zip": string(spreadsheet(nil)[:40]), "other zip": func() string {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		_, _ = z.Create("a.txt")
		_ = z.Close()
		return b.String()
	}()} {
		_, err := found.Match([]byte(file), found.Options{Index: people(1)})
		if custody.CodeOf(err) == custody.CodeInternal || err == nil || custody.HintOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWhoseRow: identifiers vote; a tie names nobody.
func TestWhoseRow(t *testing.T) {
	file := "customer_id,mobile,mail\n" +
		"K1," + phone(1) + ",\n" +
		"K2," + phone(1) + "," + email(2) + "\n" + // two of three say 2
		"," + phone(1) + "," + email(2) + "\n" // one each
	f, err := found.Match([]byte(file), found.Options{Index: people(9)})
	if err != nil || f.Matched != 2 || f.Ambiguous != 1 || !cmp.Equal(f.Subjects, []custody.SubjectID{1, 2}) {
		t.Errorf("%+v %v", f, err)
	}
	f, err = found.Match([]byte(strings.Replace(file, "customer_id", "x", 1)), found.Options{Index: people(9), Key: "X"})
	if err != nil || f.Holds["key"] != 2 {
		t.Errorf("%+v %v", f, err)
	}
}

// TestAge: a value that replaced another dates the file from below, one that was
// replaced from above.
func TestAge(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC) }
	f, err := found.Match([]byte("mobile,mail\n"+phone(1)+","+email(1)+"\n07700 900999,"+email(2)+"\n"), found.Options{Index: people(9), Changes: func(s custody.SubjectID) []found.Change {
		return []found.Change{{day(int(s) * 5), custody.Categories(custody.Phone)}, {day(30), custody.Categories(custody.Name)}}
	}})
	if err != nil || !f.Fresh.Equal(day(5)) || !f.Stale.Equal(day(10)) {
		t.Errorf("%+v %v", f, err)
	}
}

// TestCopies: canaries and pseudonyms name the copy, and only its own.
func TestCopies(t *testing.T) {
	var bad []int
	list, err := found.Copies(strings.NewReader("copy,made,customer_id,pseudonym,canary\n"+
		"bureau,2026-03-02,K1,X91,\nbureau,2026-03-02,K2,X92,\nbureau,,,,zoe@planted.example\nprinter,2026-03-03,K1,Y91,\nprinter,,,,07700 900990\n,,K1,,\nprinter,,,,\nlate,yesterday,K1,,\n"), time.UTC, func(line int, _ string) { bad = append(bad, line) })
	if err != nil || len(list) != 3 || !cmp.Equal(bad, []int{7, 8, 9}) {
		t.Fatal(len(list), bad, err)
	}
	f, err := found.Match([]byte("ref;mail\nX92;\n;Zoe@Planted.example\nX91;\nY00;\n"), found.Options{Index: people(9), Copies: list})
	if err != nil || f.Matched != 2 || f.Unknown != 1 {
		t.Fatalf("%+v %v", f, err)
	}
	if h := f.Copies[0]; h.Canaries != 1 || h.Of != 1 || h.Pseudonyms != 2 || !h.Marked() || f.Copies[1].Marked() {
		t.Errorf("%+v", f.Copies)
	}
	for _, text := range []string{"", "a,b\n"} {
		if _, err := found.Copies(strings.NewReader(text), time.UTC, nil); custody.CodeOf(err) != custody.CodeInvalid {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestOrder: an export keeps the order of its query.
func TestOrder(t *testing.T) {
	var rising, mixed strings.Builder
	rising.WriteString("id;mail\n")
	mixed.WriteString("id;mail\n")
	for k := 1; k <= 40; k++ {
		fmt.Fprintf(&rising, "%d;%s\n", 995+k, email(k*7%9+1))
		fmt.Fprintf(&mixed, "%d;%s\n", k*37%41, email(k*7%9+1))
	}
	for text, want := range map[string]string{rising.String(): "sorted by id, rising", mixed.String(): ""} {
		f, err := found.Match([]byte(text), found.Options{Index: people(9)})
		if err != nil || f.Order != want {
			t.Errorf("%q, want %q: %v", f.Order, want, err)
		}
	}
}

func FuzzMatch(f *testing.F) {
	for _, s := range []string{"mobile,mail\n07700 900001,p1@post.example\n", `[{"a":"07700 900001"}]`, "{\"a\":[[\"p1@post.example\"]]}\n{", "Call 07700 900001", "a;b\n\"", "\xff\xfea\x00"} {
		f.Add([]byte(s))
	}
	f.Add(spreadsheet([][]string{{"a"}, {"07700 900001"}}))
	f.Fuzz(func(t *testing.T, file []byte) {
		if len(file) > 1<<16 {
			return
		}
		x, err := found.Match(file, found.Options{Index: people(3)})
		if err != nil {
			if custody.CodeOf(err) == custody.CodeInternal {
				t.Fatal(err)
			}
			return
		}
		if x.Matched+x.Ambiguous+x.Unknown != x.Rows || len(x.Subjects) > x.Matched {
			t.Fatalf("%+v", x)
		}
	})
}
