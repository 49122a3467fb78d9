package identity_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"custody"
	"custody/identity"
)

func parse(t *testing.T, cert []byte) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(cert)
	c, err := x509.ParseCertificate(block.Bytes)
	must(t, err)
	return c
}

// TestCertificatesInRealTLS makes a server and a client shake hands with what the
// authority issued.
func TestCertificatesInRealTLS(t *testing.T) {
	k := newKit(t)
	serverCert, serverKey, err := k.ca.ServerCertificate([]string{"localhost", "gate.northfield.example", "127.0.0.1", "::1"}, k.clock.now(), time.Hour)
	must(t, err)
	clientCert, clientKey, issued, err := k.IssueCertificate(identity.CredentialRequest{Login: "alice@northfield.example", System: "bodyshop"})
	must(t, err)
	server, err := tls.X509KeyPair(serverCert, serverKey)
	must(t, err)
	client, err := tls.X509KeyPair(clientCert, clientKey)
	must(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(k.ca.Certificate)

	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	seen := make(chan *x509.Certificate, 1)
	failed := make(chan error, 1)
	go func() {
		conn := tls.Server(far, &tls.Config{Certificates: []tls.Certificate{server}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool})
		failed <- conn.Handshake()
		if certs := conn.ConnectionState().PeerCertificates; len(certs) > 0 {
			seen <- certs[0]
		}
		close(seen)
	}()
	conn := tls.Client(near, &tls.Config{Certificates: []tls.Certificate{client}, RootCAs: pool, ServerName: "gate.northfield.example"})
	go conn.Read(make([]byte, 1)) // TLS 1.3: the client's certificate arrives after its handshake
	must(t, conn.Handshake())
	must(t, <-failed)

	credential, err := k.Certificate(<-seen, "Alice@northfield.example", "bodyshop")
	must(t, err)
	if credential != issued.ID {
		t.Errorf("credential %d, want %d", credential, issued.ID)
	}
	sess, err := k.Open(context.Background(), identity.Request{Login: "alice@northfield.example", System: "bodyshop", Kind: identity.KindCertificate, Credential: credential})
	must(t, err)
	if sess.Credential != "certificate" || sess.Person != 1 {
		t.Errorf("session %+v", sess)
	}
}

func TestCertificateIsForItsLoginAndSystemAlone(t *testing.T) {
	k := newKit(t)
	pemCert, _, issued, err := k.IssueCertificate(identity.CredentialRequest{Login: "alice@northfield.example", System: "bodyshop", TTL: time.Hour})
	must(t, err)
	cert := parse(t, pemCert)
	for _, c := range [][2]string{{"bob@northfield.example", "bodyshop"}, {"alice@northfield.example", "claims"}, {"", ""}} {
		_, err := k.Certificate(cert, c[0], c[1])
		wantCode(t, err, custody.CodeUnauthorised)
	}
	_, err = k.Certificate(nil, "alice@northfield.example", "bodyshop")
	wantCode(t, err, custody.CodeUnauthorised)
	_, err = k.Certificate(k.ca.Certificate, "alice@northfield.example", "bodyshop")
	wantCode(t, err, custody.CodeUnauthorised)

	// A token's path does not take certificates: they have no keys to offer.
	if _, _, keys := k.Scram("alice@northfield.example", "bodyshop"); len(keys) != 0 {
		t.Error("a certificate is offered as a SCRAM key")
	}
	k.clock.pass(time.Hour)
	_, err = k.Certificate(cert, "alice@northfield.example", "bodyshop")
	wantCode(t, err, custody.CodeUnauthorised)
	if !issued.Expires.Equal(k.clock.now()) {
		t.Errorf("expires %v, want %v", issued.Expires, k.clock.now())
	}
}

func TestRevokedAndForeignCertificates(t *testing.T) {
	k := newKit(t)
	pemCert, _, issued, err := k.IssueCertificate(identity.CredentialRequest{Login: "alice@northfield.example", System: "bodyshop"})
	must(t, err)
	cert := parse(t, pemCert)
	sess, err := k.Open(context.Background(), identity.Request{Login: "alice@northfield.example", System: "bodyshop", Credential: issued.ID})
	must(t, err)
	must(t, k.Revoke(issued.ID))
	wantCode(t, k.Valid(sess), custody.CodeRevoked)
	_, err = k.Certificate(cert, "alice@northfield.example", "bodyshop")
	wantCode(t, err, custody.CodeUnauthorised)

	other := newKit(t) // another deployment: another authority, the same names
	foreign, _, _, err := other.IssueCertificate(identity.CredentialRequest{Login: "alice@northfield.example", System: "bodyshop"})
	must(t, err)
	_, err = k.Certificate(parse(t, foreign), "alice@northfield.example", "bodyshop")
	wantCode(t, err, custody.CodeUnauthorised)
}

func TestServerCertificateCannotSignIn(t *testing.T) {
	k := newKit(t)
	server, _, err := k.ca.ServerCertificate([]string{"localhost"}, k.clock.now(), time.Hour)
	must(t, err)
	_, err = k.Certificate(parse(t, server), "alice@northfield.example", "bodyshop")
	wantCode(t, err, custody.CodeUnauthorised)
	_, _, err = k.ca.ServerCertificate(nil, k.clock.now(), time.Hour)
	wantCode(t, err, custody.CodeInvalid)
}

func TestLoadCA(t *testing.T) {
	now := time.Now()
	cert, key, err := identity.CreateCA("one", now)
	must(t, err)
	_, otherKey, err := identity.CreateCA("two", now)
	must(t, err)
	for _, c := range [][2][]byte{{nil, nil}, {[]byte("garbage"), key}, {cert, []byte("garbage")}, {cert, otherKey}, {key, key}} {
		_, err := identity.LoadCA(c[0], c[1])
		wantCode(t, err, custody.CodeInvalid)
	}
	checker, err := identity.LoadCA(cert, nil)
	must(t, err)
	_, _, err = checker.ServerCertificate([]string{"localhost"}, now, time.Hour)
	wantCode(t, err, custody.CodeUnavailable)
}

func TestWriteSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ca.key")
	must(t, identity.WriteSecret(path, []byte("one")))
	info, err := os.Stat(path)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode().Perm())
	}
	if identity.WriteSecret(path, []byte("two")) == nil {
		t.Error("a key was replaced")
	}
	if kept, _ := os.ReadFile(path); string(kept) != "one" {
		t.Errorf("the file holds %q", kept)
	}
}
