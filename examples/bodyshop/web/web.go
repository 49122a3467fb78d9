// Package web is the repair-estimating application that two repairers run on the
// sample database: customers and their vehicles, accidents, estimates, job cards and
// a status board, with a JSON API beside the pages. It has what such portals have:
// one shared account for each branch with a weak password, no limits, and no record
// of who looked at whom. It knows nothing of what may guard it.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"
	_ "time/tzdata" // screens show the time in London, on any machine

	"github.com/jackc/pgx/v5/pgxpool"
)

// Options change how the application runs. The zero value is usual.
type Options struct {
	Log *slog.Logger     // operations, never personal data; nil for none
	Now func() time.Time // the clock; nil for the real one
}

// Server is the application: an http.Handler.
type Server struct {
	pool     *pgxpool.Pool
	log      *slog.Logger
	now      func() time.Time
	sessions *sessions
	hub      *hub
	views    *views
	handler  http.Handler
}

// New makes the application on a database that examples/bodyshop filled. The pool
// stays the caller's.
func New(ctx context.Context, pool *pgxpool.Pool, o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := checkSchema(ctx, pool); err != nil {
		return nil, err
	}
	s := &Server{pool: pool, log: o.Log, now: o.Now, sessions: newSessions(o.Now), hub: newHub()}
	var err error
	if s.views, err = loadViews(o.Now); err != nil {
		return nil, err
	}
	s.handler = protect(s.routes())
	return s, nil
}

func checkSchema(ctx context.Context, pool *pgxpool.Pool) error {
	var there bool
	if err := pool.QueryRow(ctx, "SELECT to_regclass('web_accounts') IS NOT NULL").Scan(&there); err != nil {
		return fmt.Errorf("bodyshop: asking the database: %w", err)
	}
	if !there {
		return errors.New("bodyshop: the database has no table web_accounts; fill an empty database with: bodyshop -dsn …")
	}
	return nil
}

// ServeHTTP serves one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Close ends the streams of events that are open, so that a server can shut down.
func (s *Server) Close() { s.hub.close() }

// routes says who answers what. Everything but the sign-in page and the style sheet
// needs a session.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", s.loginPage)
	mux.HandleFunc("POST /login", s.login)
	mux.Handle("GET /static/", s.views.static())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "ok") })
	for pattern, do := range map[string]action{
		"POST /logout":  s.logout,
		"GET /{$}":      s.home,
		"GET /account":  s.accountPage,
		"POST /account": s.changePassword,

		"GET /customers":                 s.customersPage,
		"POST /customers":                s.createCustomer,
		"GET /customers/new":             s.newCustomerPage,
		"GET /customers/{id}":            s.customerPage,
		"POST /customers/{id}":           s.updateCustomer,
		"GET /customers/{id}/edit":       s.editCustomerPage,
		"POST /customers/{id}/vehicles":  s.addVehicle,
		"POST /customers/{id}/policies":  s.addPolicy,
		"POST /customers/{id}/accidents": s.addAccident,
		"POST /customers/{id}/calls":     s.addCall,
		"GET /export/customers.csv":      s.exportCSV,
		"GET /export/customers.xlsx":     s.exportXLSX,
		"GET /search":                    s.searchPage,
		"GET /search/suggest":            s.suggest,

		"GET /accidents/{id}/estimate":              s.newEstimatePage,
		"POST /accidents/{id}/estimate":             s.createEstimate,
		"GET /estimates":                            s.estimatesPage,
		"GET /estimates/{id}":                       s.estimatePage,
		"POST /estimates/{id}":                      s.saveEstimate,
		"GET /estimates/{id}/edit":                  s.editEstimatePage,
		"GET /estimates/{id}/pdf":                   s.estimatePDF,
		"POST /estimates/{id}/supplements/{number}": s.answerSupplement,
		"POST /estimates/{id}/job":                  s.bookJob,

		"GET /board":             s.boardPage,
		"GET /board/card/{id}":   s.boardCard,
		"GET /jobs/{id}":         s.jobPage,
		"POST /jobs/{id}":        s.saveJob,
		"POST /jobs/{id}/status": s.moveJob,

		"GET /api/customers":         s.apiCustomers,
		"GET /api/customers/{id}":    s.apiCustomer,
		"GET /api/search":            s.apiSearch,
		"GET /api/jobs":              s.apiJobs,
		"POST /api/jobs/{id}/status": s.apiMoveJob,
		"GET /api/estimates/{id}":    s.apiEstimate,
		"POST /api/price":            s.apiPrice,
		"GET /api/events":            s.events,
		"GET /api/board":             s.boardSocket,
	} {
		mux.Handle(pattern, s.signedIn(do))
	}
	mux.Handle("/", s.signedIn(func(*call) error { return notFound() }))
	return mux
}

// protect sets the headers that every answer has and bounds what a request may send.
func protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

// maxBody is more than the largest estimate as a form.
const maxBody = 512 << 10
