package portal_test

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/klauspost/compress/gzip"

	"custody"
	"custody/custodytest"
	"custody/policy"
	"custody/site"
)

// change is a recorded one, in the words of a test: "1,7 phone,email".
func (k *kit) changes(login string) (list []string) {
	k.t.Helper()
	ids := k.person(login)
	for _, e := range k.Ledger.Index().Events(1) {
		if e.Kind != custody.EventChange || e.Person != ids {
			continue
		}
		if e.Route != custody.RoutePage || e.Session == 0 || e.Grant == 0 || e.Statement == 0 || e.Masked != 0 {
			k.t.Errorf("a change of %+v", e)
		}
		var keys []string
		for _, n := range e.Subjects {
			sub, err := k.Store.Subject(n)
			if err != nil {
				k.t.Fatal(err)
			}
			keys = append(keys, sub.Key)
		}
		slices.Sort(keys)
		list = append(list, strings.TrimSpace(strings.Join(keys, ",")+" "+e.Clear.String()))
	}
	return list
}

func (k *kit) person(login string) custody.PersonID {
	k.t.Helper()
	people, err := k.Store.ListPeople()
	if err != nil {
		k.t.Fatal(err)
	}
	for _, p := range people {
		if strings.HasPrefix(p.Login, login+"@") {
			return p.ID
		}
	}
	k.t.Fatalf("nobody is called %s", login)
	return 0
}

const formType = "Content-Type: application/x-www-form-urlencoded"

// linked lets links tell whose page is meant, and has a path for searches.
func linked(p *site.Portal) {
	p.Rules.HTML[`a[href^="/api/customers/"]`] = "key"
	p.Lookups = []string{"/upload/search"}
}

