package oidc

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"

	"custody"
)

// hostile is a provider that keeps to the protocol unless told otherwise. A real one
// is in the tests of package signin; no real one lies on request.
type hostile struct {
	*httptest.Server
	key       *ecdsa.PrivateKey
	claims    map[string]any // of the next ID token, over the right ones
	info      map[string]any // of userinfo
	signWith  any            // instead of its key
	alg       jose.SignatureAlgorithm
	challenge string // of the authorisation request
	issues    bool
	status    int // of the token endpoint
	raw       string
}

func newHostile(t testing.TB) *hostile {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	h := &hostile{key: key, alg: jose.ES256, issues: true}
	mux := http.NewServeMux()
	reply := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, map[string]any{"issuer": h.URL, "authorization_endpoint": h.URL + "/auth", "token_endpoint": h.URL + "/token", "jwks_uri": h.URL + "/jwks",
			"userinfo_endpoint": h.URL + "/me", "id_token_signing_alg_values_supported": []string{"ES256", "HS256", "none"}, "authorization_response_iss_parameter_supported": h.issues})
	})
	mux.HandleFunc("/jwks", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &h.key.PublicKey, KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	})
	mux.HandleFunc("/me", func(w http.ResponseWriter, _ *http.Request) { reply(w, h.info) })
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
		if base64.RawURLEncoding.EncodeToString(sum[:]) != h.challenge || r.PostFormValue("code") != "the code" || h.status != 0 {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(max(h.status, http.StatusBadRequest))
			fmt.Fprint(w, `{"error":"invalid_grant","error_description":"alice@northfield.example was refused"}`)
			return
		}
		reply(w, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": h.token(t)})
	})
	h.Server = httptest.NewServer(mux)
	t.Cleanup(h.Close)
	return h
}

