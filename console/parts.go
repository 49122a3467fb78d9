package console

import (
	"context"
	"io"
	"iter"
	"time"

	"custody"
)

// Person is somebody who may ever have signed in.
type Person struct {
	ID          custody.PersonID
	Login       string
	FullName    string
	Added       time.Time
	Engagements []Engagement
}

// Engagement is a person's work for an employer; a zero End is open.
type Engagement struct {
	ID           int64
	Organisation custody.OrganisationID
	OrgName      string
	Branch       string // where in the organisation; empty if that is not known
	Roles        []string
	Start, End   time.Time
}

// Current says whether the engagement holds at a moment.
func (e *Engagement) Current(now time.Time) bool {
	return !now.Before(e.Start) && (e.End.IsZero() || now.Before(e.End))
}

// Session is what is kept of a session, live or ended.
type Session struct {
	custody.Session
	Ended   time.Time // zero while it lives
	EndCode custody.Code
	Notes   string
}

// Look is an event without its subjects: its number and how many it holds.
type Look struct {
	Number uint64
	custody.Event
	Answer int
}

// People gives everybody, and a number that moves whenever they or rights change.
type People interface {
	People() ([]Person, error)
	Generation() (uint64, error)
	Holds(custody.PersonID) ([]Hold, error)
}

// Cut is what the end of an engagement, or the locking of a login, took away.
type Cut struct {
	Person       custody.PersonID
	Organisation string // empty when it was not about one
	Kind         string // left, moved, compromised or dormant
	At, Done     time.Time
	Sessions     int
	Ended        string // all of it, for people: "2 live sessions, 1 token"
}

// NewPerson is somebody to be added, or a further engagement of a known login.
type NewPerson struct {
	Login, FullName, Organisation, Branch string
	Roles                                 []string
	Start, End                            time.Time // zero: now, open
}

// Staff changes who works for whom. Running gates hear it within a second.
type Staff interface {
	// Leave ends engagements with an employer, or with all for an empty name: now for the
	// zero time. It gives what was cut; nil for what is planned.
	Leave(login, organisation string, at time.Time) (*Cut, error)
	// Lock takes away everything with which somebody else could sign in as a person.
	Lock(login string) (*Cut, error)
	Join(NewPerson) error
	Engage(NewPerson) error
	// Cuts lists what was taken away from a person, newest first.
	Cuts(custody.PersonID) ([]Cut, error)
	// Enrol makes a code with which a person sets up how they sign in; it is given here
	// once. It has CodeConflict if they have a way to sign in already.
	Enrol(login string, ttl time.Duration) (code string, expires time.Time, err error)
	// Import brings people in line with a list, all or nothing; without do it says what
	// would be. may says whether a change at an employer, empty for all, may be made.
	Import(list string, may func(login, organisation string) error, do bool) (*Imported, error)
}

// Imported is what a list of people asks for, by line, and what was done.
type Imported struct {
	Lines     []ImportedLine
	Wrong     int // lines that cannot be done; then nothing was
	Unchanged int
}

// ImportedLine is one change that a list asks for, or why it cannot be made.
type ImportedLine struct {
	Line         int
	Login        string
	Change       string // empty if the line is not understood
	Organisation string
	Branch       string
	Roles        []string
	At, End      time.Time
	Ended        string // what was, or would be, cut
	Err          error
}

// Managing is that somebody decides about the rights of an employer's people, or of one
// branch of it.
type Managing struct {
	ID           int64
	Person       custody.PersonID
	Login        string
	Organisation custody.OrganisationID
	OrgName      string
	Branch       string // empty: all
	Since, Ended time.Time
}

// Managers keeps who decides about whose rights.
type Managers interface {
	Managers(ctx context.Context, ended bool) ([]Managing, error)
	// AddManager appoints one and sets its number and when it began.
	AddManager(ctx context.Context, m *Managing, by custody.PersonID) error
	EndManager(ctx context.Context, id int64, by custody.PersonID) error
}

