package identity

import (
	"crypto/x509"
	"net/url"

	"custody"
)

// IssueCertificate makes a personal client certificate for one system. The key is
// given here once and kept nowhere; move both to the person's device.
func (s *Service) IssueCertificate(r CredentialRequest) (cert, key []byte, c *Credential, err error) {
	if s.ca == nil {
		return nil, nil, nil, custody.E(custody.CodeUnavailable, "there is no certificate authority here", "run custody init, or issue a token instead")
	}
	c, err = s.personal(r, KindCertificate, DefaultCertTTL, MaxCertTTL)
	if err != nil {
		return nil, nil, nil, err
	}
	t := template(c.Login, c.Issued, c.Expires.Sub(c.Issued))
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	t.URIs = []*url.URL{{Scheme: "custody", Host: "system", Path: "/" + c.SystemName}}
	cert, key, der, err := s.ca.issue(t)
	if err != nil {
		return nil, nil, nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, nil, err
	}
	print := Fingerprint(leaf)
	c.Fingerprint, c.Serial = print[:], leaf.SerialNumber.Text(16)
	if leaf.NotAfter.Before(c.Expires) {
		c.Expires = leaf.NotAfter
	}
	if err := s.store.AddCredential(c); err != nil {
		return nil, nil, nil, err
	}
	return cert, key, c, s.Reload()
}

// Certificate proves a client certificate. TLS has proved that the client holds
// the key; here it must be ours, known, in force, and of this login and system.
func (s *Service) Certificate(cert *x509.Certificate, login, system string) (credential int64, err error) {
	if s.ca == nil || cert == nil {
		return 0, errUnauthorised
	}
	if err := s.refresh(); err != nil {
		return 0, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(s.ca.Certificate)
	if _, err := cert.Verify(x509.VerifyOptions{
		Roots: roots, CurrentTime: s.clock(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}); err != nil {
		return 0, errUnauthorised
	}
	c := s.now.Load().prints[Fingerprint(cert)]
	if c == nil || c.Login != NormalLogin(login) || c.SystemName != system || !s.clock().Before(c.Expires) {
		return 0, errUnauthorised
	}
	return c.ID, nil
}
