package lab

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// group is the state of a simulated group, day by day.
type group struct {
	p     Params
	seed  uint64
	staff []Person
	at    [][]int // staff of each branch
	jobs  []job
	open  []int   // all open jobs
	local [][]int // open jobs of each branch
}

// job is one repair, and its customer.
type job struct {
	branch int
	day    int
	closes int
	team   []int
}

// newGroup hires everybody.
func newGroup(p Params, seed uint64) *group {
	g := &group{p: p, seed: seed, at: make([][]int, p.Branches), local: make([][]int, p.Branches)}
	rng := random(seed, 1)
	device := 0
	for i := range p.Staff {
		person := Person{Login: fmt.Sprintf("%s.%s%d@group.example", given[rng.IntN(len(given))], family[rng.IntN(len(family))], i), Branch: -1, Evening: rng.IntN(5) == 0}
		switch {
		case i < p.Central:
			person.Share = p.CentralLeast + (p.CentralMost-p.CentralLeast)*rng.Float64()
		default:
			person.Branch = (i - p.Central) % p.Branches
			g.at[person.Branch] = append(g.at[person.Branch], i)
		}
		if mates := g.mates(person.Branch); len(mates) > 1 && rng.Float64() < p.SharedDesks {
			person.Device = g.staff[mates[len(mates)-2]].Device
		} else {
			device++
			person.Device = device
		}
		g.staff = append(g.staff, person)
	}
	return g
}

func (g *group) mates(branch int) []int {
	if branch < 0 {
		return nil
	}
	return g.at[branch]
}

var given = []string{"ada", "ben", "cleo", "dev", "erin", "finn", "gita", "hugo", "isla", "jon", "kim", "lena", "milo", "nia", "omar", "pia"}
var family = []string{"wren", "finch", "heron", "lark", "swift", "robin", "dunnock", "martin", "crake", "teal", "rook", "siskin"}

// day lives through one day: new jobs come, people look at them, old ones close.
func (g *group) day(d int) []Look {
	g.begin(d)
	var looks []Look
	rng := random(g.seed, 2, uint64(d))
	date := g.p.Start.AddDate(0, 0, d)
	weekend := date.Weekday() == time.Saturday || date.Weekday() == time.Sunday
	for who := range g.staff {
		if rng.Float64() < g.p.Absent || weekend && rng.Float64() < 0.9 {
			continue
		}
		looks = g.work(looks, rng, who, date)
	}
	byTime(looks)
	return looks
}

// begin opens the day's jobs and closes those that are done.
func (g *group) begin(d int) {
	rng := random(g.seed, 3, uint64(d))
	for range g.p.JobsPerDay {
		b := rng.IntN(g.p.Branches)
		j := job{branch: b, day: d, closes: d + 1 + int(rng.ExpFloat64()*(g.p.JobDays-1))}
		for range g.p.Team {
			j.team = append(j.team, g.at[b][rng.IntN(len(g.at[b]))])
		}
		for c := range g.p.Central {
			if rng.Float64() < g.staff[c].Share {
				j.team = append(j.team, c)
			}
		}
		n := len(g.jobs)
		g.jobs = append(g.jobs, j)
		g.open = append(g.open, n)
		g.local[b] = append(g.local[b], n)
		for _, who := range j.team {
			g.staff[who].own = append(g.staff[who].own, n)
		}
	}
	closed := func(n int) bool { return g.jobs[n].closes <= d }
	g.open = keep(g.open, closed)
	for b := range g.local {
		g.local[b] = keep(g.local[b], closed)
	}
	for i := range g.staff {
		g.staff[i].own = keep(g.staff[i].own, closed)
	}
}

func keep(list []int, gone func(int) bool) []int {
	n := 0
	for _, x := range list {
		if !gone(x) {
			list[n] = x
			n++
		}
	}
	return list[:n]
}

// work is one person's day.
func (g *group) work(looks []Look, rng *rand.Rand, who int, date time.Time) []Look {
	p := &g.staff[who]
	n := int(g.p.LooksPerDay*0.6 + rng.ExpFloat64()*g.p.LooksPerDay*0.4)
	for range n {
		subject, explained := g.choose(rng, who)
		if subject < 0 {
			continue
		}
		looks = append(looks, Look{At: g.moment(rng, p, date), Login: who, Device: p.Device, Subject: subject,
			Explained: explained && rng.Float64() >= g.p.Reasonless})
	}
	return looks
}

// choose picks a record as work brings them.
func (g *group) choose(rng *rand.Rand, who int) (subject int, explained bool) {
	p := &g.staff[who]
	x := rng.Float64()
	switch {
	case x < g.p.Wandering:
		return g.anyJob(rng), false
	case x < g.p.Wandering+g.p.Branchwide && p.Branch >= 0 && len(g.local[p.Branch]) > 0:
		return g.local[p.Branch][rng.IntN(len(g.local[p.Branch]))], true
	case len(p.own) > 0:
		return p.own[rng.IntN(len(p.own))], true
	}
	return -1, false
}

// anyJob is any job of the group.
func (g *group) anyJob(rng *rand.Rand) int { return rng.IntN(len(g.jobs)) }

// moment is a time within the person's shift, by a clock that may be wrong.
func (g *group) moment(rng *rand.Rand, p *Person, date time.Time) time.Time {
	start := 8 * time.Hour
	if p.Evening {
		start = 12 * time.Hour
	}
	skew := (rng.Float64()*2 - 1) * g.p.ClockSkew
	return date.Add(start + time.Duration(rng.Float64()*9*float64(time.Hour)) + time.Duration(skew*float64(time.Second))).Truncate(time.Second)
}
