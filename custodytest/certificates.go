package custodytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// writeCertificates makes a certificate authority and a server certificate for
// localhost in dir: ca.crt, ca.key, server.crt, server.key.
func writeCertificates(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	ca := certificate("custodytest authority", 1)
	ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage = true, true, x509.KeyUsageCertSign
	caKey, err := issue(dir, "ca", ca, ca, nil)
	if err != nil {
		return err
	}
	server := certificate("localhost", 2)
	server.DNSNames, server.IPAddresses = []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1)}
	server.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	_, err = issue(dir, "server", server, ca, caKey)
	return err
}

func certificate(name string, serial int64) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(10, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
}

// issue makes a key and writes it and its certificate, signed by signer, or by
// itself when signer is nil.
func issue(dir, name string, c, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := writePEM(filepath.Join(dir, name+".crt"), "CERTIFICATE", der); err != nil {
		return nil, err
	}
	return key, writePEM(filepath.Join(dir, name+".key"), "PRIVATE KEY", keyDER)
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

// ClientCertificate writes a certificate that the server's authority vouches for,
// with user as its common name, and gives the files' paths. It is of use with
// WithHBA("hostssl all all 127.0.0.1/32 cert").
func (pg *PG) ClientCertificate(tb testing.TB, user string) (certFile, keyFile string) {
	tb.Helper()
	ca, err := readCA(filepath.Join(pg.root, "tls"))
	if err != nil {
		tb.Fatal(err)
	}
	dir := tb.TempDir()
	c := certificate(user, time.Now().UnixNano())
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if _, err := issue(dir, "client", c, ca.certificate, ca.key); err != nil {
		tb.Fatal(err)
	}
	return filepath.Join(dir, "client.crt"), filepath.Join(dir, "client.key")
}

type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func readCA(dir string) (authority, error) {
	certDER, err := readPEM(filepath.Join(dir, "ca.crt"))
	if err != nil {
		return authority{}, err
	}
	cert, err := x509.ParseCertificate(certDER)
	if err != nil {
		return authority{}, err
	}
	keyDER, err := readPEM(filepath.Join(dir, "ca.key"))
	if err != nil {
		return authority{}, err
	}
	key, err := x509.ParsePKCS8PrivateKey(keyDER)
	if err != nil {
		return authority{}, err
	}
	return authority{cert, key.(*ecdsa.PrivateKey)}, nil
}

func readPEM(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	return block.Bytes, nil
}
