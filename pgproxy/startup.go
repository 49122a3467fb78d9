package pgproxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"time"

	"custody"
)

// maxStartup is the largest startup packet, as in PostgreSQL.
const maxStartup = 10000

// Codes in place of a protocol version (PostgreSQL, "Message Formats").
const (
	codeCancel   = 80877102
	codeTLS      = 80877103
	codeGSS      = 80877104
	versionMajor = 3
)

// starting is a connection that has told what it wants and not yet who it is.
type starting struct {
	conn   net.Conn
	tls    *tls.Conn // nil without TLS
	params map[string]string
	minor  int
	extra  []string // protocol options that we do not know
}

// peeked is a connection whose first bytes have been looked at.
type peeked struct {
	net.Conn
	r *bufio.Reader
}

func (p peeked) Read(b []byte) (int, error) {
	if p.r.Buffered() > 0 {
		return p.r.Read(b)
	}
	return p.Conn.Read(b)
}

// start negotiates TLS and reads the startup packet. It gives nil for a connection
// that only wanted to cancel something.
func (s *Server) start(raw net.Conn) (*starting, error) {
	st := &starting{conn: raw}
	br := bufio.NewReaderSize(raw, 16)
	if first, err := br.Peek(1); err != nil {
		return nil, err
	} else if first[0] == 0x16 { // a TLS handshake record: direct TLS, as PostgreSQL 17's clients can
		if err := s.secure(st, peeked{raw, br}); err != nil {
			return nil, err
		}
	} else {
		st.conn = peeked{raw, br}
	}
	for range 3 { // GSS, then TLS, then the packet itself
		packet, err := readStartup(st.conn)
		if err != nil {
			return nil, s.reject(st, err)
		}
		switch code := int(binary.BigEndian.Uint32(packet)); {
		case code == codeCancel && len(packet) == 12:
			s.cancel(cancelKey{binary.BigEndian.Uint32(packet[4:]), binary.BigEndian.Uint32(packet[8:])})
			return nil, nil
		case code == codeGSS:
			if _, err := st.conn.Write([]byte{'N'}); err != nil {
				return nil, err
			}
		case code == codeTLS && st.tls == nil:
			if err := s.offerTLS(st, br); err != nil {
				return nil, err
			}
		case code>>16 == versionMajor:
			if err := st.parse(packet, code&0xffff); err != nil {
				return nil, s.reject(st, err)
			}
			return st, s.settle(st, raw)
		default:
			return nil, s.reject(st, custody.E(custody.CodeUnsupported, "only protocol 3 is spoken here", "use a PostgreSQL client of version 7.4 or later"))
		}
	}
	return nil, s.reject(st, custody.E(custody.CodeInvalid, "too many encryption requests", "ask for TLS once"))
}

// readStartup reads one packet without a type byte. Nothing beyond it is read, so
// that no byte sent before TLS can pass for one sent inside it.
func readStartup(c io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return nil, err
	}
	n := int(int32(binary.BigEndian.Uint32(head[:])))
	if n < 8 || n > maxStartup {
		return nil, custody.E(custody.CodeInvalid, "this is not PostgreSQL's startup packet", "connect with a PostgreSQL client; for a web page use the portal's address")
	}
	packet := make([]byte, n-4)
	_, err := io.ReadFull(c, packet)
	return packet, err
}

// offerTLS answers an SSLRequest.
func (s *Server) offerTLS(st *starting, br *bufio.Reader) error {
	if s.o.TLS == nil {
		_, err := st.conn.Write([]byte{'N'})
		return err
	}
	if br.Buffered() > 0 {
		return s.reject(st, custody.E(custody.CodeInvalid, "bytes were sent ahead of the TLS handshake", "somebody may be meddling with the connection"))
	}
	if _, err := st.conn.Write([]byte{'S'}); err != nil {
		return err
	}
	return s.secure(st, st.conn)
}

func (s *Server) secure(st *starting, c net.Conn) error {
	if s.o.TLS == nil {
		return custody.E(custody.CodeUnsupported, "TLS is not set up here", "run custody init, which makes a certificate")
	}
	t := tls.Server(c, s.o.TLS)
	if err := t.Handshake(); err != nil {
		return err
	}
	st.conn, st.tls = t, t
	return nil
}

