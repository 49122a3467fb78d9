package web_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// hostile is what a customer may call itself.
const hostile = `<img src=x onerror="document.title='taken'">'"&{{.}}</script><script>alert(1)</script>`

// repair is a customer with a vehicle, a policy, an accident and a claim, made by the
// forms of the pages.
type repair struct {
	c                  *client
	customer, accident int64
	mark               string
}

var repairs int

func newRepair(t testing.TB, c *client, name string) repair {
	t.Helper()
	repairs++
	r := repair{c: c, mark: fmt.Sprintf("ZZ%02d ZZZ", repairs)}
	to := c.post("/customers", url.Values{"name": {name}, "phone": {"+44 7700 900999"}, "email": {"new@mailbox.example"}, "address_line1": {"1 High Street"},
		"town": {"Ashbridge"}, "postcode": {"ls2 1aa"}, "date_of_birth": {"1980-02-29"}, "notes": {name}, "branch_id": {"1"}, "marketing": {"yes"}})
	if _, err := fmt.Sscanf(to, "/customers/%d", &r.customer); err != nil {
		t.Fatal(to, err)
	}
	c.post(to+"/vehicles", url.Values{"registration": {strings.ToLower(strings.ReplaceAll(r.mark, " ", ""))}, "vin": {fmt.Sprintf("WF0ZZZ8P99999%04d", repairs)}, "make": {"Ford"},
		"model": {"Fiesta"}, "colour": {"blue"}, "first_registered": {"2019-05-01"}, "mileage": {"41000"}})
	var rec record
	decode(t, c.page(fmt.Sprintf("/api/customers/%d", r.customer)), &rec)
	vehicle := fmt.Sprint(rec.Vehicles[0].ID)
	c.post(to+"/policies", url.Values{"policy_number": {"NEW/" + r.mark}, "insurer_id": {"3"}, "vehicle_id": {vehicle}, "starts_on": {"2026-01-01"}, "excess": {"£250"}})
	decode(t, c.page(fmt.Sprintf("/api/customers/%d", r.customer)), &rec)
	c.post(to+"/accidents", url.Values{"vehicle_id": {vehicle}, "happened_at": {"2026-07-01T14:30"}, "place": {name}, "description": {name}, "third_party": {name},
		"claim_number": {"NEW-" + r.mark}, "policy_id": {fmt.Sprint(rec.Policies[0].ID)}})
	c.post(to+"/calls", url.Values{"phone": {"07700 900999"}, "inbound": {"yes"}, "staff_id": {"1"}, "summary": {name}})
	decode(t, c.page(fmt.Sprintf("/api/customers/%d", r.customer)), &rec)
	r.accident = rec.Accidents[0].ID
	return r
}

// record is what the API says of a customer.
type record struct {
	ID        int64  `json:"id"`
	Name      string `json:"name"`
	Phone     string `json:"phone"`
	Postcode  string `json:"postcode"`
	Birth     string `json:"date_of_birth"`
	Marketing bool   `json:"marketing"`
	Vehicles  []struct {
		ID           int64  `json:"id"`
		Registration string `json:"registration"`
		Mileage      int    `json:"mileage"`
	} `json:"vehicles"`
	Policies []struct {
		ID     int64  `json:"id"`
		Excess string `json:"excess"`
	} `json:"policies"`
	Accidents []struct {
		ID          int64  `json:"id"`
		HappenedAt  string `json:"happened_at"`
		ClaimNumber string `json:"claim_number"`
	} `json:"accidents"`
	Calls []struct {
		Summary string `json:"summary"`
	} `json:"calls"`
}

func decode(t testing.TB, body string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), v); err != nil {
		t.Fatalf("%v in %.500s", err, body)
	}
}

func TestCustomerForms(t *testing.T) {
	a := start(t)
	c := a.northfield(t)
	r := newRepair(t, c, "Zoë Łukasiewicz")
	var rec record
	decode(t, c.page(fmt.Sprintf("/api/customers/%d", r.customer)), &rec)
	if rec.Name != "Zoë Łukasiewicz" || rec.Postcode != "LS2 1AA" || rec.Birth != "1980-02-29" || !rec.Marketing || len(rec.Calls) != 1 ||
		rec.Vehicles[0].Registration != r.mark || rec.Policies[0].Excess != "250.00" || rec.Accidents[0].ClaimNumber != "NEW-"+r.mark {
		t.Errorf("%+v", rec)
	}
	if at := rec.Accidents[0].HappenedAt; at != "2026-07-01T14:30:00+01:00" && at != "2026-07-01T13:30:00Z" {
		t.Errorf("half past two in London is %s", at)
	}
	page := c.page(fmt.Sprintf("/customers/%d", r.customer))
	for _, want := range []string{"01/07/2026 14:30", "29/02/1980", "41,000", "£250.00", "Zoë Łukasiewicz"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %s", want)
		}
	}
	c.post(fmt.Sprintf("/customers/%d", r.customer), url.Values{"name": {"Zoë Smith"}, "branch_id": {"2"}})
	decode(t, c.page(fmt.Sprintf("/api/customers/%d", r.customer)), &rec)
	if rec.Name != "Zoë Smith" || rec.Phone != "" || rec.Marketing {
		t.Errorf("%+v", rec)
	}
}

