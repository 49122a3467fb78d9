// Package custody holds the nouns of the product and its error codes. It does no
// I/O and imports nothing but the standard library; every other package speaks in
// these words. docs/disclosure-cycle.md follows one row through them.
package custody

import (
	"math/bits"
	"strings"
	"time"
)

// Numbers that stand for things in the ledger. They are dense, start at 1, are
// given out by the store and are never used again. Zero means "none".
type (
	// PersonID is a living human who may sign in. Never a shared account.
	PersonID uint32
	// OrganisationID is an employer: controller, processor or partner.
	OrganisationID uint32
	// ApplicationID is a program with its own declared credential.
	ApplicationID uint32
	// SystemID is something that holds customer records.
	SystemID uint32
	// SubjectID is one customer of one system; the directory maps it to a key.
	SubjectID uint32
	// GrantID is the grant under which something was decided.
	GrantID uint32
	// ReasonID is a reason stated by a person; the store holds its text.
	ReasonID uint32
	// SessionID is one person or application, on one device, on one system,
	// from sign-in to cut-off.
	SessionID uint64
)

// Category is a kind of personal data.
type Category uint8

// The categories. Their numbers are written in the ledger: add at the end only.
const (
	Name Category = iota
	Phone
	Email
	Address
	DateOfBirth
	Vehicle
	Accident
	Policy
	Bank
	FreeText
	categoryCount
)

var categoryNames = [categoryCount]string{
	"name", "phone", "email", "address", "date-of-birth",
	"vehicle", "accident", "policy", "bank", "free-text",
}

// String gives the category as it is written in custody.yaml.
func (c Category) String() string {
	if c < categoryCount {
		return categoryNames[c]
	}
	return "unknown"
}

// ParseCategory reads a category's name.
func ParseCategory(s string) (Category, bool) {
	for i, n := range categoryNames {
		if n == s {
			return Category(i), true
		}
	}
	return 0, false
}

// AllCategories lists every category in the order of its number.
func AllCategories() []Category {
	all := make([]Category, categoryCount)
	for i := range all {
		all[i] = Category(i)
	}
	return all
}

// CategorySet is a set of categories, bit c for category c.
type CategorySet uint32

// Categories makes the set of the categories that are given.
func Categories(list ...Category) CategorySet {
	var s CategorySet
	for _, c := range list {
		s |= 1 << c
	}
	return s
}

// Has says whether c is in the set.
func (s CategorySet) Has(c Category) bool { return s>>c&1 == 1 }

// Len counts the categories in the set.
func (s CategorySet) Len() int { return bits.OnesCount32(uint32(s)) }

// List gives the categories in the order of their numbers.
func (s CategorySet) List() []Category {
	var list []Category
	for c := range categoryCount {
		if s.Has(c) {
			list = append(list, c)
		}
	}
	return list
}

// Strings gives the categories' names in the order of their numbers.
func (s CategorySet) Strings() []string {
	list := make([]string, 0, s.Len())
	for _, c := range s.List() {
		list = append(list, c.String())
	}
	return list
}

// String joins the names with commas, for messages.
func (s CategorySet) String() string { return strings.Join(s.Strings(), ",") }

// Action is what a person wants to do with personal data.
type Action uint8

// The actions, as policies name them.
const (
	See Action = iota
	Export
	Change
)

// String gives the action as policies write it.
func (a Action) String() string { return [...]string{"see", "export", "change"}[a] }

// Treatment is how a category leaves the gate. The zero value refuses.
type Treatment uint8

// The treatments, from least to most open.
const (
	Refused Treatment = iota
	Masked
	Clear
)

// String gives the treatment as it is printed.
func (t Treatment) String() string { return [...]string{"refused", "masked", "clear"}[t] }

// Route is the way by which data left. Its numbers are written in the ledger.
type Route uint8

// The routes. Add at the end only.
const (
	RouteNone     Route = iota
	RouteQuery          // rows of a statement
	RouteCursor         // rows fetched from a cursor or a portal with a row limit
	RouteCopy           // COPY TO
	RouteImported       // read from a system's own access log: a weaker promise
	RoutePage           // an answer of a portal: a page, a fragment, JSON
	RouteDownload       // a file of a portal
	RouteStream         // server-sent events and WebSocket messages of a portal
	RouteConsole        // looked up in the console, to answer who saw a customer
)

// String gives the route as it is printed.
func (r Route) String() string {
	names := [...]string{"none", "query", "cursor", "copy", "imported", "page", "download", "stream", "console"}
	if int(r) < len(names) {
		return names[r]
	}
	return "unknown"
}

// EventKind says what an event records. Its numbers are written in the ledger.
type EventKind uint8

// The kinds of event. Add at the end only.
const (
	EventDisclosure   EventKind = iota + 1 // subjects' data was shown
	EventChange                            // subjects' data was changed
	EventRefusal                           // a request was refused; Code says why
	EventSessionStart                      // somebody signed in
	EventSessionEnd                        // a session ended; Code says why if it was cut
	EventNaming                            // numbers were given to subjects; see Naming
	EventSwitch                            // an entrance was taken offline (CodeUnavailable) or brought back (CodeNone)
	EventFinding                           // a check of a guarded system got worse
	EventRight                             // a right was given (CodeNone) or taken away (CodeRevoked), or a canary planted or withdrawn; Person decided it, Grant is the right if it is a grant
)

