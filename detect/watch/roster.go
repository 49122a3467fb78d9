package watch

import (
	"cmp"
	"io"
	"slices"
	"strings"
	"time"

	"custody"
	"custody/accesslog"
)

// roster says who works when, and who has left.
type roster struct {
	shifts map[uint32][]shift // by login, by beginning
	daily  map[uint32][2]int  // minutes of the day
	left   map[uint32]time.Time
}

type shift struct{ from, until int64 } // Unix seconds

// grace is how long before and after a shift a look is still within it.
const grace = 30 * time.Minute

// columns of a roster, by the headers that they may have.
var rosterNames = map[string][]string{
	"start": {"start", "from", "begin", "shift_start", "starts", "on"},
	"end":   {"end", "until", "to", "finish", "shift_end", "ends", "off"},
	"date":  {"date", "day"},
	"left":  {"left", "leaving_date", "left_on", "leaver", "end_date", "employment_end"},
}

// Shifts reads a roster: a login with start and end, as dates with times, as times of
// day beside a date, or as times of every day; and the date on which somebody left.
func (w *Watch) Shifts(file string, r io.Reader, said map[accesslog.Field]string) error {
	if w.roster == nil {
		w.roster = &roster{shifts: map[uint32][]shift{}, daily: map[uint32][2]int{}, left: map[uint32]time.Time{}}
	}
	at := map[string]int{}
	var lines []string
	bad := 0
	note := w.badIn(file)
	report, err := accesslog.Read(r, accesslog.Options{
		Wanted: []accesslog.Field{accesslog.Login}, Needed: []accesslog.Field{accesslog.Login}, Said: said, Zone: w.Zone, Bad: note,
		Header: func(h []string) { at, lines = rosterColumns(h) },
	}, func(row *accesslog.Row) error {
		if why := w.roster.take(w.logins.of(row.Get(accesslog.Login)), row.Fields, at, w.Zone); why != "" {
			bad++
			note(accesslog.Bad{Line: row.Line, Reason: why})
		}
		return nil
	})
	if err != nil {
		return in(file, err)
	}
	if len(at) == 0 {
		return in(file, custody.E(custody.CodeInvalid, "no column says when anybody works", "name columns start and end (and date), or left"))
	}
	for _, list := range w.roster.shifts {
		slices.SortFunc(list, func(a, b shift) int { return cmp.Compare(a.from, b.from) })
	}
	w.others = append(w.others, Read{file, "shifts", report.Rows - bad, report.BadLines + bad, append(report.Lines(w.hidden()...), lines...)})
	return nil
}

func rosterColumns(header []string) (at map[string]int, lines []string) {
	at = map[string]int{}
	for _, what := range []string{"start", "end", "date", "left"} {
		for i, h := range header {
			if _, there := at[what]; !there && slices.Contains(rosterNames[what], strings.ToLower(strings.ReplaceAll(strings.TrimSpace(h), " ", "_"))) {
				at[what] = i
				lines = append(lines, what+"    "+h+" (by its header)")
			}
		}
	}
	return at, lines
}

// take reads one line and gives what is wrong with it.
func (r *roster) take(person uint32, fields []string, at map[string]int, zone *time.Location) string {
	get := func(what string) string {
		if i, ok := at[what]; ok && i < len(fields) {
			return strings.TrimSpace(fields[i])
		}
		return ""
	}
	if left := get("left"); left != "" {
		t, ok := moment(left, zone)
		if !ok {
			return "the day of leaving is not a date"
		}
		r.left[person] = t
	}
	start, end := get("start"), get("end")
	if start == "" && end == "" {
		return ""
	}
	if a, ok := clock(start); ok {
		b, ok := clock(end)
		if !ok {
			return "the end of the shift is not a time"
		}
		return r.clocks(person, a, b, get("date"), zone)
	}
	from, ok := moment(start, zone)
	until, also := moment(end, zone)
	if !ok || !also || until.Before(from) {
		return "start and end of the shift are not times"
	}
	r.shifts[person] = append(r.shifts[person], shift{from.Unix(), until.Unix()})
	return ""
}

// clocks takes times of day, of one date or of every day. A shift that ends before it
// begins ends on the next day.
func (r *roster) clocks(person uint32, a, b int, date string, zone *time.Location) string {
	if date == "" {
		r.daily[person] = [2]int{a, b}
		return ""
	}
	d, ok := moment(date, zone)
	if !ok {
		return "the date is not a date"
	}
	if b <= a {
		b += 24 * 60
	}
	y, m, day := d.Date()
	r.shifts[person] = append(r.shifts[person], shift{time.Date(y, m, day, 0, a, 0, 0, zone).Unix(), time.Date(y, m, day, 0, b, 0, 0, zone).Unix()})
	return ""
}

func clock(v string) (minutes int, ok bool) {
	for _, layout := range []string{"15:04", "15:04:05", "3:04pm", "3:04 PM"} {
		if t, err := time.Parse(layout, v); err == nil {
			return t.Hour()*60 + t.Minute(), true
		}
	}
	return 0, false
}

func moment(v string, zone *time.Location) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", "02/01/2006 15:04", "02/01/2006 15:04:05", "2006-01-02", "02/01/2006", "2 Jan 2006"} {
		if t, err := time.ParseInLocation(layout, v, zone); err == nil && t.Year() >= 1990 && t.Year() <= 2100 {
			return t, true
		}
	}
	return time.Time{}, false
}

// on says whether somebody works at a time; known is false for those not listed.
func (r *roster) on(person uint32, t time.Time, zone *time.Location) (on, known bool) {
	if list := r.shifts[person]; len(list) > 0 {
		at, g := t.Unix(), int64(grace/time.Second)
		i, _ := slices.BinarySearchFunc(list, at+g, func(s shift, x int64) int { return cmp.Compare(s.from, x+1) })
		return i > 0 && at <= list[i-1].until+g, true
	}
	if d, ok := r.daily[person]; ok {
		local := t.In(zone)
		m, g := local.Hour()*60+local.Minute(), int(grace/time.Minute)
		if d[0] <= d[1] {
			return m >= d[0]-g && m <= d[1]+g, true
		}
		return m >= d[0]-g || m <= d[1]+g, true
	}
	return false, false
}
