package accesslog

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"custody"
)

// Layout is how a column writes times.
type Layout struct {
	name   string
	format string        // as package time has it; empty for numbers
	unit   time.Duration // of numbers since 1970
	dayNo  bool          // the value has no time of day: noon is taken
	zoned  bool          // the value says its zone
	// swapped says that the month comes before the day, in figures.
	swapped bool
}

// String gives an example that people understand.
func (l Layout) String() string { return l.name }

// layouts are tried in this order. Day before month comes first: files are British
// unless a value shows otherwise.
var layouts = []Layout{
	{name: "2006-01-02T15:04:05Z", format: time.RFC3339Nano, zoned: true},
	{name: "2006-01-02 15:04:05Z", format: "2006-01-02 15:04:05.999999999Z07:00", zoned: true},
	{name: "2006-01-02 15:04:05", format: "2006-01-02 15:04:05.999999999"},
	{name: "2006-01-02T15:04:05", format: "2006-01-02T15:04:05.999999999"},
	{name: "2006-01-02 15:04", format: "2006-01-02 15:04"},
	{name: "2006-01-02T15:04", format: "2006-01-02T15:04"},
	{name: "2006-01-02 3:04:05 PM", format: "2006-01-02 3:04:05 PM"},
	{name: "2006-01-02 3:04 PM", format: "2006-01-02 3:04 PM"},
	{name: "2006/01/02 15:04:05", format: "2006/01/02 15:04:05"},
	{name: "2006/01/02 15:04", format: "2006/01/02 15:04"},
	{name: "20060102150405", format: "20060102150405"},
	{name: "20060102T150405", format: "20060102T150405"},
	{name: "31/12/2006 15:04:05", format: "2/1/2006 15:04:05"},
	{name: "31/12/2006 15:04", format: "2/1/2006 15:04"},
	{name: "31/12/2006 3:04:05 PM", format: "2/1/2006 3:04:05 PM"},
	{name: "31/12/2006 3:04 PM", format: "2/1/2006 3:04 PM"},
	{name: "31/12/06 15:04:05", format: "2/1/06 15:04:05"},
	{name: "31/12/06 15:04", format: "2/1/06 15:04"},
	{name: "12/31/2006 15:04:05 (month first)", format: "1/2/2006 15:04:05", swapped: true},
	{name: "12/31/2006 15:04 (month first)", format: "1/2/2006 15:04", swapped: true},
	{name: "12/31/2006 3:04:05 PM (month first)", format: "1/2/2006 3:04:05 PM", swapped: true},
	{name: "12/31/2006 3:04 PM (month first)", format: "1/2/2006 3:04 PM", swapped: true},
	{name: "12/31/06 15:04 (month first)", format: "1/2/06 15:04", swapped: true},
	{name: "31 Dec 2006 15:04:05", format: "2 Jan 2006 15:04:05"},
	{name: "31 Dec 2006 15:04", format: "2 Jan 2006 15:04"},
	{name: "31 Dec 2006 3:04:05 PM", format: "2 Jan 2006 3:04:05 PM"},
	{name: "31 Dec 2006 3:04 PM", format: "2 Jan 2006 3:04 PM"},
	{name: "31 Dec 2006 15:04:05 -0700", format: "2 Jan 2006 15:04:05 -0700", zoned: true},
	{name: "Dec 31 2006 15:04:05", format: "Jan 2 2006 15:04:05"},
	{name: "Dec 31 2006 15:04", format: "Jan 2 2006 15:04"},
	{name: "Dec 31 2006 3:04:05 PM", format: "Jan 2 2006 3:04:05 PM"},
	{name: "Dec 31 2006 3:04 PM", format: "Jan 2 2006 3:04 PM"},
	{name: "Dec 31 15:04:05 2006", format: "Jan 2 15:04:05 2006"},
	{name: "31-Dec-2006 15:04:05", format: "2/Jan/2006 15:04:05"},
	{name: "31-Dec-2006 15:04", format: "2/Jan/2006 15:04"},
	{name: "02/Jan/2006:15:04:05 -0700 (web server)", format: "02/Jan/2006:15:04:05 -0700", zoned: true},
	{name: "2006-01-02, noon taken", format: "2006-01-02", dayNo: true},
	{name: "2006/01/02, noon taken", format: "2006/01/02", dayNo: true},
	{name: "31/12/2006, noon taken", format: "2/1/2006", dayNo: true},
	{name: "31/12/06, noon taken", format: "2/1/06", dayNo: true},
	{name: "12/31/2006 (month first), noon taken", format: "1/2/2006", dayNo: true, swapped: true},
	{name: "31 Dec 2006, noon taken", format: "2 Jan 2006", dayNo: true},
	{name: "Dec 31 2006, noon taken", format: "Jan 2 2006", dayNo: true},
	{name: "31-Dec-2006, noon taken", format: "2/Jan/2006", dayNo: true},
	{name: "20060102, noon taken", format: "20060102", dayNo: true},
	{name: "seconds since 1970", unit: time.Second, zoned: true},
	{name: "milliseconds since 1970", unit: time.Millisecond, zoned: true},
	{name: "microseconds since 1970", unit: time.Microsecond, zoned: true},
	{name: "nanoseconds since 1970", unit: time.Nanosecond, zoned: true},
	{name: "days since 1900 (a spreadsheet's)", unit: 24 * time.Hour},
}

