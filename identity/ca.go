package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"time"

	"custody"
)

// CA is the deployment's own certificate authority: ECDSA P-256, no path below it.
type CA struct {
	Certificate *x509.Certificate
	key         *ecdsa.PrivateKey // nil: certificates are checked, none are issued
}

const caTTL = 10 * 365 * 24 * time.Hour

// clockSkew is how far before now certificates begin, for clients whose clocks lag.
const clockSkew = 5 * time.Minute

// CreateCA makes an authority that signs for ten years and gives its certificate
// and key as PEM. Write the key with WriteSecret.
func CreateCA(name string, now time.Time) (cert, key []byte, err error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	t := template(name, now, caTTL)
	t.IsCA, t.BasicConstraintsValid, t.MaxPathLenZero = true, true, true
	t.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	der, err := x509.CreateCertificate(rand.Reader, t, t, k.Public(), k)
	if err != nil {
		return nil, nil, err
	}
	return toPEM(der, k)
}

// LoadCA reads an authority from PEM. Without a key it checks but cannot issue.
func LoadCA(cert, key []byte) (*CA, error) {
	bad := custody.E(custody.CodeInvalid, "the certificate authority cannot be read", "restore its files from the backup, or make new ones with custody init")
	block, _ := pem.Decode(cert)
	if block == nil {
		return nil, bad
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil || !c.IsCA {
		return nil, bad
	}
	ca := &CA{Certificate: c}
	if key == nil {
		return ca, nil
	}
	if block, _ = pem.Decode(key); block == nil {
		return nil, bad
	}
	if ca.key, err = x509.ParseECPrivateKey(block.Bytes); err != nil || !ca.key.PublicKey.Equal(c.PublicKey) {
		return nil, bad
	}
	return ca, nil
}

// ServerCertificate makes the gate's own certificate for host names and addresses.
func (ca *CA) ServerCertificate(hosts []string, now time.Time, ttl time.Duration) (cert, key []byte, err error) {
	if len(hosts) == 0 {
		return nil, nil, custody.E(custody.CodeInvalid, "a server's certificate needs a host name", "name the hosts by which clients reach the gate")
	}
	t := template(hosts[0], now, ttl)
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, h)
		}
	}
	cert, key, _, err = ca.issue(t)
	return cert, key, err
}

// issue signs a leaf for a fresh key.
func (ca *CA) issue(t *x509.Certificate) (cert, key, der []byte, err error) {
	if ca.key == nil {
		return nil, nil, nil, custody.E(custody.CodeUnavailable, "the authority's key is not here", "issue certificates where custody init was run")
	}
	t.KeyUsage, t.BasicConstraintsValid = x509.KeyUsageDigitalSignature, true
	if t.NotAfter.After(ca.Certificate.NotAfter) {
		t.NotAfter = ca.Certificate.NotAfter
	}
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, nil, err
	}
	if der, err = x509.CreateCertificate(rand.Reader, t, ca.Certificate, k.Public(), ca.key); err != nil {
		return nil, nil, nil, err
	}
	cert, key, err = toPEM(der, k)
	return cert, key, der, err
}

func template(name string, now time.Time, ttl time.Duration) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	return &x509.Certificate{
		SerialNumber: serial.Add(serial, big.NewInt(1)),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-clockSkew), NotAfter: now.Add(ttl),
	}
}

func toPEM(der []byte, k *ecdsa.PrivateKey) (cert, key []byte, err error) {
	b, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: b}), nil
}

// Fingerprint is the SHA-256 of a certificate's DER, by which the store knows it.
func Fingerprint(c *x509.Certificate) [32]byte { return sha256.Sum256(c.Raw) }

// WriteSecret writes a new file that only its owner can read, durably. It never
// replaces one.
func WriteSecret(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}
