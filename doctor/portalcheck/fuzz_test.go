package portalcheck

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzPage: whatever a page holds, it is read within the bounds, and addresses that come
// out of it are absolute and of the web.
func FuzzPage(f *testing.F) {
	for _, seed := range []string{
		`<a href="/customers/1">Ada</a><form method=post><input type=password name=p><select name=s><option>x</select><button>In</button></form>`,
		`<base href="https://other.example/"><a href=x><a href="javascript:alert(1)"><a href="//evil.example/x"><a href="http://[::1">`,
		`<script src=/a.js>fetch("/api/x")</script><style>a{}</style><template><form></template><!-- <form> --><title>t`,
		"<form action='/export?x=1'><input name=a value='&lt;07700 900123&gt;'><textarea name=t>ada@mail.example</textarea>",
		"<a href='mailto:ada@mail.example' title=x data-phone='07700900123'>\x00\xff</a></form></form><form><form>",
	} {
		f.Add([]byte(seed))
	}
	at, _ := url.Parse("https://portal.example/a/b")
	f.Fuzz(func(t *testing.T, body []byte) {
		p := readPage(body, at)
		if len(p.links) > maxLinks || len(p.forms) > maxForms {
			t.Fatalf("%d links, %d forms", len(p.links), len(p.forms))
		}
		for _, l := range p.links {
			if l.url.Host == "" || l.url.Scheme != "http" && l.url.Scheme != "https" || l.url.Fragment != "" {
				t.Fatalf("%v", l.url)
			}
			if strings.ContainsAny(shape(l.url), "0123456789") && number.MatchString(shape(l.url)) {
				t.Fatalf("the shape %q names a record", shape(l.url))
			}
		}
		for i := range p.forms {
			if p.forms[i].action == nil || len(p.forms[i].fields) > maxFields {
				t.Fatalf("%+v", p.forms[i])
			}
			p.forms[i].values()
		}
		e := &exam{}
		e.peopleIn(p.text)
	})
}

// FuzzWorkbook: a packed file that lies about itself is read within the bound.
func FuzzWorkbook(f *testing.F) {
	f.Add([]byte("PK\x03\x04"))
	if files, _ := filepath.Glob("testdata/*.xlsx"); len(files) > 0 {
		if b, err := os.ReadFile(files[0]); err == nil {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if n := len(workbook(body)); n > 2*maxUnpacked+1000 {
			t.Fatalf("%d bytes", n)
		}
	})
}

// TestStandard: every point of the standard is a heading of its document with its
// number and name, and says what, why, how and what a failure means.
func TestStandard(t *testing.T) {
	text, err := os.ReadFile("../../docs/portal-standard.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := strings.Split(string(text), "\n### ")[1:]
	if len(sections) != len(points) {
		t.Fatalf("the document has %d points, there are %d", len(sections), len(points))
	}
	for i, p := range points {
		if p.number != i+1 || Number(Prefix+p.name) != p.number {
			t.Errorf("%s has the number %d", p.name, p.number)
		}
		for _, part := range []string{"`" + Prefix + p.name + "`", "**What.**", "**Why.**", "**How.**", "**Failure.**"} {
			if !strings.Contains(sections[i], part) {
				t.Errorf("point %d does not say %s", p.number, part)
			}
		}
	}
	for _, c := range candidates {
		if !strings.Contains(string(text), "`"+c.object+"`") {
			t.Errorf("the document does not name the password %s", c.object)
		}
	}
}
