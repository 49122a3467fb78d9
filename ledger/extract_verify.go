package ledger

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"custody"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// VerifyExtract checks an extract against the ledger's public key alone, without
// the ledger, and gives what it proves.
func VerifyExtract(r io.Reader, v note.Verifier) (*ExtractReport, error) {
	c := &extractChecker{v: v, report: &ExtractReport{}, shown: map[custody.SubjectID]bool{}, namings: map[uint64]custody.Naming{}}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), MaxExtractLine)
	n := 0
	for lines.Scan() {
		n++
		if err := c.line(lines.Bytes()); err != nil {
			return nil, notProven(n, err)
		}
	}
	switch {
	case errors.Is(lines.Err(), bufio.ErrTooLong):
		return nil, custody.E(custody.CodeTooLarge, "a line of the extract is too long", "ask for the extract again")
	case lines.Err() != nil:
		return nil, failed("read the extract", lines.Err())
	case !c.ended:
		return nil, notProven(n, errors.New("the end is missing"))
	}
	return c.report, nil
}

func notProven(line int, err error) error {
	return &custody.Error{
		Code:    custody.CodeInvalid,
		Message: fmt.Sprintf("the extract does not hold, line %d: %v", line, err),
		Hint:    "it was changed or cut, or it is of another ledger than the key; ask for it again, and for the key from somebody else",
		Err:     err,
	}
}

// extractChecker checks an extract line by line.
type extractChecker struct {
	v       note.Verifier
	report  *ExtractReport
	span    span
	frame   header
	frames  bool // there was a frame
	event   uint64
	shown   map[custody.SubjectID]bool
	namings map[uint64]custody.Naming
	ended   bool
}

// line checks one line.
func (c *extractChecker) line(b []byte) error {
	var kind struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(b, &kind); err != nil {
		return errors.New("not a JSON object")
	}
	if c.ended {
		return errors.New("there is more after the end")
	}
	if (kind.Type == "extract") != (c.report.Origin == "") {
		return errors.New("an extract has one head, in its first line")
	}
	switch kind.Type {
	case "extract":
		return strictly(b, c.head)
	case "frame", "event":
		if len(c.report.Names) > 0 {
			return errors.New("there are events after the names")
		}
	}
	switch kind.Type {
	case "frame":
		return strictly(b, c.oneFrame)
	case "event":
		return strictly(b, c.oneEvent)
	case "name":
		return strictly(b, c.name)
	case "end":
		return strictly(b, c.end)
	}
	return errors.New("unknown type of line")
}

// strictly decodes a line that may hold nothing but its own fields.
func strictly[T any](b []byte, check func(*T) error) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	var line T
	if err := d.Decode(&line); err != nil {
		return errors.New("a field is unknown or has the wrong form")
	}
	if d.More() {
		return errors.New("there is more after the JSON object")
	}
	return check(&line)
}

func (c *extractChecker) head(h *extractHead) error {
	if h.Version != extractVersion {
		return errors.New("unknown version")
	}
	cp, err := openCheckpoint([]byte(h.Checkpoint), c.v)
	if err != nil {
		return err
	}
	if cp.Origin != h.Origin {
		return errors.New("the checkpoint is of another ledger")
	}
	if (h.Subject == 0) == (h.Person == 0) {
		return errors.New("an extract is about one subject or one person")
	}
	from, err1 := parseStamp(h.From)
	to, err2 := parseStamp(h.To)
	if err1 != nil || err2 != nil {
		return errors.New("a time is not RFC 3339")
	}
	c.report.Origin, c.report.Checkpoint = h.Origin, *cp
	c.report.Query = Query{Subject: custody.SubjectID(h.Subject), Person: custody.PersonID(h.Person), From: from, To: to}
	c.span = spanOf(from, to)
	return nil
}

func parseStamp(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339Nano, s)
}

func (c *extractChecker) oneFrame(f *extractFrame) error {
	if len(f.Header) != headerSize {
		return errors.New("the frame's header has the wrong length")
	}
	var h header
	raw := [headerSize]byte(f.Header)
	if what := h.parse(&raw); what != "" {
		return errors.New(what)
	}
	if h.frame != f.Frame || c.frames && h.frame <= c.frame.frame {
		return errors.New("the frame is out of its place")
	}
	cp := &c.report.Checkpoint
	if h.frame >= cp.Size || tlog.CheckRecord(f.Proof.path(), int64(cp.Size), cp.Root, int64(h.frame), leafHash(&raw)) != nil {
		return errors.New("the frame's proof does not lead to the checkpoint")
	}
	c.frame, c.frames = h, true
	return nil
}

