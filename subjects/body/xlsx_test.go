package body

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"custody"
)

// workbookOf writes a workbook of two sheets with n customers: strings shared and of
// their own, numbers, rich text, a comment, a formula.
func workbookOf(t testing.TB, n int) []byte {
	t.Helper()
	x := excelize.NewFile()
	set := func(sheet, cell string, v any) {
		if err := x.SetCellValue(sheet, cell, v); err != nil {
			t.Fatal(err)
		}
	}
	for i, name := range []string{"Customer ID", "Full name", "Phone", "Remarks", "Total"} {
		set("Sheet1", string(rune('A'+i))+"1", name)
	}
	for k := 1; k <= n; k++ {
		row := fmt.Sprint(k + 1)
		set("Sheet1", "A"+row, k)
		set("Sheet1", "B"+row, "Person <"+word3(k)+">")
		set("Sheet1", "C"+row, phoneOf(k))
		set("Sheet1", "D"+row, "write to "+emailOf(k)+" & wait")
		set("Sheet1", "E"+row, float64(k)/4)
	}
	if _, err := x.NewSheet("Calls"); err != nil {
		t.Fatal(err)
	}
	set("Calls", "B3", int64(7700900001))
	set("Calls", "C3", "nobody")
	x.SetCellRichText("Calls", "B4", []excelize.RichTextRun{{Text: "ring 07700 "}, {Text: "900002", Font: &excelize.Font{Bold: true}}, {Text: " soon"}})
	x.SetCellFormula("Calls", "B5", `="call "&"07700900003"`)
	x.AddComment("Calls", excelize.Comment{Cell: "C3", Author: "x", Paragraph: []excelize.RichTextRun{{Text: "person1@post.example"}}})
	var out bytes.Buffer
	if err := x.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func partsOf(t *testing.T, file []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(r)
		parts[f.Name] = string(text)
	}
	return parts
}

func TestWorkbook(t *testing.T) {
	const n = 1000
	w := newWorld(t, n)
	file := workbookOf(t, n)
	plan := compile(t, rules)
	if k := KindOf("application/octet-stream", file[:512]); k != XLSX {
		t.Fatalf("it is taken for %v", k)
	}
	same, found, err := w.filterParts(XLSX, Options{Plan: plan}, nil, file[:1000], file[1000:])
	if err != nil || !bytes.Equal(same, file) || len(found) != n {
		t.Fatalf("with everything permitted: %v, equal %v, found %d", err, bytes.Equal(same, file), len(found))
	}
	tr := treatments{custody.Phone: custody.Refused, custody.Email: custody.Masked, custody.Name: custody.Masked}
	got, found, err := w.filterParts(XLSX, Options{Plan: plan}, tr, file)
	if err != nil || len(found) != n {
		t.Fatal(err, len(found))
	}
	for name, text := range partsOf(t, got) {
		for k := 1; k <= 3; k++ {
			if strings.Contains(text, phoneOf(k)) || strings.Contains(text, phoneOf(k)[1:]) || strings.Contains(text, emailOf(k)) || strings.Contains(text, word3(k)) {
				t.Errorf("customer %d is in %s", k, name)
			}
		}
	}
	x, err := excelize.OpenReader(bytes.NewReader(got))
	if err != nil {
		t.Fatal(err)
	}
	for cell, want := range map[string]string{"A1": "Customer ID", "A5": "4", "B5": "P••• •••", "C5": "••••", "D5": "write to p•••@•••.example & wait", "E5": "1", "C1001": "••••"} {
		if v, err := x.GetCellValue("Sheet1", cell); err != nil || v != want && !(cell == "B5" && strings.HasPrefix(v, "P•••")) {
			t.Errorf("%s: %q, want %q (%v)", cell, v, want, err)
		}
	}
	for cell, want := range map[string]string{"B3": "••••", "B4": "ring •••• soon", "C3": "nobody"} {
		if v, err := x.GetCellValue("Calls", cell); err != nil || v != want {
			t.Errorf("%s: %q, want %q (%v)", cell, v, want, err)
		}
	}
	if f, _ := x.GetCellFormula("Calls", "B5"); strings.Contains(f, "07700") {
		t.Errorf("the formula is %s", f)
	}
	if before, after := partsOf(t, file), partsOf(t, got); before["xl/styles.xml"] != after["xl/styles.xml"] || len(before) != len(after) {
		t.Error("another part has changed")
	}
}

