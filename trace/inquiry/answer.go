package inquiry

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"custody"
	"custody/trace"
)

// Answer is a trace in names. It holds customers' keys and logins: it is to be kept as
// the log itself is.
type Answer struct {
	Logs       []Read      `json:"logs"`
	Lists      []Read      `json:"lists"`
	Looks      int         `json:"looks"`
	Logins     int         `json:"logins"` // or devices
	Subjects   int         `json:"customers"`
	First      time.Time   `json:"first_look"`
	Last       time.Time   `json:"last_look"`
	Used       int         `json:"complaints_used"`
	Left       []LeftOut   `json:"complaints_left_out,omitempty"`
	Ranked     []Candidate `json:"candidates"`
	Elsewhere  float64     `json:"elsewhere"`
	P          float64     `json:"p"`
	Redraws    int         `json:"redraws"`
	Seed       uint64      `json:"seed"`
	Set        []Name      `json:"set_95"`
	Sources    []Source    `json:"sources,omitempty"`
	Several    string      `json:"several,omitempty"` // says what Sources mean, if there are several
	Named      *Name       `json:"named,omitempty"`
	Against    []string    `json:"not_named_because,omitempty"`
	Untested   []string    `json:"untested,omitempty"`
	Next       string      `json:"next_best_test,omitempty"`
	Plan       []Planting  `json:"plan,omitempty"` // of the next best test
	Rang       []Rung      `json:"planted_called,omitempty"`
	Memory     int64       `json:"memory_bytes"`
	Conclusion string      `json:"conclusion"`
	Refused    int         `json:"looks_refused,omitempty"`         // left out: nobody was shown
	Masked     int         `json:"looks_without_contact,omitempty"` // left out: no phone, mail or postal address was shown
	Pseudo     []Read      `json:"sources_declared,omitempty"`
	Found      *FoundFile  `json:"file,omitempty"`
	// Evidence says from where the best login looked at complainants, and what binds it
	// to its person.
	Evidence []string `json:"evidence,omitempty"`

	// Warnings say what may be wrong with what was read.
	Warnings []string       `json:"warnings,omitempty"`
	Other    int            `json:"complaints_found_otherwise,omitempty"` // not by the key as it is in the log
	Knew     map[string]int `json:"callers_knew,omitempty"`               // complaints used, by what the caller knew
	Repeated int            `json:"looks_repeated,omitempty"`             // lines that are there twice: they count once
	Settings []string       `json:"settings"`                             // what another needs to get the same

	picture []row
}

// Candidate is one place of the ranking.
type Candidate struct {
	Name
	Posterior float64 `json:"probability"`
	LogFactor float64 `json:"log_factor"`
	Seen      int     `json:"complainants_seen_before"`
	Expected  float64 `json:"expected_by_chance"`
	Saw       int     `json:"customers_seen"`
	Count     float64 `json:"baseline_count"`
	Fraction  float64 `json:"baseline_fraction"`
	Binomial  float64 `json:"baseline_binomial_p"`
	Guilt     float64 `json:"baseline_guilt"`
}

// LeftOut is a complaint that could not be used.
type LeftOut struct {
	Line   int    `json:"line"`
	Ref    string `json:"ref,omitempty"`
	Reason string `json:"reason"`
}

// Source is one of several sources, looked for one after another.
type Source struct {
	Name
	P         float64 `json:"p"`
	Posterior float64 `json:"probability_beside_the_others"`
	Found     bool    `json:"found"` // otherwise it is a possible one
}

// maxRanked bounds the list of candidates in the answer.
const maxRanked = 20

// Run traces. It needs a log and a list of complaints.
func (q *Inquiry) Run(o trace.Options) (*Answer, error) {
	if len(q.logs) == 0 || len(q.lists) == 0 {
		return nil, custody.E(custody.CodeInvalid, "a trace needs looks and complaints", "give --log FILE and --complaints FILE, or --system NAME once complaints were taken in")
	}
	return q.run(o)
}

func (q *Inquiry) run(o trace.Options) (*Answer, error) {
	if q.hasBranches() {
		o.Group = q.group
	}
	o.Redraws = cmp.Or(o.Redraws, 999)
	q.looks.Freeze()
	list := make([]trace.Complaint, len(q.complaints))
	for i := range q.complaints {
		c := &q.complaints[i]
		list[i] = c.Complaint
		list[i].Subject, c.why = q.whose(c)
	}
	r, err := trace.Run(q.looks, list, o)
	if err != nil {
		return nil, q.untraceable(err)
	}
	a := q.answer(r, o)
	a.picture = q.rows(r, list)
	return a, nil
}

// nobody is a number that no look has.
const nobody = ^custody.SubjectID(0)

// known gives the number of a key, or one that no look has.
func (q *Inquiry) known(key string) custody.SubjectID {
	if q.direct {
		if q.lookup != nil {
			if s, ok := q.lookup(key); ok {
				return s
			}
		}
		return nobody
	}
	if s, ok := q.subjects[key]; ok {
		return s
	}
	return nobody
}

