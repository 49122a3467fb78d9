// Package scim is a SCIM 2.0 server (RFC 7643, RFC 7644): an employer's directory
// tells it who works there, and in which groups. It is the protocol only: what a user
// and a group mean is the backend's. docs/scim.md says what holds, row by row, and
// what clients in the field do differently.
package scim

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"
)

// Prefix is the path below which the server answers.
const Prefix = "/scim/v2"

// maxBody is the longest request, in bytes.
const maxBody = 1 << 20

// Backend keeps the resources of clients. A client never sees another's: the backend
// answers for what is not its own as for what is not there (custody.CodeNotFound).
type Backend interface {
	Get(ctx context.Context, client string, kind Kind, id string) (*Resource, error)
	// Find gives the resources with this name (userName, displayName; any case) or
	// with this external id; an empty one is not asked for.
	Find(ctx context.Context, client string, kind Kind, name, external string) ([]*Resource, error)
	// List gives all, by the time they were made.
	List(ctx context.Context, client string, kind Kind) ([]*Resource, error)
	// Page gives some of them in that order, from offset on, and counts them all.
	Page(ctx context.Context, client string, kind Kind, offset, limit int) (page []*Resource, total int, err error)
	// Save keeps a resource and sets its id and version. A new one has version 0; else
	// the kept one must have the version of r, or the error is ErrVersion. What it
	// means is in force when Save returns.
	Save(ctx context.Context, client string, r *Resource) error
	// Delete takes a resource of this version away; with version 0, of any.
	Delete(ctx context.Context, client string, kind Kind, id string, version int64) error
}

// Client is an employer's directory that may connect.
type Client struct {
	Name   string
	Tokens [][32]byte // SHA-256 of its bearer tokens
}

// Options are what a Server needs.
type Options struct {
	Backend Backend
	Clients []Client
	// Public is the address under which clients reach it, scheme and host.
	Public string
	Log    *slog.Logger
}

// Server answers SCIM requests. It is safe for concurrent use.
type Server struct {
	o    Options
	base string
}

// New makes a server for the directories of the options; Log is slog's own if nil.
func New(o Options) *Server {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Server{o: o, base: strings.TrimRight(o.Public, "/") + Prefix}
}

// call is one request on its way.
type call struct {
	*Server
	w      http.ResponseWriter
	r      *http.Request
	client string
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	client := s.client(r)
	if client == "" {
		w.Header().Set("WWW-Authenticate", `Bearer realm="scim"`)
		writeError(w, &Error{http.StatusUnauthorized, "", "the bearer token was not accepted"})
		s.o.Log.Info("a SCIM request was not accepted", "status", http.StatusUnauthorized)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	c := &call{s, w, r, client}
	if err := c.route(); err != nil {
		e := asError(err)
		if e.Status == http.StatusInternalServerError {
			s.o.Log.Error("a SCIM request failed", "client", client, "err", errors.Join(err, errors.Unwrap(err)))
		}
		writeError(w, e)
		s.o.Log.Info("a SCIM request was refused", "client", client, "method", r.Method, "status", e.Status, "type", e.Type, "took", time.Since(began))
	}
}

// client finds whose token a request bears; every token is compared, in constant time.
func (s *Server) client(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return ""
	}
	hash, found := sha256.Sum256([]byte(strings.TrimSpace(token))), ""
	for _, c := range s.o.Clients {
		for _, t := range c.Tokens {
			if subtle.ConstantTimeCompare(hash[:], t[:]) == 1 {
				found = c.Name
			}
		}
	}
	return found
}

func (c *call) route() error {
	path, ok := strings.CutPrefix(c.r.URL.Path, Prefix)
	if !ok {
		return errMissing
	}
	path = strings.TrimSuffix(path, "/")
	first, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	for _, t := range types {
		if "/"+first == t.endpoint {
			return c.resources(t, rest)
		}
	}
	switch first {
	case "ServiceProviderConfig", "ResourceTypes", "Schemas":
		return c.discovery(first, rest)
	case ".search":
		return c.search(types...)
	case "Bulk", "Me":
		return &Error{http.StatusNotImplemented, "", first + " is not supported; ServiceProviderConfig says what is"}
	}
	return errMissing
}

func (c *call) resources(t *resourceType, id string) error {
	switch {
	case id == ".search":
		return c.search(t)
	case id == "" && c.r.Method == http.MethodGet:
		return c.list(t)
	case id == "" && c.r.Method == http.MethodPost:
		return c.create(t)
	case id == "" || strings.Contains(id, "/"):
		if id == "" {
			return c.notAllowed("GET, POST")
		}
		return errMissing
	case c.r.Method == http.MethodGet:
		return c.get(t, id)
	case c.r.Method == http.MethodPut:
		return c.replace(t, id)
	case c.r.Method == http.MethodPatch:
		return c.patch(t, id)
	case c.r.Method == http.MethodDelete:
		return c.remove(t, id)
	}
	return c.notAllowed("GET, PUT, PATCH, DELETE")
}

func (c *call) notAllowed(methods string) error {
	c.w.Header().Set("Allow", methods)
	return &Error{http.StatusMethodNotAllowed, "", "this method is not known here: " + methods + " are"}
}

// read decodes the request's body, one JSON object.
func (c *call) read(into any) error {
	kind, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || kind != "application/scim+json" && kind != "application/json" {
		return &Error{http.StatusUnsupportedMediaType, "", "the body is application/scim+json"}
	}
	text, err := io.ReadAll(c.r.Body)
	if err != nil {
		if errors.As(err, new(*http.MaxBytesError)) {
			return &Error{http.StatusRequestEntityTooLarge, "", "the body is longer than 1 MiB"}
		}
		return invalidSyntax("the body was cut short")
	}
	if tooDeep(text) {
		return invalidSyntax("the body is nested too deeply")
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	if err := dec.Decode(into); err != nil || dec.More() {
		return invalidSyntax("the body is not one JSON object of the right shape")
	}
	return nil
}

// tooDeep counts brackets outside of texts: more than 30 are no resource.
func tooDeep(text []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > 30 {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}
