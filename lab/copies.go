package lab

import (
	"slices"
	"time"
)

// Copy is a copy of many customers' records that left the system as a file. Each copy
// has canaries and pseudonyms of its own, so that a file that turns up later says of
// which copy it is.
type Copy struct {
	Name     string
	Made     time.Time
	Subjects []int
	Canaries []int // planted customers that only this copy holds: their numbers, from CopyCanary
}

// CopyCanary begins the numbers of planted customers that only one copy holds.
const CopyCanary = 2_000_000

// canaryEvery is how many records of a copy come for each planted one.
const canaryEvery = 2000

// Found is a file that was found online: rows of one copy, in no order.
type Found struct {
	Copy     string
	At       time.Time // when it was found
	Subjects []int     // customers and canaries
}

// contractor: a processor's login exports everybody twice. Other processors have copies
// too, with leave. Parts of one copy are found online; nobody needs to complain.
func contractor() scenario {
	var who int
	return scenario{
		about: "A contractor's login copies 82,000 customers (or all there are) twice, without leave; parts of the second file are found online. Its canaries and pseudonyms name the copy.",
		begin: func(s *stage) {
			who = s.rng.IntN(s.p.Central)
			s.truth.Person = s.staff[who].Login
		},
		day: func(s *stage, d int, _ []Look) (list []Look) {
			switch d {
			case s.p.Days / 2, s.p.Days * 3 / 4:
				name := "contractor-1"
				if d > s.p.Days/2 {
					name = "contractor-2"
				}
				at := s.p.Start.AddDate(0, 0, d).Add(21 * time.Hour)
				for _, subject := range s.copy(name, at, 82_000) {
					list = append(list, s.take(Look{At: at, Login: who, Device: s.staff[who].Device, Subject: subject}))
				}
			case s.p.Days / 3:
				s.copy("print-shop", s.p.Start.AddDate(0, 0, d), 82_000)
			case s.p.Days * 2 / 3:
				s.copy("survey-bureau", s.p.Start.AddDate(0, 0, d), 20_000)
			}
			return list
		},
		end: func(s *stage) {
			leaked := s.copies[len(s.copies)-1]
			s.truth.Copy = leaked.Name
			rows := slices.Concat(leaked.Subjects, leaked.Canaries)
			s.found = &Found{Copy: leaked.Name, At: s.until()}
			for _, i := range s.rng.Perm(len(rows))[:len(rows)*2/3] {
				s.found.Subjects = append(s.found.Subjects, rows[i])
			}
			s.exactly(20)
			s.background(s.p.Background)
		},
	}
}

// copy makes a copy of at most so many of the customers of the day, and gives them.
func (s *stage) copy(name string, at time.Time, most int) []int {
	c := Copy{Name: name, Made: at}
	for n := max(0, len(s.jobs)-most); n < len(s.jobs); n++ {
		c.Subjects = append(c.Subjects, n)
	}
	for range 1 + len(c.Subjects)/canaryEvery {
		c.Canaries = append(c.Canaries, CopyCanary+s.planted)
		s.planted++
	}
	s.copies = append(s.copies, c)
	return c.Subjects
}

// portalLeaver: somebody who has left signs in at a processor's portal, whose passwords
// are weak, on a device that nobody knows, and exports what it holds.
func portalLeaver() scenario {
	var who, device int
	return scenario{
		about: "Somebody who left guesses a weak password of a processor's portal and exports all customers of ten branches in an hour of the night.",
		begin: func(s *stage) {
			who, device = s.someone(), s.newDevice()
			s.truth.Person = s.staff[who].Login
		},
		day: func(s *stage, d int, _ []Look) (list []Look) {
			if d != s.p.Days/2 {
				return nil
			}
			var mine []int
			for n, j := range s.jobs {
				if (j.branch-s.staff[who].Branch+s.p.Branches)%s.p.Branches < max(1, s.p.Branches/5) && j.day > d-60 {
					mine = append(mine, n)
				}
			}
			begin := s.p.Start.AddDate(0, 0, d).Add(23 * time.Hour)
			for i, n := range mine {
				at := begin.Add(time.Duration(i) * time.Hour / time.Duration(len(mine)))
				list = append(list, s.take(Look{At: at.Truncate(time.Second), Login: who, Device: device, Subject: n}))
			}
			return list
		},
		end: func(s *stage) {
			s.exactly(40)
			s.others(60)
		},
	}
}
