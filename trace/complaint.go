package trace

import (
	"slices"
	"time"

	"custody"
)

// Complaint is one unwanted call.
type Complaint struct {
	Subject custody.SubjectID
	// Called is the time of the unwanted call, which is not the time of the complaint.
	Called time.Time
	// Knew is what the caller knew, as a likelihood ratio: how much more likely a
	// caller with leaked records knows this than any other. 1, which zero means too,
	// says nothing.
	Knew float64
}

// What callers know, as likelihood ratios for Complaint.Knew. Chosen, not estimated:
// a caller who names the accident has seen a record; one who guesses has not.
const (
	KnewNothing  = 1.0
	KnewName     = 2.0
	KnewVehicle  = 5.0
	KnewAccident = 20.0
	// KnewCanary is for a planted customer, whose number nobody else has: a stranger
	// comes upon it by dialling at random only.
	KnewCanary = 200.0
)

// matched is a complaint with the subjects that were at risk in the same way.
type matched struct {
	subject uint32
	at      int32
	knew    float64
	among   []uint32 // the matched set, the complainant included
}

// match finds the matched set of each complaint.
func match(l *Looks, complaints []Complaint, o Options) (cases []matched, left []LeftOut) {
	window := int(o.AgeWindow / time.Second)
	heard := map[custody.SubjectID]bool{}
	for k, c := range complaints {
		at := l.seconds(c.Called)
		s := uint32(c.Subject)
		var why string
		switch {
		case !o.Until.IsZero() && c.Called.After(o.Until):
			why = "the call came after customers were written to, and letters cause complaints"
		case int(s) >= len(l.born) || !l.known(s):
			why = "the customer is not in the log"
		case at < l.born[s]:
			why = "the call came before the customer's record began"
		case heard[c.Subject]:
			why = "a complaint of this customer is counted already"
		}
		if why != "" {
			left = append(left, LeftOut{k, why})
			continue
		}
		heard[c.Subject] = true
		knew := c.Knew
		if knew <= 0 {
			knew = KnewNothing
		}
		cases = append(cases, matched{subject: s, at: at, knew: knew, among: l.sameAge(s, window, at)})
	}
	return cases, left
}

// known says whether the subject has looks or a told beginning.
func (l *Looks) known(s uint32) bool {
	_, told := l.told[custody.SubjectID(s)]
	return told || len(l.of(s)) > 0
}

// sameAge gives the subjects whose records began within the window of s's and were
// there at the time.
func (l *Looks) sameAge(s uint32, window int, at int32) []uint32 {
	find := func(t int) int {
		i, _ := slices.BinarySearchFunc(l.byAge, t, func(x uint32, t int) int { return int(l.born[x]) - t })
		return i
	}
	born := int(l.born[s])
	return l.byAge[find(born-window):find(min(born+window, int(at))+1)]
}