// The years in which a time is believed.
const firstYear, lastYear = 1990, 2100

// parse reads one value.
func (l Layout) parse(v string, zone *time.Location) (time.Time, bool) {
	var t time.Time
	if l.format == "" {
		var ok bool
		if t, ok = l.number(v, zone); !ok {
			return t, false
		}
	} else {
		var err error
		if t, err = time.ParseInLocation(l.format, usual(v, l.format), zone); err != nil {
			return t, false
		}
		if !l.zoned {
			t = once(t)
		}
	}
	if l.dayNo {
		t = t.Add(12 * time.Hour)
	}
	if y := t.Year(); y < firstYear || y > lastYear {
		return t, false
	}
	return t.UTC(), true
}

// once takes the first of two times that a clock shows alike when it is put back.
func once(t time.Time) time.Time {
	if o := t.Add(-time.Hour); o.Hour() == t.Hour() && o.Minute() == t.Minute() {
		return o
	}
	return t
}

// number reads a count of units, with a fraction or without.
func (l Layout) number(v string, zone *time.Location) (t time.Time, ok bool) {
	if l.unit < 24*time.Hour && strings.IndexByte(v, '.') < 0 {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 0 || n > int64(lastYear-1970)*366*86400*int64(time.Second/l.unit) {
			return t, false
		}
		per := int64(time.Second / l.unit)
		return time.Unix(n/per, n%per*int64(l.unit)), true
	}
	x, err := strconv.ParseFloat(strings.Replace(v, ",", ".", 1), 64)
	if err != nil || !(x > 0) || len(v) > 40 || x > float64(1<<62) {
		return t, false
	}
	if l.unit < 24*time.Hour {
		s := x / float64(time.Second/l.unit)
		if s > 1e10 {
			return t, false
		}
		return time.UnixMicro(int64(s * 1e6)), true
	}
	if x < 1 || x > 80_000 { // days are counted as if 1900 had a 29th of February
		return t, false
	}
	day, second := int(x), int(math.Round((x-math.Trunc(x))*86400))
	return once(time.Date(1899, 12, 30+day, 0, 0, second, 0, zone)), true
}

// usual puts a value into the form in which layouts are written: dots or dashes between
// figures of day, month and year, names of days, months in full or in another language,
// zones by name, and a.m. or pm in small letters come as well.
func usual(v, format string) string {
	if strings.Contains(format, "Jan") {
		v = months(v, strings.HasPrefix(format, "Jan"))
	}
	if strings.HasSuffix(format, "PM") {
		if at := strings.LastIndexAny(v, "0123456789"); at >= 0 {
			v = v[:at+1] + " " + strings.ToUpper(noDots.Replace(v[at+1:]))
		}
	}
	if strings.HasPrefix(format, "2006") {
		if strings.HasSuffix(format, "Z07:00") {
			return zones(v)
		}
		return v
	}
	if len(v) > 8 {
		v = strings.Replace(v, ",", "", 1)
	}
	if len(v) < 6 || v[2] != '.' && v[2] != '-' && v[1] != '.' && v[1] != '-' {
		return v
	}
	day, rest, _ := strings.Cut(v, " ")
	if rest != "" {
		rest = " " + rest
	}
	return slashes.Replace(day) + rest
}

var (
	noDots  = strings.NewReplacer(".", "", " ", "", "\u202f", "", "\u00a0", "")
	slashes = strings.NewReplacer(".", "/", "-", "/")
)

