package accesslog

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// clockNames are headers of a time of day beside a column of days.
var clockNames = []string{"time", "timeofday", "accesstime", "logtime", "eventtime", "starttime", "viewtime", "calltime", "timeofcall", "hour", "uhrzeit", "zeit", "heure", "hora"}

// clockLayouts are how times of day are written beside a day.
var clockLayouts = []string{"15:04:05.999999999", "15:04", "3:04PM", "3:04:05PM", "15.04", "15.04.05"}

// timeOfDay reads a time of day: a spreadsheet keeps it as a part of a day.
func timeOfDay(v string) (time.Duration, bool) {
	if s, n := ofDay(v); n > 0 && n == len(v) {
		return time.Duration(s) * time.Second, true
	}
	if x, err := strconv.ParseFloat(v, 64); err == nil && x >= 0 && x < 1 && strings.ContainsAny(v, ".e") {
		return time.Duration(x*86400+0.5) * time.Second, true
	}
	if strings.ContainsAny(v, "aApP") {
		v = strings.ToUpper(noDots.Replace(v))
	}
	for _, l := range clockLayouts {
		if t, err := time.Parse(l, v); err == nil {
			return t.Sub(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)), true
		}
	}
	return 0, false
}

// findClock gives the column of times of day that belongs to a column of days: nearly all
// of its values are such. One whose header says so goes before others.
func findClock(header []string, sample [][]string, taken map[int]bool) (at int, ok bool) {
	var fits []int
	for at := range header {
		values, clocks := 0, 0
		for _, row := range sample {
			if taken[at] || at >= len(row) || strings.TrimSpace(row[at]) == "" {
				continue
			}
			values++
			if v := strings.TrimSpace(row[at]); strings.Trim(v, "0123456789") != "" {
				if _, ok := timeOfDay(v); ok {
					clocks++
				}
			}
		}
		if clocks > 0 && clocks*5 >= values*4 {
			fits = append(fits, at)
		}
	}
	if len(fits) == 0 {
		return 0, false
	}
	if i := slices.IndexFunc(fits, func(at int) bool { return slices.Contains(clockNames, plain(header[at])) }); i >= 0 {
		return fits[i], true
	}
	return fits[0], true
}

// at gives the moment of a day's noon, as a layout of days reads it, moved to a time of day.
func at(noon time.Time, day time.Duration, zone *time.Location) time.Time {
	l := noon.In(zone)
	y, m, d := l.Date()
	return once(time.Date(y, m, d, 0, 0, 0, int(day), zone)).UTC()
}