func (q *Inquiry) answer(r *trace.Result, o trace.Options) *Answer {
	a := &Answer{
		Logs: q.logs, Lists: q.lists, Subjects: len(q.keys), First: q.first, Last: q.last, Used: r.Used,
		Elsewhere: r.Elsewhere, P: r.P, Redraws: o.Redraws, Seed: o.Seed, Memory: r.Memory, Untested: r.Named.Untested, Refused: q.refused, Masked: q.masked, Pseudo: q.sources,
	}
	if q.direct {
		a.Subjects = q.distinct
	}
	for _, l := range q.logs {
		a.Looks += l.Rows
	}
	a.Looks -= q.refused
	for _, n := range q.names {
		if n.Kind.single() {
			a.Logins++
		}
	}
	for _, l := range r.Left {
		c := q.complaints[l.Complaint]
		a.Left = append(a.Left, LeftOut{c.line, c.ref, cmp.Or(c.why, l.Reason)})
	}
	for _, x := range r.Ranked[:min(len(r.Ranked), maxRanked)] {
		a.Ranked = append(a.Ranked, Candidate{
			Name: q.names[x.Candidate], Posterior: x.Posterior, LogFactor: x.LogFactor, Seen: x.Seen, Expected: x.Expected, Saw: x.Saw,
			Count: x.Count, Fraction: x.Fraction, Binomial: x.Binomial, Guilt: x.Guilt,
		})
	}
	for _, c := range r.Set {
		a.Set = append(a.Set, q.names[c])
	}
	for _, s := range r.Sources {
		a.Sources = append(a.Sources, Source{q.names[s.Candidate], s.P, s.Posterior, s.Found()})
	}
	a.Several = several(a.Sources)
	q.tell(a, r, o)
	q.conclude(a, r)
	return a
}

// several says in a sentence or two that there is more than one source, or may be.
func several(list []Source) string {
	if len(list) < 2 {
		return ""
	}
	var found, possible []string
	for _, s := range list {
		if says := s.String(); s.Found {
			found = append(found, says)
		} else {
			possible = append(possible, says)
		}
	}
	says := "Possibly more than one source: beside the best, others explain complaints that it does not. None is sure."
	if len(found) > 1 {
		says = "More than one source: " + strings.Join(found, " and ") + " each explain complaints that the others do not."
	} else if len(found) == 1 {
		says = "Possibly there is one more source beside " + found[0] + "."
	}
	if len(possible) > 0 {
		says += " Only possible, and no ground for a suspicion: " + strings.Join(possible, ", ") + "."
	}
	return says
}

// conclude says in a sentence what follows, and what does not.
func (q *Inquiry) conclude(a *Answer, r *trace.Result) {
	n := q.names[r.Named.Candidate]
	switch {
	case r.Named.Login && !n.Kind.single():
		a.Named = &n
		a.Conclusion = fmt.Sprintf("The complaints point at %s as a whole: its customers' records, not the looks of one login, explain them.", n)
	case r.Named.Login:
		a.Named = &n
		a.Conclusion = fmt.Sprintf("The complaints name the %s. They do not name a person: who used it must be shown by other evidence.", n)
	case slices.ContainsFunc(a.Sources, func(s Source) bool { return s.Found && s.Name != n }):
		a.Against = r.Named.Against
		a.Conclusion = "No single " + string(n.Kind) + " explains the complaints: they point at more than one, and name nobody yet."
	case a.Elsewhere >= 0.5:
		a.Against = r.Named.Against
		a.Conclusion = "The looks in this log do not explain the complaints: they may come from elsewhere."
	default:
		a.Against = r.Named.Against
		a.Conclusion = "The complaints name nobody. See who remains possible, and the next best test."
	}
	if a.Rang = q.rung; len(a.Rang) > 0 {
		a.Conclusion = rang(a.Rang) + " " + a.Conclusion
	}
	if s := r.Named.Split; s != nil && a.Named == nil {
		a.Next, a.Plan = q.test(s), q.plan(s)
	}
}

// test says the next best test: canaries that split the set.
func (q *Inquiry) test(s *trace.Split) string {
	var who, only []string
	for _, m := range s.Members {
		who = append(who, q.names[m.Candidate].String())
		only = append(only, fmt.Sprintf("%s only by %s", Thousands(m.Only), q.names[m.Candidate]))
	}
	list := "each of " + strings.Join(who, ", ")
	if len(who) > 4 {
		list = fmt.Sprintf("each of these %d", len(who))
	}
	return fmt.Sprintf("Plant customers: %d that are shown to it and to no other, for %s. If a record in a hundred of theirs is passed on, a planted phone rings with 99 %% probability, and it says whose looks they were. "+
		"Or wait: a complaint of a customer whom only one of them has seen tells them apart (so far %s).", s.Canaries, list, strings.Join(only, ", "))
}
