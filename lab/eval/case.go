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
	Scenario string
	Device   bool // devices are ranked, not logins
	Guilty   bool // somebody of the log did it
	Bar      string
}

// tasks are grouped by what is ranked: those of one kind that add no looks share theirs.
var tasks = []task{
	{"light-user", false, true, "right first ≥ 95 %"},
	{"own-calls", false, true, "right first ≥ 95 %"},
	{"own-calls-21", false, true, ""},
	{"own-calls-0", false, true, ""},
	{"borrowed-login", true, true, "the device or login first"},
	{"borrowed-login", false, true, ""},
	{"after-hours", false, true, ""},
	{"photographer", false, true, ""},
	{"pair", false, true, "one of the two first"},
	{"heavy-role", false, true, "a set, not a name"},
	{"two-leakers", false, true, "both found, nobody else"},
	{"portal-leaver", false, true, ""},
	{"canary", false, true, ""},
	{"upstream", false, false, "named ≤ 1 %"},
	{"frame-up", true, true, "the insider's device, never the colleague's own"},
	{"frame-up", false, true, "a login at most: never a person"},
	{"null", false, false, "nobody named"},
}

func (t task) name() string {
	if t.Device {
		return t.Scenario + ", by device"
	}
	return t.Scenario
}

// outcome is what came out of tracing one task on one seed. It is written down line
// by line, so that an evaluation can be stopped, and the report made again.
type outcome struct {
	Task      string  `json:"task"`
	Seed      uint64  `json:"seed"`
	Right     bool    `json:"right"` // the best candidate is right
	Named     bool    `json:"named"`
	Posterior float64 `json:"posterior"` // of the best
	P         float64 `json:"p"`
	Elsewhere float64 `json:"elsewhere"`
	Set       int     `json:"set"`    // size of the 95 % set
	InSet     bool    `json:"in_set"` // the truth is in it; of leaks from elsewhere: it is empty
	Framed    bool    `json:"framed"` // the colleague's own device is named
	Leaked    int     `json:"leaked"` // complaints
	Others    int     `json:"others"`
	Sources   int     `json:"sources,omitempty"`  // found beside each other, guilty ones
	Extra     int     `json:"extra,omitempty"`    // found besides, innocent
	Possible  int     `json:"possible,omitempty"` // not found, but listed as possible: guilty
	Doubted   int     `json:"doubted,omitempty"`  // and innocent
	Guilty    int     `json:"guilty,omitempty"`   // how many there are
	Count     bool    `json:"count"`              // right first, by the baselines
	Fraction  bool    `json:"fraction"`
	Binomial  bool    `json:"binomial"`
	Guilt     bool    `json:"guilt"`
	Sure      [4]bool `json:"sure"` // whether count, fraction, binomial and guilt would have accused somebody wrongly
	Millis    int64   `json:"ms"`
}

// field is one seed's group with the looks that all its scenarios share.
type field struct {
	p        lab.Params
	ordinary []lab.Look
	extra    [][]lab.Look // by task
	runs     []*lab.Run
	shared   [2]*trace.Looks // by login, by device
	devices  map[int]trace.Candidate
}

// play plays all tasks' scenarios in one group.
func play(p lab.Params, seed uint64, list []task) (*field, error) {
	f := &field{p: p, extra: make([][]lab.Look, len(list)), devices: map[int]trace.Candidate{}}
	names := make([]string, len(list))
	for i, t := range list {
		names[i] = t.Scenario
	}
	var err error
	f.runs, err = lab.PlayAll(p, names, seed, func(day []lab.Look) error {
		f.ordinary = append(f.ordinary, day...)
		return nil
	}, func(i int, more []lab.Look) error {
		f.extra[i] = append(f.extra[i], more...)
		return nil
	})
	return f, err
}

// candidate numbers a look's login or device. Devices are numbered as they come: those
// that only insiders have are far apart in the laboratory, and candidates must be dense.
func (f *field) candidate(k *lab.Look, device bool) trace.Candidate {
	if !device {
		return trace.Candidate(k.Login)
	}
	c, known := f.devices[k.Device]
	if !known {
		c = trace.Candidate(len(f.devices))
		f.devices[k.Device] = c
	}
	return c
}

// looks gives the looks of a task.
func (f *field) looks(i int, device bool) (*trace.Looks, error) {
	kind := 0
	if device {
		kind = 1
	}
	if len(f.extra[i]) == 0 && f.shared[kind] != nil {
		return f.shared[kind], nil
	}
	l := trace.NewLooks(f.p.Start.AddDate(-1, 0, 0))
	for _, list := range [][]lab.Look{f.ordinary, f.extra[i]} {
		for n := range list {
			k := &list[n]
			if err := l.Add(f.candidate(k, device), custody.SubjectID(k.Subject), k.At.Add(time.Hour)); err != nil {
				return nil, err
			}
		}
	}
	for _, c := range f.runs[i].Canaries {
		l.Born(custody.SubjectID(c.Subject), c.Planted)
	}
	l.Freeze()
	if len(f.extra[i]) == 0 {
		f.shared[kind] = l
	}
	return l, nil
}

