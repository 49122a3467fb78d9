package site

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// How long a client of a small entrance may take.
const (
	headerTime = 10 * time.Second
	readTime   = 30 * time.Second
	writeTime  = 60 * time.Second
	idleTime   = 2 * time.Minute
)

// serveHTTP serves a small entrance until the listener is closed, with the site's own
// certificate or, behind a proxy of this machine, without TLS.
func (s *Site) serveHTTP(l net.Listener, h http.Handler, secure bool) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
		MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(s.o.Log.Handler(), slog.LevelDebug)}
	if secure {
		c := s.o.TLS.Clone()
		c.NextProtos, c.ClientAuth = []string{"http/1.1"}, tls.NoClientCert
		l = tls.NewListener(l, c)
	}
	stopped := context.AfterFunc(s.running, func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			server.Close()
		}
	})
	defer stopped()
	err := server.Serve(l)
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// ServeScim accepts employers' directories until the listener is closed.
func (s *Site) ServeScim(l net.Listener) error { return s.serveHTTP(l, s.ScimHandler(), s.o.Scim.TLS) }
