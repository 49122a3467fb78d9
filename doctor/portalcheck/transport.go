package portalcheck

import (
	"context"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"custody/doctor"
)

const onLoopback = skipped("it is an address of this machine without TLS: check the one that people use")

// certificateFault says what is wrong with a certificate; empty if err is not about one.
func certificateFault(err error) string {
	var invalid x509.CertificateInvalidError
	var name x509.HostnameError
	var unknown x509.UnknownAuthorityError
	var other *tls.CertificateVerificationError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "expired"
	case errors.As(err, &invalid):
		return "invalid"
	case errors.As(err, &name):
		return "name"
	case errors.As(err, &unknown):
		return "authority"
	case errors.As(err, &other):
		return "invalid"
	}
	return ""
}

var certificateFaults = map[string]string{
	"expired":   "the certificate has expired, or is not valid yet",
	"invalid":   "the certificate is not valid for a server",
	"name":      "the certificate is for another name",
	"authority": "the certificate is signed by nobody who is trusted here",
}

// checkTLS looks at versions, ciphers and the certificate.
func (e *exam) checkTLS(ctx context.Context) error {
	if e.URL.Scheme != "https" {
		if e.web.loopback {
			return onLoopback
		}
		e.found(doctor.Critical, "plain", "the portal answers without TLS: passwords and customers' data cross networks in clear", "serve it over TLS, with a certificate of an authority that browsers trust")
		return nil
	}
	state, err := e.shake(ctx, &tls.Config{MinVersion: tls.VersionTLS10})
	if err != nil {
		return err
	}
	if state.Version < tls.VersionTLS13 {
		e.found(doctor.Note, "newest", "TLS 1.3 is not spoken", "switch it on: it is faster, and has no weak ciphers")
	}
	e.checkOldTLS(ctx)
	e.checkCertificate(state)
	return nil
}

// shake makes one TLS connection and gives what was agreed, whatever the certificate.
func (e *exam) shake(ctx context.Context, c *tls.Config) (*tls.ConnectionState, error) {
	if err := e.web.pause(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	if e.TLS != nil {
		c.Certificates = e.TLS.Certificates
	}
	c.ServerName, c.InsecureSkipVerify = e.URL.Hostname(), true
	conn, err := (&tls.Dialer{Config: c}).DialContext(ctx, "tcp", hostPort(e.URL))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	state := conn.(*tls.Conn).ConnectionState()
	return &state, nil
}

// checkOldTLS tries what a server should not agree to.
func (e *exam) checkOldTLS(ctx context.Context) {
	if _, err := e.shake(ctx, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}); err == nil {
		e.found(doctor.Serious, "old", "TLS 1.0 or 1.1 is accepted", "accept TLS 1.2 and 1.3 only")
	}
	var weak []uint16
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if strings.HasPrefix(s.Name, "TLS_RSA_") || strings.Contains(s.Name, "RC4") || strings.Contains(s.Name, "3DES") {
			weak = append(weak, s.ID)
		}
	}
	if _, err := e.shake(ctx, &tls.Config{MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12, CipherSuites: weak}); err == nil {
		e.found(doctor.Warning, "ciphers", "ciphers without forward secrecy are accepted: whoever gets the key later reads what was recorded before", "accept ECDHE ciphers only")
	}
}

func (e *exam) checkCertificate(state *tls.ConnectionState) {
	leaf := state.PeerCertificates[0]
	o := x509.VerifyOptions{DNSName: e.URL.Hostname(), CurrentTime: e.Now(), Intermediates: x509.NewCertPool()}
	for _, c := range state.PeerCertificates[1:] {
		o.Intermediates.AddCert(c)
	}
	if e.TLS != nil {
		o.Roots = e.TLS.RootCAs
	}
	if _, err := leaf.Verify(o); err != nil {
		fault := certificateFault(err)
		if fault == "" {
			fault = "invalid"
		}
		e.found(doctor.Serious, "certificate", certificateFaults[fault], "install a certificate for this name with its whole chain; for an authority of your own give --root-certificate")
	}
	if left := leaf.NotAfter.Sub(e.Now()); left > 0 && left < 14*24*time.Hour {
		e.found(doctor.Warning, "expiry", fmt.Sprintf("the certificate expires in %d days", int(left.Hours()/24)), "renew it, and see that it renews itself")
	}
	if key, ok := leaf.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() < 2048 {
		e.found(doctor.Serious, "key", "the certificate's RSA key is shorter than 2048 bits", "make a new key")
	}
	switch leaf.SignatureAlgorithm {
	case x509.SHA1WithRSA, x509.ECDSAWithSHA1, x509.MD5WithRSA:
		e.found(doctor.Serious, "signature", "the certificate is signed with SHA-1 or MD5", "have it issued again")
	}
}

// checkRedirect asks once without TLS, where people come who type the bare name.
func (e *exam) checkRedirect(ctx context.Context) error {
	plain := e.Plain
	switch {
	case e.URL.Scheme != "https" && e.web.loopback:
		return onLoopback
	case e.URL.Scheme != "https":
		e.found(doctor.Serious, "plain", "the address without TLS is the portal itself", "answer there with a redirect to https and nothing else")
		return nil
	case plain == nil && e.URL.Port() != "" && e.URL.Port() != "443":
		return skipped("the portal is not on port 443, so nobody knows where it would be without TLS")
	case plain == nil:
		plain = &url.URL{Scheme: "http", Host: e.URL.Hostname(), Path: "/"}
	}
	if err := e.web.pause(ctx); err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, plain.String(), nil)
	if err != nil {
		return err
	}
	r.Header.Set("User-Agent", Agent)
	resp, err := e.web.any.RoundTrip(r)
	var refusedConn *net.OpError
	if errors.As(err, &refusedConn) {
		return nil // nobody is there, which is as good
	}
	if err != nil {
		return err
	}
	resp.Body.Close()
	to, err := plain.Parse(resp.Header.Get("Location"))
	if err != nil || resp.StatusCode < 300 || resp.StatusCode > 399 || to.Scheme != "https" || !strings.EqualFold(to.Hostname(), e.URL.Hostname()) {
		e.found(doctor.Serious, "plain", "the address without TLS answers and does not lead to the one with it", "answer there with a redirect to https and nothing else")
	}
	return nil
}

// leastHSTS is half a year, in seconds.
const leastHSTS = 15_552_000

func (e *exam) checkHSTS(context.Context) error {
	if e.URL.Scheme != "https" {
		if e.web.loopback {
			return onLoopback
		}
		return skipped("the portal does not speak TLS")
	}
	header := e.public.answers[0].header.Get("Strict-Transport-Security")
	age := 0
	for part := range strings.SplitSeq(header, ";") {
		if v, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(part)), "max-age="); ok {
			age, _ = strconv.Atoi(strings.Trim(v, `"`))
		}
	}
	switch {
	case header == "":
		e.found(doctor.Warning, "missing", "Strict-Transport-Security is not sent", "send Strict-Transport-Security: max-age=31536000")
	case age < leastHSTS:
		e.found(doctor.Warning, "short", "Strict-Transport-Security holds for less than half a year", "send max-age=31536000")
	}
	return nil
}
