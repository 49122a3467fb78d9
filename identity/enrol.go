package identity

import (
	"crypto/sha256"
	"strings"
	"time"

	"custody"
)

// How long an enrolment can be used.
const (
	DefaultEnrolTTL = 24 * time.Hour
	MaxEnrolTTL     = 14 * 24 * time.Hour
)

const enrolPrefix = "cse_"

var errEnrolment = custody.E(custody.CodeUnauthorised, "this enrolment code does not hold",
	"a code holds once and for a limited time; ask the administrator for a new one (custody person enrol)")

// Enrol gives a person a one-time code with which they set up a way to sign in. It is
// shown here once; the store holds its hash. An earlier unused code ends.
func (s *Service) Enrol(login string, ttl time.Duration) (code string, e *Enrolment, err error) {
	p, err := s.person(login)
	if err != nil {
		return "", nil, err
	}
	if ttl == 0 {
		ttl = DefaultEnrolTTL
	}
	if ttl < time.Minute || ttl > MaxEnrolTTL {
		return "", nil, custody.E(custody.CodeInvalid, "the lifetime is out of range", "an enrolment code holds from one minute to 14 days")
	}
	code = newSecret(enrolPrefix)
	now := s.clock().UTC()
	e = &Enrolment{Person: p.ID, Hash: sha256.Sum256([]byte(code)), Made: now, Expires: now.Add(ttl)}
	return code, e, s.store.AddEnrolment(e)
}

// Enrolment finds the enrolment of a code and the person it is for. The error has
// CodeUnauthorised whatever is wrong with the code.
func (s *Service) Enrolment(code string) (*Enrolment, *Person, error) {
	code = strings.TrimSpace(code)
	if len(code) > maxSecret {
		return nil, nil, errEnrolment
	}
	if err := s.refresh(); err != nil {
		return nil, nil, err
	}
	e, err := s.store.FindEnrolment(sha256.Sum256([]byte(code)), s.clock())
	if custody.CodeOf(err) == custody.CodeNotFound {
		return nil, nil, errEnrolment
	}
	if err != nil {
		return nil, nil, err
	}
	p := s.now.Load().people[e.Person]
	if p == nil {
		return nil, nil, errEnrolment
	}
	return e, p, nil
}

// Reset takes every way to sign in away from a person whose credentials may be known
// to somebody else: sessions, tokens and certificates end now, passkeys, password,
// TOTP and recovery codes are gone. Enrol lets the person start again.
func (s *Service) Reset(login string) error {
	p, err := s.person(login)
	if err != nil {
		return err
	}
	if err := s.store.ResetPerson(p.ID, s.clock()); err != nil {
		return err
	}
	return s.Reload()
}