func complaints(run *lab.Run) (list []trace.Complaint) {
	for _, c := range run.Complaints {
		knew := trace.KnewNothing
		switch c.Knew {
		case "":
		case lab.CanaryCalled:
			knew = trace.KnewCanary
		default:
			knew = trace.KnewAccident
		}
		list = append(list, trace.Complaint{Subject: custody.SubjectID(c.Subject), Called: c.Called.Add(time.Hour), Knew: knew})
	}
	return list
}

// try traces one task.
func (f *field) try(i int, t task, seed uint64, redraws int) (*outcome, error) {
	run := f.runs[i]
	looks, err := f.looks(i, t.Device)
	if err != nil {
		return nil, err
	}
	group := func(c trace.Candidate) string {
		if int(c) >= len(run.Staff) {
			return "?"
		}
		return lab.BranchName(run.Staff[c].Branch)
	}
	o := trace.Options{Seed: seed, Redraws: redraws}
	if !t.Device {
		o.Group = group
	}
	start := time.Now()
	a, err := trace.Run(looks, complaints(run), o)
	if err != nil {
		return nil, fmt.Errorf("%s, seed %d: %w", t.name(), seed, err)
	}
	guilty := f.guilty(i, t)
	did := func(c trace.Candidate) bool { return slices.Contains(guilty, c) }
	out := judge(a, did)
	out.Task, out.Seed, out.Millis = t.name(), seed, time.Since(start).Milliseconds()
	for _, x := range a.Sources {
		switch innocent := !did(x.Candidate); {
		case x.Found() && innocent:
			out.Extra++
		case x.Found():
			out.Sources++
		case innocent:
			out.Doubted++
		default:
			out.Possible++
		}
	}
	out.Guilty = len(guilty)
	out.Leaked, out.Others = run.Truth.Leaked, run.Truth.Others
	if !t.Guilty {
		out.InSet = len(a.Set) == 0
	}
	if framed := slices.IndexFunc(run.Staff, func(p lab.Person) bool { return p.Login == run.Truth.Framed }); t.Device && framed >= 0 && run.Truth.Scenario == "frame-up" {
		out.Framed = a.Named.Login && a.Named.Candidate == f.devices[run.Staff[framed].Device] && !did(a.Named.Candidate)
	}
	return out, nil
}

// guilty are the logins under which, or the devices on which, data was taken.
func (f *field) guilty(i int, t task) (list []trace.Candidate) {
	truth := &f.runs[i].Truth
	switch {
	case !t.Guilty:
	case t.Device:
		for _, d := range truth.Devices {
			list = append(list, f.devices[d])
		}
	default:
		for n, p := range f.runs[i].Staff {
			if slices.Contains(truth.Logins, p.Login) {
				list = append(list, trace.Candidate(n))
			}
		}
	}
	return list
}

// judge compares the answer with the truth.
func judge(a *trace.Result, did func(trace.Candidate) bool) *outcome {
	best := a.Ranked[0]
	out := &outcome{Right: did(best.Candidate), Named: a.Named.Login, Posterior: best.Posterior, P: a.P, Elsewhere: a.Elsewhere,
		Set: len(a.Set), InSet: slices.ContainsFunc(a.Set, did)}
	top := func(score func(trace.Ranked) float64) (right bool, highest float64) {
		first := a.Ranked[0]
		for _, x := range a.Ranked[1:] {
			if score(x) > score(first) {
				first = x
			}
		}
		return did(first.Candidate), score(first)
	}
	var high [4]float64
	for i, b := range []struct {
		right *bool
		score func(trace.Ranked) float64
	}{
		{&out.Count, func(x trace.Ranked) float64 { return x.Count }}, {&out.Fraction, func(x trace.Ranked) float64 { return x.Fraction }},
		{&out.Binomial, func(x trace.Ranked) float64 { return -x.Binomial }}, {&out.Guilt, func(x trace.Ranked) float64 { return x.Guilt }},
	} {
		*b.right, high[i] = top(b.score)
	}
	// A simple way accuses when it is as sure as it can say: more than half of the
	// complainants seen; a p below 0.01 after Bonferroni; a guilt of 0.99.
	out.Sure = [4]bool{!out.Count && high[0] > 0.5, false, !out.Binomial && -high[2]*float64(len(a.Ranked)) < 0.01, !out.Guilt && high[3] >= 0.99}
	return out
}
