package estimate_test

import (
	"encoding/json"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	. "custody/examples/bodyshop/estimate"
)

func line(kind Kind, quantity Hundredths, unit Pence) Line {
	return Line{Kind: kind, Description: "x", Quantity: quantity, Unit: unit}
}

func TestPrice(t *testing.T) {
	for _, c := range []struct {
		name string
		doc  Document
		want Totals
	}{
		{"nothing", Document{}, Totals{}},
		{"an hour and a half at £45.60", Document{Lines: []Line{line(Labour, 150, 4560)}},
			Totals{Hours: 150, Labour: 6840, Net: 6840, VAT: 1368, Gross: 8208}},
		{"half a penny is rounded up, on the line", Document{Lines: []Line{line(Labour, 50, 4561)}}, // 22.805
			Totals{Hours: 50, Labour: 2281, Net: 2281, VAT: 456, Gross: 2737}}, // 456.2
		{"each line is rounded, not the sum", Document{Lines: []Line{line(Labour, 50, 1), line(Labour, 50, 1)}},
			Totals{Hours: 100, Labour: 2, Net: 2, Gross: 2}},
		{"VAT of 2.5p is 3p", Document{Lines: []Line{line(Part, 100, 13)}}, Totals{Parts: 13, Net: 13, VAT: 3, Gross: 16}}, // 2.6
		{"all kinds with a percentage and an amount off", Document{
			Lines:     []Line{line(Labour, 1000, 4440), line(Paint, 100, 29075), line(Part, 200, 32509)},
			Discounts: []Discount{{AppliesTo: Labour, Percent: 1000}, {AppliesTo: Part, Amount: 5000}},
		}, Totals{Hours: 1000, Labour: 44400, Paint: 29075, Parts: 65018, Discount: 9440, Net: 129053, VAT: 25811, Gross: 154864}}, // 25810.6
		{"percentages are of the sums before discounts", Document{
			Lines:     []Line{line(Labour, 100, 10000)},
			Discounts: []Discount{{AppliesTo: Labour, Percent: 1000}, {AppliesTo: All, Percent: 1000}},
		}, Totals{Hours: 100, Labour: 10000, Discount: 2000, Net: 8000, VAT: 1600, Gross: 9600}},
		{"a third of a penny", Document{
			Lines:     []Line{line(Paint, 100, 333)},
			Discounts: []Discount{{AppliesTo: Paint, Percent: 3333}},
		}, Totals{Paint: 333, Discount: 111, Net: 222, VAT: 44, Gross: 266}}, // 110.99, 44.4
		{"everything off", Document{Lines: []Line{line(Part, 100, 999)}, Discounts: []Discount{{AppliesTo: All, Percent: 10000}}},
			Totals{Parts: 999, Discount: 999}},
	} {
		if err := c.doc.Price(); err != nil || c.doc.Totals != c.want {
			t.Errorf("%s: %+v, %v\nwant %+v", c.name, c.doc.Totals, err, c.want)
		}
	}
}

func TestPriceRefuses(t *testing.T) {
	good := line(Part, 100, 1000)
	long := good
	long.Description = strings.Repeat("é", MaxDescription+1)
	for name, doc := range map[string]Document{
		"no quantity":            {Lines: []Line{line(Part, 0, 1)}},
		"a negative quantity":    {Lines: []Line{line(Part, -100, 1)}},
		"a negative price":       {Lines: []Line{line(Part, 100, -1)}},
		"too much":               {Lines: []Line{line(Part, MaxQuantity+1, 1)}},
		"too dear":               {Lines: []Line{line(Part, 100, MaxUnit+1)}},
		"too dear in all":        {Lines: []Line{line(Part, MaxQuantity, MaxUnit)}},
		"too many hours":         {Lines: []Line{line(Labour, MaxQuantity, 1), line(Labour, 1, 1)}},
		"an unknown kind":        {Lines: []Line{line("vat", 100, 1)}},
		"no description":         {Lines: []Line{{Kind: Part, Quantity: 100}}},
		"a long description":     {Lines: []Line{long}},
		"not text":               {Lines: []Line{{Kind: Part, Description: "\xff", Quantity: 100}}},
		"supplement 100":         {Lines: []Line{{Kind: Part, Description: "x", Quantity: 100, Supplement: 100}}},
		"too many lines":         {Lines: make([]Line, MaxLines+1)},
		"101 %":                  {Lines: []Line{good}, Discounts: []Discount{{AppliesTo: All, Percent: 10100}}},
		"more than it is of":     {Lines: []Line{good}, Discounts: []Discount{{AppliesTo: Part, Amount: 1001}}},
		"off what is not there":  {Lines: []Line{good}, Discounts: []Discount{{AppliesTo: Labour, Amount: 1}}},
		"more than all together": {Lines: []Line{good}, Discounts: []Discount{{AppliesTo: Part, Percent: 6000}, {AppliesTo: All, Percent: 6000}}},
		"an unknown target":      {Lines: []Line{good}, Discounts: []Discount{{AppliesTo: "vat", Percent: 100}}},
	} {
		if err := doc.Price(); err == nil {
			t.Errorf("%s was priced: %+v", name, doc.Totals)
		}
	}
}

// rounded is n/d rounded half up, by other means than the code.
func rounded(n, d int64) Pence {
	r := new(big.Rat).Add(big.NewRat(n, d), big.NewRat(1, 2))
	return Pence(new(big.Int).Div(r.Num(), r.Denom()).Int64())
}

