package inquiry

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"percent":   func(x float64) string { return strconv.FormatFloat(100*x, 'f', 1, 64) + " %" },
	"few":       func(x float64) string { return strconv.FormatFloat(x, 'g', 3, 64) },
	"one":       func(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) },
	"thousands": Thousands,
	"add":       func(a, b int) int { return a + b },
}).Parse(pageText))

func itoa(n int) string { return strconv.Itoa(n) }

// Thousands writes a number with commas.
func Thousands(n int) string {
	s := strconv.Itoa(n)
	for at := len(s) - 3; at > 0 && s[at-1] != '-'; at -= 3 {
		s = s[:at] + "," + s[at:]
	}
	return s
}

// WriteHTML writes the answer as one page without scripts. Times are shown in zone.
func (a *Answer) WriteHTML(w io.Writer, zone *time.Location, made time.Time) error {
	day := func(t time.Time) string { return t.In(zone).Format("2 January 2006") }
	heading := "Whose looks explain these complaints?"
	if a.Found != nil {
		heading = "Who had the customers of this file?"
	}
	return page.Execute(w, map[string]any{
		"Heading": heading, "Minute": func(t time.Time) string { return t.In(zone).Format("2 January 2006, 15:04") },
		"A": a, "Picture": a.svg(zone), "First": day(a.First), "Last": day(a.Last), "Made": made.In(zone).Format("2 January 2006, 15:04"),
		"Legend": a.legend(), "Hand": a.hand(),
	})
}

// Geometry of the picture, in its own units.
const (
	left, right, top, line = 110, 890, 24, 16
)

// colours of the best candidates and of everybody else: told apart by colour-blind
// readers too, and by shape.
var colours = [pictureCandidates + 1]string{"#c2410c", "#1d4ed8", "#047857", "#7e22ce", "#94a3b8"}

// hand is what is ranked: logins or devices.
func (a *Answer) hand() string {
	if slices.ContainsFunc(a.Ranked, func(c Candidate) bool { return c.Kind == Device }) {
		return string(Device)
	}
	return string(Login)
}

type legendEntry struct{ Colour, Text string }

func (a *Answer) legend() []legendEntry {
	var list []legendEntry
	for i, c := range a.Ranked {
		if c.Kind.single() && len(list) < pictureCandidates {
			list = append(list, legendEntry{colours[len(list)], fmt.Sprintf("%d. %s", i+1, c.Name)})
		}
	}
	return append(list, legendEntry{colours[pictureCandidates], "other " + a.hand() + "s"})
}

// svg draws complainants against time: looks as dots, calls as crosses.
func (a *Answer) svg(zone *time.Location) template.HTML {
	if len(a.picture) == 0 {
		return ""
	}
	from, to := a.picture[0].Called, a.picture[0].Called
	for _, r := range a.picture {
		for _, d := range r.Looks {
			from, to = earlier(from, d.At), later(to, d.At)
		}
		from, to = earlier(from, r.Called), later(to, r.Called)
	}
	x := func(t time.Time) float64 {
		return left + (right-left)*float64(t.Sub(from))/max(1, float64(to.Sub(from)))
	}
	height := top + line*len(a.picture) + 30
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 900 %d" role="img" aria-label="Looks at each complainant over time, and the unwanted calls">`, height)
	for i, r := range a.picture {
		y := top + line*i
		fmt.Fprintf(&b, `<line class="rule" x1="%d" y1="%d" x2="%d" y2="%d"/><text class="ref" x="%d" y="%d">%s</text>`,
			left, y, right, y, left-8, y+4, template.HTMLEscapeString(short(r.Ref)))
		for _, d := range r.Looks {
			size := 4.0
			if d.Who == pictureCandidates {
				size = 2.5
			}
			fmt.Fprintf(&b, `<circle cx="%.1f" cy="%d" r="%.1f" fill="%s"><title>%s</title></circle>`, x(d.At), y, size, colours[d.Who], d.At.In(zone).Format("2 Jan 2006 15:04"))
		}
		cx := x(r.Called)
		fmt.Fprintf(&b, `<path class="call" d="M%.1f %dl8 8m0-8l-8 8"><title>called %s</title></path>`, cx-4, y-4, r.Called.In(zone).Format("2 Jan 2006 15:04"))
	}
	for i := range 5 {
		t := from.Add(time.Duration(float64(to.Sub(from)) * float64(i) / 4))
		anchor := [...]string{"start", "middle", "middle", "middle", "end"}[i]
		fmt.Fprintf(&b, `<text class="tick" text-anchor="%s" x="%.1f" y="%d">%s</text>`, anchor, x(t), height-6, t.In(zone).Format("2 Jan 2006"))
	}
	b.WriteString("</svg>")
	return template.HTML(b.String())
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// short fits a reference into the picture's margin.
func short(ref string) string {
	if r := []rune(ref); len(r) > 14 {
		return string(r[:13]) + "…"
	}
	return ref
}
