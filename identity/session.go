package identity

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"custody"
)

// Most that a client may say of itself; the rest is cut off.
const (
	maxAppName = 64  // bytes; PostgreSQL keeps 63
	maxAddress = 128 // bytes
	// MaxReason is the longest reason, in bytes.
	MaxReason = 500
)

// One answer for every failed sign-in, so that nothing shows who exists (P7).
var errUnauthorised = custody.E(custody.CodeUnauthorised, "the credential was not accepted",
	"check login and system name, and ask for a new token if yours is older than its lifetime")

// session makes the session that a credential opens.
func (s *snapshot) session(r Request, now time.Time) (*custody.Session, error) {
	c := s.credentials[r.Credential]
	if c == nil || c.Login != NormalLogin(r.Login) || c.SystemName != r.System || !now.Before(c.Expires) {
		return nil, errUnauthorised
	}
	if r.Kind != "" && r.Kind != c.Kind {
		return nil, errUnauthorised
	}
	if s.stale(c) { // the credential was proved: who holds it may know
		return nil, errRenew
	}
	if s.shut(c.Organisation, now) { // the credential was proved: who holds it may know
		return nil, errShutOpen
	}
	sess := &custody.Session{
		Organisation: c.Organisation, OrgName: c.OrgName,
		System: c.System, SystemName: c.SystemName,
		Login: c.Login, Credential: c.Kind, CredentialID: c.ID, Expires: c.Expires,
		Address: printable(r.Address, maxAddress), AppName: printable(r.AppName, maxAppName),
		Started: now.UTC(),
	}
	if c.Application != 0 {
		return s.forApplication(sess, c)
	}
	return s.forPerson(sess, c.Person, r.Roles, now)
}

func (s *snapshot) forApplication(sess *custody.Session, c *Credential) (*custody.Session, error) {
	a := s.apps[c.Application]
	if a == nil {
		return nil, errUnauthorised
	}
	sess.Application, sess.ApplicationName, sess.FullName = a.ID, a.Name, a.Name
	return sess, nil
}

func (s *snapshot) forPerson(sess *custody.Session, id custody.PersonID, only []string, now time.Time) (*custody.Session, error) {
	p := s.people[id]
	roles, engaged := s.roles(id, sess.Organisation, now)
	if p == nil || !engaged {
		return nil, errUnauthorised
	}
	if only != nil {
		roles = slices.DeleteFunc(roles, func(r string) bool { return !slices.Contains(only, r) })
	}
	sess.Person, sess.Login, sess.FullName, sess.Roles = p.ID, p.Login, p.FullName, roles
	sess.Branch = s.branch(id, sess.Organisation, now)
	return sess, nil
}

// printable keeps what a client says of itself fit for records and screens.
func printable(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

func cleanReason(text string) (string, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return "", custody.E(custody.CodeInvalid, "the reason is empty", "state it in a few words, such as the number of a claim or a job")
	case len(text) > MaxReason:
		return "", custody.E(custody.CodeTooLarge, "the reason is too long", "state it in at most 500 bytes")
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return "", custody.E(custody.CodeInvalid, "the reason holds characters that cannot be printed", "use plain text on one line")
	}
	return text, nil
}
