package clients

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"custody/custodytest"
	"custody/site"
)

// secured is psql's environment for the gate by its name, with TLS as told.
func secured(s *custodytest.Site, login, token string, more ...string) []string {
	return append(append(s.Env(login, token), "PGHOST=localhost", "PGHOSTADDR=127.0.0.1", "PGSSLCERT=/nonexistent", "PGSSLKEY=/nonexistent"), more...)
}

func TestTLS(t *testing.T) {
	s := bodyshop(t)
	token := s.Person("alice", see(contacts))
	f := clientFiles(t, s, "alice")
	look := "SELECT id, name FROM customers WHERE id = 6"
	for what, c := range map[string]struct {
		env  []string
		want string
	}{
		"require":               {secured(s, "alice", token, "PGSSLMODE=require"), "6 |"},
		"verify-full":           {secured(s, "alice", token, "PGSSLMODE=verify-full", "PGSSLROOTCERT="+f.ca), "6 |"},
		"another authority":     {secured(s, "alice", token, "PGSSLMODE=verify-full", "PGSSLROOTCERT="+s.PG.RootCert), "certificate verify failed"},
		"channel binding":       {secured(s, "alice", token, "PGSSLMODE=require", "PGCHANNELBINDING=require"), "6 |"},
		"binding without TLS":   {secured(s, "alice", token, "PGSSLMODE=disable", "PGCHANNELBINDING=require"), "channel binding"},
		"certificate":           {secured(s, "alice", "", "PGSSLMODE=verify-full", "PGSSLROOTCERT="+f.ca, "PGSSLCERT="+f.cert, "PGSSLKEY="+f.key), "6 |"},
		"another's certificate": {secured(s, "bob", "", "PGSSLMODE=require", "PGSSLCERT="+f.cert, "PGSSLKEY="+f.key), "the credential was not accepted"},
		"GSS first":             {secured(s, "alice", token, "PGGSSENCMODE=prefer", "PGSSLMODE=require"), "6 |"},
	} {
		out, _ := run(t, c.env, look, "psql", "-X")
		if !strings.Contains(out, c.want) {
			t.Errorf("%s:\n%.600s", what, out)
		}
	}
	out, _ := run(t, secured(s, "alice", token, "PGSSLMODE=require"), `\conninfo`, "psql", "-X")
	has(t, out, "SSL connection (protocol: TLSv1.3")
}

func authority(t *testing.T, s *custodytest.Site) *x509.CertPool {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(s.Options.CA.Certificate)
	return pool
}

// speak sends a startup message and gives the first answers of the gate.
func speak(t *testing.T, c net.Conn, version uint32, params map[string]string) []pgproto3.BackendMessage {
	t.Helper()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	f := pgproto3.NewFrontend(c, c)
	f.Send(&pgproto3.StartupMessage{ProtocolVersion: version, Parameters: params})
	if err := f.Flush(); err != nil {
		t.Fatal(err)
	}
	var list []pgproto3.BackendMessage
	for {
		m, err := f.Receive()
		if err != nil {
			return list
		}
		switch m := m.(type) {
		case *pgproto3.ErrorResponse:
			copied := *m
			return append(list, &copied)
		case *pgproto3.AuthenticationSASL:
			return append(list, &pgproto3.AuthenticationSASL{AuthMechanisms: slices.Clone(m.AuthMechanisms)})
		case *pgproto3.NegotiateProtocolVersion:
			list = append(list, &pgproto3.NegotiateProtocolVersion{NewestMinorProtocol: m.NewestMinorProtocol, UnrecognizedOptions: slices.Clone(m.UnrecognizedOptions)})
		}
	}
}

