package portalcheck

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"
)

// crawl is what was seen on a walk through the portal.
type crawl struct {
	most    int
	answers []*answer
	links   []link // within the portal, visited or not
	seen    map[string]bool
	shapes  map[string]int // how many addresses of one shape are to be visited
	queue   []*url.URL
	ended   error // why it ended before its end
}

func newCrawl(most int) *crawl {
	return &crawl{most: most, seen: map[string]bool{}, shapes: map[string]int{}}
}

// sameShape is how many pages that differ in numbers alone are visited.
const sameShape = 3

var (
	number = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|[0-9]+`)
	// changes are words of addresses that may change something when they are visited.
	changes = regexp.MustCompile(`(?i)(log|sign)[-_]?(out|off)|delete|remove|destroy|cancel|revoke|disable|reset|unsubscribe|approve|reject|archive|close|shutdown|drop`)
	exports = regexp.MustCompile(`(?i)(^|[^a-z])(export|csv|xlsx?|download|dump|backup|extract)([^a-z]|$)`)
	apiForm = regexp.MustCompile("[\"'`]((?:/[A-Za-z0-9_.-]{1,60}){1,7}/?)[\"'`?]")
	apiPath = regexp.MustCompile(`(?i)/(api|rest|v[0-9]+|odata|graphql)(/|$)|\.json$`)
)

// shape is an address without what names one record or one person: numbers and the
// values of its query.
func shape(u *url.URL) string {
	s := number.ReplaceAllString(u.Path, "{n}")
	var parts []string
	for part := range strings.SplitSeq(s, "/") {
		if strings.Contains(part, "@") || len(part) > 40 {
			part = "{text}"
		}
		parts = append(parts, part)
	}
	s = strings.Join(parts, "/")
	if s == "" {
		s = "/"
	}
	if u.RawQuery == "" {
		return s
	}
	return s + "?…"
}

// walk visits pages from start on, breadth first. Addresses that may change something
// are left alone.
func (c *crawl) walk(ctx context.Context, v *visitor, start *url.URL) {
	c.add(v, link{url: start})
	for len(c.queue) > 0 && len(c.answers) < c.most {
		u := c.queue[0]
		c.queue = c.queue[1:]
		a, err := v.get(ctx, u)
		if err == spent || ctx.Err() != nil {
			c.ended = err
			return
		}
		if err != nil {
			continue
		}
		c.seen[a.url.String()] = true
		c.answers = append(c.answers, a)
		c.read(v, a)
	}
}

// read queues what an answer leads to.
func (c *crawl) read(v *visitor, a *answer) {
	if a.page != nil {
		for _, l := range a.page.links {
			c.add(v, l)
		}
		for i := range a.page.forms {
			if f := &a.page.forms[i]; f.method == http.MethodGet && exports.MatchString(f.action.Path+" "+f.text) {
				c.add(v, link{withValues(f), f.text})
			}
		}
		for _, u := range a.page.scripts {
			c.add(v, link{url: u})
		}
	}
	if a.page != nil || strings.HasSuffix(a.kind(), "javascript") {
		for _, m := range apiForm.FindAllSubmatch(a.body[:min(len(a.body), 256<<10)], 200) {
			if u, err := a.url.Parse(string(m[1])); err == nil && apiPath.MatchString(u.Path) && !bytes.Contains(m[1], []byte("//")) {
				c.add(v, link{url: u})
			}
		}
	}
}

func withValues(f *form) *url.URL {
	u := *f.action
	u.RawQuery = f.values().Encode()
	return &u
}

// maxKnown is how many addresses a walk remembers.
const maxKnown = 5000

func (c *crawl) add(v *visitor, l link) {
	key := l.url.String()
	if !v.web.same(l.url) || c.seen[key] || len(c.seen) >= maxKnown {
		return
	}
	c.seen[key] = true
	c.links = append(c.links, l)
	s := shape(l.url)
	if changes.MatchString(l.url.Path+" "+l.url.RawQuery+" "+l.text) || c.shapes[s] >= sameShape {
		return
	}
	if v.secret && exports.MatchString(l.url.Path+" "+l.url.RawQuery+" "+l.text) {
		return // for checkExport, which looks at it closely
	}
	c.shapes[s]++
	c.queue = append(c.queue, l.url)
}

// html gives the answers that are pages.
func (c *crawl) html() (list []*answer) {
	for _, a := range c.answers {
		if a.page != nil {
			list = append(list, a)
		}
	}
	return list
}

// folders are the folders that addresses of pictures and scripts lie in.
func (c *crawl) folders() (list []string) {
	known := map[string]bool{"/": true, ".": true}
	for _, a := range c.html() {
		for _, u := range append(a.page.assets, a.page.scripts...) {
			for dir := path.Dir(u.Path); !known[dir] && strings.HasPrefix(dir, "/") && u.Host == a.url.Host; dir = path.Dir(dir) {
				known[dir] = true
				list = append(list, dir+"/")
			}
		}
	}
	return list
}
