package clients

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"custody"
	"custody/custodytest"
)

// driversDir is a module that requires the drivers under test, so that Custody's own
// module need not.
var driversDir = "go"

// ofNobody declares a table that no suite uses: what a statement does beside it must
// be as it was.
var ofNobody = custody.System{Tables: []custody.Table{{Schema: "public", Name: "customers_of_nobody", Key: "id", Subject: true,
	Columns: map[string]custody.Category{"name": custody.Name}}}}

// TestLibPqSuite runs the test suite of lib/pq, as TestPgxSuite does with that of pgx.
func TestLibPqSuite(t *testing.T) {
	suite := driverSuite(t, "pq", "github.com/lib/pq", pqSkip, ".", "hstore")
	runDriver(t, suite, 500, nil, pqDiffersBeside, func(host, port, login, secret, database string) []string {
		return append(os.Environ(), "PGHOST="+host, "PGPORT="+port, "PGUSER="+login, "PGPASSWORD="+secret, "PGDATABASE="+database, "PGSSLMODE=disable")
	})
}

// TestPgdriverSuite runs the test suite of bun's pgdriver.
func TestPgdriverSuite(t *testing.T) {
	suite := driverSuite(t, "pgdriver", "github.com/uptrace/bun/driver/pgdriver", "", ".")
	runDriver(t, suite, 35, nil, nil, func(host, port, login, secret, database string) []string {
		dsn := fmt.Sprintf("postgres://%s:%s@%s:%s/%s?sslmode=disable", login, secret, host, port, database)
		return append(os.Environ(), "PG="+dsn)
	})
}

// pqSkip are tests of lib/pq's connection strings and certificates against the server
// of its own set-up: its roles, its usual port, its certificate (TestTLS has those), and
// tests of its Listener, which end the whole run when a notice takes half a second.
const pqSkip = "^Example|^TestSSL|^TestAuth$|^TestService$|^TestNewConnector$|^TestStartupParameters$|^TestConnectMulti$|^TestListener"

const (
	textReason  = "texts that may quote a value are replaced; SQLSTATE and position stay"
	paramReason = "parameters on connecting that the gate does not know are refused in its own words"
)

// pqDiffersBeside names the tests of lib/pq that differ where a table is declared, each
// with its reason; docs/compatibility.md repeats them.
var pqDiffersBeside = map[string]string{
	"pq.TestConnectorWithNoticeHandler_Simple":       schemaReason,
	"pq.TestCopyInRaiseStmtTrigger":                  schemaReason,
	"pq.TestExecNoData":                              schemaReason,
	"pq.TestQueryRowBugWorkaround":                   schemaReason,
	"pq/hstore.TestHstore":                           schemaReason,
	"pq.TestCopyInRespLoopConnectionError":           othersReason,
	"pq.TestPing":                                    othersReason,
	"pq.TestReconnect":                               othersReason,
	"pq.TestConnectorWithNotificationHandler_Simple": notifyReason,
	"pq.TestDecodeScan":                              textReason,
	"pq.TestError":                                   textReason,
	"pq.TestRuntimeParameters":                       paramReason,
}

// pqHBA and pqRoles are what lib/pq's suite expects of a server.
var pqHBA = []string{
	"host all pqgomd5 127.0.0.1/32 md5", "host all pqgopassword 127.0.0.1/32 password", "host all pqgoscram 127.0.0.1/32 scram-sha-256",
	"hostnossl all pqgossl,pqgosslcert 127.0.0.1/32 reject", "hostssl all pqgossl 127.0.0.1/32 trust", "hostssl all pqgosslcert 127.0.0.1/32 cert",
	"host all pqgo 127.0.0.1/32 trust",
}

const pqRoles = `CREATE ROLE pqgo LOGIN SUPERUSER; CREATE ROLE pqgossl LOGIN; CREATE ROLE pqgosslcert LOGIN;
	CREATE ROLE pqgopassword LOGIN PASSWORD 'wordpass'; CREATE ROLE pqgoscram LOGIN PASSWORD 'wordpass';
	SET password_encryption = md5; CREATE ROLE pqgomd5 LOGIN PASSWORD 'wordpass'`

// driverSuite builds the suite of a module's packages. Its source is copied, because
// some tests write beside their files.
func driverSuite(t *testing.T, name, module, skip string, packages ...string) goSuite {
	t.Helper()
	download := exec.Command("go", "mod", "download")
	download.Dir = driversDir
	if out, err := download.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s := goSuite{name: name, packages: packages, skip: skip, source: t.TempDir(), binaries: t.TempDir()}
	if err := os.CopyFS(s.source, os.DirFS(moduleDir(t, driversDir, module))); err != nil {
		t.Fatal(err)
	}
	for _, p := range packages {
		s.build(t, driversDir, filepath.Join(module, p), p)
	}
	return s
}

// runDriver runs a suite directly, through a gate with nothing declared, and through
// one that guards a table of which the suite knows nothing.
func runDriver(t *testing.T, s goSuite, atLeast int, differs, beside map[string]string, env func(host, port, login, secret, database string) []string) {
	t.Helper()
	pg := custodytest.Postgres(t, custodytest.WithHBA(pqHBA...))
	pg.Exec(t, "postgres", "CREATE DATABASE pqgo", pqRoles)
	database := func() string {
		return pg.CreateDatabase(t, "CREATE EXTENSION hstore", "CREATE TABLE customers_of_nobody (id bigint PRIMARY KEY, name text)")
	}
	gate := func(system custody.System) []string {
		site := custodytest.NewSite(t, pg, database(), system, custodytest.Superuser(t, pg))
		host, port, _ := net.SplitHostPort(site.Address)
		return env(host, port, "alice@northfield.example", site.Person("alice"), site.Database)
	}
	runs := []*suiteRun{
		{name: "direct", env: env("127.0.0.1", fmt.Sprint(pg.Port), "pqgo", "unused", database()), packages: s.packages},
		{name: "gate", env: gate(custody.System{}), packages: s.packages},
		{name: "beside", env: gate(ofNobody), packages: s.packages},
	}
	s.runAll(t, runs)
	direct := runs[0].verdicts
	if n := passed(direct); n < atLeast {
		t.Errorf("only %d tests passed directly", n)
	}
	s.again(t, direct, runs[1], differs)
	s.again(t, direct, runs[2], beside)
	s.compare(t, "nothing declared", direct, runs[1], differs)
	s.compare(t, "a table declared beside", direct, runs[2], beside)
}

func passed(verdicts map[string]string) (n int) {
	for _, v := range verdicts {
		if v == "PASS" {
			n++
		}
	}
	return n
}
