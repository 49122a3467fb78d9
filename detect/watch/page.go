package watch

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strconv"
	"strings"
	"time"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"percent":   func(x float64) string { return strconv.FormatFloat(100*x, 'f', 1, 64) + " %" },
	"number":    number,
	"one":       func(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) },
	"thousands": Thousands,
	"strength":  func(a Alert) string { return strconv.FormatFloat(rank(&a), 'f', 1, 64) },
	"chance":    chance,
	"bytes":     func(n int64) string { return Thousands(int(n>>20)) + " MB" },
	"join":      strings.Join,
	"first":     func(n int, list []string) []string { return list[:min(n, len(list))] },
}).Parse(pageText))

// Thousands writes a number with commas.
func Thousands(n int) string {
	s := strconv.Itoa(n)
	for at := len(s) - 3; at > 0 && s[at-1] != '-'; at -= 3 {
		s = s[:at] + "," + s[at:]
	}
	return s
}

func number(x float64) string {
	if x != 0 && x < 0.01 {
		return strconv.FormatFloat(x, 'g', 2, 64)
	}
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(x, 'f', 2, 64), "0"), ".")
}

// chance says how seldom something is.
func chance(evidence float64) string {
	if evidence <= 1 {
		return "certain"
	}
	if evidence >= 1e9 {
		return "less than 1 in a thousand million"
	}
	return "1 in " + Thousands(int(evidence))
}

// pageAlerts is how many alerts the page shows in full.
const pageAlerts = 100

// WriteHTML writes the report as one page without scripts. Times are shown in zone.
func (r *Report) WriteHTML(w io.Writer, zone *time.Location, made time.Time) error {
	type row struct {
		Alert
		When, Until string
		Picture     template.HTML
	}
	var rows []row
	for _, a := range r.Alerts[:min(len(r.Alerts), pageAlerts)] {
		rows = append(rows, row{a, a.Time.In(zone).Format("Monday 2 January 2006, 15:04:05"), a.Until.In(zone).Format("2 January 2006, 15:04"), a.svg(zone)})
	}
	days := max(r.Counts.Days, 1)
	return page.Execute(w, map[string]any{
		"R": r, "Alerts": rows, "More": len(r.Alerts) - len(rows), "Made": made.In(zone).Format("2 January 2006, 15:04"),
		"First": r.First.In(zone).Format("2 January 2006"), "Last": r.Last.In(zone).Format("2 January 2006"),
		"PerDay": float64(r.Counts.Alerts) / float64(days),
		"Share":  1 - float64(r.Counts.Unexplained)/max(float64(r.Counts.FirstLooks), 1),
	})
}

// svg draws the login's days: bars are unexplained first looks, the line is what is
// usual for it.
func (a *Alert) svg(zone *time.Location) template.HTML {
	days := a.days
	if len(days) < 2 {
		return ""
	}
	from, to := days[0].at, days[len(days)-1].at
	if a.Time.Before(to) && a.Time.AddDate(0, 0, 30).Before(to) {
		to = a.Time.AddDate(0, 0, 30)
	}
	if start := a.Time.AddDate(0, 0, -60); from.Before(start) {
		from = start
	}
	most := 1.0
	for _, d := range days {
		if !d.at.Before(from) && !d.at.After(to) {
			most = max(most, float64(d.count), d.mean)
		}
	}
	const width, height, left, bottom = 900.0, 120.0, 40.0, 20.0
	span := max(to.Sub(from).Hours()/24+1, 2)
	x := func(t time.Time) float64 { return left + (width-left-10)*(t.Sub(from).Hours()/24)/span }
	y := func(v float64) float64 { return (height - bottom) * (1 - v/most*0.92) }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %.0f %.0f" role="img" aria-label="Unexplained first looks of the login by day, and what is usual">`, width, height)
	fmt.Fprintf(&b, `<line class="rule" x1="%.0f" x2="%.0f" y1="%.1f" y2="%.1f"/><text x="4" y="%.1f">%.0f</text><text x="4" y="%.1f">0</text>`, left, width, y(0), y(0), y(most)+4, most, y(0))
	bar := max(1.5, (width-left)/span*0.7)
	line := ""
	for _, d := range days {
		if d.at.Before(from) || d.at.After(to) {
			continue
		}
		class := "bar"
		if d.at.Format(time.DateOnly) == a.Time.In(d.at.Location()).Format(time.DateOnly) || !d.at.Before(a.From.AddDate(0, 0, -1)) && !d.at.After(a.Until) {
			class = "bar hot"
		}
		fmt.Fprintf(&b, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f"><title>%s: %d, usual %.1f</title></rect>`,
			class, x(d.at), y(float64(d.count)), bar, y(0)-y(float64(d.count)), d.at.In(zone).Format("2 Jan 2006"), d.count, d.mean)
		line += fmt.Sprintf("%.1f,%.1f ", x(d.at)+bar/2, y(d.mean))
	}
	fmt.Fprintf(&b, `<polyline class="usual" points="%s"/>`, line)
	fmt.Fprintf(&b, `<text x="%.0f" y="%.0f">%s</text><text text-anchor="end" x="%.0f" y="%.0f">%s</text></svg>`,
		left, height-4, from.In(zone).Format("2 Jan 2006"), width-4, height-4, to.In(zone).Format("2 Jan 2006"))
	return template.HTML(b.String())
}
