// Package page makes the few pages that the gate shows in place of the application's:
// why something was refused, what to do now, and the question for a reason. Programs
// get the same as JSON. They hold no personal data and nothing of the application.
package page

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"custody"
	"custody/internal/look"
)

//go:embed page.html
var text string

// style is that of the sign-in pages, too.
var style = look.Sheet

var page = template.Must(template.New("page").Parse(text))

// policy lets nothing load or run but the style that is in the page.
var policy = "default-src 'none'; style-src 'sha256-" + digest(style) + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// Page is what is shown.
type Page struct {
	Dress
	Status  int
	Title   string
	Message string
	Hint    string
	Code    custody.Code
	System  string
	Contact string // whom to ask: an address or a name; empty for none
	Back    string // where "go back" leads, a path; empty for none
	Again   string // where "try again" leads
	Ask     *Ask   // the question for a reason; nil for none
	More    string // where to ask for more; empty for nowhere
	Retry   int    // seconds after which to try again; 0 for none
}

// Ask is the form that asks for a reason.
type Ask struct {
	Action string
	Token  string
	People int
	Most   int // characters of a reason
}

// Dress gives a page what all have, for the template.
type Dress struct{}

// Style is the page's style sheet.
func (Dress) Style() template.CSS { return template.CSS(style) }

// Mark is the gate's sign.
func (Dress) Mark() template.HTML { return template.HTML(look.Mark) }

// Sentence writes a message as a sentence.
func (p *Page) Sentence(text string) string {
	if text == "" {
		return text
	}
	r, size := utf8.DecodeRuneInString(text)
	text = string(unicode.ToUpper(r)) + text[size:]
	if !strings.ContainsAny(text[len(text)-1:], ".!?…") {
		text += "."
	}
	return text
}

// Lead leads to the contact.
func (p *Page) Lead() string {
	if p.Code == custody.CodeUnavailable {
		return "For questions, write to"
	}
	return "To ask for more, write to"
}

// Mail says whether the contact is an address.
func (p *Page) Mail() bool {
	return strings.Contains(p.Contact, "@") && !strings.ContainsAny(p.Contact, " \t?&")
}

// Write sends the page, or JSON to a program.
func (p *Page) Write(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	for name := range h { // nothing of an answer that was being made
		if name != "Strict-Transport-Security" {
			delete(h, name)
		}
	}
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	if p.Retry > 0 {
		h.Set("Retry-After", strconv.Itoa(p.Retry))
	}
	if Program(r) {
		p.json(w)
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Frame-Options", "DENY")
	w.WriteHeader(p.Status)
	_ = page.Execute(w, p)
}

func (p *Page) json(w http.ResponseWriter) {
	type body struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Hint    string `json:"hint,omitempty"`
		State   string `json:"state,omitempty"` // where to state the reason, with Token
		Token   string `json:"token,omitempty"`
		More    string `json:"more,omitempty"` // where a person asks for more
	}
	b := body{Code: p.Code.String(), Message: p.Message, Hint: p.Hint, More: p.More}
	if p.Ask != nil {
		b.State, b.Token = p.Ask.Action, p.Ask.Token
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(p.Status)
	line, _ := json.Marshal(map[string]body{"error": b})
	_, _ = w.Write(append(line, '\n'))
}

// Program says whether a request comes from a program or a script rather than from
// somebody who looks at a page.
func Program(r *http.Request) bool {
	switch mode := r.Header.Get("Sec-Fetch-Mode"); {
	case mode == "navigate":
		return false
	case mode != "":
		return true
	}
	accept := r.Header.Get("Accept")
	return !strings.Contains(accept, "text/html") && (accept != "" || r.Header.Get("User-Agent") == "") ||
		r.Header.Get("X-Requested-With") != ""
}
