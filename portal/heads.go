package portal

import (
	"mime"
	"net/http"
	"strings"

	"custody"
	"custody/subjects/body"
)

// What becomes of a header of the application's answer.
const (
	headInspect  = iota // unknown ones: a value may hold a customer's data
	headPass            // says how to read or guard the answer
	headDrop            // about the hop, about the server, or a way around the gate
	headValidate        // lets browsers keep copies: furniture only
)

var heads = map[string]int{
	"Content-Type": headPass, "Content-Language": headPass, "Permissions-Policy": headPass, "Referrer-Policy": headPass, "X-Frame-Options": headPass,
	"Cross-Origin-Opener-Policy": headPass, "Cross-Origin-Embedder-Policy": headPass, "Retry-After": headPass, "Allow": headPass,
	"X-Ua-Compatible": headPass, "X-Robots-Tag": headPass, "Vary": headPass,
	"Etag": headValidate, "Last-Modified": headValidate, "Cache-Control": headValidate, "Expires": headValidate,
	"Set-Cookie": headDrop, "Set-Cookie2": headDrop, "Content-Length": headDrop, "Content-Encoding": headDrop, "Transfer-Encoding": headDrop,
	"Connection": headDrop, "Keep-Alive": headDrop, "Proxy-Connection": headDrop, "Trailer": headDrop, "Upgrade": headDrop, "Te": headDrop,
	"Accept-Ranges": headDrop, "Content-Range": headDrop, "Content-Md5": headDrop, "Digest": headDrop, "Content-Digest": headDrop, "Repr-Digest": headDrop,
	"Date": headDrop, "Age": headDrop, "Pragma": headDrop, "Warning": headDrop, "Server": headDrop, "Via": headDrop, "X-Powered-By": headDrop, "X-Runtime": headDrop,
	"X-Aspnet-Version": headDrop, "X-Aspnetmvc-Version": headDrop, "X-Debug-Token": headDrop, "X-Debug-Token-Link": headDrop,
	"Www-Authenticate": headDrop, "Proxy-Authenticate": headDrop, "Authentication-Info": headDrop, "Strict-Transport-Security": headDrop,
	"X-Content-Type-Options": headDrop, "Alt-Svc": headDrop, "Service-Worker-Allowed": headDrop, "Clear-Site-Data": headDrop, "Sourcemap": headDrop,
	"X-Sourcemap": headDrop, "Link": headDrop, "Content-Location": headDrop, "Nel": headDrop, "Report-To": headDrop, "Reporting-Endpoints": headDrop,
	"Content-Security-Policy-Report-Only": headDrop, "Server-Timing": headDrop, "X-Sendfile": headDrop, "Expect-Ct": headDrop, "Public-Key-Pins": headDrop,
	"Cross-Origin-Resource-Policy": headDrop, "Timing-Allow-Origin": headDrop, "X-Dns-Prefetch-Control": headDrop, "Speculation-Rules": headDrop,
	"Supports-Loading-Mode": headDrop, "Use-As-Dictionary": headDrop, "Dictionary-Id": headDrop, "X-Accel-Redirect": headDrop, "Location": headDrop, "Refresh": headDrop,
	"Content-Security-Policy": headDrop, // written by policyHead
}

// heads writes the head of the answer to the client: what says how to read it, and
// nothing that would let a browser show it again without the gate, take its looks
// elsewhere, or tell of the application's insides.
func (v *visit) heads(resp *http.Response) error {
	out := v.w.Header()
	for name, values := range resp.Header {
		what := heads[name]
		switch {
		case what == headDrop || strings.HasPrefix(name, "Access-Control-") || strings.HasPrefix(name, "X-Accel-") || strings.HasPrefix(name, "Custody-"):
		case what == headPass || what == headValidate && v.furnish:
			out[name] = values
		case what == headInspect:
			for _, value := range values {
				clean, err := v.inspect(value, body.Text)
				if err != nil {
					return err
				}
				out[name] = append(out[name], clean)
			}
		}
	}
	out["X-Content-Type-Options"], out["Cross-Origin-Resource-Policy"] = nosniff, sameOrigin
	if out["Referrer-Policy"] == nil {
		out["Referrer-Policy"] = sameOrigin
	}
	if out["Content-Type"] == nil { // or net/http would guess one
		out["Content-Type"] = nil
	}
	if v.coding != "" {
		out["Content-Encoding"] = []string{v.coding}
		out["Vary"] = append(out["Vary"], "Accept-Encoding")
	}
	if !v.furnish {
		v.noCopies()
	}
	policyHead(out, resp.Header)
	v.passCookies(resp.Header["Set-Cookie"])
	if err := v.location(resp); err != nil {
		return err
	}
	return v.headsSeen()
}

var (
	nosniff    = []string{"nosniff"}
	sameOrigin = []string{"same-origin"}
	noStore    = []string{"private, no-store"}
)

