package inquiry

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"custody"
	"custody/trace"
	"custody/trace/found"
)

// maxRowsTraced is how many rows of a found file are traced: a random part of a larger
// one says as much.
const maxRowsTraced = 500

// FoundFile is what a found file says.
type FoundFile struct {
	*found.File
	Name      string    `json:"name"`
	At        time.Time `json:"found"`
	Customers int       `json:"customers"` // people; planted customers are none
	Planted   int       `json:"planted,omitempty"`
	// NotBefore is when the newest customer in it was first there: the file is younger.
	NotBefore time.Time `json:"not_before,omitzero"`
	NotAfter  time.Time `json:"not_after,omitzero"`
	Traced    int       `json:"rows_traced"`
	Copy      string    `json:"copy,omitempty"` // that its canaries and pseudonyms name
	// Several are the copies that marks name, if there is more than one: the file was put
	// together.
	Several []string `json:"copies_named,omitempty"`
	// Holders are candidates that had seen nearly all of it before it was found.
	Holders []Holder `json:"holders,omitempty"`
	Most    []Holder `json:"seen_most,omitempty"` // the first, if there is no holder
}

// Holder is a candidate with the share of a file that it had seen.
type Holder struct {
	Name
	Rows  int     `json:"rows"`
	Share float64 `json:"share"`
}

// holdsShare is how much of a file a holder has seen: customers may be mistaken for others.
const holdsShare = 0.98

