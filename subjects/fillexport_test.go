package subjects_test

import (
	"slices"
	"strings"
	"testing"

	"custody"
	"custody/subjects"
)

func TestFillExport(t *testing.T) {
	x, err := subjects.NewIndex([]byte("a key for tests only"), 0)
	if err != nil {
		t.Fatal(err)
	}
	d := subjects.NewDirectory(&numbers{})
	e := subjects.Export{Key: "Customer", Identifiers: []string{"Mobile"}, Sign: ';',
		Columns: map[string]custody.Category{"Mobile": custody.Phone, "Name": custody.Name, "Born": custody.DateOfBirth}}
	text := "\ufeffcustomer;Name;MOBILE;Born;Other\r\nA-1;\"Bell; Ruth\";07700 900123;07/03/1984;x\nA-2;Al Dunn;;;\n;Nobody;07700 900124;;\n"
	x.Remember(1)
	for range 2 { // a second time changes nothing
		if err := subjects.FillExport(strings.NewReader(text), 1, e, d, x); err != nil {
			t.Fatal(err)
		}
		one, ok := d.Lookup(1, []byte("A-1"))
		if !ok || d.Len(1) != 2 {
			t.Fatalf("%d keys", d.Len(1))
		}
		if got := x.Find(nil, 1, custody.Phone, []byte("+447700900123")); len(got) != 1 || got[0] != one {
			t.Errorf("the phone names %v", got)
		}
		if got := x.Find(nil, 1, custody.Phone, []byte("07700900124")); len(got) > 0 {
			t.Errorf("a row without a key is %v", got)
		}
		if want := x.Terms(nil, 1, custody.DateOfBirth, []byte("1984-03-07")); !slices.Contains(x.Known(nil, 1, one), want[0]) {
			t.Error("the date of birth is not known")
		}
	}
}

func TestFillExportErrors(t *testing.T) {
	x, err := subjects.NewIndex([]byte("a key for tests only"), 0)
	if err != nil {
		t.Fatal(err)
	}
	d := subjects.NewDirectory(&numbers{})
	e := subjects.Export{Key: "id", Identifiers: []string{"phone"}, Columns: map[string]custody.Category{"phone": custody.Phone}}
	for text, code := range map[string]custody.Code{
		"": custody.CodeInvalid, "id,mail\n": custody.CodeInvalid, "phone\n": custody.CodeInvalid,
		"id,phone\n1,\"" + strings.Repeat("x", 2*subjects.MaxExportLine): custody.CodeTooLarge,
	} {
		if err := subjects.FillExport(strings.NewReader(text), 1, e, d, x); custody.CodeOf(err) != code || custody.HintOf(err) == "" {
			t.Errorf("%.20q: %v", text, err)
		}
	}
	e.Identifiers = append(e.Identifiers, "email")
	if err := subjects.FillExport(strings.NewReader("id,phone,email\n"), 1, e, d, x); custody.CodeOf(err) != custody.CodeInvalid {
		t.Error(err)
	}
}

func FuzzFillExport(f *testing.F) {
	f.Add([]byte("id,phone\n1,07700900123\n\"2\n3\",\"x\"\"\n"))
	f.Add([]byte("\ufeffphone,id\r\n,,,,\r\n"))
	e := subjects.Export{Key: "id", Identifiers: []string{"phone"}, Columns: map[string]custody.Category{"phone": custody.Phone}}
	f.Fuzz(func(t *testing.T, text []byte) {
		x, _ := subjects.NewIndex([]byte("a key for tests only"), 0)
		subjects.FillExport(strings.NewReader(string(text)), 1, e, subjects.NewDirectory(&numbers{}), x)
	})
}
