package inquiry

import (
	"cmp"
	"slices"
	"time"

	"custody/trace"
)

// Bounds of the picture.
const (
	pictureRows       = 60
	pictureCandidates = 4
)

// row is one complainant in the picture: the looks of the best candidates, and the call.
type row struct {
	Ref    string
	Called time.Time
	Looks  []dot
}

// dot is one look; Who is the place among the logins that are shown, or the number of
// these for everybody else.
type dot struct {
	At  time.Time
	Who int
}

// rows collects what the picture shows, the earliest call first.
func (q *Inquiry) rows(r *trace.Result, list []trace.Complaint) []row {
	place := map[trace.Candidate]int{}
	for _, x := range r.Ranked { // a branch's looks are those of its logins
		if q.names[x.Candidate].Kind.single() && len(place) < pictureCandidates {
			place[x.Candidate] = len(place)
		}
	}
	left := map[int]bool{}
	for _, l := range r.Left {
		left[l.Complaint] = true
	}
	var rows []row
	for k, c := range list {
		if left[k] {
			continue
		}
		row := row{Ref: cmp.Or(q.complaints[k].ref, "line "+itoa(q.complaints[k].line)), Called: c.Called}
		for _, look := range q.looks.At(c.Subject) {
			who, ok := place[look.Candidate]
			if !ok {
				who = pictureCandidates
			}
			if q.names[look.Candidate].Kind.single() {
				row.Looks = append(row.Looks, dot{look.Time, who})
			}
		}
		// The best candidates are drawn last, on top of everybody else.
		slices.SortStableFunc(row.Looks, func(a, b dot) int { return cmp.Compare(b.Who, a.Who) })
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(a, b row) int { return a.Called.Compare(b.Called) })
	return rows[:min(len(rows), pictureRows)]
}