func TestCustomerFormSaysWhatIsWrong(t *testing.T) {
	c := start(t).northfield(t)
	token := c.token("/customers/new")
	for name, form := range map[string]url.Values{
		"no name":            {"branch_id": {"1"}},
		"no branch":          {"name": {"X"}},
		"letters in a phone": {"name": {"X"}, "branch_id": {"1"}, "phone": {"call me"}},
		"half an address":    {"name": {"X"}, "branch_id": {"1"}, "email": {"x@"}},
		"a name in an email": {"name": {"X"}, "branch_id": {"1"}, "email": {"X <x@post.example>"}},
		"born tomorrow":      {"name": {"X"}, "branch_id": {"1"}, "date_of_birth": {"2999-01-01"}},
		"no such day":        {"name": {"X"}, "branch_id": {"1"}, "date_of_birth": {"1999-02-30"}},
		"too long a name":    {"name": {strings.Repeat("é", 121)}, "branch_id": {"1"}},
		"not text":           {"name": {"\xff\xfe"}, "branch_id": {"1"}},
	} {
		form.Set("csrf", token)
		if status, body, _ := c.send(form, "/customers"); status != http.StatusUnprocessableEntity || !strings.Contains(body, `role="alert"`) {
			t.Errorf("%s: %d", name, status)
		}
	}
	if status, _, _ := c.send(url.Values{"csrf": {token}, "name": {"X"}, "branch_id": {"24"}}, "/customers"); status != http.StatusNotFound {
		t.Errorf("a branch of another firm: %d", status)
	}
	if status, body, _ := c.send(url.Values{"csrf": {token}, "registration": {"AB12CDE"}, "vin": {"short"}, "make": {"x"}, "model": {"x"}, "colour": {"x"}, "first_registered": {"2020-01-01"}}, "/customers/1/vehicles"); status != http.StatusUnprocessableEntity || !strings.Contains(body, "17 characters") {
		t.Errorf("a short VIN: %d", status)
	}
	if status, _, _ := c.send(url.Values{"csrf": {token}, "registration": {"toolongamark"}, "vin": {"WF0ZZZ8P000000001"}, "make": {"x"}, "model": {"x"}, "colour": {"x"}, "first_registered": {"2020-01-01"}}, "/customers/1/vehicles"); status != http.StatusUnprocessableEntity {
		t.Errorf("what is no registration mark: %d", status)
	}
}

// TestNamesAreOnlyText gives everything a name that is a script, and looks at every
// page, fragment and file on which it may be.
func TestNamesAreOnlyText(t *testing.T) {
	a := start(t)
	c := a.northfield(t)
	r := newRepair(t, c, hostile)
	estimate := r.estimate(url.Values{})
	job := strings.TrimPrefix(c.post(estimate+"/job", url.Values{"staff_id": {"1"}, "booked_for": {"2026-12-01"}, "instructions": {hostile}}), "/jobs/")
	q := url.QueryEscape("<img src=x onerror")
	for _, path := range []string{fmt.Sprintf("/customers/%d", r.customer), fmt.Sprintf("/customers/%d/edit", r.customer), "/customers?q=" + q, "/search/suggest?q=" + q,
		estimate, estimate + "/edit", fmt.Sprintf("/accidents/%d/estimate", r.accident), "/jobs/" + job, "/board", "/board/card/" + job, "/estimates", "/login?next=" + q} {
		body := c.page(path)
		if strings.Contains(body, "<img src=x") || strings.Contains(body, "<script>alert") || strings.Contains(body, `onerror="`) {
			t.Errorf("%s shows a name as markup", path)
		}
		if !strings.Contains(body, "&lt;img src=x onerror") && !strings.HasPrefix(path, "/login") {
			t.Errorf("%s does not show the name at all", path)
		}
	}
	c.page(estimate + "/pdf")
}

