package subjects

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"sync/atomic"

	"custody"
)

// Index finds the subjects whom an identifier names. It holds no identifier: each is
// put through a keyed function, of which a slot keeps 32 bits and the bucket's place
// the rest. Without the key the index is useless; with it, anyone can test whether a
// phone is in it, so the key belongs in the key file or in memory alone.
//
// A subject may have many identifiers and an identifier many subjects. An identifier
// that is not in the index finds somebody by chance in about 3 of 10⁹ cases, twice
// that after each doubling beyond the size first expected. Any number of Finds run
// beside one another and beside the writers.
type Index struct {
	k0, k1   uint64
	expected int
	mu       sync.Mutex                 // for writers
	systems  atomic.Pointer[[]*holding] // by system
	version  atomic.Uint64
}

// holding is what the index has of one system: the part in use, and, while Fill reads
// the system anew, the one that will take its place.
type holding struct {
	current   atomic.Pointer[part]
	next      *part
	remembers atomic.Bool
	known     atomic.Pointer[known]
	learned   learned
	// corroborates is what Fill is to note of weak identifiers, weak what it has noted.
	corroborates atomic.Uint32
	weak         atomic.Pointer[weak]
	era          atomic.Uint64 // how many Fills have begun
	kinds        atomic.Uint32 // the categories of what was ever added
	shapes       shapes        // of the forms of some of them
	recent       recent        // what a gate has changed since they were read
}

// NewIndex makes an empty index. The key is 16 to 32 secret bytes. Expected is how
// many identifiers of a system are to come, 0 if that is not known: each takes 10
// bytes then, and up to 20 when there are more and the index has doubled.
func NewIndex(key []byte, expected int) (*Index, error) {
	if len(key) < 16 || len(key) > 32 {
		return nil, custody.E(custody.CodeInvalid, "the key of the identifier index must have 16 to 32 bytes", "custody init makes one")
	}
	sum := sha256.Sum256(append([]byte("custody identifier index 1\x00"), key...))
	x := &Index{k0: binary.LittleEndian.Uint64(sum[:]), k1: binary.LittleEndian.Uint64(sum[8:]), expected: expected}
	x.systems.Store(&[]*holding{})
	x.version.Store(versions.Add(1) << 32)
	return x, nil
}

// versions tells indexes apart.
var versions atomic.Uint64

// Version is another number after each change of what Find and Known give, and in each
// index. Who keeps what was found compares it with that of before.
func (x *Index) Version() uint64 { return x.version.Load() }

// changed is called when a change can be seen.
func (x *Index) changed() { x.version.Add(1) }

// formOf appends the canonical form under which a value is in the index.
func formOf(dst []byte, category custody.Category, value []byte) ([]byte, bool) {
	if category == custody.Vehicle { // the column is declared, so it may be a mark of another country, or a trade plate
		return canonicalVehicle(dst, value)
	}
	return Canonical(dst, category, value)
}

// hash puts a value's canonical form through the keyed function, and gives the shape of
// the form.
func (x *Index) hash(system custody.SystemID, category custody.Category, value []byte) (h uint64, shape uint16, ok bool) {
	var room [MaxCanonical]byte
	form, ok := formOf(room[:0], category, value)
	if !ok {
		return 0, 0, false
	}
	return x.print(system, category, form), formShape(category, form), true
}

func (x *Index) print(system custody.SystemID, category custody.Category, form []byte) uint64 {
	return siphash(x.k0, x.k1, uint64(system)|uint64(category)<<32, form)
}

// Add says that a value names a subject. It reports whether the value can name
// anybody: false means that it is not an identifier of its category, and nothing was
// added. Adding twice is adding once.
func (x *Index) Add(system custody.SystemID, subject custody.SubjectID, category custody.Category, value []byte) bool {
	h, shape, ok := x.hash(system, category, value)
	if !ok || subject == 0 || system >= maxSystem {
		return false
	}
	defer x.changed()
	x.mu.Lock()
	defer x.mu.Unlock()
	hold := x.make(system)
	hold.kinds.Or(1 << category)
	hold.shapes.add(category, shape)
	for _, p := range hold.parts() {
		p.add(h, subject)
	}
	hold.recent.amend(h, subject, true)
	return true
}

// Remove takes back that a value names a subject. What was not there is no error.
func (x *Index) Remove(system custody.SystemID, subject custody.SubjectID, category custody.Category, value []byte) {
	h, _, ok := x.hash(system, category, value)
	if !ok {
		return
	}
	defer x.changed()
	x.mu.Lock()
	defer x.mu.Unlock()
	if hold := x.of(system); hold != nil {
		for _, p := range hold.parts() {
			p.remove(h, subject)
		}
		hold.recent.amend(h, subject, false)
	}
}