// TestPriceAddsUp prices random estimates and works every sum out again in rational
// numbers, whatever the order of lines and discounts.
func TestPriceAddsUp(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	kinds := []Kind{Labour, Paint, Part}
	for range 5000 {
		var doc Document
		want := map[Kind]Pence{}
		for range 1 + r.IntN(12) {
			l := line(kinds[r.IntN(3)], Hundredths(1+r.IntN(4000)), Pence(r.IntN(80_000)))
			doc.Lines = append(doc.Lines, l)
			want[l.Kind] += rounded(int64(l.Quantity)*int64(l.Unit), 100)
		}
		all := want[Labour] + want[Paint] + want[Part]
		off := Pence(0)
		for range r.IntN(3) {
			d := Discount{AppliesTo: kinds[r.IntN(3)], Percent: Hundredths(1 + r.IntN(3000))}
			doc.Discounts = append(doc.Discounts, d)
			off += rounded(int64(want[d.AppliesTo])*int64(d.Percent), 10_000)
		}
		if err := doc.Price(); err != nil {
			t.Fatal(err)
		}
		net := all - off
		tot := doc.Totals
		if tot.Labour != want[Labour] || tot.Paint != want[Paint] || tot.Parts != want[Part] || tot.Discount != off ||
			tot.Net != net || tot.VAT != rounded(int64(net)*20, 100) || tot.Gross != net+rounded(int64(net)*20, 100) {
			t.Fatalf("%+v of %+v %+v", tot, doc.Lines, doc.Discounts)
		}
		shuffled := Document{Lines: append([]Line{}, doc.Lines...), Discounts: append([]Discount{}, doc.Discounts...)}
		r.Shuffle(len(shuffled.Lines), func(i, j int) { shuffled.Lines[i], shuffled.Lines[j] = shuffled.Lines[j], shuffled.Lines[i] })
		r.Shuffle(len(shuffled.Discounts), func(i, j int) {
			shuffled.Discounts[i], shuffled.Discounts[j] = shuffled.Discounts[j], shuffled.Discounts[i]
		})
		if err := shuffled.Price(); err != nil || shuffled.Totals != tot {
			t.Fatalf("another order gave %+v, not %+v", shuffled.Totals, tot)
		}
	}
}

func TestMoney(t *testing.T) {
	for in, want := range map[string]Pence{
		"0": 0, "12": 1200, "12.5": 1250, "12.50": 1250, " £1,234.50 ": 123450, ".5": 50, "5.": 500, "1,234,567": 123456700, "007": 700,
	} {
		if got, err := ParsePence(in); err != nil || got != want {
			t.Errorf("%q is %d, %v, want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"", "£", ".", "-1", "+1", "1.234", "1,5", "1,50", ",500", "12a", "1e3", "１２", "99999999999", "1.2.3", "0x10", "NaN", " , "} {
		if got, err := ParsePence(in); err == nil {
			t.Errorf("%q was taken for %d", in, got)
		}
	}
	for n, want := range map[Pence]string{0: "£0.00", 5: "£0.05", 99999: "£999.99", 100000: "£1,000.00", 123456789: "£1,234,567.89", -2050: "−£20.50"} {
		if got := n.Pounds(); got != want {
			t.Errorf("%d is written %s, want %s", n, got, want)
		}
	}
	for in, want := range map[string]string{"1.50": "1.5", "2": "2", "0.25%": "0.25", "100": "100"} {
		if h, err := ParseHundredths(in); err != nil || h.Short() != want {
			t.Errorf("%q is %s, %v", in, h.Short(), err)
		}
	}
}

func TestDocumentKeepsItself(t *testing.T) {
	doc := Document{Lines: []Line{line(Labour, 125, 4560)}, Discounts: []Discount{{AppliesTo: All, Percent: 250}}}
	if err := doc.Price(); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(doc)
	if err != nil || !strings.Contains(string(b), `"labour_total":"57.00"`) {
		t.Fatalf("%s %v", b, err)
	}
	var again Document
	if err := json.Unmarshal(b, &again); err != nil || again.Totals != doc.Totals || again.Lines[0] != doc.Lines[0] || again.Discounts[0] != doc.Discounts[0] {
		t.Errorf("%+v, %v", again, err)
	}
}

// FuzzPrice reads a kept document of anybody's making: it is refused or adds up.
func FuzzPrice(f *testing.F) {
	f.Add([]byte(`{"lines":[{"kind":"labour","description":"x","quantity":"1.25","unit_price":"45.60"}],"discounts":[{"applies_to":"all","percent":"2.50","amount":"0.00"}]}`))
	f.Add([]byte(`{"lines":[{"kind":"part","description":"x","quantity":"9999.99","unit_price":"999999.99"}]}`))
	f.Add([]byte(`{"discounts":[{"applies_to":"all","percent":"100.00"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var doc Document
		if len(b) > 1<<16 || json.Unmarshal(b, &doc) != nil || doc.Price() != nil {
			return
		}
		tot := doc.Totals
		if tot.Net != tot.Labour+tot.Paint+tot.Parts-tot.Discount || tot.Gross != tot.Net+tot.VAT || tot.Net < 0 || tot.Gross > MaxTotal {
			t.Errorf("%+v", tot)
		}
	})
}

// FuzzParse reads what people type: what is taken is written and read back the same.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"12.50", "£1,234", "1,50", "-1", "9999999999.99", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if p, err := ParsePence(s); err == nil {
			if again, err := ParsePence(p.Pounds()); err != nil || again != p || p < 0 {
				t.Errorf("%q is %d, then %d, %v", s, p, again, err)
			}
		}
	})
}
