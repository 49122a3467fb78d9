package custodytest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/note"

	"custody"
	"custody/site"
	"custody/store"
)

// childVariable tells a test binary that it is to be a gate.
const childVariable = "CUSTODYTEST_GATE"

// childSpec is what a gate in a process of its own needs to know.
type childSpec struct {
	Store, Ledger, Database, SignerKey, Address string
	Superuser                                   bool
	Key                                         []byte
	System                                      custody.System
}

// Main is for TestMain of packages that use Child: it runs the gate if this
// process is one, and the tests otherwise.
func Main(m *testing.M) {
	if text := os.Getenv(childVariable); text != "" {
		if err := beGate(text); err != nil {
			fmt.Fprintln(os.Stderr, err, unwrapAll(err))
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// beGate serves until it is killed.
func beGate(text string) error {
	var spec childSpec
	if err := json.Unmarshal([]byte(text), &spec); err != nil {
		return err
	}
	st, err := store.Open(spec.Store)
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(spec.SignerKey)
	if err != nil {
		return err
	}
	upstream, err := pgx.ParseConfig(spec.Database)
	if err != nil {
		return err
	}
	s, err := site.Open(context.Background(), site.Options{
		Store: st, LedgerDir: spec.Ledger, Signer: signer, Key: spec.Key,
		Systems: []site.System{{System: spec.System, Upstream: upstream, AllowSuperuser: spec.Superuser}},
		Log:     slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", spec.Address)
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	return s.Serve(l)
}

// Child is a gate in a process of its own.
type Child struct {
	Address string
	cmd     *exec.Cmd
}

// Child stops the site and serves it from a child process, at the same address,
// until Kill; then Start serves it from this process again.
func (s *Site) Child() *Child {
	s.tb.Helper()
	s.Stop()
	sys := &s.Options.Systems[0]
	text, err := json.Marshal(childSpec{
		Store: s.Dir + "/custody.db", Ledger: s.Options.LedgerDir, Superuser: sys.AllowSuperuser,
		Database: s.PG.UserURL(sys.Upstream.User, sys.Upstream.Password, s.Database), SignerKey: s.signerKey, Address: s.Address, Key: s.Options.Key, System: sys.System,
	})
	if err != nil {
		s.tb.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+string(text))
	cmd.Stderr = s.Log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.tb.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		s.tb.Fatalf("the gate did not start: %s", s.Log)
	}
	c := &Child{Address: strings.TrimSpace(line), cmd: cmd}
	s.tb.Cleanup(c.Kill)
	return c
}

// Kill ends the gate as a power cut would end its process, and waits for it.
func (c *Child) Kill() {
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
}

// PID is the process id of the gate.
func (c *Child) PID() int { return c.cmd.Process.Pid }
