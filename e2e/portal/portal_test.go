package portal

import (
	"archive/zip"
	"encoding/xml"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"custody"
	"custody/custodytest"
	sample "custody/examples/bodyshop"
	"custody/policy"
	"custody/site"
)

// guarded is the sample application, unchanged, behind the gate.
func guarded(t *testing.T, change ...func(*site.Portal)) *custodytest.Portal {
	t.Helper()
	pg := custodytest.Postgres(t)
	database := custodytest.Bodyshop(t, pg, 1000)
	address, _ := custodytest.BodyshopApp(t, pg, database)
	var account sample.Account
	for _, a := range sample.Accounts() {
		if a.Branch == 0 {
			account = a
			break
		}
	}
	return custodytest.NewPortal(t, pg, database, address, append([]func(*site.Portal){func(p *site.Portal) {
		p.SignIn = custodytest.BodyshopSignIn(account.Login + ":" + account.Password)
		p.Closed = []string{"/account"}
	}}, change...)...)
}

func look(t *testing.T, c *http.Client, url string) (int, string) {
	t.Helper()
	resp, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// TestGuardedBodyshop is the story: somebody signs in at the gate and works; the button
// that exports everybody does nothing for them; what their work does not need is
// masked; the ledger answers for database and portal alike; a leaver is out at once.
func TestGuardedBodyshop(t *testing.T) {
	p := guarded(t)
	see := custody.Categories(custody.Name, custody.Phone, custody.Vehicle, custody.Accident, custody.Policy)
	alice := p.Browser("alice", policy.Grant{See: see, Mask: custody.Categories(custody.Email)})
	if status, text := look(t, alice, p.URL+"/board"); status != http.StatusOK || !strings.Contains(text, "<html") {
		t.Fatalf("the start page: %d %.300s", status, text)
	}
	var name, birth, email, phone string
	if err := p.PG.Conn(t, p.Database).QueryRow(ctx, "SELECT name, to_char(date_of_birth, 'YYYY-MM-DD'), email, phone FROM customers WHERE id = 1").Scan(&name, &birth, &email, &phone); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/customers/1", "/api/customers/1"} {
		status, text := look(t, alice, p.URL+path)
		if status != http.StatusOK || !strings.Contains(text, name) || !strings.Contains(text, phone) {
			t.Errorf("%s: %d lacks what may be seen\n%.2000s", path, status, text)
		}
		if strings.Contains(text, birth) || strings.Contains(text, email) {
			t.Errorf("%s shows what may not be seen\n%.2000s", path, text)
		}
	}
	if saw := p.Saw("alice"); saw["1"] == 0 || saw["1"].Has(custody.DateOfBirth) == false {
		t.Errorf("the ledger has customer 1 as %v", saw["1"])
	}
	for _, path := range []string{"/export/customers.csv", "/export/customers.xlsx", "/account"} {
		if status, text := look(t, alice, p.URL+path); status == http.StatusOK {
			t.Errorf("%s: %d %.200s", path, status, text)
		}
	}
	token := p.Token("alice")
	if err := p.As("alice", token).QueryRow(ctx, "SELECT name FROM customers WHERE id = 900").Scan(&name); err != nil {
		t.Fatal(err)
	}
	saw := p.Saw("alice")
	if saw["900"] == 0 || saw["1"] == 0 {
		t.Errorf("one ledger for both entrances: %d people", len(saw))
	}
	people, err := p.Store.ListPeople()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Store.Leave(people[0].ID, time.Now()); err != nil {
		t.Fatal(err)
	}
	await(t, "the leaver to be out", func() bool {
		status, _ := look(t, alice, p.URL+"/customers/2")
		return status == http.StatusUnauthorized
	})
	t.Log(strconv.Itoa(len(saw)) + " people seen")
}

// TestFilesOfTheBodyshop: its workbook goes to who may export, each customer recorded and
// what they may not see masked in a workbook that is still one; its estimate in PDF goes
// as it is to who may see all that is in it, and to nobody else.
func TestFilesOfTheBodyshop(t *testing.T) {
	p := guarded(t)
	all := policy.Grant{See: custody.Categories(custody.AllCategories()...), Export: true}
	masked := policy.Grant{See: custody.Categories(custody.Name, custody.Address), Mask: custody.Categories(custody.Phone, custody.Email), Export: true}
	whole, part := p.Browser("alice", all), p.Browser("bob", masked)
	status, clear := look(t, whole, p.URL+"/export/customers.xlsx")
	if status != http.StatusOK {
		t.Fatalf("the workbook: %d %.300s", status, clear)
	}
	status, hidden := look(t, part, p.URL+"/export/customers.xlsx")
	if status != http.StatusOK {
		t.Fatalf("the masked workbook: %d %.300s", status, hidden)
	}
	open, closed := workbook(t, clear), workbook(t, hidden)
	if a, b := strings.Count(open, "<row"), strings.Count(closed, "<row"); a != b || a < 100 {
		t.Errorf("%d rows, masked %d", a, b)
	}
	rows, err := p.PG.Conn(t, p.Database).Query(ctx, "SELECT id::text, name, coalesce(phone, ''), coalesce(email, '') FROM customers")
	if err != nil {
		t.Fatal(err)
	}
	saw, there := p.Saw("bob"), 0
	for rows.Next() {
		var id, name, phone, email string
		if err := rows.Scan(&id, &name, &phone, &email); err != nil {
			t.Fatal(err)
		}
		if email == "" || !strings.Contains(open, email) {
			continue // another firm's
		}
		there++
		if saw[id]&custody.Categories(custody.Name, custody.Phone) == 0 {
			t.Errorf("customer %s is in the workbook and in the ledger with %v", id, saw[id])
		}
		if strings.Contains(closed, email) || phone != "" && strings.Contains(closed, phone) {
			t.Errorf("customer %s is in the masked workbook in clear", id)
		}
	}
	if rows.Err() != nil || there < 100 {
		t.Fatal(there, rows.Err())
	}

	var id, customer, name string
	if err := p.PG.Conn(t, p.Database).QueryRow(ctx, "SELECT e.id::text, c.id::text, c.name FROM estimates e JOIN customers c ON c.id = e.customer_id WHERE c.id = 1 LIMIT 1").Scan(&id, &customer, &name); err != nil {
		t.Fatal(err)
	}
	carol := p.Browser("carol", policy.Grant{See: custody.Categories(custody.AllCategories()...)})
	status, paper := look(t, carol, p.URL+"/estimates/"+id+"/pdf")
	if status != http.StatusOK || !strings.HasPrefix(paper, "%PDF-") || !strings.Contains(paper, "%%EOF") {
		t.Errorf("the estimate on paper: %d %.100q", status, paper)
	}
	if saw := p.Saw("carol"); !saw[customer].Has(custody.Name) {
		t.Errorf("the ledger has customer %s with %v", customer, saw[customer])
	}
	status, text := look(t, p.Browser("dave", policy.Grant{See: custody.Categories(custody.Vehicle)}), p.URL+"/estimates/"+id+"/pdf")
	if status == http.StatusOK || strings.Contains(text, "%PDF") {
		t.Errorf("the estimate for who may not see its name: %d", status)
	}
}

// workbook is all the XML of a workbook.
func workbook(t *testing.T, file string) string {
	t.Helper()
	z, err := zip.NewReader(strings.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(f.Name, err)
		}
		if strings.HasSuffix(f.Name, ".xml") {
			if err := xml.Unmarshal(b, new(struct{})); err != nil {
				t.Errorf("%s is no XML any more: %v", f.Name, err)
			}
		}
		all.Write(b)
	}
	return all.String()
}
