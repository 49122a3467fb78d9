package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// sum is what came out of a task's runs.
type sum struct {
	task
	runs, first, named, wrong, inSet, setSize, sure, sureRight, framed int
	baseline, accused                                                  [4]int // count, fraction, binomial, guilt
	millis                                                             int64
	posterior                                                          float64
}

func gather(t task, all []outcome) *sum {
	s := &sum{task: t}
	for i := range all {
		o := &all[i]
		if o.Task != t.name() {
			continue
		}
		s.runs++
		s.setSize += o.Set
		s.millis += o.Millis
		s.posterior += o.Posterior
		for _, x := range []struct {
			n  *int
			ok bool
		}{
			{&s.first, o.Right}, {&s.named, o.Named}, {&s.wrong, o.Named && !o.Right}, {&s.inSet, o.InSet}, {&s.sure, o.Posterior >= 0.9},
			{&s.sureRight, o.Posterior >= 0.9 && o.Right}, {&s.framed, o.Framed},
			{&s.baseline[0], o.Count}, {&s.baseline[1], o.Fraction}, {&s.baseline[2], o.Binomial}, {&s.baseline[3], o.Guilt},
			{&s.accused[0], o.Sure[0]}, {&s.accused[1], o.Sure[1]}, {&s.accused[2], o.Sure[2]}, {&s.accused[3], o.Sure[3]},
		} {
			if x.ok {
				*x.n++
			}
		}
	}
	return s
}

func (s *sum) line() string {
	return fmt.Sprintf("%-26s runs %d right first %d named %d wrongly %d sure %d/%d in set %d (mean size %.1f) | count %d fraction %d binomial %d guilt %d | %d ms a trace",
		s.name(), s.runs, s.first, s.named, s.wrong, s.sureRight, s.sure, s.inSet, float64(s.setSize)/float64(max(1, s.runs)),
		s.baseline[0], s.baseline[1], s.baseline[2], s.baseline[3], s.millis/int64(max(1, s.runs)))
}

// wilson is the 95 % interval of a share (E. B. Wilson, 1927), in percent.
func wilson(k, n int) (low, high float64) {
	if n == 0 {
		return 0, 100
	}
	const z = 1.959964
	p, m := float64(k)/float64(n), float64(n)
	middle := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return 100 * max(0, middle-half), 100 * min(1, middle+half)
}

// share writes a share with its interval.
func share(k, n int) string {
	low, high := wilson(k, n)
	return fmt.Sprintf("%.1f %% (%.1f–%.1f)", 100*float64(k)/float64(max(1, n)), low, high)
}

// Marks between which this program writes; the rest of the document is others'.
const (
	beginMark = "<!-- tracing: written by make eval -->"
	endMark   = "<!-- end of tracing -->"
)

// write puts the results into the document and the plots beside it.
func write(path, images string, groups []outcomesOf) error {
	if len(groups) == 0 {
		return nil
	}
	sums := groups[0].sums()
	var all []outcome
	for i := range groups {
		all = append(all, groups[i].all...)
	}
	for name, plot := range map[string]string{"eval-first.svg": bars(sums), "eval-calibration.svg": curve(all), "eval-accused.svg": accusations(sums)} {
		if err := os.WriteFile(filepath.Join(images, name), []byte(plot), 0o644); err != nil {
			return err
		}
	}
	text := beginMark + "\n" + chapter(groups, all) + endMark + "\n"
	old, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		old = []byte("# Evaluation\n\n")
	} else if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(old), beginMark)
	_, after, ended := strings.Cut(rest, endMark+"\n")
	if !ok || !ended { // there is no place yet: after the heading
		heading, others, _ := strings.Cut(string(old), "\n\n")
		before, after = heading+"\n\n", "\n"+others
	}
	return os.WriteFile(path, []byte(strings.TrimRight(before+text+after, "\n")+"\n"), 0o644)
}

// chapter is the text about tracing.
func chapter(groups []outcomesOf, all []outcome) string {
	var b strings.Builder
	fmt.Fprintf(&b, `## Tracing

`+"`make eval`"+` plays the laboratory's scenarios, traces each from its looks and complaints alone, and compares with the truth. Reporting seeds
begin at %d; every setting of the model was chosen on seeds below. Every outcome is a line of a file beside this one. Intervals are
Wilson's, 95 %%. %s.
`, traceSeed, machine())
	b.WriteString(barsText(all))
	for i := range groups {
		b.WriteString(table(&groups[i]))
	}
	b.WriteString("\nIn scenarios in which nobody of the log did it, \"in the set\" counts the runs in which the set is empty: elsewhere. " +
		"A person never is named: the answer says login or device.\n" + notes)
	b.WriteString(severalText(groups))
	b.WriteString(baselineText(groups[0].sums()))
	b.WriteString(calibrationText(all))
	millis := int64(0)
	for _, o := range all {
		millis += o.Millis
	}
	fmt.Fprintf(&b, "\nA trace took %d ms on average, with 199 redraws, on a machine that did other work as well.\n", millis/int64(max(1, len(all))))
	return b.String()
}

