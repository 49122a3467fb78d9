package e2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"custody"
	"custody/custodytest"
	"custody/site"
)

// pgxPackages are the packages of pgx whose tests speak to a database, and the
// decoders beside them.
var pgxPackages = []string{".", "pgconn", "pgproto3", "pgtype", "pgxpool", "stdlib"}

// TestPgxSuite runs the test suite of pgx itself against the database and against
// the gate in front of it. What passes directly must pass through the gate.
func TestPgxSuite(t *testing.T) {
	suite := buildPgxTests(t)
	pg := custodytest.Postgres(t, custodytest.WithHBA(
		"host all pgx_md5 127.0.0.1/32 md5", "host all pgx_pw 127.0.0.1/32 password", "hostssl all pgx_sslcert 127.0.0.1/32 cert"))
	direct, gated, beside := pgxDatabase(t, pg, "pgx_direct"), pgxDatabase(t, pg, "pgx_gated"), pgxDatabase(t, pg, "pgx_beside")
	// In a system that declares a table which the suite does not use, everything but
	// changes of the schema and hands laid on other sessions must still behave.
	pg.Exec(t, beside, "CREATE TABLE customers_of_nobody (id bigint PRIMARY KEY, name text)")
	guarded := custody.System{Tables: []custody.Table{{Schema: "public", Name: "customers_of_nobody", Key: "id", Subject: true,
		Columns: map[string]custody.Category{"name": custody.Name}}}}
	runs := []*pgxRun{
		{name: "gate", env: pgxThroughGate(t, pg, gated, custody.System{}), packages: pgxPackages},
		{name: "direct", env: pgxDirect(t, pg, direct), packages: pgxPackages},
		{name: "beside", env: pgxThroughGate(t, pg, beside, guarded), packages: []string{"pgconn", "pgtype", "pgxpool", "stdlib"}},
	}
	slots := make(chan struct{}, 2)
	var group sync.WaitGroup
	for _, r := range runs {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			suite.run(t, r)
		})
	}
	group.Wait()
	for _, r := range runs {
		t.Logf("%s: %s", r.name, tally(r.verdicts))
	}
	if n := len(runs[1].verdicts); n < 1000 {
		t.Errorf("only %d tests ran", n)
	}
	suite.again(t, runs[1].verdicts, runs[0], pgxDiffers)
	suite.again(t, runs[1].verdicts, runs[2], pgxDiffersBeside)
	compare(t, "nothing declared", runs[1].verdicts, runs[0], pgxDiffers)
	compare(t, "a table declared beside", runs[1].verdicts, runs[2], pgxDiffersBeside)
}

// pgxRun is one run of the suite.
type pgxRun struct {
	name, logs    string
	env, packages []string
	verdicts      map[string]string
}

// pgxDiffers names the tests that differ through the gate, each with its reason;
// docs/compatibility.md repeats them.
var pgxDiffers = map[string]string{
	"pgx.TestConnect": "current_user is the gate's role at the database, not the person's login",
}

const (
	schemaReason = "functions, types and DO blocks are not let through where personal data is declared"
	othersReason = "other sessions are neither ended nor looked at through the gate where personal data is declared"
	notifyReason = "payloads of NOTIFY are not delivered where personal data is declared"
	logReason    = "what the database logs is not changed through the gate where personal data is declared"
)

