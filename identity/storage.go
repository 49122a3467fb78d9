package identity

import (
	"context"
	"time"

	"custody"
)

// Storage is what identity needs of the store. Every method is one transaction
// and is durable when it returns nil.
type Storage interface {
	People
	Credentials
	Sessions
	Factors
	Browsers
	// Generation changes whenever a right changes, in any process.
	Generation() (uint64, error)
	// RightsSince reads what is current at now, or will be: of people whose rights have
	// changed since a generation, who are in Of then, or of everybody.
	RightsSince(now time.Time, generation uint64) (*Rights, error)
}

// People is the part of the storage that holds people and who they work for.
type People interface {
	EnsureOrganisation(name string, at time.Time) (custody.OrganisationID, error)
	AddPerson(p *Person, e *Engagement) error
	AddEngagement(e *Engagement) error
	EndEngagement(id int64, at time.Time) error
	Leave(person custody.PersonID, at time.Time) error
	// Employ makes the changes of list that have no error yet, all or none: none if
	// one fails or dry is set. It fills in what each did.
	Employ(list []Outcome, now time.Time, dry bool) error
	// SettleDue takes away what hung on engagements that ended by themselves.
	SettleDue(now time.Time) ([]Cut, error)
	// Lock takes all ways to sign in away from a person who stays engaged.
	Lock(person custody.PersonID, kind string, at time.Time) (*Cut, error)
	// Dormant lists who could sign in at now and last did before a moment.
	Dormant(before, now time.Time) ([]custody.PersonID, error)
	// Unhold lets an address that a provider vouches for open a login again.
	Unhold(person custody.PersonID) error
	// Cuts lists what was taken away, newest first; of everybody with zero.
	Cuts(person custody.PersonID) ([]Cut, error)
	ListPeople() ([]Person, error)
	ListEngagements() ([]Engagement, error)
	ListOrganisations() ([]Organisation, error)
	AddApplication(a *Application) error
	RemoveApplication(id custody.ApplicationID, at time.Time) error
	ListApplications() ([]Application, error)
}

// Credentials is the part of the storage that holds verifiers, never secrets.
type Credentials interface {
	AddCredential(c *Credential) error
	RevokeCredential(id int64, at time.Time) error
	ListCredentials() ([]Credential, error)
}

// Sessions is the part of the storage that holds sessions and stated reasons.
type Sessions interface {
	OpenSession(ctx context.Context, s *custody.Session, through custody.SessionID) (id custody.SessionID, otherAddresses int, err error)
	CloseSession(id custody.SessionID, at time.Time, code custody.Code) error
	CloseLeftover(at time.Time, code custody.Code) (int, error)
	CutSession(id custody.SessionID, at time.Time) error
	// Confirm settles what waits for a person's word: it was they who asked, or not.
	Confirm(person custody.PersonID, theirs bool, at time.Time) error
	// Unconfirmed lists what waits for a person's word, newest first.
	Unconfirmed(person custody.PersonID, at time.Time) ([]Unconfirmed, error)
	AddReason(session custody.SessionID, text string, at time.Time) (custody.ReasonID, error)
}

// Person is a living human who may sign in while engaged.
type Person struct {
	ID       custody.PersonID
	Login    string // lower-cased email; belongs to this person for ever
	FullName string
	Added    time.Time
}

// Organisation is an employer: the controller, a processor or a partner.
type Organisation struct {
	ID   custody.OrganisationID
	Name string
}

// Engagement is a person's work for an organisation: current while Start ≤ now
// and now < End. A zero End is open.
type Engagement struct {
	ID           int64
	Person       custody.PersonID
	Organisation custody.OrganisationID
	OrgName      string
	Branch       string // a name within the organisation; empty if not said
	Roles        []string
	Start, End   time.Time
	// Beside lets it run beside one of another organisation; it is not kept.
	Beside bool
}

// Current says whether the engagement holds at now.
func (e *Engagement) Current(now time.Time) bool {
	return !now.Before(e.Start) && (e.End.IsZero() || now.Before(e.End))
}

// Application is a program with its own declared credentials.
type Application struct {
	ID           custody.ApplicationID
	Name         string // its login; lower case, without '@'
	Organisation custody.OrganisationID
	OrgName      string
	Added        time.Time
	Removed      time.Time // zero while it may sign in
}

// Credential is what the store keeps of a token, a certificate or an
// application's secret. It is scoped to one login and one system.
type Credential struct {
	ID           int64
	Kind         string // "token", "certificate", "application" or "browser"
	Person       custody.PersonID
	Application  custody.ApplicationID
	Login        string
	Organisation custody.OrganisationID
	OrgName      string
	System       custody.SystemID
	SystemName   string
	StoredKey    []byte // 32 bytes, tokens and application secrets
	ServerKey    []byte // 32 bytes, the same
	Fingerprint  []byte // SHA-256 of the DER, certificates
	Serial       string // hexadecimal, certificates
	Issued       time.Time
	Expires      time.Time
	Revoked      time.Time // zero while in force
}

// The kinds of credential.
const (
	KindToken       = "token"
	KindCertificate = "certificate"
	KindApplication = "application"
	KindBrowser     = "browser" // the cookie of a browser that signed in
)

// Rights is everything that a snapshot is made of: what is current, and what
// begins later. Revoked or expired credentials, ended engagements and removed
// applications are left out.
type Rights struct {
	Generation uint64
	// Of are the people whom People, Engagements and Credentials are about, all there is of
	// them; the rest stays as it was, but for Cut, Renew and Unconfirmed, which end by
	// themselves and are whole. Nil: everybody and everything.
	Of           []custody.PersonID
	People       []Person
	Engagements  []Engagement
	Applications []Application
	Systems      map[string]custody.SystemID
	Credentials  []Credential
	Cut          []custody.SessionID // live sessions that somebody asked to end
	Boundaries   []time.Time         // future starts and ends of grants
	Processors   []InDate            // organisations in the register, and when they are in date
	// Renew says since when a person must have signed in anew: credentials of that moment
	// and before open nothing.
	Renew map[custody.PersonID]time.Time
	// Unconfirmed are those of them who have not confirmed yet that it was they who asked
	// through an application; false where they said that it was not.
	Unconfirmed map[custody.PersonID]bool
}
