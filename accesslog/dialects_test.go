package accesslog_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"custody/accesslog"
)

// dialects are one log of two looks, as programs and spreadsheets of the world write it.
var dialects = map[string]string{
	"German":                       "Zeitpunkt;Benutzer;Kundennummer;Gerät\n31.03.2026 14:05;anna;4711;PC-Süd\n01.04.2026 09:00;bob;12;PC\n",
	"French":                       "Date et heure\tUtilisateur\tN° client\n31/03/2026 14:05:00\tanna\t4711\n01/04/2026 09:00:00\tbob\t12\n",
	"bars":                         "Event ID|Accessed on|User ID|Claim ref|Workstation\n901|31/03/2026 14:05|anna|4711|w1\n902|01/04/2026 09:00|bob|12|w2\n",
	"days of a spreadsheet":        "Date/Time,Username,Reg no\n46112.5868055556,anna,4711\n46113.375,bob,12\n",
	"a decimal comma":              "Datum;Operator;Kunde\n46112,5868055556;anna;4711\n46113,375;bob;12\n",
	"offsets":                      "eventTime,principal,customerId\n2026-03-31T15:05:00+01:00,anna,4711\n2026-04-01 10:00:00 +0100,bob,12\n",
	"a zone by name":               "Time,User,Customer\n2026-03-31 14:05:00 UTC,anna,4711\n2026-04-01 10:00:00 BST,bob,12\n",
	"short offset":                 "Time,User,Customer\n2026-03-31 14:05:00+00,anna,4711\n2026-04-01 10:00:00+01,bob,12\n",
	"fractions of seconds":         "ts,user,customer\n1774965900.000,anna,4711\n1775034000.000,bob,12\n",
	"milliseconds":                 "ts,user,customer\n1774965900000,anna,4711\n1775034000000,bob,12\n",
	"microseconds":                 "ts,user,customer\n1774965900000000,anna,4711\n1775034000000000,bob,12\n",
	"names of months":              "When,Who,Customer\n\"Mar 31, 2026 2:05 PM\",anna,4711\n\"Apr 1, 2026, 9:00 AM\",bob,12\n",
	"names of days":                "When,Who,Customer\n\"Tuesday, 31st March 2026 at 14:05\",anna,4711\n\"Wednesday, 1st April 2026 at 09:00\",bob,12\n",
	"ctime":                        "When,Who,Customer\nTue Mar 31 14:05:00 2026,anna,4711\nWed Apr  1 09:00:00 2026,bob,12\n",
	"mail's":                       "When,Who,Customer\n\"Tue, 31 Mar 2026 14:05:00 GMT\",anna,4711\n\"Wed, 1 Apr 2026 09:00:00 +0000\",bob,12\n",
	"compact":                      "Time,User,Customer\n20260331140500,anna,4711\n20260401090000,bob,12\n",
	"day and time apart":           "Date,Time,User,Customer\n31/03/2026,14:05:00,anna,4711\n01/04/2026,09:00:00,bob,12\n",
	"day and time apart, half":     "Access Date;Access Time;User;Customer\n2026-03-31;2:05 PM;anna;4711\n2026-04-01;9:00 am;bob;12\n",
	"no header":                    "2026-03-31 14:05:00,anna@northfield.example,Leeds,4711\n2026-04-01 09:00:00,bob@northfield.example,Leeds,12\n",
	"a second header":              "Accessed,User,Customer\n2026-03-31 14:05:00,anna,4711\n2026-04-01 09:00:00,bob,12\n",
	"a header above":               "Event,,Record\nAccessed,User,Customer\n2026-03-31 14:05:00,anna,4711\n2026-04-01 09:00:00,bob,12\n",
	"titles above":                 "Access report, Northfield\nFrom 01/03/2026 to 01/04/2026,,,\n\nAccessed,User,Customer,Site\n2026-03-31 14:05:00,anna,4711,L\n2026-04-01 09:00:00,bob,12,L\n",
	"a title with commas":          "Access report, Northfield, all of it, by time\nAccessed;User;Customer\n2026-03-31 14:05:00;anna;4711\n2026-04-01 09:00:00;bob;12\n",
	"a line end in quotes":         "Remark,Time,User,Customer\n\"said: \"\"call\nme\"\"\",2026-03-31 14:05:00,anna,4711\n,2026-04-01 09:00:00,bob,12\n",
	"spaces before quotes":         "\"Time\", \"User\", \"Customer\"\n\"2026-03-31 14:05:00\", \"anna\", \"4711\"\n\"2026-04-01 09:00:00\", \"bob\", \"12\"\n",
	"old Macintosh":                "Time,User,Customer\r2026-03-31 14:05:00,anna,4711\r2026-04-01 09:00:00,bob,12\r",
	"two forms of time":            "Time,User,Customer\n31/03/2026 14:05:00,anna,4711\n2026-04-01 09:00,bob,12\n",
	"a number of a table":          "Time,User,Customer\n31/03/2026 14:05:00,anna,4711.0\n2026-04-01 09:00,bob,12.0\n",
	"nested JSON":                  `{"@timestamp":"2026-03-31T14:05:00Z","event":{"id":"e1","action":"view"},"actor":{"email":"anna","type":"user"},"target":{"type":"customer","id":4711}}` + "\n" + `{"@timestamp":"2026-04-01T09:00:00+00:00","event":{"id":"e2","action":"view"},"actor":{"email":"bob","type":"user"},"target":{"type":"customer","id":"12"}}` + "\n",
	"an array":                     `[{"time":"2026-03-31T14:05:00Z","user":"anna","customer":4711},` + "\n" + `{"time":"2026-04-01T09:00:00Z","user":"bob","customer":12}]`,
	"an array inside":              `{"total":2,"next":null,"events":[{"time":"2026-03-31T14:05:00Z","user":"anna","customer":4711},{"time":"2026-04-01T09:00:00Z","user":"bob","customer":12}]}`,
	"an array inside, over lines":  "{\n \"total\": 2,\n \"events\": [\n  {\"time\":\"2026-03-31T14:05:00Z\",\"user\":\"anna\",\"customer\":4711},\n  {\"time\":\"2026-04-01T09:00:00Z\",\"user\":\"bob\",\"customer\":12}\n ]\n}\n",
	"objects over lines":           "{\n \"time\":\"2026-03-31T14:05:00Z\",\n \"user\":\"anna\",\n \"customer\":4711\n}\n{\n \"time\":\"2026-04-01T09:00:00Z\",\n \"user\":\"bob\",\n \"customer\":12\n}\n",
	"OCSF":                         `{"class_uid":6005,"time":1774965900000,"actor":{"user":{"name":"anna","uid":"u1"}},"resources":[{"uid":"4711","type":"customer"}],"status":"Success"}` + "\n" + `{"class_uid":6005,"time":1775034000000,"actor":{"user":{"name":"bob","uid":"u2"}},"resources":[{"uid":"12","type":"customer"}],"status":"Success"}` + "\n",
	"Apache":                       `192.0.2.1 - anna [31/Mar/2026:15:05:00 +0100] "GET /crm/customers/4711?tab=2 HTTP/1.1" 200 51 "https://crm.example/" "Mozilla/5.0 (X11)"` + "\n" + `192.0.2.1 - - [31/Mar/2026:15:05:01 +0100] "GET /static/app.css HTTP/1.1" 200 5 "-" "x"` + "\n" + `192.0.2.1 - bob [01/Apr/2026:09:00:00 +0000] "GET /crm/customers/12 HTTP/1.1" 200 51 "-" "x"` + "\n",
	"nginx":                        `192.0.2.1 - anna [31/Mar/2026:14:05:00 +0000] "GET /view?customer_id=4711&x=1 HTTP/2.0" 200 51` + "\n" + `192.0.2.1 - bob [01/Apr/2026:09:00:00 +0000] "GET /view?x=2&customer_id=12 HTTP/2.0" 200 51` + "\n",
	"IIS":                          "#Software: IIS\n#Fields: date time cs-method cs-uri-stem cs-uri-query cs-username c-ip sc-status\n2026-03-31 14:05:00 GET /Customer/Details.aspx id=4711 anna 192.0.2.1 200\n2026-03-31 14:05:01 GET /app.css - - 192.0.2.1 200\n#Fields: date time cs-method cs-uri-stem cs-uri-query cs-username c-ip sc-status\n2026-04-01 09:00:00 GET /Customer/Details.aspx id=12 bob 192.0.2.1 200\n",
	"addresses in a table":         "Time,User,URL\n2026-03-31 14:05:00,anna,https://crm.example/claims/4711/edit\n2026-04-01 09:00:00,bob,https://crm.example/claims/12\n",
	"syslog":                       "<134>1 2026-03-31T14:05:00Z crm01 crm 7 VIEW - user=anna customer=4711\n<134>1 2026-04-01T09:00:00Z crm01 crm 7 VIEW - user=bob customer=12\n",
	"pairs":                        "2026-03-31 14:05:00,123 INFO user=\"anna\" customerId=4711\n2026-04-01 09:00:00,456 INFO user=\"bob\" customerId=12\n",
	"both UTF-8 and what was once": "Time,User,Customer,Note\n2026-03-31 14:05:00,anna,4711,Zoë\n2026-04-01 09:00:00,bob,12,Zo\xeb\n",
}

