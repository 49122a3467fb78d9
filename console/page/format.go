package page

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"
)

func funcs(zone *time.Location, now func() time.Time) template.FuncMap {
	local := func(t time.Time) time.Time { return t.In(zone) }
	return template.FuncMap{
		"asset":     func(name string) string { return links[name] },
		"thousands": func(n any) string { return thousandsOf(n) },
		"join":      func(list []string) string { return strings.Join(list, ", ") },
		"iso":       func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"at":        func(t time.Time) string { return local(t).Format("2 Jan 2006, 15:04") },
		"exact":     func(t time.Time) string { return local(t).Format("Monday 2 January 2006, 15:04:05 MST") },
		"date":      func(t time.Time) string { return local(t).Format("2 January 2006") },
		"lastday":   func(t time.Time) string { return local(t.Add(-time.Nanosecond)).Format("2 January 2006") }, // before a moment at which something is over
		"clock":     func(t time.Time) string { return local(t).Format("15:04") },
		"seconds":   func(t time.Time) string { return local(t).Format("15:04:05") },
		"moment":    func(t time.Time) string { return moment(local(t), local(now())) },
		"ago":       func(t time.Time) string { return ago(local(t), local(now())) },
		"duration":  Duration,
		"bytes":     sizeOf,
		"count":     func(n int, one, many string) string { return counted(n, one, many) },
		"initials":  initials,
		"hours":     Hours,
		"rows":      Rows,
		"days":      Days,
		"timeline":  func(t Timeline) template.HTML { return t.svg(zone) },
		"strip":     func(s Strip) template.HTML { return s.svg() },
		"args":      func(a ...any) []any { return a },
		"add":       func(a, b int) int { return a + b },
		"past":      func(t time.Time) bool { return !t.IsZero() && !t.After(now()) },
		"grantlist": func(grants any, end bool) map[string]any { return map[string]any{"Grants": grants, "MayEnd": end} },
		"percent":   func(p float64) float64 { return p * 100 },
	}
}

// Thousands writes a number with commas.
func Thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func thousandsOf(n any) string {
	switch n := n.(type) {
	case int:
		return Thousands(n)
	case int64:
		return Thousands(int(n))
	case uint64:
		return Thousands(int(n))
	case uint32:
		return Thousands(int(n))
	}
	return fmt.Sprint(n)
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Thousands(n) + " " + many
}

// ago says how long a moment lies back, as people say it; further back it is the time
// or the date.
func ago(t, now time.Time) string {
	switch d := now.Sub(t); {
	case d < 0:
		return t.Format("2 Jan 2006, 15:04")
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case t.Year() == now.Year() && t.YearDay() == now.YearDay():
		return "today, " + t.Format("15:04")
	case now.AddDate(0, 0, -1).Format(time.DateOnly) == t.Format(time.DateOnly):
		return "yesterday, " + t.Format("15:04")
	}
	return t.Format("2 Jan 2006, 15:04")
}

// moment is the time of day with seconds; before today with the day instead.
func moment(t, now time.Time) string {
	if t.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return t.Format("15:04:05")
	}
	return t.Format("2 Jan, 15:04")
}

// Duration writes a length of time in its largest units.
func Duration(d time.Duration) string {
	switch {
	case d < time.Second:
		return "under a second"
	case d < time.Minute:
		return counted(int(d.Seconds()), "second", "seconds")
	case d < time.Hour:
		return counted(int(d.Minutes()), "minute", "minutes")
	case d < 48*time.Hour:
		return counted(int(d.Hours()), "hour", "hours")
	}
	return counted(int(d.Hours()/24), "day", "days")
}

func sizeOf(n int64) string {
	for _, u := range []struct {
		size int64
		name string
	}{{1 << 30, "GB"}, {1 << 20, "MB"}, {1 << 10, "kB"}} {
		if n >= u.size {
			return fmt.Sprintf("%.1f %s", float64(n)/float64(u.size), u.name)
		}
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

// initials are of the first and the last name.
func initials(name string) string {
	words := strings.Fields(name)
	if len(words) == 0 {
		return "?"
	}
	first := []rune(words[0])[:1]
	if len(words) > 1 {
		first = append(first, []rune(words[len(words)-1])[0])
	}
	return strings.ToUpper(string(first))
}
