package portal

import (
	"bytes"
	"hash/maphash"
	"io"
	"sync"

	"custody"
	"custody/subjects/body"
)

// Versioned are values that say when they have changed.
type Versioned interface {
	// Version is another number after each change.
	Version() uint64
}

// blanks are answers that were recognised and hold nobody: style sheets, scripts,
// menus, empty lists. The same bytes need not be looked through again while nothing has
// changed that recognition depends on. They are compared byte by byte, so that an answer
// is never taken for another one.
type blanks struct {
	values Versioned // nil: nothing is kept
	seed   maphash.Seed

	mu    sync.Mutex
	once  [512]uint64 // sums of those that were seen once, by their low bits
	kept  map[uint64]*blank
	bytes int
}

type blank struct {
	text    string
	kind    body.Kind
	charset string
	rights  treatments
	version uint64
}

type treatments = [len(custody.Decision{}.Treatments)]custody.Treatment

// The longest answer that is kept, and the most of all, in bytes.
const (
	maxBlank  = inSize
	maxBlanks = 1 << 20
)

func newBlanks(values body.Values) *blanks {
	b := &blanks{seed: maphash.MakeSeed(), kept: map[uint64]*blank{}}
	b.values, _ = values.(Versioned)
	return b
}

// version is that of the values; ask before an answer is recognised.
func (b *blanks) version() uint64 {
	if b.values == nil {
		return 0
	}
	return b.values.Version()
}

// find gives an answer that is known to hold nobody, for somebody with these rights; nil
// if it is not known.
func (b *blanks) find(text []byte, like *blank) *blank {
	if b.values == nil || len(text) > maxBlank {
		return nil
	}
	sum := maphash.Bytes(b.seed, text)
	b.mu.Lock()
	k := b.kept[sum]
	b.mu.Unlock()
	if k != nil && k.version == like.version && k.kind == like.kind && k.charset == like.charset && k.rights == like.rights && k.text == string(text) {
		return k
	}
	return nil
}

// keep notes an answer that holds nobody. It is kept when it is seen for the second
// time: most that are seen once are never seen again.
func (b *blanks) keep(text []byte, like *blank) {
	if b.values == nil || len(text) > maxBlank {
		return
	}
	sum := maphash.Bytes(b.seed, text)
	b.mu.Lock()
	defer b.mu.Unlock()
	if first := &b.once[sum%uint64(len(b.once))]; *first != sum {
		*first = sum
		return
	}
	if old := b.kept[sum]; old != nil {
		b.bytes -= len(old.text)
	}
	for other, old := range b.kept { // any will do
		if b.bytes+len(text) <= maxBlanks {
			break
		}
		b.bytes -= len(old.text)
		delete(b.kept, other)
	}
	kept := *like
	kept.text = string(text)
	b.kept[sum], b.bytes = &kept, b.bytes+len(text)
}

// gather reads an answer into the view's buffer, as far as there is room; io.EOF says
// that it is all of it. What it gives holds until the next read.
func (v *visit) gather(first []byte, rest io.Reader) ([]byte, error) {
	in, n := v.view.in, len(first)
	for n < len(in) {
		k, err := rest.Read(in[n:])
		n += k
		if err != nil {
			return in[:n], err
		}
	}
	return in[:n], nil
}

// like is what makes the answer like another one with the same bytes.
func (v *visit) like() blank {
	return blank{kind: v.kind, charset: v.charset, rights: v.rights.Treatments, version: v.p.blanks.version()}
}

// unchanged says whether an answer was recognised and goes as it came, and nobody is
// in it.
func (v *visit) unchanged(text []byte) bool { return !v.found && bytes.Equal(v.view.out, text) }
