package web_test

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// lines is the form of an estimate: kind, description, quantity, price, supplement.
func lines(rows ...[5]string) url.Values {
	f := url.Values{"staff_id": {"1"}}
	for _, r := range rows {
		for i, name := range []string{"kind", "description", "quantity", "unit", "supplement"} {
			f.Add(name, r[i])
		}
	}
	return f
}

func discount(f url.Values, of, percent, amount string) url.Values {
	f.Add("applies_to", of)
	f.Add("percent", percent)
	f.Add("amount", amount)
	return f
}

// estimate makes an estimate of the repair and gives its path. Without lines it has one.
func (r repair) estimate(f url.Values) string {
	r.c.t.Helper()
	if len(f) == 0 {
		f = lines([5]string{"labour", "Strip and refit", "1.5", "45.60", "0"})
	}
	return r.c.post(fmt.Sprintf("/accidents/%d/estimate", r.accident), f)
}

type totals struct {
	Hours    string `json:"labour_hours"`
	Labour   string `json:"labour_total"`
	Paint    string `json:"paint_total"`
	Parts    string `json:"parts_total"`
	Discount string `json:"discount_total"`
	Net      string `json:"net_total"`
	VAT      string `json:"vat_total"`
	Gross    string `json:"gross_total"`
}

// quoted is what the API says of an estimate.
type quoted struct {
	ID      int64 `json:"id"`
	Version int   `json:"version"`
	Totals  totals
	Claim   string `json:"claim_number"`
	Lines   []struct {
		Kind, Description, Quantity string
		Supplement                  int
	} `json:"lines"`
	Supplements []struct {
		Number int
		Status string
		Net    string
	} `json:"supplements"`
	Versions []struct {
		Version int
		Gross   string `json:"gross_total"`
	} `json:"versions"`
}

func (c *client) quoted(path string) (q quoted) {
	c.t.Helper()
	decode(c.t, c.page("/api"+path), &q)
	return q
}

func TestEstimateToThePenny(t *testing.T) {
	a := start(t)
	c := a.northfield(t)
	r := newRepair(t, c, "Penny Estimate")
	first := lines([5]string{"labour", "Strip and refit", "1.75", "44.40", "0"}, [5]string{"labour", "Align", "0.35", "44.45", "0"},
		[5]string{"paint", "Paint, metallic", "1", "£290.75", "0"}, [5]string{"", "", "", "", "0"}, [5]string{"part", "Clip set", "3", "0.33", "0"})
	path := r.estimate(discount(discount(first, "labour", "10", ""), "part", "", "0.50"))
	// Labour 77.70 + 15.56 (15.5575) = 93.26; off 9.33 (9.326) + 0.50.
	want := quoted{Version: 1, Totals: totals{"2.10", "93.26", "290.75", "0.99", "9.83", "375.17", "75.03", "450.20"}, Claim: "NEW-" + r.mark}
	got := c.quoted(path)
	if len(got.Lines) != 4 || got.Lines[3].Description != "Clip set" {
		t.Errorf("%+v", got.Lines)
	}
	got.ID, got.Lines, got.Supplements, got.Versions = 0, nil, nil, nil
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	var stored string
	if err := a.pool.QueryRow(t.Context(), `SELECT labour_total || ' ' || discount_total || ' ' || net_total || ' ' || vat_total || ' ' || gross_total || ' ' ||
		(SELECT sum(amount) FROM estimate_lines WHERE estimate_id = e.id) FROM estimates e WHERE id = $1`, strings.TrimPrefix(path, "/estimates/")).Scan(&stored); err != nil || stored != "93.26 9.83 375.17 75.03 450.20 460.03" {
		t.Errorf("stored %s, %v", stored, err)
	}
	if page := c.page(path); !strings.Contains(page, "£450.20") || !strings.Contains(page, "Discount 10 % on labour") {
		t.Error("the page does not show the total or the discount")
	}
}

func TestVersionsAndSupplements(t *testing.T) {
	c := start(t).northfield(t)
	path := newRepair(t, c, "Vera Version").estimate(nil)
	next := func(version, supplement string) url.Values {
		f := lines([5]string{"labour", "Strip and refit", "1.5", "45.60", "0"}, [5]string{"part", "Headlamp unit", "1", "210.00", supplement})
		f.Set("version", version)
		return f
	}
	c.post(path, next("1", "1"))
	q := c.quoted(path)
	if q.Version != 2 || len(q.Versions) != 1 || q.Versions[0].Gross != "82.08" || q.Totals.Gross != "334.08" || len(q.Supplements) != 1 || q.Supplements[0].Status != "requested" || q.Supplements[0].Net != "210.00" {
		t.Errorf("%+v", q)
	}
	if old := c.quoted(path + "?version=1"); old.Totals.Gross != "82.08" || len(old.Lines) != 1 {
		t.Errorf("version 1 is %+v", old)
	}
	if page := c.page(path + "?version=1"); !strings.Contains(page, "£82.08") || strings.Contains(page, "Headlamp") || !strings.Contains(page, "earlier version") {
		t.Error("the page of version 1 is not version 1")
	}
	if status, _, _ := c.get(path + "?version=7"); status != http.StatusNotFound {
		t.Errorf("a version that is not there: %d", status)
	}
	c.post(path+"/supplements/1", url.Values{"status": {"agreed"}})
	if q := c.quoted(path); q.Supplements[0].Status != "agreed" {
		t.Errorf("%+v", q.Supplements)
	}
	form := next("1", "2") // begun before the other saved
	form.Set("csrf", c.token("/account"))
	if status, body, _ := c.send(form, path); status != http.StatusUnprocessableEntity || !strings.Contains(body, "Somebody else saved") || !strings.Contains(body, "Headlamp unit") {
		t.Errorf("a change to an old version: %d", status)
	}
	c.post(path, next("2", "0"))
	if q := c.quoted(path); q.Version != 3 || len(q.Supplements) != 0 || len(q.Versions) != 2 {
		t.Errorf("%+v", q)
	}
}

