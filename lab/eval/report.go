package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
)

// sum is what came out of a task's runs.
type sum struct {
	task
	runs, first, named, wrong, inSet, setSize, sure, sureRight, framed int
	baseline, accused                                                  [4]int // count, fraction, binomial, guilt
	millis                                                             int64
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
- *contractor* is not in the table: a found file's canaries and pseudonyms name the copy (cmd/custody/testdata/script/lab.txtar plays it).
`

// severalText says whether all of several sources are found, one after another, each with
// a p of its own below 0.05.
func severalText(groups []outcomesOf) string {
	var b strings.Builder
	for i := range groups {
		for _, t := range tasks {
			runs, all, extra := 0, 0, 0
			for _, o := range groups[i].all {
				if o.Task != t.name() || o.Guilty < 2 {
					continue
				}
				runs++
				if o.Sources >= o.Guilty {
					all++
				}
				if o.Extra > 0 {
					extra++
				}
			}
			if runs > 0 {
				fmt.Fprintf(&b, "| %s, %d logins | %d | %s | %s |\n", t.name(), groups[i].p.Staff, runs, share(all, runs), share(extra, runs))
			}
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return "\n### Several sources\n\nSources are looked for one after another, each by what it explains beyond those before, while its own p is below 0.05:\n\n" +
		"| scenario | runs | all found | an innocent login or device among them |\n| --- | --- | --- | --- |\n" + b.String()
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
	if first < traceSeed {
		fmt.Fprintf(&b, "Seeds below %d are of scenarios that were not run again: they were run with former defaults (log-normal lags, and customers of ±2 days).\n", traceSeed)
	}
	b.WriteString(`
| scenario | runs | right first | named | wrongly | surer than 0.9: right | the truth in the 95 % set | its mean size | asked |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
`)
	framed := 0
	for _, s := range g.sums() {
		right := "–"
		if s.Guilty {
			right = share(s.first, s.runs)
		}
		framed += s.framed
		fmt.Fprintf(&b, "| %s | %d | %s | %d | %s | %d of %d | %d | %.1f | %s |\n", s.name(), s.runs, right, s.named, share(s.wrong, s.runs), s.sureRight, s.sure,
			s.inSet, float64(s.setSize)/float64(max(1, s.runs)), s.Bar)
	}
	fmt.Fprintf(&b, "\nIn frame-up the colleague's own device was named in %d runs.\n", framed)
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
	sure, right := 0, 0
	for _, o := range all {
		if o.Posterior >= 0.9 {
			sure++
			if o.Right {
				right++
			}
		}
	}
	fmt.Fprintf(&b, "\nAt 0.9 and above, all scenarios together: right in %d of %d runs, %s.\n", right, sure, share(right, sure))
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
