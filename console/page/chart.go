package page

import (
	"fmt"
	"html/template"
	"math"
	"strings"
	"time"
)

// Charts are drawn on the server as SVG: they need no script, follow the page's colours
// through classes, print, and are read aloud by their label; the figures stand in a table
// or in titles beside them.

// Bar is one bar of a chart.
type Bar struct {
	Label string
	Title string
	Value int
	Here  bool // the one of now
	Quiet bool
}

// svg collects a drawing. Text is escaped; numbers are ours.
type svg struct{ strings.Builder }

func (s *svg) begin(class, label string, width, height float64) {
	fmt.Fprintf(s, `<svg class="chart %s" viewBox="0 0 %g %g" role="img" aria-label="%s">`, class, width, height, template.HTMLEscapeString(label))
}

func (s *svg) rect(class string, x, y, w, h float64, title string) {
	fmt.Fprintf(s, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="1.5"><title>%s</title></rect>`, class, x, y, w, h, template.HTMLEscapeString(title))
}

func (s *svg) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(s, `<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, class, x1, y1, x2, y2)
}

func (s *svg) text(class string, x, y float64, t string) {
	fmt.Fprintf(s, `<text class="%s" x="%.1f" y="%.1f">%s</text>`, class, x, y, template.HTMLEscapeString(t))
}

func (s *svg) dot(class string, x, y, r float64, title string) {
	fmt.Fprintf(s, `<circle class="%s" cx="%.1f" cy="%.1f" r="%.1f"><title>%s</title></circle>`, class, x, y, r, template.HTMLEscapeString(title))
}

func (s *svg) end() template.HTML {
	s.WriteString("</svg>")
	return template.HTML(s.String()) // numbers are ours, text was escaped
}

func most(bars []Bar) (top, sum int) {
	for _, b := range bars {
		top, sum = max(top, b.Value), sum+b.Value
	}
	return top, sum
}

// nice is the round number at or above a value: the top of an axis.
func nice(n int) int {
	if n < 5 {
		return 5
	}
	unit := math.Pow(10, math.Floor(math.Log10(float64(n))))
	for _, f := range []float64{1, 2, 2.5, 5, 10} {
		if v := int(f * unit); v >= n && float64(v) == f*unit {
			return v
		}
	}
	return n
}

// columns draws bars side by side over an axis, with the typical value of each if given.
func columns(class, label string, bars []Bar, typical []int, every int) template.HTML {
	const width, height, left, bottom, top = 720.0, 190.0, 44.0, 22.0, 10.0
	var s svg
	s.begin(class, label, width, height)
	highest, _ := most(bars)
	for _, t := range typical {
		highest = max(highest, t)
	}
	scale := nice(highest)
	y := func(v int) float64 { return height - bottom - float64(v)/float64(scale)*(height-bottom-top) }
	for _, v := range []int{0, scale / 2, scale} {
		s.line("rule", left, y(v), width, y(v))
		s.text("tick end", left-8, y(v)+4, Thousands(v))
	}
	step := (width - left) / float64(len(bars))
	for i, b := range bars {
		x := left + float64(i)*step
		kind := "bar"
		if b.Here {
			kind += " here"
		} else if b.Quiet {
			kind += " quiet"
		}
		if b.Value > 0 {
			s.rect(kind, x+step*.14, y(b.Value), step*.72, y(0)-y(b.Value), b.Title+": "+Thousands(b.Value))
		}
		if i < len(typical) {
			s.line("typical", x+step*.04, y(typical[i]), x+step*.96, y(typical[i]))
		}
		if i%every == 0 {
			s.text("tick mid", x+step/2, height-6, b.Label)
		}
	}
	return s.end()
}

// Hours draws the hours of a day.
func Hours(bars []Bar) template.HTML {
	_, sum := most(bars)
	return columns("hours", fmt.Sprintf("Disclosures by the hour of today, %s in all; the figures are in the table below", Thousands(sum)), bars, nil, 3)
}

// Days draws a person's days, with the middle of their colleagues'.
func Days(bars []Bar, typical []int) template.HTML {
	label := "Customers seen on each of the last 30 days"
	if len(typical) > 0 {
		label += ", with the middle of colleagues as a line"
	}
	return columns("days", label, bars, typical, 5)
}

// Rows draws bars below one another, as a list that reads without the drawing.
func Rows(bars []Bar) template.HTML {
	top, _ := most(bars)
	var b strings.Builder
	b.WriteString(`<ul class="meter-list">`)
	for _, r := range bars {
		part := 0.0
		if top > 0 {
			part = float64(r.Value) / float64(top) * 100
		}
		fmt.Fprintf(&b, `<li><span class="meter-name">%s</span><span class="meter-value">%s</span><svg class="meter" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect class="ground" width="100" height="4"/><rect class="bar" width="%.1f" height="4"/></svg></li>`,
			template.HTMLEscapeString(r.Label), Thousands(r.Value), part)
	}
	b.WriteString("</ul>")
	return template.HTML(b.String()) // text was escaped
}