func (c *extractChecker) oneEvent(e *extractEvent) error {
	if !c.frames || e.Event <= c.event || e.Event < c.frame.event || e.Event-c.frame.event >= uint64(c.frame.count) {
		return errors.New("the event is out of its place")
	}
	if len(c.report.Events) == MaxExtractEvents {
		return errors.New("there are too many events")
	}
	c.event = e.Event
	var d decoded
	count, what := d.decodeHead(e.Head)
	if what != "" || d.head != len(e.Head) {
		return errors.New("the event's head has the wrong form")
	}
	root, err := e.subjects(&d, count)
	if err != nil {
		return err
	}
	leaf := eventHash(e.Head, root)
	if tlog.CheckRecord(e.Proof.path(), int64(c.frame.count), c.frame.events, int64(e.Event-c.frame.event), leaf) != nil {
		return errors.New("the event's proof does not lead to its frame")
	}
	return c.take(e.Event, &d, count)
}

// subjects fills in the subjects that a line shows and gives the root of the event's
// subject tree.
func (e *extractEvent) subjects(d *decoded, count int) (Hash, error) {
	switch {
	case (e.Block == nil) == (e.All == nil):
		return Hash{}, errors.New("an event shows one block or all")
	case e.Block != nil:
		return e.Block.root(d, count)
	}
	return e.All.root(d, count)
}

func (b *extractBlock) root(d *decoded, count int) (Hash, error) {
	blocks := uint64(blockCount(count))
	if len(b.Salt) != saltSize || b.Block >= blocks || len(b.Subjects) != min(blockSubjects, count-int(b.Block)*blockSubjects) {
		return Hash{}, errors.New("the block of subjects has the wrong form")
	}
	if err := d.show(b.Subjects); err != nil {
		return Hash{}, err
	}
	if tlog.CheckRecord(b.Proof.path(), int64(blocks), Hash(b.Root), int64(b.Block), blockHash(b.Salt, d.Subjects)) != nil {
		return Hash{}, errors.New("the proof of the block of subjects does not lead to its root")
	}
	return Hash(b.Root), nil
}

func (a *extractAll) root(d *decoded, count int) (Hash, error) {
	blocks := blockCount(count)
	if len(a.Subjects) != count || len(a.Salts) != blocks*saltSize {
		return Hash{}, errors.New("the subjects have the wrong form")
	}
	if err := d.show(a.Subjects); err != nil {
		return Hash{}, err
	}
	var r rootOf
	for i := range blocks {
		r.add(blockHash(a.Salts[i*saltSize:][:saltSize], blockOf(d.Subjects, i)))
	}
	return r.sum(), nil
}

// show takes over subjects as a line lists them.
func (d *decoded) show(list []uint32) error {
	for _, s := range list {
		d.Subjects = append(d.Subjects, custody.SubjectID(s))
	}
	if what := checkSubjects(d.Subjects); what != "" {
		return errors.New("the event has " + what)
	}
	return nil
}

// take accepts a proven event if it belongs to the extract.
func (c *extractChecker) take(number uint64, d *decoded, count int) error {
	q := &c.report.Query
	at := d.Time.UnixMicro()
	switch {
	case d.Kind == custody.EventNaming:
		c.namings[number] = *d.Naming
	case at < c.span.from || at >= c.span.to:
		return errors.New("the event is not of the extract's time")
	case q.Person != 0 && (d.Person != q.Person || len(d.Subjects) != count):
		return errors.New("the event is of another person, or not shown whole")
	case q.Subject != 0 && !d.holds(q.Subject):
		return errors.New("the event does not hold the extract's subject")
	}
	for _, s := range d.Subjects {
		c.shown[s] = true
	}
	c.report.Events = append(c.report.Events, ExtractEvent{
		Number: number, Event: d.Event, Answer: count,
		ClockBehind: time.Duration(min(d.behind, maxMicros/1000)) * time.Microsecond,
	})
	return nil
}

func (d *decoded) holds(subject custody.SubjectID) bool {
	for _, s := range d.Subjects {
		if s == subject {
			return true
		}
	}
	return false
}

func (c *extractChecker) name(n *extractName) error {
	naming, ok := c.namings[n.Event]
	subject := custody.SubjectID(n.Subject)
	if !ok || len(n.Salt) != saltSize || !c.shown[subject] {
		return errors.New("the name belongs to nothing in this extract")
	}
	delete(c.shown, subject) // one name each
	system := custody.SystemID(n.System)
	if err := CheckNamingProof(&naming, subject, NamingLeaf([16]byte(n.Salt), system, n.Key), n.Proof.path()); err != nil {
		return err
	}
	c.report.Names = append(c.report.Names, ExtractName{subject, system, n.Key})
	return nil
}

func (c *extractChecker) end(e *extractEnd) error {
	if e.Events != len(c.report.Events) || e.Names != len(c.report.Names) {
		return errors.New("events or names are missing")
	}
	c.ended = true
	c.report.Unsigned, c.report.Unnamed = e.Unsigned, e.Unnamed
	return nil
}