// String gives the kind as it is printed.
func (k EventKind) String() string {
	names := [...]string{"", "disclosure", "change", "refusal", "session-start", "session-end", "naming", "switch", "finding", "right"}
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown"
}

// Event is one answer: a header and the set of subjects in it. A disclosure is
// one (event, subject) pair. Events hold numbers only, never clear personal data:
// the store maps numbers to people, sessions, reasons and subjects' keys.
type Event struct {
	Kind         EventKind
	Route        Route
	Code         Code // refusals and cut sessions
	Time         time.Time
	Person       PersonID      // zero when an application acted for itself
	Application  ApplicationID // set when the look came through an application
	Organisation OrganisationID
	System       SystemID
	Session      SessionID
	Grant        GrantID
	Reason       ReasonID
	Clear        CategorySet // categories shown or used as they are
	Masked       CategorySet // categories shown masked only
	Statement    uint64      // fingerprint of the statement's shape, zero if none
	Subjects     []SubjectID // ascending, without repeats
	Naming       *Naming     // EventNaming only
}

// StatementTaken is the Statement of an imported event whose log says that the look left
// as a file: an export, a print, a download.
const StatementTaken = 1

// Naming binds a run of subject numbers to their keys without saying the keys.
// Root is the RFC 6962 tree hash over leaves SHA-256(0x00 ‖ salt ‖ system ‖ key),
// in the order of the numbers; docs/formats.md gives the bytes.
type Naming struct {
	First SubjectID
	Count uint32
	Root  [32]byte
}

// Session is who is at the other end and what is known of the device.
type Session struct {
	ID           SessionID
	Person       PersonID // zero for an application
	Organisation OrganisationID
	Application  ApplicationID
	System       SystemID
	SystemName   string
	// ApplicationName goes with Application: who the program is, also when Login is
	// the person it asks for.
	ApplicationName string
	Login           string // the person's email or the application's name
	FullName        string
	OrgName         string
	Branch          string // where the person works for the organisation; empty if not said
	Roles           []string
	Address         string // the client's network address, without its port
	AppName         string // application_name, as the client gave it
	Credential      string // "token", "certificate", "application" or "browser"
	CredentialID    int64
	Started         time.Time
	Expires         time.Time // when credential or signed identity end the session
	// SecondAddress says that the credential was live at another address when
	// this session began; the session's first event has CodeConflict then.
	SecondAddress bool
}

// Limits bound how many distinct subjects may be disclosed. Zero is no limit.
type Limits struct {
	PerHour   uint32
	PerDay    uint32
	PerExport uint32
}

// Decision is the answer of policy: how each category may leave, under which
// grant, within which limits, and until when the answer holds.
type Decision struct {
	Treatments     [categoryCount]Treatment
	Grant          GrantID
	Limits         Limits
	ReasonRequired bool
	// ValidUntil is when to ask again. The zero time means: ask every time.
	ValidUntil time.Time
	// Extra is what was approved beyond the grants, the one that ends first first; for
	// the action Export, the exports that were approved.
	Extra []Extra
	// Needs names what a grant would permit with, but the person does not hold in date:
	// training, rules to accept, the clause.
	Needs []string
	// Lent are the categories that approvals alone open in clear. Treatments do not have
	// them: each customer of whom one is shown counts against an approval.
	Lent CategorySet
	// Why is one sentence for people: what permitted or what was missing.
	Why string
}

// Extra is an approval: so many customers in all over the limits, or of whom categories
// may be seen, or one export of so many, until the grant ends. The ledger says how much
// of it is used.
type Extra struct {
	Grant      GrantID
	Subjects   uint32      // distinct, over the life of the grant
	Categories CategorySet // that may be exported, or that it opens; none: it adds to limits alone
	Once       bool        // for a single answer
	Since      time.Time
	Why        string // what it was asked for; empty if that is not known
}

// Treatment gives how one category may leave.
func (d *Decision) Treatment(c Category) Treatment { return d.Treatments[c] }

// Opened is the decision with what approvals lend, for as many customers as they have.
func (d Decision) Opened() Decision {
	for c := range categoryCount {
		if d.Lent.Has(c) {
			d.Treatments[c] = Clear
		}
	}
	return d
}

// With gives the categories that have the treatment t.
func (d *Decision) With(t Treatment) CategorySet {
	var s CategorySet
	for c := range categoryCount {
		if d.Treatments[c] == t {
			s |= 1 << c
		}
	}
	return s
}

// Question is what policy is asked: may this session do this, now, for this reason?
type Question struct {
	Session *Session
	Action  Action
	Time    time.Time
	Reason  string // as stated; empty if none
	Hour    uint32 // distinct subjects disclosed in the last hour
	Day     uint32 // distinct subjects disclosed today
}

// ScramKey is one credential of a login as SCRAM-SHA-256 (RFC 5802, RFC 7677)
// needs it: a verifier, never the secret.
type ScramKey struct {
	Credential int64
	StoredKey  [32]byte
	ServerKey  [32]byte
}
