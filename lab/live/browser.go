package live

import (
	"context"
	"encoding/base32"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"

	"custody/identity/totp"
)

// Browser is somebody's browser at a portal.
type Browser struct {
	client *http.Client
	dial   string // where the portal listens, scheme and host
	home   string // by which it is known, scheme and host
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

// NewBrowser makes a browser for a portal that listens at listen and is known as home.
func NewBrowser(listen, home string, transport http.RoundTripper) *Browser {
	cookies, _ := cookiejar.New(nil)
	return &Browser{&http.Client{Jar: jar{cookies}, Transport: transport, Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, listen, home}
}

// Page is what a portal answered: its status and its whole text.
type Page struct {
	Status int
	Text   string
}

// Get opens a page of the portal as whoever is signed in.
func (b *Browser) Get(ctx context.Context, path string) (Page, error) {
	return b.ask(ctx, http.MethodGet, path, nil)
}

func (b *Browser) post(ctx context.Context, path string, pairs ...string) (Page, error) {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return b.ask(ctx, http.MethodPost, path, form)
}

func (b *Browser) ask(ctx context.Context, method, path string, form url.Values) (p Page, err error) {
	r, err := http.NewRequestWithContext(ctx, method, b.dial+path, strings.NewReader(form.Encode()))
	if err != nil {
		return p, err
	}
	if home, err := url.Parse(b.home); err == nil {
		r.Host = home.Host
	}
	r.Header.Set("Accept", "text/html")
	r.Header.Set("User-Agent", "Mozilla/5.0 (the laboratory)")
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Origin", b.home)
	}
	resp, err := b.client.Do(r)
	if err != nil {
		return p, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	return Page{resp.StatusCode, string(text)}, err
}

var (
	keyText = regexp.MustCompile(`class="mono key">([A-Z2-7 ]+)<`)
	version = regexp.MustCompile(`name="version" value="([^"]+)"`)
)

// SetUp goes through the pages of a one-time code as a person does: a password, an
// authenticator app, the notice.
func (b *Browser) SetUp(ctx context.Context, code, password string) error {
	p, err := b.post(ctx, "/.custody/enrol", "code", code)
	if err == nil && p.Status == http.StatusSeeOther {
		p, err = b.Get(ctx, "/.custody/enrol/set-up")
	}
	if err != nil {
		return err
	}
	m := keyText.FindStringSubmatch(p.Text)
	if m == nil {
		return fmt.Errorf("no key for an authenticator app in an answer %d", p.Status)
	}
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(m[1], " ", ""))
	if err != nil {
		return err
	}
	if p, err = b.post(ctx, "/.custody/enrol/password", "password", password, "again", password, "code", totp.Code(key, totp.Step(time.Now()))); err != nil {
		return err
	}
	if p, err = b.Get(ctx, "/.custody/notice"); err != nil {
		return err
	}
	if m = version.FindStringSubmatch(p.Text); m == nil {
		return fmt.Errorf("no notice in an answer %d", p.Status)
	}
	_, err = b.post(ctx, "/.custody/notice", "accept", "yes", "version", m[1])
	return err
}
