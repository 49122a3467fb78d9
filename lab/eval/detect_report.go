package main

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"strings"

	"custody/lab"
)

// detectionRaw is where outcomes are kept, so that an interrupted run goes on.
const detectionRaw = "docs/evaluation-detection.jsonl"

// Marks between which detection writes in docs/evaluation.md.
const (
	beginDetection = "<!-- detection: written by make eval -->"
	endDetection   = "<!-- end of detection -->"
)

// detections runs what is not done yet and writes the result; dry prints it only.
func detections(from uint64, seeds int, only string, dry bool) error {
	done := map[string][]watchOutcome{}
	if !dry {
		list, err := readLines[watchOutcome](detectionRaw)
		if err != nil {
			return err
		}
		for _, o := range list {
			done[o.Task] = append(done[o.Task], o)
		}
	}
	p := lab.Defaults()
	for _, t := range watchTasks {
		if !wanted(t.scenario, only) {
			continue
		}
		for i := len(done[t.scenario]); i < cmp.Or(seeds, t.seeds); i++ {
			o, err := watched(p, t, from+uint64(i))
			if err != nil {
				return err
			}
			done[t.scenario] = append(done[t.scenario], *o)
			if dry {
				fmt.Printf("%+v\n", *o)
			} else if err := appendLine(detectionRaw, o); err != nil {
				return err
			}
		}
		fmt.Println(t.row(done[t.scenario]))
		if dry {
			fmt.Print(streamsText(done[t.scenario]))
		}
	}
	if dry {
		return nil
	}
	spent, err := spends(p, cmp.Or(from, firstSeed), seeds, only)
	if err != nil {
		return err
	}
	rows := budgetRows(spent)
	if err := os.WriteFile("docs/img/eval-budget.svg", []byte(budgetPlot(rows)), 0o644); err != nil {
		return err
	}
	return putBetween("docs/evaluation.md", beginDetection, endDetection, detectionText(done, p)+budgetText(rows))
}

// count says in how many runs something is so.
func count(list []watchOutcome, f func(*watchOutcome) bool) int {
	n := 0
	for i := range list {
		if f(&list[i]) {
			n++
		}
	}
	return n
}

// reached says whether a run reached the task's bar by what one set of detectors found.
func (t watchTask) reached(c *caught) bool {
	switch {
	case t.scenario == "after-hours":
		return c.Found && c.Hours <= 32.0/60
	case t.within > 0:
		return c.within(t.within)
	}
	return c.Found
}

// row is a task's line of the table.
func (t watchTask) row(list []watchOutcome) string {
	if len(list) == 0 {
		return ""
	}
	alerts, wrong, days, held := 0, 0, 0, 0
	for i := range list {
		alerts, wrong, days, held = alerts+list[i].Alerts, wrong+list[i].Wrong, days+list[i].Days, held+list[i].Held
	}
	cell := func(f func(*watchOutcome) *caught) string {
		if !t.guilty || f(&list[0]) == &list[0].NoPlace && t.within == 0 {
			return "–"
		}
		return share(count(list, func(o *watchOutcome) bool { return t.reached(f(o)) }), len(list))
	}
	delay := func(of func(*watchOutcome) *caught) string {
		return middle(list, func(o *watchOutcome) (float64, bool) { c := of(o); return float64(c.Looks), c.Found }) + " / " +
			middle(list, func(o *watchOutcome) (float64, bool) { c := of(o); return c.Hours, c.Found })
	}
	all := func(o *watchOutcome) *caught { return &o.All }
	slow := func(o *watchOutcome) *caught { return &o.Slow }
	return fmt.Sprintf("| %s | %d | %s | %s | %s | %s | %s | %s | %s | %.2f (%.2f) | %s |", t.scenario, len(list),
		cell(all), delay(all), cell(slow), delay(slow), cell(func(o *watchOutcome) *caught { return &o.NoPlace }),
		cell(func(o *watchOutcome) *caught { return &o.Simple }), cell(func(o *watchOutcome) *caught { return &o.Volume }),
		float64(alerts)/float64(days), float64(wrong)/float64(days), t.bar)
}

