package bodyshop

import (
	"bytes"
	"crypto/sha256"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// dump gives a table's rows as COPY would send them, parted at the tabs.
func dump(t *testing.T, g *generator, tab table) [][]string {
	t.Helper()
	src := &source{g: g, t: tab, walk: walker{g: g}}
	all, err := io.ReadAll(src)
	if err != nil {
		t.Fatal(err)
	}
	columns := strings.Count(tab.columns, ",") + 1
	var rows [][]string
	for row := range strings.Lines(string(all)) {
		fields := strings.Split(strings.TrimSuffix(row, "\n"), "\t")
		if len(fields) != columns {
			t.Fatalf("%s: %d fields for %d columns: %q", tab.name, len(fields), columns, row)
		}
		rows = append(rows, fields)
	}
	return rows
}

func pence(t *testing.T, s string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(strings.Replace(s, ".", "", 1), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestEstimatesEqualTheirLines(t *testing.T) {
	g := &generator{seed: 7, customers: 3000}
	sums := map[string]map[string]int64{}
	for _, f := range dump(t, g, tableNamed(t, "estimate_lines")) {
		if sums[f[1]] == nil {
			sums[f[1]] = map[string]int64{}
		}
		sums[f[1]][f[3]] += pence(t, f[7])
		sums[f[1]]["gross"] += pence(t, f[7])
		if pence(t, f[5])*pence(t, f[6]) != pence(t, f[7])*100 {
			t.Fatalf("line %s: %s × %s is not %s", f[0], f[5], f[6], f[7])
		}
	}
	discounts := map[string]int64{}
	for _, f := range dump(t, g, tableNamed(t, "estimate_discounts")) {
		discounts[f[0]] += pence(t, f[4])
	}
	if len(discounts) < 100 {
		t.Errorf("only %d estimates with discounts", len(discounts))
	}
	rows := dump(t, g, tableNamed(t, "estimates"))
	if len(rows) != len(sums) || len(rows) < 1500 {
		t.Fatalf("%d estimates, %d with lines", len(rows), len(sums))
	}
	for _, f := range rows {
		s, off := sums[f[0]], discounts[f[0]]
		if off != pence(t, f[16]) {
			t.Errorf("estimate %s: discounts of %s, their rows say %d", f[0], f[16], off)
		}
		for i, want := range map[int]int64{9: s["labour"], 10: s["paint"], 11: s["part"], 12: s["labour"] + s["paint"] + s["part"] - off, 13: s["vat"], 14: s["gross"] - off} {
			if pence(t, f[i]) != want {
				t.Errorf("estimate %s, field %d: %s, lines say %d", f[0], i, f[i], want)
			}
		}
		if pence(t, f[7])*pence(t, f[8]) != pence(t, f[9])*100 {
			t.Errorf("estimate %s: %s h at %s is not %s", f[0], f[7], f[8], f[9])
		}
	}
}

func tableNamed(t *testing.T, name string) table {
	t.Helper()
	for _, tab := range append(lean[:2:2], rest...) {
		if tab.name == name {
			return tab
		}
	}
	t.Fatalf("no table %s", name)
	return table{}
}

func TestSameSeedSameRows(t *testing.T) {
	sum := func(seed uint64) string {
		h := sha256.New()
		for _, tab := range append(lean[:2:2], rest...) {
			g := &generator{seed: seed, customers: 500}
			if _, err := io.Copy(h, &source{g: g, t: tab, walk: walker{g: g}}); err != nil {
				t.Fatal(err)
			}
		}
		return string(h.Sum(nil))
	}
	first, again := sum(1), sum(1)
	if first != again {
		t.Error("the same seed gave other rows")
	}
	if first == sum(2) {
		t.Error("another seed gave the same rows")
	}
}

func TestPhonesReachNobody(t *testing.T) {
	drama := regexp.MustCompile(`^(07700900|01632960|02079460|011[3-8]4960|01[2-6]14960|01914980|02896496|02920180|03069990|08081570|09098790)\d+$`)
	unallocated := regexp.MustCompile(`^(01632\d{6}|0200\d{7})$`)
	seen := map[string]bool{}
	for n := range int64(1_100_000) {
		p := strings.ReplaceAll(string(poolNumber(nil, n)), " ", "")
		if len(p) != 11 || seen[p] {
			t.Fatalf("number %d: %q is malformed or was given before", n, p)
		}
		seen[p] = true
		if ok := drama.MatchString(p); ok != (n < dramaCount) || !ok && !unallocated.MatchString(p) {
			t.Fatalf("number %d: %q is not in its pool", n, p)
		}
	}
	if last := string(poolNumber(nil, MaxCustomers-1)); !regexp.MustCompile(`^020 0\d{3} \d{4}$`).MatchString(last) {
		t.Errorf("last number %q", last)
	}
}

func TestCustomers(t *testing.T) {
	g := &generator{seed: 3, customers: 40_000}
	phones, emails, noted := map[string]int{}, map[string]bool{}, 0
	for i, f := range dump(t, g, customers) {
		if f[0] != strconv.Itoa(i+1) {
			t.Fatalf("row %d has id %s", i, f[0])
		}
		if f[2] != `\N` {
			phones[strings.NewReplacer(" ", "", "+44", "0").Replace(f[2])]++
		}
		if f[3] != `\N` {
			if emails[f[3]] || !regexp.MustCompile(`^[a-z]+\.[a-z]+\d+@[a-z.]+\.example(\.com|\.org)?$|^[a-z.]+\d+@(letters\.example\.com|home\.example\.org)$`).MatchString(f[3]) {
				t.Fatalf("email %q is given twice or could arrive", f[3])
			}
			emails[f[3]] = true
		}
		if strings.Contains(f[9], "rings from") {
			noted++
		}
	}
	shared := 0
	for _, n := range phones {
		if n == 2 {
			shared++
		} else if n > 2 {
			t.Fatal("a phone is shared by more than two")
		}
	}
	if shared < 2000 || shared > 4000 || noted < 2000 {
		t.Errorf("%d shared phones, %d notes with a phone", shared, noted)
	}
}

func TestMarksAreUnique(t *testing.T) {
	form := regexp.MustCompile(`^([A-Z]{2}\d{2} [A-Z]{3}|[A-Z]\d{1,3} [A-Z]{3})$`)
	seen := map[string]bool{}
	for id := int64(1); id <= 400_000; id++ {
		for _, write := range []func([]byte, int64) ([]byte, int){currentMark, prefixMark} {
			m, year := write(nil, id)
			if !form.Match(m) || bytes.ContainsAny(m, "IQ") || seen[string(m)] || year < 1984 || year > 2025 {
				t.Fatalf("vehicle %d: mark %q of %d", id, m, year)
			}
			seen[string(m)] = true
		}
	}
}

func BenchmarkCustomerRows(b *testing.B) {
	g := &generator{seed: 1, customers: int64(b.N)}
	n, err := io.Copy(io.Discard, &source{g: g, t: customers, walk: walker{g: g}})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(n / int64(b.N))
	b.ReportAllocs()
}