// parse reads the parameters of a startup packet.
func (st *starting) parse(packet []byte, minor int) error {
	st.params = map[string]string{}
	st.minor = minor
	c := cursor{b: packet[4:]}
	for {
		name := string(c.cstring())
		if c.bad {
			return custody.E(custody.CodeInvalid, "the first message of the connection is broken", "check that the program speaks to PostgreSQL, or try a newer version of its driver")
		}
		if name == "" {
			break
		}
		st.params[name] = string(c.cstring())
		if len(name) > 5 && name[:5] == "_pq_." {
			st.extra = append(st.extra, name)
		}
	}
	if c.bad || len(c.b) != 0 {
		return custody.E(custody.CodeInvalid, "the first message of the connection is broken", "check that the program speaks to PostgreSQL, or try a newer version of its driver")
	}
	return nil
}

// settle checks what the packet asks for before anybody is asked who they are.
func (s *Server) settle(st *starting, raw net.Conn) error {
	if st.tls == nil && !loopback(raw) {
		return s.reject(st, custody.E(custody.CodeUnsupported, "connections without TLS are refused", "add sslmode=require to the connection string"))
	}
	if r := st.params["replication"]; r != "" && r != "off" && r != "false" && r != "no" && r != "0" {
		return s.reject(st, custody.E(custody.CodeUnsupported, "replication is refused: a copy of everything cannot be recorded per customer",
			"replicate from the database itself, under the administrator's own control"))
	}
	if st.params["user"] == "" {
		return s.reject(st, custody.E(custody.CodeUnauthorised, "no user was given", "connect as your own login, for example user=alice@northfield.example"))
	}
	if st.params["database"] == "" {
		st.params["database"] = st.params["user"]
	}
	if st.minor > 0 || len(st.extra) > 0 {
		m, at := begin(nil, 'v')
		m = binary.BigEndian.AppendUint32(m, versionMajor<<16)
		m = binary.BigEndian.AppendUint32(m, uint32(len(st.extra)))
		for _, name := range st.extra {
			m = appendCString(m, name)
		}
		_, err := st.conn.Write(finish(m, at))
		return err
	}
	return nil
}

// reject tells the client why and gives the error back.
func (s *Server) reject(st *starting, err error) error {
	if custody.CodeOf(err) != custody.CodeInternal {
		_, _ = st.conn.Write(appendError(nil, "FATAL", err))
	}
	return err
}

func loopback(c net.Conn) bool {
	switch a := c.RemoteAddr().(type) {
	case *net.TCPAddr:
		return a.IP.IsLoopback()
	case *net.UnixAddr:
		return true
	}
	return false
}

// signIn finds out who is there, opens the session and the upstream connection.
// The order matters: nothing goes upstream for somebody unknown, and nobody is
// let in before the sign-in is recorded.
func (s *Server) signIn(st *starting) (*conn, error) {
	login, system := st.params["user"], st.params["database"]
	in := SignIn{Login: login, System: system, Address: host(st.conn), AppName: st.params["application_name"]}
	var err error
	if in.Credential, in.Kind, err = s.authenticate(st, login, system); err != nil {
		return nil, err
	}
	sys := s.systems[system]
	if sys == nil {
		return nil, custody.E(custody.CodeUnauthorised, "the credential was not accepted", credentialHint)
	}
	ctx, stop := context.WithTimeout(context.Background(), s.o.SignInTimeout)
	defer stop()
	id, err := s.o.Identity.Open(ctx, in)
	if err != nil {
		return nil, err
	}
	c := &conn{s: s, sys: sys, client: st.conn, in: newReader(st.conn, s.o.MaxMessage)}
	c.statements, c.portals = map[string]*prepared{}, map[string]*portal{}
	if err := c.connect(ctx, id, st.params); err != nil {
		_ = s.o.Identity.Close(id, custody.CodeOf(err))
		return nil, err
	}
	return c, nil
}

// connect opens the upstream connection and enters the gate.
func (c *conn) connect(ctx context.Context, id *custody.Session, params map[string]string) error {
	up, err := c.sys.dial(ctx, params, c.s.o.MaxMessage)
	if err != nil {
		return err
	}
	c.up, c.server = up, up.in
	c.markless = markless(up.params["server_version"])
	if c.gate, err = c.s.o.Gate.Enter(id, c.cut); err != nil {
		up.close()
		return err
	}
	c.answer = c.gate.Begin(custody.RouteQuery, 0)
	c.changes.Changes = c.gate.Changes()
	c.signedIn = id
	return nil
}

// cut ends the connection from another goroutine: the upstream statement is
// cancelled, and the serving goroutine wakes from any read or write.
func (c *conn) cut(custody.Code) {
	now := time.Now()
	_ = c.client.SetReadDeadline(now)
	_ = c.client.SetWriteDeadline(now.Add(250 * time.Millisecond))
	go c.up.cancel()
	_ = c.up.conn.SetDeadline(now)
}
