package ledger

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"custody"
)

// An extract is evidence in one file: the events of one subject or of one person,
// with all that is needed to check them against a signed checkpoint without the
// ledger. It is one JSON object a line: an extractHead, then each frame followed by
// its events, then names, then an extractEnd. docs/formats.md describes it for
// those who write a verifier of their own.
//
// An extract shows that what it holds was recorded, in that order and before that
// checkpoint. It cannot show that it holds everything: that is what Verify on the
// whole ledger is for.

// MaxExtractLine bounds a line of an extract in bytes, MaxExtractEvents its events.
const (
	MaxExtractLine   = 24 << 20
	MaxExtractEvents = 1 << 20
)

const extractVersion = 1

type extractHead struct {
	Type       string `json:"type"` // "extract"
	Version    int    `json:"version"`
	Origin     string `json:"origin"`
	Checkpoint string `json:"checkpoint"` // signed note
	Subject    uint32 `json:"subject,omitempty"`
	Person     uint32 `json:"person,omitempty"`
	From       string `json:"from,omitempty"` // RFC 3339, UTC
	To         string `json:"to,omitempty"`
}

type extractFrame struct {
	Type   string      `json:"type"` // "frame"
	Frame  uint64      `json:"frame"`
	Header base64Bytes `json:"header"`
	Proof  proof       `json:"proof"` // to the checkpoint's root
}

type extractEvent struct {
	Type  string      `json:"type"` // "event"
	Event uint64      `json:"event"`
	Head  base64Bytes `json:"head"`
	Proof proof       `json:"proof"` // to the frame's events root
	// Exactly one of these two is there.
	Block *extractBlock `json:"block,omitempty"`
	All   *extractAll   `json:"all,omitempty"`
}

// extractBlock shows the one block of an event's subjects that holds the subject of
// the extract.
type extractBlock struct {
	Root     base64Hash  `json:"root"` // of the event's subject tree
	Block    uint64      `json:"block"`
	Salt     base64Bytes `json:"salt"`
	Subjects []uint32    `json:"subjects"`
	Proof    proof       `json:"proof"` // to Root
}

// extractAll shows all subjects of an event.
type extractAll struct {
	Salts    base64Bytes `json:"salts"` // of all blocks, one after the other
	Subjects []uint32    `json:"subjects"`
}

type extractName struct {
	Type    string      `json:"type"` // "name"
	Subject uint32      `json:"subject"`
	System  uint32      `json:"system"`
	Key     string      `json:"key"`
	Salt    base64Bytes `json:"salt"`
	Event   uint64      `json:"event"` // the naming, earlier in this extract
	Proof   proof       `json:"proof"` // to the naming's root
}

type extractEnd struct {
	Type     string `json:"type"` // "end"
	Events   int    `json:"events"`
	Names    int    `json:"names"`
	Unsigned int    `json:"unsigned"` // left out: newer than the checkpoint
	Unnamed  int    `json:"unnamed"`  // subjects shown whose names are erased or not to be had
}

// base64Bytes are written in standard base64, in its one form.
type base64Bytes []byte

// UnmarshalJSON implements json.Unmarshaler.
func (b *base64Bytes) UnmarshalJSON(text []byte) (err error) {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	*b, err = base64.StdEncoding.Strict().DecodeString(s)
	return err
}

// base64Hash is a hash, written like base64Bytes.
type base64Hash Hash

// MarshalJSON implements json.Marshaler.
func (h base64Hash) MarshalJSON() ([]byte, error) { return json.Marshal(h[:]) }

// UnmarshalJSON implements json.Unmarshaler.
func (h *base64Hash) UnmarshalJSON(text []byte) error {
	var b base64Bytes
	if err := b.UnmarshalJSON(text); err != nil {
		return err
	}
	if len(b) != len(h) {
		return errors.New("not a hash")
	}
	copy(h[:], b)
	return nil
}

// proof is an audit path of RFC 6962, the leaf's neighbour first.
type proof []base64Hash

// proofOf makes a proof; an empty one is written as [].
func proofOf(path []Hash) proof {
	p := proof{}
	for _, h := range path {
		p = append(p, base64Hash(h))
	}
	return p
}

// path gives a proof's hashes.
func (p proof) path() []Hash {
	list := make([]Hash, len(p))
	for i, h := range p {
		list[i] = Hash(h)
	}
	return list
}

// Query says what an extract is about: one subject, or one person.
type Query struct {
	Subject custody.SubjectID
	Person  custody.PersonID
	// From and To bound the events' times, To without itself; zero leaves that end
	// open.
	From, To time.Time
}

// Name is what a subject's number stands for, with the proof to the naming that
// holds the number.
type Name struct {
	System custody.SystemID
	Key    string
	Salt   [16]byte
	Proof  []Hash // see NamingProof and NamingTree
}

// Names gives the name of a subject as a naming holds it; nil if it is erased.
type Names func(subject custody.SubjectID, n *custody.Naming) (*Name, error)

// ExtractReport is what an extract proves.
type ExtractReport struct {
	Query
	Origin     string
	Checkpoint Checkpoint
	Events     []ExtractEvent
	Names      []ExtractName
	// Unsigned counts events that the writer left out because no checkpoint held
	// them yet; Unnamed counts subjects without a name. Both as the writer says.
	Unsigned, Unnamed int
}

// ExtractEvent is one proven event. Its Subjects are those that the extract shows.
type ExtractEvent struct {
	Number uint64
	custody.Event
	Answer      int           // how many subjects the event holds
	ClockBehind time.Duration // how far the clock was behind the event before
}

// ExtractName is a proven name.
type ExtractName struct {
	Subject custody.SubjectID
	System  custody.SystemID
	Key     string
}
