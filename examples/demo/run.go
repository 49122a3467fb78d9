package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"custody/custodytest"
)

// demo is one run of the story.
type demo struct {
	ctx         context.Context
	once        bool
	began       time.Time
	root        string // everything of the demo lies here
	dir         string // custody's working directory
	binary      string
	pg          *custodytest.PG
	app         *exec.Cmd // the web application
	origin      string    // where it is
	gate        *exec.Cmd
	address     string // of the gate for SQL
	portal      string // of the gate for browsers
	console     string // where alerts are shown
	work        *branchWork
	tokens      map[string]string
	logins      map[string]*login
	greeted     map[string]bool
	hushed      bool   // what directories send is not shown
	scim        string // of the gate for employers' directories
	directories map[string]*directory
	seen        []string // the customers whom Dave has seen
	browser     *browser // Alice's
	alert       int64    // about Frank
}

// customers is the size of the repair group.
const customers = 50000

func (d *demo) say(format string, args ...any) { fmt.Printf(format+"\n", args...) }

func (d *demo) title(text string) { fmt.Printf("\n\033[1m%s\033[0m\n", text) }

// place finds a folder that outlives this run, so that the next one is quick. It
// must be ours: a folder of somebody else's with that name is refused.
func (d *demo) place() error {
	d.root = filepath.Join(os.TempDir(), fmt.Sprintf("custody-demo-%d", os.Getuid()))
	if err := os.MkdirAll(d.root, 0o755); err != nil {
		return err
	}
	info, err := os.Lstat(d.root)
	if err != nil {
		return err
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); !info.IsDir() || !ok || int(owner.Uid) != os.Getuid() {
		return fmt.Errorf("%s belongs to somebody else; set TMPDIR to a folder of your own", d.root)
	}
	if d.binary, err = filepath.Abs("bin/custody"); err != nil {
		return err
	}
	d.dir = filepath.Join(d.root, "custody")
	d.tokens, d.greeted, d.logins = map[string]string{}, map[string]bool{}, map[string]*login{}
	return os.RemoveAll(d.dir)
}

// custody runs a command of the command line, shows it, and gives its output.
func (d *demo) custody(args ...string) (string, error) {
	d.say("   $ custody %s", shown(args))
	out, err := d.quiet(args...)
	if err != nil {
		return out, fmt.Errorf("custody %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return out, nil
}

// quiet runs a command without showing it.
func (d *demo) quiet(args ...string) (string, error) {
	cmd := exec.CommandContext(d.ctx, d.binary, args...)
	cmd.Env = append(os.Environ(), "CUSTODY_DIR="+d.dir)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// shown writes arguments as one would type them; a database URL loses its password.
func shown(args []string) string {
	var words []string
	for _, a := range args {
		if strings.HasPrefix(a, "postgres://") {
			a = "postgres://…"
		}
		if strings.ContainsAny(a, " '\"") {
			a = `"` + a + `"`
		}
		words = append(words, a)
	}
	return strings.Join(words, " ")
}

// indent prints lines under a command, at most n of them.
func (d *demo) indent(text string, n int) {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, line := range lines {
		if i == n && len(lines) > n+1 {
			d.say("     … %d more lines", len(lines)-n)
			return
		}
		d.say("     %s", line)
	}
}

// psql runs one statement as somebody and gives what psql prints, errors included.
func (d *demo) psql(login, sql string) (string, error) {
	d.say("   %s> %s", login[:strings.IndexByte(login, '@')], sql)
	host, port, _ := net.SplitHostPort(d.address)
	cmd := exec.CommandContext(d.ctx, "psql", "-X", "-P", "pager=off", "-P", "footer=off", "-c", sql)
	cmd.Env = append(os.Environ(), "PGHOST="+host, "PGPORT="+port, "PGDATABASE=bodyshop", "PGSSLMODE=require",
		"PGUSER="+login, "PGPASSWORD="+d.tokens[login], "PGCLIENTENCODING=UTF8")
	out, err := cmd.CombinedOutput()
	return d.greetOnce(login, string(out)), err
}

// greetOnce leaves out a greeting that was shown before.
func (d *demo) greetOnce(login, out string) string {
	line, rest, _ := strings.Cut(out, "\n")
	if d.greeted[login] && strings.HasPrefix(line, "NOTICE:") {
		return rest
	}
	d.greeted[login] = true
	return out
}

// url is the connection string of a login through the gate, for pgx.
func (d *demo) url(login string) string {
	host, port, _ := net.SplitHostPort(d.address)
	return fmt.Sprintf("host=%s port=%s dbname=bodyshop user=%s password=%s sslmode=require", host, port, login, d.tokens[login])
}

// serve starts the gate and waits until it says that clients may come.
func (d *demo) serve() error {
	d.say("   $ custody serve")
	d.gate = exec.Command(d.binary, "serve", "--listen", free("127.0.0.1:6432"))
	d.gate.Env = append(os.Environ(), "CUSTODY_DIR="+d.dir)
	line, err := begin(d.gate)
	if err != nil {
		return fmt.Errorf("the gate did not start: %w", err)
	}
	d.address = lastWord(line)
	d.say("     %s Browsers go to %s; the console is at %s.", strings.TrimSpace(line), d.portal, d.console)
	return nil
}

// close ends the gate, the application and the database.
func (d *demo) close() {
	for _, cmd := range []*exec.Cmd{d.gate, d.app} {
		if cmd != nil && cmd.Process != nil {
			_ = cmd.Process.Signal(syscall.SIGTERM)
			_ = cmd.Wait()
		}
	}
	if d.pg != nil {
		d.pg.Close()
	}
}

// stayUp waits for Ctrl-C, or for the gate to end.
func (d *demo) stayUp() {
	gone := make(chan error, 1)
	go func() { gone <- d.gate.Wait() }()
	select {
	case <-d.ctx.Done():
	case <-gone:
		d.say("the gate has ended")
	}
	d.gate = nil
}

// expect turns a broken story into an error.
func expect(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return errors.New("the story did not go as told: " + fmt.Sprintf(format, args...))
}
