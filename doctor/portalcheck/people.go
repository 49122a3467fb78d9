package portalcheck

import (
	"archive/zip"
	"bytes"
	"io"
	"regexp"
	"strings"

	"custody"
)

var (
	mailForm  = regexp.MustCompile(`[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+`)
	phoneForm = regexp.MustCompile(`(?:\+44|\b00?44|\b0)[ ()\d-]{8,18}\d\b`)
	plateForm = regexp.MustCompile(`\b[A-Z]{2}\d{2} ?[A-Z]{3}\b`)
)

// roles are mailboxes of a firm and not of a person: they may stand on any page.
var roles = regexp.MustCompile(`^(info|support|sales|contact|help|helpdesk|service|admin|webmaster|postmaster|abuse|security|no-?reply|privacy|dpo|office|enquiries|enquiry|hello|accounts?|reception|bookings?)[@+.]`)

// people are the identifiers of one text, by category. They live as long as the
// examination and are only counted and compared.
type people map[custody.Category]map[string]bool

// identifiers is how many there are of the commonest kind.
func (p people) identifiers() int {
	n := 0
	for _, set := range p {
		n = max(n, len(set))
	}
	return n
}

// number is about how many people there are: many have two phones or two cars, few two
// mail addresses.
func (p people) number() int {
	return max(len(p[custody.Email]), (len(p[custody.Phone])+1)/2, (len(p[custody.Vehicle])+1)/2)
}

// shares says whether an identifier is in both.
func (p people) shares(q people) bool {
	for c, set := range p {
		for v := range set {
			if q[c][v] {
				return true
			}
		}
	}
	return false
}

func (p people) less(q people) people {
	rest := people{}
	for c, set := range p {
		for v := range set {
			if !q[c][v] {
				rest.add(c, v)
			}
		}
	}
	return rest
}

func (p people) add(c custody.Category, v string) {
	if p[c] == nil {
		p[c] = map[string]bool{}
	}
	p[c][v] = true
}

// people finds identifiers in what an answer shows.
func (e *exam) people(a *answer) people { return e.peopleIn(a.text()) }

func (e *exam) peopleIn(text []byte) people {
	p := people{}
	for _, k := range []struct {
		form     *regexp.Regexp
		category custody.Category
	}{{mailForm, custody.Email}, {phoneForm, custody.Phone}, {plateForm, custody.Vehicle}} {
		for _, v := range k.form.FindAll(text, -1) {
			if k.category == custody.Email && roles.MatchString(strings.ToLower(string(v))) {
				continue
			}
			if c, ok := e.canonical(k.category, v); ok {
				p.add(k.category, c)
			}
		}
	}
	return p
}

func (e *exam) canonical(c custody.Category, v []byte) (string, bool) {
	if e.Canonical == nil {
		return strings.ToLower(strings.ReplaceAll(string(v), " ", "")), true
	}
	out, ok := e.Canonical(nil, c, v)
	return string(out), ok
}

// text is what an answer shows: the words of a page, the strings of a workbook, or the
// bytes as they are. Pictures, scripts and styles show nothing.
func (a *answer) text() []byte {
	if a.page != nil {
		return a.page.text
	}
	kind := a.kind()
	switch {
	case bytes.HasPrefix(a.body, []byte("PK\x03\x04")):
		return workbook(a.body)
	case strings.HasPrefix(kind, "image/"), strings.HasPrefix(kind, "font/"), strings.HasPrefix(kind, "video/"),
		strings.HasSuffix(kind, "javascript"), kind == "text/css":
		return nil
	}
	return a.body
}

// maxUnpacked is how much of a packed file is looked at, in bytes.
const maxUnpacked = 8 << 20

// workbook gives the strings of a packed file that was read whole; nothing of others.
func workbook(body []byte) []byte {
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		return nil
	}
	var out bytes.Buffer
	for i, f := range z.File {
		name := strings.ToLower(f.Name)
		if i >= 100 || !strings.HasSuffix(name, ".xml") && !strings.HasSuffix(name, ".csv") && !strings.HasSuffix(name, ".txt") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			continue
		}
		_, _ = io.Copy(&out, io.LimitReader(r, int64(maxUnpacked-out.Len())))
		r.Close()
		out.WriteByte('\n')
	}
	return bytes.ReplaceAll(out.Bytes(), []byte("<"), []byte("\n<"))
}
