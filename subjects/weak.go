package subjects

import (
	"encoding/binary"
	"slices"
	"strings"
	"sync/atomic"

	"custody"
)

// Corroboration is a set of pairs of weak identifiers: neither of a pair names anybody,
// both together, near one another, do.
type Corroboration uint8

const (
	// SurnamePostcode is a surname and a postcode.
	SurnamePostcode Corroboration = 1 << iota
	// SurnameAddress is a surname and a line of an address that begins with a number.
	SurnameAddress
	// NameBirth is a name, first and last word of it, and a date of birth.
	NameBirth
)

var corroborations = []struct {
	word string
	pair Corroboration
}{{"surname+postcode", SurnamePostcode}, {"surname+address", SurnameAddress}, {"name+date-of-birth", NameBirth}}

// CorroborationWords are the pairs as custody.yaml has them.
func CorroborationWords() (words []string) {
	for _, c := range corroborations {
		words = append(words, c.word)
	}
	return words
}

// ParseCorroboration reads them. An unknown one is an error with code Invalid.
func ParseCorroboration(words []string) (set Corroboration, err error) {
words:
	for _, w := range words {
		for _, c := range corroborations {
			if c.word == w {
				set |= c.pair
				continue words
			}
		}
		return 0, custody.E(custody.CodeInvalid, w+" is no pair of weak identifiers", "write some of "+strings.Join(CorroborationWords(), ", "))
	}
	return set, nil
}

// weak finds subjects by pairs. As in the index, no value is in it: a pair is a result
// of the keyed function, 10 bytes for each, and what says that a place or a date is
// anybody's at all is a bit. A usual customer has four pairs.
type weak struct {
	pairs    *part
	places   []atomic.Uint64        // a power of two of bits: postcodes, lines and dates that are somebody's
	surnames [1 << 10]atomic.Uint64 // a bit for each FirstWord of a name
}

// Corroborate has the next Fill of a system that is remembered note which weak
// identifiers name somebody together.
func (x *Index) Corroborate(system custody.SystemID, set Corroboration) {
	if system < maxSystem {
		defer x.changed()
		x.mu.Lock()
		defer x.mu.Unlock()
		x.make(system).corroborates.Store(uint32(set))
	}
}

// Corroborates gives the pairs that are known of a system.
func (x *Index) Corroborates(system custody.SystemID) Corroboration {
	if hold := x.of(system); hold != nil && hold.weak.Load() != nil {
		return Corroboration(hold.corroborates.Load())
	}
	return 0
}

// Locates says whether a postcode, a line or a date, as Form, Term or DateTerm give its
// key, may be somebody's.
func (x *Index) Locates(system custody.SystemID, key uint64) bool {
	if hold := x.of(system); hold != nil {
		if w := hold.weak.Load(); w != nil {
			word, bit := w.place(key)
			return word.Load()&bit != 0
		}
	}
	return false
}

// Surname says whether a word with these first letters may be, or begin, somebody's
// name.
func (x *Index) Surname(system custody.SystemID, first uint16) bool {
	if hold := x.of(system); hold != nil {
		if w := hold.weak.Load(); w != nil {
			return w.surnames[first>>6].Load()>>(first&63)&1 == 1
		}
	}
	return false
}

// Pair appends the subjects whom a pair names: the key of a surname or name, and that
// of a place or date.
func (x *Index) Pair(dst []custody.SubjectID, system custody.SystemID, pair Corroboration, name, place uint64) []custody.SubjectID {
	if hold := x.of(system); hold != nil {
		if w := hold.weak.Load(); w != nil {
			return w.pairs.find(dst, x.pairPrint(pair, name, place))
		}
	}
	return dst
}

func (x *Index) pairPrint(pair Corroboration, name, place uint64) uint64 {
	var room [8]byte
	binary.LittleEndian.PutUint64(room[:], place)
	return siphash(x.k1, x.k0, name<<8|uint64(pair)|1<<7, room[:])
}

func (w *weak) place(key uint64) (*atomic.Uint64, uint64) {
	n := key * 0x9e3779b97f4a7c15 >> 32
	return &w.places[n>>6&uint64(len(w.places)-1)], 1 << (n & 63)
}

// newWeak makes the pairs of all subjects, whose facts stand together.
func (x *Index) newWeak(facts []fact, set Corroboration) *weak {
	if set == 0 || len(facts) == 0 {
		return nil
	}
	size := 64
	for size*64 < 2*len(facts) {
		size *= 2
	}
	w := &weak{pairs: newPart(len(facts) / 3), places: make([]atomic.Uint64, size)}
	var prints []Print
	for i := 0; i < len(facts); {
		prints = prints[:0]
		subject := facts[i].subject
		for ; i < len(facts) && facts[i].subject == subject; i++ {
			prints = append(prints, facts[i].print)
		}
		if subject != 0 {
			w.add(x, subject, prints, set)
		}
	}
	return w
}

// add adds the pairs of one subject.
func (w *weak) add(x *Index, subject custody.SubjectID, prints []Print, set Corroboration) {
	for _, place := range prints {
		pair, whole := place.locates()
		if pair&set == 0 {
			continue
		}
		word, bit := w.place(place.Key())
		word.Or(bit)
		for _, name := range prints {
			if name.Category() != custody.Name || name&whole == 0 {
				continue
			}
			first := name.Key() >> 40
			w.surnames[first>>6].Or(1 << (first & 63))
			w.pairs.add(x.pairPrint(pair, name.Key(), place.Key()), subject)
		}
	}
}

// locates says of which pair a print is the place or date, and which mark the names
// have that go with it.
func (p Print) locates() (pair Corroboration, name Print) {
	switch c := p.Category(); {
	case c == custody.DateOfBirth:
		return NameBirth, PrintFull
	case c == custody.Address && p&PrintPart != 0:
		return SurnamePostcode, PrintPart
	case c == custody.Address && p&PrintFull != 0:
		return SurnameAddress, PrintPart
	}
	return 0, 0
}

// relearn adds the pairs of subjects whose values have changed. What they were before
// stays until the next Fill. It needs the index's lock.
func (hold *holding) relearn(x *Index, subject custody.SubjectID, prints []Print) {
	if w := hold.weak.Load(); w != nil {
		w.add(x, subject, slices.Clone(prints), Corroboration(hold.corroborates.Load()))
	}
}
