package clients

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"strings"
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
	runs := []*suiteRun{
		{name: "gate", env: pgxThroughGate(t, pg, gated, custody.System{}), packages: pgxPackages},
		{name: "beside", env: pgxThroughGate(t, pg, beside, ofNobody), packages: []string{"pgconn", "pgtype", "pgxpool", "stdlib"},
			waits: map[string]string{"pgconn": "^Test(ConnWaitForNotification|ConnCopyFromConnectionTerminated)$"}},
		{name: "direct", env: pgxDirect(t, pg, direct), packages: pgxPackages},
	}
	suite.runAll(t, runs)
	if n := len(runs[2].verdicts); n < 1000 {
		t.Errorf("only %d tests ran", n)
	}
	suite.again(t, runs[2].verdicts, runs[0], pgxDiffers)
	suite.again(t, runs[2].verdicts, runs[1], pgxDiffersBeside)
	suite.compare(t, "nothing declared", runs[2].verdicts, runs[0], pgxDiffers)
	suite.compare(t, "a table declared beside", runs[2].verdicts, runs[1], pgxDiffersBeside)
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
	s := custodytest.NewSite(t, pg, database, system, custodytest.Superuser(t, pg), upstreamTLS(t, pg, database), func(o *site.Options) {
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

// buildPgxTests makes the test binaries from the source that go.mod names.
func buildPgxTests(t *testing.T) goSuite {
	t.Helper()
	source := moduleDir(t, ".", "github.com/jackc/pgx/v5")
	// What is left out fills messages of a gigabyte and asks no server.
	s := goSuite{name: "pgx", binaries: t.TempDir(), source: source, skip: "^Test(Query|Bind)BiggerThanMaxMessageBodyLen$"}
	for _, p := range pgxPackages {
		s.build(t, source, "./"+p, p)
	}
	return s
}
