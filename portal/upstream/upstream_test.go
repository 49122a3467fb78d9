package upstream

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"encoding/json"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"custody"
	"custody/identity"
)

func originOf(t *testing.T, s *httptest.Server) *Origin {
	t.Helper()
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	o := New(Options{URL: u})
	t.Cleanup(o.Close)
	return o
}

func secret(text string) func() (string, error) { return func() (string, error) { return text, nil } }

// ask sends one request under an account and gives the answer's text.
func ask(t *testing.T, a *Account, path string) string {
	t.Helper()
	if _, err := a.Ready(context.Background()); err != nil {
		t.Fatal(err, custody.HintOf(err))
	}
	r := &Request{Method: http.MethodGet, Target: path, Host: a.o.URL().Host, Header: http.Header{}}
	a.Sign(r, path)
	resp, err := a.o.Do(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestHeaderKinds: what each way to sign in puts on a request.
func TestHeaderKinds(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.Header.Get("Authorization")+"|"+r.Header.Get("X-Api-Key"))
	}))
	defer s.Close()
	o := originOf(t, s)
	for _, c := range []struct {
		in   SignIn
		want string
	}{
		{SignIn{}, "|"},
		{SignIn{Kind: Basic, Secret: secret("shop:pass:word")}, "Basic " + base64.StdEncoding.EncodeToString([]byte("shop:pass:word")) + "|"},
		{SignIn{Kind: Bearer, Secret: secret("abc")}, "Bearer abc|"},
		{SignIn{Kind: HeaderKind, Header: "x-api-key", Secret: secret("k1")}, "|k1"},
	} {
		if got := ask(t, o.Account(&c.in, Person{}), "/"); got != c.want {
			t.Errorf("%s: %q, want %q", c.in.Kind, got, c.want)
		}
	}
}

// TestIdentity: the token names the person, can be checked with the published keys
// alone, and is made anew before it ends.
func TestIdentity(t *testing.T) {
	signer, err := NewSigner(bytes.Repeat([]byte{1}, 32), "bodyshop", "https://portal.example", "http://app")
	if err != nil {
		t.Fatal(err)
	}
	again, err := NewSigner(bytes.Repeat([]byte{1}, 32), "bodyshop", "https://portal.example", "http://app")
	if err != nil || !bytes.Equal(signer.Keys(), again.Keys()) {
		t.Fatal("the key changes with a restart", err)
	}
	other, err := NewSigner(bytes.Repeat([]byte{1}, 32), "other", "https://portal.example", "http://app")
	if err != nil || bytes.Equal(signer.Keys(), other.Keys()) {
		t.Fatal("two systems have one key", err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(signer.Keys(), &set); err != nil || len(set.Keys) != 1 || !set.Keys[0].IsPublic() {
		t.Fatal(err, string(signer.Keys()))
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Header.Get("X-Identity")) }))
	defer s.Close()
	in := &SignIn{Kind: Identity, Header: "X-Identity", Signer: signer}
	who := Person{Login: "alice@northfield.example", FullName: "Alice Smith", Organisation: "Northfield", Roles: []string{"estimator"}}
	a := originOf(t, s).Account(in, who)
	parsed, err := jwt.ParseSigned(ask(t, a, "/"), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	var claims jwt.Claims
	var more struct {
		Name string `json:"name"`
	}
	if err := parsed.Claims(set.Keys[0], &claims, &more); err != nil {
		t.Fatal(err)
	}
	if err := claims.Validate(jwt.Expected{Issuer: "https://portal.example", AnyAudience: jwt.Audience{"http://app"}, Subject: who.Login}); err != nil || more.Name != who.FullName {
		t.Errorf("%v %+v", err, more)
	}
	if life := claims.Expiry.Time().Sub(claims.IssuedAt.Time()); life > TokenLife {
		t.Errorf("the token lives %s", life)
	}
	first := a.head
	a.till = time.Now().Add(-time.Second)
	if ask(t, a, "/"); a.head == first {
		t.Error("an old token is not made anew")
	}
}

// TestCertificate: the gate shows its own certificate to an application that demands
// one, and trusts only the application's authority.
func TestCertificate(t *testing.T) {
	caPEM, keyPEM, err := identity.CreateCA("app", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	ca, err := identity.LoadCA(caPEM, keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	pair := func(names ...string) tls.Certificate {
		cert, key, err := ca.ServerCertificate(names, time.Now(), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		p, err := tls.X509KeyPair(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(caPEM)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.TLS.PeerCertificates[0].DNSNames[0]) }))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{pair("127.0.0.1")}, ClientAuth: tls.RequireAnyClientCert}
	s.StartTLS()
	defer s.Close()
	u, _ := url.Parse(s.URL)
	o := New(Options{URL: u, TLS: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair("gate.example")}}})
	defer o.Close()
	for range 3 {
		if got := ask(t, o.Account(&SignIn{Kind: Certificate}, Person{}), "/"); got != "gate.example" {
			t.Errorf("the application saw %q", got)
		}
	}
	stranger := New(Options{URL: u})
	defer stranger.Close()
	if _, err := stranger.Do(context.Background(), &Request{Method: "GET", Target: "/", Host: u.Host}); custody.CodeOf(err) != custody.CodeUnavailable {
		t.Errorf("an application of an unknown authority: %v", err)
	}
}

