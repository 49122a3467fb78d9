// Package signin is the door for browsers: the pages and ceremonies under /.custody/
// by which a person signs in with a passkey, an OpenID provider or a password with a
// second factor, accepts the notice, and sees and ends their sessions. It gives whoever
// guards a web application the session behind a request and knows nothing of the
// application.
package signin

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"custody"
	"custody/identity"
	"custody/identity/oidc"
	"custody/identity/passkey"
	"custody/identity/password"
)

// Prefix is the path under which the door answers; no application has it.
const Prefix = "/.custody/"

// Defaults.
const (
	DefaultIdle     = 30 * time.Minute
	DefaultAbsolute = 12 * time.Hour
)

// Options are what a door needs. Identity, System and Public are required.
type Options struct {
	Identity *identity.Service
	System   string   // whose sessions these are
	Title    string   // the portal's name as people know it; System if empty
	Public   *url.URL // scheme, host and port as browsers reach it
	// RPID is the relying party of passkeys: Public's host, or a domain above it that
	// several portals share. Public's host if empty.
	RPID      string
	Notice    Notice
	Providers []*oidc.Provider
	Idle      time.Duration // DefaultIdle if zero
	Absolute  time.Duration // DefaultAbsolute if zero
	// Hasher and Throttle are shared by all doors of a site; nil makes new ones.
	Hasher   *password.Hasher
	Throttle *Throttle
	// Ended is called once for each session that Session gave and that has ended:
	// signed out, idle, revoked. It must not block.
	Ended func(*custody.Session)
	// Refused is told the login of whoever could not sign in with it. It must not block;
	// nil is told nothing.
	Refused func(login string)
	// Denied is told who says that it was not they who asked in their name; nil is told
	// nothing.
	Denied func(custody.PersonID)
	// Address gives the client's address without its port; nil reads RemoteAddr.
	Address func(*http.Request) string
	Zone    *time.Location // times on pages; UTC if nil
	Now     func() time.Time
	Log     *slog.Logger
}

// Door is safe for concurrent use.
type Door struct {
	o        Options
	id       *identity.Service
	flows    *flows
	passkeys *passkey.Ceremony // nil where the public address is a number
	mux      *http.ServeMux
	csp      string

	mu      sync.RWMutex
	live    map[[32]byte]*visit          // by the hash of the cookie
	people  map[custody.SessionID]*visit // the same, by their sessions
	opening sync.Mutex                   // one resumption at a time
}

// New makes a door. Run keeps its sessions; Close ends them.
func New(o Options) (*Door, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	sealer, err := o.Identity.Sealer("signin flow v1")
	if err != nil {
		return nil, err
	}
	d := &Door{o: o, id: o.Identity, live: map[[32]byte]*visit{}, people: map[custody.SessionID]*visit{}, flows: newFlows(sealer, o.System, o.Now)}
	d.csp = contentPolicy(o.Public)
	if _, err := netip.ParseAddr(o.RPID); err != nil { // WebAuthn knows hosts by name only
		if d.passkeys, err = passkey.New(o.RPID, o.Title, origin(o.Public)); err != nil {
			return nil, err
		}
	}
	d.routes()
	return d, nil
}

func (o *Options) complete() error {
	if o.Public == nil || o.Public.Host == "" || o.Public.Scheme != "https" && !(o.Public.Scheme == "http" && loopback(o.Public.Hostname())) {
		return custody.E(custody.CodeInvalid, "a portal's public address must be https", "plain http is for localhost only; cookies and passkeys need the rest encrypted")
	}
	if o.Title == "" {
		o.Title = o.System
	}
	if o.RPID == "" {
		o.RPID = o.Public.Hostname()
	}
	if host := o.Public.Hostname(); host != o.RPID && !strings.HasSuffix(host, "."+o.RPID) {
		return custody.E(custody.CodeInvalid, "the relying party of passkeys does not fit the portal's public address", "it is that host, or a domain above it")
	}
	if o.Idle == 0 {
		o.Idle = DefaultIdle
	}
	if o.Absolute == 0 {
		o.Absolute = DefaultAbsolute
	}
	o.defaults()
	return o.Notice.complete()
}

func (o *Options) defaults() {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Hasher == nil {
		o.Hasher = password.NewHasher(2)
	}
	if o.Throttle == nil {
		o.Throttle = NewThrottle(o.Now)
	}
	if o.Ended == nil {
		o.Ended = func(*custody.Session) {}
	}
	if o.Address == nil {
		o.Address = remoteAddress
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func remoteAddress(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }

// Run ends sessions that are idle or whose right has ended, until ctx ends.
func (d *Door) Run(ctx context.Context) {
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			d.Sweep()
		}
	}
}

func (d *Door) routes() {
	d.mux = http.NewServeMux()
	for pattern, h := range map[string]http.HandlerFunc{
		"GET /.custody/{$}":             d.home,
		"GET /.custody/sign-in":         d.signInPage,
		"POST /.custody/sign-in":        d.signIn,
		"GET /.custody/organisation":    d.organisationPage,
		"POST /.custody/organisation":   d.chooseOrganisation,
		"GET /.custody/device":          d.devicePage,
		"POST /.custody/device/begin":   d.deviceBegin,
		"POST /.custody/device/finish":  d.deviceFinish,
		"GET /.custody/keys":            d.keysPage,
		"POST /.custody/keys/remove":    d.removeKey,
		"GET /.custody/keys/password":   d.changePage,
		"POST /.custody/sign-out":       d.signOut,
		"GET /.custody/signed-out":      d.signedOut,
		"GET /.custody/enrol":           d.enrolPage,
		"POST /.custody/enrol":          d.enrol,
		"GET /.custody/enrol/set-up":    d.setUpPage,
		"POST /.custody/enrol/password": d.setUpPassword,
		"GET /.custody/notice":          d.noticePage,
		"POST /.custody/notice":         d.acceptNotice,
		"GET /.custody/confirm":         d.confirmPage,
		"POST /.custody/confirm":        d.confirm,
		"GET /.custody/sessions":        d.sessionsPage,
		"POST /.custody/sessions/end":   d.endSession,
		"GET /.custody/assets/{file}":   d.asset,
	} {
		d.mux.HandleFunc(pattern, h)
	}
	d.mux.HandleFunc("GET /.custody/oidc/{provider}", d.oidcBegin)
	d.mux.HandleFunc("GET /.custody/oidc/{provider}/callback", d.oidcFinish)
	if d.passkeys != nil {
		d.mux.HandleFunc("POST /.custody/passkey/begin", d.passkeyBegin)
		d.mux.HandleFunc("POST /.custody/passkey/finish", d.passkeyFinish)
		d.mux.HandleFunc("POST /.custody/passkey/create/begin", d.createBegin)
		d.mux.HandleFunc("POST /.custody/passkey/create/finish", d.createFinish)
	}
	d.mux.HandleFunc(Prefix, d.missing)
}