func TestDirectTLS(t *testing.T) {
	s := bodyshop(t)
	s.Person("alice", see(contacts))
	c, err := tls.Dial("tcp", s.Address, &tls.Config{RootCAs: authority(t, s), ServerName: "localhost", NextProtos: []string{"postgresql"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if p := c.ConnectionState().NegotiatedProtocol; p != "postgresql" {
		t.Errorf("protocol %q was negotiated", p)
	}
	got := speak(t, c, pgproto3.ProtocolVersion30, map[string]string{"user": "alice@northfield.example", "database": s.Database})
	if sasl, ok := got[len(got)-1].(*pgproto3.AuthenticationSASL); !ok || !slices.Contains(sasl.AuthMechanisms, "SCRAM-SHA-256-PLUS") {
		t.Errorf("the gate answered %#v", got)
	}
	if _, err := tls.Dial("tcp", s.Address, &tls.Config{RootCAs: authority(t, s), ServerName: "localhost", NextProtos: []string{"http/1.1"}}); err == nil {
		t.Error("a client of another protocol got a TLS connection")
	}
}

func TestStartupNegotiation(t *testing.T) {
	s := bodyshop(t)
	s.Person("alice", see(contacts))
	dial := func() net.Conn {
		c, err := net.Dial("tcp", s.Address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	user := map[string]string{"user": "alice@northfield.example", "database": s.Database}
	with := func(name, value string) map[string]string {
		return map[string]string{"user": user["user"], "database": s.Database, name: value}
	}
	c := dial()
	if _, err := c.Write([]byte{0, 0, 0, 8, 4, 210, 22, 48}); err != nil { // GSSENCRequest
		t.Fatal(err)
	}
	var answer [1]byte
	if _, err := io.ReadFull(c, answer[:]); err != nil || answer[0] != 'N' {
		t.Errorf("GSSENCRequest was answered %q, %v", answer, err)
	}
	if got := speak(t, c, pgproto3.ProtocolVersion30, user); len(got) != 1 {
		t.Errorf("after GSSENCRequest: %#v", got)
	}
	got := speak(t, dial(), 3<<16|2, with("_pq_.custody_test", "1"))
	if v, ok := got[0].(*pgproto3.NegotiateProtocolVersion); !ok || v.NewestMinorProtocol&0xffff != 0 || !slices.Equal(v.UnrecognizedOptions, []string{"_pq_.custody_test"}) {
		t.Errorf("protocol 3.2 was answered %#v", got)
	}
	for what, got := range map[string][]pgproto3.BackendMessage{
		"0A000 replication":        speak(t, dial(), pgproto3.ProtocolVersion30, with("replication", "database")),
		"0A000 replication, again": speak(t, dial(), pgproto3.ProtocolVersion30, with("replication", "true")),
		"0A000 protocol 2":         speak(t, dial(), 2<<16, user),
		"28P01 no user":            speak(t, dial(), pgproto3.ProtocolVersion30, map[string]string{"database": s.Database}),
	} {
		if len(got) == 0 {
			t.Errorf("%s: no answer", what)
			continue
		}
		if e, ok := got[len(got)-1].(*pgproto3.ErrorResponse); !ok || e.Code != what[:5] || e.Severity != "FATAL" || e.Hint == "" {
			t.Errorf("%s: %#v", what, got)
		}
	}
}

// TestNoTLSFromOutside: a client from another address must use TLS. It needs a
// second address of this host that is not the loopback's.
func TestNoTLSFromOutside(t *testing.T) {
	s := bodyshop(t)
	token := s.Person("alice", see(contacts))
	address := outsideAddress(t)
	l, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		t.Fatal(err)
	}
	served := s.Site
	go served.Serve(l)
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	look := "SELECT id, name FROM customers WHERE id = 6"
	out, _ := run(t, append(s.Env("alice", token), "PGHOST="+address, "PGPORT="+port, "PGSSLMODE=disable"), look, "psql", "-X")
	has(t, out, "connections without TLS are refused")
	out, _ = run(t, append(s.Env("alice", token), "PGHOST="+address, "PGPORT="+port, "PGSSLMODE=require"), look, "psql", "-X")
	has(t, out, "6 |")
}

// outsideAddress gives an address of this host that is not the loopback's, and
// makes one on a dummy interface if there is none.
func outsideAddress(t *testing.T) string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if ip, ok := a.(*net.IPNet); ok && !ip.IP.IsLoopback() && ip.IP.To4() != nil && !ip.IP.IsLinkLocalUnicast() {
			return ip.IP.String()
		}
	}
	const address = "192.0.2.77" // RFC 5737: for documentation, routed nowhere
	if out, err := exec.Command("ip", "address", "add", address+"/32", "dev", "lo").CombinedOutput(); err != nil {
		t.Fatalf("this host has the loopback's addresses only, and no other can be added: %s", out)
	}
	t.Cleanup(func() { _ = exec.Command("ip", "address", "del", address+"/32", "dev", "lo").Run() })
	return address
}

// TestClearPasswordNeedsTLS: a login for old clients is asked for its token in clear
// inside TLS only; without TLS it is asked by SCRAM as everybody is.
func TestClearPasswordNeedsTLS(t *testing.T) {
	s := bodyshop(t, func(o *site.Options) {
		o.ClearPassword = func(login string) bool { return strings.HasPrefix(login, "old@") }
	})
	token := s.Person("old", see(contacts))
	s.Person("alice", see(contacts))
	ask := func(login string, secure bool) string {
		c, err := net.Dial("tcp", s.Address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if secure {
			c = tls.Client(c, &tls.Config{RootCAs: authority(t, s), ServerName: "localhost", NextProtos: []string{"postgresql"}})
		}
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		f := pgproto3.NewFrontend(c, c)
		f.Send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": login + "@northfield.example", "database": s.Database}})
		if err := f.Flush(); err != nil {
			t.Fatal(err)
		}
		m, err := f.Receive()
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := m.(*pgproto3.AuthenticationCleartextPassword); !ok {
			return strings.TrimPrefix(fmt.Sprintf("%T", m), "*pgproto3.")
		}
		f.Send(&pgproto3.PasswordMessage{Password: token})
		if err := f.Flush(); err != nil {
			t.Fatal(err)
		}
		if m, err = f.Receive(); err != nil {
			t.Fatal(err)
		}
		return "clear, " + strings.TrimPrefix(fmt.Sprintf("%T", m), "*pgproto3.")
	}
	for _, c := range []struct {
		login  string
		secure bool
		want   string
	}{{"old", true, "clear, AuthenticationOk"}, {"old", false, "AuthenticationSASL"}, {"alice", true, "AuthenticationSASL"}, {"alice", false, "AuthenticationSASL"}} {
		if got := ask(c.login, c.secure); got != c.want {
			t.Errorf("%s, TLS %v: %s, want %s", c.login, c.secure, got, c.want)
		}
	}
}

// TestBytesAheadOfTLS: what is sent in clear behind the request for TLS never counts as
// sent inside it.
func TestBytesAheadOfTLS(t *testing.T) {
	s := bodyshop(t)
	s.Person("alice", see(contacts))
	c, err := net.Dial("tcp", s.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	packet := []byte{0, 0, 0, 8, 4, 210, 22, 47} // SSLRequest
	packet, err = (&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "alice@northfield.example", "database": s.Database}}).Encode(packet)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(packet); err != nil {
		t.Fatal(err)
	}
	answer, _ := io.ReadAll(c)
	if len(answer) == 0 || answer[0] != 'E' || !strings.Contains(string(answer), "ahead of the TLS handshake") {
		t.Errorf("the gate answered %q", answer)
	}
}
