package site

import (
	"encoding/json"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"custody"
)

// deafAfter is how long the gate may not have heard of revocations and count as ready;
// it stops releasing after a second.
const deafAfter = time.Second

// Readiness is what /ready answers: each check is "ok" or the code of what is wrong.
type Readiness struct {
	Ready       bool   `json:"ready"`
	Ledger      string `json:"ledger"`      // can what is disclosed be recorded
	Revocations string `json:"revocations"` // can the end of a right be heard
	State       string `json:"state"`       // can the rights be read
}

// readiness says whether the gate can do its work now.
func (s *Site) readiness() Readiness {
	word := func(err error) string {
		if err != nil {
			return custody.CodeOf(err).String()
		}
		return "ok"
	}
	_, err := s.o.Store.Generation()
	r := Readiness{Ledger: word(s.Ledger.Health()), Revocations: "ok", State: word(err)}
	if s.Gate.Unheard() > deafAfter {
		r.Revocations = "unheard"
	}
	r.Ready = r.Ledger == "ok" && r.Revocations == "ok" && r.State == "ok"
	return r
}

// AdminHandler serves /metrics, /health (the process answers) and /ready (the gate can
// do its work). It shows no names of people and asks for no credential: whoever reaches
// it must be allowed to.
func (s *Site) AdminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.registry(), promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second}))
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ok\n"))
	})
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, _ *http.Request) {
		r := s.readiness()
		w.Header().Set("Content-Type", "application/json")
		if !r.Ready {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_ = json.NewEncoder(w).Encode(r)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	})
}

// ServeAdmin answers those who watch the gate until the listener is closed.
func (s *Site) ServeAdmin(l net.Listener) error { return s.serveHTTP(l, s.AdminHandler(), false) }