// Delivery is the sending of one notice to one receiver.
type Delivery struct {
	ID                        uint64 // zero: still in the outbox
	Notice                    uint64
	Kind, Severity, Subject   string
	Channel, Address          string
	State                     string
	Attempts                  int
	Time, Next, Sent, GivenUp time.Time
	Why                       string
}

// Notices says what people and programs were told.
type Notices interface {
	// Deliveries lists the newest; only those that failed and were not mended, if wanted.
	Deliveries(failed bool, most int) ([]Delivery, error)
	// Retry makes a delivery due; zero: all that were given up. It gives how many.
	Retry(id uint64) (int, error)
	// Trial puts a notice for every channel and says how many there are.
	Trial() (channels int, err error)
}

// Sessions gives sessions and ends live ones.
type Sessions interface {
	Live() ([]Session, error)
	Of(person custody.PersonID, most int) ([]Session, error)
	Session(custody.SessionID) (*Session, error)
	Cut(custody.SessionID) error
	// Valid says whether the right behind a live session still holds.
	Valid(*custody.Session) error
}

// Looks answers from the ledger's index. Times are half open; zero leaves an end open.
type Looks interface {
	WhoSaw(system custody.SystemID, subject custody.SubjectID, from, to time.Time) iter.Seq[Look]
	By(person custody.PersonID, from, to time.Time) iter.Seq[Look]
	// Newest walks back from the newest event, or from the one before a number.
	Newest(before uint64) iter.Seq[Look]
	Event(number uint64) (*custody.Event, bool)
	Events(from uint64) iter.Seq2[uint64, *custody.Event]
	After(time.Time) uint64
	Len() (events, disclosures uint64)
}

// Match is a customer whom a search found, by which kind of identifier; ByKey if it was
// the key itself.
type Match struct {
	System  custody.SystemID
	Subject custody.SubjectID
	By      custody.CategorySet
	ByKey   bool
}

// Customers finds customers by key or identifier, and forgets them.
type Customers interface {
	// Find looks in the systems that are given.
	Find(systems []custody.SystemID, what string) ([]Match, error)
	// Key gives a customer's system and key; the key of one that was erased is empty.
	Key(custody.SubjectID) (system custody.SystemID, key string, err error)
	Erase(ctx context.Context, subject custody.SubjectID, by custody.PersonID) error
}

// Reasons gives the text of a stated reason, empty if it was erased.
type Reasons interface {
	Reason(custody.ReasonID) (string, error)
}

// Gate lets a session of the console in; every look passes it.
type Gate interface {
	Enter(sess *custody.Session, onCut func(custody.Code)) (Guest, error)
	// Standing gives how many customers those who are signed in have seen, against
	// their limits.
	Standing() []Standing
}

// Guest is a session of the console at the gate.
type Guest interface {
	// Look records that customers of one system are shown to the session's person. Only
	// when it returns nil may anything of them be shown. The subjects ascend.
	Look(system custody.SystemID, subjects []custody.SubjectID, shown custody.CategorySet, reason string) error
	Refuse(custody.Code)
	Leave()
}

// Standing is how much of their limits somebody has used.
type Standing struct {
	Session   *custody.Session
	Hour, Day uint32
	Limits    custody.Limits
}

// Checkpoint is the newest signed state of the ledger.
type Checkpoint struct {
	Origin string
	Size   uint64 // frames
	Root   string // base64, as in the note
	Note   string // the signed note as a whole
}

// SentCheckpoint is a signed checkpoint at somebody who keeps it, or on its way there.
type SentCheckpoint struct {
	Made   time.Time
	Frames uint64 // that it signs for
	To     string
	State  string // waiting, sent, retried or given up
	Sent   time.Time
	Why    string // the last failure
}

