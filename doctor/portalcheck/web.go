package portalcheck

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// How long one answer may take in all, and how long one is read that has no end.
const (
	maxWait   = 30 * time.Second
	maxStream = time.Second
)

// Agent says who asks.
const Agent = "custody-portal-check/1 (custody doctor portal; ordered by the operator of this portal)"

// web asks one origin, slowly and a bounded number of times.
type web struct {
	base     *url.URL
	any      *http.Transport // believes every certificate; nothing secret goes through it
	checked  *http.Transport
	every    time.Duration
	next     time.Time // before which nothing is asked
	asked    int
	most     int
	loopback bool
}

func newWeb(o *Options) *web {
	w := &web{base: o.URL, every: o.Every, most: o.Requests, loopback: isLoopback(o.URL.Hostname())}
	if w.every == 0 {
		w.every = DefaultEvery
		if w.loopback {
			w.every /= 10
		}
	}
	if w.most == 0 {
		w.most = DefaultRequests
	}
	strict := &tls.Config{}
	if o.TLS != nil {
		strict = o.TLS.Clone()
	}
	strict.MinVersion = tls.VersionTLS10 // old versions are a finding, not the end
	lax := strict.Clone()
	lax.InsecureSkipVerify = true // its certificate is looked at by checkTLS
	w.checked, w.any = transport(strict), transport(lax)
	return w
}

func transport(t *tls.Config) *http.Transport {
	return &http.Transport{TLSClientConfig: t, DisableCompression: false, MaxIdleConns: 2, IdleConnTimeout: time.Minute,
		ResponseHeaderTimeout: 20 * time.Second, TLSHandshakeTimeout: 10 * time.Second, MaxResponseHeaderBytes: 256 << 10,
		DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext, ForceAttemptHTTP2: true}
}

func (w *web) close() {
	w.any.CloseIdleConnections()
	w.checked.CloseIdleConnections()
}

// pause waits for the next request's turn and counts it.
func (w *web) pause(ctx context.Context) error {
	if w.asked >= w.most {
		return spent
	}
	w.asked++
	timer := time.NewTimer(time.Until(w.next))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
	}
	w.next = time.Now().Add(w.every)
	return nil
}

func (w *web) same(u *url.URL) bool {
	return u.Scheme == w.base.Scheme && u.User == nil && strings.EqualFold(hostPort(u), hostPort(w.base))
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// visitor is one browser: the cookies that it holds, and whether it holds a secret.
type visitor struct {
	web     *web
	cookies map[string]*http.Cookie
	set     map[string]*http.Cookie // as the portal set them last, with their flags
	secret  bool
}

func (w *web) visitor() *visitor {
	return &visitor{web: w, cookies: map[string]*http.Cookie{}, set: map[string]*http.Cookie{}}
}

// without is the same browser without one cookie; "" for an exact copy.
func (v *visitor) without(name string) *visitor {
	c := &visitor{web: v.web, cookies: maps.Clone(v.cookies), set: maps.Clone(v.set), secret: v.secret}
	delete(c.cookies, name)
	return c
}

// answer is what came back, as far as it was read.
type answer struct {
	url    *url.URL
	status int
	header http.Header
	body   []byte
	cut    bool // there is more than was read
	page   *page
}

// kind is the media type without its parameters.
func (a *answer) kind() string {
	t, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(t))
}

func (a *answer) isHTML() bool { return a.kind() == "text/html" || a.kind() == "application/xhtml+xml" }

func (a *answer) isRedirect() bool {
	return a.status >= 300 && a.status < 400 && a.header.Get("Location") != ""
}

// get asks for an address and follows what leads on within the portal.
func (v *visitor) get(ctx context.Context, u *url.URL) (*answer, error) {
	return v.follow(ctx, http.MethodGet, u, nil, nil)
}

func (v *visitor) follow(ctx context.Context, method string, u *url.URL, form url.Values, header http.Header) (*answer, error) {
	for range 8 {
		a, err := v.once(ctx, method, u, form, header)
		if err != nil || !a.isRedirect() {
			return a, err
		}
		to, err := u.Parse(a.header.Get("Location"))
		if err != nil || !v.web.same(to) {
			return a, nil // it leads elsewhere, where nothing is asked
		}
		to.Fragment = ""
		if a.status != http.StatusTemporaryRedirect && a.status != http.StatusPermanentRedirect {
			method, form = http.MethodGet, nil
		}
		u = to
	}
	return nil, skipped("the portal leads in a circle")
}

// once asks one time. Whoever holds a secret tells it only to a certificate that holds.
func (v *visitor) once(ctx context.Context, method string, u *url.URL, form url.Values, header http.Header) (*answer, error) {
	if !v.web.same(u) {
		return nil, skipped("it lies outside the portal's own origin")
	}
	if v.secret && u.Scheme != "https" && !v.web.loopback {
		return nil, skipped("without TLS no password and no session is sent")
	}
	if err := v.web.pause(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	r, err := v.request(ctx, method, u, form, header)
	if err != nil {
		return nil, err
	}
	through := v.web.any
	if v.secret {
		through = v.web.checked
	}
	resp, err := through.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		defer time.AfterFunc(maxStream, cancel).Stop() // it has no end; what came until then is looked at
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil && len(body) == 0 && !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		return nil, err
	}
	v.keep(resp)
	a := &answer{url: u, status: resp.StatusCode, header: resp.Header, cut: len(body) > maxBody, body: body[:min(len(body), maxBody)]}
	if a.isHTML() {
		a.page = readPage(a.body, u)
	}
	return a, nil
}

func (v *visitor) request(ctx context.Context, method string, u *url.URL, form url.Values, header http.Header) (*http.Request, error) {
	encoded := form.Encode()
	r, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader([]byte(encoded)))
	if err != nil {
		return nil, skipped("an address cannot be asked for")
	}
	if method != http.MethodPost {
		r.Body, r.ContentLength = nil, 0
	}
	r.Header.Set("User-Agent", Agent)
	r.Header.Set("Accept", "text/html,application/xhtml+xml,application/json;q=0.9,*/*;q=0.8")
	if method == http.MethodPost {
		origin := v.web.base.Scheme + "://" + v.web.base.Host
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", origin)
		r.Header.Set("Referer", u.String())
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Sec-Fetch-Mode", "navigate")
		r.Header.Set("Sec-Fetch-Dest", "document")
	}
	maps.Copy(r.Header, header)
	for _, name := range slices.Sorted(maps.Keys(v.cookies)) {
		if c := v.cookies[name]; c.Path == "" || pathMatches(c.Path, u.EscapedPath()) {
			r.AddCookie(&http.Cookie{Name: name, Value: c.Value})
		}
	}
	return r, nil
}

// maxCookies is how many cookies a visitor holds.
const maxCookies = 50

func (v *visitor) keep(resp *http.Response) {
	for _, c := range resp.Cookies() {
		if c.MaxAge < 0 || !c.Expires.IsZero() && c.Expires.Before(time.Unix(1e9, 0)) {
			delete(v.cookies, c.Name)
			continue
		}
		if len(v.cookies) < maxCookies {
			v.cookies[c.Name], v.set[c.Name] = c, c
		}
	}
}

func pathMatches(cookie, path string) bool {
	cookie = strings.TrimSuffix(cookie, "/")
	return path == cookie || strings.HasPrefix(path, cookie+"/")
}