func TestDialects(t *testing.T) {
	want := []string{"anna saw 4711 at 2026-03-31T14:05:00Z", "bob saw 12 at 2026-04-01T09:00:00Z"}
	for name, text := range dialects {
		got, report, err := rows(t, text, logOptions)
		for i := range got {
			got[i] = strings.Replace(got[i], "@northfield.example", "", 1)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if d := cmp.Diff(want, got); d != "" || report.BadLines != 0 {
			t.Errorf("%s: %d bad lines %v\n%s%s", name, report.BadLines, report.Bad, strings.Join(report.Lines(), "\n"), d)
		}
	}
}

// TestPackings: the same bytes in other clothes, told by what they are and not by a name.
func TestPackings(t *testing.T) {
	text := "Time,User,Customer\n2026-03-31 14:05:00,Zoë,4711\n"
	encode := func(e interface{ String(string) (string, error) }) []byte {
		s, err := e.String(text)
		if err != nil {
			t.Fatal(err)
		}
		return []byte(s)
	}
	var gz, zipped, twice bytes.Buffer
	g := gzip.NewWriter(&gz)
	io.WriteString(g, text)
	g.Close()
	for b, names := range map[*bytes.Buffer][]string{&zipped: {"export/", "export/access.csv", "__MACOSX/._access.csv"}, &twice: {"a.csv", "b.csv"}} {
		z := zip.NewWriter(b)
		for _, name := range names {
			f, err := z.Create(name)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(name, ".csv") {
				io.WriteString(f, text)
			}
		}
		z.Close()
	}
	for name, file := range map[string][]byte{
		"utf-16 le": encode(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder()), "utf-16 be": encode(unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder()),
		"utf-16 le without a mark": encode(unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder()), "windows": encode(charmap.Windows1252.NewEncoder()),
		"gzip": gz.Bytes(), "zip": zipped.Bytes(), "spreadsheet": workbook(t),
	} {
		if got, err := opened(t, file); err != nil || len(got) != 1 || got[0] != "Zoë saw 4711 at 2026-03-31T14:05:00Z" {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
	if _, err := opened(t, twice.Bytes()); err == nil || !strings.Contains(err.Error(), "holds 2 files") {
		t.Errorf("a zip file of two: %v", err)
	}
}

// workbook is what a real writer of spreadsheets makes, with a title and a real date.
func workbook(t testing.TB) []byte {
	f := excelize.NewFile()
	defer f.Close()
	for at, v := range map[string]any{"A1": "Access report", "A3": "Time", "B3": "User", "C3": "Customer", "A4": 46112.5868055556, "B4": "Zoë", "C4": 4711} {
		if err := f.SetCellValue("Sheet1", at, v); err != nil {
			t.Fatal(err)
		}
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func opened(t *testing.T, file []byte) ([]string, error) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := accesslog.Open(path)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	text, err := io.ReadAll(in)
	if err != nil {
		return nil, err
	}
	got, _, err := rows(t, string(text), logOptions)
	return got, err
}

// TestBrokenLinesCostThemselves: what was lost in the middle of a file, what is far too
// long and a quote that is never closed are told by their lines, and cost no others.
func TestBrokenLinesCostThemselves(t *testing.T) {
	head := "Time,User,Customer,Remark\n"
	line := "2026-03-31 14:05:00,anna,4711,5\" pipe\n"
	for name, x := range map[string]struct{ bad, reason string }{
		"zeros":       {"2026-03-31 14:05:00,anna,47\x00\x00\x00\n", "no text"},
		"ten million": {"2026-03-31 14:05:00,anna," + strings.Repeat("9", 10<<20) + ",\n", "longer than 1 MiB"},
		"open quote":  {"2026-03-31 14:05:00,anna,\"4711,x\n", "quotes"},
		"cut":         {"2026-03-31 14:0\n", "time"},
		"totals":      {"Total,,2,\n", "time"},
	} {
		got, report, err := rows(t, head+strings.Repeat(line, 300)+x.bad+strings.Repeat(line, 300), logOptions)
		if err != nil || len(got) != 600 || report.BadLines != 1 || report.Bad[0].Line != 302 || !strings.Contains(report.Bad[0].Reason, x.reason) {
			t.Errorf("%s: %d rows, bad %v: %v", name, len(got), report.Bad, err)
		}
	}
}

// TestSeveralCustomersOfALine: a line that lists customers is a look at each.
func TestSeveralCustomersOfALine(t *testing.T) {
	for cell, want := range map[string]int{"1; 2;3": 3, `"12, 15, 19"`: 3, "4711|4712": 2, `"4,711"`: 1, "\"7\n8\"": 2, `"Finch, Anna 7"`: 1, "AB12 XYZ; CD34 EFG": 2} {
		got, report, err := rows(t, "Time\tUser\tCustomer\n2026-03-31 14:05:00\tanna\t"+cell+"\n", logOptions)
		if err != nil || len(got) != want || report.Rows != want {
			t.Errorf("%s: %v %v", cell, got, err)
		}
	}
}

// TestWhatIsTold: values that were taken for a column, the line that names them, pages of
// no customer, other forms of time: the report says it.
func TestWhatIsTold(t *testing.T) {
	for name, want := range map[string]string{
		"titles above": "line 4 names the columns", "no header": "no line names the columns", "Apache": "lines that are of pages of no customer, left out: 1", "two forms of time": "lines that write the time in another form than most, understood: 1",
		"French": "read as 31/12/2006 15:04:05: 31/03/2026 14:05:00 is 31 March 2026, 14:05 UTC", "day and time apart": "with the time of day in Time", "German": "Kundennummer (by its header), such as 4711 | 12",
	} {
		_, report, err := rows(t, dialects[name], logOptions)
		if err != nil || !strings.Contains(strings.Join(report.Lines(), "\n"), want) {
			t.Errorf("%s: %v\n%s", name, err, strings.Join(report.Lines(), "\n"))
		}
	}
	_, report, err := rows(t, dialects["French"], logOptions)
	if err != nil || strings.Contains(strings.Join(report.Lines(accesslog.Login), "\n"), "anna") {
		t.Errorf("a hidden login is shown: %v", err)
	}
}