// notes explain what the tables show.
const notes = `
- *light-user*: repairers share jobs, so that a colleague may have seen as many complainants by chance. Failures on tuning seeds were looked at one by one: the colleague had seen
  as many as the right login, or one more. A reader who knows how the laboratory makes calls, but neither when the
  leak was nor how many complaints are of it, was right in 107 of 110 runs; models like this one in 105 to 108 of the same: what is missed is mostly not there to be
  read. No wrong login is named. The model was changed on 310 tuning seeds: a lag that is flat for a month (right first in 292 before and in 295 to 296 with
  such lags, sure in 201 and in 217 to 223), and customers of ±7 days in place of ±2. Other shapes of the lag, first and mean looks in
  place of the highest, wider windows and shrunken means were tried on some of these seeds and were not better.
- *borrowed-login* and *frame-up* by login: the login that was used comes first; within its branch the case is not stable, because its owner's work is
  mixed in, so it is not named. By device it is.
- *photographer*, *pair* and *portal-leaver*: nearly everything was taken, which looks alone tell poorly from a leak elsewhere; the case is strong, and mostly
  not named because it does not stay the same within the branch.
- *heavy-role*: one to five complaints cannot tell one central login from another, and the set says so.
- *contractor* is not in the table: there a file is found (below).
`

// barsText has what is asked of all runs together.
func barsText(all []outcome) string {
	var b strings.Builder
	b.WriteString("\n| of both groups together | runs | came out | asked |\n| --- | --- | --- | --- |\n")
	line := func(what, asked string, among, is func(*outcome) bool) {
		n, k := 0, 0
		for i := range all {
			if among(&all[i]) {
				n++
				if is(&all[i]) {
					k++
				}
			}
		}
		fmt.Fprintf(&b, "| %s | %d | %s | %s |\n", what, n, share(k, n), asked)
	}
	task := func(names ...string) func(*outcome) bool {
		return func(o *outcome) bool { return slices.Contains(names, o.Task) }
	}
	right := func(o *outcome) bool { return o.Right }
	wrongly := func(o *outcome) bool { return o.Named && !o.Right }
	line("all scenarios, the best is surer than 0.9: right", "≥ 99 %", func(o *outcome) bool { return o.Posterior >= 0.9 }, right)
	line("all scenarios, somebody is named: an innocent login or device", "", func(o *outcome) bool { return o.Named }, wrongly)
	line("light-user: right first", "≥ 95 %", task("light-user"), right)
	line("own-calls: right first", "≥ 95 %", task("own-calls"), right)
	line("upstream and null, where nobody did it: a login is named", "≤ 1 %", task("upstream", "null"), wrongly)
	line("frame-up: the colleague's own device is named", "never", task("frame-up, by device"), func(o *outcome) bool { return o.Framed })
	b.WriteString("\nIn frame-up the colleague's *login* was used, and may be named as a login. As a person nobody is named in any run: no answer of a trace has a word for it.\n")
	return b.String()
}