// TestFormulasAreOnlyText exports a customer whose name a spreadsheet would run.
func TestFormulasAreOnlyText(t *testing.T) {
	a := start(t)
	c := a.northfield(t)
	name := `=HYPERLINK("https://evil.example/","x")`
	c.post("/customers", url.Values{"name": {name}, "phone": {"+44 7700 900998"}, "branch_id": {"1"}})
	rows, err := csv.NewReader(strings.NewReader(c.page("/export/customers.csv?q=HYPERLINK"))).ReadAll()
	if err != nil || len(rows) != 2 || rows[1][1] != "'"+name || rows[1][2] != "+44 7700 900998" {
		t.Errorf("%q %v", rows, err)
	}
	book, err := excelize.OpenReader(strings.NewReader(c.page("/export/customers.xlsx?q=HYPERLINK")))
	if err != nil {
		t.Fatal(err)
	}
	formula, _ := book.GetCellFormula("Customers", "B2")
	if value, _ := book.GetCellValue("Customers", "B2"); value != name || formula != "" {
		t.Errorf("value %q, formula %q", value, formula)
	}
}

// TestExportsHoldEverybody is the button of the story.
func TestExportsHoldEverybody(t *testing.T) {
	a := start(t)
	c := a.northfield(t)
	text := c.page("/export/customers.csv")
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var total int
	var list string
	if err := a.pool.QueryRow(t.Context(), `SELECT count(*), string_agg(c.id::text, ',' ORDER BY c.id) FROM customers c JOIN branches b ON b.id = c.branch_id WHERE organisation_id = 1`).Scan(&total, &list); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, row := range rows[1:] {
		ids = append(ids, row[0])
	}
	if len(rows) != total+1 || strings.Join(ids, ",") != list || strings.Join(rows[0][:4], ",") != "id,name,phone,email" {
		t.Errorf("%d rows for %d customers, header %q", len(rows), total, rows[0])
	}
	book, err := excelize.OpenReader(strings.NewReader(c.page("/export/customers.xlsx")))
	if err != nil {
		t.Fatal(err)
	}
	sheet, err := book.GetRows("Customers")
	if err != nil || len(sheet) != len(rows) {
		t.Fatalf("%d rows in the workbook, %v", len(sheet), err)
	}
	for i, row := range sheet {
		for j, value := range row {
			if want := strings.TrimPrefix(rows[i][j], "'"); value != want {
				t.Fatalf("row %d: %q in the workbook, %q in the CSV", i, value, want)
			}
		}
	}
	_, _, header := c.get("/export/customers.csv?branch=3")
	if d := header.Get("Content-Disposition"); !strings.HasPrefix(d, `attachment; filename="customers-`) || !strings.HasSuffix(d, `.csv"`) {
		t.Errorf("disposition %s", d)
	}
}

func TestSearch(t *testing.T) {
	a := start(t)
	c := a.northfield(t)
	var id int64
	var name, phone, email, postcode, registration, claim string
	if err := a.pool.QueryRow(t.Context(), `SELECT c.id, c.name, c.phone, c.email, c.postcode, v.registration::text, k.claim_number FROM customers c
		JOIN vehicles v ON v.customer_id = c.id JOIN claims k ON k.customer_id = c.id JOIN branches b ON b.id = c.branch_id
		WHERE organisation_id = 1 AND c.phone LIKE '07700 %' AND c.email IS NOT NULL AND c.id % 2 = 1 ORDER BY c.id LIMIT 1`).
		Scan(&id, &name, &phone, &email, &postcode, &registration, &claim); err != nil {
		t.Fatal(err)
	}
	compact := strings.ReplaceAll(phone, " ", "")
	for _, q := range []string{name, strings.ToUpper(name), strings.Fields(name)[0], phone, compact, "+44" + compact[1:], "+44 " + phone[1:], phone[:8], "(" + phone[:5] + ") " + phone[6:],
		email, strings.ToUpper(email), postcode, strings.ToLower(strings.ReplaceAll(postcode, " ", "")), registration, strings.ToLower(strings.ReplaceAll(registration, " ", "")), claim} {
		var l struct {
			Customers []struct{ ID int64 } `json:"customers"`
		}
		decode(t, c.page("/api/customers?per_page=1000&q="+url.QueryEscape(q)), &l)
		hit := false
		for _, one := range l.Customers {
			hit = hit || one.ID == id
		}
		if !hit {
			t.Errorf("%q finds %d others and not the customer", q, len(l.Customers))
		}
	}
	for _, q := range []string{"%", "_____", `\`, "' OR 1=1 --", "\x00", "🚗"} {
		if body := c.page("/api/search?q=" + url.QueryEscape(q)); q != "\x00" && !strings.Contains(body, `"customers":[]`) {
			t.Errorf("%q finds somebody: %.200s", q, body)
		}
	}
	if status, _, header := c.get("/search?q=" + url.QueryEscape(claim)); status != http.StatusSeeOther || header.Get("Location") != fmt.Sprintf("/customers/%d", id) {
		t.Errorf("the only one found: %d %s", status, header.Get("Location"))
	}
	if status, _, _ := c.get("/search?q=" + strings.Repeat("x", 101)); status != http.StatusUnprocessableEntity {
		t.Errorf("a search of 101 characters: %d", status)
	}
}
