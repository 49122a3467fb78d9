package custodytest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// startTries is how often a start is tried again when another process took the
// free port in between, or when the backends of a killed server are still leaving.
const startTries = 20

// StartPostgres starts a server without a test around it, for benchmarks and the
// demonstration. Close ends it; so does the end of this process.
func StartPostgres(opts ...PGOption) (*PG, error) {
	var o pgOptions
	for _, opt := range opts {
		opt(&o)
	}
	tools, err := findTools()
	if err != nil {
		return nil, err
	}
	pg := &PG{Host: "127.0.0.1", Port: o.port, User: superuser, tools: tools, account: serverAccount(), keep: o.dir != ""}
	if err := pg.lay(&o); err != nil {
		return nil, fmt.Errorf("PostgreSQL for tests: %w", err)
	}
	if err := pg.start(o.port == 0); err != nil {
		pg.Close()
		return nil, err
	}
	return pg, nil
}

// lay makes the folder of the server: data from the template, certificates,
// configuration. A folder kept from an earlier start keeps its data.
func (pg *PG) lay(o *pgOptions) error {
	template, err := findTemplate(pg.tools, pg.account)
	if err != nil {
		return err
	}
	if pg.root, err = makeRoot(o.dir); err != nil {
		return err
	}
	pg.Dir, pg.LogFile = filepath.Join(pg.root, "data"), filepath.Join(pg.root, "log")
	if _, err := os.Stat(filepath.Join(pg.Dir, "PG_VERSION")); err != nil {
		if err := copyTree(template, pg.root); err != nil {
			return err
		}
	}
	password, err := os.ReadFile(filepath.Join(pg.root, "password"))
	if err != nil {
		return err
	}
	pg.Password = string(password)
	if !o.plain {
		pg.RootCert = filepath.Join(pg.root, "tls", "ca.crt")
	}
	if err := pg.configure(o); err != nil {
		return err
	}
	pg.SocketDir = pg.root
	return pg.account.own(pg.root)
}

// makeRoot makes the server's folder. It is under /tmp and not under the test's own
// folder because a socket's path may have 107 bytes, and because the server's
// account must be able to reach it.
func makeRoot(dir string) (string, error) {
	if dir == "" {
		return os.MkdirTemp("/tmp", "custody-pg-")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return abs, os.MkdirAll(abs, 0o700)
}

func (pg *PG) configure(o *pgOptions) error {
	lines := []string{
		"listen_addresses = '127.0.0.1'",
		"unix_socket_directories = '" + pg.root + "'",
		"fsync = off", "synchronous_commit = off", "full_page_writes = off",
		"max_connections = 400", "shared_buffers = '128MB'", "max_wal_size = '2GB'",
		"timezone = 'UTC'", "log_timezone = 'UTC'", "lc_messages = 'C'",
		"password_encryption = 'scram-sha-256'",
	}
	if !o.plain {
		lines = append(lines, "ssl = on", "ssl_cert_file = '../tls/server.crt'",
			"ssl_key_file = '../tls/server.key'", "ssl_ca_file = '../tls/ca.crt'")
	}
	lines = append(lines, o.settings...)
	if err := writeLines(filepath.Join(pg.Dir, "postgresql.auto.conf"), lines); err != nil {
		return err
	}
	hba := append(o.hba, "local all all scram-sha-256", "host all all 127.0.0.1/32 scram-sha-256")
	return writeLines(filepath.Join(pg.Dir, "pg_hba.conf"), hba)
}

func writeLines(path string, lines []string) error {
	return os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600)
}

// start runs the server and returns when it takes connections.
func (pg *PG) start(choosePort bool) error {
	pg.mu.Lock()
	defer pg.mu.Unlock()
	var err error
	for range startTries {
		if choosePort {
			if pg.Port, err = freePort(); err != nil {
				return err
			}
		}
		pg.URL = pg.URLFor("postgres")
		if pg.server, err = runServer(pg); err != nil {
			return err
		}
		if err = pg.awaitReady(); err == nil {
			return nil
		}
		pg.server.end(syscall.SIGQUIT)
		pg.server = nil
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("PostgreSQL does not start: %w\n%s", err, pg.Log(2000))
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// awaitReady tries to connect until the server answers or has ended.
func (pg *PG) awaitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		conn, err := pgconn.Connect(ctx, pg.URL)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-pg.server.done:
			return errors.New("the server ended at once")
		case <-ctx.Done():
			return err
		case <-time.After(15 * time.Millisecond):
		}
	}
}

// Start starts a stopped server again, on the same port and data.
func (pg *PG) Start(tb testing.TB) {
	tb.Helper()
	if err := pg.start(false); err != nil {
		tb.Fatal(err)
	}
}

// Stop ends the server in order: open connections are cut, data is written.
func (pg *PG) Stop(tb testing.TB) { tb.Helper(); pg.stop(tb, syscall.SIGINT) }

// Kill ends every process of the server with SIGKILL, like a crash of the machine
// without the loss of the page cache.
func (pg *PG) Kill(tb testing.TB) { tb.Helper(); pg.stop(tb, syscall.SIGKILL) }

// RestartImmediate ends the server without a checkpoint and starts it again: open
// connections are cut and it recovers from its log.
func (pg *PG) RestartImmediate(tb testing.TB) {
	tb.Helper()
	pg.stop(tb, syscall.SIGQUIT)
	pg.Start(tb)
}

func (pg *PG) stop(tb testing.TB, sig syscall.Signal) {
	tb.Helper()
	if pg.shared {
		tb.Fatal("the shared PostgreSQL may not be stopped: ask for custodytest.Separate()")
	}
	pg.end(sig)
}

func (pg *PG) end(sig syscall.Signal) {
	pg.mu.Lock()
	defer pg.mu.Unlock()
	if pg.server != nil {
		pg.server.end(sig)
		pg.server = nil
	}
}

// Close ends the server and removes its files, unless they were asked to be kept.
func (pg *PG) Close() {
	if pg.keep {
		pg.end(syscall.SIGINT)
		return
	}
	pg.end(syscall.SIGQUIT)
	os.RemoveAll(pg.root)
}

// postmaster reads the server's process number.
func (pg *PG) postmaster() (int, error) {
	b, err := os.ReadFile(filepath.Join(pg.Dir, "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return strconv.Atoi(line)
}
