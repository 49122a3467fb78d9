package intake

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"custody"
)

// AcknowledgeWithin is the time for an acknowledgement: 30 days from the receipt (Data
// Protection Act 2018, section 164A).
const AcknowledgeWithin = 30 * 24 * time.Hour

// Subject is a customer whom a complaint may be about.
type Subject struct {
	System   custody.SystemID
	Subject  custody.SubjectID
	Agreeing int // how many of the complaint's identifiers name this customer
}

// Storage keeps complaints; the store has it. All is durable on return.
type Storage interface {
	// AddComplaint keeps a complaint and sets its ID. One with a known Mark changes
	// nothing: its fields are set to those of the first, and fresh is false.
	AddComplaint(ctx context.Context, c *Complaint) (fresh bool, err error)
	// Complaints lists them by receipt.
	Complaints(f Filter) ([]Complaint, error)
	// SetComplaint writes Acknowledged and Closed, if they are not zero.
	SetComplaint(ctx context.Context, c *Complaint) error
	// EraseComplaint takes what was said away, for good.
	EraseComplaint(ctx context.Context, id int64, at time.Time) error
	// MatchComplaint keeps the customers that were found, in place of earlier ones.
	MatchComplaint(ctx context.Context, id int64, found []Subject, at time.Time) error
	// ComplaintSubjects gives them.
	ComplaintSubjects(id int64) ([]Subject, error)
}

// Filter says which complaints are wanted.
type Filter struct {
	Reference string // this one alone
	Open      bool   // not acknowledged yet
	Unmatched bool   // whose customers were not looked for yet
	From, To  time.Time
}

// Seal encrypts what complaints say; identity.Sealer has it.
type Seal interface {
	Seal(plain, about []byte) []byte
	Open(sealed, about []byte) ([]byte, error)
}

// Options are what a service is made of.
type Options struct {
	Storage Storage
	Seal    Seal
	Mark    func(text string) [32]byte // keyed: identity.Service.Pseudonym
	Zone    *time.Location
	Now     func() time.Time
}

// Service takes complaints. It is safe for concurrent use.
type Service struct{ o Options }

// New makes a service. Zone is UTC and Now time.Now unless said otherwise.
func New(o Options) *Service {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Service{o}
}

// Add takes a complaint: Way, Body and, if they are known, Received, Called and Knew
// are given, the rest is set. The same complaint sent again changes nothing; c becomes
// the first one, and fresh is false.
func (s *Service) Add(ctx context.Context, c *Complaint) (fresh bool, err error) {
	if err := c.Body.tidy(); err != nil {
		return false, err
	}
	now := s.o.Now().UTC().Truncate(time.Millisecond)
	if c.Received.IsZero() {
		c.Received = now
	}
	switch {
	case c.Received.After(now.Add(24 * time.Hour)):
		return false, custody.E(custody.CodeInvalid, "the complaint was received in the future", "check its date")
	case c.Called.After(c.Received.Add(24 * time.Hour)):
		return false, custody.E(custody.CodeInvalid, "the unwanted call is later than the complaint", "give the time of the call, at most the present")
	case !c.Called.IsZero() && c.Called.Year() < 2000:
		return false, custody.E(custody.CodeInvalid, "the unwanted call is dated before the year 2000", "check its date")
	case c.Received.Year() < 2000:
		return false, custody.E(custody.CodeInvalid, "the complaint's date is before the year 2000", "check its date")
	}
	if c.Knew == KnewNothing {
		c.Knew = ParseKnew(c.Body.Knew)
	}
	c.Due = due(c.Received, s.o.Zone)
	c.Reference = reference()
	plain, err := json.Marshal(c.Body)
	if err != nil {
		return false, err
	}
	c.Sealed = s.o.Seal.Seal(plain, []byte(c.Reference))
	c.Mark = s.o.Mark(c.Called.UTC().Format(time.RFC3339) + "\x00" + string(plain))
	if fresh, err = s.o.Storage.AddComplaint(ctx, c); err != nil {
		return false, err
	}
	return fresh, s.open(c)
}

// due is the end of the thirtieth day after the receipt, in the time of the place.
func due(received time.Time, zone *time.Location) time.Time {
	day := received.Add(AcknowledgeWithin).In(zone)
	return time.Date(day.Year(), day.Month(), day.Day(), 23, 59, 59, 0, zone).UTC()
}

// referenceLetters leave out those that are mistaken for others.
var referenceLetters = base32.NewEncoding("ABCDEFGHJKLMNPQRSTUVWXYZ23456789").WithPadding(base32.NoPadding)

// reference makes a number that says nothing and cannot be guessed: 50 bits.
func reference() string {
	var b [7]byte
	rand.Read(b[:])
	t := referenceLetters.EncodeToString(b[:])
	return "C-" + t[:5] + "-" + t[5:10]
}

// open fills the body of a complaint that is not erased.
func (s *Service) open(c *Complaint) error {
	c.Body = Body{}
	if !c.Erased.IsZero() {
		return nil
	}
	plain, err := s.o.Seal.Open(c.Sealed, []byte(c.Reference))
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, &c.Body)
}

