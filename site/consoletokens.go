package site

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"sync"
	"time"

	"custody"
	"custody/console"
	"custody/identity"
	"custody/store"
)

// consoleTokens fits credentials to the console's personal tokens for programs. A token
// is a credential of the console like any other, so that whatever ends a person's
// credentials ends it too; what the store keeps of it is a hash of 256 random bits.
type consoleTokens struct {
	s  *Site
	mu sync.Mutex
	// live are the sessions of tokens that were used lately.
	live map[tokenPlace]*tokenSession
}

// tokenPlace is a token at a network address.
type tokenPlace struct {
	credential int64
	address    string
}

type tokenSession struct {
	sess *custody.Session
	used time.Time
}

// tokenIdle is how long a token's session lives on without being used.
const tokenIdle = 15 * time.Minute

// tokenPrefix makes tokens known to whoever searches for secrets that leaked.
const tokenPrefix = "cstd_"

var errBadToken = custody.E(custody.CodeUnauthorised, "this token is not accepted", "it may have expired or been revoked; make a new one on the page Tokens for programs")

// Open implements console.Tokens.
func (c *consoleTokens) Open(ctx context.Context, token, address string) (*custody.Session, []string, error) {
	now := c.s.o.Now()
	found, err := c.s.o.Store.FindAPIToken(sha256.Sum256([]byte(token)), now)
	if custody.CodeOf(err) == custody.CodeNotFound {
		return nil, nil, errBadToken
	}
	if err != nil {
		return nil, nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sweep(now)
	at := tokenPlace{found.Credential, address}
	t := c.live[at]
	if t == nil {
		sess, err := c.s.Identity.Open(ctx, identity.Request{Login: found.Login, System: console.SystemName, Kind: identity.KindToken,
			Credential: found.Credential, Address: address, AppName: "interface for programs: " + found.Name})
		if err != nil {
			return nil, nil, errBadToken
		}
		t = &tokenSession{sess: sess}
		c.live[at] = t
		if err := c.s.o.Store.TouchAPIToken(found.Credential, now); err != nil {
			return nil, nil, err
		}
	}
	t.used = now
	return t.sess, found.Scopes, nil
}

// sweep ends sessions that are idle or whose right has ended, under the lock.
func (c *consoleTokens) sweep(now time.Time) {
	for at, t := range c.live {
		err := c.s.Identity.Valid(t.sess)
		if err == nil && now.Sub(t.used) < tokenIdle {
			continue
		}
		delete(c.live, at)
		c.s.desk.console.End(t.sess)
		if err := c.s.Identity.Close(t.sess, custody.CodeOf(err)); err != nil {
			c.s.o.Log.Error("the end of a program's session could not be written", "session", t.sess.ID, "err", err)
		}
	}
}

// close ends all sessions of tokens.
func (c *consoleTokens) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for at, t := range c.live {
		delete(c.live, at)
		_ = c.s.Identity.Close(t.sess, custody.CodeNone)
	}
}

// Make implements console.Tokens.
func (c *consoleTokens) Make(sess *custody.Session, name string, scopes []string, ttl time.Duration) (string, error) {
	return MakeAPIToken(c.s.Identity, c.s.o.Store, sess.Login, sess.OrgName, name, scopes, ttl)
}

// MakeAPIToken makes a personal token for programs; it is given here once.
func MakeAPIToken(id *identity.Service, st *store.Store, login, organisation, name string, scopes []string, ttl time.Duration) (string, error) {
	if err := console.CheckToken(name, scopes, ttl); err != nil {
		return "", err
	}
	_, credential, err := id.IssueToken(identity.CredentialRequest{Login: login, System: console.SystemName, Organisation: organisation, TTL: ttl})
	if err != nil {
		return "", err
	}
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // it never fails
	token := tokenPrefix + base64.RawURLEncoding.EncodeToString(secret[:])
	return token, st.AddAPIToken(&store.APIToken{Credential: credential.ID, Name: name, Hash: sha256.Sum256([]byte(token)), Scopes: scopes})
}

// List implements console.Tokens.
func (c *consoleTokens) List(person custody.PersonID) ([]console.Token, error) {
	all, err := c.s.o.Store.APITokens(person)
	list := make([]console.Token, len(all))
	for i, t := range all {
		list[i] = console.Token{ID: t.Credential, Name: t.Name, Scopes: t.Scopes, Issued: t.Issued, Expires: t.Expires, Revoked: t.Revoked, Used: t.Used}
	}
	return list, err
}

// Revoke implements console.Tokens.
func (c *consoleTokens) Revoke(person custody.PersonID, id int64) error {
	all, err := c.s.o.Store.APITokens(person)
	if err != nil {
		return err
	}
	for _, t := range all {
		if t.Credential == id {
			return c.s.Identity.Revoke(id)
		}
	}
	return custody.E(custody.CodeNotFound, "you have no such token", "the page lists yours")
}

// Begin implements console.Tokens.
func (c *consoleTokens) Begin(person custody.PersonID, key string, digest [32]byte) (*console.Answered, error) {
	a, err := c.s.o.Store.BeginWrite(person, key, digest, c.s.o.Now())
	if a == nil || err != nil {
		return nil, err
	}
	return &console.Answered{Digest: a.Digest, Status: a.Status, Body: a.Body}, nil
}

// Finish implements console.Tokens.
func (c *consoleTokens) Finish(person custody.PersonID, key string, status int, body []byte) error {
	return c.s.o.Store.EndWrite(person, key, status, body)
}