func TestEstimateFormSaysWhatIsWrong(t *testing.T) {
	c := start(t).northfield(t)
	r := newRepair(t, c, "Will Wrong")
	good := [5]string{"labour", "Strip", "1", "45", "0"}
	many := [][5]string{}
	for range 201 {
		many = append(many, good)
	}
	for name, form := range map[string]url.Values{
		"no lines":          lines(),
		"a word for hours":  lines([5]string{"labour", "Strip", "two", "45", "0"}),
		"no price":          lines([5]string{"labour", "Strip", "1", "", "0"}),
		"a minus":           lines([5]string{"labour", "Strip", "1", "-45", "0"}),
		"another kind":      lines([5]string{"vat", "Strip", "1", "45", "0"}),
		"201 lines":         lines(many...),
		"both discounts":    discount(lines(good), "labour", "5", "5"),
		"a discount of 101": discount(lines(good), "labour", "101", ""),
		"more than all":     discount(lines(good), "all", "", "45.01"),
	} {
		form.Set("csrf", c.token("/account"))
		if status, body, _ := c.send(form, fmt.Sprintf("/accidents/%d/estimate", r.accident)); status != http.StatusUnprocessableEntity || !strings.Contains(body, `role="alert"`) {
			t.Errorf("%s: %d", name, status)
		}
	}
	form := lines(good)
	form.Del("unit")
	form.Set("csrf", c.token("/account"))
	if status, _, _ := c.send(form, fmt.Sprintf("/accidents/%d/estimate", r.accident)); status != http.StatusUnprocessableEntity {
		t.Errorf("rows with parts missing: %d", status)
	}
	form = lines(good)
	form.Set("staff_id", "240") // of the other firm
	form.Set("csrf", c.token("/account"))
	if status, _, _ := c.send(form, fmt.Sprintf("/accidents/%d/estimate", r.accident)); status != http.StatusNotFound {
		t.Errorf("an estimator of another firm: %d", status)
	}
	var rec struct {
		Estimates []struct{ ID int64 } `json:"estimates"`
	}
	if decode(t, c.page(fmt.Sprintf("/api/customers/%d", r.customer)), &rec); len(rec.Estimates) != 0 {
		t.Errorf("%d estimates were saved", len(rec.Estimates))
	}
}

// pdfText gives what a PDF of ours writes, Helvetica's parts of it.
func pdfText(t testing.TB, pdf string) (text string, pages int) {
	t.Helper()
	if !strings.HasPrefix(pdf, "%PDF-") || !strings.HasSuffix(strings.TrimSpace(pdf), "%%EOF") {
		t.Fatalf("no PDF: %.60q", pdf)
	}
	var out strings.Builder
	for _, m := range regexp.MustCompile(`(?s)/Length \d+>>\nstream\n(.*?)\nendstream`).FindAllStringSubmatch(pdf, -1) {
		z, err := zlib.NewReader(bytes.NewReader([]byte(m[1])))
		if err != nil {
			continue
		}
		b, _ := io.ReadAll(z)
		for _, s := range regexp.MustCompile(`\(((?:\\.|[^\\)])*)\) ?Tj`).FindAllSubmatch(b, -1) {
			out.WriteString(strings.NewReplacer(`\(`, "(", `\)`, ")", "\xa3", "£").Replace(string(s[1])) + "\n")
		}
	}
	return out.String(), strings.Count(pdf, "/Type /Page\n")
}

func TestPDF(t *testing.T) {
	c := start(t).northfield(t)
	path := newRepair(t, c, "Paula Print").estimate(nil)
	text, _ := pdfText(t, c.page(path+"/pdf"))
	for _, want := range []string{"Northfield Accident Repair Group", "Paula Print", "Strip and refit", "£68.40", "£13.68", "£82.08", "Repair estimate", "Page 1 of 1"} {
		if !strings.Contains(text, want) {
			t.Errorf("the PDF does not say %s:\n%s", want, text)
		}
	}
	var many [][5]string
	for i := range 180 {
		many = append(many, [5]string{"part", fmt.Sprintf("Part number %d with %s", i, strings.Repeat("a long description ", 9)), "1", "999.99", "0"})
	}
	_, _, header := c.get(path + "/pdf")
	if header.Get("Content-Type") != "application/pdf" || !strings.Contains(header.Get("Content-Disposition"), "-v1.pdf") {
		t.Errorf("%v", header)
	}
	long, pages := pdfText(t, c.page(newRepair(t, c, "Łukasz Ωmega Привет 漢字").estimate(lines(many...))+"/pdf"))
	if pages < 4 || !strings.Contains(long, fmt.Sprintf("Page %d of %d", pages, pages)) || !strings.Contains(long, "Part number 179") {
		t.Errorf("%d pages", pages)
	}
}