// List gives complaints with what they say, by receipt.
func (s *Service) List(f Filter) ([]Complaint, error) {
	list, err := s.o.Storage.Complaints(f)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if err := s.open(&list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Get finds a complaint by its reference, however it is typed.
func (s *Service) Get(ref string) (*Complaint, error) {
	ref = strings.ToUpper(strings.TrimSpace(ref))
	if plain := strings.NewReplacer("-", "", " ", "").Replace(ref); len(plain) == 11 && plain[0] == 'C' {
		ref = "C-" + plain[1:6] + "-" + plain[6:]
	}
	list, err := s.List(Filter{Reference: ref})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, custody.E(custody.CodeNotFound, "no complaint has this reference", "references are like C-7KQ2M-4RTYA; custody complaint list shows them")
	}
	return &list[0], nil
}

// Acknowledge notes that the letter was sent. A second time changes nothing.
func (s *Service) Acknowledge(ctx context.Context, ref string) (*Complaint, error) {
	c, err := s.Get(ref)
	if err != nil || !c.Acknowledged.IsZero() {
		return c, err
	}
	c.Acknowledged = s.o.Now().UTC().Truncate(time.Millisecond)
	return c, s.o.Storage.SetComplaint(ctx, c)
}

// Close notes that the outcome was told to whoever complained.
func (s *Service) Close(ctx context.Context, ref string) (*Complaint, error) {
	c, err := s.Get(ref)
	if err != nil || !c.Closed.IsZero() {
		return c, err
	}
	if c.Acknowledged.IsZero() {
		return c, custody.E(custody.CodeConflict, "the complaint is not acknowledged yet", "custody complaint acknowledge "+c.Reference)
	}
	c.Closed = s.o.Now().UTC().Truncate(time.Millisecond)
	return c, s.o.Storage.SetComplaint(ctx, c)
}

// Erase takes what a complaint says away for good; its reference and dates stay.
func (s *Service) Erase(ctx context.Context, ref string) (*Complaint, error) {
	c, err := s.Get(ref)
	if err != nil || !c.Erased.IsZero() {
		return c, err
	}
	c.Erased = s.o.Now().UTC().Truncate(time.Millisecond)
	c.Body = Body{}
	return c, s.o.Storage.EraseComplaint(ctx, c.ID, c.Erased)
}

// Identifiers finds customers by what names them; the site's identifier index has it.
type Identifiers interface {
	Find(dst []custody.SubjectID, system custody.SystemID, category custody.Category, value []byte) []custody.SubjectID
	Lookup(system custody.SystemID, key []byte) (custody.SubjectID, bool)
}

// Match looks for the customers of complaints for which nobody has looked yet, or of all
// again, and says for how many it did. What it finds is kept and shown to no one: the
// trace uses it.
func (s *Service) Match(ctx context.Context, systems map[string]custody.SystemID, index Identifiers, again bool) (n int, err error) {
	list, err := s.List(Filter{Unmatched: !again})
	if err != nil {
		return 0, err
	}
	for i := range list {
		c := &list[i]
		if !c.Erased.IsZero() {
			continue
		}
		if err := s.o.Storage.MatchComplaint(ctx, c.ID, find(&c.Body, systems, index), s.o.Now()); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// find counts, for each customer, how many of a complaint's identifiers name it.
func find(b *Body, systems map[string]custody.SystemID, index Identifiers) []Subject {
	var list []Subject
	agree := func(system custody.SystemID, id custody.SubjectID) {
		for i := range list {
			if list[i].Subject == id && list[i].System == system {
				list[i].Agreeing++
				return
			}
		}
		if len(list) < maxMatches {
			list = append(list, Subject{system, id, 1})
		}
	}
	var room []custody.SubjectID
	for name, system := range systems {
		if b.System != "" && b.System != name {
			continue
		}
		for _, v := range []struct {
			category custody.Category
			text     string
		}{{custody.Phone, b.Phone}, {custody.Email, b.Email}, {custody.Vehicle, b.Vehicle}} {
			if v.text == "" {
				continue
			}
			room = index.Find(room[:0], system, v.category, []byte(v.text))
			for _, id := range room {
				agree(system, id)
			}
		}
		if id, ok := index.Lookup(system, []byte(b.Key)); ok && b.Key != "" {
			agree(system, id)
		}
	}
	return list
}

// maxMatches bounds the customers of one complaint: a number that more share names nobody.
const maxMatches = 50

// Traceable is a complaint as the trace needs it.
type Traceable struct {
	Reference string
	Subject   custody.SubjectID // zero: none, or several that fit alike
	Called    time.Time
	Knew      Knew
	Why       string // why it says nothing; empty: it does
}

// Traceables gives the complaints about customers of a system for a trace, with the
// reason for each that says nothing. Nothing is left out in silence.
func (s *Service) Traceables(system custody.SystemID, f Filter) ([]Traceable, error) {
	list, err := s.o.Storage.Complaints(f)
	if err != nil {
		return nil, err
	}
	var out []Traceable
	for i := range list {
		c := &list[i]
		t := Traceable{Reference: c.Reference, Called: c.Called, Knew: c.Knew}
		subjects, err := s.o.Storage.ComplaintSubjects(c.ID)
		if err != nil {
			return nil, err
		}
		t.Subject, t.Why = choose(c, subjects, system)
		out = append(out, t)
	}
	return out, nil
}

// WhyNobody is why a complaint of somebody unknown says nothing.
const WhyNobody = "no customer of the system fits"

// choose picks the customer on whom most identifiers agree.
func choose(c *Complaint, list []Subject, system custody.SystemID) (id custody.SubjectID, why string) {
	most, alike := 0, 0
	for _, s := range list {
		switch {
		case s.System != system:
		case s.Agreeing > most:
			most, alike, id = s.Agreeing, 1, s.Subject
		case s.Agreeing == most:
			alike++
		}
	}
	switch {
	case !c.Erased.IsZero():
		return 0, "it was erased"
	case c.Suspect:
		return 0, "it may have been sent by a program: look at it, and add it again if it is genuine"
	case c.Called.IsZero():
		return 0, "the time of the unwanted call is not known"
	case c.Matched.IsZero():
		return 0, "its customer was not looked for yet"
	case most == 0:
		return 0, WhyNobody
	case alike > 1:
		return 0, strconv.Itoa(alike) + " customers fit alike: ask for a registration or a mail address"
	}
	return id, ""
}
