package lab

import (
	"slices"
	"time"
)

// scenarios are the stories by which detection and tracing are judged. Each is made
// anew for a run, because it remembers who does it.
var scenarios = map[string]func() scenario{
	"borrowed-login": func() scenario {
		return borrowed("Fifteen records a day outside the branch, under two colleagues' logins, from a device of his own; he leaves on day 140 and goes on.", 15)
	},
	"borrowed-login-5": func() scenario { return borrowed("As borrowed-login, five a day.", 5) },
	"borrowed-login-2": func() scenario { return borrowed("As borrowed-login, two a day.", 2) },
	"own-calls": func() scenario {
		return own("Someone passes on 100 of his own customers in 60 days; 21 complain, among 63 others.", 1, 100, 21, 63)
	},
	"own-calls-21": func() scenario { return own("As own-calls, among 21 others.", 1, 100, 21, 21) },
	"own-calls-0":  func() scenario { return own("As own-calls, and nobody else complains.", 1, 100, 21, 0) },
	"light-user": func() scenario {
		return own("Someone passes on a few of his own customers; 5 complain, among 20 others.", 1, 40, 5, 20)
	},
	"two-leakers": func() scenario {
		return own("Two who do not know of each other pass on 100 of their own customers each; 30 complain, among 30 others.", 2, 100, 30, 30)
	},
	"after-hours": afterHours,
	"photographer": func() scenario {
		return bulk("One person's 28,000 looks in 250 days, mixed with real work.", 1, 28_000, 250)
	},
	"pair":       func() scenario { return bulk("Two who work together take 29,500 records in 200 days.", 2, 29_500, 200) },
	"heavy-role": heavyRole,
	"upstream":   upstream,
	"frame-up":   frameUp,
	"null":       null,

	"contractor":    contractor,
	"portal-leaver": portalLeaver,
	"canary":        canaries,
}

// borrowed: a person looks under two colleagues' logins.
func borrowed(about string, aDay float64) scenario {
	var logins [2]int
	var device int
	return scenario{
		about: about,
		begin: func(s *stage) {
			who := s.someone()
			mates := s.at[s.staff[who].Branch]
			for i := range logins {
				for logins[i] = who; logins[i] == who || i == 1 && logins[1] == logins[0]; {
					logins[i] = mates[s.rng.IntN(len(mates))]
				}
			}
			device = s.newDevice()
			s.truth.Person, s.truth.Framed = s.staff[who].Login, s.staff[logins[0]].Login
		},
		day: func(s *stage, d int, _ []Look) (list []Look) {
			if d < 10 || !s.workday(d) {
				return nil
			}
			for range poisson(s.rng, aDay) {
				login := logins[s.rng.IntN(2)]
				list = append(list, s.take(Look{At: s.within(d, 9, 18), Login: login, Device: device, Subject: s.elsewhere(s.staff[login].Branch)}))
			}
			return list
		},
	}
}

// own: people pass on customers of their own; no look is out of place.
func own(about string, people, records, complaining, others int) scenario {
	var who []int
	var kept [][]Look
	seen := map[[2]int]bool{}
	return scenario{
		about: about,
		begin: func(s *stage) {
			who, kept = nil, make([][]Look, people)
			clear(seen)
			for len(who) < people {
				if x := s.someone(); !slices.Contains(who, x) {
					who = append(who, x)
				}
			}
			s.truth.Person = s.staff[who[0]].Login
		},
		day: func(s *stage, d int, ordinary []Look) []Look {
			if d < s.p.Days/2 || d >= s.p.Days/2+60 {
				return nil
			}
			for _, l := range ordinary {
				if i := slices.Index(who, l.Login); i >= 0 && !seen[[2]int{i, l.Subject}] {
					seen[[2]int{i, l.Subject}] = true
					kept[i] = append(kept[i], l)
				}
			}
			return nil
		},
		end: func(s *stage) {
			for _, mine := range kept {
				for _, i := range s.rng.Perm(len(mine))[:min(len(mine), records)] {
					s.take(mine[i])
				}
			}
			byTime(s.taken)
			s.exactly(complaining)
			s.others(others)
		},
	}
}

