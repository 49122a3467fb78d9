package subjects

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"custody"
)

// known holds what is known of the subjects of one system beyond what names them:
// the prints of each subject in a row, 8 bytes each, and 4 bytes for each number
// between the first and the last subject. What was learned since the last Fill is
// kept apart and takes the place of what was known before.
type known struct {
	first  custody.SubjectID
	starts []uint32 // one more than subjects
	prints []atomic.Uint64
}

// of gives a subject's prints.
func (k *known) of(dst []Print, subject custody.SubjectID) []Print {
	if k == nil || subject < k.first || int(subject-k.first)+1 >= len(k.starts) {
		return dst
	}
	i := subject - k.first
	for n := k.starts[i]; n < k.starts[i+1]; n++ {
		if p := k.prints[n].Load(); p != 0 {
			dst = append(dst, Print(p))
		}
	}
	return dst
}

// learned is what has changed since.
type learned struct {
	sync.RWMutex
	size atomic.Int64
	by   map[custody.SubjectID]lesson
}

// lesson is what a subject's values were at a time after a Fill began.
type lesson struct {
	prints []Print
	era    uint64
}

// Remember has Fill read all personal columns of a system from now on, not only those
// that name somebody: Known gives what the others hold. It takes about 8 bytes for each
// word, line or date that is kept, 60 for a usual name.
func (x *Index) Remember(system custody.SystemID) {
	if system < maxSystem {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.make(system).remembers.Store(true)
	}
}

// Remembers says whether all personal columns of a system are read.
func (x *Index) Remembers(system custody.SystemID) bool {
	hold := x.of(system)
	return hold != nil && hold.remembers.Load()
}

// Known appends what is known of a subject.
func (x *Index) Known(dst []Print, system custody.SystemID, subject custody.SubjectID) []Print {
	hold := x.of(system)
	if hold == nil {
		return dst
	}
	if hold.learned.size.Load() > 0 {
		hold.learned.RLock()
		defer hold.learned.RUnlock()
		if list, ok := hold.learned.by[subject]; ok {
			return append(dst, list.prints...)
		}
	}
	return hold.known.Load().of(dst, subject)
}

// Learn replaces what is known of a subject by its values of now, until a Fill that
// begins after the era in which they were read.
func (x *Index) Learn(system custody.SystemID, subject custody.SubjectID, values []Name, era uint64) {
	var list []Print
	for _, v := range values {
		list = x.Terms(list, system, v.Category, v.Value)
	}
	slices.Sort(list)
	x.mu.Lock()
	hold := x.make(system)
	x.mu.Unlock()
	defer x.changed()
	x.mu.Lock()
	hold.relearn(x, subject, list)
	x.mu.Unlock()
	hold.learned.Lock()
	defer hold.learned.Unlock()
	if hold.learned.by == nil {
		hold.learned.by = map[custody.SubjectID]lesson{}
	}
	hold.learned.by[subject] = lesson{slices.Compact(list), era}
	hold.learned.size.Store(int64(len(hold.learned.by)))
}

// all gives a copy of what has changed.
func (l *learned) all() map[custody.SubjectID]lesson {
	l.RLock()
	defer l.RUnlock()
	return maps.Clone(l.by)
}

// expire drops what was read before a Fill began that has ended now.
func (l *learned) expire(era uint64) {
	l.Lock()
	defer l.Unlock()
	for subject, was := range l.by {
		if was.era < era {
			delete(l.by, subject)
		}
	}
	l.size.Store(int64(len(l.by)))
}

// unlearn forgets a subject, for its erasure.
func (hold *holding) unlearn(subject custody.SubjectID) {
	if w := hold.weak.Load(); w != nil {
		w.pairs.forget(subject)
	}
	hold.learned.Lock()
	delete(hold.learned.by, subject)
	hold.learned.size.Store(int64(len(hold.learned.by)))
	hold.learned.Unlock()
	k := hold.known.Load()
	if k == nil || subject < k.first || int(subject-k.first)+1 >= len(k.starts) {
		return
	}
	for n := k.starts[subject-k.first]; n < k.starts[subject-k.first+1]; n++ {
		k.prints[n].Store(0)
	}
}

// fact is a print and whose it is, while a Fill collects them.
type fact struct {
	subject custody.SubjectID
	print   Print
}

// newKnown sorts what a Fill has collected.
func newKnown(facts []fact) *known {
	if len(facts) == 0 {
		return nil
	}
	slices.SortFunc(facts, func(a, b fact) int {
		switch {
		case a.subject != b.subject:
			return int(int64(a.subject) - int64(b.subject))
		case a.print < b.print:
			return -1
		case a.print > b.print:
			return 1
		}
		return 0
	})
	facts = slices.Compact(facts)
	first, last := facts[0].subject, facts[len(facts)-1].subject
	k := &known{first: first, starts: make([]uint32, int(last-first)+2), prints: make([]atomic.Uint64, len(facts))}
	for i, f := range facts {
		k.prints[i].Store(uint64(f.print))
		k.starts[f.subject-first+1]++
	}
	for i := 1; i < len(k.starts); i++ {
		k.starts[i] += k.starts[i-1]
	}
	return k
}
