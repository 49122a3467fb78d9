package main

import (
	"context"
	"encoding/base32"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"time"

	"custody/identity/totp"
)

// browser is what somebody sees in a browser of their own.
type browser struct {
	*http.Client
	home string // the portal's address
}

// page is what a browser shows.
type page struct {
	status int
	path   string // after redirects
	text   string // as HTML
}

// jar keeps cookies as browsers do for this machine, where even plain HTTP is safe.
type jar struct{ *cookiejar.Jar }

func (j jar) SetCookies(u *url.URL, list []*http.Cookie) { j.Jar.SetCookies(safe(u), list) }
func (j jar) Cookies(u *url.URL) []*http.Cookie          { return j.Jar.Cookies(safe(u)) }

func safe(u *url.URL) *url.URL {
	v := *u
	v.Scheme = "https"
	return &v
}

func newBrowser(home string) *browser {
	cookies, _ := cookiejar.New(nil)
	return &browser{&http.Client{Jar: jar{cookies}, Timeout: 30 * time.Second}, home}
}

// slow makes it a browser on a slow line: what was not read yet is held back.
func (b *browser) slow() {
	small := &net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		if e := c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 8<<10) }); e != nil {
			return e
		}
		return err
	}}
	b.Transport = &http.Transport{DialContext: small.DialContext, DisableCompression: true, ReadBufferSize: 4 << 10}
}

func (b *browser) open(ctx context.Context, path string) (page, error) {
	return b.ask(ctx, http.MethodGet, path, nil)
}

// send fills a form in and sends it.
func (b *browser) send(ctx context.Context, path string, pairs ...string) (page, error) {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return b.ask(ctx, http.MethodPost, path, form)
}

func (b *browser) ask(ctx context.Context, method, path string, form url.Values) (page, error) {
	resp, err := b.begin(ctx, method, path, form)
	if err != nil {
		return page{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return page{resp.StatusCode, resp.Request.URL.Path, string(text)}, err
}

// begin sends what a browser sends and gives the answer when its head is there.
func (b *browser) begin(ctx context.Context, method, path string, form url.Values) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, b.home+path, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	r.Header.Set("User-Agent", "Mozilla/5.0 (the demonstration)")
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Origin", b.home)
	}
	return b.Do(r)
}

// login is what a person knows and holds after setting up their sign-in.
type login struct {
	name, password string
	key            []byte   // of the authenticator app
	recovery       []string // codes for somebody without the app
	used           int64    // the app's last code that was used
}

var (
	keyText      = regexp.MustCompile(`class="mono key">([A-Z2-7 ]+)<`)
	recoveryText = regexp.MustCompile(`<code>([a-z2-7-]{19})</code>`)
)

// code is what the app shows. Each holds once, so the next one is waited for by taking
// it from the future that a clock may be off by.
func (l *login) code() string {
	l.used = max(l.used+1, totp.Step(time.Now()))
	return totp.Code(l.key, l.used)
}

// setUp goes through the pages with a one-time code: a password that is too weak, one
// that will do, and an authenticator app.
func (b *browser) setUp(ctx context.Context, l *login, enrolment, weak string) (refused string, err error) {
	p, err := b.send(ctx, "/.custody/enrol", "code", enrolment)
	if err != nil {
		return "", err
	}
	m := keyText.FindStringSubmatch(p.text)
	if m == nil {
		return "", fmt.Errorf("no key for an authenticator app on %s (%d)", p.path, p.status)
	}
	if l.key, err = base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(m[1], " ", "")); err != nil {
		return "", err
	}
	if weak != "" {
		if p, err = b.send(ctx, "/.custody/enrol/password", "password", weak, "again", weak, "code", totp.Code(l.key, totp.Step(time.Now()))); err != nil {
			return "", err
		}
		refused = p.message()
	}
	if p, err = b.send(ctx, "/.custody/enrol/password", "password", l.password, "again", l.password, "code", l.code()); err != nil {
		return refused, err
	}
	for _, c := range recoveryText.FindAllStringSubmatch(p.text, -1) {
		l.recovery = append(l.recovery, c[1])
	}
	if len(l.recovery) == 0 {
		return refused, fmt.Errorf("%s was not set up: %s", l.name, p.message())
	}
	return refused, nil
}

// accept accepts the notice in force.
func (b *browser) accept(ctx context.Context) (page, error) {
	p, err := b.open(ctx, "/.custody/notice")
	if err != nil {
		return p, err
	}
	m := version.FindStringSubmatch(p.text)
	if m == nil {
		return p, fmt.Errorf("no notice at %s (%d)", p.path, p.status)
	}
	return b.send(ctx, "/.custody/notice", "accept", "yes", "version", m[1])
}

var (
	version = regexp.MustCompile(`name="version" value="([^"]+)"`)
	tags    = regexp.MustCompile(`(?s)<(script|style).*?</(script|style)>|<[^>]*>`)
	heading = regexp.MustCompile(`(?s)<h1[^>]*>(.*?)</h1>\s*<p[^>]*>(.*?)</p>`)
	alarm   = regexp.MustCompile(`(?s)id="message">(.*?)</div>`)
	field   = regexp.MustCompile(`(?s)<dd[^>]*data-field="([a-z_]+)"[^>]*>(.*?)</dd>`)
	holder  = regexp.MustCompile(`<tr data-customer="([0-9]+)">`)
)

// words is a piece of a page as it is read.
func words(piece string) string {
	return strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(piece, " "))), " ")
}

// message is what a page of the gate says.
func (p page) message() string {
	for _, what := range []*regexp.Regexp{alarm, heading} {
		if m := what.FindStringSubmatch(p.text); m != nil {
			return words(strings.Join(m[1:], ": "))
		}
	}
	return fmt.Sprintf("an answer %d without a message", p.status)
}

// fields are the values on a customer's page, by name.
func (p page) fields() map[string]string {
	found := map[string]string{}
	for _, m := range field.FindAllStringSubmatch(p.text, -1) {
		if _, had := found[m[1]]; !had {
			found[m[1]] = words(m[2])
		}
	}
	return found
}

// holders are the customers of a list.
func (p page) holders() (ids []string) {
	for _, m := range holder.FindAllStringSubmatch(p.text, -1) {
		ids = append(ids, m[1])
	}
	return ids
}
