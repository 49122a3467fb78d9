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
