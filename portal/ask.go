package portal

import (
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"custody"
	"custody/portal/upstream"
)

// ask sends the request to the application under the gate's own sign-in (step 4), and
// once more when the application's session had ended.
func (v *visit) ask() (*http.Response, error) {
	var req *upstream.Request
	if v.known != nil {
		req = v.known.request()
	} else {
		req = v.request()
	}
	req.Lane = v.lane()
	for again := false; ; again = true {
		if v.task() != nil && (!req.Lane.Ready() || !v.g.account.AtHand()) {
			v.leave()
		}
		generation, err := v.g.account.Ready(&v.ctx)
		if err != nil {
			return nil, err
		}
		req.Cookie = v.passedCookies()
		v.g.account.Sign(req, v.path)
		resp, err := v.p.o.Origin.Do(&v.ctx, req)
		if err != nil {
			return nil, err
		}
		v.g.account.Jar.Keep(resp.Header["Set-Cookie"], v.path, v.p.passes)
		if !v.g.account.Expired(resp) {
			return resp, nil
		}
		resp.Body.Close()
		v.g.account.Renew(generation)
		if again {
			return nil, deny(http.StatusBadGateway, custody.CodeUnavailable, "the application does not keep the gate's sign-in",
				"tell the administrator: custody portal credential sets it anew")
		}
		if req.Body != nil || req.Method != http.MethodGet && req.Method != http.MethodHead {
			return nil, deny(http.StatusServiceUnavailable, custody.CodeUnavailable, "the application had signed the gate out, so nothing was sent to it",
				"go back and send the form once more")
		}
	}
}

// hop are the headers that are about the connection or that the gate says itself. The
// client's own words about where it comes from, who it is and what it has cached do
// not reach the application.
var hop = set(
	"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authorization", "Proxy-Authenticate", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
	"Content-Length", "Host", "Expect", "Cookie", "Authorization", "Range", "If-Range", "If-Match", "If-Unmodified-Since", "Accept-Encoding",
	"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Server", "X-Forwarded-Prefix",
	"X-Forwarded-Ssl", "X-Forwarded-Scheme", "X-Real-Ip", "X-Original-Url", "X-Rewrite-Url", "X-Original-Host", "X-Host", "X-Http-Method", "X-Http-Method-Override",
	"X-Method-Override", "True-Client-Ip", "Client-Ip", "Cf-Connecting-Ip", "Via", "Proxy", "Alt-Used", "Custody-Reason", "Http2-Settings",
	"Sec-Websocket-Key", "Sec-Websocket-Version", "Sec-Websocket-Extensions", "Sec-Websocket-Protocol",
)

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, name := range names {
		m[name] = true
	}
	return m
}

// request is the client's request as the application gets it. The client's own is left
// as it is.
func (v *visit) request() *upstream.Request {
	r := v.r
	h := make(http.Header, len(r.Header)+4)
	for name, values := range r.Header {
		// Servers that put headers in variables read _ and - alike.
		if !hop[name] && strings.IndexByte(name, '_') < 0 && !strings.HasPrefix(name, "Custody-") {
			h[name] = values
		}
	}
	for _, line := range r.Header["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
	if v.p.o.SignIn.Kind != upstream.None {
		delete(h, v.p.o.SignIn.HeaderName())
	}
	if !v.furnish {
		delete(h, "If-None-Match")
		delete(h, "If-Modified-Since")
	}
	if codings := acceptable(r.Header["Accept-Encoding"]); codings != "" {
		h["Accept-Encoding"] = []string{codings}
	}
	v.p.forward(h, r)
	req := &upstream.Request{Method: r.Method, Target: r.URL.RequestURI(), Host: v.p.o.Origin.Self().Host, Header: h}
	if r.Body != nil && r.Body != http.NoBody && r.ContentLength != 0 {
		req.Body, req.Length = &patient{v, r.Body}, r.ContentLength
		req.Stop = func() { _ = v.control.SetReadDeadline(longAgo) }
	}
	return req
}

// forward says where the request comes from. An application that is addressed by its
// own name gets that name in Origin and Referer as well, because it may compare them;
// one that is addressed by the public name is told how it was reached.
func (p *Portal) forward(h http.Header, r *http.Request) {
	if address, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		h["X-Forwarded-For"] = []string{address}
	}
	public, self := p.public, p.self
	if self == public {
		h["X-Forwarded-Proto"], h["X-Forwarded-Host"] = p.proto, p.hosts
	}
	if o := h["Origin"]; len(o) > 0 && o[0] != "null" {
		h["Origin"] = []string{self}
	}
	if from := h["Referer"]; len(from) > 0 {
		rest, ours := strings.CutPrefix(from[0], public)
		delete(h, "Referer")
		if ours && plainTarget(self+rest) {
			h["Referer"] = []string{self + rest}
		}
	}
}

// passes says whether a cookie of the application is the browser's as well.
func (p *Portal) passes(name string) bool {
	for _, c := range p.o.Cookies {
		if c == name {
			return true
		}
	}
	return false
}

// passedCookies are those of the browser's cookies that are the application's.
func (v *visit) passedCookies() string {
	if len(v.p.o.Cookies) == 0 {
		return ""
	}
	var b []byte
	for _, c := range v.r.Cookies() {
		if !v.p.passes(c.Name) {
			continue
		}
		if len(b) > 0 {
			b = append(b, "; "...)
		}
		b = append(append(append(b, c.Name...), '='), c.Value...)
	}
	return string(b)
}

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

// patient reads a request's body from a client that may be slow but must not stop.
type patient struct {
	v *visit
	io.Reader
}

// Read implements io.Reader.
func (p *patient) Read(b []byte) (int, error) {
	if p.v.ctx.Err() != nil {
		return 0, p.v.ctx.Err()
	}
	_ = p.v.control.SetReadDeadline(time.Now().Add(p.v.p.o.Stall))
	n, err := p.Reader.Read(b)
	if err == io.EOF { // from now on net/http waits for the client to go away
		_ = p.v.control.SetReadDeadline(time.Time{})
	}
	return n, err
}