// Timeline is who did something when.
type Timeline struct {
	From, To time.Time
	Lanes    []Lane
}

// Lane is one person's times.
type Lane struct {
	Name  string
	Times []time.Time
}

func (t Timeline) svg(zone *time.Location) template.HTML {
	if len(t.Lanes) == 0 {
		return ""
	}
	const width, left, right, lane, head = 900.0, 190.0, 12.0, 26.0, 26.0
	height := head + lane*float64(len(t.Lanes)) + 4
	var s svg
	s.begin("timeline", fmt.Sprintf("Looks of %s over time; the list below has each of them", counted(len(t.Lanes), "person", "people")), width, height)
	from, to := t.From, t.To
	if span := to.Sub(from); span < time.Hour {
		from, to = from.Add(-time.Hour/2), to.Add(time.Hour/2)
	} else {
		from = from.Add(-span / 50)
	}
	x := func(at time.Time) float64 {
		return left + float64(at.Sub(from))/float64(to.Sub(from))*(width-left-right)
	}
	for _, m := range marks(from.In(zone), to.In(zone)) {
		s.line("rule", x(m.at), head-6, x(m.at), height)
		s.text("tick mid", x(m.at), 14, m.label)
	}
	for i, l := range t.Lanes {
		y := head + lane*(float64(i)+.5)
		s.text("lane end", left-12, y+4.5, clip(l.Name, 24))
		s.line("rule soft", left, y, width-right, y)
		for _, at := range l.Times[:min(len(l.Times), 400)] {
			s.dot("dot", x(at), y, 4.5, l.Name+", "+at.In(zone).Format("2 Jan 2006, 15:04"))
		}
	}
	return s.end()
}

func clip(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

type mark struct {
	at    time.Time
	label string
}

// marks are round moments of a span, four to eight of them.
func marks(from, to time.Time) (list []mark) {
	span := to.Sub(from)
	day := time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, from.Location())
	switch {
	case span <= 36*time.Hour:
		hours := max(1, int(span.Hours()/5))
		for t := day; t.Before(to); t = t.Add(time.Duration(hours) * time.Hour) {
			if t.After(from) {
				list = append(list, mark{t, t.Format("15:04")})
			}
		}
	case span <= 70*24*time.Hour:
		days := max(1, int(span.Hours()/24/5))
		for t := day; t.Before(to); t = t.AddDate(0, 0, days) {
			if t.After(from) {
				list = append(list, mark{t, t.Format("2 Jan")})
			}
		}
	default:
		months := max(1, int(span.Hours()/24/30/5))
		for t := time.Date(from.Year(), from.Month(), 1, 0, 0, 0, 0, from.Location()); t.Before(to); t = t.AddDate(0, months, 0) {
			if t.After(from) {
				list = append(list, mark{t, t.Format("Jan 2006")})
			}
		}
	}
	return list
}

// Strip is one value among others.
type Strip struct {
	Values []int // ascending
	Mine   int
	Label  string
}

func (t Strip) svg() template.HTML {
	if len(t.Values) == 0 {
		return ""
	}
	const width, height, left, right = 720.0, 74.0, 16.0, 16.0
	var s svg
	s.begin("strip", fmt.Sprintf("%s: this person %s, colleagues from %s to %s", t.Label, Thousands(t.Mine), Thousands(t.Values[0]), Thousands(t.Values[len(t.Values)-1])), width, height)
	scale := nice(max(t.Mine, t.Values[len(t.Values)-1]))
	x := func(v int) float64 { return left + float64(v)/float64(scale)*(width-left-right) }
	s.line("rule", left, 44, width-right, 44)
	for _, v := range []int{0, scale / 2, scale} {
		s.text("tick mid", x(v), 68, Thousands(v))
	}
	q := func(part float64) int { return t.Values[int(part*float64(len(t.Values)-1))] }
	s.rect("middle", x(q(.25)), 34, max(2, x(q(.75))-x(q(.25))), 20, fmt.Sprintf("half of the colleagues: %s to %s", Thousands(q(.25)), Thousands(q(.75))))
	seen := map[int]int{}
	for _, v := range t.Values {
		at := int(x(v) / 5)
		if seen[at]++; seen[at] <= 3 {
			s.dot("other", x(v), 44-float64(seen[at]-1)*7, 3, "a colleague: "+Thousands(v))
		}
	}
	s.dot("mine", x(t.Mine), 44, 7, "this person: "+Thousands(t.Mine))
	anchor := "tick mid"
	if x(t.Mine) > width-90 {
		anchor = "tick end"
	} else if x(t.Mine) < 90 {
		anchor = "tick"
	}
	s.text(anchor+" strong", x(t.Mine), 18, "this person: "+Thousands(t.Mine))
	return s.end()
}
