package identity

import (
	"maps"
	"slices"
	"time"

	"custody"
)

// place is one login on one system.
type place struct{ login, system string }

// snapshot is all rights at one generation. It is never changed once in force.
type snapshot struct {
	generation  uint64
	people      map[custody.PersonID]*Person
	logins      map[string]custody.PersonID
	engagements map[custody.PersonID][]Engagement
	apps        map[custody.ApplicationID]*Application
	appNames    map[string]custody.ApplicationID
	systems     map[string]custody.SystemID
	credentials map[int64]*Credential
	keys        map[place][]*Credential
	prints      map[[32]byte]*Credential
	cut         map[custody.SessionID]bool
	processors  map[custody.OrganisationID]InDate
	renew       map[custody.PersonID]time.Time
	unconfirmed map[custody.PersonID]bool
	changes     []time.Time // ascending
}

func newSnapshot(r *Rights) *snapshot {
	s := &snapshot{
		generation:  r.Generation,
		people:      make(map[custody.PersonID]*Person, len(r.People)),
		logins:      make(map[string]custody.PersonID, len(r.People)),
		engagements: make(map[custody.PersonID][]Engagement, len(r.Engagements)),
		apps:        make(map[custody.ApplicationID]*Application, len(r.Applications)),
		appNames:    make(map[string]custody.ApplicationID, len(r.Applications)),
		systems:     r.Systems,
		credentials: make(map[int64]*Credential, len(r.Credentials)),
		keys:        make(map[place][]*Credential, len(r.Credentials)),
		prints:      make(map[[32]byte]*Credential),
		cut:         make(map[custody.SessionID]bool, len(r.Cut)),
		renew:       r.Renew,
		unconfirmed: r.Unconfirmed,
		changes:     slices.Clone(r.Boundaries),
	}
	s.addHolders(r)
	s.addProcessors(r.Processors)
	s.addCredentials(r.Credentials)
	for _, id := range r.Cut {
		s.cut[id] = true
	}
	slices.SortFunc(s.changes, time.Time.Compare)
	return s
}

func (s *snapshot) addHolders(r *Rights) {
	for i := range r.People {
		p := &r.People[i]
		s.people[p.ID], s.logins[p.Login] = p, p.ID
	}
	for _, e := range r.Engagements {
		s.engagements[e.Person] = append(s.engagements[e.Person], e)
		s.changes = append(s.changes, e.Start)
		if !e.End.IsZero() {
			s.changes = append(s.changes, e.End)
		}
	}
	for i := range r.Applications {
		a := &r.Applications[i]
		s.apps[a.ID], s.appNames[a.Name] = a, a.ID
	}
}

func (s *snapshot) addCredentials(list []Credential) {
	for i := range list {
		c := &list[i]
		s.credentials[c.ID] = c
		s.changes = append(s.changes, c.Expires)
		if c.Kind == KindCertificate {
			s.prints[[32]byte(c.Fingerprint)] = c
			continue
		}
		if c.Kind == KindBrowser { // no SCRAM: the cookie is its own proof
			continue
		}
		at := place{c.Login, c.SystemName}
		s.keys[at] = append(s.keys[at], c)
	}
}

// with is the snapshot with one more credential.
func (s *snapshot) with(c *Credential) *snapshot {
	next := *s
	next.credentials = maps.Clone(s.credentials)
	next.credentials[c.ID] = c
	i, _ := slices.BinarySearchFunc(s.changes, c.Expires, time.Time.Compare)
	next.changes = slices.Insert(slices.Clone(s.changes), i, c.Expires)
	return &next
}

// next is the first change after now.
func (s *snapshot) next(now time.Time) time.Time {
	i, _ := slices.BinarySearchFunc(s.changes, now, func(t, now time.Time) int {
		if t.After(now) {
			return 1
		}
		return -1
	})
	if i == len(s.changes) {
		return time.Time{}
	}
	return s.changes[i]
}

// Made once, so that Valid allocates nothing.
var (
	errCut = custody.E(custody.CodeRevoked, "this session was ended by an administrator",
		"ask the administrator of this gate why before signing in again")
	errExpired = custody.E(custody.CodeRevoked, "the credential of this session has expired",
		"ask for a new token or certificate and sign in again")
	errRevoked = custody.E(custody.CodeRevoked, "the credential of this session was revoked",
		"ask for a new token or certificate and sign in again")
	errNotEngaged = custody.E(custody.CodeRevoked, "there is no current engagement behind this session",
		"ask the organisation you work for to confirm your engagement")
	errRoles = custody.E(custody.CodeRevoked, "a role of this session has ended",
		"sign in again to work with the roles that are left")
	errRenew = custody.E(custody.CodeRevoked, "you have to sign in anew before you go on",
		"in a browser sign in again with all factors; for a database client ask for a new token: custody token issue")
	errRemoved = custody.E(custody.CodeRevoked, "the application behind this session was removed",
		"declare the application again if it is still needed")
)

// valid is Valid at one snapshot and one moment.
func (s *snapshot) valid(sess *custody.Session, now time.Time) error {
	if s.cut[sess.ID] {
		return errCut
	}
	if sess.Application != 0 && s.apps[sess.Application] == nil {
		return errRemoved
	}
	if !now.Before(sess.Expires) && !onBehalf(sess) {
		return errExpired
	}
	c := s.credentials[sess.CredentialID]
	if c == nil {
		return errRevoked
	}
	if !now.Before(c.Expires) {
		return errExpired
	}
	if s.stale(c) {
		return errRenew
	}
	if len(s.processors) > 0 && s.shut(sess.Organisation, now) {
		return errShut
	}
	if sess.Person == 0 {
		return nil
	}
	return s.engaged(sess, now)
}

// stale says whether the person has been asked to sign in anew since a credential was
// given out.
func (s *snapshot) stale(c *Credential) bool {
	since, asked := s.renew[c.Person]
	return asked && c.Person != 0 && !c.Issued.After(since)
}

// onBehalf says whether a person asks through an application. The end of the signed
// identity does not cut such a session, for that would cut the application's
// connection, which others share: Expires says until when the gate takes new
// statements in that name.
func onBehalf(sess *custody.Session) bool { return sess.Person != 0 && sess.Application != 0 }

// engaged holds if the session's organisation still engages the person, in every
// role that the session has.
func (s *snapshot) engaged(sess *custody.Session, now time.Time) error {
	list := s.engagements[sess.Person]
	if !slices.ContainsFunc(list, func(e Engagement) bool {
		return e.Organisation == sess.Organisation && e.Current(now)
	}) {
		return errNotEngaged
	}
	for _, role := range sess.Roles {
		if !holds(list, sess.Organisation, role, now) {
			return errRoles
		}
	}
	return nil
}

func holds(list []Engagement, org custody.OrganisationID, role string, now time.Time) bool {
	for i := range list {
		e := &list[i]
		if e.Organisation == org && e.Current(now) && slices.Contains(e.Roles, role) {
			return true
		}
	}
	return false
}

// roles are those that the person has with the organisation now, sorted.
func (s *snapshot) roles(p custody.PersonID, org custody.OrganisationID, now time.Time) (roles []string, engaged bool) {
	for _, e := range s.engagements[p] {
		if e.Organisation == org && e.Current(now) {
			engaged = true
			roles = append(roles, e.Roles...)
		}
	}
	slices.Sort(roles)
	return slices.Compact(roles), engaged
}
