package identity_test

import (
	"strings"
	"testing"
	"time"

	"custody"
	"custody/identity"
)

func london(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/London")
	must(t, err)
	return zone
}

func TestRosterIsRead(t *testing.T) {
	rows, wrong, err := identity.ReadRoster(strings.NewReader("\ufeffLogin;Name;Organisation;Roles;Start;End\r\n"+
		"Alice@northfield.example;\"Smith; Alice\";Northfield;estimator| manager;2026-03-29;25/10/2026 14:00\r\n\r\n"+
		"bob@northfield.example;Bob;Northfield;;;\r\n"), london(t))
	must(t, err)
	if len(wrong) != 0 || len(rows) != 2 {
		t.Fatalf("rows %+v, wrong %+v", rows, wrong)
	}
	a := rows[0]
	if a.Login != "alice@northfield.example" || a.FullName != "Smith; Alice" || len(a.Roles) != 2 || a.Roles[1] != "manager" || a.Line != 2 || rows[1].Line != 4 {
		t.Errorf("rows %+v", rows)
	}
	// On the day on which summer time begins, midnight is in winter time.
	if want := time.Date(2026, 3, 29, 0, 0, 0, 0, time.UTC); !a.Start.Equal(want) {
		t.Errorf("start %v, want %v", a.Start, want)
	}
	if want := time.Date(2026, 10, 25, 14, 0, 0, 0, time.UTC); !a.End.Equal(want) {
		t.Errorf("end %v, want %v", a.End, want)
	}
}

func TestHostileRostersAreRefused(t *testing.T) {
	long := strings.Repeat("a", 501)
	for name, text := range map[string]string{
		"empty":          "",
		"no login":       "name,organisation\n",
		"unknown column": "login,organisation,salary\n",
		"twice":          "login,login,organisation\n",
		"binary":         "login,organisation\n\x00\x01",
		"not UTF-8":      "login,organisation\n\xff\xfe,x\n",
		"too long":       "login,organisation\n" + strings.Repeat("a@b.example,x\n", identity.MaxRoster/14+1),
		"too many":       "login,organisation\n" + many(identity.MaxRosterRows+1),
	} {
		if _, _, err := identity.ReadRoster(strings.NewReader(text), time.UTC); custody.CodeOf(err) != custody.CodeInvalid && custody.CodeOf(err) != custody.CodeTooLarge {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, line := range map[string]string{
		"long":    long + "@x.example,x",
		"control": "a@b.example,\"x\ny\"",
		"fields":  "a@b.example,x,y",
		"quote":   "a@b.example,\"x",
		"formula": "=1+1,x",
	} {
		rows, wrong, err := identity.ReadRoster(strings.NewReader("login,organisation\n"+line+"\n"), time.UTC)
		if err != nil || len(wrong) != 1 || len(rows) != 0 {
			t.Errorf("%s: rows %v, wrong %v, error %v", name, rows, wrong, err)
		}
	}
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("p")
		b.WriteString(strings.Repeat("x", i%7))
		b.WriteString(time.Unix(int64(i), 0).UTC().Format("150405"))
		b.WriteString("@x.example,x\n")
	}
	return b.String()
}

func FuzzRoster(f *testing.F) {
	f.Add("login,name,organisation,roles,start,end\na@b.example,A,Northfield,x|y,2026-05-31,\n")
	f.Add("login;organisation\n\"a@b.example\";\"x;y\"\n")
	f.Add("\ufefflogin,organisation\n=cmd,x\n")
	f.Fuzz(func(t *testing.T, text string) {
		rows, wrong, err := identity.ReadRoster(strings.NewReader(text), time.UTC)
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, r := range rows {
			if seen[r.Login] || r.Login == "" || r.Line < 2 {
				t.Fatalf("row %+v", r)
			}
			seen[r.Login] = true
		}
		for _, w := range wrong {
			if w.Err == nil || custody.HintOf(w.Err) == "" {
				t.Fatalf("line %d has no reason or no hint", w.Line)
			}
		}
	})
}
