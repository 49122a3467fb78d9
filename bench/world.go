package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"custody/custodytest"
	"custody/examples/bodyshop"
)

const database = "bodyshop"

// target is one way to the database.
type target struct {
	name string
	host string
	port int
	user string
	pass string
	pid  int // of the process between client and database, 0 if there is none
}

// url gives the target's connection string.
func (t *target) url(extra string) string {
	return fmt.Sprintf("host=%s port=%d user=%s password=%s dbname=%s %s", t.host, t.port, t.user, t.pass, database, extra)
}

func (t *target) env() []string {
	return append(os.Environ(), "PGHOST="+t.host, "PGPORT="+strconv.Itoa(t.port), "PGUSER="+t.user,
		"PGPASSWORD="+t.pass, "PGDATABASE="+database, "PGSSLMODE=disable", "PGGSSENCMODE=disable")
}

// world is what is measured.
type world struct {
	o       *options
	dir     string
	pg      *custodytest.PG
	bouncer *exec.Cmd
	gate    *gateProcess
	others  []*gateProcess // of other builds, on request
	port    int            // of pgbouncer
}

func newWorld(ctx context.Context, o *options) (*world, error) {
	w, err := emptyWorld(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := w.open(ctx); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// emptyWorld has a working folder and nothing that runs.
func emptyWorld(_ context.Context, o *options) (*world, error) {
	dir, err := filepath.Abs(o.dir)
	if err != nil {
		return nil, err
	}
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return &world{o: o, dir: dir}, nil
}

func (w *world) open(ctx context.Context) (err error) {
	if w.pg, err = custodytest.StartPostgres(custodytest.WithSetting("max_connections", "2800"),
		custodytest.WithSetting("shared_buffers", "512MB"), custodytest.WithSetting("autovacuum", "off"),
		custodytest.WithHBA("host all all 127.0.0.1/32 trust")); err != nil {
		return err
	}
	if err := w.fill(ctx); err != nil {
		return err
	}
	if err := w.startBouncer(); err != nil {
		return err
	}
	system := custodytest.BodyshopSystem()
	role, err := w.pg.GateRole(ctx, database, &system)
	if err != nil {
		return err
	}
	url := w.pg.UserURL(role.User, role.Password, database)
	w.gate, err = newGate("/proc/self/exe", w.dir, url, database, w.o.profile != "", "")
	for i, program := range w.o.beside {
		if err != nil {
			return err
		}
		var other *gateProcess
		dir := filepath.Join(w.dir, fmt.Sprint("other", i))
		if err = os.Mkdir(dir, 0o755); err == nil {
			other, err = newGate(program, dir, url, database, false, "")
			w.others = append(w.others, other)
		}
	}
	return err
}

func (w *world) fill(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, w.pg.URL)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+database); err != nil {
		return err
	}
	data, err := pgx.Connect(ctx, w.pg.URLFor(database))
	if err != nil {
		return err
	}
	defer data.Close(ctx)
	if err := bodyshop.LoadLean(ctx, data, w.o.customers, 1); err != nil {
		return err
	}
	_, err = data.Exec(ctx, "VACUUM (FREEZE, ANALYZE)")
	return err
}

// startBouncer runs pgbouncer in session pooling before the same database.
func (w *world) startBouncer() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	w.port = l.Addr().(*net.TCPAddr).Port
	l.Close()
	users := filepath.Join(w.dir, "users.txt")
	if err := os.WriteFile(users, []byte(fmt.Sprintf("%q %q\n", w.pg.User, w.pg.Password)), 0o644); err != nil {
		return err
	}
	ini := filepath.Join(w.dir, "pgbouncer.ini")
	text := strings.Join([]string{"[databases]",
		fmt.Sprintf("%s = host=127.0.0.1 port=%d", database, w.pg.Port), "[pgbouncer]",
		"listen_addr = 127.0.0.1", fmt.Sprintf("listen_port = %d", w.port), "unix_socket_dir =",
		"auth_type = trust", "auth_file = " + users, "pool_mode = session", "default_pool_size = 200",
		"max_client_conn = 3000", "logfile =", "pidfile =", "log_connections = 0", "log_disconnections = 0",
		"ignore_startup_parameters = extra_float_digits", "server_reset_query = DISCARD ALL"}, "\n")
	if err := os.WriteFile(ini, []byte(text+"\n"), 0o644); err != nil {
		return err
	}
	path, err := exec.LookPath("pgbouncer")
	if err != nil {
		path = "/usr/sbin/pgbouncer"
	}
	w.bouncer = exec.Command(path, "-q", ini)
	w.bouncer.Stderr = os.Stderr
	w.bouncer.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Credential: unprivileged()}
	if err := w.bouncer.Start(); err != nil {
		return fmt.Errorf("start pgbouncer: %w", err)
	}
	return w.await(w.port)
}

// unprivileged gives the account for pgbouncer, which refuses to be root.
func unprivileged() *syscall.Credential {
	if os.Getuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			uid, _ := strconv.ParseUint(u.Uid, 10, 32)
			gid, _ := strconv.ParseUint(u.Gid, 10, 32)
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		}
	}
	return nil
}

func (w *world) await(port int) error {
	for range 200 {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			return c.Close()
		}
		time.Sleep(25 * time.Millisecond)
	}
	return fmt.Errorf("nothing listens on port %d", port)
}

func (w *world) close() {
	for _, g := range append(w.others, w.gate) {
		if g != nil && g.cmd != nil {
			g.stop()
		}
	}
	if w.bouncer != nil && w.bouncer.Process != nil {
		_ = w.bouncer.Process.Kill()
		_ = w.bouncer.Wait()
	}
	if w.pg != nil {
		w.pg.Close()
	}
	_ = os.RemoveAll(w.dir)
}

// targets gives the three ways, the gate's as one of its people, and gates of other
// builds if there are any.
func (w *world) targets(login string) []target {
	list := []target{
		{"direct", w.pg.Host, w.pg.Port, w.pg.User, w.pg.Password, 0},
		{"pgbouncer", "127.0.0.1", w.port, w.pg.User, w.pg.Password, w.bouncer.Process.Pid},
		w.gate.target("gate", login),
	}
	for _, g := range w.others {
		list = append(list, g.target("other", login))
	}
	return list
}

func (w *world) through(login string) target { return w.gate.target("gate", login) }

func (g *gateProcess) target(name, login string) target {
	return target{name, g.host, g.port, login, g.tokens[login], g.cmd.Process.Pid}
}
