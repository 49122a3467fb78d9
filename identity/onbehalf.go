package identity

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"strconv"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"custody"
)

// Lifetimes and form of a signed identity: a compact JWS (RFC 7515) of JWT claims
// (RFC 7519), signed with Ed25519 (RFC 8037). It holds numbers and names of
// systems and applications, nothing else, for it passes through statements.
const (
	DefaultIdentityTTL = 5 * time.Minute
	MaxIdentityTTL     = 15 * time.Minute
	// maxIdentity is the longest token that is read, in bytes.
	maxIdentity   = 2048
	identityType  = "custody-identity+jwt"
	identityMaker = "custody"
)

type identityClaims struct {
	jwt.Claims
	System       string `json:"custody_system"`
	Organisation uint32 `json:"custody_organisation"`
}

// IssueIdentity signs that a person, now engaged, asks through an application. The
// caller has authenticated that person itself. The application proves nothing by
// it of its own: the token counts only on a session of the named application.
func (s *Service) IssueIdentity(person, system, application string, ttl time.Duration) (string, error) {
	if ttl == 0 {
		ttl = DefaultIdentityTTL
	}
	if ttl < time.Second || ttl > MaxIdentityTTL {
		return "", custody.E(custody.CodeInvalid, "the lifetime of an identity is out of range", "ask for at most 15 minutes")
	}
	c, err := s.identityOf(person, system, application)
	if err != nil {
		return "", err
	}
	now := s.clock()
	c.IssuedAt, c.NotBefore = jwt.NewNumericDate(now), jwt.NewNumericDate(now)
	c.Expiry = jwt.NewNumericDate(now.Add(ttl))
	return s.sign(c)
}

func (s *Service) identityOf(person, system, application string) (*identityClaims, error) {
	p, err := s.person(person)
	if err != nil {
		return nil, err
	}
	a, err := s.application(application)
	if err != nil {
		return nil, err
	}
	snap := s.now.Load()
	if snap.systems[system] == 0 {
		return nil, custody.E(custody.CodeNotFound, "no system has this name", "custody.yaml declares the systems; names are case-sensitive")
	}
	org, _, err := snap.employer(p.ID, "", s.clock())
	if err != nil {
		return nil, err
	}
	return &identityClaims{System: system, Organisation: uint32(org), Claims: jwt.Claims{
		Issuer: identityMaker, Subject: strconv.FormatUint(uint64(p.ID), 10),
		Audience: jwt.Audience{a.Name}, ID: randomID(),
	}}, nil
}

func randomID() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func (s *Service) sign(c *identityClaims) (string, error) {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: s.signKey},
		(&jose.SignerOptions{}).WithType(identityType))
	if err != nil {
		return "", err
	}
	return jwt.Signed(signer).Claims(c).Serialize()
}

var errIdentity = custody.E(custody.CodeUnauthorised, "the signed identity was not accepted",
	"ask for a new one for this person, this application and this system; it lives at most 15 minutes")

// OnBehalf begins the session of a person behind an application. The application's
// session must be its own: a person's session can never take another identity.
// The result ends with the person's engagement and with the application's session
// and credential, whichever is first; app stays as it was. Expires is the token's
// end: whoever lets statements through takes no new ones in that name after it.
// The same token on the same session gives the same session of the person, so that
// a pool may set it before every statement.
func (s *Service) OnBehalf(app *custody.Session, token string) (*custody.Session, error) {
	if app.Application == 0 || app.Person != 0 {
		return nil, custody.E(custody.CodeForbidden, "only an application may act on behalf of a person",
			"sign in with the application's own credential")
	}
	if err := s.refresh(); err != nil {
		return nil, err
	}
	if err := s.Valid(app); err != nil {
		return nil, err
	}
	c, err := s.readIdentity(token)
	if err != nil {
		return nil, errIdentity
	}
	sess, err := s.behind(app, c)
	if err != nil {
		return nil, err
	}
	if err := s.Confirmed(sess); err != nil { // the signature was checked: the application may know
		return nil, err
	}
	sess, err = s.acting.session(app.ID, token, s.clock(), func() (*custody.Session, error) {
		return s.begin(context.Background(), sess, app.ID)
	})
	if err != nil {
		return nil, err
	}
	if err := s.Valid(sess); err != nil { // it may have been cut since it began
		return nil, err
	}
	return sess, nil
}

// acting remembers the people for whom applications act, until the application's
// session ends.
type acting struct {
	mu   sync.Mutex
	apps map[custody.SessionID]map[[32]byte]*custody.Session // by hash of the token
}

// session gives what was begun for the token before, or begins it.
func (a *acting) session(app custody.SessionID, token string, now time.Time, begin func() (*custody.Session, error)) (*custody.Session, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	hash := sha256.Sum256([]byte(token))
	people := a.apps[app]
	if sess := people[hash]; sess != nil {
		return sess, nil
	}
	sess, err := begin()
	if err != nil {
		return nil, err
	}
	if people == nil {
		people = make(map[[32]byte]*custody.Session)
	}
	maps.DeleteFunc(people, func(_ [32]byte, s *custody.Session) bool { return !now.Before(s.Expires) })
	people[hash] = sess
	if a.apps == nil {
		a.apps = make(map[custody.SessionID]map[[32]byte]*custody.Session)
	}
	a.apps[app] = people
	return sess, nil
}

// forget drops what an ended session of an application had begun.
func (a *acting) forget(app custody.SessionID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.apps, app)
}

// behind makes the person's session from checked claims.
func (s *Service) behind(app *custody.Session, c *identityClaims) (*custody.Session, error) {
	now, snap := s.clock(), s.now.Load()
	id, err := strconv.ParseUint(c.Subject, 10, 32)
	if err != nil || c.System != app.SystemName || c.Expiry == nil || c.NotBefore == nil {
		return nil, errIdentity
	}
	expected := jwt.Expected{Issuer: identityMaker, AnyAudience: jwt.Audience{snap.apps[app.Application].Name}, Time: now}
	if c.ValidateWithLeeway(expected, 0) != nil || c.Expiry.Time().Sub(c.NotBefore.Time()) > MaxIdentityTTL || !now.Before(c.Expiry.Time()) {
		return nil, errIdentity
	}
	sess := *app
	sess.ID, sess.Started, sess.Roles, sess.SecondAddress = 0, now.UTC(), nil, false
	sess.Organisation = custody.OrganisationID(c.Organisation)
	sess.OrgName = snap.orgName(custody.PersonID(id), sess.Organisation)
	if at := c.Expiry.Time().UTC(); at.Before(sess.Expires) {
		sess.Expires = at
	}
	made, err := snap.forPerson(&sess, custody.PersonID(id), nil, now)
	if err != nil {
		return nil, errIdentity
	}
	return made, nil
}

func (s *snapshot) orgName(p custody.PersonID, org custody.OrganisationID) string {
	for _, e := range s.engagements[p] {
		if e.Organisation == org {
			return e.OrgName
		}
	}
	return ""
}

// readIdentity checks form and signature; nothing else is trusted before that.
func (s *Service) readIdentity(token string) (*identityClaims, error) {
	if len(token) > maxIdentity {
		return nil, errIdentity
	}
	t, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return nil, err
	}
	if len(t.Headers) != 1 || t.Headers[0].ExtraHeaders[jose.HeaderType] != identityType {
		return nil, errIdentity
	}
	c := new(identityClaims)
	return c, t.Claims(s.signKey.Public().(ed25519.PublicKey), c)
}
