package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"custody"
	"custody/custodytest"
	"custody/examples/bodyshop"
	"custody/identity"
	"custody/policy"
	"custody/signin"
	"custody/store"
)

// helperVariable tells this program to be the application (app and a database) or the
// bare reverse proxy (proxy and an address).
const helperVariable = "CUSTODY_BENCH_HELPER"

// helper is such a process.
type helper struct {
	cmd *exec.Cmd
	url string
}

func startHelper(what string) (*helper, error) {
	h := &helper{cmd: exec.Command("/proc/self/exe")}
	h.cmd.Env = append(os.Environ(), helperVariable+"="+what)
	h.cmd.Stderr = os.Stderr
	h.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := h.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	h.url = "http://" + strings.TrimSpace(line)
	return h, err
}

func (h *helper) stop() {
	_ = h.cmd.Process.Kill()
	_ = h.cmd.Wait()
}

// beHelper serves until it is killed.
func beHelper(what string) error {
	kind, arg, _ := strings.Cut(what, " ")
	var handler http.Handler
	var err error
	if kind == "proxy" {
		to, err := url.Parse(arg)
		if err != nil {
			return err
		}
		handler = httputil.NewSingleHostReverseProxy(to)
	} else if handler, err = newApplication(arg); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	return http.Serve(l, handler)
}

// newApplication answers with customers that it read once: what is measured is the way
// to the client, not a database.
func newApplication(database string) (http.Handler, error) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	type customer struct {
		ID    int64  `json:"id"`
		Name  string `json:"name"`
		Phone string `json:"phone"`
		Email string `json:"email"`
		Town  string `json:"town"`
	}
	rows, err := conn.Query(ctx, "SELECT id, name, coalesce(phone, ''), coalesce(email, ''), coalesce(town, '') FROM customers ORDER BY id")
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[customer])
	if err != nil {
		return nil, err
	}
	page, err := json.Marshal(map[string]any{"customers": all[:100]})
	if err != nil {
		return nil, err
	}
	var lines strings.Builder
	c := csv.NewWriter(&lines)
	for _, x := range all {
		_ = c.Write([]string{strconv.FormatInt(x.ID, 10), x.Name, x.Phone, x.Email, x.Town})
	}
	c.Flush()
	m := http.NewServeMux()
	m.HandleFunc("/customers.json", func(w http.ResponseWriter, _ *http.Request) { answer(w, "application/json", page) })
	m.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) { answer(w, "text/html; charset=utf-8", plainPage) })
	var n atomic.Int64
	m.HandleFunc("/changing", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, "text/html; charset=utf-8", fmt.Appendf(nil, "%s<!-- %d -->", plainPage, n.Add(1)))
	})
	m.HandleFunc("/customers.csv", func(w http.ResponseWriter, r *http.Request) {
		mb, _ := strconv.Atoi(r.FormValue("mb"))
		w.Header().Set("Content-Type", "text/csv")
		_, err := w.Write([]byte("id,name,phone,email,town\n"))
		text := []byte(lines.String())
		for sent := 0; err == nil && sent < mb<<20; sent += len(text) {
			_, err = w.Write(text)
		}
	})
	return m, nil
}

func answer(w http.ResponseWriter, contentType string, b []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_, _ = w.Write(b)
}

// plainPage is a page of furniture: a menu, a table of prices.
var plainPage = []byte("<!doctype html><html><head><title>Prices</title></head><body><nav><a href=\"/\">Start</a></nav><table>" +
	strings.Repeat("<tr><td>Labour, panel</td><td class=\"right\">per hour</td><td>net</td></tr>\n", 50) + "</table></body></html>")

// newWeb starts application, proxy and gate on a database of 2,000 customers.
func newWeb(ctx context.Context, w *world) (x *web, err error) {
	const name = "portal"
	x = &web{dir: filepath.Join(w.dir, "portal")}
	if err := os.MkdirAll(x.dir, 0o755); err != nil {
		return nil, err
	}
	if err := w.smallDatabase(ctx, name); err != nil {
		return nil, err
	}
	system := custodytest.BodyshopSystem()
	role, err := w.pg.GateRole(ctx, name, &system)
	if err != nil {
		return nil, err
	}
	if x.app, err = startHelper("app " + w.pg.URLFor(name)); err != nil {
		return x, err
	}
	if x.proxy, err = startHelper("proxy " + x.app.url); err != nil {
		return x, err
	}
	database := w.pg.UserURL(role.User, role.Password, name)
	for i, program := range append([]string{"/proc/self/exe"}, w.o.beside...) {
		dir := filepath.Join(x.dir, fmt.Sprint("gate", i))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return x, err
		}
		g, err := newGate(program, dir, database, name, w.o.profile != "" && i == 0, x.app.url)
		if err != nil {
			return x, err
		}
		x.gates = append(x.gates, guarded{gateProcess: g})
		if err := x.gates[i].cookies(name); err != nil {
			return x, err
		}
	}
	return x, nil
}

// cookies signs in who sees everything and who sees it masked.
func (g *guarded) cookies(system string) (err error) {
	if g.clear, err = g.cookie(system, "clear@northfield.example", policy.Grant{See: custody.Categories(custody.AllCategories()...), Export: true}); err != nil {
		return err
	}
	g.veil, err = g.cookie(system, "veil@northfield.example", policy.Grant{See: custody.Categories(custody.Name, custody.Address, custody.Bank), Mask: custody.Categories(custody.Phone, custody.Email)})
	return err
}

func (w *world) smallDatabase(ctx context.Context, name string) error {
	conn, err := pgx.Connect(ctx, w.pg.URL)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return err
	}
	data, err := pgx.Connect(ctx, w.pg.URLFor(name))
	if err != nil {
		return err
	}
	defer data.Close(ctx)
	return bodyshop.LoadLean(ctx, data, 2000, 1)
}

// cookie adds a person to the running gate's store and signs them in.
func (g *guarded) cookie(system, login string, grant policy.Grant) (string, error) {
	st, err := store.Open(g.spec.Store)
	if err != nil {
		return "", err
	}
	defer st.Close()
	id, err := identity.New(identity.Options{Storage: st, Key: benchKey})
	if err != nil {
		return "", err
	}
	if _, err := id.AddPerson(identity.NewPerson{Login: login, FullName: "Bench Smith", Organisation: "Northfield", Roles: []string{"estimator"}}); err != nil {
		return "", err
	}
	grant.Person, grant.System, grant.Start = login, system, time.Now().Add(-time.Minute)
	if err := st.AddGrant(&grant); err != nil {
		return "", err
	}
	cookie, _, sess, err := id.SignInBrowser(context.Background(), identity.SignIn{Login: login, System: system, Method: identity.MethodPassword, Address: "127.0.0.1", Agent: "wrk", TTL: time.Hour})
	if err != nil {
		return "", err
	}
	notice := signin.DefaultNotice()
	if err := id.AcceptNotice(sess, notice.Version, notice.Text); err != nil {
		return "", err
	}
	return "__Host-custody_" + system + "=" + cookie, id.Close(sess, custody.CodeNone)
}
