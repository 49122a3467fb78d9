package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rogpeppe/go-internal/testscript"

	"custody/custodytest"
	"custody/examples/bodyshop"
	"custody/examples/bodyshop/web"
)

type sqlConn struct{ *pgconn.PgConn }

func pgConnect(url string) (sqlConn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	c, err := pgconn.Connect(ctx, url)
	return sqlConn{c}, err
}

func (c sqlConn) exec(statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := c.Exec(ctx, statement).ReadAll()
	return err
}

// Close ends the connection.
func (c sqlConn) Close() { _ = c.PgConn.Close(context.Background()) }

// gateProcess is a gate that runs in the background of a script.
type gateProcess struct {
	cmd *exec.Cmd
	log *os.File
}

// startGate starts a command in the script's folder and waits for its first line. Its
// log is in the file gate.log there.
func startGate(ts *testscript.TestScript, args []string) (*gateProcess, error) {
	program, err := lookPath(ts, args[0])
	if err != nil {
		return nil, err
	}
	log, err := os.Create(ts.MkAbs("gate.log"))
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, args[1:]...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = environment(ts)
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	g := &gateProcess{cmd, log}
	if _, err := firstLine(out); err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		text, _ := os.ReadFile(log.Name())
		return nil, fmt.Errorf("the gate does not start: %w\n%s", err, text)
	}
	return g, nil
}

// crash ends the gate without a word.
func (g *gateProcess) crash() {
	_ = g.cmd.Process.Kill()
	_ = g.cmd.Wait()
	g.log.Close()
}

// stop interrupts the gate and waits for its end, which must be an orderly one.
func (g *gateProcess) stop() error {
	defer g.log.Close()
	if err := g.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	if err := g.cmd.Wait(); err != nil {
		text, _ := os.ReadFile(g.log.Name())
		return fmt.Errorf("the gate ended badly: %w\n%s", err, text)
	}
	return nil
}

func environment(ts *testscript.TestScript) []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "LC_ALL", "CUSTODY_DIR", "CI"} {
		if v := ts.Getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return env
}

func lookPath(ts *testscript.TestScript, name string) (string, error) {
	old := os.Getenv("PATH")
	defer os.Setenv("PATH", old)
	if err := os.Setenv("PATH", ts.Getenv("PATH")); err != nil {
		return "", err
	}
	return exec.LookPath(name)
}

// loadBodyshop makes a database of the sample repair group with so many customers.
func loadBodyshop(t *testing.T, pg *custodytest.PG, ts *testscript.TestScript, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	name := pg.CreateDatabase(t)
	ts.Check(bodyshop.Load(t.Context(), pg.Conn(t, name), n, 1))
	ts.Setenv("DB", name)
	ts.Setenv("URL", pg.URLFor(name))
}

// serveBodyshop serves the sample application on $DB and sets $PORTAL to its address.
func serveBodyshop(pg *custodytest.PG, ts *testscript.TestScript) {
	pool, err := pgxpool.New(context.Background(), pg.URLFor(ts.Getenv("DB")))
	ts.Check(err)
	app, err := web.New(context.Background(), pool, web.Options{})
	ts.Check(err)
	server := httptest.NewServer(app)
	ts.Setenv("PORTAL", server.URL)
	ts.Defer(func() {
		app.Close()
		server.Close()
		pool.Close()
	})
}
