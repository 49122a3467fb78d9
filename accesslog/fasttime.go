package accesslog

import "time"

// clock turns times of day in a zone into moments, remembering days: most lines of a log
// are of a few of them.
type clock struct {
	zone *time.Location
	days [64]dayStart
	// twice counts times that the clock showed twice, when it was put back.
	twice int
}

// dayStart is where a day begins. A day on which the clock is changed is not even.
type dayStart struct {
	key   int32
	even  bool
	start int64 // Unix seconds
}

// moment gives the moment of a time in the clock's zone. The parts are in their bounds.
func (c *clock) moment(y, mo, d, s int) time.Time {
	key := int32(y*10000 + mo*100 + d)
	day := &c.days[uint32(mo*31+d)%uint32(len(c.days))]
	if day.key != key {
		start := time.Date(y, time.Month(mo), d, 0, 0, 0, 0, c.zone)
		_, before := start.Zone()
		_, after := start.Add(26 * time.Hour).Zone()
		*day = dayStart{key, before == after, start.Unix()}
	}
	if day.even {
		return time.Unix(day.start+int64(s), 0).UTC()
	}
	t := time.Date(y, time.Month(mo), d, 0, 0, s, 0, c.zone)
	first := once(t)
	if first != t || once(t.Add(time.Hour)) != t.Add(time.Hour) {
		c.twice++
	}
	return first.UTC()
}

// fast reads the forms that nearly all logs have, without a fraction; what it does not
// read is left to the layout.
func (l Layout) fast(v string, c *clock) (time.Time, bool) {
	var y, mo, d, rest int
	switch l.format {
	case "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", time.RFC3339Nano:
		if len(v) < 19 || v[4] != '-' || v[7] != '-' || v[10] != l.format[10] {
			return time.Time{}, false
		}
		y, mo, d, rest = two(v, 0)*100+two(v, 2), two(v, 5), two(v, 8), 11
	case "2/1/2006 15:04:05", "2/1/2006 15:04", "1/2/2006 15:04:05", "1/2/2006 15:04":
		if len(v) < 16 || v[2] != '/' || v[5] != '/' || v[10] != ' ' {
			return time.Time{}, false
		}
		y, mo, d, rest = two(v, 6)*100+two(v, 8), two(v, 3), two(v, 0), 11
		if l.swapped {
			mo, d = d, mo
		}
	default:
		return time.Time{}, false
	}
	seconds, n := ofDay(v[rest:])
	if n == 0 || y < firstYear || y > lastYear || mo < 1 || mo > 12 || d < 1 || d > 28 && d > monthDays(y, mo) {
		return time.Time{}, false
	}
	switch end := v[rest+n:]; {
	case l.zoned && end == "Z":
		return time.Date(y, time.Month(mo), d, 0, 0, seconds, 0, time.UTC), true
	case l.zoned || end != "" || (n == 8) != hasSeconds(l.format):
		return time.Time{}, false
	}
	return c.moment(y, mo, d, seconds), true
}

func hasSeconds(format string) bool { return format != "2/1/2006 15:04" && format != "1/2/2006 15:04" }

// ofDay reads 15:04 or 15:04:05 at the beginning of a text and says how long it is.
func ofDay(v string) (seconds, n int) {
	if len(v) < 5 || v[2] != ':' {
		return 0, 0
	}
	h, m := two(v, 0), two(v, 3)
	if h < 0 || h > 23 || m < 0 || m > 59 {
		return 0, 0
	}
	if len(v) < 8 || v[5] != ':' {
		return h*3600 + m*60, 5
	}
	s := two(v, 6)
	if s < 0 || s > 59 {
		return 0, 0
	}
	return h*3600 + m*60 + s, 8
}

// two reads two figures; far below zero if there are none.
func two(v string, at int) int {
	a, b := v[at]-'0', v[at+1]-'0'
	if a > 9 || b > 9 {
		return -10_000
	}
	return int(a)*10 + int(b)
}

func monthDays(y, mo int) int { return time.Date(y, time.Month(mo)+1, 0, 0, 0, 0, 0, time.UTC).Day() }
