package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"custody"
	"custody/custodytest"
	"custody/identity"
	"custody/policy"
	"custody/site"
	"custody/store"
)

// withDirectories declares two employers' directories.
func withDirectories(o *site.Options) {
	client := func(name, organisation, domain, token string) site.ScimClient {
		return site.ScimClient{Tokens: [][32]byte{sha256.Sum256([]byte(token))}, Branch: "department", ScimClient: store.ScimClient{Name: name, Organisation: organisation,
			Domains: []string{domain}, Groups: map[string][]string{"Estimators": {"estimator"}}}}
	}
	o.Scim = site.Scim{Public: "https://custody.example", Clients: []site.ScimClient{
		client("northfield", "Northfield", "northfield.example", "north"), client("southfield", "Southfield", "southfield.example", "south")}}
}

// directory is an employer's directory that sends requests.
type directory struct {
	t     *testing.T
	url   string
	token string
}

func (d *directory) send(status int, method, path, body string) map[string]any {
	d.t.Helper()
	req, err := http.NewRequest(method, d.url+"/scim/v2"+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+d.token)
	req.Header.Set("Content-Type", "application/scim+json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != status {
		d.t.Fatalf("%s %s: %d, want %d: %s", method, path, resp.StatusCode, status, text)
	}
	out := map[string]any{}
	if len(bytes.TrimSpace(text)) > 0 {
		if err := json.Unmarshal(text, &out); err != nil {
			d.t.Fatal(err)
		}
	}
	return out
}

// TestDirectoryChangeIsInForceByItself: what a directory says is in force when it is
// answered, and not when the gate next looks into its state: here it never does.
func TestDirectoryChangeIsInForceByItself(t *testing.T) {
	s := bodyshop(t, withDirectories, func(o *site.Options) { o.Poll = time.Hour })
	server := httptest.NewServer(s.ScimHandler())
	t.Cleanup(server.Close)
	north := &directory{t, server.URL, "north"}
	for _, gone := range []func(id string){
		func(id string) { north.send(204, "DELETE", "/Users/"+id, "") },
		func(id string) {
			north.send(200, "PATCH", "/Users/"+id, `{"Operations":[{"op":"Replace","path":"active","value":"False"}]}`)
		},
	} {
		alice := north.send(201, "POST", "/Users", `{"userName":"alice@northfield.example","displayName":"Alice Smith","active":true}`)["id"].(string)
		s.As("alice", s.Token("alice"))
		if n := s.Gate.Live(); n != 1 {
			t.Fatalf("%d sessions before", n)
		}
		gone(alice)
		for end := time.Now().Add(20 * time.Second); s.Gate.Live() > 0; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("the leaver's session goes on")
			}
		}
	}
}

// TestDirectoryLeaverIsCutWhileWorking: a person comes through SCIM, gets a role from a
// group, works, loses the role, gets it back, and leaves in the middle of a statement.
func TestDirectoryLeaverIsCutWhileWorking(t *testing.T) {
	s := bodyshop(t, withDirectories)
	server := httptest.NewServer(s.ScimHandler())
	t.Cleanup(server.Close)
	north, south := &directory{t, server.URL, "north"}, &directory{t, server.URL, "south"}
	s.Grant(policy.Grant{Role: "estimator", See: contacts})

	alice := north.send(201, "POST", "/Users", `{"userName":"alice@northfield.example","displayName":"Alice Smith","active":true,
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Leeds"}}`)["id"].(string)
	group := north.send(201, "POST", "/Groups", fmt.Sprintf(`{"displayName":"Estimators","members":[{"value":"%s"}]}`, alice))["id"].(string)
	member := func(op, path string) {
		t.Helper()
		north.send(204, "PATCH", "/Groups/"+group, fmt.Sprintf(`{"Operations":[{"op":"%s","path":"%s","value":[{"value":"%s"}]}]}`, op, path, alice))
	}
	people, err := s.Identity.People()
	if err != nil || len(people) != 1 || people[0].FullName != "Alice Smith" {
		t.Fatalf("people %+v, %v", people, err)
	}
	if e := people[0].Engagements; e[len(e)-1].Branch != "Leeds" || fmt.Sprint(e[len(e)-1].Roles) != "[estimator]" {
		t.Errorf("engagements %+v", e)
	}
	look := func(token string) error {
		var name string
		return s.As("alice", token).QueryRow(ctx, "SELECT name FROM customers WHERE id = 17").Scan(&name)
	}
	if err := look(s.Token("alice")); err != nil {
		t.Fatal(err)
	}

	// Nobody of another employer reaches her: not by number, address or group.
	south.send(404, "PATCH", "/Users/"+alice, `{"Operations":[{"op":"replace","path":"active","value":false}]}`)
	south.send(400, "POST", "/Users", `{"userName":"alice@northfield.example"}`)
	south.send(400, "POST", "/Groups", fmt.Sprintf(`{"displayName":"Estimators","members":[{"value":"%s"}]}`, alice))
	// A login cannot change hands, nor its address.
	north.send(400, "PATCH", "/Users/"+alice, `{"Operations":[{"op":"replace","path":"userName","value":"bob@northfield.example"}]}`)
	north.send(400, "POST", "/Users", `{"userName":"reception@northfield.example"}`)

	// Out of the group: the role ends, and the session that held it.
	conn := s.As("alice", s.Token("alice"))
	member("remove", "members")
	awaitCut(t, s, conn.Ping)
	if err := look(s.Token("alice")); err == nil {
		t.Error("she sees without the role")
	}
	member("add", "members")

	// She leaves in the middle of a statement.
	token := s.Token("alice")
	running := s.As("alice", token)
	done := make(chan error, 1)
	go func() {
		_, err := running.Exec(ctx, "SELECT pg_sleep(600) AS nap")
		done <- err
	}()
	beside := s.PG.Conn(t, s.Database)
	for active, end := 0, time.Now().Add(20*time.Second); active == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the statement does not run")
		}
		if err := beside.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()").Scan(&active); err != nil {
			t.Fatal(err)
		}
	}
	north.send(200, "PATCH", "/Users/"+alice, `{"Operations":[{"op":"Replace","path":"active","value":"False"}]}`)
	// What the directory was told is in force holds already when it hears so.
	if c, err := pgx.Connect(ctx, s.URL("alice", token)); err == nil {
		c.Close(ctx)
		t.Error("she is let in after the directory was told that she is out")
	}
	select {
	case err := <-done:
		if err == nil {
			t.Error("the statement ran to its end")
		}
	case <-time.After(20 * time.Second):
		t.Error("the statement goes on")
	}
	cuts, err := s.Identity.Cuts(0)
	if err != nil || len(cuts) != 1 || cuts[0].Kind != identity.CutLeft || cuts[0].Organisation != "Northfield" || cuts[0].Tokens == 0 {
		t.Errorf("cuts %+v, %v", cuts, err)
	}
	if _, _, err := s.Identity.IssueToken(identity.CredentialRequest{Login: "alice@northfield.example", System: s.Database}); custody.CodeOf(err) != custody.CodeForbidden {
		t.Errorf("a token for a leaver: %v", err)
	}
	// Back, and deleted while working.
	north.send(200, "PATCH", "/Users/"+alice, `{"Operations":[{"op":"replace","value":{"active":true}}]}`)
	if c, err := pgx.Connect(ctx, s.URL("alice", token)); err == nil {
		c.Close(ctx)
		t.Error("the old token works again")
	}
	conn = s.As("alice", s.Token("alice"))
	north.send(204, "DELETE", "/Users/"+alice, "")
	awaitCut(t, s, conn.Ping)
}

