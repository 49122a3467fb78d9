package main

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"custody/custodytest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"custody": main})
}

// TestScripts runs the acceptance tests: what an administrator types, and what they
// see. See the README of testscript for the language; commands of our own are below.
func TestScripts(t *testing.T) {
	pg := custodytest.Postgres(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			port, err := freePort()
			if err != nil {
				return err
			}
			env.Setenv("PGHOSTPORT", pg.Host+":"+strconv.Itoa(pg.Port))
			env.Setenv("GATE", "127.0.0.1:"+port)
			env.Setenv("GATEPORT", port)
			portal, err := freePort()
			if err != nil {
				return err
			}
			env.Setenv("PORTAL", "127.0.0.1:"+portal)
			env.Setenv("CONSOLEPORT", portal) // of scripts that have a console there, and no portal
			env.Setenv("TOMORROW", time.Now().Add(24*time.Hour).UTC().Format("2006-01-02T15:04:05Z"))
			env.Setenv("LC_ALL", "C.UTF-8")
			env.Setenv("PATH", env.Getenv("PATH")+string(os.PathListSeparator)+"/usr/bin"+string(os.PathListSeparator)+"/bin")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"createdb": func(ts *testscript.TestScript, neg bool, args []string) { createDB(t, pg, ts, args) },
			"bodyshop": func(ts *testscript.TestScript, neg bool, args []string) { loadBodyshop(t, pg, ts, args) },
			"website":  func(ts *testscript.TestScript, neg bool, args []string) { serveBodyshop(pg, ts) },
			"sql":      func(ts *testscript.TestScript, neg bool, args []string) { runSQL(pg, ts, args) },
			"await":    awaitOutput,
			"exits":    exits,
			"answers":  answers,
			"json":     jsonLines,
			"setenv":   setenv,
			"replace":  replace,
			"until":    until,
			"flip":     flip,
		},
	})
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

// createDB runs the SQL of a file in a database of its own and sets $URL to the
// connection string, and $DB to the database's name.
func createDB(t *testing.T, pg *custodytest.PG, ts *testscript.TestScript, args []string) {
	var script string
	if len(args) > 0 {
		script = ts.ReadFile(args[0])
	}
	name := pg.CreateDatabase(t, script)
	ts.Setenv("DB", name)
	ts.Setenv("URL", pg.URLFor(name))
}

// runSQL runs statements in $DB as the superuser, beside the gate.
func runSQL(pg *custodytest.PG, ts *testscript.TestScript, args []string) {
	conn, err := pgConnect(pg.URLFor(ts.Getenv("DB")))
	ts.Check(err)
	defer conn.Close()
	for _, statement := range args {
		ts.Check(conn.exec(statement))
	}
}

// exits runs a command and checks its exit code: exits 3 custody person show nobody.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND …")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var exit interface{ ExitCode() int }
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// jsonLines checks that every line of a file (stdout, stderr) is one JSON object.
func jsonLines(ts *testscript.TestScript, neg bool, args []string) {
	n := 0
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			ts.Fatalf("%q is not an object: %v", line, err)
		}
		n++
	}
	if n == 0 {
		ts.Fatalf("%s is empty", args[0])
	}
}

// setenv sets a variable to the first group of a pattern in a file, or to all of it.
func setenv(ts *testscript.TestScript, neg bool, args []string) {
	text := strings.TrimSpace(ts.ReadFile(args[1]))
	if len(args) > 2 {
		m := regexp.MustCompile(args[2]).FindStringSubmatch(text)
		if m == nil {
			ts.Fatalf("%s has no %s", args[1], args[2])
		}
		text = m[1]
	}
	ts.Setenv(args[0], text)
}

// replace changes the first OLD to NEW in a file; there must be one. \n in NEW is a new line.
func replace(ts *testscript.TestScript, neg bool, args []string) {
	text := ts.ReadFile(args[2])
	if !strings.Contains(text, args[0]) {
		ts.Fatalf("%s does not contain %q", args[2], args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(strings.Replace(text, args[0], strings.ReplaceAll(args[1], `\n`, "\n"), 1)), 0o600))
}

// until runs a command again and again until its output matches: until PATTERN COMMAND.
func until(ts *testscript.TestScript, neg bool, args []string) {
	pattern := regexp.MustCompile(args[0])
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if err := ts.Exec(args[1], args[2:]...); err == nil && pattern.MatchString(ts.ReadFile("stdout")) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s never came", args[0])
		}
	}
}

// flip changes one bit of a file, at an offset in bytes.
func flip(ts *testscript.TestScript, neg bool, args []string) {
	offset, err := strconv.Atoi(args[1])
	ts.Check(err)
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	data[offset] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o600))
}

// gates are the running background gates, by script.
var gates sync.Map

// awaitOutput starts a gate in the background and waits until it says that it
// listens: await gate1 custody serve. With "stop" it ends it as an administrator does, with
// "kill" as a crash does.
func awaitOutput(ts *testscript.TestScript, neg bool, args []string) {
	key := ts.MkAbs(args[0])
	if args[1] == "stop" || args[1] == "kill" {
		g, ok := gates.LoadAndDelete(key)
		if !ok {
			ts.Fatalf("%s does not run", args[0])
		}
		if args[1] == "kill" {
			g.(*gateProcess).crash()
			return
		}
		ts.Check(g.(*gateProcess).stop())
		return
	}
	g, err := startGate(ts, args[1:])
	ts.Check(err)
	gates.Store(key, g)
	ts.Defer(func() {
		if _, running := gates.LoadAndDelete(key); running {
			_ = g.stop()
		}
	})
}

// firstLine waits for one line of a program's output.
func firstLine(r io.Reader) (string, error) {
	lines := make(chan string, 1)
	go func() {
		s := bufio.NewScanner(r)
		if s.Scan() {
			lines <- s.Text()
		}
		close(lines)
		_, _ = io.Copy(io.Discard, r)
	}()
	select {
	case line, ok := <-lines:
		if !ok {
			return "", errors.New("it ended without a word")
		}
		return line, nil
	case <-time.After(time.Minute):
		return "", fmt.Errorf("nothing after a minute")
	}
}

// answers asks the portal for a path until it answers with the status and, if there is
// one, the text: answers 503 / 'taken offline'. A gate hears a switch within a second.
func answers(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: answers STATUS PATH [TEXT]")
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	last := ""
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		req, err := http.NewRequest(http.MethodGet, "https://"+ts.Getenv("PORTAL")+args[1], nil)
		ts.Check(err)
		req.Header.Set("Accept", "text/html")
		resp, err := client.Do(req)
		if err != nil {
			last = err.Error()
			continue
		}
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if last = resp.Status + " " + string(b); strconv.Itoa(resp.StatusCode) == args[0] && (len(args) < 3 || strings.Contains(last, args[2])) {
			return
		}
	}
	ts.Fatalf("the portal answers %s", last)
}
