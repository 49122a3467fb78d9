package trace

import (
	"cmp"
	"slices"
	"time"

	"custody"
)

// MaxLooks bounds one trace: 12 bytes are held for each look.
const MaxLooks = 500_000_000

// look is one disclosure: who, and when in seconds since the first day.
type look struct {
	candidate uint32
	at        int32
}

// Looks holds disclosures in the order of their subjects. Add all, then Freeze.
type Looks struct {
	epoch    time.Time
	subjects []uint32 // of the looks, until Freeze
	looks    []look
	from     []uint32 // from[s] to from[s+1] are the looks at subject s, by time
	born     []int32  // when the subject's record began: told, or the first look
	told     map[custody.SubjectID]int32
	saw      []int      // distinct subjects of each candidate
	parts    [][]uint32 // of which pseudo-sources a candidate is a part
	byAge    []uint32
	frozen   bool
}

// NewLooks begins a collection. epoch must not be later than any look.
func NewLooks(epoch time.Time) *Looks {
	return &Looks{epoch: epoch, told: map[custody.SubjectID]int32{}}
}

// Add takes one disclosure. Subjects and candidates are dense numbers.
func (l *Looks) Add(c Candidate, s custody.SubjectID, at time.Time) error {
	seconds := at.Sub(l.epoch) / time.Second
	switch {
	case l.frozen || len(l.looks) >= MaxLooks:
		return custody.E(custody.CodeTooLarge, "too many looks for one trace", "trace a shorter time, or one system at a time")
	case seconds < 0 || seconds > 1<<31-1:
		return custody.E(custody.CodeInvalid, "a look lies outside the time that is traced", "check the times in the log")
	}
	l.subjects = append(l.subjects, uint32(s))
	l.looks = append(l.looks, look{uint32(c), int32(seconds)})
	return nil
}

// Born says when a subject's record began. Without it, its first look counts.
func (l *Looks) Born(s custody.SubjectID, at time.Time) {
	l.told[s] = l.seconds(at)
}

// seconds counts from the epoch. Times that do not fit count as the first or the last that
// does: they must not come round to where something was seen.
func (l *Looks) seconds(at time.Time) int32 {
	return int32(min(max(at.Sub(l.epoch)/time.Second, -1<<31), 1<<31-1))
}

// Part says that what a candidate saw was seen by pseudo-sources too: its branch, its
// organisation. Their exposures come out of its looks, which are held once.
func (l *Looks) Part(c Candidate, of ...Candidate) {
	for int(c) >= len(l.parts) {
		l.parts = append(l.parts, nil)
	}
	for _, p := range of {
		if !slices.Contains(l.parts[c], uint32(p)) {
			l.parts[c] = append(l.parts[c], uint32(p))
		}
	}
}

// partsOf gives the pseudo-sources of a candidate.
func (l *Looks) partsOf(c uint32) []uint32 {
	if int(c) < len(l.parts) {
		return l.parts[c]
	}
	return nil
}

// Len counts the looks.
func (l *Looks) Len() int { return len(l.looks) }

// Repeated counts looks that are there again: the same candidate, of those that count,
// subject and second. Freeze comes first.
func (l *Looks) Repeated(counts func(Candidate) bool) (n int) {
	for s := range l.from[:max(0, len(l.from)-1)] {
		run := l.of(uint32(s))
		for i := 1; i < len(run); i++ {
			if run[i] == run[i-1] && counts(Candidate(run[i].candidate)) {
				n++
			}
		}
	}
	return n
}

// Memory is what is held, in bytes.
func (l *Looks) Memory() int64 {
	return int64(len(l.subjects)+len(l.from)+len(l.born)+len(l.byAge))*4 + int64(len(l.looks))*8 + int64(len(l.saw))*8
}

// Freeze sorts the looks by subject and time. No look can be added after it.
func (l *Looks) Freeze() {
	if l.frozen {
		return
	}
	l.frozen = true
	l.bySubject()
	l.ages()
	l.count()
}

// bySubject puts each look in its subject's run, by counting, and sorts the runs.
func (l *Looks) bySubject() {
	var top uint32
	for _, s := range l.subjects {
		top = max(top, s)
	}
	l.from = make([]uint32, top+2)
	for _, s := range l.subjects {
		l.from[s+1]++
	}
	for s := 1; s < len(l.from); s++ {
		l.from[s] += l.from[s-1]
	}
	next := slices.Clone(l.from)
	sorted := make([]look, len(l.looks))
	for i, s := range l.subjects {
		sorted[next[s]] = l.looks[i]
		next[s]++
	}
	l.looks, l.subjects = sorted, nil
	for s := range l.from[:len(l.from)-1] {
		slices.SortFunc(l.of(uint32(s)), func(a, b look) int {
			return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.candidate, b.candidate))
		})
	}
}

// of gives the looks at a subject, by time.
func (l *Looks) of(s uint32) []look {
	if int(s)+1 >= len(l.from) {
		return nil
	}
	return l.looks[l.from[s]:l.from[s+1]]
}

// ages notes when each record began and puts the subjects in that order.
func (l *Looks) ages() {
	l.born = make([]int32, len(l.from)-1)
	for s := range l.born {
		run := l.of(uint32(s))
		at, told := l.told[custody.SubjectID(s)]
		switch {
		case told:
			l.born[s] = at
		case len(run) > 0:
			l.born[s] = run[0].at
		default:
			continue
		}
		l.byAge = append(l.byAge, uint32(s))
	}
	slices.SortFunc(l.byAge, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(l.born[a], l.born[b]), cmp.Compare(a, b))
	})
}

// count counts the distinct subjects of each candidate.
func (l *Looks) count() {
	var top uint32
	for _, k := range l.looks {
		top = max(top, k.candidate)
	}
	for _, list := range l.parts {
		for _, p := range list {
			top = max(top, p)
		}
	}
	l.saw = make([]int, top+1)
	last := make([]uint32, top+1) // the last subject counted, plus one
	for s := range l.from[:len(l.from)-1] {
		seen := func(c uint32) bool {
			if last[c] == uint32(s)+1 {
				return true
			}
			last[c] = uint32(s) + 1
			l.saw[c]++
			return false
		}
		for _, k := range l.of(uint32(s)) {
			if seen(k.candidate) {
				continue
			}
			for _, p := range l.partsOf(k.candidate) {
				seen(p)
			}
		}
	}
}

// LookAt is one look at a subject.
type LookAt struct {
	Candidate Candidate
	Time      time.Time
}

// At lists the looks at a subject, by time. Freeze comes first.
func (l *Looks) At(s custody.SubjectID) []LookAt {
	var list []LookAt
	for _, k := range l.of(uint32(s)) {
		list = append(list, LookAt{Candidate(k.candidate), l.epoch.Add(time.Duration(k.at) * time.Second)})
	}
	return list
}
