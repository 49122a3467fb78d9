// Package portal is the gate in front of a web application, which is not changed and
// knows nothing of it. Staff sign in at the gate; the gate signs in at the application.
// Each answer is recognised as it streams, what the person may not see is masked in
// place, and nothing leaves before the disclosure is durable.
//
// docs/disclosure-cycle.md numbers the steps; release.go is the only way out.
package portal

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"custody"
	"custody/gate"
	"custody/portal/http1"
	"custody/portal/upstream"
	"custody/subjects/body"
)

// Door is the sign-in in front of the portal.
type Door interface {
	// ServeHTTP answers everything under Reserved.
	http.Handler
	// Session gives the live session behind a request, or an error: nobody is signed
	// in, the notice is not accepted, the session has ended.
	Session(r *http.Request) (*custody.Session, error)
	// Again is Session for one more request with the cookie with which it gave sess.
	Again(sess *custody.Session) error
	// Challenge sends a browser to the sign-in page and tells a program to sign in.
	Challenge(w http.ResponseWriter, r *http.Request)
}

// Reserved is the path prefix that is the gate's own; the application never sees it.
const Reserved = "/.custody/"

// Options are what a portal is made of. Zero values mean the defaults in brackets.
type Options struct {
	System  custody.SystemID
	Name    string   // the system's
	Title   string   // how its pages call it [Name]
	Public  *url.URL // how staff reach it
	Origin  *upstream.Origin
	SignIn  *upstream.SignIn
	Door    Door
	Gate    *gate.Gate
	Reasons Reasons // nil: stated reasons are not kept beyond the session
	// Explainer finds reasons in the data before the person is asked; nil: none.
	Explainer Explainer
	// Changed is told after each request that may have changed the application's data.
	// It must not block; nil: nobody is told.
	Changed func()
	// Requests is where people ask for more; nil: nowhere.
	Requests Requests
	// Rules are what people accept here; nil: nothing but the notice.
	Rules Rules
	TLS   *tls.Config

	Plan      *body.Plan
	Values    body.Values
	Directory body.Directory
	// Static are path prefixes of the application's own furniture: pictures and fonts
	// may come from there although they cannot be inspected.
	Static []string
	// Cookies are the application's cookies that its scripts need: they go to the
	// browser and come back. All others stay at the gate.
	Cookies []string
	// Elsewhere are the other hosts to which the application may redirect.
	Elsewhere []string
	// Closed are paths that nobody reaches through the gate, with all below them: where
	// the application's account is changed.
	Closed []string
	// Lookups are paths, with all below them, to which forms are sent that only look
	// something up: they change nothing.
	Lookups []string
	// SignOut is the application's own way out: it ends the session at the gate.
	SignOut string
	// AllowUninspectable lets answers through that cannot be inspected.
	AllowUninspectable bool
	// ExportAbove is how many people an answer may hold before it is an export. [50]
	ExportAbove int
	Contact     string        // whom to ask for more
	Key         []byte        // keys the fingerprints of requests
	MaxClients  int           // connections [4000]
	Stall       time.Duration // how long a client may take for a part of an answer [60 s]
	Now         func() time.Time
	Zone        *time.Location // reasons hold for a day of it [UTC]
	Log         *slog.Logger
}

// Portal guards one application. It is safe for concurrent use.
type Portal struct {
	o      Options
	host   string // as browsers write it
	scheme string
	// Scheme and host, the portal's and the application's own, and what is said of the
	// first to the application.
	public, self string
	proto, hosts []string
	// engine serves HTTP/1.1; http what it hands over: HTTP/2, and upgrades.
	engine *http1.Server
	http   *http.Server
	hall   *hall
	rest   sync.Once
	// sockets opens the application's side of WebSockets; everything else goes
	// through Origin.
	sockets *http.Client
	own     *http.ServeMux
	down    atomic.Pointer[Down]

	mu     sync.Mutex
	blanks *blanks
	guests map[custody.SessionID]*guest
	closed bool
	asked  pendings
	work   sync.WaitGroup
}

// New makes a portal. Serve lets people in.
func New(o Options) *Portal {
	if o.ExportAbove == 0 {
		o.ExportAbove = 50
	}
	if o.MaxClients == 0 {
		o.MaxClients = 4000
	}
	if o.Stall == 0 {
		o.Stall = time.Minute
	}
	if o.Title == "" {
		o.Title = o.Name
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.SignIn == nil {
		o.SignIn = &upstream.SignIn{}
	}
	p := &Portal{o: o, host: hostOf(o.Public), scheme: o.Public.Scheme, guests: map[custody.SessionID]*guest{}}
	p.public, p.self = p.scheme+"://"+p.host, o.Origin.Self().Scheme+"://"+o.Origin.Self().Host
	p.proto, p.hosts = []string{p.scheme}, []string{p.host}
	p.blanks = newBlanks(o.Values)
	p.asked.list = map[string]*pending{}
	p.own = p.endpoints()
	p.sockets = &http.Client{
		Transport:     &http.Transport{TLSClientConfig: o.Origin.TLS(), ResponseHeaderTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	p.hall = newHall()
	p.engine = &http1.Server{
		Handler: p, TLS: serverTLS(o.TLS), Other: p.hall.enter, Log: o.Log,
		HeadTime: 10 * time.Second, IdleTime: 2 * time.Minute, WriteTime: o.Stall, BusyAfter: busyAfter,
	}
	p.http = &http.Server{
		Handler: p, TLSConfig: serverTLS(o.TLS), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(quietly{o.Log.Handler()}, slog.LevelDebug),
		Protocols: protocols(o.TLS != nil), HTTP2: &http.HTTP2Config{MaxConcurrentStreams: 100},
	}
	return p
}

func protocols(secure bool) *http.Protocols {
	p := &http.Protocols{}
	p.SetHTTP1(true)
	p.SetHTTP2(secure)
	return p
}

// serverTLS is the gate's certificate without what only PostgreSQL's clients need.
// Browsers are not asked for a certificate.
func serverTLS(c *tls.Config) *tls.Config {
	if c == nil {
		return nil
	}
	return &tls.Config{Certificates: c.Certificates, GetCertificate: c.GetCertificate, MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"}}
}

// Serve accepts clients until the listener is closed. Without TLS settings it speaks
// plain HTTP; the caller allows that on the loopback only.
func (p *Portal) Serve(l net.Listener) error {
	p.rest.Do(func() { go p.http.Serve(p.hall) })
	return p.engine.Serve(bounded(l, p.o.MaxClients))
}

// Close cuts every session, ends all connections and waits for them.
func (p *Portal) Close() {
	p.mu.Lock()
	p.closed = true
	list := p.all()
	p.mu.Unlock()
	for _, g := range list {
		g.end(custody.CodeUnavailable)
	}
	p.engine.Close()
	_ = p.http.Close()
	_ = p.hall.Close()
	p.work.Wait()
	p.o.Origin.Close()
}

// hostOf is host and port as browsers send them: without the scheme's own port.
func hostOf(u *url.URL) string {
	host, port := u.Hostname(), u.Port()
	if port == "" || u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		if len(host) > 0 && host[0] != '[' && net.ParseIP(host) != nil && net.ParseIP(host).To4() == nil {
			return "[" + host + "]"
		}
		return host
	}
	return net.JoinHostPort(host, port)
}
