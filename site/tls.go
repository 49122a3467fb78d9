package site

import (
	"crypto/tls"
	"crypto/x509"

	"custody"
)

// ServerTLS makes the gate's TLS settings from its certificate and key in PEM.
// Clients may show a personal certificate of the site's own authority; none is
// demanded, because a token will do as well.
func ServerTLS(cert, key, authority []byte) (*tls.Config, error) {
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, &custody.Error{Code: custody.CodeInvalid, Message: "the gate's certificate and key do not fit together",
			Hint: "replace both files in keys/, or make new ones with custody init in an empty folder", Err: err}
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		return nil, custody.E(custody.CodeInvalid, "the authority's certificate cannot be read", "restore keys/ca.crt from a backup")
	}
	return &tls.Config{
		Certificates: []tls.Certificate{pair},
		ClientAuth:   tls.VerifyClientCertIfGiven,
		ClientCAs:    pool,
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"postgresql"}, // for clients that start with TLS at once
	}, nil
}