// noCopies makes every look pass the gate: browsers keep no copy, and cannot ask
// whether one that they have is still good.
func (v *visit) noCopies() {
	h := v.w.Header()
	h["Cache-Control"] = noStore
	delete(h, "Etag")
	delete(h, "Last-Modified")
	delete(h, "Expires")
}

// inspect recognises customers in the value of a header, as in a body of that kind.
func (v *visit) inspect(value string, kind body.Kind) (string, error) {
	if len(value) < 4 {
		return value, nil
	}
	held := v.whole
	v.whole = true // collected; headsSeen adds them
	defer func() { v.whole = held }()
	f := &v.view.head
	if err := f.Reset(kind, v.options("")); err != nil {
		return "", err
	}
	b, err := f.Write(nil, []byte(value))
	if err != nil {
		return "", err
	}
	b, err = f.Close(b)
	return strings.Map(oneLine, string(b)), err
}

func oneLine(r rune) rune {
	if r < ' ' || r == 0x7f {
		return ' '
	}
	return r
}

// headsSeen puts those who were seen in the head into the record of an answer that is
// released part by part; one that is released as a whole records them with the rest.
func (v *visit) headsSeen() error {
	if v.whole || v.kind == body.Empty || v.kind == body.Unknown {
		return nil
	}
	for _, s := range v.view.seen {
		if err := v.add(s.subject, s.shown, s.masked); err != nil {
			return err
		}
	}
	v.view.seen = v.view.seen[:0]
	return nil
}

// policyHead passes the application's content policy on without the addresses to
// which browsers would report.
func policyHead(out, in http.Header) {
	for _, value := range in["Content-Security-Policy"] {
		var kept []string
		for directive := range strings.SplitSeq(value, ";") {
			name, _, _ := strings.Cut(strings.TrimSpace(directive), " ")
			if name = strings.ToLower(name); name != "report-uri" && name != "report-to" && name != "" {
				kept = append(kept, strings.TrimSpace(directive))
			}
		}
		out["Content-Security-Policy"] = append(out["Content-Security-Policy"], strings.Join(kept, "; "))
	}
}

// passCookies gives the browser those of the application's cookies that its scripts
// need, bound to this host.
func (v *visit) passCookies(lines []string) {
	if len(v.p.o.Cookies) == 0 {
		return
	}
	for _, line := range lines {
		c, err := http.ParseSetCookie(line)
		if err != nil || !v.p.passes(c.Name) {
			continue
		}
		c.Domain, c.Secure = "", v.p.scheme == "https"
		http.SetCookie(v.w, c)
	}
}

// attached says whether an answer is a file to keep rather than a page to look at.
func attached(h http.Header) bool {
	for _, value := range h["Content-Disposition"] {
		kind, _, err := mime.ParseMediaType(value)
		if err != nil || kind != "inline" {
			return true
		}
	}
	return false
}

// location makes a redirect lead to the portal again, whatever name the application
// gives itself, and refuses one that leads anywhere else.
func (v *visit) location(resp *http.Response) error {
	if refresh := resp.Header.Get("Refresh"); refresh != "" {
		wait, to, found := strings.Cut(refresh, ";")
		_, to, _ = strings.Cut(to, "=")
		if to = strings.Trim(strings.TrimSpace(to), `'"`); found && to != "" {
			own, err := v.here(to)
			if err != nil {
				return err
			}
			wait += ";url=" + own
		}
		v.w.Header().Set("Refresh", strings.Map(oneLine, wait))
	}
	to := resp.Header.Get("Location")
	if to == "" {
		return nil
	}
	own, err := v.here(to)
	if err == nil {
		v.w.Header().Set("Location", own)
	}
	return err
}

// here gives an address of the application as one of the portal.
func (v *visit) here(to string) (string, error) {
	base, err := v.p.o.Origin.Self().Parse(v.r.URL.EscapedPath())
	if err != nil {
		return "", errElsewhere
	}
	u, err := base.Parse(to)
	if err != nil || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return "", errElsewhere
	}
	out := ""
	switch {
	case strings.EqualFold(u.Host, v.p.host), strings.EqualFold(u.Host, base.Host), strings.EqualFold(u.Host, v.p.o.Origin.URL().Host):
		u.Scheme, u.Host, u.Opaque = "", "", ""
		if out = u.String(); !strings.HasPrefix(out, "/") {
			out = "/" + out
		}
		out = "/" + strings.TrimLeft(out, "/")
	case v.p.elsewhere(u.Host):
		out = u.String()
	default:
		return "", errElsewhere
	}
	path, query, asks := strings.Cut(out, "?")
	if path, err = v.inspect(path, body.Text); err != nil || !asks {
		return path, err
	}
	query, err = v.inspect(query, body.Form)
	return path + "?" + query, err
}

var errElsewhere = deny(http.StatusBadGateway, custody.CodeForbidden, "the application leads to another site, which is not let through",
	"the administrator can name the site in custody.yaml, under portal.elsewhere")

func (p *Portal) elsewhere(host string) bool {
	for _, h := range p.o.Elsewhere {
		if strings.EqualFold(h, host) {
			return true
		}
	}
	return false
}
