package clients

import (
	"bytes"
	"encoding/binary"
	"net"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"custody/custodytest"
	"custody/policy"
)

// has demands parts of an output, in any order.
func has(t *testing.T, out string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(out, p) {
			t.Errorf("%q is missing in:\n%.3000s", p, out)
		}
	}
}

func TestPsqlGreetsAndErrsReadably(t *testing.T) {
	s := bodyshop(t)
	grant := see(contacts)
	grant.Limits.PerDay = 30
	token := s.Person("alice", grant)
	out := psql(t, s, "alice", token, `
SELECT id, name FROM customers WHERE id = 7;
SELECT email FROM customers WHERE id = 7;
SELECT name FROM customers WHERE id < 3 INTERSECT SELECT name FROM customers;
SELECT nosuch;
\x
SELECT id, phone FROM customers WHERE id = 8;
SELECT 'made ' || n AS made FROM generate_series(1, 2) n \g
SELECT format('SELECT id, name FROM customers WHERE id = %s', n) FROM generate_series(11, 12) n \gexec
`)
	has(t, out, "NOTICE:  custody: you are Alice Smith (Northfield, estimator).", "Customers left today: 30 of 30.",
		"ERROR:  custody: your grant does not include email", "HINT:  leave those columns out",
		"HINT:  add ", `column "nosuch" does not exist`, "LINE 1: SELECT nosuch;", "-[ RECORD 1 ]", "made 2")
	if got := keys(s.Saw("alice")); !slices.Equal(got, []string{"11", "12", "7", "8"}) {
		t.Errorf("the ledger says %v", got)
	}
	out = psql(t, s, "alice", token, "", "-c", "SELECT 1 AS one; SELECT id, name FROM customers WHERE id = 21; SELECT 2 AS two")
	has(t, out, "one", "two", "21 |")
	out = psql(t, s, "alice", token, "", "-c", "SELECT id, name FROM customers WHERE id = 22; SELECT email FROM customers WHERE id = 23")
	has(t, out, "does not include email")
	if saw := s.Saw("alice"); saw["21"] == 0 || saw["22"] != 0 || saw["23"] != 0 {
		t.Errorf("of several statements in one string: %v", keys(saw))
	}
	out = psql(t, s, "alice", "ctok_wrong", "SELECT 1")
	has(t, out, "the credential was not accepted")
}

// describing are psql's own questions about the schema.
var describing = []string{
	`\d`, `\d customers`, `\d+ customers`, `\d vehicles`, `\dt`, `\dt+`, `\l`, `\df`, `\df+ now`, `\dn`, `\dn+`, `\du`, `\dg`, `\dv`, `\di`, `\di+`, `\ds`,
	`\dp`, `\z customers`, `\dT`, `\dC`, `\dD`, `\db`, `\dx`, `\do +`, `\dO`, `\dy`, `\dE`, `\dm`, `\dd`, `\da sum`, `\dP`, `\dF`, `\dL`, `\sf now`, `\encoding`, `\conninfo`,
}

// TestPsqlDescribes: what psql says of the schema through the gate is, byte for
// byte, what it says directly, even to somebody without any grant.
func TestPsqlDescribes(t *testing.T) {
	s := bodyshop(t)
	token := s.Person("alice")
	script := strings.Join(describing[:len(describing)-1], "\n")
	direct, err := run(t, directEnv(s), script, "psql", "-X", "-P", "pager=off")
	if err != nil {
		t.Fatalf("%v\n%s", err, direct)
	}
	gated := psql(t, s, "alice", token, script)
	_, gated, _ = strings.Cut(gated, "\n") // the greeting
	if direct == gated {
		return
	}
	for _, d := range describing[:len(describing)-1] { // find out which
		a, _ := run(t, directEnv(s), d, "psql", "-X", "-P", "pager=off")
		b := psql(t, s, "alice", token, d)
		if _, b, _ = strings.Cut(b, "\n"); a != b {
			t.Errorf("%s\ndirectly:\n%.1500s\nthrough the gate:\n%.1500s", d, a, b)
		}
	}
}

// directEnv is the environment for clients of the database itself.
func directEnv(s *custodytest.Site) []string {
	return append(s.Env("alice", ""), "PGHOST="+s.PG.Host, "PGPORT="+portText(s.PG.Port), "PGUSER="+s.PG.User, "PGPASSWORD="+s.PG.Password)
}

func TestPsqlCopies(t *testing.T) {
	s := bodyshop(t)
	grant := everything()
	token := s.Person("alice", grant)
	file := t.TempDir() + "/customers.csv"
	out := psql(t, s, "alice", token, `
\copy (SELECT id, name, phone FROM customers WHERE id <= 5 ORDER BY id) TO '`+file+`' WITH (FORMAT csv, HEADER)
CREATE TEMP TABLE parts_in (id bigint, price numeric);
\copy parts_in FROM pstdin CSV
1,2.50
2,x
\.
\copy parts_in FROM pstdin CSV
1,2.50
2,3.75
\.
SELECT sum(price) FROM parts_in;
COPY customers (id, name, phone) TO STDOUT;
`)
	has(t, out, "COPY 5", "COPY 2", "6.25")
	if !strings.Contains(out, "does not fit its type") {
		t.Errorf("the broken line was not told:\n%.800s", out)
	}
	if n := len(s.Saw("alice")); n != 1000 {
		t.Errorf("%d people are recorded", n)
	}
}

