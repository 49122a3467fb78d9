package accesslog_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/unicode"

	"custody"
	"custody/accesslog"
)

var logOptions = accesslog.Options{
	Wanted: []accesslog.Field{accesslog.Time, accesslog.Login, accesslog.Subject, accesslog.Branch, accesslog.Device},
	Needed: []accesslog.Field{accesslog.Time, accesslog.Login, accesslog.Subject},
}

// rows reads a file into "login saw subject at time" lines.
func rows(t testing.TB, text string, o accesslog.Options) ([]string, *accesslog.Report, error) {
	t.Helper()
	var list []string
	report, err := accesslog.Read(strings.NewReader(text), o, func(r *accesslog.Row) error {
		list = append(list, fmt.Sprintf("%s saw %s at %s", r.Get(accesslog.Login), r.Get(accesslog.Subject), r.At[accesslog.Time].Format(time.RFC3339)))
		return nil
	})
	return list, report, err
}

func TestColumnsAreGuessed(t *testing.T) {
	want := []string{"anna saw 4711 at 2026-03-31T14:05:00Z", "bob saw 12 at 2026-04-01T09:00:00Z"}
	for name, text := range map[string]string{
		"plain":            "time,login,customer_id\n2026-03-31 14:05:00,anna,4711\n2026-04-01 09:00:00,bob,12\n",
		"other order":      "Customer No;User Name;Date/Time\n4711;anna;31/03/2026 14:05\n12;bob;01/04/2026 09:00\n",
		"tabs":             "Viewed At\tUser\tClient ID\n2026-03-31T14:05:00Z\tanna\t4711\n2026-04-01T09:00:00Z\tbob\t12\n",
		"quotes":           "\"timestamp\",\"actor\",\"record id\"\r\n\"2026-03-31 14:05:00\",\"anna\",\"4711\"\r\n\"2026-04-01 09:00:00\",\"bob\",\"12\"\r\n",
		"byte order":       "\ufefftime,user,customer\n1774965900,anna,4711\n1775034000,bob,12\n",
		"no such name":     "Zeitpunkt,user,customer\n2026-03-31 14:05:00,anna,4711\n2026-04-01 09:00:00,bob,12\n",
		"json lines":       `{"at":"x","timestamp":"2026-03-31T14:05:00Z","user":"anna","customer":4711}` + "\n\n" + `{"timestamp":"2026-04-01T09:00:00Z","user":"bob","customer":"12","more":{"a":1}}` + "\n",
		"no last line end": "time,login,customer_id\n2026-03-31 14:05:00,anna,4711\n2026-04-01 09:00:00,bob,12",
	} {
		t.Run(name, func(t *testing.T) {
			got, report, err := rows(t, text, logOptions)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, got); d != "" || report.BadLines != 0 {
				t.Errorf("%d bad lines %v\n%s", report.BadLines, report.Bad, d)
			}
		})
	}
}

// TestMonthFirst: a value shows that the month comes first; without one, the day does.
func TestMonthFirst(t *testing.T) {
	got, _, err := rows(t, "time,login,customer\n04/05/2026 10:00,anna,1\n04/25/2026 10:00,anna,2\n", logOptions)
	if err != nil || got[0] != "anna saw 1 at 2026-04-05T10:00:00Z" {
		t.Errorf("%v %v", got, err)
	}
	got, _, err = rows(t, "time,login,customer\n04/05/2026 10:00,anna,1\n", logOptions)
	if err != nil || got[0] != "anna saw 1 at 2026-05-04T10:00:00Z" {
		t.Errorf("%v %v", got, err)
	}
}

func TestZoneOfTimesThatDoNotSay(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	o := logOptions
	o.Zone = london
	got, _, err := rows(t, "time,login,customer\n2026-07-01 10:00:00,anna,1\n2026-01-01 10:00:00,anna,2\n", o)
	want := []string{"anna saw 1 at 2026-07-01T09:00:00Z", "anna saw 2 at 2026-01-01T10:00:00Z"}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Error(err, d)
	}
}

func TestColumnsCanBeSaid(t *testing.T) {
	o := logOptions
	o.Said = map[accesslog.Field]string{accesslog.Subject: "ref", accesslog.Login: "by"}
	got, report, err := rows(t, "time,login,customer,ref,by\n2026-03-31 14:05:00,front desk,1,4711,anna\n", o)
	if err != nil || got[0] != "anna saw 4711 at 2026-03-31T14:05:00Z" {
		t.Errorf("%v %v", got, err)
	}
	if lines := strings.Join(report.Lines(), "\n"); !strings.Contains(lines, "as you said") || !strings.Contains(lines, "by its header") {
		t.Error(lines)
	}
	o.Said = map[accesslog.Field]string{accesslog.Subject: "nosuch"}
	if _, _, err := rows(t, "time,login,customer\n2026-03-31 14:05:00,a,1\n", o); custody.CodeOf(err) != custody.CodeInvalid || !strings.Contains(custody.HintOf(err), "customer") {
		t.Errorf("%v (%s)", err, custody.HintOf(err))
	}
}