// Forget takes out everything that names a subject, for its erasure: one pass over
// the whole index, about 10 ms for a million identifiers.
func (x *Index) Forget(subject custody.SubjectID) {
	defer x.changed()
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, hold := range *x.systems.Load() {
		if hold != nil {
			for _, p := range hold.parts() {
				p.forget(subject)
			}
			hold.recent.forget(subject)
			hold.unlearn(subject)
		}
	}
}

// Find appends every subject whom a value names, in no order, without repeats. A
// value that is no identifier of its category names nobody. It allocates nothing
// when dst has room, but for values that dozens share.
func (x *Index) Find(dst []custody.SubjectID, system custody.SystemID, category custody.Category, value []byte) []custody.SubjectID {
	hold := x.of(system)
	if hold == nil {
		return dst
	}
	var room [MaxCanonical]byte
	form, ok := formOf(room[:0], category, value)
	if !ok || !hold.shapes.has(category, form) {
		return dst
	}
	h := x.print(system, category, form)
	return hold.recent.correct(hold.current.Load().find(dst, h), len(dst), h)
}

// Kinds says of which categories a system has had identifiers: a reader need not look
// for others.
func (x *Index) Kinds(system custody.SystemID) custody.CategorySet {
	if hold := x.of(system); hold != nil {
		return custody.CategorySet(hold.kinds.Load())
	}
	return 0
}

// Len counts the identifiers: pairs of a value and a subject whom it names.
func (x *Index) Len() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := 0
	for _, hold := range *x.systems.Load() {
		if hold != nil {
			n += hold.current.Load().len()
		}
	}
	return n
}

// of gives what is held of a system, or nil.
func (x *Index) of(system custody.SystemID) *holding {
	list := *x.systems.Load()
	if int64(system) >= int64(len(list)) {
		return nil
	}
	return list[system]
}

// make gives what is held of a system and makes it if need be, under the lock.
func (x *Index) make(system custody.SystemID) *holding {
	if hold := x.of(system); hold != nil {
		return hold
	}
	old := *x.systems.Load()
	list := make([]*holding, max(len(old), int(system)+1))
	copy(list, old)
	hold := &holding{}
	hold.current.Store(newPart(x.expected))
	list[system] = hold
	x.systems.Store(&list)
	return hold
}

// parts are those that a change must reach.
func (hold *holding) parts() []*part {
	if hold.next != nil {
		return []*part{hold.current.Load(), hold.next}
	}
	return []*part{hold.current.Load()}
}

// renewal is a part that Fill fills while the old one stays in use.
type renewal struct {
	x      *Index
	system custody.SystemID
	part   *part
	facts  []fact
	room   []Print
	era    uint64
}

// begin counts a Fill and gives its era. Its view of the database is taken after that,
// so what was read in an earlier era is no news to it.
func (x *Index) begin(system custody.SystemID) uint64 {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.make(system).era.Add(1)
}

// renew begins the renewal of an era. Changes from elsewhere reach both parts until it
// ends.
func (x *Index) renew(system custody.SystemID, expected int, era uint64) *renewal {
	x.mu.Lock()
	defer x.mu.Unlock()
	r := &renewal{x: x, system: system, part: newPart(expected), era: era}
	x.make(system).next = r.part
	return r
}

func (r *renewal) add(subject custody.SubjectID, category custody.Category, value []byte) {
	if h, shape, ok := r.x.hash(r.system, category, value); ok && subject != 0 {
		r.x.mu.Lock()
		defer r.x.mu.Unlock()
		hold := r.x.of(r.system)
		hold.kinds.Or(1 << category)
		hold.shapes.add(category, shape)
		r.part.add(h, subject)
	}
}

// learn collects what is known of a subject.
func (r *renewal) learn(subject custody.SubjectID, category custody.Category, value []byte) {
	r.room = r.x.Terms(r.room[:0], r.system, category, value)
	for _, p := range r.room {
		r.facts = append(r.facts, fact{subject, p})
	}
}

// end puts the new part in the old one's place, or drops it. A renewal that a later
// one has overtaken changes nothing.
func (r *renewal) end(use bool) {
	if r == nil { // Fill without an index
		return
	}
	var facts *known
	var pairs *weak
	if use {
		facts = newKnown(r.facts) // which sorts them
		pairs = r.x.newWeak(r.facts, Corroboration(r.x.of(r.system).corroborates.Load()))
	}
	r.facts = nil
	defer r.x.changed()
	r.x.mu.Lock()
	defer r.x.mu.Unlock()
	hold := r.x.of(r.system)
	if hold.next != r.part {
		return
	}
	hold.next = nil
	if use {
		hold.current.Store(r.part)
		hold.recent.expire(r.era)
		hold.known.Store(facts)
		hold.learned.expire(r.era)
		hold.weak.Store(pairs)
		for subject, lesson := range hold.learned.all() {
			hold.relearn(r.x, subject, lesson.prints)
		}
	}
}
