// Package pgproxy is the entrance of a system's PostgreSQL database: it speaks
// protocol 3 to any client, decides and records through package gate, and speaks
// protocol 3 to the database under the system's own credential.
//
// Each connection is served by one goroutine in lock-step: client, database,
// client. docs/disclosure-cycle.md numbers the steps.
package pgproxy

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"custody"
	"custody/gate"
	"custody/internal/loop"
)

// SignIn is what a client showed when it connected. Kind is "token" or "certificate".
type SignIn struct {
	Login      string
	System     string
	Kind       string
	Credential int64
	Address    string
	AppName    string
}

// Identity turns credentials into sessions. Its answers never tell whether a login
// exists: an unknown one has a salt and no keys.
type Identity interface {
	Scram(login, system string) (salt []byte, iterations int, keys []custody.ScramKey)
	Password(login, system, token string) (credential int64, err error)
	Certificate(cert *x509.Certificate, login, system string) (credential int64, err error)
	Open(ctx context.Context, in SignIn) (*custody.Session, error)
	Close(sess *custody.Session, code custody.Code) error
	// OnBehalf gives the session of the person whose signed identity an application passed on.
	OnBehalf(app *custody.Session, token string) (*custody.Session, error)
}

// Options bound and shape a server. Zero values mean the defaults in brackets.
type Options struct {
	Gate     *gate.Gate
	Identity Identity
	Systems  []*System
	TLS      *tls.Config // required for clients that are not on the loopback
	// ClearPassword says for which logins a token is asked in clear inside TLS,
	// for clients too old for SCRAM.
	ClearPassword func(login string) bool
	// Mask appends the masked form of a value in text form, false if it has none.
	Mask           func(dst []byte, c custody.Category, typeOID uint32, value []byte) ([]byte, bool)
	MaxConnections int           // [4000]
	MaxMessage     int           // bytes [64 MiB]
	SignInTimeout  time.Duration // [20 s]
	Log            *slog.Logger
	// Refused is told of each sign-in that was refused for its credential, after the
	// answer. It must not block; nil is told nothing.
	Refused func(login, system string)
}

// Server accepts clients for any number of systems on any number of listeners.
type Server struct {
	o       Options
	systems map[string]*System
	slots   chan struct{}

	mu    sync.Mutex
	conns map[cancelKey]*conn
	sweep chan struct{}
	wg    sync.WaitGroup

	once  sync.Once // starts the loops
	loops []*loop.Loop
	turn  atomic.Uint32
}

// New makes a server. Close stops it.
func New(o Options) *Server {
	if o.MaxConnections == 0 {
		o.MaxConnections = 4000
	}
	if o.MaxMessage == 0 {
		o.MaxMessage = 64 << 20
	}
	if o.SignInTimeout == 0 {
		o.SignInTimeout = 20 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	s := &Server{
		o: o, systems: map[string]*System{}, slots: make(chan struct{}, o.MaxConnections),
		conns: map[cancelKey]*conn{}, sweep: make(chan struct{}),
	}
	for _, sys := range o.Systems {
		s.systems[sys.Name] = sys
	}
	go s.sweepIdle()
	return s
}

// Serve accepts connections until the listener is closed.
func (s *Server) Serve(l net.Listener) error {
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil { // out of descriptors, most likely: wait for some to close
			s.o.Log.Warn("a connection could not be accepted", "err", err)
			time.Sleep(50 * time.Millisecond)
			continue
		}
		select {
		case s.slots <- struct{}{}:
			s.wg.Add(1)
			go s.handle(loop.NewSocket(c))
		default:
			go turnAway(c)
		}
	}
}

// turnAway tells a client that there is no room, whatever it sent.
func turnAway(c net.Conn) {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Second))
	_, _ = c.Write(appendNotice(nil, 'E', "FATAL", "53300", "custody: too many connections",
		"close connections that are not used, or raise max_connections in custody.yaml"))
}

// Close cuts every session and waits for them.
func (s *Server) Close() {
	close(s.sweep)
	s.o.Gate.CutAll(custody.CodeUnavailable)
	s.wg.Wait()
	s.once.Do(func() {})
	for _, l := range s.loops {
		l.Close()
	}
}

// handle lets a client in, or not. The goroutine that serves the connection in the
// end gives its slot back.
func (s *Server) handle(raw *loop.Socket) {
	_ = raw.SetDeadline(time.Now().Add(s.o.SignInTimeout))
	st, err := s.start(raw)
	if err != nil || st == nil {
		if err != nil {
			s.o.Log.Debug("a connection ended before sign-in", "address", host(raw), "code", custody.CodeOf(err).String())
		}
		s.leave(raw)
		return
	}
	c, err := s.signIn(st)
	if err != nil {
		s.o.Log.Info("a sign-in was refused", "address", host(raw), "code", custody.CodeOf(err).String(), "err", errors.Unwrap(err))
		_, _ = st.conn.Write(appendError(nil, "FATAL", err))
		if code := custody.CodeOf(err); s.o.Refused != nil && (code == custody.CodeUnauthorised || code == custody.CodeRevoked) {
			s.o.Refused(st.params["user"], st.params["database"])
		}
		s.leave(raw)
		return
	}
	_ = raw.SetDeadline(time.Time{})
	c.raw = raw
	go c.serve()
}

// leave ends a connection and makes room for another.
func (s *Server) leave(raw net.Conn) {
	_ = raw.Close()
	<-s.slots
	s.wg.Done()
}

// cancelKey is what a client shows to cancel its statement. The process id is the
// database's own, which clients compare with pg_backend_pid(); the secret is ours,
// so that the database's never leaves the gate.
type cancelKey struct{ pid, secret uint32 }

// register gives a connection the key that its client may use to cancel its
// statements, and nobody else's.
func (s *Server) register(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.key.pid = c.up.pid
	for {
		var b [4]byte
		_, _ = rand.Read(b[:])
		c.key.secret = binary.BigEndian.Uint32(b[:])
		if _, taken := s.conns[c.key]; !taken {
			s.conns[c.key] = c
			return
		}
	}
}

func (s *Server) unregister(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c.key)
}

// cancel forwards a cancel request to the upstream session of exactly the client
// that knows the secret. A wrong secret gets the same silence as a right one.
func (s *Server) cancel(key cancelKey) {
	s.mu.Lock()
	c := s.conns[key]
	s.mu.Unlock()
	if c != nil {
		c.up.cancel()
	}
}

// sweepIdle nudges the connections whose client has been silent for a while, so
// that each hears what the database says meanwhile (see conn.idle).
func (s *Server) sweepIdle() {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-s.sweep:
			return
		case <-tick.C:
		}
		s.mu.Lock()
		for _, c := range s.conns {
			c.nudge()
		}
		s.mu.Unlock()
	}
}

// host gives a connection's address without its port.
func host(c net.Conn) string {
	h, _, err := net.SplitHostPort(c.RemoteAddr().String())
	if err != nil {
		return c.RemoteAddr().String()
	}
	return h
}
