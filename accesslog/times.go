package accesslog

import (
	"fmt"
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
	// swapped says that the month comes before the day, in figures.
	swapped bool
}

// String gives an example that people understand.
func (l Layout) String() string { return l.name }

// layouts are tried in this order. Day before month comes first: files are British
// unless a value shows otherwise.
var layouts = []Layout{
	{name: "2006-01-02T15:04:05Z", format: time.RFC3339Nano},
	{name: "2006-01-02 15:04:05Z", format: "2006-01-02 15:04:05.999999999Z07:00"},
	{name: "2006-01-02 15:04:05", format: "2006-01-02 15:04:05.999999999"},
	{name: "2006-01-02T15:04:05", format: "2006-01-02T15:04:05.999999999"},
	{name: "2006-01-02 15:04", format: "2006-01-02 15:04"},
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
	{name: "31 Dec 2006 15:04:05", format: "2 Jan 2006 15:04:05"},
	{name: "31 Dec 2006 15:04", format: "2 Jan 2006 15:04"},
	{name: "31 Dec 2006 3:04:05 PM", format: "2 Jan 2006 3:04:05 PM"},
	{name: "31 Dec 2006 3:04 PM", format: "2 Jan 2006 3:04 PM"},
	{name: "31-Dec-2006 15:04:05", format: "2/Jan/2006 15:04:05"},
	{name: "31-Dec-2006 15:04", format: "2/Jan/2006 15:04"},
	{name: "02/Jan/2006:15:04:05 -0700 (web server)", format: "02/Jan/2006:15:04:05 -0700"},
	{name: "2006-01-02, noon taken", format: "2006-01-02", dayNo: true},
	{name: "31/12/2006, noon taken", format: "2/1/2006", dayNo: true},
	{name: "12/31/2006 (month first), noon taken", format: "1/2/2006", dayNo: true, swapped: true},
	{name: "31 Dec 2006, noon taken", format: "2 Jan 2006", dayNo: true},
	{name: "seconds since 1970", unit: time.Second},
	{name: "milliseconds since 1970", unit: time.Millisecond},
}

// The years in which a time is believed.
const firstYear, lastYear = 1990, 2100

// parse reads one value.
func (l Layout) parse(v string, zone *time.Location) (time.Time, bool) {
	var t time.Time
	if l.format == "" {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return t, false
		}
		if l.unit == time.Second {
			t = time.Unix(n, 0)
		} else {
			t = time.UnixMilli(n)
		}
	} else {
		var err error
		if t, err = time.ParseInLocation(l.format, usual(v, l.format), zone); err != nil {
			return t, false
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

// usual puts a value into the form in which layouts are written: dots or dashes between
// figures of day, month and year, a comma before the time of day, and a.m. or pm in small
// letters come as well.
func usual(v, format string) string {
	if format[0] != '1' && format[0] != '2' || strings.HasPrefix(format, "2006") {
		return v
	}
	if len(v) > 10 {
		v = strings.Replace(v, ",", "", 1)
	}
	if strings.HasSuffix(format, "PM") {
		if at := strings.LastIndexAny(v, "0123456789"); at >= 0 {
			v = v[:at+1] + " " + strings.ToUpper(noDots.Replace(v[at+1:]))
		}
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

// looksLikeTime says whether nearly all values of a column can be read as times.
func looksLikeTime(sample [][]string, at int) bool {
	_, ok := findLayout(sample, at)
	return ok
}

// findLayout gives the layout that reads most of the values, at least four in five.
func findLayout(sample [][]string, at int) (best Layout, ok bool) {
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
	return best, most > 0 && most*5 >= values*4
}

// layout finds how the column writes times.
func (c *Column) layout(sample [][]string) error {
	if !c.Field.isTime() {
		return nil
	}
	l, ok := findLayout(sample, c.At)
	if !ok {
		return custody.E(custody.CodeInvalid, fmt.Sprintf("the values of column %q are not understood as times", c.Name),
			"times such as 2026-03-31 14:05:00, 31/03/2026 14:05, 2026-03-31T14:05:00Z and seconds since 1970 are")
	}
	c.Layout = l
	return nil
}
