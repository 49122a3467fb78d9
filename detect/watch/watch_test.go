package watch_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"custody"
	"custody/accesslog"
	"custody/detect/watch"
)

// files is a small firm's log and jobs: three branches, thirty logins, 25 days; login
// user07 looks at night at customers of everywhere.
func files(t *testing.T, shuffle bool) (log, jobs, shifts string) {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 9))
	var lines []string
	var j, s strings.Builder
	j.WriteString("job,client_no,site,technician\n")
	s.WriteString("login,start,end,left\n")
	at := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	for c := range 3000 {
		fmt.Fprintf(&j, "J%d,%d,Site %d,user%02d;user%02d\n", c, c, c%3, c%30, (c+3)%30)
	}
	for p := range 30 {
		left := ""
		if p == 29 {
			left = "2026-01-20"
		}
		fmt.Fprintf(&s, "user%02d,09:00,17:00,%s\n", p, left)
	}
	for d := range 25 {
		for p := range 30 {
			for range 6 {
				c := (d*100+rng.IntN(200))/30*30 + p
				if rng.IntN(40) == 0 {
					c = rng.IntN(3000)
				}
				lines = append(lines, fmt.Sprintf("%s,user%02d,Site %d,pc%d,%d", at.AddDate(0, 0, d).Add(time.Duration(9*3600+rng.IntN(8*3600))*time.Second).Format(time.DateTime), p, p%3, p, c))
			}
		}
	}
	for i := range 20 {
		lines = append(lines, fmt.Sprintf("%s,user07,Site 1,pc7,%d", at.AddDate(0, 0, 20).Add(22*time.Hour+time.Duration(i*70)*time.Second).Format(time.DateTime), 1700+i*11))
	}
	if shuffle {
		rng.Shuffle(len(lines), func(a, b int) { lines[a], lines[b] = lines[b], lines[a] })
	}
	lines = append(lines, "yesterday,user01,Site 1,pc1,5", "2026-01-09 10:00:00,,Site 1,pc1,5")
	return "time,login,branch,device,customer_id\n" + strings.Join(lines, "\n") + "\n", j.String(), s.String()
}

func run(t *testing.T, log, jobs, shifts string) (*watch.Report, []accesslog.Bad) {
	t.Helper()
	var bad []accesslog.Bad
	w := watch.New(time.UTC, func(_ string, b accesslog.Bad) { bad = append(bad, b) })
	for _, f := range []struct {
		text string
		read func() error
	}{
		{log, func() error { return w.Log("access.csv", strings.NewReader(log), nil) }},
		{jobs, func() error {
			return w.Jobs("jobs.csv", strings.NewReader(jobs), map[accesslog.Field]string{accesslog.Subject: "client_no"})
		}},
		{shifts, func() error { return w.Shifts("shifts.csv", strings.NewReader(shifts), nil) }},
	} {
		if f.text != "" {
			if err := f.read(); err != nil {
				t.Fatal(err)
			}
		}
	}
	r, err := w.Run()
	if err != nil {
		t.Fatal(err)
	}
	return r, bad
}

// TestNightAndReasons: what explains the looks is found by itself, the night is
// noticed, and lines that are not understood are told.
func TestNightAndReasons(t *testing.T) {
	log, jobs, shifts := files(t, false)
	r, bad := run(t, log, jobs, shifts)
	if r.Coverage.First < 0.9 || r.Coverage.False > 0.4 || len(r.Coverage.Templates) == 0 {
		t.Errorf("what explains the looks: %+v", r.Coverage)
	}
	if len(bad) != 2 || r.Logs[0].Bad != 2 {
		t.Errorf("lines that are not understood: %+v", bad)
	}
	if len(r.Alerts) == 0 {
		t.Fatal("nothing was noticed")
	}
	night, after := false, false
	for _, a := range r.Alerts {
		night = night || strings.Contains(a.Says, "while off shift") && a.Customers == 20
		after = after || strings.Contains(a.Says, "after the day on which")
	}
	if !night || !after {
		t.Errorf("the night: %v, the leaver: %v: %+v", night, after, r.Alerts)
	}
}

// TestOrderDoesNotMatter: a log whose lines are in any order says the same.
func TestOrderDoesNotMatter(t *testing.T) {
	log, jobs, shifts := files(t, false)
	mixed, _, _ := files(t, true)
	a, _ := run(t, log, jobs, shifts)
	b, _ := run(t, mixed, jobs, shifts)
	if len(a.Alerts) != len(b.Alerts) {
		t.Fatalf("%d alerts, then %d", len(a.Alerts), len(b.Alerts))
	}
	for i := range a.Alerts {
		if a.Alerts[i].Says != b.Alerts[i].Says {
			t.Errorf("%q, then %q", a.Alerts[i].Says, b.Alerts[i].Says)
		}
	}
}

