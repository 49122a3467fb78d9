package console

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Server speaks HTTP before a console.
type Server struct{ http *http.Server }

// Bounds on what a client may make the server hold.
const (
	maxHeader    = 64 << 10
	readTimeout  = 30 * time.Second
	writeTimeout = 5 * time.Minute // a long extract; streams set their own
	idleTimeout  = 2 * time.Minute
)

// NewServer makes a server. tlsConfig is nil behind a proxy of this machine, and for
// http on the loopback.
func NewServer(h http.Handler, tlsConfig *tls.Config, l *slog.Logger) *Server {
	s := &http.Server{Handler: h, MaxHeaderBytes: maxHeader, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, ErrorLog: log.New(io.Discard, "", 0)} // net/http's complaints quote what clients send (P7)
	if tlsConfig != nil {
		c := tlsConfig.Clone()
		c.ClientAuth = tls.NoClientCert
		c.NextProtos = []string{"h2", "http/1.1"}
		s.TLSConfig = c
	}
	return &Server{s}
}

// Serve accepts clients until the listener is closed.
func (s *Server) Serve(l net.Listener) error {
	var err error
	if s.http.TLSConfig != nil {
		err = s.http.ServeTLS(l, "", "")
	} else {
		err = s.http.Serve(l)
	}
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Close gives what runs a moment and then ends it.
func (s *Server) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close()
	}
}