// TestWrongCredential: a sign-in that fails is told as such and not tried again at
// once, so that the account is not locked.
func TestWrongCredential(t *testing.T) {
	var tries atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			tries.Add(1)
		}
		io.WriteString(w, `<form action="/in" method=post><input name=u><input name=p type=password></form>`)
	}))
	defer s.Close()
	a := originOf(t, s).Account(&SignIn{Kind: FormKind, Form: Form{Path: "/in", UserField: "u", PasswordField: "p"}, Secret: secret("a:b")}, Person{})
	for range 5 {
		if _, err := a.Ready(context.Background()); custody.CodeOf(err) != custody.CodeUnavailable || !strings.Contains(err.Error(), "did not accept") {
			t.Fatal(err)
		}
	}
	if tries.Load() != 1 {
		t.Errorf("%d tries", tries.Load())
	}
	for text, want := range map[string]string{
		`<p>no form</p>`: "no form", `<form action="https://evil.example/"><input name=u><input name=p></form>`: "elsewhere",
	} {
		page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, text) }))
		a := originOf(t, page).Account(&SignIn{Kind: FormKind, Form: Form{Path: "/in", UserField: "u", PasswordField: "p"}, Secret: secret("a:b")}, Person{})
		if _, err := a.Ready(context.Background()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
		page.Close()
	}
}

func TestJar(t *testing.T) {
	var j Jar
	j.Keep([]string{"a=1; Path=/", "b=2; Path=/x", "c=3", "gone=1; Max-Age=0", "late=1; Expires=Mon, 02 Jan 2006 15:04:05 GMT", "mine=9", "bad", "d=\"q q\"; Path=/"},
		"/x/page", func(name string) bool { return name == "mine" })
	for path, want := range map[string]string{"/": `a=1; d="q q"`, "/x": `a=1; b=2; c=3; d="q q"`, "/x/y": `a=1; b=2; c=3; d="q q"`, "/xy": `a=1; d="q q"`} {
		if got := string(j.Append(nil, path)); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	j.Keep([]string{"a=; Max-Age=-1; Path=/"}, "/", nil)
	if got := string(j.Append(nil, "/")); got != `d="q q"` {
		t.Errorf("after a cookie was taken back: %s", got)
	}
	for i := range 200 {
		j.Keep([]string{"n" + strings.Repeat("x", i) + "=1; Path=/"}, "/", nil)
	}
	if len(j.cookies) > maxCookies {
		t.Errorf("%d cookies", len(j.cookies))
	}
}

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{"/login": "/login", "//LOGIN/": "/login", "/a/../login;x=1/": "/login", `\login`: "/login", "": "/", "/.": "/", "/a;b/c;d": "/a/c"} {
		if got := Plain(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

// FuzzFindForm: no page makes the search for the form fail otherwise than by not
// finding it.
func FuzzFindForm(f *testing.F) {
	for _, s := range []string{`<form action=/in><input name=csrf value=x type=hidden><input name=p></form>`, "<form><form><input name=p", "<input name=p>", "<form><script><input name=p></script></form>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, fields, ok := findForm(text, "p"); ok && fields == nil {
			t.Error("a form without fields was found")
		}
	})
}

// FuzzPlain: writing a path plainly twice is writing it once, and it stays a path.
func FuzzPlain(f *testing.F) {
	for _, s := range []string{"/login", "/a/..//b;c", `\\x\..`, "/%2e", "/É"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, p string) {
		plain := Plain(p)
		if !strings.HasPrefix(plain, "/") || Plain(plain) != plain || strings.ContainsAny(plain, `;\`) {
			t.Errorf("%q is %q", p, plain)
		}
	})
}

// FuzzJar: whatever an application sets as cookies, what is sent back is one line.
func FuzzJar(f *testing.F) {
	f.Add("a=1; Path=/", "/x")
	f.Add("a=\"b\r\nc\"; Domain=x; Max-Age=9999999999", "")
	f.Fuzz(func(t *testing.T, line, path string) {
		var j Jar
		j.Keep([]string{line}, path, nil)
		if out := j.Append(nil, "/x/y"); bytes.ContainsAny(out, "\r\n\x00") {
			t.Errorf("%q gives %q", line, out)
		}
	})
}
