package identity

import (
	"encoding/base32"
	"encoding/binary"
	"strings"

	"custody"
)

// RecoveryCodeCount is how many recovery codes a person gets.
const RecoveryCodeCount = 10

// Find finds a person who may sign in now by login; nil if there is none. Never show
// the difference outside.
func (s *Service) Find(login string) (*Person, error) {
	if err := s.refresh(); err != nil {
		return nil, err
	}
	snap := s.now.Load()
	p := snap.people[snap.logins[NormalLogin(login)]]
	if p == nil {
		return nil, nil
	}
	return p, nil
}

// ByID finds a person by number; nil if there is none.
func (s *Service) ByID(id custody.PersonID) *Person { return s.now.Load().people[id] }

// Employers lists the organisations that engage a person now.
func (s *Service) Employers(id custody.PersonID) []string {
	var names []string
	seen := map[custody.OrganisationID]bool{}
	for _, e := range s.now.Load().engagements[id] {
		if e.Current(s.clock()) && !seen[e.Organisation] {
			seen[e.Organisation] = true
			names = append(names, e.OrgName)
		}
	}
	return names
}

// PasswordOf gives a person's password with its TOTP secret in clear; nil if there is
// none.
func (s *Service) PasswordOf(id custody.PersonID) (*PasswordFactor, error) {
	p, err := s.store.Password(id)
	if err != nil || p == nil {
		return nil, err
	}
	p.TOTP, err = s.totp.Open(p.TOTP, personBytes(id))
	return p, err
}

func personBytes(id custody.PersonID) []byte { return binary.BigEndian.AppendUint32(nil, uint32(id)) }

// SetPassword sets password, TOTP secret and fresh recovery codes, which it gives in
// clear, once. It ends the browser sessions that the old ones opened but for keep.
func (s *Service) SetPassword(p *PasswordFactor, enrolment, keep int64) (codes []string, err error) {
	hashes := make([][32]byte, RecoveryCodeCount)
	for i := range hashes {
		code := newRecoveryCode()
		codes = append(codes, code)
		hashes[i] = s.recoveryHash(p.Person, code)
	}
	sealed := *p
	sealed.TOTP = s.totp.Seal(p.TOTP, personBytes(p.Person))
	sealed.Changed = s.clock().UTC()
	if err := s.store.SetPassword(&sealed, hashes, enrolment, keep, sealed.Changed); err != nil {
		return nil, err
	}
	return codes, s.refresh()
}

// newRecoveryCode makes 80 random bits as four groups of four: abcd-efgh-ijkl-mnop.
func newRecoveryCode() string {
	text := strings.ToLower(base32.StdEncoding.EncodeToString(random(10)))
	return text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:]
}

// NormalRecoveryCode takes away what people add when they type a code; empty if it
// cannot be one.
func NormalRecoveryCode(code string) string {
	code = strings.ToLower(strings.NewReplacer("-", "", " ", "", "0", "o", "1", "l").Replace(strings.TrimSpace(code)))
	if len(code) != 16 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz234567") != "" {
		return ""
	}
	return code
}

func (s *Service) recoveryHash(id custody.PersonID, code string) [32]byte {
	return s.keyed("recovery v1", append(personBytes(id), NormalRecoveryCode(code)...))
}

// UseRecoveryCode uses a recovery code up; false if it is not one, or not any more.
func (s *Service) UseRecoveryCode(id custody.PersonID, code string) (bool, error) {
	return s.store.UseRecoveryCode(id, s.recoveryHash(id, code), s.clock())
}

// RecoveryCodes counts the recovery codes that a person has left.
func (s *Service) RecoveryCodes(id custody.PersonID) (int, error) { return s.store.RecoveryCodes(id) }

// UseStep notes a TOTP time step; false if it or a later one was used before.
func (s *Service) UseStep(id custody.PersonID, step int64) (bool, error) {
	return s.store.UseStep(id, step)
}

// UserHandle is how authenticators know a person: not a name, and the same for ever.
func (s *Service) UserHandle(id custody.PersonID) []byte {
	h := s.keyed("webauthn user v1", personBytes(id))
	return h[:]
}

// AddPasskey keeps a new passkey; enrolment, if not zero, is used up by it.
func (s *Service) AddPasskey(k *Passkey, enrolment int64) error {
	k.Name = printable(strings.TrimSpace(k.Name), maxAppName)
	if k.Name == "" {
		k.Name = "Passkey"
	}
	k.Added = s.clock().UTC()
	return s.store.AddPasskey(k, enrolment)
}

// Passkeys lists a person's passkeys.
func (s *Service) Passkeys(id custody.PersonID) ([]Passkey, error) { return s.store.Passkeys(id) }

// FindPasskey finds a passkey by the authenticator's credential id. The error has
// CodeUnauthorised if there is none.
func (s *Service) FindPasskey(credential []byte) (*Passkey, error) {
	k, err := s.store.FindPasskey(credential)
	if custody.CodeOf(err) == custody.CodeNotFound {
		return nil, errUnauthorised
	}
	return k, err
}

// UsePasskey writes a passkey's record back after a sign-in.
func (s *Service) UsePasskey(id int64, record []byte) error {
	return s.store.UsePasskey(id, record, s.clock())
}

// RemovePasskey takes a passkey away from its person; the sessions that it opened end.
func (s *Service) RemovePasskey(person custody.PersonID, id int64) error {
	if err := s.store.RemovePasskey(person, id, s.clock()); err != nil {
		return err
	}
	return s.refresh()
}

// LinkSubject binds a provider's subject to a person.
func (s *Service) LinkSubject(person custody.PersonID, issuer, subject string) (int64, error) {
	return s.store.LinkSubject(person, issuer, subject, s.clock())
}

// Link binds a provider's subject to the person of a login, for the administrator who
// knows both.
func (s *Service) Link(login, issuer, subject string) error {
	p, err := s.person(login)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(issuer, "http") || subject == "" || len(subject) > 255 || printable(subject, 255) != subject {
		return custody.E(custody.CodeInvalid, "an account is an issuer's address and a subject of at most 255 characters", "the provider's administration shows the subject (sub) of each account")
	}
	if err := s.store.Unhold(p.ID); err != nil {
		return err
	}
	_, err = s.LinkSubject(p.ID, issuer, subject)
	return err
}

// FindSubject finds the person of a provider's subject; zero if there is none.
func (s *Service) FindSubject(issuer, subject string) (int64, custody.PersonID, error) {
	return s.store.FindSubject(issuer, subject)
}

// Check opens nothing: it says whether a person could sign in to a system now, as
// SignInBrowser would.
func (s *Service) Check(login, system, organisation string) error {
	_, err := s.personal(CredentialRequest{Login: login, System: system, Organisation: organisation}, KindBrowser, MaxBrowserTTL, MaxBrowserTTL)
	return err
}
