// Package body recognises the customers in the answers of a web application, while
// they stream, and masks in place what the person may not see. It reads JSON, HTML,
// CSV, text and what else Kind lists; what it cannot read it refuses.
//
// A Filter holds the bytes of a few records. When a window of them is complete it
// finds their subjects, by configured keys and by identifiers, reports each subject
// with the categories shown (Seen) and only then gives the bytes away, with the masks
// written over what is forbidden. Everything else stays byte for byte what it was.
// docs/recognition.md says what is recognised and what is not.
package body

import "custody"

// Bounds. A body that goes beyond them is refused with code TooLarge, never passed
// on unseen.
const (
	// Window is how many bytes are recognised together, as far as they come together:
	// a subject found in a window is known in all of it, and in all that follows.
	Window = 64 << 10
	// MaxRecord is the longest record: an element of the outermost array, a row, a
	// message. Longer elements are parted inside when nothing in them waits for a key.
	MaxRecord = 1 << 20
	// MaxDepth is how deep arrays, objects and elements may be nested.
	MaxDepth = 512
)

// Values is the identifier index of the systems: subjects.Index has it.
type Values interface {
	// Find appends the subjects whom a value of a category names.
	Find(dst []custody.SubjectID, system custody.SystemID, category custody.Category, value []byte) []custody.SubjectID
	// Kinds says of which categories there are values at all.
	Kinds(system custody.SystemID) custody.CategorySet
}

// Directory turns keys into numbers: subjects.Directory has it.
type Directory interface {
	Lookup(system custody.SystemID, key []byte) (custody.SubjectID, bool)
	// Assign gives numbers to keys that have none yet; they are durable when it returns.
	Assign(system custody.SystemID, keys []string) ([]custody.SubjectID, error)
}

// Beside says, while Seen is told of a subject, that nothing names them but an identifier
// that they share with the record's own subject, whom its key tells: the record is not
// about them.
func (f *Filter) Beside() bool { return f.beside }

// Options say whose data is looked for and what becomes of it.
type Options struct {
	System    custody.SystemID
	Plan      *Plan  // where things are; nil: nothing is configured
	Charset   string // of the Content-Type; empty: by byte order mark, else UTF-8
	Values    Values
	Directory Directory
	// Treat says how a category may leave. Refused ones are hidden whole, masked ones
	// show what subjects.Mask shows.
	Treat func(custody.Category) custody.Treatment
	// Seen is told of each subject, record by record, before the record's bytes are
	// given away: which categories are in it as they are and which are masked or
	// hidden. A subject without either is named by its key alone. An error ends the
	// answer before the record; Write or Close returns it.
	Seen func(subject custody.SubjectID, shown, masked custody.CategorySet) error
	// Hidden stands for what is hidden whole; "••••" if nil, an empty one for nothing.
	Hidden []byte
}

// Filter recognises one body. It is not safe for concurrent use.
type Filter struct {
	o       Options
	kind    Kind
	treat   [categories]custody.Treatment
	kinds   custody.CategorySet // that the index has
	open    custody.CategorySet // see openTo
	reach   int                 // how far from a digit a mark or number may begin or end
	reader  reader
	readers readers
	file    fileReader    // of kinds that are read whole
	collect func(end int) // takes the place of emit, for the cells of files
	code    transcoder
	beside  bool // of the subject that Seen is told of
	err     error
	closed  bool
	held
	work
}

// reader parts what is held into values and records: one for each kind of body. It
// goes on at f.at and leaves there what is not complete yet.
type reader interface {
	read(f *Filter, end bool) error
	// lowest gives the number of the first scope that is open.
	lowest() int32
	// moved tells that so many bytes and values before it are gone.
	moved(bytes, values int32)
}

const categories = 10

// New makes a filter for a body of a kind. It fails with code Unsupported when the
// kind cannot be inspected.
func New(kind Kind, o Options) (*Filter, error) {
	f := &Filter{}
	return f, f.Reset(kind, o)
}

// Reset makes a filter ready for another body; its memory is used again.
func (f *Filter) Reset(kind Kind, o Options) error {
	if o.Plan == nil {
		o.Plan = nothing
	}
	if o.Hidden == nil {
		o.Hidden = hiddenWhole
	}
	f.o, f.kind, f.err, f.closed = o, kind, nil, false
	for c := range f.treat {
		f.treat[c] = o.Treat(custody.Category(c))
	}
	f.open = openTo(&f.treat)
	f.kinds = o.Values.Kinds(o.System)
	f.reach = reachOf(f.kinds)
	f.held.reset()
	f.work.reset()
	f.known.reset(o.Values)
	f.weak.reset(o.Values, o.System)
	if !f.code.reset(o.Charset) {
		return errCharset()
	}
	f.reader, f.file = f.readers.of(kind, o.Plan), fileReaderOf(kind)
	if f.reader == nil && f.file == nil {
		return ErrUninspectable
	}
	return nil
}

// reachOf says how many letters and digits a mark or number of these categories has.
func reachOf(kinds custody.CategorySet) int {
	if kinds.Has(custody.Policy) || kinds.Has(custody.Bank) {
		return maxWord
	}
	return 7
}

var hiddenWhole = []byte("••••")

// Write takes the next bytes of the body and appends to dst what may leave now. It
// keeps no part of src. After an error dst holds what may leave still, and nothing
// more will.
func (f *Filter) Write(dst, src []byte) ([]byte, error) {
	if f.err != nil {
		return dst, f.err
	}
	if f.file != nil {
		return dst, f.spool(src)
	}
	for len(src) > 0 {
		part := src[:min(len(src), Window)]
		src = src[len(part):]
		f.raw = f.code.decode(f.raw, part, false)
		var err error
		if dst, err = f.advance(dst, false); err != nil {
			f.err = err
			return dst, err
		}
	}
	return dst, nil
}

// spool keeps a file until all of it is there.
func (f *Filter) spool(src []byte) error {
	if len(f.raw)+len(src) > MaxFile {
		f.err, f.raw = errFile(), nil
		return f.err
	}
	f.raw = append(f.raw, src...)
	return nil
}

// Close ends the body and appends to dst the rest of what may leave.
func (f *Filter) Close(dst []byte) ([]byte, error) {
	if f.err != nil || f.closed {
		return dst, f.err
	}
	f.closed = true
	if f.file != nil {
		dst, f.err = f.file(f, dst)
		f.raw = nil
		return dst, f.err
	}
	f.raw = f.code.decode(f.raw, nil, true)
	dst, err := f.advance(dst, true)
	if f.err = err; err == nil {
		dst = append(dst, f.code.tail...)
	}
	return dst, err
}

// advance reads on, and settles what is complete when a window is full, when the
// kind does not wait for one, or at the end. Readers stop at a full window, so that
// windows do not depend on how the body was cut.
func (f *Filter) advance(dst []byte, end bool) ([]byte, error) {
	for {
		read := f.reader.read(f, end)
		if end && read == nil && !f.full() {
			f.endRecord(len(f.raw))
		}
		again := f.full()
		if f.complete() > 0 && (again || end || read != nil || f.kind.prompt()) {
			var err error
			if dst, err = f.settle(dst); err != nil {
				return dst, err
			}
		}
		if read == nil && len(f.raw)-f.complete() > MaxRecord {
			read = errTooLarge("a record of the answer is longer than 1 MiB")
		}
		if read != nil || !again {
			return dst, read
		}
	}
}
