// Package oidc signs people in with an OpenID provider: the authorisation code flow
// with PKCE (RFC 7636, S256), state and nonce, and the issuer of the answer checked
// (RFC 9207). It says who the provider says somebody is; whether that is a person here
// is for the caller to decide.
package oidc

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"custody"
)

// Config is one provider, as custody.yaml declares it. Only providers that are declared
// are believed, each for its own issuer.
type Config struct {
	Name     string // in addresses: lower-case letters, digits, - and _
	Title    string // on the button
	Issuer   string // exactly as the provider writes it
	ClientID string
	Secret   string   // of the client; empty for a public client
	Scopes   []string // besides openid, email and profile
	// Domains are those for whose addresses the provider may speak: a verified address
	// in one of them finds its person. Without any, only linked accounts sign in.
	Domains []string
	// GroupsClaim is the claim that lists a person's groups; "groups" if empty.
	GroupsClaim string
	// Groups maps a group to roles. If it is not nil, a session has only those of the
	// person's roles that a group gives, and none at all is refused.
	Groups map[string][]string
}

// Provider is safe for concurrent use. It reads the provider's own description when
// it is first needed, so that a provider that is down keeps nobody else out.
type Provider struct {
	c      Config
	client *http.Client

	mu    sync.Mutex
	found *discovered
}

// discovered is what the provider's description said.
type discovered struct {
	endpoint oauth2.Endpoint
	verifier *oidc.IDTokenVerifier
	provider *oidc.Provider
	info     bool // it has a userinfo endpoint
	issues   bool // it says that answers carry iss
}

// New makes a provider; client may be nil.
func New(c Config, client *http.Client) (*Provider, error) {
	u, err := url.Parse(c.Issuer)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
		return nil, custody.E(custody.CodeInvalid, "the issuer of a provider must be an https address", "copy it from the provider's /.well-known/openid-configuration")
	}
	if c.Name == "" || c.ClientID == "" {
		return nil, custody.E(custody.CodeInvalid, "a provider needs a name and a client id", "the provider gave the client id when Custody was registered there")
	}
	if c.Title == "" {
		c.Title = c.Name
	}
	if c.GroupsClaim == "" {
		c.GroupsClaim = "groups"
	}
	if client == nil {
		client = &http.Client{Timeout: 10 * time.Second}
	}
	bounded := *client
	bounded.Transport = bound{client.Transport}
	return &Provider{c: c, client: &bounded}, nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// maxAnswer is the longest answer of a provider that is read, in bytes.
const maxAnswer = 1 << 20

// bound cuts answers at maxAnswer.
type bound struct{ next http.RoundTripper }

func (b bound) RoundTrip(r *http.Request) (*http.Response, error) {
	next := b.next
	if next == nil {
		next = http.DefaultTransport
	}
	res, err := next.RoundTrip(r)
	if err == nil {
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(res.Body, maxAnswer), res.Body}
	}
	return res, err
}

// Name is the provider's name in addresses.
func (p *Provider) Name() string { return p.c.Name }

// Title is the provider's name on the button.
func (p *Provider) Title() string { return p.c.Title }

// Flow is what must be remembered of a sign-in under way, where the browser cannot
// change it.
type Flow struct {
	Provider string `json:"p"`
	State    string `json:"s"`
	Nonce    string `json:"n"`
	Verifier string `json:"v"`
	Redirect string `json:"r"`
}

// Begin gives the address to send the browser to, and what to remember.
func (p *Provider) Begin(ctx context.Context, redirect string) (address string, f *Flow, err error) {
	d, err := p.discover(ctx)
	if err != nil {
		return "", nil, err
	}
	f = &Flow{Provider: p.c.Name, State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Redirect: redirect}
	return p.oauth(d, redirect).AuthCodeURL(f.State, oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier)), f, nil
}

func (p *Provider) oauth(d *discovered, redirect string) *oauth2.Config {
	return &oauth2.Config{ClientID: p.c.ClientID, ClientSecret: p.c.Secret, Endpoint: d.endpoint, RedirectURL: redirect,
		Scopes: append([]string{oidc.ScopeOpenID, "email", "profile"}, p.c.Scopes...)}
}

// discover reads the provider's description once; failures are not remembered.
func (p *Provider) discover(ctx context.Context) (*discovered, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	// The keys are read later too: with this context they would only be for as long as
	// this request.
	provider, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.client), p.c.Issuer)
	if err != nil {
		return nil, unavailable(err)
	}
	var says struct {
		Issues bool `json:"authorization_response_iss_parameter_supported"`
	}
	if err := provider.Claims(&says); err != nil {
		return nil, unavailable(err)
	}
	p.found = &discovered{provider: provider, endpoint: provider.Endpoint(), info: provider.UserInfoEndpoint() != "", issues: says.Issues, verifier: provider.Verifier(&oidc.Config{ClientID: p.c.ClientID,
		SupportedSigningAlgs: []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA}})}
	return p.found, nil
}

