// Package page holds the console's templates, style and scripts, all embedded, and makes
// pages of them. It knows no handler: what a page shows comes in its Frame.
package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"io/fs"
	"path"
	"strings"
	"time"
)

//go:embed html/*.html
var htmlFiles embed.FS

//go:embed assets/*
var assetFiles embed.FS

// Frame is what every page is made of.
type Frame struct {
	Page       string // the template's name
	Title      string
	Deployment string
	Path       string
	Who        string // empty before sign-in
	Employer   string
	Roles      []string
	Nav        []Group
	Done       string // a sentence about what a form did
	Message    string // an error
	Hint       string
	Data       any
}

// Group is a part of the navigation.
type Group struct {
	Title string
	Items []Item
}

// Item is a place to go to.
type Item struct {
	Path, Title string
	Here        bool
	Count       int // waiting there; zero shows none
}

// Pages makes pages. It is safe for concurrent use.
type Pages struct{ templates *template.Template }

// New reads the embedded templates. Times are shown in zone; now tells how long ago.
func New(zone *time.Location, now func() time.Time) (*Pages, error) {
	t, err := template.New("").Funcs(funcs(zone, now)).ParseFS(htmlFiles, "html/*.html")
	if err != nil {
		return nil, err
	}
	return &Pages{t}, nil
}

// Render makes a whole page.
func (p *Pages) Render(name string, f *Frame) ([]byte, error) {
	var body, b bytes.Buffer
	if err := p.templates.ExecuteTemplate(&body, name, f); err != nil {
		return nil, err
	}
	err := p.templates.ExecuteTemplate(&b, "layout", struct {
		*Frame
		Body template.HTML
	}{f, template.HTML(body.String())}) // made by html/template a line above
	return b.Bytes(), err
}

// Part makes a part of a page.
func (p *Pages) Part(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	err := p.templates.ExecuteTemplate(&b, name, data)
	return b.Bytes(), err
}

// asset is an embedded file under an address that changes with its content.
type asset struct {
	kind string
	body []byte
}

var kinds = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

// assets are by address, links by name.
var assets, links = readAssets()

func readAssets() (map[string]asset, map[string]string) {
	files, names := map[string]asset{}, map[string]string{}
	list, _ := fs.Glob(assetFiles, "assets/*")
	for _, file := range list {
		kind, ok := kinds[path.Ext(file)]
		if !ok {
			continue
		}
		b, err := assetFiles.ReadFile(file)
		if err != nil {
			panic(err) // it is embedded
		}
		sum := sha256.Sum256(b)
		ext := path.Ext(file)
		name := path.Base(file)
		at := strings.TrimSuffix(name, ext) + "." + base64.RawURLEncoding.EncodeToString(sum[:6]) + ext
		files[at], names[name] = asset{kind, b}, "/assets/"+at
	}
	return files, names
}

// Asset finds an embedded file by the last part of its address.
func Asset(name string) (body []byte, kind string, ok bool) {
	a, ok := assets[name]
	return a.body, a.kind, ok
}
