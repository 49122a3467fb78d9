package body

import (
	"bytes"
	"errors"
	"testing"

	"github.com/go-pdf/fpdf"

	"custody"
)

// estimate prints lines on a page each.
func estimate(t testing.TB, pages ...[]string) []byte {
	t.Helper()
	doc := fpdf.New("P", "mm", "A4", "")
	doc.SetTitle("Estimate", false)
	for _, lines := range pages {
		doc.AddPage()
		doc.SetFont("Helvetica", "", 11)
		doc.LinkString(10, 250, 20, 5, "mailto:person3@post.example")
		for _, line := range lines {
			doc.CellFormat(60, 6, line, "", 1, "L", false, 0, "")
		}
	}
	var b bytes.Buffer
	if err := doc.Output(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPDF(t *testing.T) {
	w := newWorld(t, 3)
	file := estimate(t, []string{"Estimate 4711", "Ruth Bell", "Phone: 07700 900001"}, []string{"Write to person2@post.example", "Total 1,200.00"})
	if k := KindOf("", file); k != PDF {
		t.Fatalf("it is taken for %v", k)
	}
	got, found, err := w.filterParts(PDF, Options{}, nil, file[:100], file[100:])
	if err != nil || !bytes.Equal(got, file) || !found[1].shown.Has(custody.Phone) || !found[2].shown.Has(custody.Email) || !found[3].shown.Has(custody.Email) || len(found) != 3 {
		t.Errorf("%v, equal %v, found %v", err, bytes.Equal(got, file), found)
	}
	got, _, err = w.filterParts(PDF, Options{}, treatments{custody.Email: custody.Masked}, file)
	if custody.CodeOf(err) != custody.CodeForbidden || len(got) > 0 {
		t.Errorf("with emails masked: %v, %d bytes", err, len(got))
	}
	if got, _, err = w.filterParts(PDF, Options{}, treatments{custody.Bank: custody.Refused}, file); err != nil || !bytes.Equal(got, file) {
		t.Errorf("with something else refused: %v", err)
	}
}

func TestPDFRefuses(t *testing.T) {
	w := newWorld(t, 1)
	locked := fpdf.New("P", "mm", "A4", "")
	locked.SetProtection(0, "user", "owner")
	locked.AddPage()
	locked.SetFont("Helvetica", "", 11)
	locked.Cell(10, 10, "07700 900001")
	var b bytes.Buffer
	if err := locked.Output(&b); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{
		"no text":   estimate(t, nil),
		"encrypted": b.Bytes(),
		"damaged":   []byte("%PDF-1.4\nnothing else"),
		"half":      estimate(t, []string{"x"})[:200],
	} {
		if got, _, err := w.filterParts(PDF, Options{}, nil, file); !errors.Is(err, ErrUninspectable) || len(got) > 0 {
			t.Errorf("%s: %v, %d bytes", name, err, len(got))
		}
	}
}

func FuzzPDF(f *testing.F) {
	f.Add(estimate(f, []string{"Phone: 07700 900001"}))
	f.Add([]byte("%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\ntrailer <</Root 1 0 R>>\nstartxref\n9\n%%EOF"))
	w := newWorld(f, 1)
	f.Fuzz(func(t *testing.T, file []byte) {
		if got, _, err := w.filterParts(PDF, Options{}, nil, file); err == nil && !bytes.Equal(got, file) {
			t.Fatal("it came out changed")
		}
	})
}
