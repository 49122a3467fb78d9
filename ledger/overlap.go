package ledger

import (
	"cmp"
	"math"
	"slices"
	"time"

	"custody"
)

// Complaint is a customer who complained, and when they first noticed.
type Complaint struct {
	Subject custody.SubjectID
	Time    time.Time
}

// Overlap is how much of what one person saw meets a list of complaints.
type Overlap struct {
	Person      custody.PersonID
	Application custody.ApplicationID // set if an application looked for itself
	// Before counts the complainants whose data was seen before their complaint.
	Before int
	// Complainants counts those whose data was seen at any time.
	Complainants int
	// Subjects counts all subjects whose data was seen at any time. A person who saw
	// everybody saw every complainant; a person who saw few and most of these did not
	// see them by chance.
	Subjects int
}

// Overlap gives everybody who saw at least one of the complainants: most seen
// before the complaint first, then fewest seen in all. A subject that is listed
// twice counts once, with the later time.
func (x *Index) Overlap(list []Complaint) []Overlap {
	v := x.view()
	found := map[actor]*Overlap{}
	for subject, noticed := range complaints(list) {
		v.meet(found, subject, noticed)
	}
	all := make([]Overlap, 0, len(found))
	var seen bitset
	for who, o := range found {
		o.Subjects = v.distinct(who, &seen)
		all = append(all, *o)
	}
	slices.SortFunc(all, func(a, b Overlap) int {
		return cmp.Or(b.Before-a.Before, b.Complainants-a.Complainants, a.Subjects-b.Subjects,
			cmp.Compare(a.Person, b.Person), cmp.Compare(a.Application, b.Application))
	})
	return all
}

// complaints gives each subject's time in microseconds.
func complaints(list []Complaint) map[custody.SubjectID]int64 {
	m := make(map[custody.SubjectID]int64, len(list))
	for _, c := range list {
		at := int64(math.MaxInt64)
		if !c.Time.IsZero() {
			at = c.Time.UnixMicro()
		}
		if old, ok := m[c.Subject]; !ok || at > old {
			m[c.Subject] = at
		}
	}
	return m
}

// meet counts one complainant for everybody who saw them.
func (v *view) meet(found map[actor]*Overlap, subject custody.SubjectID, noticed int64) {
	first := map[actor]int64{} // when each saw them first
	for event := range v.eventsOf(subject) {
		c := v.context(event)
		if shows(c.kind) {
			first[actorOf(c.person, c.application)] = v.micros(event) // newest first, so the last one stays
		}
	}
	for who, at := range first {
		o := found[who]
		if o == nil {
			o = &Overlap{Person: who.person, Application: who.application}
			found[who] = o
		}
		o.Complainants++
		if at < noticed {
			o.Before++
		}
	}
}

// distinct counts the subjects that an actor saw.
func (v *view) distinct(who actor, seen *bitset) int {
	seen.clear()
	v.by(who, math.MinInt64, func(event uint32) bool {
		if shows(v.context(event).kind) {
			for i, end := v.first(event), v.first(event+1); i < end; i++ {
				seen.add(uint32(v.post(i).subject))
			}
		}
		return true
	})
	return seen.count
}

// bitset counts distinct numbers, with a bit for each number of a page that is used.
type bitset struct {
	pages []*[pageWords]uint64
	used  []*[pageWords]uint64
	count int
}

const pageWords = 512

func (s *bitset) clear() {
	for _, p := range s.used {
		clear(p[:])
	}
	s.count = 0
}

func (s *bitset) add(n uint32) {
	page, word := int(n/64/pageWords), n/64%pageWords
	if page >= len(s.pages) {
		s.pages = append(s.pages, make([]*[pageWords]uint64, page+1-len(s.pages))...)
	}
	p := s.pages[page]
	if p == nil {
		p = new([pageWords]uint64)
		s.pages[page] = p
		s.used = append(s.used, p)
	}
	if bit := uint64(1) << (n % 64); p[word]&bit == 0 {
		p[word] |= bit
		s.count++
	}
}
