package main

import (
	"fmt"
	"strings"
)

// Colours that colour-blind readers can tell apart, on light and on dark ground.
var inks = []string{"#c2410c", "#1d4ed8", "#047857", "#7e22ce", "#64748b"}

const style = `<style>text{font:12px system-ui,sans-serif;fill:#475569}.rule{stroke:#cbd5e1}</style>`

func svg(width, height int, title, inside string) string {
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="%s"><rect width="100%%" height="100%%" fill="#fff"/>%s%s</svg>`+"\n", width, height, title, style, inside)
}

// rows draws groups of bars, in percent, one group a scenario.
func rows(title string, labels []string, ways []string, value func(row, way int) float64) string {
	const left, width, bar = 190, 520, 9
	var b strings.Builder
	at := left
	for i, w := range ways {
		fmt.Fprintf(&b, `<rect x="%d" y="8" width="10" height="10" fill="%s"/><text x="%d" y="17">%s</text>`, at, inks[i], at+15, w)
		at += 35 + 7*len(w)
	}
	y := 34
	for _, mark := range []int{0, 25, 50, 75, 100} {
		x := left + mark*width/100
		fmt.Fprintf(&b, `<line class="rule" x1="%d" x2="%d" y1="26" y2="%d"/><text x="%d" y="%d" text-anchor="middle">%d %%</text>`, x, x, y+len(labels)*(len(ways)*bar+10), x, y+len(labels)*(len(ways)*bar+10)+14, mark)
	}
	for r, label := range labels {
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text>`, left-8, y+len(ways)*bar/2+4, label)
		for w := range ways {
			fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"><title>%s, %s: %.1f %%</title></rect>`, left, y, max(0.5, value(r, w)*width/100), bar-1, inks[w], label, ways[w], value(r, w))
			y += bar
		}
		y += 10
	}
	return svg(left+width+110, y+24, title, b.String())
}

func percentOf(k, n int) float64 { return 100 * float64(k) / float64(max(1, n)) }

// bars shows who was right first.
func bars(sums []*sum) string {
	var labels []string
	var guilty []*sum
	for _, s := range sums {
		if s.Guilty {
			labels, guilty = append(labels, s.name()), append(guilty, s)
		}
	}
	return rows("Right first, by scenario and way of counting", labels, []string{"matched likelihood", "count", "fraction", "binomial", "guilt model"}, func(r, w int) float64 {
		s := guilty[r]
		if w == 0 {
			return percentOf(s.first, s.runs)
		}
		return percentOf(s.baseline[w-1], s.runs)
	})
}

// accusations shows who would have accused an innocent candidate.
func accusations(sums []*sum) string {
	var labels []string
	for _, s := range sums {
		labels = append(labels, s.name())
	}
	return rows("Innocent candidates accused, by scenario and way of counting", labels, []string{"naming rule", "count", "binomial", "guilt model"}, func(r, w int) float64 {
		s := sums[r]
		return percentOf([]int{s.wrong, s.accused[0], s.accused[2], s.accused[3]}[w], s.runs)
	})
}

// curve shows how often the best candidate was right, by its probability.
func curve(all []outcome) string {
	const left, top, size = 60, 16, 360
	var b strings.Builder
	x := func(p float64) float64 { return left + p*size }
	y := func(p float64) float64 { return top + (1-p)*size }
	for _, mark := range []float64{0, 0.25, 0.5, 0.75, 1} {
		fmt.Fprintf(&b, `<line class="rule" x1="%[1]d" x2="%.0[2]f" y1="%.0[3]f" y2="%.0[3]f"/><text x="%[4]d" y="%.0[5]f" text-anchor="end">%.0[6]f %%</text>`, left, x(1), y(mark), left-6, y(mark)+4, 100*mark)
		fmt.Fprintf(&b, `<text x="%.0f" y="%.0f" text-anchor="middle">%.2f</text>`, x(mark), y(0)+18, mark)
	}
	fmt.Fprintf(&b, `<line x1="%.0f" y1="%.0f" x2="%.0f" y2="%.0f" stroke="%s" stroke-dasharray="4 4"/>`, x(0), y(0), x(1), y(1), inks[4])
	for _, c := range calibration(all) {
		if c.runs == 0 {
			continue
		}
		low, high := wilson(c.right, c.runs)
		right := float64(c.right) / float64(c.runs)
		fmt.Fprintf(&b, `<line x1="%.1[1]f" x2="%.1[1]f" y1="%.1[2]f" y2="%.1[3]f" stroke="%[4]s" stroke-width="2"/><circle cx="%.1[1]f" cy="%.1[5]f" r="5" fill="%[4]s"><title>%[6]d runs, right in %.1[7]f %%</title></circle>`,
			x(c.mean), y(low/100), y(high/100), inks[0], y(right), c.runs, 100*right)
	}
	fmt.Fprintf(&b, `<text x="%.0f" y="%.0f" text-anchor="middle">probability that the best candidate was given</text>`, x(0.5), y(0)+38)
	return svg(left+size+40, top+size+52, "How often the best candidate was right, by the probability that it was given", b.String())
}

// budgetPlot draws a small curve for each scenario: recall in time by reviews a day.
func budgetPlot(list []budgetRow) string {
	const across, wide, high, gap, left, top = 3, 200, 110, 56, 48, 60
	var b strings.Builder
	at := left
	for w := range ways {
		fmt.Fprintf(&b, `<line x1="%d" x2="%d" y1="16" y2="16" stroke="%s" stroke-width="3"/><text x="%d" y="20">%s</text>`, at, at+18, inks[w], at+24, ways[w].name)
		at += 60 + 7*len(ways[w].name)
	}
	for i, r := range list {
		x0, y0 := left+i%across*(wide+gap), top+i/across*(high+gap)
		x := func(k int) float64 { return float64(x0) + float64(k)*wide/float64(len(budgets)-1) }
		y := func(share float64) float64 { return float64(y0) + (1-share)*high }
		fmt.Fprintf(&b, `<text x="%d" y="%d" font-weight="600">%s</text>`, x0, y0-10, r.task.scenario)
		for _, mark := range []float64{0, 0.5, 1} {
			fmt.Fprintf(&b, `<line class="rule" x1="%d" x2="%d" y1="%.0[3]f" y2="%.0[3]f"/><text x="%[4]d" y="%.0[5]f" text-anchor="end">%.0[6]f %%</text>`, x0, x0+wide, y(mark), x0-5, y(mark)+4, 100*mark)
		}
		for k, n := range budgets {
			fmt.Fprintf(&b, `<text x="%.0f" y="%d" text-anchor="middle">%d</text>`, x(k), y0+high+16, n)
		}
		for w := len(ways) - 1; w >= 0; w-- { // ours last, above the others
			var points []string
			for k := range budgets {
				points = append(points, fmt.Sprintf("%.1f,%.1f", x(k), y(percentOf(r.found[w][k], r.runs)/100)))
			}
			fmt.Fprintf(&b, `<polyline fill="none" stroke="%s" stroke-width="2.5" points="%s"><title>%s, %s</title></polyline>`, inks[w], strings.Join(points, " "), r.task.scenario, ways[w].name)
		}
	}
	rows := (len(list) + across - 1) / across
	return svg(left+across*(wide+gap), top+rows*(high+gap), "Recall in time by reviews a day, by scenario", b.String())
}
