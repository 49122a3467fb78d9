package identity

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"time"

	"custody"
)

// MaxBrowserTTL is the longest that a browser may stay signed in.
const MaxBrowserTTL = 24 * time.Hour

// SignIn is a person who has just proved who they are in a browser.
type SignIn struct {
	Login  string
	System string
	// Organisation is needed only if the person works for several now.
	Organisation string
	Method       string // MethodPassword, MethodPasskey or MethodOIDC
	Factor       int64  // the passkey or the provider's link, if one was used
	Roles        []string
	Address      string
	Agent        string
	TTL          time.Duration // until the absolute end
}

// SignInBrowser makes a browser's credential and opens its session. The cookie is 256
// random bits, new at each sign-in, given here once; the store holds its hash.
func (s *Service) SignInBrowser(ctx context.Context, in SignIn) (cookie string, b *Browser, sess *custody.Session, err error) {
	c, err := s.personal(CredentialRequest{Login: in.Login, System: in.System, Organisation: in.Organisation, TTL: in.TTL},
		KindBrowser, in.TTL, MaxBrowserTTL)
	if err != nil {
		return "", nil, nil, err
	}
	if in.Roles != nil && !s.anyRole(c, in.Roles) {
		return "", nil, nil, custody.E(custody.CodeForbidden, "none of your roles here is among those that your sign-in gives", "ask your administrator to put you into the right group")
	}
	cookie = base64.RawURLEncoding.EncodeToString(random(32))
	b = &Browser{Person: c.Person, System: c.SystemName, OrgName: c.OrgName, Hash: CookieHash(cookie), Method: in.Method, Factor: in.Factor,
		Roles: in.Roles, Address: printable(in.Address, maxAddress), Agent: printable(in.Agent, maxAppName),
		Started: c.Issued, Expires: c.Expires, Seen: c.Issued}
	if err := s.store.AddBrowser(c, b); err != nil {
		return "", nil, nil, err
	}
	s.admit(c)
	sess, err = s.ResumeBrowser(ctx, b)
	return cookie, b, sess, err
}

// anyRole says whether a person has one of these roles with a credential's organisation.
func (s *Service) anyRole(c *Credential, only []string) bool {
	roles, _ := s.now.Load().roles(c.Person, c.Organisation, s.clock())
	return slices.ContainsFunc(roles, func(r string) bool { return slices.Contains(only, r) })
}

// admit puts a new credential in force without reading all rights again.
func (s *Service) admit(c *Credential) {
	s.loading.Lock()
	defer s.loading.Unlock()
	if now := s.now.Load(); now.credentials[c.ID] == nil {
		s.now.Store(now.with(c))
	}
}

// ResumeBrowser opens a session for a browser that is signed in: at sign-in, and
// after the gate was restarted.
func (s *Service) ResumeBrowser(ctx context.Context, b *Browser) (*custody.Session, error) {
	login := ""
	if p := s.now.Load().people[b.Person]; p != nil {
		login = p.Login
	}
	return s.Open(ctx, Request{Login: login, System: b.System, Kind: KindBrowser, Credential: b.Credential,
		Address: b.Address, AppName: b.Agent, Roles: b.Roles})
}

// CookieHash is what the store knows a cookie by.
func CookieHash(cookie string) [32]byte { return sha256.Sum256([]byte(cookie)) }

// Browser finds the browser of a cookie whose credential is in force on a system.
// The error has CodeUnauthorised whatever is wrong with the cookie.
func (s *Service) Browser(cookie, system string) (*Browser, error) {
	b, err := s.store.FindBrowser(CookieHash(cookie), s.clock())
	if custody.CodeOf(err) == custody.CodeNotFound || err == nil && b.System != system {
		return nil, errUnauthorised
	}
	return b, err
}

// Browsers lists the browsers in which a person is signed in, newest first.
func (s *Service) Browsers(person custody.PersonID) ([]Browser, error) {
	return s.store.Browsers(person, s.clock())
}

// TouchBrowser notes when a browser was last seen and last proved its device.
func (s *Service) TouchBrowser(credential int64, seen, proved time.Time) error {
	return s.store.TouchBrowser(credential, seen, proved)
}

// BindBrowser gives a browser its device key, once.
func (s *Service) BindBrowser(credential int64, device []byte) error {
	return s.store.BindBrowser(credential, device, s.clock())
}

// AcceptNotice writes down that the person of a session accepted a text.
func (s *Service) AcceptNotice(sess *custody.Session, version, text string) error {
	return s.store.AcceptNotice(Acceptance{Person: sess.Person, Version: version, Digest: sha256.Sum256([]byte(text)),
		Accepted: s.clock().UTC(), Session: sess.ID})
}

// NoticeAccepted says whether a person has accepted this version with this text.
func (s *Service) NoticeAccepted(person custody.PersonID, version, text string) (bool, error) {
	return s.store.NoticeAccepted(person, version, sha256.Sum256([]byte(text)))
}

// Notices lists what a person has accepted, oldest first.
func (s *Service) Notices(person custody.PersonID) ([]Acceptance, error) {
	return s.store.Notices(person)
}

// keyed is HMAC-SHA-256 under a key of the deployment, for one purpose.
func (s *Service) keyed(purpose string, data []byte) [32]byte {
	m := hmac.New(sha256.New, s.key)
	m.Write([]byte("custody keyed " + purpose + "\x00"))
	m.Write(data)
	return [32]byte(m.Sum(nil))
}

// Pseudonym stands for a name where the name itself should not be: in the memory of
// throttles and in cookies.
func (s *Service) Pseudonym(purpose, name string) [32]byte { return s.keyed(purpose, []byte(name)) }
