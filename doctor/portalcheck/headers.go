package portalcheck

import (
	"context"
	"net/http"
	"regexp"
	"strings"

	"custody/doctor"
)

// pageOf is the page whose headers are looked at: one with a session if there is one.
func (e *exam) pageOf() *answer {
	if e.inside != nil {
		for _, a := range e.inside.html() {
			if a.status < 400 {
				return a
			}
		}
	}
	if list := e.public.html(); len(list) > 0 {
		return list[0]
	}
	return nil
}

// checkHeaders looks at what a page tells browsers about itself.
func (e *exam) checkHeaders(context.Context) error {
	a := e.pageOf()
	if a == nil {
		return skipped("no page was seen")
	}
	csp := directives(a.header.Values("Content-Security-Policy"))
	scripts, has := csp["script-src"]
	if !has {
		scripts, has = csp["default-src"]
	}
	switch {
	case !has:
		e.found(doctor.Warning, "content-security-policy", "no Content-Security-Policy says which scripts may run", "send one, like default-src 'self'; script-src 'self'")
	case strings.Contains(scripts, "'unsafe-inline'") && !strings.Contains(scripts, "'nonce-") && !strings.Contains(scripts, "'sha"), scripts == "*":
		e.found(doctor.Note, "content-security-policy", "the Content-Security-Policy lets every script in a page run", "leave 'unsafe-inline' and * out of script-src")
	}
	frame := strings.ToUpper(a.header.Get("X-Frame-Options"))
	if _, ok := csp["frame-ancestors"]; !ok && frame != "DENY" && frame != "SAMEORIGIN" {
		e.found(doctor.Warning, "frame-ancestors", "other sites may show the portal in a frame and have people click on it", "send Content-Security-Policy: frame-ancestors 'none', or X-Frame-Options: DENY")
	}
	if !strings.EqualFold(a.header.Get("X-Content-Type-Options"), "nosniff") {
		e.found(doctor.Warning, "nosniff", "browsers may take a file for something else than it is", "send X-Content-Type-Options: nosniff")
	}
	policy := strings.ToLower(a.header.Get("Referrer-Policy"))
	switch {
	case policy == "":
		e.found(doctor.Note, "referrer-policy", "no Referrer-Policy is sent: what browsers tell other sites is their choice", "send Referrer-Policy: same-origin")
	case strings.Contains(policy, "unsafe-url"), strings.HasSuffix(policy, "no-referrer-when-downgrade"):
		e.found(doctor.Warning, "referrer-policy", "addresses of pages, with what they name, are told to other sites", "send Referrer-Policy: same-origin")
	}
	return nil
}

// directives reads content security policies; of two with the same name the first holds.
func directives(headers []string) map[string]string {
	m := map[string]string{}
	for part := range strings.SplitSeq(strings.Join(headers, ";"), ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), " ")
		name = strings.ToLower(name)
		if _, twice := m[name]; name != "" && !twice {
			m[name] = strings.ToLower(strings.TrimSpace(value))
		}
	}
	return m
}

var version = regexp.MustCompile(`[0-9]+\.[0-9]+`)

func (e *exam) checkBanners(context.Context) error {
	for _, a := range e.public.answers {
		for _, name := range []string{"Server", "X-Powered-By", "X-Aspnet-Version", "X-Aspnetmvc-Version", "X-Generator", "Via"} {
			if value := a.header.Get(name); version.MatchString(value) && name != "Via" {
				e.found(doctor.Warning, strings.ToLower(name), "the header "+name+" tells the version of a program", "leave the version out: it tells which attacks to try")
			}
		}
		if a.page != nil && version.MatchString(a.page.generator) {
			e.found(doctor.Warning, "generator", "pages tell the version of a program in a meta element", "leave it out")
		}
	}
	return nil
}

// checkCache looks whether what a session shows stays in caches and on shared machines.
func (e *exam) checkCache(context.Context) error {
	if err := e.needInside(); err != nil {
		return err
	}
	for _, a := range e.inside.answers {
		if a.status != http.StatusOK || a.page == nil && e.people(a).number() == 0 {
			continue
		}
		c := strings.ToLower(strings.Join(a.header.Values("Cache-Control"), ","))
		switch {
		case strings.Contains(c, "no-store"):
		case strings.Contains(c, "public"), strings.Contains(c, "s-maxage"), !strings.Contains(c, "private") && freshFor.MatchString(c):
			e.found(doctor.Serious, "shared", "pages with a session may be kept by caches that others use too, "+shape(a.url)+" for one", "send Cache-Control: no-store")
		default:
			e.found(doctor.Warning, "kept", "browsers may keep pages with a session after sign-out, "+shape(a.url)+" for one", "send Cache-Control: no-store")
		}
	}
	return nil
}

var freshFor = regexp.MustCompile(`max-age=[1-9]`)
