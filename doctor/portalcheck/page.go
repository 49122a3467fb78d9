package portalcheck

import (
	"bytes"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// The bounds of one page: what is over them is not looked at.
const (
	maxTokens = 200_000
	maxLinks  = 500
	maxForms  = 50
	maxFields = 200
)

// link is an address in a page with the words that stand on it.
type link struct {
	url  *url.URL
	text string
}

// field is an input of a form.
type field struct {
	name, kind, value, autocomplete string
	noPaste                         bool
}

// form is a form as a browser reads it.
type form struct {
	method string // upper case
	action *url.URL
	fields []field
	text   string // of its buttons
}

// page is what was found in one page.
type page struct {
	title     string
	generator string
	links     []link
	scripts   []*url.URL
	assets    []*url.URL
	forms     []form
	text      []byte // what people and their programs read: no markup, scripts or styles
}

// reader reads one page.
type reader struct {
	p       *page
	base    *url.URL
	form    *form // being read
	link    *link
	skip    string // the element whose text is not for people
	inTitle bool
	button  bool
	words   bytes.Buffer
}

// readPage finds links, forms and words in a page. It takes any bytes.
func readPage(body []byte, at *url.URL) *page {
	r := &reader{p: &page{}, base: at}
	z := html.NewTokenizer(bytes.NewReader(body))
	z.SetMaxBuf(maxBody)
	for range maxTokens {
		switch z.Next() {
		case html.ErrorToken:
			return r.end()
		case html.TextToken:
			r.readText(z.Text())
		case html.StartTagToken, html.SelfClosingTagToken:
			r.open(z.Token())
		case html.EndTagToken:
			name, _ := z.TagName()
			r.shut(string(name))
		}
	}
	return r.end()
}

func (r *reader) end() *page {
	r.endForm()
	r.endLink()
	r.p.text = bytes.Clone(r.words.Bytes())
	return r.p
}

func (r *reader) readText(text []byte) {
	if r.skip != "" {
		return
	}
	plain := html.UnescapeString(string(text))
	r.words.WriteString(plain)
	if r.inTitle && len(r.p.title) < 200 {
		r.p.title += plain
	}
	if r.link != nil && len(r.link.text) < 200 {
		r.link.text += plain
	}
	if r.form != nil && r.button && len(r.form.text) < 500 {
		r.form.text += " " + plain
	}
}

func (r *reader) open(t html.Token) {
	a := attributes(t)
	r.readAttributes(a)
	switch t.Data {
	case "script":
		r.skip = "script"
		if u := r.resolve(a["src"]); u != nil {
			r.p.scripts = append(r.p.scripts, u)
		}
	case "style", "template":
		r.skip = t.Data
	case "base":
		if u := r.resolve(a["href"]); u != nil {
			r.base = u
		}
	case "meta":
		if strings.EqualFold(a["name"], "generator") {
			r.p.generator = a["content"]
		}
	case "title":
		r.inTitle = true
	case "a", "area":
		r.endLink()
		if u := r.resolve(a["href"]); u != nil {
			r.link = &link{url: u, text: a["title"]}
		}
	case "link", "img", "iframe", "frame":
		r.readAsset(t.Data, a)
	default:
		r.openField(t.Data, a)
	}
}

func (r *reader) readAsset(element string, a map[string]string) {
	u := r.resolve(a["href"] + a["src"])
	switch {
	case u == nil:
	case strings.HasSuffix(element, "frame"):
		r.addLink(link{url: u})
	default:
		r.p.assets = append(r.p.assets, u)
	}
}

func (r *reader) openField(element string, a map[string]string) {
	switch element {
	case "form":
		r.endForm()
		method := strings.ToUpper(a["method"])
		if method != "POST" {
			method = "GET"
		}
		r.form = &form{method: method, action: r.resolve(a["action"])}
		if a["action"] == "" {
			r.form.action = r.base
		}
	case "input", "textarea", "select", "button":
		r.button = element == "button"
		if r.form == nil || len(r.form.fields) >= maxFields {
			return
		}
		kind := strings.ToLower(a["type"])
		if kind == "" {
			kind = map[string]string{"input": "text", "button": "submit"}[element]
		}
		if kind == "submit" || kind == "button" {
			r.form.text += " " + a["value"]
		}
		_, paste := a["onpaste"]
		r.form.fields = append(r.form.fields, field{a["name"], kind, a["value"], strings.ToLower(a["autocomplete"]), paste})
	}
}

func (r *reader) shut(name string) {
	if name == r.skip {
		r.skip = ""
	}
	switch name {
	case "a", "area":
		r.endLink()
	case "form":
		r.endForm()
	case "title":
		r.inTitle = false
	case "button":
		r.button = false
	}
	r.words.WriteByte(' ')
}

// readAttributes adds what attributes show to people or keep for scripts.
func (r *reader) readAttributes(a map[string]string) {
	for name, value := range a {
		if name == "value" || name == "title" || name == "content" || name == "alt" || strings.HasPrefix(name, "data-") ||
			name == "href" && (strings.HasPrefix(value, "mailto:") || strings.HasPrefix(value, "tel:")) {
			r.words.WriteByte('\n')
			r.words.WriteString(value)
			r.words.WriteByte('\n')
		}
	}
}

func (r *reader) endLink() {
	if r.link != nil {
		r.addLink(*r.link)
	}
	r.link = nil
}

func (r *reader) addLink(l link) {
	if len(r.p.links) < maxLinks {
		r.p.links = append(r.p.links, l)
	}
}

func (r *reader) endForm() {
	if r.form != nil && len(r.p.forms) < maxForms && r.form.action != nil {
		r.p.forms = append(r.p.forms, *r.form)
	}
	r.form = nil
}

// resolve gives an absolute address of the web; nil for anything else.
func (r *reader) resolve(ref string) *url.URL {
	ref = strings.TrimSpace(ref)
	if ref == "" || len(ref) > 4096 {
		return nil
	}
	u, err := r.base.Parse(ref)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil
	}
	u.Fragment, u.RawFragment = "", ""
	return u
}

func attributes(t html.Token) map[string]string {
	m := make(map[string]string, len(t.Attr))
	for _, a := range t.Attr {
		if _, twice := m[a.Key]; !twice {
			m[a.Key] = a.Val
		}
	}
	return m
}

// passwords gives the fields that hold passwords.
func (f *form) passwords() (list []field) {
	for _, x := range f.fields {
		if x.kind == "password" {
			list = append(list, x)
		}
	}
	return list
}

// values are what the form would send unchanged, without its buttons and boxes.
func (f *form) values() url.Values {
	v := url.Values{}
	for _, x := range f.fields {
		switch x.kind {
		case "submit", "button", "checkbox", "radio", "image", "reset", "file":
		default:
			if x.name != "" {
				v.Set(x.name, x.value)
			}
		}
	}
	return v
}