// Copies makes declared copies candidates: whoever has one has all that is in it.
func (q *Inquiry) Copies(list []*found.Copy) error {
	for _, c := range list {
		at := c.Made
		if at.IsZero() {
			at = epoch
		}
		who := q.candidate(Name{Kind: Copy, Name: c.Name}, "")
		for _, key := range c.Keys {
			if s, ok := q.numbered(key); ok {
				if err := q.looks.Add(who, s, at); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Found traces a file that was found: each customer in it counts as one who was called
// when it was found, whatever time the look was.
func (q *Inquiry) Found(name string, f *found.File, at time.Time, o trace.Options) (*Answer, error) {
	if len(q.logs) == 0 {
		return nil, custody.E(custody.CodeInvalid, "a trace needs looks", "give --log FILE, or --system NAME in a working directory")
	}
	w := &FoundFile{File: f, Name: name, At: at, Customers: len(f.Subjects), NotAfter: f.Stale, NotBefore: f.Fresh}
	switch names := marked(f.Copies); len(names) {
	case 0:
	case 1:
		w.Copy = names[0]
	default:
		w.Several = names
	}
	for _, s := range f.Subjects {
		if q.planted != nil && q.planted(s) {
			w.Planted++
		}
	}
	w.Customers -= w.Planted
	marks := w.Copy != "" || w.Several != nil
	if len(f.Subjects) == 0 && !marks {
		return nil, custody.E(custody.CodeNotFound, "no row of the file is of a customer of this system",
			"give the column of the keys with --key COLUMN, or customers' phones and mail addresses with --customers FILE; perhaps it is another system's")
	}
	q.looks.Freeze()
	for _, s := range f.Subjects {
		if born, ok := q.looks.BornAt(s); ok && born.After(w.NotBefore) && born.Before(at) {
			w.NotBefore = born
		}
	}
	if !w.NotAfter.IsZero() && w.NotAfter.Before(w.NotBefore) {
		w.NotAfter = time.Time{} // values that were never in the system say nothing
	}
	w.holders(q, at)
	a, err := q.rowsTraced(w, at, o)
	if err != nil {
		return nil, err
	}
	a.Found = w
	q.concludeFile(a, w)
	return a, nil
}

// rowsTraced runs the trace on a sample of the rows.
func (q *Inquiry) rowsTraced(w *FoundFile, at time.Time, o trace.Options) (*Answer, error) {
	rows := slices.Clone(w.Subjects)
	rng := rand.New(rand.NewPCG(o.Seed, 77))
	rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	before := at
	if !w.NotAfter.IsZero() {
		before = w.NotAfter
	}
	q.complaints, q.lists = nil, []Read{{File: w.Name, Rows: w.Rows, Bad: w.Bad}}
	for _, s := range rows[:min(len(rows), maxRowsTraced)] {
		q.complaints = append(q.complaints, complaint{Complaint: trace.Complaint{Subject: s, Called: before}, line: len(q.complaints) + 1, ref: "row"})
	}
	w.Traced = len(q.complaints)
	o.Lag = trace.FileLag
	// A file ends with the day on which it was made: customers of the week after it were
	// at no risk, and in their company whoever sees everything would look guilty.
	o.AgeWindow = 48 * time.Hour
	o.MaxSources = 1
	a, err := q.run(o)
	if custody.CodeOf(err) == custody.CodeInvalid && (w.Copy != "" || w.Several != nil) {
		return &Answer{Logs: q.logs, Lists: q.lists, First: q.first, Last: q.last, Elsewhere: 1, P: 1}, nil
	}
	return a, err
}

// holders finds who had seen the file's customers.
func (w *FoundFile) holders(q *Inquiry, at time.Time) {
	for _, c := range q.looks.Covers(w.Subjects, at) {
		h := Holder{q.names[c.Candidate], c.Rows, float64(c.Rows) / float64(len(w.Subjects))}
		switch {
		case h.Share >= holdsShare && len(w.Holders) < maxRanked:
			w.Holders = append(w.Holders, h)
		case h.Share < holdsShare && len(w.Most) < 5:
			w.Most = append(w.Most, h)
		}
	}
	if len(w.Holders) > 0 {
		w.Most = nil
	}
}

// marked gives the copies that marks name.
func marked(hits []found.Hit) (names []string) {
	for i := range hits {
		if h := &hits[i]; h.Marked() {
			names = append(names, h.Copy)
		}
	}
	return names
}

// concludeFile says in a sentence what follows. Marks go before looks.
func (q *Inquiry) concludeFile(a *Answer, w *FoundFile) {
	var holders []string
	for _, h := range w.Holders {
		holders = append(holders, h.Name.String())
	}
	switch {
	case w.Copy != "":
		i := slices.IndexFunc(w.Copies, func(h found.Hit) bool { return h.Copy == w.Copy })
		h := w.Copies[i]
		a.Named, a.Against, a.Next, a.Plan = &Name{Kind: Copy, Name: w.Copy}, nil, "", nil
		a.Conclusion = fmt.Sprintf("The file is of the copy %s: %d of its %d planted customers and %d of its pseudonyms are in it, and no other copy's.", w.Copy, h.Canaries, h.Of, h.Pseudonyms)
	case w.Several != nil:
		a.Named, a.Against, a.Next, a.Plan = nil, nil, "", nil
		a.Conclusion = fmt.Sprintf("The file was put together of several copies, %s: planted customers or pseudonyms of each are in it.", strings.Join(w.Several, " and "))
	case a.Named != nil:
		a.Conclusion = fmt.Sprintf("The file's customers name the %s: %d of %d had been seen by it. They do not name a person.", a.Named, seenBy(a), a.Used)
	case len(w.Holders) == 0:
		a.Conclusion = "No candidate had seen all of the file before it was found: it came from elsewhere, or from several."
	case len(w.Holders) == 1:
		a.Conclusion = fmt.Sprintf("One candidate alone had seen all of the file before it was found: %s. A leak from outside that holds everybody looks the same.", holders[0])
	default:
		a.Conclusion = fmt.Sprintf("%d candidates had seen all of the file before it was found: %s. Looks alone do not tell them apart.", len(holders), strings.Join(holders[:min(len(holders), 8)], ", "))
	}
	if w.Planted > 0 {
		a.Conclusion += fmt.Sprintf(" %s of its customers are planted ones, who are known nowhere else and are no people: the data is this system's.", Thousands(w.Planted))
	}
}

func seenBy(a *Answer) int {
	for _, c := range a.Ranked {
		if a.Named != nil && c.Name == *a.Named {
			return c.Seen
		}
	}
	return 0
}

// Number gives the number of a customer's key, if any look is known.
func (q *Inquiry) Number(key string) (custody.SubjectID, bool) {
	if q.direct {
		return q.numbered(key)
	}
	s, ok := q.subjects[key]
	return s, ok
}