// TestBadLines: each is told, with its number and without its values; the rest is read.
func TestBadLines(t *testing.T) {
	text := "time,login,customer\n2026-03-31 14:05:00,anna,1\nsome day,secret-login,2\n2026-03-31 14:06:00,,3\n2026-03-31 14:07:00,bob\n2026-03-31 14:08:00,\"bob,4\n2026-03-31 14:09:00,\"x\" y,4\n2026-03-31 14:10:00,carla,5\n"
	got, report, err := rows(t, text, logOptions)
	if err != nil {
		t.Fatal(err)
	}
	if len(got)+report.BadLines < 5 || report.Bad[0] != (accesslog.Bad{Line: 3, Reason: "the time is not a time of the form 2006-01-02 15:04:05"}) ||
		report.Bad[1] != (accesslog.Bad{Line: 4, Reason: "the login is empty"}) {
		t.Errorf("%v\n%v", got, report.Bad)
	}
	for _, b := range report.Bad {
		if strings.Contains(b.Reason, "secret") || b.Line == 0 {
			t.Errorf("line %d: %s", b.Line, b.Reason)
		}
	}
}

func TestFilesThatCannotBeUsed(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "blank": " \n\n", "only a header": "time,login,customer\n", "an array": `[{"time":1}]`,
		"no times": "when,login,customer\nsoon,a,1\n", "no subject": "time,login\n2026-03-31 14:05:00,a\n",
		"a quote left open": "time,login,customer\n2026-03-31 14:05:00,a,1\n\"" + strings.Repeat("x\n", 2<<20),
	} {
		_, _, err := rows(t, text, logOptions)
		if custody.CodeOf(err) == custody.CodeNone || custody.CodeOf(err) == custody.CodeInternal || custody.HintOf(err) == "" {
			t.Errorf("%s: %v (%s)", name, err, custody.HintOf(err))
		}
	}
}

func TestPackedAndWide(t *testing.T) {
	text := "time,login,customer\n2026-03-31 14:05:00,Zoë 🙂,4711\n"
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	if got, _, err := rows(t, wide, logOptions); err != nil || got[0] != "Zoë 🙂 saw 4711 at 2026-03-31T14:05:00Z" {
		t.Errorf("%q %v", got, err)
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	fmt.Fprint(z, text)
	z.Close()
	path := filepath.Join(t.TempDir(), "log.csv.gz")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := accesslog.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	report, err := accesslog.Read(f, logOptions, func(*accesslog.Row) error { return nil })
	if err != nil || report.Rows != 1 {
		t.Errorf("%+v %v", report, err)
	}
}

// FuzzRead: whatever the bytes, every line is either a row or told as bad, and no
// reason is longer than a line of text.
func FuzzRead(f *testing.F) {
	f.Add("time,login,customer\n2026-03-31 14:05:00,anna,1\n")
	f.Add("{\"time\":\"2026-03-31T14:05:00Z\",\"user\":\"a\",\"customer\":1}\n{}\n")
	f.Add("\xff\xfet\x00,\x00")
	f.Add("a;b\n\"")
	for _, text := range dialects {
		f.Add(text)
	}
	f.Add(string(workbook(f)))
	f.Fuzz(func(t *testing.T, text string) {
		n, bad := 0, 0
		o := logOptions
		o.Bad = func(b accesslog.Bad) {
			bad++
			if b.Reason == "" || len(b.Reason) > 200 {
				t.Errorf("reason %q", b.Reason)
			}
		}
		report, err := accesslog.Read(strings.NewReader(text), o, func(r *accesslog.Row) error {
			n++
			if r.At[accesslog.Time].IsZero() || r.Get(accesslog.Login) == "" || r.Get(accesslog.Subject) == "" {
				t.Errorf("a row without what is needed: %+v", r)
			}
			return nil
		})
		if err == nil && (report.Rows != n || report.BadLines != bad) {
			t.Errorf("%d rows and %d bad lines, reported as %d and %d", n, bad, report.Rows, report.BadLines)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	var text bytes.Buffer
	text.WriteString("time,login,branch,customer_id\n")
	start := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)
	const lines = 200_000
	for i := range lines {
		fmt.Fprintf(&text, "%s,user%d@northfield.example,branch %d,%d\n", start.Add(time.Duration(i)*time.Second).Format("2006-01-02 15:04:05"), i%1000, i%50, i%72000)
	}
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		if _, err := accesslog.Read(bytes.NewReader(text.Bytes()), logOptions, func(*accesslog.Row) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(lines)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}
