package portal

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"custody"
	"custody/custodytest"
	"custody/policy"
	"custody/portal/upstream"
	"custody/site"
	"custody/subjects/body"
)

// adminer runs Debian's package of that name as it is installed: a third party's
// application that shows, edits and dumps any table.
func adminer(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat("/etc/adminer/conf.php"); err != nil {
		t.Fatalf("adminer is not installed: %v (scripts/setup.sh does it)", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	l.Close()
	cmd := exec.Command("php", "-d", "session.save_path="+t.TempDir(), "-S", at, "-t", "/etc/adminer", "/etc/adminer/conf.php")
	cmd.Env = append(os.Environ(), "PHP_CLI_SERVER_WORKERS=4", "TMPDIR="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); _ = cmd.Wait() })
	for end := time.Now().Add(custodytest.Patience); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", at)
		if err == nil {
			conn.Close()
			return "http://" + at
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

// TestAdminerGuarded puts the gate in front of adminer, which is not changed and has
// its sign-in, its pages and its export on one address.
func TestAdminerGuarded(t *testing.T) {
	pg := custodytest.Postgres(t)
	database := custodytest.Bodyshop(t, pg, 200)
	server := fmt.Sprintf("127.0.0.1:%d", pg.Port)
	at := url.Values{"pgsql": {server}, "username": {pg.User}, "db": {database}, "ns": {"public"}}
	link := "?" + strings.Join([]string{"pgsql=" + url.QueryEscape(server), "username=" + pg.User, "db=" + database, "ns=public"}, "&")
	p := custodytest.NewPortal(t, pg, database, adminer(t), func(p *site.Portal) {
		p.Title = "Adminer"
		p.SignIn = upstream.SignIn{Kind: upstream.FormKind, Secret: func() (string, error) { return pg.User + ":" + pg.Password, nil },
			Form: upstream.Form{Path: "/?pgsql=" + url.QueryEscape(server), UserField: "auth[username]", PasswordField: "auth[password]", Cookie: "adminer_sid"}}
		// A row's own link names the customer.
		p.Rules = body.Rules{HTML: map[string]string{`a[href^="` + link + `&edit=customers&where%5Bid%5D="]`: "key"}, CSV: map[string]string{"id": "key", "name": "name"}}
	})
	// A customer's name is also the holder's of their bank account, which counts as bank.
	see := custody.Categories(custody.Name, custody.Address, custody.Bank)
	alice := p.Browser("alice", policy.Grant{See: see, Mask: custody.Categories(custody.Phone)})

	list := url.Values{"select": {"customers"}, "order[0]": {"id"}, "limit": {"20"}}
	status, page := fetch(t, alice, http.MethodGet, p.URL+"/?"+at.Encode()+"&"+list.Encode(), nil)
	if status != http.StatusOK || !strings.Contains(page, "Adminer") {
		t.Fatalf("the list: %d\n%.3000s", status, page)
	}
	var held int
	rows, err := pg.Conn(t, database).Query(ctx, "SELECT id::text, name, coalesce(phone, ''), coalesce(email, '') FROM customers c ORDER BY c.id LIMIT 20")
	if err != nil {
		t.Fatal(err)
	}
	saw := p.Saw("alice")
	for rows.Next() {
		var id, name, phone, email string
		if err := rows.Scan(&id, &name, &phone, &email); err != nil {
			t.Fatal(err)
		}
		held++
		if saw[id]&custody.Categories(custody.Name) == 0 {
			t.Errorf("customer %s is on the page and in the ledger with %v", id, saw[id])
		}
		if !strings.Contains(page, strings.ReplaceAll(name, "'", "&#039;")) || phone != "" && strings.Contains(page, phone) || email != "" && strings.Contains(page, email) {
			at := strings.Index(page, "where%5Bid%5D="+id+"'")
			t.Errorf("customer %s: the name %q is gone, or the phone or email is there\n%.1500s", id, name, page[max(0, at):])
		}
	}
	if rows.Err() != nil || held != 20 {
		t.Fatal(held, rows.Err())
	}
	if !strings.Contains(page, "•") {
		t.Error("nothing is masked")
	}
	exportsOf(t, p, alice, at, page)
	ownSignIns(t, p, alice, pg, server)
}

// exportsOf tries adminer's ways to have everybody at once.
func exportsOf(t *testing.T, p *custodytest.Portal, alice *http.Client, at url.Values, page string) {
	t.Helper()
	_, token, _ := strings.Cut(page, `name='token' value='`)
	token, _, _ = strings.Cut(token, "'")
	before := len(p.Saw("alice"))
	for _, form := range []url.Values{
		{"output": {"file"}, "format": {"csv"}}, {"output": {"text"}, "format": {"csv"}}, {"output": {"text"}, "format": {"sql"}}, {"output": {"gz"}, "format": {"csv"}},
	} {
		form["token"], form["data_style"], form["tables[]"], form["data[]"] = []string{token}, []string{"INSERT"}, []string{"customers"}, []string{"customers"}
		status, text := fetch(t, alice, http.MethodPost, p.URL+"/?"+at.Encode()+"&dump=", form)
		if status != http.StatusForbidden || strings.Contains(text, "@") && !strings.Contains(text, "data-protection@") {
			t.Errorf("%s as %s: %d\n%.300s", form.Get("format"), form.Get("output"), status, text)
		}
	}
	status, text := fetch(t, alice, http.MethodGet, p.URL+"/?"+at.Encode()+"&select=customers&limit=200", nil)
	if status != http.StatusForbidden || !strings.Contains(text, "export") {
		t.Errorf("everybody on one page: %d\n%.300s", status, text)
	}
	if after := len(p.Saw("alice")); after != before {
		t.Errorf("%d customers were shown by what was refused", after-before)
	}
}

// ownSignIns: whoever knows a password of the database cannot use it here.
func ownSignIns(t *testing.T, p *custodytest.Portal, alice *http.Client, pg *custodytest.PG, server string) {
	t.Helper()
	form := url.Values{"auth[driver]": {"pgsql"}, "auth[server]": {server}, "auth[username]": {pg.User}, "auth[password]": {pg.Password}, "auth[db]": {p.Database}}
	for _, path := range []string{"/", "/?pgsql=" + url.QueryEscape(server), "/conf.php?x=1"} {
		if status, text := fetch(t, alice, http.MethodPost, p.URL+path, form); status != http.StatusForbidden || !strings.Contains(text, "gate signs in for you") {
			t.Errorf("%s: %d\n%.300s", path, status, text)
		}
	}
	if err := p.Identity.Leave("alice@northfield.example"); err != nil {
		t.Fatal(err)
	}
	if status, _ := fetch(t, alice, http.MethodGet, p.URL+"/", nil); status != http.StatusSeeOther {
		t.Errorf("a leaver: %d", status)
	}
}

// fetch sends what a browser sends.
func fetch(t *testing.T, c *http.Client, method, address string, form url.Values) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Accept", "text/html")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	resp, err := c.Do(r)
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
