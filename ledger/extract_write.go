package ledger

import (
	"bufio"
	"encoding/json"
	"io"
	"path/filepath"
	"slices"
	"time"
	"unicode/utf8"

	"custody"
	"custody/internal/durable"

	"golang.org/x/mod/sumdb/tlog"
)

// WriteExtract writes an extract up to the newest checkpoint. Names may be nil.
func (r *Reader) WriteExtract(w io.Writer, q Query, names Names) error {
	x := extractor{fs: r.fs, dir: r.dir, view: r.index.view(), newest: r.newest, signed: string(r.signed), query: q, names: names}
	return x.write(w)
}

// WriteExtract signs a checkpoint and writes an extract up to it. Names may be nil.
func (l *Ledger) WriteExtract(w io.Writer, q Query, names Names) error {
	view := l.index.view()
	signed, err := l.Checkpoint()
	if err != nil {
		return err
	}
	newest, err := unsigned([]byte(signed))
	if err != nil {
		newest = nil // an empty ledger has no checkpoint
	}
	x := extractor{fs: l.fs, dir: l.dir, view: view, newest: newest, signed: signed, query: q, names: names}
	return x.write(w)
}

// extractor writes one extract.
type extractor struct {
	fs     durable.FS
	dir    string
	view   view
	newest *Checkpoint
	signed string
	query  Query
	names  Names

	out   *json.Encoder
	frame fetcher
	tree  hashFile
	open  openFrame
	end   extractEnd
	named map[custody.SubjectID]uint64 // subjects to name, and the event of their naming
}

func (x *extractor) write(w io.Writer) error {
	if (x.query.Subject == 0) == (x.query.Person == 0) {
		return custody.E(custody.CodeInvalid, "an extract is about one subject or one person", "name one of them")
	}
	if x.newest == nil {
		return custody.E(custody.CodeUnavailable, "nothing in this ledger is signed yet", "start `custody serve`, which signs every second, and try again")
	}
	f, err := x.fs.Open(filepath.Join(x.dir, treeName))
	if err != nil {
		return custody.E(custody.CodeUnavailable, "the ledger's tree file is missing", "start `custody serve` once: it makes the file again")
	}
	defer f.Close()
	x.tree = hashFile{f}
	x.frame.fs, x.frame.dir = x.fs, x.dir
	defer x.frame.close()
	buffer := bufio.NewWriter(w)
	x.out = json.NewEncoder(buffer)
	if err := x.lines(); err != nil {
		return err
	}
	return buffer.Flush()
}

func (x *extractor) lines() error {
	if err := x.out.Encode(&extractHead{
		Type: "extract", Version: extractVersion, Origin: x.newest.Origin, Checkpoint: x.signed,
		Subject: uint32(x.query.Subject), Person: uint32(x.query.Person),
		From: stampText(x.query.From), To: stampText(x.query.To),
	}); err != nil {
		return err
	}
	for _, number := range x.numbers() {
		if err := x.event(number); err != nil {
			return err
		}
	}
	if err := x.writeNames(); err != nil {
		return err
	}
	x.end.Type = "end"
	return x.out.Encode(&x.end)
}

func stampText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// numbers lists the events of the extract, ascending, namings included.
func (x *extractor) numbers() []uint64 {
	v := &x.view
	s := spanOf(x.query.From, x.query.To)
	set := map[uint64]bool{}
	x.named = map[custody.SubjectID]uint64{}
	take := func(event uint32) bool {
		if at := v.micros(event); at >= s.from && at < s.to {
			set[uint64(event)+1] = true
			x.toName(event)
		}
		return v.micros(event) >= s.from
	}
	if x.query.Person != 0 {
		v.by(actor{person: x.query.Person}, s.from, take)
	} else {
		for event := range v.eventsOf(x.query.Subject) {
			if shows(v.context(event).kind) && !take(event) {
				break
			}
		}
	}
	for _, number := range x.named {
		if number != 0 {
			set[number] = true
		}
	}
	list := make([]uint64, 0, len(set))
	for number := range set {
		list = append(list, number)
	}
	slices.Sort(list)
	return list
}

// toName notes the subjects that the extract will show for an event.
func (x *extractor) toName(event uint32) {
	if x.names == nil {
		return
	}
	if x.query.Subject != 0 {
		x.named[x.query.Subject] = x.view.namingOf(x.query.Subject)
		return
	}
	for _, s := range x.view.subjects(event) {
		if _, ok := x.named[s]; !ok {
			x.named[s] = x.view.namingOf(s)
		}
	}
}

// namingOf gives the number of the event that named a subject, 0 if none did.
func (v *view) namingOf(s custody.SubjectID) uint64 {
	holds := func(n *custody.Naming) bool { return s >= n.First && uint64(s) < uint64(n.First)+uint64(n.Count) }
	for i := len(v.d.namings) - 1; i >= 0; i-- {
		if n := &v.d.namings[i]; holds(&n.naming) && n.event < v.events {
			return uint64(n.event) + 1
		}
	}
	return 0
}

// event writes an event, and before it its frame unless that is there already.
func (x *extractor) event(number uint64) error {
	before := x.frame.header
	if err := x.frame.find(&x.view, number); err != nil {
		return err
	}
	h := &x.frame.header
	if h.frame >= x.newest.Size {
		x.end.Unsigned++
		return nil
	}
	if before.count == 0 || before.frame != h.frame {
		if err := x.writeFrame(h); err != nil {
			return err
		}
	}
	x.end.Events++
	e := x.open.event(int(number-h.event), x.query.Subject)
	e.Event = number
	return x.out.Encode(e)
}

func (x *extractor) writeFrame(h *header) error {
	if what := x.open.read(&x.frame.frame); what != "" {
		return damaged(&Damage{File: segmentName(x.frame.segment), Frame: h.frame, Offset: x.frame.offset, What: what})
	}
	proof, err := tlog.ProveRecord(int64(x.newest.Size), int64(h.frame), x.tree)
	if err != nil {
		return custody.E(custody.CodeUnavailable, "the ledger's tree file is too short", "start `custody serve` once: it makes the file again")
	}
	return x.out.Encode(&extractFrame{Type: "frame", Frame: h.frame, Header: x.frame.raw[:], Proof: proofOf(proof)})
}

func (x *extractor) writeNames() error {
	subjects := make([]custody.SubjectID, 0, len(x.named))
	for s := range x.named {
		subjects = append(subjects, s)
	}
	slices.Sort(subjects)
	for _, s := range subjects {
		wrote, err := x.writeName(s, x.named[s])
		if err != nil {
			return err
		}
		if wrote {
			x.end.Names++
		} else {
			x.end.Unnamed++
		}
	}
	return nil
}

func (x *extractor) writeName(s custody.SubjectID, naming uint64) (bool, error) {
	if naming == 0 {
		return false, nil
	}
	name, err := x.names(s, x.view.event(uint32(naming-1)).Naming)
	if err != nil || name == nil || !utf8.ValidString(name.Key) {
		return false, err
	}
	return true, x.out.Encode(&extractName{
		Type: "name", Subject: uint32(s), System: uint32(name.System), Key: name.Key,
		Salt: name.Salt[:], Event: naming, Proof: proofOf(name.Proof),
	})
}
