package detect_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"custody"
	"custody/detect"
)

// BenchmarkTake is a thousand people at work for forty days, with one look in twenty
// unexplained: what detection costs for each event, and what share of a core a thousand
// events a second take.
func BenchmarkTake(b *testing.B) {
	rng := rand.New(rand.NewPCG(7, 7))
	start := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	const people, aDay = 1000, 40
	e := detect.New(detect.Options{Policy: detect.DefaultPolicy(), World: detect.World{
		Explain: func(_ *detect.Event, s custody.SubjectID) bool { return s%20 != 0 },
		Branch:  func(s custody.SubjectID) uint32 { return uint32(s)%50 + 1 },
	}})
	ev := detect.Event{Kind: custody.EventDisclosure, Subjects: make([]custody.SubjectID, 1)}
	one := func(n int) {
		day, within := n/(people*aDay), n%(people*aDay)
		ev.Entry, ev.Person = uint64(n+1), uint32(rng.IntN(people)+1)
		ev.Device, ev.Group = ev.Person, ev.Person%50+1
		ev.Time = start.AddDate(0, 0, day).Add(9*time.Hour + time.Duration(within)*9*time.Hour/(people*aDay))
		ev.Subjects[0] = custody.SubjectID(day*240 + rng.IntN(12_000) + 1)
		e.Take(&ev)
	}
	n := 0
	for ; n < 10*people*aDay; n++ {
		one(n)
	}
	for b.Loop() {
		one(n)
		n++
	}
	each := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
	b.ReportMetric(each*1000/1e9*100, "%core@1000/s")
	b.ReportMetric(float64(e.Memory().Bytes)/1e6, "MB-state")
}

// BenchmarkLongAnswer is one answer of two hundred thousand customers in parts of six
// hundred, after some weeks of ordinary work: what detection costs for each customer
// while a gate that shares its processors is at work.
func BenchmarkLongAnswer(b *testing.B) {
	const customers, part, people = 200_000, 600, 40
	h := detect.NewHolders()
	e := detect.New(detect.Options{Policy: detect.DefaultPolicy(), World: detect.World{
		Explain:   func(ev *detect.Event, s custody.SubjectID) bool { return h.Explain(ev.Person, ev.Group, s) },
		Branch:    h.Home,
		Customers: func() int { return customers },
	}})
	take := func(ev *detect.Event) {
		e.Take(ev)
		for _, s := range ev.Subjects {
			h.Note(ev.Person, ev.Group, s)
		}
	}
	rng := rand.New(rand.NewPCG(7, 7))
	ev := detect.Event{Kind: custody.EventDisclosure, Time: time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)}
	for range 30 {
		for n := range people * 50 {
			ev.Entry++
			ev.Person = uint32(n%people + 1)
			ev.Device, ev.Group = ev.Person, ev.Person%5+1
			ev.Subjects = []custody.SubjectID{custody.SubjectID(rng.IntN(customers) + 1)}
			ev.Time = ev.Time.Add(10 * time.Second)
			take(&ev)
		}
		ev.Time = ev.Time.Truncate(24 * time.Hour).Add(33 * time.Hour)
	}
	all := make([]custody.SubjectID, customers)
	for i := range all {
		all[i] = custody.SubjectID(i + 1)
	}
	n := 0
	for b.Loop() {
		n++
		ev.Person = uint32(n%people + 1)
		ev.Device, ev.Group, ev.Time = ev.Person, ev.Person%5+1, ev.Time.Add(2*time.Minute)
		for at := 0; at < customers; at += part {
			ev.Entry++
			ev.Subjects = all[at:min(at+part, customers)]
			take(&ev)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/customers, "ns/customer")
}