// pgxDiffersBeside is the same for a system with a declared table.
var pgxDiffersBeside = map[string]string{
	"pgx/pgconn.TestConnCheckConn":                                  othersReason,
	"pgx/pgconn.TestConnContextCanceledCancelsRunningQueryOnServer": othersReason,
	"pgx/pgconn.TestConnCopyFromConnectionTerminated":               othersReason,
	"pgx/pgconn.TestConnCopyFromNoticeResponseReceivedMidStream":    schemaReason,
	"pgx/pgconn.TestConnOnNotice":                                   schemaReason,
	"pgx/pgconn.TestConnOnNotification":                             notifyReason,
	"pgx/pgconn.TestConnWaitForNotification":                        notifyReason,
	"pgx/pgconn.TestConnPing":                                       logReason,
	"pgx/pgtype.TestDerivedTypes":                                   schemaReason,
	"pgx/pgtype.TestMultirangeCodecTextBounds":                      schemaReason,
	"pgx/pgtype.TestRangeCodecTextBounds":                           schemaReason,
	"pgx/pgtype.TestRangeCodecTextFiniteBounds":                     schemaReason,
	"pgx/stdlib.TestConnQueryRowConstraintErrors":                   schemaReason,
	"pgx/stdlib.TestCheckIdleConn":                                  othersReason,
	"pgx/pgxpool.TestPoolAcquireChecksIdleConns":                    othersReason,
	"pgx/pgxpool.TestConnDestroyedWhenBeginFailsFatally":            othersReason,
}

// pgxSuite is where the suite's source and the binaries made of it lie.
type pgxSuite struct{ source, binaries string }

// buildPgxTests makes the test binaries from the source that go.mod names.
func buildPgxTests(t *testing.T) pgxSuite {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/jackc/pgx/v5").Output()
	if err != nil {
		t.Fatal(err)
	}
	s := pgxSuite{strings.TrimSpace(string(out)), t.TempDir()}
	for _, p := range pgxPackages {
		cmd := exec.Command("go", "test", "-c", "-trimpath", "-o", s.binary(p), "./"+p)
		cmd.Dir = s.source
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", p, err, out)
		}
	}
	return s
}

func (s pgxSuite) binary(p string) string {
	return filepath.Join(s.binaries, strings.ReplaceAll(p, ".", "pgx")+".test")
}

// pgxDatabase makes a database as the suite expects one.
func pgxDatabase(t *testing.T, pg *custodytest.PG, name string) string {
	t.Helper()
	pg.Exec(t, "postgres", "CREATE DATABASE "+name)
	pg.Exec(t, name, "CREATE EXTENSION hstore; CREATE EXTENSION ltree; CREATE DOMAIN uint64 AS numeric(20,0)")
	pg.Exec(t, name, `DO $$ BEGIN
		IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'pgx_md5') THEN RETURN; END IF;
		CREATE USER pgx_ssl SUPERUSER PASSWORD 'secret';
		CREATE USER pgx_sslcert SUPERUSER PASSWORD 'secret';
		SET password_encryption = md5;
		CREATE USER pgx_md5 SUPERUSER PASSWORD 'secret';
		SET password_encryption = 'scram-sha-256';
		CREATE USER pgx_pw SUPERUSER PASSWORD 'secret';
		CREATE USER pgx_scram SUPERUSER PASSWORD 'secret';
		CREATE USER " tricky, ' } "" \ test user " SUPERUSER PASSWORD 'secret';
	END $$`)
	return name
}

// pgxDirect is the suite's environment for the database itself.
func pgxDirect(t *testing.T, pg *custodytest.PG, database string) []string {
	t.Helper()
	cert, key := pg.ClientCertificate(t, "pgx_sslcert")
	encryptKey(t, key)
	tcp := func(host, user, more string) string {
		return fmt.Sprintf("host=%s port=%d user=%s password=secret dbname=%s %s", host, pg.Port, user, database, more)
	}
	verified := "sslmode=verify-full sslrootcert=" + pg.RootCert
	return pgxEnv(map[string]string{
		"DATABASE": tcp("127.0.0.1", "pgx_md5", ""), "TCP": tcp("127.0.0.1", "pgx_md5", ""),
		"UNIX_SOCKET": tcp(pg.SocketDir, "pgx_scram", ""), "MD5_PASSWORD": tcp("127.0.0.1", "pgx_md5", ""),
		"PLAIN_PASSWORD": tcp("127.0.0.1", "pgx_pw", ""), "SCRAM_PASSWORD": tcp("127.0.0.1", "pgx_scram", "channel_binding=disable"),
		"SCRAM_PLUS": tcp("localhost", "pgx_ssl", verified+" channel_binding=require"),
		"TLS":        tcp("localhost", "pgx_ssl", verified+" channel_binding=disable"),
		"TLS_CLIENT": tcp("localhost", "pgx_sslcert", verified+" sslcert="+cert+" sslkey="+key),
	})
}