// other is the layout with day and month the other way round, if it has one.
func (l Layout) other() (Layout, bool) {
	from, to := "2/1/", "1/2/"
	if l.swapped {
		from, to = to, from
	}
	rest, ok := strings.CutPrefix(l.format, from)
	if !ok {
		return l, false
	}
	i := slices.IndexFunc(layouts, func(o Layout) bool { return o.format == to+rest })
	if i < 0 {
		return l, false
	}
	return layouts[i], true
}

// anyLayout gives a layout by which a value can be read.
func anyLayout(v string) (Layout, bool) {
	if len(v) < 6 || len(v) > 48 || !strings.ContainsAny(v, "0123456789") {
		return Layout{}, false
	}
	for _, l := range layouts {
		if _, ok := l.parse(v, time.UTC); ok {
			return l, true
		}
	}
	return Layout{}, false
}

// beside says whether a column of one layout may also hold values of another: the order
// of day and month must not be another one.
func (l Layout) beside(o Layout) bool {
	_, ordered := l.other()
	_, also := o.other()
	if also && (ordered || o.swapped) {
		return ordered && l.swapped == o.swapped
	}
	return true
}

// ParseTime reads one time as people write it, in a zone if it does not say its own; of a
// day alone its noon. Numbers are none.
func ParseTime(v string, zone *time.Location) (time.Time, bool) {
	v = strings.TrimSpace(v)
	l, ok := anyLayout(v)
	if !ok || l.format == "" {
		return time.Time{}, false
	}
	return l.parse(v, zone)
}

// Speaks says whether a header is a name of a field.
func (f Field) Speaks(header string) bool { return slices.Contains(names[f], plain(header)) }

// looksLikeTime says whether nearly all values of a column can be read as times.
func looksLikeTime(sample [][]string, at int) bool {
	_, ok := findLayout(sample, at)
	return ok
}

// findLayout gives the layout that reads most of the values; with those that may stand
// beside it at least four in five.
func findLayout(sample [][]string, at int) (best Layout, ok bool) {
	var values []string
	for _, row := range sample {
		if at < len(row) {
			if v := strings.TrimSpace(row[at]); v != "" {
				values = append(values, v)
			}
		}
	}
	most := 0
	for _, l := range layouts {
		n := 0
		for i, v := range values {
			if _, ok := l.parse(v, time.UTC); ok {
				n++
			} else if n == 0 && i > 40 {
				break
			}
		}
		if n > most {
			best, most = l, n
		}
	}
	if most == 0 || most*5 < len(values) {
		return best, false
	}
	for _, v := range values {
		if _, ok := best.parse(v, time.UTC); ok {
			continue
		}
		if l, ok := anyLayout(v); ok && best.beside(l) {
			most++
		}
	}
	return best, most*5 >= len(values)*4
}

// someTimes says whether a quarter of the values can be read as times, which is enough of
// a list whose header says that it holds times: people write "last Tuesday" as well.
func someTimes(sample [][]string, at int) (best Layout, ok bool) {
	most, values := 0, 0
	for _, row := range sample {
		if at < len(row) && strings.TrimSpace(row[at]) != "" {
			values++
		}
	}
	for _, l := range layouts {
		n := 0
		for _, row := range sample {
			if at < len(row) {
				if _, ok := l.parse(strings.TrimSpace(row[at]), time.UTC); ok {
					n++
				}
			}
		}
		if n > most {
			best, most = l, n
		}
	}
	return best, most > 0 && most*4 >= values
}

// layout finds how the column writes times.
func (c *Column) layout(sample [][]string) error {
	if !c.Field.isTime() {
		return nil
	}
	l, ok := findLayout(sample, c.At)
	if !ok && (c.Field == Called || c.Field == Received) {
		l, ok = someTimes(sample, c.At)
	}
	if !ok {
		return custody.E(custody.CodeInvalid, fmt.Sprintf("the values of column %q are not understood as times", c.Name),
			"times such as 2026-03-31 14:05:00, 31/03/2026 14:05, 2026-03-31T14:05:00Z and seconds since 1970 are")
	}
	c.Layout = l
	return nil
}

// turn takes the other order of day and month where values from further on show that it
// is meant.
func (c *Column) turn(later [][]string) {
	o, ok := c.Layout.other()
	if !ok {
		return
	}
	mine, others := 0, 0
	for _, row := range later {
		if c.At < len(row) {
			v := strings.TrimSpace(row[c.At])
			if _, ok := c.Layout.parse(v, time.UTC); ok {
				mine++
			}
			if _, ok := o.parse(v, time.UTC); ok {
				others++
			}
		}
	}
	if others > mine {
		c.Layout = o
	}
}