// TestWithoutJobs: colleagues explain looks, and groups of colleagues are found where
// the log has no branches.
func TestWithoutJobs(t *testing.T) {
	log, _, _ := files(t, false)
	r, _ := run(t, log, "", "")
	if !r.ByColleagues || r.GroupsBy != "branch" {
		t.Errorf("%+v", r)
	}
	r, _ = run(t, strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(log, ",Site 0,", ",,"), ",Site 1,", ",,"), ",Site 2,", ",,"), "", "")
	if r.GroupsBy != "customers shared" {
		t.Errorf("%+v", r)
	}
}

// TestPageNamesNobody: the page shows pseudonyms, and what was read and tried.
func TestPageNamesNobody(t *testing.T) {
	log, jobs, shifts := files(t, false)
	r, _ := run(t, log, jobs, shifts)
	var b bytes.Buffer
	if err := r.WriteHTML(&b, time.UTC, time.Now()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Looks that need a second look", "20 customers", "Login 00", "<svg", "Not excluded", "jobs.csv"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the page does not hold %q", want)
		}
	}
	if strings.Contains(b.String(), "user07") {
		t.Error("the page names a login")
	}
}

func TestFilesThatSayNothing(t *testing.T) {
	for _, c := range []struct{ log, shifts string }{
		{"", ""}, {"a,b\n1,2\n", ""}, {"time,login,customer_id\nx,y,z\n", ""},
	} {
		w := watch.New(time.UTC, nil)
		err := w.Log("access.csv", strings.NewReader(c.log), nil)
		if err == nil {
			_, err = w.Run()
		}
		if custody.CodeOf(err) != custody.CodeInvalid || custody.HintOf(err) == "" {
			t.Errorf("%q: %v", c.log, err)
		}
	}
	w := watch.New(time.UTC, nil)
	if err := w.Shifts("shifts.csv", strings.NewReader("login,age\na,4\n"), nil); custody.HintOf(err) == "" {
		t.Errorf("a roster without times: %v", err)
	}
}

// FuzzFiles: no file makes it fail in an unplanned way.
func FuzzFiles(f *testing.F) {
	f.Add("time,login,customer_id\n2026-01-05 10:00:00,a,1\n", "customer_id,assigned\n1,a;b\n", "login,start,end\na,09:00,17:00\n")
	f.Add("time,login,branch,device,customer_id,action\n05/01/2026 10:00,a,x,d,1,export\n", "id,x\n1,\n", "login,date,start,end,left\na,2026-01-05,22:00,06:00,2026-02-01\n")
	f.Fuzz(func(_ *testing.T, log, jobs, shifts string) {
		w := watch.New(time.UTC, nil)
		if w.Log("l", strings.NewReader(log), nil) != nil {
			return
		}
		_ = w.Jobs("j", strings.NewReader(jobs), nil)
		_ = w.Shifts("s", strings.NewReader(shifts), nil)
		r, err := w.Run()
		if err == nil {
			_ = r.WriteHTML(&bytes.Buffer{}, time.UTC, time.Now())
		}
	})
}

// TestRefusedLinesAreNoLooks: what the log says was refused disclosed nothing: it is
// counted apart and explains or accuses nobody as a look; who is refused again and again
// is told.
func TestRefusedLinesAreNoLooks(t *testing.T) {
	log, jobs, _ := files(t, false)
	whole, _ := run(t, log, jobs, "")
	var b strings.Builder
	night := 0
	for i, line := range strings.Split(strings.TrimSuffix(log, "\n"), "\n") {
		status := "200"
		switch {
		case i == 0:
			status = "HTTP status"
		case strings.Contains(line, ",user07,") && strings.Contains(line, " 22:"):
			status = "403"
			night++
		}
		fmt.Fprintf(&b, "%s,%s\n", line, status)
	}
	b.WriteString("2026-01-26 10:00:00,user01,Site 1,pc1,5,500\n")
	r, _ := run(t, b.String(), jobs, "")
	if night < 20 || r.Refused != night || r.Failed != 1 || r.Looks != whole.Looks-night {
		t.Errorf("%d refused of %d, %d failed, %d looks of %d", r.Refused, night, r.Failed, r.Looks, whole.Looks)
	}
	told := ""
	for _, a := range r.Alerts {
		if a.Who == whole.Alerts[0].Who {
			told += a.Says + "\n"
		}
	}
	if !strings.Contains(whole.Alerts[0].Says, "Looked at") || strings.Contains(told, "Looked at") || !strings.Contains(told, "Asked again and again for what the rights do not allow.") {
		t.Errorf("the same lines as looks: %q; refused: %q", whole.Alerts[0].Says, told)
	}
	if r.Customers > whole.Customers {
		t.Errorf("customers of refused looks count: %d of %d", r.Customers, whole.Customers)
	}
}
