package page

import (
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
)

//go:embed rules.html
var rulesText string

var rules = template.Must(template.New("rules").Parse(rulesText))

// Rules is the page on which people read and accept the rules.
type Rules struct {
	Dress  `json:"-"`
	System string `json:"-"`
	Action string `json:"-"`
	Rules  []Rule `json:"rules"`
}

// Rule is one rule in force. Accepted says when the person did; empty if they have not.
type Rule struct {
	ID       int64  `json:"id"`
	Title    string `json:"title"`
	Version  string `json:"version"`
	Text     string `json:"text"`
	Accepted string `json:"accepted,omitempty"`
}

// Write sends the page, or its list as JSON to a program.
func (m *Rules) Write(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	ownHeads(h)
	if Program(r) {
		h.Set("Content-Type", "application/json")
		line, _ := json.Marshal(m)
		_, _ = w.Write(append(line, '\n'))
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	_ = rules.Execute(w, m)
}

// ownHeads are the headers of the gate's own pages.
func ownHeads(h http.Header) {
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Frame-Options", "DENY")
}