// afterHours: 39 records of 25 branches in 32 minutes off shift, 213 in a fortnight.
func afterHours() scenario {
	var who int
	return scenario{
		about: "39 records of 25 branches in 32 minutes off shift; 213 in 14 days.",
		begin: func(s *stage) {
			who = s.someone()
			s.truth.Person = s.staff[who].Login
		},
		day: func(s *stage, d int, _ []Look) (list []Look) {
			first := s.p.Days / 2
			var n int
			switch {
			case d == first:
				n = 39
			case d > first && d < first+14:
				n = (213 - 39) / 13
			}
			at := s.p.Start.AddDate(0, 0, d).Add(22 * time.Hour)
			for i := range n {
				branch := i % 25
				subject := s.elsewhere(-1)
				for try := 0; s.jobs[subject].branch != branch && try < 400; try++ {
					subject = s.elsewhere(-1)
				}
				list = append(list, s.take(Look{At: at.Add(time.Duration(i) * 32 * time.Minute / 39).Truncate(time.Second), Login: who, Device: s.staff[who].Device, Subject: subject}))
			}
			return list
		},
	}
}

// bulk: so many people take so many records in so many days, beside their work.
func bulk(about string, people, records, days int) scenario {
	var who []int
	return scenario{
		about: about,
		begin: func(s *stage) {
			who = nil
			for range people {
				who = append(who, s.someone())
			}
			s.truth.Person = s.staff[who[0]].Login
		},
		day: func(s *stage, d int, _ []Look) (list []Look) {
			if d < 10 || d >= 10+days {
				return nil
			}
			for range poisson(s.rng, float64(records)/float64(days)) {
				login := who[s.rng.IntN(len(who))]
				list = append(list, s.take(Look{At: s.within(d, 9, 18), Login: login, Device: s.staff[login].Device, Subject: s.elsewhere(s.staff[login].Branch)}))
			}
			return list
		},
		end: func(s *stage) { // nearly everybody's record: far fewer complain than were taken
			s.exactly(60)
			s.others(60)
		},
	}
}

// heavyRole: a central login that sees half of everything passes on three in a hundred;
// one to five complain. The right answer is a set.
func heavyRole() scenario {
	var who int
	return scenario{
		about: "A central login passes on 3 % of what it sees; one to five complain. The right answer is a set, not a name.",
		begin: func(s *stage) {
			who = s.rng.IntN(s.p.Central)
			s.truth.Person = s.staff[who].Login
		},
		day: func(s *stage, _ int, ordinary []Look) []Look {
			for _, l := range ordinary {
				if l.Login == who && s.rng.Float64() < 0.03 {
					s.take(l)
				}
			}
			return nil
		},
		end: func(s *stage) {
			s.exactly(1 + s.rng.IntN(5))
			s.others(10)
		},
	}
}

// upstream: records leak somewhere outside; no look has to do with it.
func upstream() scenario {
	return scenario{
		about: "3,000 records leak outside the group. The right answer is: not ours.",
		end: func(s *stage) {
			from := s.rng.IntN(max(1, s.p.Days-120))
			var victims []int
			for n, j := range s.jobs {
				if j.day >= from && j.day < from+60 {
					victims = append(victims, n)
				}
			}
			leaked := s.p.Start.AddDate(0, 0, from+60)
			for _, i := range s.rng.Perm(len(victims))[:min(3000, len(victims))] {
				if s.rng.Float64() < s.p.Complaining {
					at := leaked.Add(time.Duration(s.rng.IntN(45*24)) * time.Hour)
					s.calls = append(s.calls, Complaint{Subject: victims[i], Called: at, Knew: s.knew(s.p.KnewIfLeaked), Leaked: true})
				}
			}
			s.background(s.p.Background)
		},
	}
}

// frameUp: an insider uses a colleague's login on the insider's own device.
func frameUp() scenario {
	var who, framed int
	return scenario{
		about: "An insider uses a colleague's login, ten records a day for 60 days. The colleague must not be named as a person.",
		begin: func(s *stage) {
			who = s.someone()
			mates := s.at[s.staff[who].Branch]
			for framed = who; framed == who; {
				framed = mates[s.rng.IntN(len(mates))]
			}
			s.truth.Person, s.truth.Framed = s.staff[who].Login, s.staff[framed].Login
		},
		day: func(s *stage, d int, _ []Look) (list []Look) {
			if d < 100 || d >= 160 || !s.workday(d) {
				return nil
			}
			for range poisson(s.rng, 10) {
				list = append(list, s.take(Look{At: s.within(d, 9, 18), Login: framed, Device: s.staff[who].Device, Subject: s.elsewhere(s.staff[framed].Branch)}))
			}
			return list
		},
	}
}

// null: nothing happens but a national surge of nuisance calls.
func null() scenario {
	return scenario{
		about: "Quiet days and a national surge of nuisance calls. Nobody may be accused.",
		end: func(s *stage) {
			s.background(s.p.Background)
			s.others(80)
		},
	}
}
