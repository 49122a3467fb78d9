package identity

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"custody"
)

// ChangeKind is what becomes of a person's employment.
type ChangeKind string

// The kinds of change.
const (
	Join   ChangeKind = "join"   // a new person, with their first engagement
	Return ChangeKind = "return" // a further engagement of a known person
	Move   ChangeKind = "move"   // to another organisation: the old rights end
	Roles  ChangeKind = "roles"  // other roles or another branch at the same organisation
	Rename ChangeKind = "rename" // another full name
	Leave  ChangeKind = "leave"  // the end
)

// Change is one step in a person's employment. Its moment may lie in the past and in
// the future.
type Change struct {
	Kind         ChangeKind
	Person       custody.PersonID // set by Join
	Login        string
	FullName     string // Join, Rename
	Organisation string // made if it is not there yet; Leave: empty means all
	Branch       string // where in the organisation; Roles: empty leaves it
	Roles        []string
	At           time.Time // when it takes effect
	End          time.Time // Join, Return, Move: zero is open
	// Beside lets an engagement run beside one of another organisation.
	Beside bool
}

// Outcome is what a change did, or why it cannot be done.
type Outcome struct {
	Change Change
	Cut    *Cut // what ended with it at once; nil if nothing did
	Err    error
}

// The ways in which a right can end, as Cut.Kind has them.
const (
	CutLeft        = "left"
	CutMoved       = "moved"
	CutCompromised = "compromised"
	CutDormant     = "dormant"
)

// Cut says what the end of a right took away.
type Cut struct {
	Person       custody.PersonID
	Login        string
	FullName     string
	Organisation string // empty when it was not about one
	Kind         string
	At           time.Time // when the right ended
	Done         time.Time // when this was taken away
	Sessions     int       // live ones, which gates cut within a second
	Tokens       int
	Certificates int
	Browsers     int // that were signed in
	Passkeys     int
	Passwords    int
	Accounts     int // at OpenID providers
	Enrolments   int // codes that were not used
	Grants       int // the person's own
	Duties       int // managing people, and roles in the console
}

// Total counts all that was taken away.
func (c *Cut) Total() int {
	return c.Sessions + c.Tokens + c.Certificates + c.Browsers + c.Passkeys + c.Passwords + c.Accounts + c.Enrolments + c.Grants + c.Duties
}

// String lists what was taken away, for people: "2 sessions, 1 token".
func (c *Cut) String() string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{c.Sessions, "live session"}, {c.Tokens, "token"}, {c.Certificates, "certificate"}, {c.Browsers, "signed-in browser"}, {c.Passkeys, "passkey"},
		{c.Passwords, "password"}, {c.Accounts, "linked account"}, {c.Enrolments, "enrolment code"}, {c.Grants, "personal grant"}, {c.Duties, "manager or console role"}} {
		switch {
		case p.n == 1:
			parts = append(parts, "1 "+p.what)
		case p.n > 1:
			parts = append(parts, fmt.Sprintf("%d %ss", p.n, p.what))
		}
	}
	if len(parts) == 0 {
		return "nothing else"
	}
	return strings.Join(parts, ", ")
}

// Employ makes changes, all or none of them, and says for each what it did. With dry
// they are tried and taken back: the answers are those that a real run would give. The
// error is of the whole; an Outcome's Err is of one change, and then nothing happened.
func (s *Service) Employ(changes []Change, dry bool) ([]Outcome, error) {
	now := s.clock().UTC()
	outcomes := make([]Outcome, len(changes))
	bad := false
	for i := range changes {
		if changes[i].At.IsZero() {
			changes[i].At = now
		}
		changes[i].Beside = changes[i].Beside || s.several
		if outcomes[i].Err = changes[i].check(); outcomes[i].Err != nil {
			bad = true
		}
		outcomes[i].Change = changes[i]
	}
	if err := s.store.Employ(outcomes, now, dry || bad); err != nil {
		return outcomes, err
	}
	if dry || bad {
		return outcomes, nil
	}
	for i := range outcomes {
		if outcomes[i].Err != nil {
			return outcomes, nil
		}
	}
	return outcomes, s.Reload()
}

// one makes one change.
func (s *Service) one(c Change) (*Cut, error) {
	out, err := s.Employ([]Change{c}, false)
	if err == nil {
		err = out[0].Err
	}
	return out[0].Cut, err
}

