package signin

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"custody"
	"custody/internal/look"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed assets
var assetFiles embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"isotime": func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
}).ParseFS(pageFiles, "pages/*.html"))

// view is what every page is made of.
type view struct {
	Page    string
	Title   string
	Portal  string
	Who     *custody.Session // nil before sign-in
	Next    string
	Error   string
	Hint    string
	Calm    bool // the message is no alarm
	Scripts []string
	Data    map[string]any

	zone *time.Location
}

// Time writes a moment as people here read it.
func (v view) Time(t time.Time) string { return t.In(v.zone).Format("Mon 2 Jan 2006, 15:04") }

// Fault fills a view's message from an error.
func (v view) fault(err error) view {
	v.Error, v.Hint = publicly(err)
	return v
}

// page renders a page whole before the first byte leaves, so that a fault in it is
// never half a page.
func (d *Door) page(w http.ResponseWriter, r *http.Request, status int, name string, v view) {
	v.Page, v.Portal, v.zone = name, d.o.Title, d.o.Zone
	if d.passkeys == nil {
		v.Scripts = slices.DeleteFunc(v.Scripts, func(s string) bool { return s == "passkey.js" })
	}
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name+".html", v); err != nil {
		d.o.Log.Error("a page could not be made", "page", name, "err", err)
		http.Error(w, "something went wrong on our side", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b.Bytes())
	}
}

// tellPage answers with an error as whoever asked can read it.
func (d *Door) tellPage(w http.ResponseWriter, r *http.Request, status int, err error) {
	if !navigates(r) {
		tellStatus(w, status, err)
		return
	}
	d.page(w, r, status, "error", view{Title: "This did not work"}.fault(err))
}

var assetTypes = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

// asset serves the embedded style and scripts.
func (d *Door) asset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	dot := strings.LastIndexByte(name, '.')
	b, err := assetFiles.ReadFile("assets/" + name)
	switch name {
	case "custody.css":
		b, err = []byte(look.Sheet), nil
	case "mark.svg":
		b, err = []byte(look.Mark), nil
	}
	if dot < 0 || err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", assetTypes[name[dot:]])
	if name == "worker.js" { // it stands before the portal's requests, not the door's
		w.Header().Set("Service-Worker-Allowed", "/")
		w.Header().Set("Content-Security-Policy", workerPolicy(d.o.Public))
	}
	w.Header().Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(b)
}