// TestWorkbookLimit gives nothing of a workbook with too many people.
func TestWorkbookLimit(t *testing.T) {
	w := newWorld(t, 10)
	over := custody.E(custody.CodeLimit, "over the limit", "ask for more")
	n := 0
	o := Options{Plan: compile(t, rules), Seen: func(custody.SubjectID, custody.CategorySet, custody.CategorySet) error {
		if n++; n > 5 {
			return over
		}
		return nil
	}}
	got, _, err := w.filterParts(XLSX, o, nil, workbookOf(t, 10))
	if err != over || len(got) > 0 {
		t.Errorf("%v, %d bytes", err, len(got))
	}
}

// TestWorkbookRefuses what is no workbook, or holds what cannot be looked into.
func TestWorkbookRefuses(t *testing.T) {
	w := newWorld(t, 1)
	pack := func(names ...string) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, n := range names {
			f, _ := z.Create(n)
			f.Write([]byte("<a/>"))
		}
		z.Close()
		return b.Bytes()
	}
	for name, file := range map[string][]byte{
		"zip":      pack("a.txt"),
		"document": pack("[Content_Types].xml", "word/document.xml"),
		"file":     pack("[Content_Types].xml", "xl/workbook.xml", "xl/embeddings/oleObject1.bin"),
		"program":  pack("[Content_Types].xml", "xl/workbook.xml", "xl/vbaProject.bin"),
		"twice":    pack("[Content_Types].xml", "xl/workbook.xml", "XL/workbook.xml"),
		"broken":   []byte("PK\x03\x04 and nothing else"),
		"empty":    nil,
	} {
		if got, _, err := w.filterParts(XLSX, Options{}, nil, file); !errors.Is(err, ErrUninspectable) || len(got) > 0 {
			t.Errorf("%s: %v, %d bytes", name, err, len(got))
		}
	}
	if got, _, err := w.filterParts(XLSX, Options{}, nil, make([]byte, MaxFile), []byte{1}); custody.CodeOf(err) != custody.CodeTooLarge || len(got) > 0 {
		t.Errorf("a long file: %v", err)
	}
}

func FuzzWorkbook(f *testing.F) {
	w := newWorld(f, 9)
	plan := compile(f, fuzzRules)
	f.Add([]byte(`<sst><si><t>Customer ID</t></si><si><t>phone</t></si><si><r><t>0770</t></r><r><t>0900001</t></r></si></sst>`),
		[]byte(`<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row><row><c r="A2"><v>3</v></c><c t="inlineStr"><is><t>07700900002</t></is></c><c t="s"><v>2</v></c><c><f>"x"</f><v>7700900003</v></c></row></sheetData></worksheet>`))
	f.Add([]byte(`<x:sst><x:si/><x:si><x:t/></x:si>`), []byte(`<x:row><x:c t='s'><x:v>9</x:v></x:c></x:row><hyperlink location="tel:07700900001"/><c`))
	f.Fuzz(func(t *testing.T, shared, sheet []byte) {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for name, text := range map[string][]byte{"[Content_Types].xml": []byte("<Types/>"), "xl/workbook.xml": []byte("<workbook/>"), "xl/sharedStrings.xml": shared, "xl/worksheets/sheet1.xml": sheet} {
			part, _ := z.Create(name)
			part.Write(text)
		}
		z.Close()
		same, _, err := w.filterParts(XLSX, Options{Plan: plan}, nil, b.Bytes())
		if err == nil && w.hidden == 0 && !bytes.Equal(same, b.Bytes()) {
			t.Fatal("with everything permitted it is not what it was")
		}
		none := treatments{custody.Phone: custody.Refused, custody.Email: custody.Refused}
		got, _, err := w.filterParts(XLSX, Options{Plan: plan}, none, b.Bytes())
		if err != nil {
			return
		}
		_, again, err := w.filterParts(XLSX, Options{Plan: plan}, nil, got)
		if err != nil {
			t.Fatal("its own output is refused:", err)
		}
		for id, s := range again {
			if s.shown.Has(custody.Email) {
				t.Fatalf("subject %d still shows %v", id, s.shown)
			}
		}
	})
}