// pgxThroughGate starts a gate in front of the database and gives the suite's
// environment for it: every way of signing in that the gate offers.
func pgxThroughGate(t *testing.T, pg *custodytest.PG, database string, system custody.System) []string {
	t.Helper()
	s := custodytest.NewSite(t, pg, database, system, upstreamTLS(t, pg, database), func(o *site.Options) {
		o.ClearPassword = func(login string) bool { return strings.HasPrefix(login, "old@") }
	})
	alice, old := s.Person("alice"), s.Person("old")
	files := clientFiles(t, s, "alice")
	encryptKey(t, files.key)
	socket := serveSocket(t, s)
	host, port, _ := net.SplitHostPort(s.Address)
	tcp := func(host, login, token, more string) string {
		return fmt.Sprintf("host=%s port=%s user=%s@northfield.example password=%s dbname=%s %s", host, port, login, token, database, more)
	}
	verified := "sslmode=verify-full sslrootcert=" + files.ca
	return pgxEnv(map[string]string{
		"DATABASE": tcp(host, "alice", alice, ""), "TCP": tcp(host, "alice", alice, ""),
		"UNIX_SOCKET":    fmt.Sprintf("host=%s port=5432 user=alice@northfield.example password=%s dbname=%s", socket, alice, database),
		"PLAIN_PASSWORD": tcp("localhost", "old", old, "sslmode=require"),
		"SCRAM_PASSWORD": tcp(host, "alice", alice, "channel_binding=disable"), "MD5_PASSWORD": tcp(host, "alice", alice, ""),
		"SCRAM_PLUS": tcp("localhost", "alice", alice, verified+" channel_binding=require"),
		"TLS":        tcp("localhost", "alice", alice, verified+" channel_binding=disable"),
		"TLS_CLIENT": tcp("localhost", "alice", "unused", verified+" sslcert="+files.cert+" sslkey="+files.key),
	})
}

func pgxEnv(strings map[string]string) []string {
	env := append(os.Environ(), "PGX_SSL_PASSWORD=certpw", "PGX_TEST_DATABASE="+strings["DATABASE"])
	for name, value := range strings {
		if name != "DATABASE" {
			env = append(env, "PGX_TEST_"+name+"_CONN_STRING="+value)
		}
	}
	return env
}

// encryptKey puts the key file under the passphrase that the suite gives.
func encryptKey(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(b)
	key := block.Bytes
	if any, err := x509.ParsePKCS8PrivateKey(key); err == nil {
		if key, err = x509.MarshalECPrivateKey(any.(*ecdsa.PrivateKey)); err != nil {
			t.Fatal(err)
		}
	}
	//lint:ignore SA1019 the suite tests this old form
	block, err = x509.EncryptPEMBlock(rand.Reader, "EC PRIVATE KEY", key, []byte("certpw"), x509.PEMCipherAES256)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
}

var pgxVerdict = regexp.MustCompile(`(?m)^\s*--- (PASS|FAIL|SKIP): (\S+)`)

// pgxRandom are the numbers of temporary folders in names of tests.
var pgxRandom = regexp.MustCompile(`[0-9]{6,}`)