// Verified is what a check of the whole ledger found.
type Verified struct {
	Frames, Events, Disclosures uint64
	Segments                    int
	Bytes                       int64
	First, Last                 time.Time
	Checkpoints                 int
	Unsigned                    bool // frames after the newest checkpoint
	ClockBehind                 uint64
}

// Ledger is the ledger as a whole.
type Ledger interface {
	Health() error
	Checkpoint() (Checkpoint, error)
	Verify() (Verified, error)
	// Sent lists checkpoints that were sent outside, one for each receiver, newest first.
	Sent(most int) ([]SentCheckpoint, error)
	// Extract writes the events of one subject or one person with their proofs.
	Extract(w io.Writer, subject custody.SubjectID, person custody.PersonID, from, to time.Time) error
}

// System is a guarded system.
type System struct {
	ID       custody.SystemID
	Name     string
	Title    string
	Database bool
	Portal   string // its public address; empty if there is none
	Tables   int
	Held     custody.CategorySet // what it holds
	Down     *Down               // nil while its portal is open
	Examined time.Time           // by the doctor; zero if never
	Findings []Finding           // open ones, worst first
}

// Down says that somebody took a portal offline.
type Down struct {
	All    bool // with all other portals
	Since  time.Time
	By     string
	Reason string
}

// Finding is something that the doctor found wrong and that is still there.
type Finding struct {
	Severity uint8 // 1 note to 4 critical
	Check    string
	Object   string
	Message  string
	Opened   time.Time
}

// Systems lists the guarded systems by name, and what each number is called.
type Systems interface {
	Systems() ([]System, error)
	Names() map[custody.SystemID]string
}

// Grant is a right as the pages show it.
type Grant struct {
	ID         custody.GrantID
	Holder     string // "role estimator"
	Kind, Name string // "role", "estimator"
	System     string
	See, Mask  custody.CategorySet
	Change     custody.CategorySet
	Export     bool
	Limits     custody.Limits
	Reason     bool
	Needs      []string // training:NAME, rule:NAME or clause
	Beyond     uint32   // an approval for so many customers beyond other limits
	Start, End time.Time
}

// Current says whether the grant is in force.
func (g *Grant) Current(now time.Time) bool {
	return !now.Before(g.Start) && (g.End.IsZero() || now.Before(g.End))
}

// Rights lists grants and answers for one person.
type Rights interface {
	Grants() ([]Grant, error)
	// Explain says what a person of an employer with roles may do in a system, one
	// sentence a line.
	Explain(p *Person, e *Engagement, system custody.SystemID) ([]Explained, error)
	// Give keeps a grant with who gave it and why, and sets its number.
	Give(ctx context.Context, g *Grant, by custody.PersonID, why string) error
	// End ends a grant now, with who ended it and why.
	End(ctx context.Context, id custody.GrantID, by custody.PersonID, why string) error
}

// RoleHeld is a role in the console that was given to somebody.
type RoleHeld struct {
	ID           int64
	Person       custody.PersonID
	Role         Role
	Organisation custody.OrganisationID // zero: all
	OrgName      string
	Start, End   time.Time
}

// RoleBook keeps who has which role in the console; managers of branches are kept with the
// rights.
type RoleBook interface {
	Roles() ([]RoleHeld, error) // those in force
	GiveRole(r *RoleHeld, by custody.PersonID) error
	EndRole(id int64) error
}

// Explained is one line of an explanation.
type Explained struct {
	Action, Treatment string
	Categories        []string
	Because           string
}

// Parts are what the console is made of.
type Parts struct {
	People     People
	Staff      Staff
	Sessions   Sessions
	Looks      Looks
	Customers  Customers
	Reasons    Reasons
	Gate       Gate
	Ledger     Ledger
	Systems    Systems
	Switch     Switch
	Rights     Rights
	Roles      RoleBook
	Requests   Requests
	Tokens     Tokens
	Reviews    Reviews
	Alerts     Alerts
	Complaints Complaints
	Register   Register
	Managers   Managers
	Notices    Notices
	Canaries   Canaries
}
