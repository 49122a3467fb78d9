package page

import (
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
)

//go:embed more.html
var moreText string

var more = template.Must(template.New("more").Parse(moreText))

// More is the page on which people ask for more, and managers decide.
type More struct {
	Dress
	System   string
	Action   string // where the forms go
	Back     string
	Said     string // what became of the last form
	Kind     string // chosen: more or export
	Subjects uint32
	Most     int
	Ends     []End
	// Emergency says what emergency access is; empty where the person has none.
	Emergency string
	Mine      []Wish
	Waiting   []Wish
}

// End is one choice of when it is to end.
type End struct{ Value, Text string }

// Wish is one request in words.
type Wish struct {
	ID       int64  `json:"id"`
	Who      string `json:"who,omitempty"`
	Wish     string `json:"wish"`
	Subjects uint32 `json:"subjects"`
	Until    string `json:"until"`
	Reason   string `json:"reason"`
	State    string `json:"state"`
	Note     string `json:"note,omitempty"`
}

// Write sends the page, or its lists as JSON to a program.
func (m *More) Write(w http.ResponseWriter, r *http.Request, status int) {
	h := w.Header()
	ownHeads(h)
	if Program(r) {
		h.Set("Content-Type", "application/json")
		w.WriteHeader(status)
		line, _ := json.Marshal(map[string][]Wish{"mine": m.Mine, "waiting": m.Waiting})
		_, _ = w.Write(append(line, '\n'))
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = more.Execute(w, m)
}
