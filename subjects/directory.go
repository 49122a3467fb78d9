// Package subjects says which customers a row, a value or a database holds. The
// directory turns a customer's key into its number, the index finds customers by
// their phone, email or registration, Mask hides a value, Fill reads keys and
// identifiers out of a guarded database, and Discover proposes what to guard.
package subjects

import (
	"iter"
	"strconv"
	"sync"
	"sync/atomic"

	"custody"
)

// MaxKey is the longest subject's key, in bytes.
const MaxKey = 1024

// maxSystem bounds the table of systems; numbers are dense, so it is never near.
const maxSystem = 1 << 16

// Namer gives durable numbers to keys (the store). It returns one number for each
// key, in their order; a key that has a number already gets that one. When it
// returns without an error the numbers are on disk.
type Namer interface {
	Assign(system custody.SystemID, keys []string) ([]custody.SubjectID, error)
}

// Entry is one line of the directory.
type Entry struct {
	System  custody.SystemID
	Key     string
	Subject custody.SubjectID
}

// Directory holds every known (system, key) with its number in memory. Any number
// of Lookups run beside one another and beside Assign, Load and Forget, without a
// lock. Whole numbers take 4 to 8 bytes where they follow one another and 15 to 17
// elsewhere; uuids take about 34 and other text its length and 17.
type Directory struct {
	namer   Namer
	mu      sync.Mutex // for writers
	systems atomic.Pointer[[]*keys]
}

// keys is one system: numbers and other keys have a table each.
type keys struct {
	numbers numberTable
	texts   textTable
}

// NewDirectory makes an empty directory. Numbers of new keys come from namer.
func NewDirectory(namer Namer) *Directory {
	d := &Directory{namer: namer}
	d.systems.Store(&[]*keys{})
	return d
}

// Load adds entries that already have their numbers, as the store has them at
// start. It ends at the first error, which it returns.
func (d *Directory) Load(all iter.Seq2[Entry, error]) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for e, err := range all {
		if err != nil {
			return err
		}
		if err := d.add(e.System, e.Key, e.Subject); err != nil {
			return err
		}
	}
	return nil
}

// Lookup gives the number of a key as text, in the form that PostgreSQL prints: the
// integer 7 is "7", a uuid is in lower case. It allocates nothing and keeps nothing.
func (d *Directory) Lookup(system custody.SystemID, key []byte) (custody.SubjectID, bool) {
	k := d.of(system)
	if k == nil {
		return 0, false
	}
	if n, ok := parseInt(key); ok {
		return k.numbers.lookup(n)
	}
	if u, ok := parseUUID(key); ok {
		return k.texts.lookup(textKey{true, u[:]})
	}
	return k.texts.lookup(textKey{false, key})
}

// Assign gives the numbers of keys and asks the namer for those that have none yet.
// When it returns without an error, every number is durable. Repeats are allowed.
func (d *Directory) Assign(system custody.SystemID, list []string) ([]custody.SubjectID, error) {
	ids := make([]custody.SubjectID, len(list))
	var unknown []string
	place := map[string]int{}
	for i, key := range list {
		if len(key) > MaxKey {
			return nil, errKeyTooLong()
		}
		if id, ok := d.Lookup(system, []byte(key)); ok {
			ids[i] = id
		} else if _, asked := place[key]; !asked {
			place[key] = len(unknown)
			unknown = append(unknown, key)
		}
	}
	if len(unknown) == 0 {
		return ids, nil
	}
	named, err := d.name(system, unknown)
	if err != nil {
		return nil, err
	}
	for i, key := range list {
		if ids[i] == 0 {
			ids[i] = named[place[key]]
		}
	}
	return ids, nil
}

// name asks the namer, without a lock, and then adds. Two callers may ask for the
// same key at once: the namer gives both the same number.
func (d *Directory) name(system custody.SystemID, unknown []string) ([]custody.SubjectID, error) {
	ids, err := d.namer.Assign(system, unknown)
	if err != nil {
		return nil, err
	}
	if len(ids) != len(unknown) {
		return nil, custody.E(custody.CodeInternal, "the store gave "+strconv.Itoa(len(ids))+" numbers for "+strconv.Itoa(len(unknown))+" keys",
			"report this; nothing was released")
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, key := range unknown {
		if err := d.add(system, key, ids[i]); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// Forget removes a key, for the erasure of a subject. Lookups that begin after it
// returns do not find the key. A key that is not there is no error.
func (d *Directory) Forget(system custody.SystemID, key string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	k := d.of(system)
	if k == nil {
		return
	}
	if n, ok := parseInt([]byte(key)); ok {
		k.numbers.remove(n)
	} else if u, ok := parseUUID([]byte(key)); ok {
		k.texts.remove(textKey{true, u[:]})
	} else {
		k.texts.remove(textKey{false, []byte(key)})
	}
}

// Len counts the keys of a system.
func (d *Directory) Len(system custody.SystemID) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if k := d.of(system); k != nil {
		return k.numbers.len() + k.texts.len()
	}
	return 0
}

// of gives a system's keys, or nil.
func (d *Directory) of(system custody.SystemID) *keys {
	list := *d.systems.Load()
	if int64(system) >= int64(len(list)) {
		return nil
	}
	return list[system]
}

// add puts one key in; the caller holds the lock.
func (d *Directory) add(system custody.SystemID, key string, id custody.SubjectID) error {
	if len(key) > MaxKey {
		return errKeyTooLong()
	}
	if id == 0 || system >= maxSystem {
		return custody.E(custody.CodeInternal, "a subject or system number is out of range", "report this; check the store with custody ledger verify")
	}
	k := d.make(system)
	var had custody.SubjectID
	if n, ok := parseInt([]byte(key)); ok {
		had = k.numbers.add(n, id)
	} else if u, ok := parseUUID([]byte(key)); ok {
		had = k.texts.add(textKey{true, u[:]}, id)
	} else {
		had = k.texts.add(textKey{false, []byte(key)}, id)
	}
	if had != id {
		return custody.E(custody.CodeInternal, "one key of a subject has two numbers", "report this; the store and the ledger may disagree")
	}
	return nil
}

// make gives a system's keys and makes them if need be; the caller holds the lock.
func (d *Directory) make(system custody.SystemID) *keys {
	if k := d.of(system); k != nil {
		return k
	}
	old := *d.systems.Load()
	list := make([]*keys, max(len(old), int(system)+1))
	copy(list, old)
	list[system] = newKeys()
	d.systems.Store(&list)
	return list[system]
}

func errKeyTooLong() error {
	return custody.E(custody.CodeTooLarge, "a subject's key is longer than "+strconv.Itoa(MaxKey)+" bytes",
		"declare another column as the key in custody.yaml")
}
