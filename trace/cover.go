package trace

import (
	"cmp"
	"slices"
	"time"

	"custody"
)

// Cover says how many of the rows of a file a candidate had seen before a time.
type Cover struct {
	Candidate Candidate
	Rows      int
}

// Covers counts, for each candidate that saw any, the rows that it had seen before a
// time, those with most first. Who did not see a row cannot be its only source.
func (l *Looks) Covers(rows []custody.SubjectID, before time.Time) []Cover {
	at := l.seconds(before)
	count, last := make([]int, len(l.saw)), make([]uint32, len(l.saw))
	cover := func(c uint32, n int) {
		if last[c] != uint32(n)+1 {
			last[c] = uint32(n) + 1
			count[c]++
		}
	}
	for n, s := range rows {
		for _, k := range l.of(uint32(s)) {
			if k.at >= at {
				break
			}
			cover(k.candidate, n)
			for _, p := range l.partsOf(k.candidate) {
				cover(p, n)
			}
		}
	}
	var list []Cover
	for c, n := range count {
		if n > 0 {
			list = append(list, Cover{Candidate(c), n})
		}
	}
	slices.SortFunc(list, func(a, b Cover) int {
		return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(l.saw[a.Candidate], l.saw[b.Candidate]), cmp.Compare(a.Candidate, b.Candidate))
	})
	return list
}

// BornAt gives when a subject's record began: told, or its first look. Freeze comes
// first.
func (l *Looks) BornAt(s custody.SubjectID) (time.Time, bool) {
	if int(s) >= len(l.born) || !l.known(uint32(s)) {
		return time.Time{}, false
	}
	return l.epoch.Add(time.Duration(l.born[s]) * time.Second), true
}