func (h *hostile) token(t testing.TB) string {
	t.Helper()
	if h.raw != "" {
		return h.raw
	}
	var key any = jose.JSONWebKey{Key: h.key, KeyID: "k"}
	if h.signWith != nil {
		key = h.signWith
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: h.alg, Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(h.claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(text)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return compact
}

// begin starts a sign-in and prepares the right claims for it.
func (h *hostile) begin(t testing.TB, change ...func(*Config)) (*Provider, *Flow, url.Values) {
	t.Helper()
	c := Config{Name: "northfield", Issuer: h.URL, ClientID: "custody", Secret: "a secret", Domains: []string{"northfield.example"}}
	for _, f := range change {
		f(&c)
	}
	p, err := New(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	address, flow, err := p.Begin(context.Background(), "https://estimates.northfield.example/.custody/oidc/northfield/callback")
	if err != nil {
		t.Fatal(err)
	}
	q := mustQuery(t, address)
	h.challenge = q.Get("code_challenge")
	h.claims = map[string]any{"iss": h.URL, "aud": "custody", "sub": "a1", "nonce": q.Get("nonce"), "exp": time.Now().Add(time.Minute).Unix(), "iat": time.Now().Unix(),
		"email": "Alice@northfield.example", "email_verified": true, "groups": []string{"Estimators"}}
	return p, flow, url.Values{"code": {"the code"}, "state": {q.Get("state")}, "iss": {h.URL}}
}

func mustQuery(t testing.TB, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// TestAuthorisationRequest holds the request to RFC 6749 section 4.1.1, RFC 7636
// section 4.3 and OpenID Connect Core section 3.1.2.1.
func TestAuthorisationRequest(t *testing.T) {
	h := newHostile(t)
	p, flow, _ := h.begin(t)
	address, second, err := p.Begin(context.Background(), "https://x.example/callback")
	if err != nil {
		t.Fatal(err)
	}
	q := mustQuery(t, address)
	for name, want := range map[string]string{"response_type": "code", "client_id": "custody", "scope": "openid email profile", "code_challenge_method": "S256",
		"redirect_uri": "https://x.example/callback", "state": second.State, "nonce": second.Nonce} {
		if q.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, q.Get(name), want)
		}
	}
	if flow.State == second.State || flow.Nonce == second.Nonce || flow.Verifier == second.Verifier || len(second.Verifier) < 43 || len(second.State) < 20 {
		t.Error("two sign-ins share a secret, or it is short")
	}
	if q.Has("client_secret") || strings.Contains(address, second.Verifier) {
		t.Error("the request shows a secret")
	}
}

// TestRFC7636 is appendix B: the verifier and its challenge.
func TestRFC7636(t *testing.T) {
	if got := oauth2.S256ChallengeFromVerifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"); got != "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" {
		t.Errorf("got %s", got)
	}
}

// TestAccounts: what a right answer says of somebody.
func TestAccounts(t *testing.T) {
	groups := func(c *Config) {
		c.Groups = map[string][]string{"Estimators": {"estimator", "reader"}, "Boss": {"manager"}}
	}
	for _, c := range []struct {
		name   string
		change func(*Config)
		claims map[string]any
		want   Account
	}{
		{"plain", nil, nil, Account{Subject: "a1", Email: "alice@northfield.example", Roles: []string{}}},
		{"not verified", nil, map[string]any{"email_verified": false}, Account{Subject: "a1", Roles: []string{}}},
		{"verified in a string", nil, map[string]any{"email_verified": "true"}, Account{Subject: "a1", Roles: []string{}}},
		{"another domain", nil, map[string]any{"email": "alice@evil.example"}, Account{Subject: "a1", Roles: []string{}}},
		{"a domain that ends like ours", nil, map[string]any{"email": "alice@notnorthfield.example"}, Account{Subject: "a1", Roles: []string{}}},
		{"two signs", nil, map[string]any{"email": "alice@northfield.example@evil.example"}, Account{Subject: "a1", Roles: []string{}}},
		{"speaks for nobody", func(c *Config) { c.Domains = nil }, nil, Account{Subject: "a1", Roles: []string{}}},
		{"groups", groups, nil, Account{Subject: "a1", Email: "alice@northfield.example", Roles: []string{"estimator", "reader"}, Narrow: true}},
		{"several groups", groups, map[string]any{"groups": []any{"Boss", "Estimators", "x", 7}}, Account{Subject: "a1", Email: "alice@northfield.example", Roles: []string{"estimator", "manager", "reader"}, Narrow: true}},
		{"one group as text", groups, map[string]any{"groups": "Boss"}, Account{Subject: "a1", Email: "alice@northfield.example", Roles: []string{"manager"}, Narrow: true}},
		{"another claim", func(c *Config) { groups(c); c.GroupsClaim = "roles" }, map[string]any{"roles": []string{"Boss"}}, Account{Subject: "a1", Email: "alice@northfield.example", Roles: []string{"manager"}, Narrow: true}},
	} {
		h := newHostile(t)
		p, flow, answer := h.begin(t, func(x *Config) {
			if c.change != nil {
				c.change(x)
			}
		})
		for k, v := range c.claims {
			h.claims[k] = v
		}
		got, err := p.Finish(context.Background(), flow, answer)
		if err != nil {
			t.Errorf("%s: %v: %v", c.name, err, errors.Unwrap(err))
			continue
		}
		c.want.Issuer = h.URL
		if got.Issuer != c.want.Issuer || got.Subject != c.want.Subject || got.Email != c.want.Email || got.Narrow != c.want.Narrow || !slices.Equal(got.Roles, c.want.Roles) {
			t.Errorf("%s: %+v, want %+v", c.name, *got, c.want)
		}
	}
}

// TestHostileAnswers: each breaks one rule and is refused.
func TestHostileAnswers(t *testing.T) {
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	claim := func(name string, value any) func(*hostile, *Flow, url.Values) {
		return func(h *hostile, _ *Flow, _ url.Values) { h.claims[name] = value }
	}
	for _, c := range []struct {
		name  string
		spoil func(*hostile, *Flow, url.Values)
		want  custody.Code
	}{
		{"another state", func(_ *hostile, _ *Flow, a url.Values) { a.Set("state", "x") }, custody.CodeUnauthorised},
		{"no state", func(_ *hostile, f *Flow, a url.Values) { a.Del("state"); f.State = "" }, custody.CodeUnauthorised},
		{"another issuer of the answer", func(_ *hostile, _ *Flow, a url.Values) { a.Set("iss", "https://evil.example") }, custody.CodeUnauthorised},
		{"no issuer of the answer", func(_ *hostile, _ *Flow, a url.Values) { a.Del("iss") }, custody.CodeUnauthorised},
		{"another provider's answer", func(_ *hostile, f *Flow, _ url.Values) { f.Provider = "southfield" }, custody.CodeUnauthorised},
		{"another code", func(_ *hostile, _ *Flow, a url.Values) { a.Set("code", "x") }, custody.CodeUnauthorised},
		{"another verifier", func(_ *hostile, f *Flow, _ url.Values) { f.Verifier = oauth2.GenerateVerifier() }, custody.CodeUnauthorised},
		{"an error", func(_ *hostile, _ *Flow, a url.Values) { a.Set("error", "access_denied") }, custody.CodeUnauthorised},
		{"an error with a name in it", func(_ *hostile, _ *Flow, a url.Values) { a.Set("error", "alice@northfield.example") }, custody.CodeUnauthorised},
		{"another nonce", claim("nonce", "x"), custody.CodeUnauthorised},
		{"no nonce", claim("nonce", nil), custody.CodeUnauthorised},
		{"another audience", claim("aud", "somebody"), custody.CodeUnauthorised},
		{"another issuer", claim("iss", "https://evil.example"), custody.CodeUnauthorised},
		{"expired", claim("exp", time.Now().Add(-time.Minute).Unix()), custody.CodeUnauthorised},
		{"no subject", claim("sub", ""), custody.CodeUnauthorised},
		{"a long subject", claim("sub", strings.Repeat("x", 300)), custody.CodeUnauthorised},
		{"another key", func(h *hostile, _ *Flow, _ url.Values) { h.signWith = jose.JSONWebKey{Key: other, KeyID: "k"} }, custody.CodeUnauthorised},
		{"the client's secret as a key", func(h *hostile, _ *Flow, _ url.Values) {
			h.alg, h.signWith = jose.HS256, []byte(strings.Repeat("a secret", 8))
		}, custody.CodeUnauthorised},
		{"unsigned", func(h *hostile, _ *Flow, _ url.Values) {
			text, _ := json.Marshal(h.claims)
			h.raw = base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString(text) + "."
		}, custody.CodeUnauthorised},
		{"no token", func(h *hostile, _ *Flow, _ url.Values) { h.raw = "x" }, custody.CodeUnauthorised},
		{"a megabyte", func(h *hostile, _ *Flow, _ url.Values) { h.raw = strings.Repeat("x", 2*maxAnswer) }, custody.CodeUnavailable},
		{"a provider in trouble", func(h *hostile, _ *Flow, _ url.Values) { h.status = http.StatusBadGateway }, custody.CodeUnavailable},
		{"userinfo of somebody else", func(h *hostile, _ *Flow, _ url.Values) {
			delete(h.claims, "email")
			h.info = map[string]any{"sub": "b2", "email": "bob@northfield.example", "email_verified": true}
		}, custody.CodeUnauthorised},
	} {
		h := newHostile(t)
		p, flow, answer := h.begin(t)
		c.spoil(h, flow, answer)
		a, err := p.Finish(context.Background(), flow, answer)
		if custody.CodeOf(err) != c.want || a != nil {
			t.Errorf("%s: %+v, %v", c.name, a, err)
			continue
		}
		if all := fmt.Sprint(err, custody.HintOf(err), errors.Unwrap(err)); strings.Contains(all, "northfield.example") {
			t.Errorf("%s names somebody: %s", c.name, all)
		}
	}
}

// TestUserinfoCompletes: what the ID token left out may come from there.
func TestUserinfoCompletes(t *testing.T) {
	h := newHostile(t)
	p, flow, answer := h.begin(t, func(c *Config) { c.Groups = map[string][]string{"Boss": {"manager"}} })
	delete(h.claims, "email")
	delete(h.claims, "groups")
	delete(h.claims, "email_verified")
	h.info = map[string]any{"sub": "a1", "email": "alice@northfield.example", "email_verified": true, "groups": []string{"Boss"}}
	a, err := p.Finish(context.Background(), flow, answer)
	if err != nil || a.Email != "alice@northfield.example" || !slices.Equal(a.Roles, []string{"manager"}) {
		t.Errorf("%+v, %v", a, err)
	}
	p, flow, answer = h.begin(t, func(c *Config) { c.Groups = map[string][]string{"Boss": {"manager"}} }) // no group that counts
	if a, err := p.Finish(context.Background(), flow, answer); custody.CodeOf(err) != custody.CodeForbidden {
		t.Errorf("%+v, %v", a, err)
	}
}

// TestAProviderThatIsDown keeps nobody out for longer than it is down.
func TestAProviderThatIsDown(t *testing.T) {
	h := newHostile(t)
	p, err := New(Config{Name: "n", Issuer: h.URL, ClientID: "custody"}, &http.Client{Transport: &flaky{}})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.Begin(context.Background(), "https://x.example/"); custody.CodeOf(err) != custody.CodeUnavailable {
		t.Errorf("while it is down: %v", err)
	}
	if _, _, err := p.Begin(context.Background(), "https://x.example/"); err != nil {
		t.Errorf("after it is back: %v", err)
	}
}

// flaky fails once.
type flaky struct{ tried bool }

func (f *flaky) RoundTrip(r *http.Request) (*http.Response, error) {
	if !f.tried {
		f.tried = true
		return nil, errors.New("no route")
	}
	return http.DefaultTransport.RoundTrip(r)
}

func TestConfig(t *testing.T) {
	for _, c := range []Config{{}, {Name: "n", ClientID: "x", Issuer: "http://login.example"}, {Name: "n", ClientID: "x", Issuer: "https://login.example?x=1"},
		{Name: "n", Issuer: "https://login.example"}, {ClientID: "x", Issuer: "https://login.example"}, {Name: "n", ClientID: "x", Issuer: "login.example"}} {
		if _, err := New(c, nil); custody.CodeOf(err) != custody.CodeInvalid || custody.HintOf(err) == "" {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
