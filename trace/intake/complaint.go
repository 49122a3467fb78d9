// Package intake takes complaints: of people who were called by somebody who should
// not know them, or whose data turned up elsewhere. A complaint gets a reference, a date
// by which it must be acknowledged, and a letter; what it says is sealed. Customers are
// looked for behind the scenes: whoever complains never learns whether a system has
// them. The package drafts and reminds; it gives no legal advice.
package intake

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"custody"
	"custody/trace"
)

// Way is how a complaint came.
type Way string

// The ways.
const (
	Web     Way = "web"     // the public form
	Mail    Way = "mail"    // a list that was imported
	Console Way = "console" // somebody typed it in for a caller
	API     Way = "api"
	Command Way = "command" // the command line
)

// Knew is the class of what the caller knew.
type Knew uint8

// What callers know, from least to most telling. The numbers are written in the store.
const (
	KnewNothing Knew = iota
	KnewName
	KnewVehicle
	KnewAccident
	KnewCanary // the phone is a planted customer's: nobody else has the number
	knewCount
)

var knewNames = [knewCount]string{"nothing", "name", "vehicle", "accident", "canary"}

// String gives the class as it is written.
func (k Knew) String() string {
	if k < knewCount {
		return knewNames[k]
	}
	return "unknown"
}

// ParseKnew finds a class in a caller's words, the words that the trace goes by.
func ParseKnew(text string) Knew {
	ratio := trace.KnewIn(text)
	for k := KnewCanary; k > KnewNothing; k-- {
		if k.Ratio() == ratio {
			return k
		}
	}
	return KnewNothing
}

// Ratio weighs a class for the trace.
func (k Knew) Ratio() float64 {
	return [...]float64{trace.KnewNothing, trace.KnewName, trace.KnewVehicle, trace.KnewAccident, trace.KnewCanary}[min(k, KnewCanary)]
}

// Bounds of what a complaint may hold, in characters.
const (
	MaxLine  = 200
	MaxWords = 4000
)

// Body is what somebody says. It is personal data: it is stored sealed and erased whole.
type Body struct {
	Name    string `json:"name,omitempty"`
	Answer  string `json:"answer,omitempty"` // mail address, phone or address for the answer
	Phone   string `json:"phone,omitempty"`  // that was called
	Email   string `json:"email,omitempty"`
	Vehicle string `json:"vehicle,omitempty"` // registration
	Key     string `json:"customer,omitempty"`
	System  string `json:"system,omitempty"`    // of the key; empty: any
	Caller  string `json:"caller,omitempty"`    // number that was shown
	Claimed string `json:"claimed,omitempty"`   // who the caller said to be
	Knew    string `json:"knew,omitempty"`      // what the caller knew, in words
	Words   string `json:"words,omitempty"`     // what happened, in the complainant's words
	Ref     string `json:"their_ref,omitempty"` // the reference of whoever passed it on
}

// Complaint is one complaint as it is kept: in clear what deadlines need, sealed what it says.
type Complaint struct {
	ID           int64
	Reference    string
	Way          Way
	Received     time.Time
	Due          time.Time // to be acknowledged by then
	Acknowledged time.Time // zero: not yet
	Closed       time.Time
	Called       time.Time // of the unwanted call; zero: not known
	Knew         Knew
	Suspect      bool // may have been sent by a program
	Erased       time.Time
	Matched      time.Time // when customers were looked for
	Body         Body      // empty once erased

	Sealed []byte   // Body as it is stored
	Mark   [32]byte // by which the same complaint is known again
}

// Overdue says whether the acknowledgement is late.
func (c *Complaint) Overdue(now time.Time) bool {
	return c.Acknowledged.IsZero() && c.Erased.IsZero() && now.After(c.Due)
}

// tidy cleans what somebody typed and checks it.
func (b *Body) tidy() error {
	for _, f := range []struct {
		text *string
		most int
		name string
	}{
		{&b.Name, MaxLine, "name"}, {&b.Answer, MaxLine, "address for the answer"}, {&b.Phone, MaxLine, "phone"}, {&b.Email, MaxLine, "mail address"},
		{&b.Vehicle, MaxLine, "registration"}, {&b.Key, MaxLine, "customer number"}, {&b.System, MaxLine, "system"}, {&b.Caller, MaxLine, "caller's number"},
		{&b.Claimed, MaxLine, "caller's claim"}, {&b.Knew, MaxWords, "what the caller knew"}, {&b.Words, MaxWords, "account of what happened"}, {&b.Ref, MaxLine, "reference"},
	} {
		if *f.text = clean(*f.text); utf8.RuneCountInString(*f.text) > f.most {
			return custody.E(custody.CodeTooLarge, "the "+f.name+" is too long", "shorten it; more can be sent with the answer to the acknowledgement")
		}
	}
	if b.Phone == "" && b.Email == "" && b.Vehicle == "" && b.Key == "" {
		return custody.E(custody.CodeInvalid, "nothing says whose data it is about", "give the phone that was called, a mail address, a registration or a customer number")
	}
	return nil
}

// clean trims a text and takes out what moves a screen's cursor.
func clean(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == utf8.RuneError || unicode.Is(unicode.Bidi_Control, r) || unicode.IsControl(r):
			return -1
		}
		return r
	}, s))
}