func detectionText(done map[string][]watchOutcome, p lab.Params) string {
	var b strings.Builder
	fmt.Fprintf(&b, `
## Detection

%d staff, %d of them central, in %d branches; seeds from %d on, while everything was tuned on seeds below 100. A run counts when an alert *within the
day's budget of five* lists at least one of the bad looks, in time for the bar (without a bar: at all). Working days are 09:00 to 18:00, Monday to Friday,
counted from the first bad look. Shares are with their 95 %% intervals (Wilson); delays are medians: bad looks until the alert, and hours on the clock.
Beside all detectors: the sequential test alone, and all of them on a log that knows no devices. Rules only: more than %d looks on a day, %d in
an hour or %d at night. Volume: the five highest z-scores of a login's looks are reviewed every day.

| scenario | runs | all detectors | looks / hours | sequential test alone | looks / hours | no devices in the log | rules only | volume z-score | alerts a day (about nothing) | asked |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
`, p.Staff, p.Central, p.Branches, firstSeed, ruleDay, ruleHour, ruleNight)
	for _, t := range watchTasks {
		if row := t.row(done[t.scenario]); row != "" {
			b.WriteString(row + "\n")
		}
	}
	b.WriteString("\nNobody in the simulated group ever changes device, so a new one has it easy to be noticed; in life devices change, the detector then asks for\n" +
		"more, and the columns of the sequential test and of the log without devices are the ones to go by.\n")
	b.WriteString(nullText(done["null"]))
	if list := done["pair"]; len(list) > 0 {
		fmt.Fprintf(&b, "\nIn *pair*, both logins were in alerts in %d of %d runs.\n", count(list, func(o *watchOutcome) bool { return o.Both }), len(list))
	}
	if list := done["own-calls"]; len(list) > 0 {
		n := count(list, func(o *watchOutcome) bool { return o.All.Found })
		fmt.Fprintf(&b, "\nIn *own-calls*, an alert that lists one of his looks came in %d of %d runs: nothing in them is out of place.\n", n, len(list))
	}
	return b.String()
}

// nullText says what chance does, detector by detector.
func nullText(list []watchOutcome) string {
	if len(list) == 0 {
		return ""
	}
	days, most := 0, 0.0
	byRule := map[string]int{}
	simple := 0
	for i := range list {
		days += list[i].Days
		most = max(most, float64(list[i].Alerts)/float64(list[i].Days))
		simple += list[i].Simples
		for r, n := range list[i].Rules {
			byRule[string(r)] += n
		}
	}
	var parts []string
	for _, r := range []string{"slow-exfiltration", "unexplained", "burst-and-spread", "shared-login", "enumeration", "export", "facts"} {
		parts = append(parts, fmt.Sprintf("%s %.2f", r, float64(byRule[r])/float64(days)))
	}
	text := fmt.Sprintf("\nIn *null*, %d runs of %d days of a thousand people on which nothing is wrong: %s alerts a day, at most %.2f in any run; by the detector that raised them first, a day: %s. The fixed rules raised %.2f.\n",
		len(list), list[0].Days, meanOf(list), most, strings.Join(parts, ", "), float64(simple)/float64(days))
	return text + streamsText(list)
}

// meanOf is the mean of alerts a day over runs, with its 95 % interval: Student's t, the
// runs being independent.
func meanOf(list []watchOutcome) string {
	var sum, squares float64
	n := float64(len(list))
	for i := range list {
		x := float64(list[i].Alerts) / float64(list[i].Days)
		sum, squares = sum+x, squares+x*x
	}
	mean := sum / n
	if n < 2 {
		return fmt.Sprintf("%.2f", mean)
	}
	half := student(len(list)-1) * math.Sqrt(max(0, squares-n*mean*mean)/(n-1)/n)
	return fmt.Sprintf("%.2f (%.2f–%.2f)", mean, mean-half, mean+half)
}

// student is the 97.5 % quantile of t with so many degrees of freedom, by the expansion of
// Cornish and Fisher (Abramowitz and Stegun 26.7.5); for nine or more it is right to 0.01.
func student(freedom int) float64 {
	const z = 1.959964
	v := float64(freedom)
	return z + (z*z*z+z)/(4*v) + (5*math.Pow(z, 5)+16*z*z*z+3*z)/(96*v*v)
}

// putBetween replaces what lies between two marks of a file, or adds it at its end.
func putBetween(path, begin, end, text string) error {
	old, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	before, rest, found := strings.Cut(string(old), begin)
	after := ""
	if found {
		_, after, _ = strings.Cut(rest, end)
		after = strings.TrimPrefix(after, "\n")
	} else if before != "" && !strings.HasSuffix(before, "\n\n") {
		before = strings.TrimRight(before, "\n") + "\n\n"
	}
	return os.WriteFile(path, []byte(before+begin+text+end+"\n"+after), 0o644)
}