// TestSent: what people send is recorded as a change of those whom it names, by their
// key, by an identifier, by the address or by the page it is sent from, and goes to the
// application as it was.
func TestSent(t *testing.T) {
	k := newKit(t, linked)
	alice := k.Browser("alice", see(contacts))
	c := k.app.customers
	packed := func(s string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		io.WriteString(w, s)
		w.Close()
		return b.String()
	}
	form := func(file string, parts ...string) (text, kind string) {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		for i := 0; i < len(parts); i += 2 {
			w.WriteField(parts[i], parts[i+1])
		}
		if file != "" {
			p, _ := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="file"; filename="a.csv"`}, "Content-Type": {"application/vnd.ms-excel"}})
			io.WriteString(p, file)
		}
		w.Close()
		return b.String(), "Content-Type: " + w.FormDataContentType()
	}
	fields, fieldsKind := form("", "phone", c[1].Phone, "notes", "rings late")
	photo, photoKind := form(string(png), "id", "7", "name", "x")
	sheet, sheetKind := form("id,phone\n8,07700 900999\n", "what", "import")
	wide := "\xff\xfe"
	for _, b := range []byte(c[9].Phone) {
		wide += string([]byte{b, 0})
	}
	if resp, _ := k.get(alice, "/api/customers/12"); resp.StatusCode != http.StatusOK {
		t.Fatal("the page to send from")
	}
	for _, x := range []struct {
		method, path, body, want string
		header                   []string
	}{
		{"POST", "/upload", "id=1&phone=07700+900999&email=new%40post.example", "1 phone,email", []string{formType}},
		{"POST", "/upload", "ring=" + url.QueryEscape(c[1].Phone), "2 phone", []string{formType}},
		{"PUT", "/upload", `{"customer":{"id":3,"name":"New Name","note":"x"}}`, "3 name", []string{"Content-Type: application/json"}},
		{"PATCH", "/upload", `{"contact":{"phone":"` + c[3].Phone + `","email":"other@post.example"}}`, "4 phone,email", []string{"Content-Type: application/json; charset=utf-8"}},
		{"DELETE", "/api/customers/5", "", "5", nil},
		{"PATCH", "/api/customers/5?x=1", `{"phone":"07700 900998"}`, "5 phone", []string{"Content-Type: application/json"}},
		{"POST", "/upload", fields, "2 phone,free-text", []string{fieldsKind}},
		{"POST", "/upload", photo, "7 name", []string{photoKind}},
		{"POST", "/upload", sheet, "8 phone", []string{sheetKind}},
		{"POST", "/upload", packed(`{"customers":[{"id":9,"email":"a@b.example"}]}`), "9 email", []string{"Content-Type: application/json", "Content-Encoding: gzip"}},
		{"POST", "/upload", wide, "10 phone", []string{"Content-Type: text/plain; charset=utf-16"}},
		{"POST", "/upload?id=11", "", "11", nil},
		{"POST", "/upload", "phone=07700+900997", "12 phone", []string{formType, "Referer: " + k.URL + "/api/customers/12"}},
		{"POST", "/upload", string(png), "12", []string{"Content-Type: image/png", "Referer: " + k.URL + "/api/customers/12"}},
		{"POST", "/upload", string(png), "", []string{"Content-Type: image/png"}},                              // nobody knows whose it is: it is on record
		{"POST", "/upload", "theme=dark", "-", []string{formType}},                                             // nobody's
		{"POST", "/upload", "id=4711&name=x", "-", []string{formType}},                                         // a key of nobody
		{"POST", "/upload/search", "phone=" + c[1].Phone, "-", []string{formType}},                             // only looks something up
		{"POST", "/upload", "phone=1", "-", []string{formType, "Referer: https://x.example/api/customers/12"}}, // another site's page
	} {
		before := k.changes("alice")
		sent := len(k.app.asked(strings.SplitN(x.path, "?", 2)[0]))
		resp, text := k.do(alice, x.method, x.path, strings.NewReader(x.body), append(x.header, "Origin: "+k.URL)...)
		if now := len(k.app.asked(strings.SplitN(x.path, "?", 2)[0])); now != sent+1 {
			t.Errorf("%s %s %.40q did not reach the application: %d %s", x.method, x.path, x.body, resp.StatusCode, text)
		}
		if x.path == "/upload" && text != fmt.Sprintf("%d bytes", len(x.body)) {
			t.Errorf("%.40q came as %s", x.body, text)
		}
		after := k.changes("alice")[len(before):]
		if x.want == "-" && len(after) == 0 {
			continue
		}
		if len(after) != 1 || after[0] != x.want {
			t.Errorf("%s %s %.60q is recorded as %q, want %q", x.method, x.path, x.body, after, x.want)
		}
	}
}

// TestSentIsLimited: one customer too many is not changed: the application gets nothing
// of it; of a long file not the end.
func TestSentIsLimited(t *testing.T) {
	k := newKit(t)
	grant := see(contacts)
	grant.Limits.PerDay = 3
	alice := k.Browser("alice", grant)
	post := func(text, kind string) int {
		resp, _ := k.do(alice, http.MethodPost, "/upload", strings.NewReader(text), "Content-Type: "+kind, "Origin: "+k.URL)
		return resp.StatusCode
	}
	rows := "id,phone\n1,x\n2,x\n3,x\n"
	if got := post(rows, "text/csv"); got != http.StatusOK {
		t.Fatalf("up to the limit: %d", got)
	}
	if got := post(rows+"4,x\n", "text/csv"); got != http.StatusTooManyRequests {
		t.Errorf("over the limit: %d", got)
	}
	if n := len(k.app.asked("/upload")); n != 1 {
		t.Errorf("the application was asked %d times", n)
	}
	if got := post(rows+"4,x\n"+strings.Repeat("1,filling\n", 200_000), "text/csv"); got == http.StatusOK || k.app.whole.Load() != 1 {
		t.Errorf("a long file over the limit: %d, %d arrived whole", got, k.app.whole.Load())
	}
	if list := k.changes("alice"); !slices.Equal(list, []string{"1,2,3 phone"}) {
		t.Errorf("recorded %q", list)
	}
}

// TestLongSent: a long file streams through, everybody in it is on record, and the
// application has no end of it before that.
func TestLongSent(t *testing.T) {
	var armed atomic.Bool
	k := newKitWith(t, []custodytest.SiteOption{breaking(&armed, syscall.ENOSPC, false)})
	alice := k.Browser("alice", see(contacts))
	var b strings.Builder
	b.WriteString("id,name\n")
	for b.Len() < 3<<20 {
		for i := range k.app.customers {
			b.WriteString(strconv.Itoa(i+1) + ",Some Body\n")
		}
	}
	send := func(text string) (int, error) {
		resp, _, err := k.try(alice, http.MethodPost, "/upload", struct{ io.Reader }{strings.NewReader(text)}, "Content-Type: text/csv", "Origin: "+k.URL)
		if err != nil {
			return 0, err
		}
		return resp.StatusCode, nil
	}
	if status, err := send(b.String()); status != http.StatusOK {
		t.Fatal(status, err)
	}
	if list := k.changes("alice"); len(list) != 1 || strings.Count(list[0], ",")+1 != len(k.app.customers) || !strings.HasSuffix(list[0], " name") {
		t.Errorf("recorded %.300q", list)
	}
	if status, err := send("\x00\x01" + b.String()); status != http.StatusOK {
		t.Fatal(status, err)
	}
	if list := k.changes("alice"); len(list) != 2 || list[1] != "" {
		t.Errorf("a long file that nobody can read: %.300q", list)
	}
	armed.Store(true)
	asked := len(k.app.asked("/upload"))
	for _, text := range []string{b.String(), "id,name\n1,Some Body\n"} {
		if status, err := send(text); status == http.StatusOK {
			t.Errorf("%d bytes of a change that cannot be recorded: %d %v", len(text), status, err)
		}
	}
	if n := len(k.app.asked("/upload")); k.app.whole.Load() != 2 || n > asked+1 {
		t.Errorf("%d bodies arrived whole, and %d at all, while the ledger could not write", k.app.whole.Load()-2, n-asked)
	}
	armed.Store(false)
}

// TestSentForAReason: where looks need a reason, a change has the customer's of today;
// without one it is asked for, and nothing is sent.
func TestSentForAReason(t *testing.T) {
	k := newKit(t)
	alice := k.Browser("alice", policy.Grant{See: contacts, ReasonRequired: true})
	send := func() (int, string) {
		resp, text := k.do(alice, http.MethodPost, "/upload", strings.NewReader("id=3&phone=07700+900999"), formType, "Accept: text/html", "Origin: "+k.URL, "Referer: "+k.URL+"/customers")
		return resp.StatusCode, text
	}
	status, text := send()
	if status != http.StatusForbidden || len(k.app.asked("/upload")) != 0 || len(k.changes("alice")) != 0 {
		t.Fatalf("without a reason: %d, %v", status, k.changes("alice"))
	}
	k.answerReason(alice, text, "claim 3")
	if status, text := send(); status != http.StatusOK || !slices.Equal(k.changes("alice"), []string{"3 phone"}) {
		t.Fatalf("with a reason: %d %.200s %v", status, text, k.changes("alice"))
	}
	if got := k.reasons("alice"); got["3"] != "claim 3" {
		t.Errorf("the ledger's reasons: %v", got)
	}
}
