package main

import (
	"fmt"
	"slices"
	"time"

	"custody"
	"custody/lab"
	"custody/trace"
)

// task is a scenario as it is traced.
type task struct {
	scenario string
	device   bool // devices are ranked, not logins
	guilty   bool // somebody of the log did it
	bar      string
}

var cases = []task{
	{"light-user", false, true, "right first ≥ 95 %"},
	{"own-calls", false, true, "right first ≥ 95 %"},
	{"own-calls-21", false, true, ""},
	{"own-calls-0", false, true, ""},
	{"borrowed-login", true, true, ""},
	{"borrowed-login", false, true, ""},
	{"photographer", false, true, ""},
	{"pair", false, true, ""},
	{"heavy-role", false, true, "a set, not a name"},
	{"upstream", false, false, "named ≤ 1 %"},
	{"frame-up", true, true, "the colleague's own device never named"},
	{"null", false, false, "nobody named"},
}

// result counts what came out of a task's runs.
type result struct {
	task
	runs, first, named, namedWrongly, inSet, setSize int
	sure, sureRight                                  int
	count, fraction, binomial, guilt                 int // right first, by the baselines
	took                                             time.Duration
	calibration                                      [10][2]int // by tenth of posterior: runs, right
}

// run plays and traces one seed.
func (r *result) run(p lab.Params, seed uint64) error {
	looks := trace.NewLooks(p.Start.AddDate(-1, 0, 0))
	numbers := map[int]trace.Candidate{}
	var names []int
	number := func(x int) trace.Candidate {
		c, ok := numbers[x]
		if !ok {
			c = trace.Candidate(len(names))
			numbers[x] = c
			names = append(names, x)
		}
		return c
	}
	run, err := lab.Play(p, r.scenario, seed, func(day []lab.Look) error {
		for _, l := range day {
			who := l.Login
			if r.device {
				who = l.Device
			}
			if err := looks.Add(number(who), custody.SubjectID(l.Subject), l.At.Add(time.Hour)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	looks.Freeze()
	var complaints []trace.Complaint
	for _, c := range run.Complaints {
		knew := trace.KnewNothing
		if c.Knew != "" {
			knew = trace.KnewAccident
		}
		complaints = append(complaints, trace.Complaint{Subject: custody.SubjectID(c.Subject), Called: c.Called.Add(time.Hour), Knew: knew})
	}
	start := time.Now()
	answer, err := trace.Run(looks, complaints, trace.Options{Seed: seed, Redraws: 199})
	if err != nil {
		return fmt.Errorf("%s, seed %d: %w", r.scenario, seed, err)
	}
	r.took += time.Since(start)
	r.judge(answer, func(c trace.Candidate) bool { return r.did(run, names[c]) })
	return nil
}

// did says whether a login or a device is one under or on which data was taken.
func (r *result) did(run *lab.Run, who int) bool {
	if !r.guilty {
		return false
	}
	if r.device {
		return slices.Contains(run.Truth.Devices, who)
	}
	return slices.Contains(run.Truth.Logins, run.Staff[who].Login)
}

// judge compares the answer with the truth.
func (r *result) judge(a *trace.Result, did func(trace.Candidate) bool) {
	r.runs++
	best := a.Ranked[0]
	right := did(best.Candidate)
	if right {
		r.first++
	}
	if a.Named.Login {
		r.named++
		if !right {
			r.namedWrongly++
		}
	}
	if best.Posterior >= 0.9 {
		r.sure++
		if right {
			r.sureRight++
		}
	}
	if slices.ContainsFunc(a.Set, did) || !r.guilty && len(a.Set) == 0 {
		r.inSet++
	}
	r.setSize += len(a.Set)
	tenth := min(int(best.Posterior*10), 9)
	r.calibration[tenth][0]++
	if right {
		r.calibration[tenth][1]++
	}
	top := func(score func(trace.Ranked) float64) bool {
		return did(slices.MaxFunc(a.Ranked, func(x, y trace.Ranked) int {
			switch d := score(x) - score(y); {
			case d < 0:
				return -1
			case d > 0:
				return 1
			}
			return 0
		}).Candidate)
	}
	for _, b := range []struct {
		n     *int
		score func(trace.Ranked) float64
	}{
		{&r.count, func(x trace.Ranked) float64 { return x.Count }}, {&r.fraction, func(x trace.Ranked) float64 { return x.Fraction }},
		{&r.binomial, func(x trace.Ranked) float64 { return -x.Binomial }}, {&r.guilt, func(x trace.Ranked) float64 { return x.Guilt }},
	} {
		if top(b.score) {
			*b.n++
		}
	}
}

func (r *result) name() string {
	if r.device {
		return r.scenario + ", by device"
	}
	return r.scenario
}

func (r *result) line() string {
	return fmt.Sprintf("%-26s runs %d right first %d named %d wrongly %d sure %d/%d in set %d (mean size %.1f) | count %d fraction %d binomial %d guilt %d | %s a trace",
		r.name(), r.runs, r.first, r.named, r.namedWrongly, r.sureRight, r.sure, r.inSet, float64(r.setSize)/float64(r.runs),
		r.count, r.fraction, r.binomial, r.guilt, (r.took / time.Duration(r.runs)).Round(10*time.Millisecond))
}
