package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	_ "net/http/pprof" // served only when a profile is asked for
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/note"

	"custody"
	"custody/custodytest"
	"custody/identity"
	"custody/ledger"
	"custody/policy"
	"custody/site"
	"custody/store"
	"custody/subjects"
)

// gateVariable tells this program that it is to be the gate.
const gateVariable = "CUSTODY_BENCH_GATE"

// gateSpec is what the gate's process needs to know.
type gateSpec struct {
	Store, Ledger, Database, Signer string
	Certificate, CertificateKey, CA []byte
	System                          custody.System
	Profile                         bool
	Application                     string // in front of which there is a portal; empty for none
}

// benchKey is the deployment's secret.
var benchKey = bytes.Repeat([]byte{7}, 32)

// beGate serves until it is killed. It prints its address, and that of its
// profiles if there are any.
func beGate(text string) error {
	var spec gateSpec
	if err := json.Unmarshal([]byte(text), &spec); err != nil {
		return err
	}
	if !spec.Profile {
		runtime.MemProfileRate = 0 // as in the product, which has no profiles
	}
	st, err := store.Open(spec.Store)
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(spec.Signer)
	if err != nil {
		return err
	}
	upstream, err := pgx.ParseConfig(spec.Database)
	if err != nil {
		return err
	}
	tls, err := site.ServerTLS(spec.Certificate, spec.CertificateKey, spec.CA)
	if err != nil {
		return err
	}
	public, portal, err := spec.portal()
	if err != nil {
		return err
	}
	s, err := site.Open(context.Background(), site.Options{
		Store: st, LedgerDir: spec.Ledger, Signer: signer, Key: benchKey, TLS: tls,
		Systems: []site.System{{System: spec.System, Upstream: upstream, Portal: portal}},
		Log:     slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	profiles := ""
	if spec.Profile {
		pl, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		profiles = pl.Addr().String()
		go http.Serve(pl, nil)
	}
	if public == nil {
		fmt.Println(l.Addr(), profiles)
		return s.Serve(l)
	}
	fmt.Println(l.Addr(), profiles, portal.Public)
	go s.Serve(l)
	return s.ServePortal(spec.System.Name, public)
}

// portal opens the portal's listener, if there is to be one.
func (spec *gateSpec) portal() (net.Listener, *site.Portal, error) {
	if spec.Application == "" {
		return nil, nil, nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	origin, err := url.Parse(spec.Application)
	return l, &site.Portal{Public: &url.URL{Scheme: "http", Host: l.Addr().String()}, Origin: origin, Rules: custodytest.BodyshopRules(), ExportAbove: 1000,
		Corroborate: subjects.SurnamePostcode | subjects.SurnameAddress | subjects.NameBirth}, err
}

// gateProcess is a gate in a process of its own.
type gateProcess struct {
	program  string
	spec     gateSpec
	host     string
	port     int
	profiles string // address, empty if there are none
	portal   string // address of the portal, if there is one
	cmd      *exec.Cmd
	tokens   map[string]string // by login
}

// The people of the benchmark: the first sees names and phones, the second may
// export, with phones and emails masked.
const (
	looker   = "alice.smith@northfield.example"
	exporter = "erin.jones@northfield.example"
)

// newGate makes store and ledger in dir and starts a gate.
func newGate(program, dir, database, name string, profile bool, application string) (*gateProcess, error) {
	skey, _, err := note.GenerateKey(nil, "custody.example/bench")
	if err != nil {
		return nil, err
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		return nil, err
	}
	if program, err = installed(program, dir); err != nil {
		return nil, err
	}
	g := &gateProcess{program: program, tokens: map[string]string{}}
	g.spec = gateSpec{Store: filepath.Join(dir, "custody.db"), Ledger: filepath.Join(dir, "ledger"),
		Database: database, Signer: skey, System: custodytest.BodyshopSystem(), Profile: profile, Application: application}
	g.spec.System.Name = name
	if err := ledger.Create(g.spec.Ledger, ledger.Options{Origin: "custody.example/bench", Signer: signer}); err != nil {
		return nil, err
	}
	if err := g.certificates(); err != nil {
		return nil, err
	}
	if err := g.people(name); err != nil {
		return nil, err
	}
	return g, g.start()
}

func (g *gateProcess) certificates() (err error) {
	var key []byte
	if g.spec.CA, key, err = identity.CreateCA("bench", time.Now()); err != nil {
		return err
	}
	ca, err := identity.LoadCA(g.spec.CA, key)
	if err != nil {
		return err
	}
	g.spec.Certificate, g.spec.CertificateKey, err = ca.ServerCertificate([]string{"127.0.0.1"}, time.Now(), 24*time.Hour)
	return err
}

// people adds those who look, with their grants and tokens.
func (g *gateProcess) people(system string) error {
	st, err := store.Open(g.spec.Store)
	if err != nil {
		return err
	}
	defer st.Close()
	if _, err := st.EnsureSystem(system); err != nil {
		return err
	}
	id, err := identity.New(identity.Options{Storage: st, Key: benchKey})
	if err != nil {
		return err
	}
	for _, login := range []string{looker, exporter} {
		if _, err := id.AddPerson(identity.NewPerson{Login: login, FullName: "Bench Smith", Organisation: "Northfield", Roles: []string{"estimator"}}); err != nil {
			return err
		}
		grant := policy.Grant{Person: login, System: system, Start: time.Now().Add(-time.Minute),
			See: custody.Categories(custody.Name, custody.Phone, custody.Vehicle)}
		if login == exporter {
			grant.See = custody.Categories(custody.Name, custody.Address)
			grant.Mask, grant.Export = custody.Categories(custody.Phone, custody.Email), true
		}
		if err := st.AddGrant(&grant); err != nil {
			return err
		}
		token, _, err := id.IssueToken(identity.CredentialRequest{Login: login, System: system})
		if err != nil {
			return err
		}
		g.tokens[login] = token
	}
	return nil
}

// start runs the process and waits until it serves.
func (g *gateProcess) start() error {
	text, err := json.Marshal(g.spec)
	if err != nil {
		return err
	}
	g.cmd = exec.Command(g.program)
	g.cmd.Env = append(os.Environ(), gateVariable+"="+string(text))
	g.cmd.Stderr = os.Stderr
	g.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := g.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := g.cmd.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return fmt.Errorf("the gate did not start: %w", err)
	}
	address, more, _ := strings.Cut(strings.TrimSpace(line), " ")
	profiles, portal, _ := strings.Cut(more, " ")
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	g.host, g.profiles, g.portal = host, profiles, strings.TrimSpace(portal)
	g.port, err = strconv.Atoi(port)
	return err
}

func (g *gateProcess) stop() {
	_ = g.cmd.Process.Kill()
	_ = g.cmd.Wait()
}

// restart gives a process that has not served anybody yet.
func (g *gateProcess) restart() error {
	g.stop()
	return g.start()
}

// fresh gives a process whose ledger is empty: its memory is not that of the looks before.
func (g *gateProcess) fresh() error {
	g.stop()
	signer, err := note.NewSigner(g.spec.Signer)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(g.spec.Ledger); err != nil {
		return err
	}
	if err := ledger.Create(g.spec.Ledger, ledger.Options{Origin: "custody.example/bench", Signer: signer}); err != nil {
		return err
	}
	return g.start()
}

// resident is the process's memory in RAM, bytes.
func (g *gateProcess) resident() (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", g.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	var total, pages int64
	if _, err := fmt.Sscan(string(b), &total, &pages); err != nil {
		return 0, err
	}
	return pages * int64(os.Getpagesize()), nil
}

// saveProfiles keeps a CPU profile of the next seconds and then the allocations.
func (g *gateProcess) saveProfiles(dir, name string, seconds int) {
	for file, query := range map[string]string{"cpu": fmt.Sprintf("profile?seconds=%d", seconds), "allocs": fmt.Sprintf("allocs?seconds=%d", seconds), "heap": "heap"} {
		go func() {
			resp, err := http.Get("http://" + g.profiles + "/debug/pprof/" + query)
			if err != nil {
				return
			}
			defer resp.Body.Close()
			b, err := io.ReadAll(resp.Body)
			if err == nil {
				_ = os.WriteFile(filepath.Join(dir, name+"."+file+".prof"), b, 0o600)
			}
		}()
	}
}

// profileHeap keeps what the gate's memory is used for, if profiles are asked for.
func (w *world) profileHeap(name string) {
	if w.o.profile == "" || os.MkdirAll(w.o.profile, 0o700) != nil {
		return
	}
	for _, kind := range []string{"heap", "goroutine"} {
		resp, err := http.Get("http://" + w.gate.profiles + "/debug/pprof/" + kind)
		if err != nil {
			return
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err == nil {
			_ = os.WriteFile(filepath.Join(w.o.profile, name+"."+kind+".prof"), b, 0o600)
		}
	}
}
