package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"custody/examples/bodyshop/estimate"
)

//go:embed templates static
var files embed.FS

// view is what a template gets.
type view struct {
	Page    any
	Account account // zero before sign-in
	Token   string  // for forms
	At      string  // the path, for the navigation
	Query   string  // what was searched for, for the search field
}

// views are the pages and what belongs to them.
type views struct {
	pages  map[string]*template.Template
	london *time.Location
	assets map[string][]byte // by name with the hash in it
	names  map[string]string // name → name with the hash in it
}

func loadViews(now func() time.Time) (*views, error) {
	v := &views{pages: map[string]*template.Template{}, assets: map[string][]byte{}, names: map[string]string{}}
	var err error
	if v.london, err = time.LoadLocation("Europe/London"); err != nil {
		return nil, err
	}
	if err := v.loadAssets(); err != nil {
		return nil, err
	}
	base, err := template.New("").Funcs(v.funcs(now)).ParseFS(files, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, err
	}
	pages, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		return nil, err
	}
	for _, file := range pages {
		page := template.Must(base.Clone())
		if page, err = page.ParseFS(files, file); err != nil {
			return nil, err
		}
		v.pages[strings.TrimSuffix(path.Base(file), ".html")] = page
	}
	return v, nil
}

// loadAssets names each file by its content, so that browsers may keep it for ever.
func (v *views) loadAssets() error {
	entries, err := fs.ReadDir(files, "static")
	if err != nil {
		return err
	}
	for _, e := range entries {
		b, err := files.ReadFile("static/" + e.Name())
		if err != nil {
			return err
		}
		sum := sha256.Sum256(b)
		ext := path.Ext(e.Name())
		name := strings.TrimSuffix(e.Name(), ext) + "-" + hex.EncodeToString(sum[:6]) + ext
		v.assets[name], v.names[e.Name()] = b, name
	}
	return nil
}

func (v *views) static() http.Handler {
	types := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/static/")
		b, ok := v.assets[name]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", types[path.Ext(name)])
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
	})
}

// render answers with a page. It is made whole first: a template that fails half way
// must not leave half a page.
func (v *views) render(w http.ResponseWriter, status int, page string, data view) error {
	t, ok := v.pages[page]
	if !ok {
		return fmt.Errorf("no page %s", page)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "layout", data); err != nil {
		return err
	}
	return writeHTML(w, status, b.Bytes())
}

func writeHTML(w http.ResponseWriter, status int, b []byte) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(status)
	_, err := w.Write(b)
	return err
}

// fragment answers with one named template without the layout, for scripts.
func (c *call) fragment(name string, data any) error {
	var b bytes.Buffer
	if err := c.views.pages["layout"].ExecuteTemplate(&b, name, data); err != nil {
		return err
	}
	return writeHTML(c.w, http.StatusOK, b.Bytes())
}

func (c *call) render(status int, page string, data any) error {
	q := c.r.URL.Query().Get("q")
	return c.views.render(c.w, status, page, view{Page: data, Account: c.session.account, Token: c.session.csrf, At: c.r.URL.Path, Query: q})
}

func (c *call) page(name string, data any) error { return c.render(http.StatusOK, name, data) }

// funcs are the words of the templates: times in London, UK formats.
func (v *views) funcs(now func() time.Time) template.FuncMap {
	return template.FuncMap{
		"date":     func(t time.Time) string { return stamp(t.In(v.london), "02/01/2006") },
		"day":      func(t time.Time) string { return stamp(t, "02/01/2006") }, // of a date column
		"datetime": func(t time.Time) string { return stamp(t.In(v.london), "02/01/2006 15:04") },
		"iso":      func(t time.Time) string { return stamp(t, time.DateOnly) },
		"local":    func(t time.Time) string { return stamp(t.In(v.london), "2006-01-02T15:04") },
		"today":    func() string { return now().In(v.london).Format(time.DateOnly) },
		"pounds":   estimate.Pence.Pounds,
		"off":      func(p estimate.Pence) string { return (-p).Pounds() },
		"asset":    func(name string) string { return "/static/" + v.names[name] },
		"count":    func(n int, one, many string) string { return plural(n, one, many) },
		"starts":   strings.HasPrefix,
		"status":   func(s string) string { return statusNames[s] },
		"kind":     func(s string) string { return kindNames[s] },
		"discount": discountName,
		"number":   grouped,

		"estimateNumber": estimateNumber,
		"add":            func(a, b int) int { return a + b },
		"list":           func(v ...any) []any { return v },
	}
}

func stamp(t time.Time, layout string) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(layout)
}

var kindNames = map[string]string{"labour": "Labour", "paint": "Paint", "part": "Parts", "all": "Everything"}

// grouped writes 12,345.
func grouped(n int) string {
	return strings.TrimSuffix(strings.TrimPrefix(estimate.Pence(int64(n)*100).Pounds(), "£"), ".00")
}

// plural writes 1,234 customers and 1 customer.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + many
}
