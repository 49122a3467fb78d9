package ledger

import (
	"cmp"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"custody"

	gocmp "github.com/google/go-cmp/cmp"
)

// model answers the index's questions the slow way.
type model []*custody.Event

func within(at, from, to time.Time) bool {
	return (from.IsZero() || !at.Before(from)) && (to.IsZero() || at.Before(to))
}

func (m model) pick(keep func(*custody.Event) bool) []*custody.Event {
	var list []*custody.Event
	for _, e := range slices.Backward(m) {
		if keep(e) {
			list = append(list, e)
		}
	}
	return list
}

func looked(e *custody.Event) bool {
	return e.Kind == custody.EventDisclosure || e.Kind == custody.EventChange
}

func (m model) whoSaw(system custody.SystemID, s custody.SubjectID, from, to time.Time) []*custody.Event {
	return m.pick(func(e *custody.Event) bool {
		return looked(e) && e.System == system && slices.Contains(e.Subjects, s) && within(e.Time, from, to)
	})
}

func (m model) sawBy(p custody.PersonID, from, to time.Time) []*custody.Event {
	return m.pick(func(e *custody.Event) bool { return looked(e) && e.Person == p && within(e.Time, from, to) })
}

func (m model) disclosed(p custody.PersonID, a custody.ApplicationID, system custody.SystemID, since time.Time) []*custody.Event {
	return m.pick(func(e *custody.Event) bool {
		return looked(e) && e.Person == p && (p != 0 || e.Application == a) && e.System == system && within(e.Time, since, time.Time{})
	})
}

func (m model) overlap(list []Complaint) []Overlap {
	latest := map[custody.SubjectID]time.Time{}
	for _, c := range list {
		if c.Time.After(latest[c.Subject]) {
			latest[c.Subject] = c.Time
		}
	}
	type who struct {
		p custody.PersonID
		a custody.ApplicationID
	}
	first := map[who]map[custody.SubjectID]time.Time{}
	for _, e := range m {
		if !looked(e) {
			continue
		}
		w := who{e.Person, e.Application}
		if e.Person != 0 {
			w.a = 0
		}
		if first[w] == nil {
			first[w] = map[custody.SubjectID]time.Time{}
		}
		for _, s := range e.Subjects {
			if _, ok := first[w][s]; !ok {
				first[w][s] = e.Time
			}
		}
	}
	all := []Overlap{}
	for w, seen := range first {
		o := Overlap{Person: w.p, Application: w.a, Subjects: len(seen)}
		for s, noticed := range latest {
			if at, ok := seen[s]; ok {
				o.Complainants++
				if at.Before(noticed) {
					o.Before++
				}
			}
		}
		if o.Complainants > 0 {
			all = append(all, o)
		}
	}
	slices.SortFunc(all, func(a, b Overlap) int {
		return cmp.Or(b.Before-a.Before, b.Complainants-a.Complainants, a.Subjects-b.Subjects, cmp.Compare(a.Person, b.Person), cmp.Compare(a.Application, b.Application))
	})
	return all
}

// randomEvent makes an event of few people and subjects, so that they meet often.
func randomEvent(r *rand.Rand, at time.Time) *custody.Event {
	e := &custody.Event{
		Kind: custody.EventKind(1 + r.IntN(5)), Route: custody.Route(r.IntN(5)), Time: at,
		Person: custody.PersonID(r.IntN(6)), Application: custody.ApplicationID(r.IntN(3)),
		Organisation: 1, System: custody.SystemID(1 + r.IntN(2)), Session: custody.SessionID(r.Uint64() >> uint(r.IntN(64))),
		Grant: custody.GrantID(r.IntN(3)), Clear: custody.CategorySet(r.IntN(1 << 10)),
	}
	if r.IntN(4) == 0 {
		e.Statement = r.Uint64()
	}
	if r.IntN(3) == 0 {
		e.Code, e.Masked, e.Reason = custody.CodeLimit, 1, custody.ReasonID(r.Uint32())
	}
	set := map[custody.SubjectID]bool{}
	for range r.IntN(1 << r.IntN(8)) {
		set[custody.SubjectID(1+r.IntN(300))] = true
	}
	if r.IntN(50) == 0 {
		set[custody.SubjectID(r.Uint32()|1<<31)] = true
	}
	for s := range set {
		e.Subjects = append(e.Subjects, s)
	}
	slices.Sort(e.Subjects)
	return e
}

func headers(list []Disclosure) []*custody.Event {
	var out []*custody.Event
	for _, d := range list {
		out = append(out, &d.Event)
	}
	return out
}

func bare(list []*custody.Event) []*custody.Event {
	var out []*custody.Event
	for _, e := range list {
		c := *e
		c.Subjects = nil
		out = append(out, &c)
	}
	return out
}

// TestIndexModel compares the index with brute force, live and after replay.
func TestIndexModel(t *testing.T) {
	const seed = 20
	r := rand.New(rand.NewPCG(seed, seed))
	o := Options{SegmentSize: 256 << 10}
	dir := createIn(t, fastDir(t), o)
	l := open(t, dir, o)
	var m model
	at := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	start := at
	for len(m) < 3*(1<<eventBits) {
		var group []*custody.Event
		for range 1 + r.IntN(200) {
			at = at.Add(time.Duration(r.IntN(3)) * time.Microsecond)
			group = append(group, randomEvent(r, at))
		}
		appendAll(t, l, group...)
		m = append(m, group...)
	}
	if _, pairs := l.Index().Len(); pairs < 2<<postBits {
		t.Fatalf("only %d pairs", pairs)
	}
	compareModel(t, r, m, l.Index(), start, at)
	l.Close()
	reader, err := OpenReader(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	compareModel(t, r, m, reader.Index(), start, at)
}

func compareModel(t *testing.T, r *rand.Rand, m model, x *Index, start, end time.Time) {
	t.Helper()
	moment := func() time.Time {
		if r.IntN(3) == 0 {
			return time.Time{}
		}
		return start.Add(time.Duration(r.Int64N(int64(end.Sub(start)) + 2000)))
	}
	check := func(what string, want, got any) {
		t.Helper()
		if !reflect.DeepEqual(want, got) { // much faster than Diff
			t.Fatalf("%s differs (-model +index):\n%s", what, gocmp.Diff(want, got))
		}
	}
	check("all events", []*custody.Event(m), allEvents(x))
	for range 60 {
		s, system := custody.SubjectID(1+r.IntN(310)), custody.SystemID(1+r.IntN(2))
		p, app := custody.PersonID(r.IntN(7)), custody.ApplicationID(r.IntN(3))
		from, to := moment().Truncate(time.Microsecond), moment().Truncate(time.Microsecond)
		check("who saw", bare(m.whoSaw(system, s, from, to)), headers(slices.Collect(x.WhoSaw(system, s, from, to))))
		if p != 0 {
			check("saw by", m.sawBy(p, from, to), slices.Collect(x.SawBy(p, from, to)))
		}
		check("disclosed", m.disclosed(p, app, system, from), slices.Collect(x.Disclosed(p, app, system, from)))
		var list []Complaint
		for range r.IntN(20) {
			list = append(list, Complaint{custody.SubjectID(1 + r.IntN(310)), start.Add(time.Duration(r.Int64N(int64(end.Sub(start))))).Truncate(time.Microsecond)})
		}
		check("overlap", m.overlap(list), x.Overlap(list))
	}
}
