package custodytest_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"custody/custodytest"

	"github.com/jackc/pgx/v5"
)

func TestSharedServer(t *testing.T) {
	pg := custodytest.Postgres(t)
	if again := custodytest.Postgres(t); again != pg {
		t.Fatal("the second call started another server")
	}
	a := pg.CreateDatabase(t, "CREATE TABLE x (n int); INSERT INTO x VALUES (7)")
	b := pg.CreateDatabase(t)
	var n int
	if err := pg.Conn(t, a).QueryRow(t.Context(), "SELECT n FROM x").Scan(&n); err != nil || n != 7 {
		t.Fatalf("n = %d, error %v", n, err)
	}
	if err := pg.Conn(t, b).QueryRow(t.Context(), "SELECT n FROM x").Scan(&n); err == nil {
		t.Fatal("databases are not apart")
	}
}

func TestWrongPasswordIsRefused(t *testing.T) {
	pg := custodytest.Postgres(t)
	for _, host := range []string{pg.Host, pg.SocketDir} {
		config, err := pgx.ParseConfig(pg.URL)
		if err != nil {
			t.Fatal(err)
		}
		config.Host, config.Password = host, "wrong"
		if conn, err := pgx.ConnectConfig(t.Context(), config); err == nil {
			conn.Close(t.Context())
			t.Errorf("a wrong password was accepted on %s", host)
		}
	}
}

func TestTLS(t *testing.T) {
	pg := custodytest.Postgres(t)
	url := strings.Replace(pg.URL, "sslmode=disable", "sslmode=verify-full&sslrootcert="+pg.RootCert, 1)
	if err := connects(t, url); err != nil {
		t.Errorf("verify-full: %v", err)
	}
	plain := custodytest.Postgres(t, custodytest.WithoutTLS())
	if err := connects(t, strings.Replace(plain.URL, "disable", "require", 1)); err == nil {
		t.Error("a server without TLS spoke TLS")
	}
}

func TestClientCertificate(t *testing.T) {
	pg := custodytest.Postgres(t, custodytest.WithHBA("hostssl all carol 127.0.0.1/32 cert"))
	pg.Exec(t, "postgres", "CREATE ROLE carol LOGIN")
	crt, key := pg.ClientCertificate(t, "carol")
	url := strings.Replace(pg.UserURL("carol", "", "postgres"), "disable",
		"verify-full&sslrootcert="+pg.RootCert+"&sslcert="+crt+"&sslkey="+key, 1)
	if err := connects(t, url); err != nil {
		t.Fatal(err)
	}
}

func connects(t *testing.T, url string) error {
	conn, err := pgx.Connect(t.Context(), url)
	if err == nil {
		conn.Close(t.Context())
	}
	return err
}

func TestStopKillRestart(t *testing.T) {
	pg := custodytest.Postgres(t, custodytest.Separate())
	pg.Exec(t, "postgres", "CREATE TABLE kept (n int); CHECKPOINT; INSERT INTO kept VALUES (1)")
	conn := pg.Conn(t, "postgres")
	steps := []struct {
		name string
		do   func()
	}{
		{"stop", func() { pg.Stop(t); pg.Start(t) }},
		{"kill", func() { pg.Kill(t); pg.Start(t) }},
		{"restart", func() { pg.RestartImmediate(t) }},
	}
	for _, s := range steps {
		s.do()
		if err := conn.Ping(context.Background()); err == nil {
			t.Errorf("%s: an open connection survived", s.name)
		}
		conn = pg.Conn(t, "postgres")
		var n int
		if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM kept").Scan(&n); err != nil || n != 1 {
			t.Errorf("%s: %d rows, error %v", s.name, n, err)
		}
	}
}

func TestKeptFolder(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "custody-kept-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	first := custodytest.Postgres(t, custodytest.InDir(dir))
	first.Exec(t, "postgres", "CREATE TABLE kept (n int)")
	first.Close()
	second := custodytest.Postgres(t, custodytest.InDir(dir))
	second.Exec(t, "postgres", "SELECT n FROM kept")
}

// TestNothingLeftBehind starts a server in a process that is then killed, and waits
// for the server's files to go away.
func TestNothingLeftBehind(t *testing.T) {
	const marker = "CUSTODYTEST_CHILD"
	if out := os.Getenv(marker); out != "" {
		pg := custodytest.Postgres(t)
		if err := os.WriteFile(out, []byte(pg.Dir), 0o600); err != nil {
			t.Fatal(err)
		}
		select {} // until killed
	}
	note := filepath.Join(t.TempDir(), "dir")
	cmd := exec.Command(os.Args[0], "-test.run=^TestNothingLeftBehind$")
	cmd.Env = append(os.Environ(), marker+"="+note)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, "the child's server", func() bool { b, _ := os.ReadFile(note); return len(b) > 0 })
	dir, _ := os.ReadFile(note)
	cmd.Process.Kill()
	cmd.Wait()
	await(t, "the files to go", func() bool { _, err := os.Stat(filepath.Dir(string(dir))); return os.IsNotExist(err) })
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited too long for %s", what)
		}
	}
}
