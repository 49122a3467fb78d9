package custodytest_test

import (
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"testing"

	"custody/custodytest"
)

// greeter greets by cookie: it knows whom it has seen.
func greeter(t *testing.T) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.FormValue("name")
		if c, err := r.Cookie("name"); err == nil && name == "" {
			name, _ = url.QueryUnescape(c.Value)
		}
		http.SetCookie(w, &http.Cookie{Name: "name", Value: url.QueryEscape(name)})
		fmt.Fprintf(w, `<!doctype html><p id="hello">Hello %s</p><form><input name="name"><button>Go</button></form>
			<script>setTimeout(() => document.body.append(Object.assign(document.createElement("i"), {id: "late"})), 20)</script>`, name)
	}))
	t.Cleanup(s.Close)
	return s
}

func TestBrowse(t *testing.T) {
	s := greeter(t)
	p := custodytest.Browse(t)
	p.Open(s.URL)
	p.Fill("input", "Zoë")
	if status := p.Follow("button"); status != 200 {
		t.Errorf("status %d", status)
	}
	if got := p.Text("#hello"); got != "Hello Zoë" {
		t.Errorf("the page says %q", got)
	}
	p.Until("document.getElementById('late')")
	if n := custodytest.Eval[int](p, "document.querySelectorAll('p').length"); n != 1 {
		t.Errorf("%d paragraphs", n)
	}
	p.Size(390, 844)
	f, err := os.Open(p.Screenshot("browse"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if picture, err := png.DecodeConfig(f); err != nil || picture.Width != 390 || picture.Height < 844 {
		t.Errorf("a screenshot of %d × %d, %v", picture.Width, picture.Height, err)
	}
}

func TestBrowseKeepsTabsApart(t *testing.T) {
	s := greeter(t)
	first, second := custodytest.Browse(t), custodytest.Browse(t)
	first.Open(s.URL + "?name=Amelia")
	first.Open(s.URL)
	second.Open(s.URL)
	if a, b := first.Text("#hello"), second.Text("#hello"); a != "Hello Amelia" || b != "Hello" {
		t.Errorf("%q and %q", a, b)
	}
}
