package site

import (
	"slices"
	"time"

	"custody"
	"custody/console"
	"custody/store"
	"custody/trace/inquiry"
)

// consoleCanaries fits planted customers to the console. The store holds to the rule that
// nobody withdraws one while they are judged.
type consoleCanaries struct{ s *Site }

// Canaries implements console.Canaries.
func (c consoleCanaries) Canaries() ([]console.Canary, error) {
	all, err := c.s.o.Store.Canaries()
	if err != nil {
		return nil, err
	}
	complaints, err := c.s.o.Store.WatchedComplaints(time.Time{})
	about := map[custody.SubjectID][]time.Time{}
	for _, x := range complaints {
		about[x.Subject] = append(about[x.Subject], x.Matched)
	}
	list := make([]console.Canary, len(all))
	for i := range all {
		k := &all[i]
		list[i] = console.Canary{ID: k.ID, Subject: k.Subject, System: k.System, SystemName: k.Name, Key: k.Key, Note: k.Note, Meant: k.Meant,
			Planted: k.Planted, Withdrawn: k.Withdrawn, PlantedBy: k.PlantedByLogin, WithdrawnBy: k.WithdrawnByLogin}
		for _, at := range about[k.Subject] {
			if k.Watched(at) {
				list[i].Calls++
			}
		}
	}
	slices.SortStableFunc(list, func(a, b console.Canary) int {
		if a.Withdrawn.IsZero() != b.Withdrawn.IsZero() {
			return map[bool]int{true: -1, false: 1}[a.Withdrawn.IsZero()]
		}
		return int(b.ID - a.ID)
	})
	return list, err
}

// Plant implements console.Canaries.
func (c consoleCanaries) Plant(system custody.SystemID, list []inquiry.ToPlant, note string, by custody.PersonID) error {
	planted := make([]*store.Canary, len(list))
	for i, p := range list {
		planted[i] = &store.Canary{System: system, Key: p.Key, Meant: p.Meant, Note: note, Planted: c.s.o.Now(), PlantedBy: by}
	}
	return c.s.o.Store.AddCanaries(planted)
}

// Withdraw implements console.Canaries.
func (c consoleCanaries) Withdraw(system custody.SystemID, key string, by custody.PersonID) error {
	return c.s.o.Store.WithdrawCanary(system, key, by, c.s.o.Now())
}

// Now implements console.Canaries.
func (c consoleCanaries) Now() (func(custody.SubjectID) bool, error) {
	planted, err := c.s.o.Store.Planted()
	now := c.s.o.Now()
	return func(s custody.SubjectID) bool { return planted.At(s, now) != nil }, err
}
