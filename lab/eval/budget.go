package main

import (
	"cmp"
	"fmt"
	"strings"

	"custody/detect"
	"custody/lab"
)

// budgetRaw is where outcomes by budget are kept.
const budgetRaw = "docs/evaluation-budget.jsonl"

// budgets are how many reviews a day are compared.
var budgets = [...]int{1, 2, 5, 10, 20}

// budgetSeeds is how many seeds the budgets are compared on.
const budgetSeeds = 5

// budgetDays leaves out what begins late: five sets of detectors would live through a
// hundred quiet days first.
const budgetDays = 60

// byBudget is what one budget gives.
type byBudget struct {
	Alerts int    `json:"alerts"`
	All    caught `json:"all"`
	Rules  caught `json:"rules_only"`
	Volume caught `json:"volume"`
}

// budgetOutcome is what came of one run at each budget.
type budgetOutcome struct {
	Task string                 `json:"task"`
	Seed uint64                 `json:"seed"`
	Days int                    `json:"days"`
	By   [len(budgets)]byBudget `json:"by"`
}

// spend plays a scenario before one set of detectors for each budget.
func spend(p lab.Params, t watchTask, seed uint64) (*budgetOutcome, error) {
	p.Days = t.days
	o := &budgetOutcome{Task: t.scenario, Seed: seed, Days: p.Days}
	tr, now := newTruth(), newCurrent()
	var list []*observer
	var bases []*baselines
	var simple [len(budgets)]watchOutcome
	for i, n := range budgets {
		by := &o.By[i]
		x := &observer{found: &by.All}
		policy := detect.DefaultPolicy()
		policy.Budget = float64(n)
		x.engine = now.engine(policy, func(a *detect.Alert) {
			if a.Revision == 0 {
				by.Alerts++
			}
			x.judge(tr, a)
		})
		list, bases = append(list, x), append(bases, newBaselines(p, tr, &simple[i], n, n))
	}
	err := now.play(p, t.scenario, seed, tr, list, bases, nil)
	for i := range budgets {
		o.By[i].Rules, o.By[i].Volume = simple[i].Simple, simple[i].Volume
	}
	return o, err
}

// spends runs what is not done yet.
func spends(p lab.Params, from uint64, seeds int, only string) ([]budgetOutcome, error) {
	list, err := readLines[budgetOutcome](budgetRaw)
	if err != nil {
		return nil, err
	}
	done := map[string]int{}
	for _, o := range list {
		done[o.Task]++
	}
	for i := range cmp.Or(seeds, budgetSeeds) { // a seed of all, then the next: stopped early, all have as many
		for _, t := range watchTasks {
			if !t.guilty || t.days > budgetDays || done[t.scenario] > i || !wanted(t.scenario, only) {
				continue
			}
			o, err := spend(p, t, from+uint64(i))
			if err != nil {
				return nil, err
			}
			if err := appendLine(budgetRaw, o); err != nil {
				return nil, err
			}
			list = append(list, *o)
		}
	}
	return list, nil
}

// inTime says whether a run reached the bar; where none is asked, one working day is.
func (t watchTask) inTime(c *caught) bool {
	if t.within == 0 && t.scenario != "after-hours" {
		return c.within(1)
	}
	return t.reached(c)
}

// ways are what is compared at each budget.
var ways = []struct {
	name string
	of   func(*byBudget) *caught
}{
	{"all detectors", func(b *byBudget) *caught { return &b.All }},
	{"rules only", func(b *byBudget) *caught { return &b.Rules }},
	{"volume z-score", func(b *byBudget) *caught { return &b.Volume }},
}

// budgetRow is a scenario's curve.
type budgetRow struct {
	task  watchTask
	runs  int
	alert [len(budgets)]float64 // a day
	found [3][len(budgets)]int  // in time, by way
	looks [len(budgets)]string  // median until the alert
}

func budgetRows(all []budgetOutcome) (rows []budgetRow) {
	for _, t := range watchTasks {
		r := budgetRow{task: t}
		days := 0
		var looks [len(budgets)][]float64
		for i := range all {
			o := &all[i]
			if o.Task != t.scenario {
				continue
			}
			r.runs++
			days += o.Days
			for k := range budgets {
				r.alert[k] += float64(o.By[k].Alerts)
				for w := range ways {
					if t.inTime(ways[w].of(&o.By[k])) {
						r.found[w][k]++
					}
				}
				if o.By[k].All.Found {
					looks[k] = append(looks[k], float64(o.By[k].All.Looks))
				}
			}
		}
		if r.runs == 0 {
			continue
		}
		for k := range budgets {
			r.alert[k] /= float64(days)
			r.looks[k] = median(looks[k])
		}
		rows = append(rows, r)
	}
	return rows
}

// budgetText is the table; the plot lies beside it.
func budgetText(rows []budgetRow) string {
	if len(rows) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(`
### Recall at the review budget

![Recall in time at 1, 2, 5, 10 and 20 reviews a day](img/eval-budget.svg)

Each budget is a setting of the detectors (` + "`detection: budget`" + `), which then ask for more or less before they speak; of the rules' alerts the first of a day are reviewed, of
the z-scores the highest. In percent of the runs, noticed in time: within the bar that is asked, without one within one working day. Cells: at 1 / 2 / 5 / 10 / 20 reviews a day;
alerts a day count those that are held back, too. Few runs: they show which way it goes, and no interval.

| scenario | runs | all detectors | bad looks until then | alerts a day | rules only | volume z-score |
| --- | --- | --- | --- | --- | --- | --- |
`)
	for _, r := range rows {
		cell := func(w int) string {
			var list []string
			for k := range budgets {
				list = append(list, fmt.Sprintf("%.0f", percentOf(r.found[w][k], r.runs)))
			}
			return strings.Join(list, " / ")
		}
		var alerts []string
		for k := range budgets {
			alerts = append(alerts, fmt.Sprintf("%.1f", r.alert[k]))
		}
		fmt.Fprintf(&b, "| %s | %d | %s | %s | %s | %s | %s |\n", r.task.scenario, r.runs, cell(0), strings.Join(r.looks[:], " / "), strings.Join(alerts, " / "), cell(1), cell(2))
	}
	return b.String()
}