// run runs a run's binaries, one after another, and notes each test's verdict. The
// output of a test that failed stays in the folder logs for whoever must find out why.
func (s pgxSuite) run(t *testing.T, r *pgxRun) {
	var err error
	if r.logs, err = os.MkdirTemp("", "pgx-"+r.name+"-"); err != nil {
		t.Error(err)
		return
	}
	t.Cleanup(func() {
		if !t.Failed() {
			os.RemoveAll(r.logs)
		}
	})
	r.verdicts = map[string]string{}
	for _, p := range r.packages {
		cmd := exec.Command(s.binary(p), "-test.v", "-test.timeout=400s", "-test.parallel=4")
		cmd.Dir, cmd.Env = filepath.Join(s.source, p), r.env
		out, err := cmd.CombinedOutput()
		if at := bytes.Index(out, []byte("panic: ")); at >= 0 {
			t.Errorf("%s, %s: %v\n%.3000s", r.name, p, err, out[at:])
		}
		t.Logf("%s, %s: output in %s", r.name, p, r.logs)
		if err := os.WriteFile(filepath.Join(r.logs, strings.ReplaceAll(p, ".", "pgx")+".log"), out, 0o644); err != nil {
			t.Error(err)
		}
		r.note(p, out)
	}
}

// note takes over the verdicts of a package's output.
func (r *pgxRun) note(p string, out []byte) {
	for _, m := range pgxVerdict.FindAllSubmatch(out, -1) {
		name := pgxRandom.ReplaceAllString(string(m[2]), "N")
		r.verdicts[filepath.Join("pgx", p)+"."+name] = string(m[1])
	}
}

// again gives tests that differ two more tries, by themselves: some of the suite's
// tests hold clocks against a machine that runs three suites at once. What differs
// because of the gate differs each time.
func (s pgxSuite) again(t *testing.T, direct map[string]string, r *pgxRun, known map[string]string) {
	t.Helper()
	for range 2 {
		for _, p := range r.packages {
			var names []string
			for name, verdict := range direct {
				if test, ok := topTest(name, p); ok && verdict == "PASS" && r.verdicts[name] != "PASS" && known[filepath.Join("pgx", p)+"."+test] == "" {
					names = append(names, test)
				}
			}
			if len(names) == 0 {
				continue
			}
			slices.Sort(names)
			names = slices.Compact(names)
			t.Logf("%s, %s: once more: %s", r.name, p, strings.Join(names, ", "))
			cmd := exec.Command(s.binary(p), "-test.v", "-test.timeout=200s", "-test.run", "^("+strings.Join(names, "|")+")$")
			cmd.Dir, cmd.Env = filepath.Join(s.source, p), r.env
			out, _ := cmd.CombinedOutput()
			r.note(p, out)
		}
	}
}

// topTest gives the name of the test function that a verdict of a package is about.
func topTest(name, p string) (string, bool) {
	rest, ok := strings.CutPrefix(name, filepath.Join("pgx", p)+".")
	test, _, _ := strings.Cut(rest, "/")
	return test, ok
}

func tally(verdicts map[string]string) string {
	n := map[string]int{}
	for _, v := range verdicts {
		n[v]++
	}
	return fmt.Sprintf("%d passed, %d failed, %d skipped", n["PASS"], n["FAIL"], n["SKIP"])
}

// compare demands of each test of a run the verdict that it has without the gate,
// but for those that known names with its reason; those must really differ.
func compare(t *testing.T, what string, direct map[string]string, r *pgxRun, known map[string]string) {
	t.Helper()
	for name, why := range known {
		if direct[name] == r.verdicts[name] {
			t.Errorf("%s: %s is listed as different (%s) and is not", what, name, why)
		}
	}
	var list []string
	for name, verdict := range direct {
		whole, _, _ := strings.Cut(name[strings.IndexByte(name, '.'):], "/")
		whole = name[:strings.IndexByte(name, '.')] + whole
		if r.ran(name) && verdict == "PASS" && r.verdicts[name] != verdict && known[whole] == "" {
			list = append(list, fmt.Sprintf("%s: %s directly, %s through the gate", name, verdict, r.verdicts[name]))
		}
	}
	slices.Sort(list)
	if len(list) > 0 {
		t.Errorf("%s:\n%s", what, strings.Join(list, "\n"))
	}
}

// ran says whether the test's package was part of the run.
func (r *pgxRun) ran(name string) bool {
	p, _, _ := strings.Cut(name, ".")
	return slices.ContainsFunc(r.packages, func(own string) bool { return filepath.Join("pgx", own) == p })
}