func unavailable(err error) error {
	return &custody.Error{Code: custody.CodeUnavailable, Message: "your organisation's sign-in does not answer", Hint: "try again in a minute, or sign in another way", Err: err}
}

// Account is who a provider says somebody is.
type Account struct {
	Issuer  string
	Subject string
	// Email is set only if the provider has verified it and may speak for its domain.
	Email  string
	Roles  []string // that the groups give
	Narrow bool     // Roles bounds the person's roles
}

// Finish checks the provider's answer and gives the account.
func (p *Provider) Finish(ctx context.Context, f *Flow, answer url.Values) (*Account, error) {
	if f.Provider != p.c.Name || len(f.State) == 0 || subtle.ConstantTimeCompare([]byte(f.State), []byte(answer.Get("state"))) != 1 {
		return nil, refused(errors.New("state differs"))
	}
	if answer.Has("error") {
		return nil, refused(errors.New("the provider answered " + clean(answer.Get("error"))))
	}
	d, err := p.discover(ctx)
	if err != nil {
		return nil, err
	}
	if iss := answer.Get("iss"); iss != p.c.Issuer && (d.issues || answer.Has("iss")) {
		return nil, refused(errors.New("the answer is of another issuer"))
	}
	ctx = oidc.ClientContext(ctx, p.client)
	token, err := p.oauth(d, f.Redirect).Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return nil, exchangeFault(err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := d.verifier.Verify(ctx, raw)
	if err != nil {
		return nil, refused(err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(f.Nonce)) != 1 {
		return nil, refused(errors.New("nonce differs"))
	}
	var claims map[string]any
	if err := id.Claims(&claims); err != nil {
		return nil, refused(err)
	}
	if err := p.complete(ctx, d, token, id.Subject, claims); err != nil {
		return nil, err
	}
	return p.account(id, claims)
}

// complete asks the provider for what its ID token left out; what the token says stays.
func (p *Provider) complete(ctx context.Context, d *discovered, token *oauth2.Token, subject string, claims map[string]any) error {
	_, email := claims["email"]
	_, groups := claims[p.c.GroupsClaim]
	if !d.info || (email || len(p.c.Domains) == 0) && (groups || p.c.Groups == nil) {
		return nil
	}
	info, err := d.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return unavailable(errors.New("what the provider knows of the account could not be read"))
	}
	var more map[string]any
	if err := info.Claims(&more); err != nil || info.Subject != subject { // OpenID Connect Core, section 5.3.2
		return refused(errors.New("the provider speaks of another account"))
	}
	for name, value := range more {
		if _, said := claims[name]; !said {
			claims[name] = value
		}
	}
	return nil
}

// account reads the claims.
func (p *Provider) account(id *oidc.IDToken, claims map[string]any) (*Account, error) {
	if id.Subject == "" || len(id.Subject) > 255 {
		return nil, refused(errors.New("no subject"))
	}
	a := &Account{Issuer: id.Issuer, Subject: id.Subject, Narrow: p.c.Groups != nil}
	email, _ := claims["email"].(string)
	verified, _ := claims["email_verified"].(bool) // the word "true" in a string is not
	if verified && p.speaksFor(email) {
		a.Email = strings.ToLower(email)
	}
	if a.Roles = p.roles(claims[p.c.GroupsClaim]); a.Narrow && len(a.Roles) == 0 {
		return nil, custody.E(custody.CodeForbidden, "your organisation's sign-in gives you no role here", "ask your administrator to put you into the right group")
	}
	return a, nil
}

func (p *Provider) speaksFor(email string) bool {
	at := strings.LastIndexByte(email, '@')
	return at > 0 && slices.ContainsFunc(p.c.Domains, func(d string) bool { return strings.EqualFold(d, email[at+1:]) })
}

// roles maps groups to roles: a list of names, or one name.
func (p *Provider) roles(claim any) []string {
	var groups []any
	switch v := claim.(type) {
	case []any:
		groups = v
	case string:
		groups = []any{v}
	}
	roles := []string{}
	for _, g := range groups {
		if name, ok := g.(string); ok {
			roles = append(roles, p.c.Groups[name]...)
		}
	}
	slices.Sort(roles)
	return slices.Compact(roles)
}

func refused(err error) error {
	return &custody.Error{Code: custody.CodeUnauthorised, Message: "your organisation's sign-in was not accepted",
		Hint: "begin again; if it stays, tell your administrator when it happened", Err: err}
}

// exchangeFault keeps what the provider said of an error out of messages and logs but
// for its code: descriptions can name people.
func exchangeFault(err error) error {
	var e *oauth2.RetrieveError
	if errors.As(err, &e) && e.Response != nil && e.Response.StatusCode < 500 {
		return refused(errors.New("the provider refused the code: " + clean(e.ErrorCode)))
	}
	return unavailable(errors.New("the code could not be exchanged"))
}

// clean keeps an error code of OAuth fit for the log.
func clean(code string) string {
	if len(code) > 60 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return "something else"
	}
	return code
}