// awaitCut waits until a connection is dead.
func awaitCut(t *testing.T, s *custodytest.Site, ping func(context.Context) error) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if ping(ctx) != nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the session lives on\n%s", s.Log)
		}
	}
}

// TestPlannedLeaverIsCutByTheRunningGate: nobody runs a command at the moment.
func TestPlannedLeaverIsCutByTheRunningGate(t *testing.T) {
	s := bodyshop(t)
	conn := s.As("alice", s.Person("alice", see(contacts)))
	if err := conn.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(700 * time.Millisecond)
	if cut, err := s.Identity.LeaveAt("alice@northfield.example", "", at); err != nil || cut != nil {
		t.Fatalf("planned: %+v, %v", cut, err)
	}
	if err := conn.Ping(ctx); err != nil {
		t.Fatalf("cut before the moment: %v", err)
	}
	awaitCut(t, s, conn.Ping)
	if time.Now().Before(at) {
		t.Error("cut before the moment")
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		cuts, err := s.Identity.Cuts(0)
		if err != nil {
			t.Fatal(err)
		}
		if len(cuts) == 1 && cuts[0].Tokens == 1 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("what hung on the engagement is still there: %+v", cuts)
		}
	}
}

// TestMetricsOfTheDashboard: every metric that the dashboard draws is there, readiness
// tells the truth, and no name of a person is told.
func TestMetricsOfTheDashboard(t *testing.T) {
	s := bodyshop(t)
	admin := httptest.NewServer(s.AdminHandler())
	t.Cleanup(admin.Close)
	get := func(path string) (int, string) {
		t.Helper()
		resp, err := http.Get(admin.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(text)
	}
	conn := s.As("alice", s.Person("alice", see(contacts)))
	if _, err := conn.Exec(ctx, "SELECT id, name FROM customers WHERE id IN (17, 18)"); err != nil {
		t.Fatal(err)
	}
	_, text := get("/metrics")
	for _, line := range []string{`custody_disclosures_total{route="query",system="` + s.Database + `"} 2`, "custody_ready 1", "custody_sessions_live 1"} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no %s in\n%s", line, text)
		}
	}
	if strings.Contains(text, "alice") {
		t.Error("a person is named")
	}
	dashboard, err := os.ReadFile("../docs/grafana/custody.json")
	if err != nil {
		t.Fatal(err)
	}
	drawn := regexp.MustCompile(`\b(custody|process|go)_[a-z_]+`).FindAllString(string(dashboard), -1)
	if len(drawn) < 10 {
		t.Fatalf("the dashboard draws %v", drawn)
	}
	for _, name := range drawn {
		if !strings.Contains(text, "# TYPE "+name+" ") && name != "custody_portal_down" { // there is no portal here
			t.Errorf("the dashboard draws %s, which there is not", name)
		}
	}
	if status, text := get("/ready"); status != 200 || !strings.Contains(text, `"ready":true`) {
		t.Errorf("ready: %d %s", status, text)
	}
	if err := s.Ledger.Close(); err != nil { // it takes nothing any more
		t.Fatal(err)
	}
	if status, text := get("/ready"); status != 503 || !strings.Contains(text, `"ledger":"unavailable"`) {
		t.Errorf("without a ledger: %d %s", status, text)
	}
	if status, _ := get("/health"); status != 200 {
		t.Errorf("health: %d", status)
	}
}
