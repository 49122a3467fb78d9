// Package notice tells people and programs what happened: by mail, webhook, syslog
// and file. A notice is put into an outbox that is durable when Put returns, and a
// running gate sends it from there until every receiver has it: at least once, never
// lost, and given up only after days and visibly.
//
// Notices hold no personal data of customers. They name customers by their numbers;
// a channel writes keys in place of them only if the configuration says so, looked up
// when it sends, so that an erased customer stays erased.
package notice

import (
	"crypto/rand"
	"encoding/hex"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"custody"
)

// Kind says what happened: lower-case words with dots, the area first. Receivers
// choose by it: "person.*" is all of an area.
type Kind string

// The kinds that the parts of Custody put.
const (
	PersonMoved       Kind = "person.moved"
	PersonLeft        Kind = "person.left"
	PersonDormant     Kind = "person.dormant"     // a login that was not used has expired
	PersonCompromised Kind = "person.compromised" // all ways to sign in were taken away
	RequestFiled      Kind = "request.filed"
	RequestDecided    Kind = "request.decided"
	EmergencyAccess   Kind = "access.emergency" // break-glass was used
	EmergencyReview   Kind = "access.emergency-review"
	ReviewDue         Kind = "review.due"
	ReviewClosed      Kind = "review.closed"
	TrainingDue       Kind = "training.due"
	RuleDue           Kind = "rule.due" // somebody has not accepted it
	ProcessorDue      Kind = "processor.due"
	AlertRaised       Kind = "alert.raised"
	ReasonsDrifted    Kind = "reasons.drift" // what explains looks is no longer what is declared
	ComplaintReceived Kind = "complaint.received"
	ComplaintDue      Kind = "complaint.due" // its acknowledgement is
	LedgerUnwell      Kind = "ledger.unwell"
	Checkpoint        Kind = "ledger.checkpoint" // for those who keep checkpoints, and nobody else
	Trial             Kind = "notice.trial"      // custody notice test
)

// Severity is how urgent a notice is. The numbers are those of OCSF (severity_id).
type Severity uint8

// The severities.
const (
	Info Severity = iota + 1
	Low
	Medium
	High
	Critical
)

var severityNames = [...]string{"", "info", "low", "medium", "high", "critical"}

// String gives the severity as it is written in custody.yaml.
func (s Severity) String() string {
	if int(s) < len(severityNames) {
		return severityNames[s]
	}
	return "unknown"
}

// ParseSeverity reads a severity's name.
func ParseSeverity(word string) (Severity, bool) {
	for i, n := range severityNames {
		if n == word && i > 0 {
			return Severity(i), true
		}
	}
	return 0, false
}

// Recipient is whom a notice is for: a person, everybody of an organisation who is
// named for it in custody.yaml, or those of its people who hold a role.
type Recipient struct {
	Person       custody.PersonID       `json:"person,omitempty"`
	Organisation custody.OrganisationID `json:"organisation,omitempty"`
	Role         string                 `json:"role,omitempty"` // with Organisation, or of all organisations
}

// Message is one notice, before it is known who receives it by which channel.
type Message struct {
	ID uint64 // given by the storage
	// Key makes a notice one of its kind: a second one with the same key is not put.
	// Empty: Put makes one. Receivers see it as the id that stays the same over
	// repeated sendings.
	Key      string
	Kind     Kind
	Severity Severity // Info if zero
	// To is whom it is for, besides programs; nobody means the deployment's own
	// recipients (notices.to in custody.yaml).
	To      []Recipient
	Subject string // one line, at most MaxSubject bytes
	Text    string // plain text, at most MaxText bytes
	// Path is the page about it in the console, like /requests/12.
	Path string
	// Data is for programs: numbers and names of ours, never customers' data.
	Data map[string]string
	// Customers are those whom it is about, on System.
	System    custody.SystemID
	Customers []custody.SubjectID
	Time      time.Time // now if zero

	keys []string // of the customers, while it is sent to somebody who may see them
}

// Bounds of a notice.
const (
	MaxSubject   = 200
	MaxText      = 8 << 10
	MaxData      = 32 // entries, each of at most 200 bytes
	MaxCustomers = 100
	MaxTo        = 50
	maxValue     = 200
)

// Outbox takes notices. It is safe for concurrent use.
type Outbox struct {
	storage Putter
	now     func() time.Time
}

// Putter keeps a notice durably. put is false if its key was there already.
type Putter interface {
	PutNotice(m *Message) (put bool, err error)
}

// NewOutbox makes an outbox. A nil now is time.Now.
func NewOutbox(storage Putter, now func() time.Time) *Outbox {
	if now == nil {
		now = time.Now
	}
	return &Outbox{storage, now}
}

// Put keeps a notice. When it returns nil the notice is durable and will be sent by
// whichever process runs the gate. The error has CodeInvalid if the notice is out of
// bounds.
func (o *Outbox) Put(m Message) error {
	if err := Prepare(&m, o.now()); err != nil {
		return err
	}
	_, err := o.storage.PutNotice(&m)
	return err
}

// Prepare fills in what a notice leaves open and checks its bounds. A storage that
// keeps a notice in the same transaction as what it tells calls it itself.
func Prepare(m *Message, now time.Time) error {
	if m.Key == "" {
		m.Key = NewKey()
	}
	if m.Severity == 0 {
		m.Severity = Info
	}
	if m.Time.IsZero() {
		m.Time = now
	}
	m.Time = m.Time.UTC()
	return m.check()
}

// Trying is a notice with which the channels are tried.
func Trying() Message {
	return Message{Kind: Trial, Key: NewKey(), Subject: "A notice for trial", Text: "This is a trial. Whoever gets it can be told what happens.\n"}
}

// NewKey makes a key that no other notice has.
func NewKey() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func (m *Message) check() error {
	what := ""
	switch {
	case !validKind(string(m.Kind)):
		what = "its kind is lower-case words with dots"
	case m.Severity > Critical:
		what = "its severity is unknown"
	case len(m.Key) > 128 || strings.ContainsFunc(m.Key, notKey):
		what = "its key is at most 128 letters, digits and -._:"
	case m.Subject == "" || len(m.Subject) > MaxSubject || !utf8.ValidString(m.Subject) || strings.ContainsFunc(m.Subject, unicode.IsControl):
		what = "its subject is one line of at most 200 bytes"
	case len(m.Text) > MaxText || !utf8.ValidString(m.Text) || strings.ContainsFunc(m.Text, notText):
		what = "its text is plain text of at most 8 KiB"
	case len(m.To) > MaxTo || len(m.Customers) > MaxCustomers || len(m.Data) > MaxData:
		what = "it has too many recipients, customers or data"
	case m.Path != "" && !validPath(m.Path):
		what = "its path begins with a slash"
	}
	for k, v := range m.Data {
		if !validKind(k) || len(v) > maxValue || !utf8.ValidString(v) || strings.ContainsFunc(v, unicode.IsControl) {
			what = "its data are short words"
		}
	}
	if what == "" {
		return nil
	}
	return custody.E(custody.CodeInvalid, "this notice cannot be sent: "+what, "shorten it; details belong on the page that it links")
}

func notKey(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-._:", r))
}

func notText(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }

// validKind also holds names of data.
func validKind(s string) bool {
	for _, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_') {
			return false
		}
	}
	return s != "" && len(s) <= 60
}

func validPath(p string) bool {
	u, err := url.Parse(p)
	return err == nil && strings.HasPrefix(p, "/") && !strings.HasPrefix(p, "//") && u.Host == "" && u.Scheme == "" && len(p) <= 200
}