// check holds a change to what can be kept, and brings it into the form that is kept.
func (c *Change) check() error {
	c.Login, c.FullName, c.Organisation = NormalLogin(c.Login), strings.TrimSpace(c.FullName), strings.TrimSpace(c.Organisation)
	if err := checkLogin(c.Login); err != nil {
		return err
	}
	if c.Kind == Join || c.Kind == Rename {
		if err := checkFullName(c.FullName); err != nil {
			return err
		}
	}
	if c.Kind != Rename && !(c.Kind == Leave && c.Organisation == "") {
		if err := checkName("organisation", c.Organisation); err != nil {
			return err
		}
	}
	if c.Branch != "" {
		if err := checkName("branch", c.Branch); err != nil {
			return err
		}
	}
	for _, r := range c.Roles {
		if err := checkName("role", r); err != nil {
			return err
		}
	}
	c.Roles = slices.Compact(slices.Sorted(slices.Values(c.Roles)))
	if !c.End.IsZero() && !c.End.After(c.At) {
		return custody.E(custody.CodeInvalid, "the engagement ends before it starts", "give an end that is later than the start, or none")
	}
	return nil
}

// CheckPerson says what keeps a login and a full name from being a person's.
func CheckPerson(login, name string) error {
	if err := checkLogin(login); err != nil {
		return err
	}
	return checkFullName(name)
}

func checkFullName(name string) error {
	if name == "" || len(name) > 200 || !utf8.ValidString(name) || printable(name, 200) != name {
		return custody.E(custody.CodeInvalid, "a person needs a full name of at most 200 printable bytes", `add it, as in --name "Alice Smith"`)
	}
	return nil
}

// LeaveAt ends a person's work for an organisation, or for all with an empty name, at
// a moment: now if it is zero, in the past for what is told late, in the future for
// what is planned. It gives what was cut; nil if it is planned.
func (s *Service) LeaveAt(login, organisation string, at time.Time) (*Cut, error) {
	return s.one(Change{Kind: Leave, Login: login, Organisation: organisation, At: at})
}

// MoveTo ends a person's work for other organisations and begins it for this one.
func (s *Service) MoveTo(login, organisation, branch string, roles []string, at, end time.Time) (*Cut, error) {
	return s.one(Change{Kind: Move, Login: login, Organisation: organisation, Branch: branch, Roles: roles, At: at, End: end})
}

// SetRoles gives a person these roles at an organisation and no others, at a branch of
// it if one is named.
func (s *Service) SetRoles(login, organisation, branch string, roles []string, at time.Time) error {
	_, err := s.one(Change{Kind: Roles, Login: login, Organisation: organisation, Branch: branch, Roles: roles, At: at})
	return err
}

// SettleDue takes away what hung on engagements that have ended by themselves. A
// running gate calls it when NextChange has come.
func (s *Service) SettleDue() ([]Cut, error) {
	cuts, err := s.store.SettleDue(s.clock().UTC())
	if err != nil || len(cuts) == 0 {
		return cuts, err
	}
	return cuts, s.Reload()
}

// Compromised takes everything away with which somebody else could sign in as a
// person: sessions, tokens, certificates, browsers, passkeys, password, provider
// accounts and unused codes. They enrol anew.
func (s *Service) Compromised(login string) (*Cut, error) {
	p, err := s.person(login)
	if err != nil {
		return nil, err
	}
	cut, err := s.store.Lock(p.ID, CutCompromised, s.clock().UTC())
	if err != nil {
		return nil, err
	}
	return cut, s.Reload()
}

// ExpireDormant takes the ways to sign in away from people who are engaged and have
// not used their login for so long. They enrol anew.
func (s *Service) ExpireDormant(unused time.Duration) ([]Cut, error) {
	now := s.clock().UTC()
	people, err := s.store.Dormant(now.Add(-unused), now)
	if err != nil || len(people) == 0 {
		return nil, err
	}
	var cuts []Cut
	for _, p := range people {
		cut, err := s.store.Lock(p, CutDormant, now)
		if err != nil {
			return cuts, err
		}
		cuts = append(cuts, *cut)
	}
	return cuts, s.Reload()
}

// Cuts lists what was ever taken away from a person, newest first; of everybody with
// zero.
func (s *Service) Cuts(person custody.PersonID) ([]Cut, error) { return s.store.Cuts(person) }
