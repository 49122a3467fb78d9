package accesslog_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"custody"
	"custody/accesslog"
)

func TestOutcomes(t *testing.T) {
	const looked, refused, failed = accesslog.Looked, accesslog.Refused, accesslog.Failed
	for text, want := range map[string]struct {
		done  accesslog.Done
		known bool
	}{
		"status|200": {looked, true}, "status|304": {looked, true}, "status|302": {failed, true}, "status|401": {refused, true}, "status|403": {refused, true},
		"status|404": {failed, true}, "status|500": {failed, true}, "status|Access Denied": {refused, true}, "result|GRANTED": {looked, true},
		"result|refused": {refused, true}, "outcome|failure": {failed, true}, "outcome|not permitted": {refused, true},
		"denied|1": {refused, true}, "denied|0": {looked, true}, "Access denied?|yes": {refused, true}, "success|true": {looked, true}, "Allowed|N": {refused, true},
		"error|0": {looked, true}, "error|1": {failed, true},
		"status|1": {looked, false}, "status|0": {looked, false}, "result|true": {looked, false}, "status|open": {looked, false}, "status|99": {looked, false},
	} {
		header, value, _ := strings.Cut(text, "|")
		if done, known := accesslog.ParseOutcome(header, value); done != want.done || known != want.known {
			t.Errorf("%s: %d %v, want %d %v", text, done, known, want.done, want.known)
		}
	}
}

// TestOutcomeColumn: a column whose values say it is found; one that only might is not,
// and cannot be said either: what it means would be a guess.
func TestOutcomeColumn(t *testing.T) {
	line := func(last string) string { return "2026-03-31 14:05:00,anna,1," + last + "\n" }
	o := logOptions
	o.Wanted = append([]accesslog.Field{accesslog.Action, accesslog.Outcome}, o.Wanted...)
	read := func(header string, values ...string) (done string, m accesslog.Mapping, err error) {
		text := "time,login,customer," + header + "\n"
		for _, v := range values {
			text += line(v)
		}
		report, err := accesslog.Read(strings.NewReader(text), o, func(r *accesslog.Row) error { done += fmt.Sprint(r.Done); return nil })
		if report != nil {
			m = report.Mapping
		}
		return done, m, err
	}
	for header, want := range map[string]string{"HTTP status|200,403,500,": "0340", "granted|yes,no,yes": "030", "Result|ok,denied,ok": "030",
		"job status|failed,done": "00", "status|0,1": "00", "status|open,closed": "00", "outcome|ok,odd": "00"} {
		name, values, _ := strings.Cut(header, "|")
		if got, m, err := read(name, strings.Split(values, ",")...); err != nil || got != want {
			t.Errorf("%s: %q, want %q: %v %v", header, got, want, err, m.Lines(time.UTC))
		}
	}
	if _, m, _ := read("HTTP status", "200", "403", "403", "500"); !strings.Contains(strings.Join(m.Lines(time.UTC), "\n"), "nothing was shown by: 403, 500") {
		t.Errorf("%q", m.Lines(time.UTC))
	}
	o.Said = map[accesslog.Field]string{accesslog.Outcome: "status"}
	if _, _, err := read("status", "0", "1"); custody.CodeOf(err) != custody.CodeInvalid || custody.HintOf(err) == "" {
		t.Errorf("0 and 1 of a status: %v", err)
	}
}

// TestTimesOfThisCountry: what spreadsheets and browsers here write.
func TestTimesOfThisCountry(t *testing.T) {
	for _, v := range []string{"31/03/2026 2:05 PM", "31/3/2026 2:05:00 pm", "31/03/2026 02:05 p.m.", "31/03/2026, 14:05:00", "31/03/2026, 14:05", "31.03.2026 14:05",
		"31-03-2026 14:05:00", "31/03/26 14:05", "31-Mar-2026 14:05:00", "31 Mar 2026, 14:05", "31 Mar 2026 2:05 PM", "03/31/2026 2:05 PM", "3/31/2026 14:05"} {
		got, _, err := rows(t, "time;login;customer\n"+v+";anna;1\n", logOptions)
		if err != nil || len(got) != 1 || got[0] != "anna saw 1 at 2026-03-31T14:05:00Z" {
			t.Errorf("%s: %v %v", v, got, err)
		}
	}
	for v, want := range map[string]string{"31/03/2026 12:05 AM": "00:05", "31/03/2026 12:05 PM": "12:05"} {
		if got, _, err := rows(t, "time,login,customer\n"+v+",anna,1\n", logOptions); err != nil || !strings.Contains(got[0], "T"+want) {
			t.Errorf("%s: %v %v", v, got, err)
		}
	}
}

// TestMonthTurnsOutToBeFirst: what the first lines leave open and a later one settles is
// not read with wrong days: it is said how to read it.
func TestMonthTurnsOutToBeFirst(t *testing.T) {
	text := "time,login,customer\n" + strings.Repeat("04/05/2026 10:00,anna,1\n", 300) + "04/25/2026 10:00,anna,2\n"
	_, _, err := rows(t, text, logOptions)
	if custody.CodeOf(err) != custody.CodeInvalid || !strings.Contains(err.Error(), "line 302 shows") || !strings.Contains(custody.HintOf(err), "--month-first") {
		t.Fatalf("%v (%s)", err, custody.HintOf(err))
	}
	o := logOptions
	o.MonthFirst = true
	if got, report, err := rows(t, text, o); err != nil || report.BadLines != 0 || got[0] != "anna saw 1 at 2026-04-05T10:00:00Z" {
		t.Errorf("%v %v", got, err)
	}
	if _, report, err := rows(t, strings.Replace(text, "04/05", "14/05", 1), logOptions); err != nil || report.BadLines != 1 {
		t.Errorf("a bad line where the day is known to come first: %v %v", report, err)
	}
}

// TestSpreadsheets: a first line that names the separator, and bytes of before UTF-8.
func TestSpreadsheets(t *testing.T) {
	got, report, err := rows(t, "sep=|\r\nTime|User|Customer\r\n31/03/2026 14:05|Zo\xeb|7\r\nsoon|x|8\r\n"+strings.Repeat("31/03/2026 14:06|Zo\xeb|9\r\n", 4), logOptions)
	if err != nil || len(got) != 5 || got[0] != "Zoë saw 7 at 2026-03-31T14:05:00Z" || len(report.Bad) != 1 || report.Bad[0].Line != 4 {
		t.Errorf("%v %+v %v", got, report, err)
	}
}