func TestPsqlCursorsAndTransactions(t *testing.T) {
	s := bodyshop(t)
	grant := see(contacts)
	grant.Export = true
	token := s.Person("alice", grant)
	out := psql(t, s, "alice", token, `
\set FETCH_COUNT 7
SELECT id, name FROM customers WHERE id <= 20 ORDER BY id;
\unset FETCH_COUNT
BEGIN;
SELECT 'before' AS at;
SELECT email FROM customers WHERE id = 30;
SELECT 'within' AS at;
ROLLBACK;
SELECT 'after' AS at;
\set ON_ERROR_ROLLBACK on
BEGIN;
SELECT email FROM customers WHERE id = 30;
SELECT 'rolled back to the savepoint' AS at;
SELECT id, name FROM customers WHERE id = 31;
COMMIT;
DECLARE far CURSOR WITH HOLD FOR SELECT id, name FROM customers WHERE id BETWEEN 40 AND 60 ORDER BY id;
FETCH 3 FROM far;
CLOSE far;
`)
	has(t, out, "(20 rows)", "before", "current transaction is aborted", "after", "rolled back to the savepoint", "31 |", "COMMIT", "42 |")
	if strings.Contains(out, "within\n") {
		t.Error("a refused statement did not abort the transaction")
	}
	saw := s.Saw("alice")
	if saw["20"] == 0 || saw["30"] != 0 || saw["31"] == 0 || saw["42"] == 0 || saw["44"] != 0 {
		t.Errorf("the ledger says %v", keys(saw))
	}
}

func TestPsqlStatesAReason(t *testing.T) {
	s := bodyshop(t)
	token := s.Person("alice", policy.Grant{See: contacts, ReasonRequired: true})
	out := psql(t, s, "alice", token, `
SELECT id, name FROM customers WHERE id = 3;
SET custody.reason = 'claim 123';
SELECT id, name FROM customers WHERE id = 4;
SHOW custody.reason;
RESET custody.reason;
SELECT id, name FROM customers WHERE id = 5;
`)
	has(t, out, "State a reason first", "ERROR:  custody: your grant requires a reason", "4 |", "SET custody.reason = 'claim 123'")
	if got := keys(s.Saw("alice")); !slices.Equal(got, []string{"4"}) {
		t.Errorf("the ledger says %v", got)
	}
	if strings.Contains(s.PG.Log(1<<20), "claim 123") {
		t.Error("the reason reached the database's log")
	}
}

// TestCancel: SIGINT in psql cancels its own statement; somebody who knows the
// process id, but not the secret, cancels nothing.
func TestCancel(t *testing.T) {
	s := bodyshop(t)
	token := s.Person("alice", see(contacts))
	other := s.As("alice", token)
	cmd := exec.Command("psql", "-X", "-c", "SELECT pg_sleep(600) AS nap")
	cmd.Env = s.Env("alice", token)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	asleep := func(what string) (n int, pid uint32) {
		row := s.PG.Conn(t, "postgres").QueryRow(ctx, "SELECT count(*), coalesce(min(pid), 0) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '%'||$1 AND datname = $2", what, s.Database)
		if err := row.Scan(&n, &pid); err != nil {
			t.Fatal(err)
		}
		return n, pid
	}
	await(t, "psql's statement", func() bool { n, _ := asleep("AS nap"); return n == 1 })
	ended := make(chan error, 1)
	go func() {
		_, err := other.Exec(ctx, "SELECT pg_sleep(600) AS doze")
		ended <- err
	}()
	await(t, "the other's statement", func() bool { n, _ := asleep("AS doze"); return n == 1 })
	_, pid := asleep("AS doze")
	for secret := range uint32(3) {
		sendCancel(t, s.Address, pid, secret)
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	has(t, out.String(), "canceling statement due to user request")
	if n, _ := asleep("AS doze"); n != 1 {
		t.Fatal("somebody else's statement was cancelled")
	}
	if err := other.PgConn().CancelRequest(ctx); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if state, _ := refusal(err); state != "57014" {
			t.Errorf("after its own cancel request: %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("a client could not cancel its own statement")
	}
}

// sendCancel sends a cancel request and waits until the gate has dealt with it.
func sendCancel(t *testing.T, address string, pid, secret uint32) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	packet := []byte{0, 0, 0, 16, 4, 210, 22, 46}
	packet = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(packet, pid), secret)
	if _, err := c.Write(packet); err != nil {
		t.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	if n, _ := c.Read(make([]byte, 1)); n != 0 {
		t.Error("a cancel request was answered")
	}
}
