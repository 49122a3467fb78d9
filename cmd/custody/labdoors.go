package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"custody"
	"custody/identity"
	"custody/lab/live"
)

// liveDoors are the doors of a running gate, opened with credentials that this working
// directory issues.
type liveDoors struct {
	w              *workspace
	system         string
	gate           string
	portal, public string // where the portal listens, and by what browsers know it

	mu       sync.Mutex // doors are used by many at once
	issued   map[string]string
	browsers map[string]*live.Browser
}

// liveDoors finds the gate and the portal of a system.
func (w *workspace) liveDoors(l *labLive) (*liveDoors, error) {
	d := &liveDoors{w: w, system: l.system, gate: l.gate, issued: map[string]string{}, browsers: map[string]*live.Browser{}}
	if d.system == "" {
		for name := range w.systems {
			if d.system != "" {
				return nil, custody.E(custody.CodeInvalid, "--system is missing", "several systems are declared: say which")
			}
			d.system = name
		}
	}
	if _, err := w.system(d.system); err != nil {
		return nil, err
	}
	if d.gate == "" {
		d.gate = w.config.Listen
	}
	if p := w.config.Systems[d.system].Portal; p != nil && p.Listen != "" {
		scheme := "https://"
		if p.TLS == "off" {
			scheme = "http://"
		}
		d.portal, d.public = scheme+p.Listen, p.Public
	}
	return d, nil
}

// desk dials from a machine of its own.
func liveDesk(n int) *net.Dialer {
	return &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 2, byte(n))}, Timeout: 10 * time.Second}
}

// token gives a login's own, issued when it is asked for first.
func (d *liveDoors) token(login string) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if token := d.issued[login]; token != "" {
		return token, nil
	}
	token, _, err := d.w.identity.IssueToken(identity.CredentialRequest{Login: login, System: d.system, TTL: time.Hour})
	if err == nil {
		d.issued[login] = token
	}
	return token, err
}

// connect signs in at the gate for SQL with a token of its own.
func (d *liveDoors) connect(ctx context.Context, login string, desk int) (*pgx.Conn, error) {
	token, err := d.token(login)
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(d.gate)
	if err != nil {
		return nil, custody.E(custody.CodeInvalid, "--gate is not an address with a port", "write it as custody serve prints it, such as 127.0.0.1:6432")
	}
	c, err := pgx.ParseConfig(fmt.Sprintf("host=%s port=%s dbname=%s user=%s password=%s sslmode=require", host, port, d.system, login, token))
	if err != nil {
		return nil, err
	}
	c.DialFunc = liveDesk(desk).DialContext
	return pgx.ConnectConfig(ctx, c)
}

// SQL implements live.Doors.
func (d *liveDoors) SQL(ctx context.Context, login string, desk int) (live.Look, func(), error) {
	conn, err := d.connect(ctx, login, desk)
	if err != nil {
		return nil, nil, err
	}
	return live.SQL(conn, "SELECT id, phone FROM customers WHERE id = $1::text::bigint"), func() { _ = conn.Close(context.WithoutCancel(ctx)) }, nil
}

// Run implements live.Doors.
func (d *liveDoors) Run(ctx context.Context, login string, desk int, sql string) (int, error) {
	conn, err := d.connect(ctx, login, desk)
	if err != nil {
		return 0, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	results, err := conn.PgConn().Exec(ctx, sql).ReadAll()
	n := 0
	for _, r := range results {
		n += len(r.Rows)
	}
	return n, err
}

// browser gives a login's own, signed in at the portal when it is asked for first.
func (d *liveDoors) browser(ctx context.Context, login string, desk int) (*live.Browser, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	b := d.browsers[login]
	if b == nil {
		code, _, err := d.w.identity.Enrol(login, time.Hour)
		if err != nil {
			return nil, err
		}
		// The gate of this working directory, on this machine: its certificate is its own.
		b = live.NewBrowser(d.portal, d.public, &http.Transport{DialContext: liveDesk(desk).DialContext, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}})
		if err := b.SetUp(ctx, code, "orchid tunnel brass"); err != nil {
			return nil, &custody.Error{Code: custody.CodeUnavailable, Message: "nobody gets in at the portal", Hint: "is its application up? custody portal list says", Err: err}
		}
		d.browsers[login] = b
	}
	return b, nil
}

// Portal implements live.Doors: somebody who signed in at the gate, in a browser.
func (d *liveDoors) Portal(ctx context.Context, login string, desk int, path string) (status, bytes int, err error) {
	if d.portal == "" {
		return 0, 0, custody.E(custody.CodeConflict, "the system has no portal", "declare the sample's web application, as the guide says")
	}
	b, err := d.browser(ctx, login, desk)
	if err != nil {
		return 0, 0, err
	}
	page, err := b.Get(ctx, path)
	return page.Status, len(page.Text), err
}

// Leave implements live.Doors.
func (d *liveDoors) Leave(_ context.Context, login string) error {
	c, err := d.w.identity.LeaveAt(login, "", time.Time{})
	if err != nil {
		return err
	}
	_, _, err = d.w.awaitEnd(c.Person)
	return err
}
