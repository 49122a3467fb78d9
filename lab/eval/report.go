package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"custody/lab"
)

// write puts the results into the document.
func write(path string, results []result, p lab.Params, seeds int) error {
	var b strings.Builder
	fmt.Fprintf(&b, `# Evaluation

`+"`make eval`"+` plays the laboratory's scenarios (lab/lab.yaml: %d staff, %d of them central, %d branches, %d jobs a day, %d days) on the seeds %d to
%d, traces each from its looks and complaints alone, and compares with the truth. Settings were tried on other seeds. %s.

## Tracing

| scenario | right first | named | wrongly | surer than 0.9: right | in the 95 %% set (mean size) | asked |
| --- | --- | --- | --- | --- | --- | --- |
`, p.Staff, p.Central, p.Branches, p.JobsPerDay, p.Days, firstSeed, firstSeed+seeds-1, machine())
	for _, r := range results {
		right := fmt.Sprintf("%d of %d", r.first, r.runs)
		if !r.guilty {
			right = "–"
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %d of %d | %d (%.1f) | %s |\n", r.name(), right, r.named, r.namedWrongly, r.sureRight, r.sure, r.inSet, float64(r.setSize)/float64(r.runs), r.bar)
	}
	b.WriteString(`
In scenarios in which nobody of the log did it, "in the set" counts the runs in which the set is empty: elsewhere.

### Beside simpler ways of counting: right first

| scenario | matched likelihood | count | fraction | binomial | guilt model |
| --- | --- | --- | --- | --- | --- |
`)
	for _, r := range results {
		if r.guilty {
			fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d |\n", r.name(), r.first, r.count, r.fraction, r.binomial, r.guilt)
		}
	}
	b.WriteString("\n### Calibration\n\nHow often the best candidate was right, by the probability that it was given, over all runs:\n\n| probability | runs | right |\n| --- | --- | --- |\n")
	for tenth := range 10 {
		n, right := 0, 0
		for _, r := range results {
			n += r.calibration[tenth][0]
			right += r.calibration[tenth][1]
		}
		if n > 0 {
			fmt.Fprintf(&b, "| %.1f to %.1f | %d | %d |\n", float64(tenth)/10, float64(tenth+1)/10, n, right)
		}
	}
	var took time.Duration
	runs := 0
	for _, r := range results {
		took += r.took
		runs += r.runs
	}
	fmt.Fprintf(&b, "\nA trace took %s on average, with 199 redraws.\n", (took / time.Duration(runs)).Round(10*time.Millisecond))
	return os.WriteFile(path, []byte(b.String()), 0o644)
}
