package identity

import (
	"net/mail"
	"slices"
	"strings"
	"time"

	"custody"
)

// NormalLogin is a login as it is stored and compared: trimmed and lower-cased.
func NormalLogin(login string) string { return strings.ToLower(strings.TrimSpace(login)) }

// NewPerson is what must be known to add somebody.
type NewPerson struct {
	Login        string // an email address of their own
	FullName     string
	Organisation string // made if it is not there yet
	Branch       string // where in the organisation; may be empty
	Roles        []string
	Start, End   time.Time // of the engagement; zero Start is now, zero End is open
}

// AddPerson adds a person and their first engagement. A login that ever belonged
// to anybody is refused: two people can never share one, not even in turn.
func (s *Service) AddPerson(n NewPerson) (*Person, error) {
	p := &Person{Login: NormalLogin(n.Login), FullName: strings.TrimSpace(n.FullName), Added: s.clock().UTC()}
	if err := checkLogin(p.Login); err != nil {
		return nil, err
	}
	if err := checkFullName(p.FullName); err != nil {
		return nil, err
	}
	e, err := s.engagement(n.Organisation, n.Branch, n.Roles, n.Start, n.End)
	if err != nil {
		return nil, err
	}
	if err := s.store.AddPerson(p, e); err != nil {
		return nil, err
	}
	return p, s.Reload()
}

func checkLogin(login string) error {
	a, err := mail.ParseAddress(login)
	if err != nil || a.Address != login || len(login) > 254 {
		return custody.E(custody.CodeInvalid, "a person's login must be their own email address",
			"write it in full, such as first.last@company.example; programs are added with custody application add")
	}
	local, _, _ := strings.Cut(login, "@")
	if slices.Contains(sharedNames, local) {
		return custody.E(custody.CodeInvalid, "this address belongs to a function, not to one person",
			"use the person's own address; a login stands for one living human")
	}
	return nil
}

// sharedNames are mailbox names that RFC 2142 or common practice gives to a
// function; a login of that name would be shared.
var sharedNames = []string{
	"accounts", "admin", "administrator", "branch", "bookings", "contact", "enquiries", "estimators", "everyone",
	"helpdesk", "hostmaster", "info", "it", "mail", "marketing", "office", "postmaster", "reception", "root",
	"sales", "service", "shared", "staff", "support", "team", "webmaster", "workshop",
}

func (s *Service) engagement(org, branch string, roles []string, start, end time.Time) (*Engagement, error) {
	if start.IsZero() {
		start = s.clock()
	}
	if !end.IsZero() && !end.After(start) {
		return nil, custody.E(custody.CodeInvalid, "the engagement ends before it starts", "give an end that is later than the start, or none")
	}
	for _, r := range roles {
		if err := checkName("role", r); err != nil {
			return nil, err
		}
	}
	if branch != "" {
		if err := checkName("branch", branch); err != nil {
			return nil, err
		}
	}
	id, err := s.EnsureOrganisation(org)
	if err != nil {
		return nil, err
	}
	return &Engagement{Organisation: id, OrgName: org, Branch: branch, Roles: slices.Clone(roles), Start: start.UTC(), End: end, Beside: s.several}, nil
}

// checkName holds names of roles, organisations and applications to what can be
// typed, printed and written in a policy.
func checkName(what, name string) error {
	if name == "" || len(name) > 100 || name != strings.TrimSpace(name) || printable(name, 100) != name {
		return custody.E(custody.CodeInvalid, "the name of the "+what+" cannot be used",
			"use 1 to 100 printable characters without spaces around them")
	}
	return nil
}

// EnsureOrganisation gives the number of an organisation and adds it if needed.
func (s *Service) EnsureOrganisation(name string) (custody.OrganisationID, error) {
	if err := checkName("organisation", name); err != nil {
		return 0, err
	}
	return s.store.EnsureOrganisation(name, s.clock())
}

// Engage gives an existing person a further engagement: a further role, or a return.
// One at another organisation is refused while the old one lasts (see MoveTo), unless
// people may have several employers.
func (s *Service) Engage(login, org string, roles []string, start, end time.Time) (*Engagement, error) {
	return s.EngageAt(login, org, "", roles, start, end)
}

// EngageAt is Engage at a branch of the organisation.
func (s *Service) EngageAt(login, org, branch string, roles []string, start, end time.Time) (*Engagement, error) {
	p, err := s.person(login)
	if err != nil {
		return nil, err
	}
	e, err := s.engagement(org, branch, roles, start, end)
	if err != nil {
		return nil, err
	}
	e.Person = p.ID
	if err := s.store.AddEngagement(e); err != nil {
		return nil, err
	}
	return e, s.Reload()
}

// EndEngagement ends one engagement at a time; the zero time is now.
func (s *Service) EndEngagement(id int64, at time.Time) error {
	if at.IsZero() {
		at = s.clock()
	}
	if err := s.store.EndEngagement(id, at); err != nil {
		return err
	}
	return s.Reload()
}

// Leave ends all engagements of a person and takes away all that hung on them, now.
func (s *Service) Leave(login string) error {
	_, err := s.LeaveAt(login, "", time.Time{})
	return err
}

// person finds a person for the administrator, who may know who exists.
func (s *Service) person(login string) (*Person, error) {
	if err := s.refresh(); err != nil {
		return nil, err
	}
	snap := s.now.Load()
	if p := snap.people[snap.logins[NormalLogin(login)]]; p != nil {
		return p, nil
	}
	return nil, custody.E(custody.CodeNotFound, "no person has this login", "custody person list shows all; custody person add adds one")
}

// PersonInfo is a person with all their engagements, oldest first.
type PersonInfo struct {
	Person
	Engagements []Engagement
	Current     bool // engaged by anybody now
}

// People lists everybody who ever could sign in, by number.
func (s *Service) People() ([]PersonInfo, error) {
	people, err := s.store.ListPeople()
	if err != nil {
		return nil, err
	}
	engagements, err := s.store.ListEngagements()
	if err != nil {
		return nil, err
	}
	now, list := s.clock(), make([]PersonInfo, len(people))
	at := make(map[custody.PersonID]int, len(people))
	for i, p := range people {
		list[i].Person, at[p.ID] = p, i
	}
	for _, e := range engagements {
		p := &list[at[e.Person]]
		p.Engagements = append(p.Engagements, e)
		p.Current = p.Current || e.Current(now)
	}
	return list, nil
}

// Organisations lists the employers by number.
func (s *Service) Organisations() ([]Organisation, error) { return s.store.ListOrganisations() }
