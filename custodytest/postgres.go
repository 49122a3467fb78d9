// Package custodytest runs the real parts of Custody in temporary folders for
// tests, benchmarks and the demonstration: a private PostgreSQL, and a gate with
// its ledger in front of it.
package custodytest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// PG is a running private PostgreSQL server. It listens on a free loopback port
// and on a unix socket, asks for SCRAM passwords on both, and speaks TLS to those
// who ask for it. It ends with the process that started it, however that ends.
type PG struct {
	URL       string // superuser, database postgres, no TLS
	Host      string // 127.0.0.1
	SocketDir string // the folder of the unix socket .s.PGSQL.<Port>
	Port      int
	User      string // the superuser
	Password  string
	Dir       string // data directory
	RootCert  string // certificate authority of the server's certificate, PEM; empty without TLS
	LogFile   string // the server's own log

	shared  bool
	account account
	tools   tools
	root    string // holds Dir, the sockets, the certificates and the log
	keep    bool
	mu      sync.Mutex
	server  *server // nil while stopped
}

// PGOption changes how a server is started. Every option asks for a server of the
// caller's own.
type PGOption func(*pgOptions)

type pgOptions struct {
	separate bool
	plain    bool
	hba      []string
	settings []string
	dir      string
	port     int
}

// Separate asks for a server that no other test uses: for those that stop it.
func Separate() PGOption { return func(o *pgOptions) { o.separate = true } }

// WithoutTLS makes a server that answers no to TLS.
func WithoutTLS() PGOption {
	return func(o *pgOptions) { o.separate, o.plain = true, true }
}

// WithSetting adds a line to postgresql.conf; later ones win.
func WithSetting(name, value string) PGOption {
	return func(o *pgOptions) {
		o.separate = true
		o.settings = append(o.settings, name+" = '"+strings.ReplaceAll(value, "'", "''")+"'")
	}
}

// WithHBA puts lines before the default ones in pg_hba.conf.
func WithHBA(lines ...string) PGOption {
	return func(o *pgOptions) {
		o.separate = true
		o.hba = append(o.hba, lines...)
	}
}

// InDir keeps the server's files in dir, and leaves them there when it ends, so
// that a later start finds its data again.
func InDir(dir string) PGOption {
	return func(o *pgOptions) { o.separate, o.dir = true, dir }
}

// OnPort asks for a certain port instead of a free one.
func OnPort(port int) PGOption {
	return func(o *pgOptions) { o.separate, o.port = true, port }
}

var shared struct {
	once sync.Once
	pg   *PG
	err  error
}

// Postgres gives a running PostgreSQL: the one that all tests of this binary share,
// or with options one that ends with tb. It fails tb when there is none to be had.
// Tests that share it keep apart by databases: see CreateDatabase.
func Postgres(tb testing.TB, opts ...PGOption) *PG {
	tb.Helper()
	if len(opts) > 0 {
		pg, err := StartPostgres(opts...)
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(pg.Close)
		return pg
	}
	shared.once.Do(func() {
		shared.pg, shared.err = StartPostgres()
		if shared.err == nil {
			shared.pg.shared = true
		}
	})
	if shared.err != nil {
		tb.Fatal(shared.err)
	}
	return shared.pg
}

// URLFor gives the superuser's connection string for a database.
func (pg *PG) URLFor(database string) string {
	return pg.UserURL(pg.User, pg.Password, database)
}

// UserURL gives the connection string of any user for a database, without TLS.
func (pg *PG) UserURL(user, password, database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(user, password),
		Host:     pg.Host + ":" + strconv.Itoa(pg.Port),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

var databases atomic.Uint32

// CreateDatabase makes an empty database with a name of its own, runs the
// statements in it, gives its name, and drops it when tb ends.
func (pg *PG) CreateDatabase(tb testing.TB, statements ...string) string {
	tb.Helper()
	name := fmt.Sprintf("t%d", databases.Add(1))
	pg.Exec(tb, "postgres", "CREATE DATABASE "+name)
	tb.Cleanup(func() { pg.dropDatabase(name) })
	if len(statements) > 0 {
		pg.Exec(tb, name, statements...)
	}
	return name
}

// dropDatabase is tidiness only: the whole server goes away at the end.
func (pg *PG) dropDatabase(name string) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, pg.URL)
	if err != nil {
		return
	}
	defer conn.Close(ctx)
	conn.Exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
}

// Exec runs scripts in a database as the superuser; each may hold several statements.
func (pg *PG) Exec(tb testing.TB, database string, scripts ...string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, pg.URLFor(database))
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close(ctx)
	for _, s := range scripts {
		if _, err := conn.PgConn().Exec(ctx, s).ReadAll(); err != nil {
			tb.Fatalf("%v\nin: %.300s", err, s)
		}
	}
}

// Conn opens a superuser's connection to a database and closes it when tb ends.
func (pg *PG) Conn(tb testing.TB, database string) *pgx.Conn {
	tb.Helper()
	conn, err := pgx.Connect(context.Background(), pg.URLFor(database))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// Log gives the end of the server's log, at most n bytes, for messages of tests.
func (pg *PG) Log(n int) string {
	b, err := os.ReadFile(pg.LogFile)
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-n):])
}
