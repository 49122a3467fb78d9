package identity

import (
	"time"

	"custody"
)

// Lifetimes of credentials.
const (
	DefaultTokenTTL  = 8 * time.Hour
	MaxTokenTTL      = 30 * 24 * time.Hour
	DefaultSecretTTL = 365 * 24 * time.Hour
	MaxSecretTTL     = 400 * 24 * time.Hour
	DefaultCertTTL   = 90 * 24 * time.Hour
	MaxCertTTL       = 400 * 24 * time.Hour
)

// CredentialRequest says for whom and where a credential is issued.
type CredentialRequest struct {
	Login  string // a person's login, or an application's name
	System string
	// Organisation is needed only if the person has current engagements with
	// several: a session is always for one of them.
	Organisation string
	TTL          time.Duration // zero: the default of its kind
}

// IssueToken makes a personal token. It is shown here once and never again: the
// store holds its verifier.
func (s *Service) IssueToken(r CredentialRequest) (token string, c *Credential, err error) {
	c, err = s.personal(r, KindToken, DefaultTokenTTL, MaxTokenTTL)
	if err != nil {
		return "", nil, err
	}
	return s.keep(c, tokenPrefix)
}

// IssueSecret makes a secret for an application on one system. Two may live side
// by side, so that a secret can be replaced without a gap.
func (s *Service) IssueSecret(r CredentialRequest) (secret string, c *Credential, err error) {
	a, err := s.application(r.Login)
	if err != nil {
		return "", nil, err
	}
	c = &Credential{Kind: KindApplication, Application: a.ID, Login: a.Name, Organisation: a.Organisation, OrgName: a.OrgName}
	if err := s.scope(c, r, DefaultSecretTTL, MaxSecretTTL); err != nil {
		return "", nil, err
	}
	return s.keep(c, secretPrefix)
}

// keep makes the secret, stores the verifier and gives the secret back.
func (s *Service) keep(c *Credential, prefix string) (string, *Credential, error) {
	if s.now.Load().live(place{c.Login, c.SystemName}, s.clock()) >= maxLive {
		return "", nil, custody.E(custody.CodeConflict, "this login has 16 live credentials on this system already",
			"custody token list shows them; revoke those that nobody uses")
	}
	secret := newSecret(prefix)
	stored, server, err := verifier(secret, s.salt(c.Login, c.SystemName), Iterations)
	if err != nil {
		return "", nil, err
	}
	c.StoredKey, c.ServerKey = stored[:], server[:]
	if err := s.store.AddCredential(c); err != nil {
		return "", nil, err
	}
	return secret, c, s.Reload()
}

// personal prepares a credential of a person who is engaged now.
func (s *Service) personal(r CredentialRequest, kind string, ttl, limit time.Duration) (*Credential, error) {
	p, err := s.person(r.Login)
	if err != nil {
		return nil, err
	}
	c := &Credential{Kind: kind, Person: p.ID, Login: p.Login}
	if c.Organisation, c.OrgName, err = s.now.Load().employer(p.ID, r.Organisation, s.clock()); err != nil {
		return nil, err
	}
	return c, s.scope(c, r, ttl, limit)
}

// scope sets system and lifetime.
func (s *Service) scope(c *Credential, r CredentialRequest, ttl, limit time.Duration) error {
	c.SystemName, c.System = r.System, s.now.Load().systems[r.System]
	if c.System == 0 {
		return custody.E(custody.CodeNotFound, "no system has this name", "custody.yaml declares the systems; names are case-sensitive")
	}
	if r.TTL != 0 {
		ttl = r.TTL
	}
	if ttl < time.Second || ttl > limit {
		return custody.E(custody.CodeInvalid, "the lifetime is out of range",
			"a token lives at most 30 days, a certificate or an application's secret at most 400")
	}
	c.Issued = s.clock().UTC().Truncate(time.Millisecond)
	c.Expires = c.Issued.Add(ttl)
	return nil
}

// employer finds the one organisation that engages the person now, or the named.
func (s *snapshot) employer(p custody.PersonID, name string, now time.Time) (custody.OrganisationID, string, error) {
	var id custody.OrganisationID
	var found string
	for _, e := range s.engagements[p] {
		if !e.Current(now) || name != "" && e.OrgName != name {
			continue
		}
		if id != 0 && id != e.Organisation {
			return 0, "", custody.E(custody.CodeConflict, "several organisations engage this person now",
				"say for which one, with --organisation; a signed identity needs a person with one employer")
		}
		id, found = e.Organisation, e.OrgName
	}
	if id == 0 {
		return 0, "", custody.E(custody.CodeForbidden, "this person has no current engagement",
			"custody person list shows engagements; custody person engage adds one")
	}
	if s.shut(id, now) {
		return 0, "", errShutOpen
	}
	return id, found, nil
}

// Credentials lists all credentials of one login, or of everybody if login is
// empty, newest first: revoked and expired ones too, secrets never.
func (s *Service) Credentials(login string) ([]Credential, error) {
	all, err := s.store.ListCredentials()
	if err != nil || login == "" {
		return all, err
	}
	var list []Credential
	for _, c := range all {
		if c.Login == NormalLogin(login) {
			list = append(list, c)
		}
	}
	return list, nil
}

// Revoke ends one credential and with it its live sessions, now.
func (s *Service) Revoke(id int64) error {
	if err := s.store.RevokeCredential(id, s.clock()); err != nil {
		return err
	}
	return s.Reload()
}