// severalText says whether all of several sources are found, and who else is.
func severalText(groups []outcomesOf) string {
	var b strings.Builder
	for i := range groups {
		for _, t := range tasks {
			var n [6]int // runs, all found, one at least, an innocent found, guilty possible, an innocent possible
			for _, o := range groups[i].all {
				if o.Task != t.name() || o.Guilty < 2 || t.Scenario != "pair" && t.Scenario != "two-leakers" {
					continue
				}
				for k, is := range []bool{true, o.Sources >= o.Guilty, o.Sources > 0, o.Extra > 0, o.Possible > 0, o.Doubted > 0} {
					if is {
						n[k]++
					}
				}
			}
			if n[0] > 0 {
				fmt.Fprintf(&b, "| %s, %d logins | %d | %s | %s | %s | %d | %d |\n", t.name(), groups[i].p.Staff, n[0], share(n[1], n[0]), share(n[2], n[0]), share(n[3], n[0]), n[4], n[5])
			}
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return `
### Several sources

Sources are looked for one after another, each by what it explains beyond those before, while its own p is below 0.05. Each is then judged beside all others: one of a
probability of 0.9 or more counts as found, others are listed as possible and as no ground for a suspicion. On tuning seeds p alone, whatever its threshold, let an innocent in
in 11 of 27 runs of *pair*; no innocent had more than 0.80 beside the others. The two of *pair* each took nearly everything, and complaints do not tell apart who had seen everybody: detection
finds both (below).

| scenario | runs | all found | one at least | an innocent found | a guilty one possible | an innocent possible |
| --- | --- | --- | --- | --- | --- | --- |
` + b.String()
}

// table is one group's.
func table(g *outcomesOf) string {
	seeds, p := map[uint64]bool{}, g.p
	first, last := uint64(math.MaxUint64), uint64(0)
	for _, o := range g.all {
		seeds[o.Seed] = true
		first, last = min(first, o.Seed), max(last, o.Seed)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `
### %d logins

%d of them central, in %d branches with %d new jobs a day over %d days; seeds %d to %d ([%s](%s)).
`, p.Staff, p.Central, p.Branches, p.JobsPerDay, p.Days, first, last, filepath.Base(g.raw), filepath.Base(g.raw))
	b.WriteString(`
| scenario | runs | right first | the best's mean probability | named | wrongly | surer than 0.9: right | the truth in the 95 % set | its mean size | asked |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
`)
	for _, s := range g.sums() {
		right := "–"
		if s.Guilty {
			right = share(s.first, s.runs)
		}
		fmt.Fprintf(&b, "| %s | %d | %s | %.2f | %d | %s | %d of %d | %d | %.1f | %s |\n", s.name(), s.runs, right, s.posterior/float64(s.runs), s.named, share(s.wrong, s.runs), s.sureRight, s.sure,
			s.inSet, float64(s.setSize)/float64(max(1, s.runs)), s.Bar)
	}
	return b.String()
}

func baselineText(sums []*sum) string {
	var b strings.Builder
	b.WriteString("\n### Beside simpler ways of counting\n\n![Right first, by way of counting](img/eval-first.svg)\n\n" +
		"Right first, in percent of the runs:\n\n| scenario | matched likelihood | count | fraction | binomial | guilt model |\n| --- | --- | --- | --- | --- | --- |\n")
	percent := func(k, n int) float64 { return 100 * float64(k) / float64(max(1, n)) }
	for _, s := range sums {
		if s.Guilty {
			fmt.Fprintf(&b, "| %s | %.0f | %.0f | %.0f | %.0f | %.0f |\n", s.name(), percent(s.first, s.runs), percent(s.baseline[0], s.runs), percent(s.baseline[1], s.runs), percent(s.baseline[2], s.runs), percent(s.baseline[3], s.runs))
		}
	}
	b.WriteString("\n![Innocent logins accused](img/eval-accused.svg)\n\nRuns, in percent, in which an innocent candidate would have been accused. A count accuses who saw more than half of the complainants, " +
		"the binomial test with p below 0.01 after correction for the number of candidates, the guilt model above 0.99:\n\n| scenario | naming rule | count | binomial | guilt model |\n| --- | --- | --- | --- | --- |\n")
	for _, s := range sums {
		fmt.Fprintf(&b, "| %s | %.1f | %.1f | %.1f | %.1f |\n", s.name(), percent(s.wrong, s.runs), percent(s.accused[0], s.runs), percent(s.accused[2], s.runs), percent(s.accused[3], s.runs))
	}
	return b.String()
}

func calibrationText(all []outcome) string {
	var b strings.Builder
	b.WriteString("\n### Calibration\n\n![How often the best candidate was right, by the probability it was given](img/eval-calibration.svg)\n\n| probability of the best | runs | right |\n| --- | --- | --- |\n")
	for _, c := range calibration(all) {
		if c.runs > 0 {
			fmt.Fprintf(&b, "| %.2f to %.2f | %d | %s |\n", c.from, c.to, c.runs, share(c.right, c.runs))
		}
	}
	b.WriteString("\nBy scenario, both groups: in how many of the runs in which the best candidate was given such a probability it was right.\n\n| scenario | below 0.5 | 0.5 to 0.9 | 0.9 and above |\n| --- | --- | --- | --- |\n")
	for _, t := range tasks {
		var runs, right [3]int
		for _, o := range all {
			if o.Task != t.name() {
				continue
			}
			k := 0
			if o.Posterior >= 0.9 {
				k = 2
			} else if o.Posterior >= 0.5 {
				k = 1
			}
			runs[k]++
			if o.Right {
				right[k]++
			}
		}
		fmt.Fprintf(&b, "| %s", t.name())
		for k := range runs {
			if runs[k] == 0 {
				b.WriteString(" | –")
			} else {
				fmt.Fprintf(&b, " | %d of %d", right[k], runs[k])
			}
		}
		b.WriteString(" |\n")
	}
	return b.String()
}

// bin is a range of probability with its runs.
type bin struct {
	from, to, mean float64
	runs, right    int
}

func calibration(all []outcome) []bin {
	bins := []bin{{to: 0.1}, {to: 0.25}, {to: 0.5}, {to: 0.75}, {to: 0.9}, {to: 0.99}, {to: 1.0001}}
	for i := 1; i < len(bins); i++ {
		bins[i].from = bins[i-1].to
	}
	for _, o := range all {
		for i := range bins {
			if b := &bins[i]; o.Posterior >= b.from && o.Posterior < b.to {
				b.runs++
				b.mean += o.Posterior
				if o.Right {
					b.right++
				}
			}
		}
	}
	for i := range bins {
		bins[i].mean /= float64(max(1, bins[i].runs))
	}
	return bins
}
