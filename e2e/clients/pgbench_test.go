package clients

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"custody"
	"custody/custodytest"
)

var processed = regexp.MustCompile(`number of transactions actually processed: (\d+)`)

// bench runs pgbench and demands that each of its transactions succeeded.
func bench(t *testing.T, env []string, transactions int, args ...string) {
	t.Helper()
	args = append([]string{"--client=4", "--jobs=2", fmt.Sprintf("--transactions=%d", transactions/4)}, args...)
	out, err := run(t, env, "", "pgbench", args...)
	if err != nil {
		t.Fatalf("pgbench %v: %v\n%.2000s", args, err, out)
	}
	if m := processed.FindStringSubmatch(out); m == nil || m[1] != fmt.Sprint(transactions) {
		t.Errorf("pgbench %v:\n%.1000s", args, out)
	}
	has(t, out, "number of failed transactions: 0 ")
}

// TestPgbenchOnItsOwnTables: where nothing is declared, pgbench makes its tables and
// runs all its built-in scripts in all its protocols.
func TestPgbenchOnItsOwnTables(t *testing.T) {
	pg := custodytest.Postgres(t)
	s := custodytest.NewSite(t, pg, pg.CreateDatabase(t), custody.System{}, custodytest.Superuser(t, pg))
	env := s.Env("alice", s.Person("alice"))
	if out, err := run(t, env, "", "pgbench", "--initialize", "--init-steps=dtgvpf", "--scale=1", "--foreign-keys", "--quiet"); err != nil {
		t.Fatalf("%v\n%.2000s", err, out)
	}
	for _, protocol := range []string{"simple", "extended", "prepared"} {
		for _, script := range []string{"tpcb-like", "simple-update", "select-only"} {
			bench(t, env, 400, "--protocol="+protocol, "--builtin="+script)
		}
	}
	pipelined := script(t, `\startpipeline
SELECT abalance FROM pgbench_accounts WHERE aid = 1;
UPDATE pgbench_branches SET bbalance = bbalance + 1 WHERE bid = 1;
SELECT count(*) FROM pgbench_tellers;
\endpipeline
`)
	bench(t, env, 400, "--protocol=extended", "--file="+pipelined)
	bench(t, env, 400, "--protocol=prepared", "--file="+pipelined)
}

// TestPgbenchLooksAtCustomers: every customer that pgbench is shown is recorded.
func TestPgbenchLooksAtCustomers(t *testing.T) {
	s := bodyshop(t)
	grant := see(contacts)
	token := s.Person("alice", grant)
	look := script(t, "\\set id random(1, 50)\nSELECT id, name, phone FROM customers WHERE id = :id;\n")
	pipelined := script(t, `\set id random(101, 120)
\startpipeline
SELECT id, name FROM customers WHERE id = :id;
SELECT 1;
SELECT id, phone FROM customers WHERE id = :id;
\endpipeline
`)
	for _, protocol := range []string{"simple", "extended", "prepared"} {
		bench(t, s.Env("alice", token), 1200, "--no-vacuum", "--protocol="+protocol, "--file="+look)
	}
	for _, protocol := range []string{"extended", "prepared"} {
		bench(t, s.Env("alice", token), 400, "--no-vacuum", "--protocol="+protocol, "--file="+pipelined)
	}
	if n := len(s.Saw("alice")); n != 70 {
		t.Errorf("%d people are recorded", n)
	}
}

func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "script.sql")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
