package lab

import "time"

// Canary is a planted customer, whose phone rings at nobody's but ours.
type Canary struct {
	Subject int
	Planted time.Time
}

// canarySubject begins the numbers of planted customers.
const canarySubject = 1_000_000

// Planted says whether a subject is a planted customer.
func Planted(subject int) bool { return subject >= canarySubject && subject < CopyCanary }

// canaryRate: one record in so many is planted.
const canaryRate = 200

// Canary is what a complaint says that the caller knew when a planted customer's
// phone rings.
const CanaryCalled = "a planted customer's number"

// canaries: an insider takes thirty records a day from anywhere; no customer complains,
// but the phones of planted customers ring.
func canaries() scenario {
	var who int
	return scenario{
		about: "One record in 200 is planted. Somebody takes thirty a day from anywhere for 120 days; nobody complains of it, but planted customers' phones ring.",
		begin: func(s *stage) {
			who = s.someone()
			s.truth.Person = s.staff[who].Login
		},
		day: func(s *stage, d int, ordinary []Look) (list []Look) {
			for range poisson(s.rng, float64(s.p.JobsPerDay)/canaryRate) {
				s.canaries = append(s.canaries, Canary{canarySubject + len(s.canaries), s.p.Start.AddDate(0, 0, d)})
			}
			// Who wanders into any record now and then sees a planted one as well.
			for range poisson(s.rng, float64(len(ordinary))*s.p.Wandering/canaryRate) {
				if by := ordinary[s.rng.IntN(len(ordinary))]; len(s.canaries) > 0 {
					list = append(list, Look{At: by.At, Login: by.Login, Device: by.Device, Subject: s.recentCanary()})
				}
			}
			if d < 20 || d >= 140 || !s.workday(d) {
				return list
			}
			for range poisson(s.rng, 30) {
				subject := s.elsewhere(s.staff[who].Branch)
				if s.rng.IntN(canaryRate) == 0 && len(s.canaries) > 0 {
					subject = s.recentCanary()
				}
				list = append(list, s.take(Look{At: s.within(d, 9, 18), Login: who, Device: s.staff[who].Device, Subject: subject}))
			}
			return list
		},
		end: func(s *stage) {
			heard := map[int]bool{}
			for _, l := range s.taken {
				if l.Subject >= canarySubject && !heard[l.Subject] && s.rng.IntN(2) == 0 && s.called(l) {
					heard[l.Subject] = true
					s.calls[len(s.calls)-1].Knew = CanaryCalled
				}
			}
			s.background(s.p.Background)
		},
	}
}

// recentCanary is one of those planted in the last fortnight or so.
func (s *stage) recentCanary() int {
	last := s.canaries[max(0, len(s.canaries)-20):]
	return last[s.rng.IntN(len(last))].Subject
}
