package inquiry_test

import (
	"strings"
	"testing"
	"time"

	"custody"
	"custody/accesslog"
	"custody/trace"
	"custody/trace/inquiry"
)

// byPhone knows one customer by a phone, and two by a name.
type byPhone struct{ q *inquiry.Inquiry }

func (x byPhone) Find(dst []custody.SubjectID, c custody.Category, value []byte) []custody.SubjectID {
	first, _ := x.q.Number("NF-007")
	second, _ := x.q.Number("NF-008")
	switch {
	case c == custody.Phone && string(value) == "07700 900007":
		return append(dst, first)
	case c == custody.Name && string(value) == "A. Finch":
		return append(dst, first, second)
	}
	return dst
}

func (x byPhone) Lookup(key []byte) (custody.SubjectID, bool) { return x.q.Number(string(key)) }

const spring = "time,login,customer\n2026-03-01 09:00:00,anna,NF-007\n2026-03-01 09:00:00,anna,NF-007\n2026-03-01 10:00:00,bob,NF-008\n2026-03-02 10:00:00,bob,NF-009\n2026-03-02 11:00:00,carla,NF-010\n"

// whose traces one complaint and gives why it was left out, if it was.
func whose(t *testing.T, list string, index bool) (*inquiry.Answer, string) {
	t.Helper()
	q := inquiry.New(time.UTC, nil)
	q.Version = "1.2.3"
	if err := q.Log("access.csv", strings.NewReader(spring), nil); err != nil {
		t.Fatal(err)
	}
	if index {
		q.Customers(byPhone{q})
	}
	if err := q.Complaints("complaints.csv", strings.NewReader(list+"always,NF-009,,,10/03/2026 10:00\n"), nil); err != nil {
		t.Fatal(err)
	}
	q.Digest("access.csv", "abc123")
	a, err := q.Run(trace.Options{Redraws: 19, Seed: 4})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range a.Left {
		return a, l.Reason
	}
	return a, ""
}

// TestWhoseAComplaintIs: the key, in other spellings too; else a phone or a name, if a
// list says whose it is; what could be several is nobody's, and each is told why.
func TestWhoseAComplaintIs(t *testing.T) {
	head := "Ref,Customer no,Phone,Name,Date of call\n"
	for line, want := range map[string]string{
		"c,NF-007,,,10/03/2026 10:00": "", "c,nf 7,,,10/03/2026 10:00": "", "c,NF-77,,,10/03/2026 10:00": "the customer is not in the log",
		"c,,07700 900007,,10/03/2026 10:00": "", "c,,07700 900001,,10/03/2026 10:00": "no customer of the log has this phone",
		"c,,,A. Finch,10/03/2026 10:00": "2 customers of the log have this name", "c,,,,10/03/2026 10:00": "nothing in the line says whose the complaint is",
	} {
		if a, why := whose(t, head+line+"\n", true); why != want || (why == "") != (a.Used == 2) {
			t.Errorf("%s: %q, want %q; %d used", line, why, want, a.Used)
		}
	}
	if _, why := whose(t, head+"c,,07700 900007,,10/03/2026 10:00\n", false); !strings.Contains(why, "--customers") {
		t.Errorf("without a list of customers: %q", why)
	}
}

// TestTheDayOfTheComplaintIsNotTheCall: a column that may say when the complaint came in
// is used and warned of: who dealt with it opened the record before that.
func TestTheDayOfTheComplaintIsNotTheCall(t *testing.T) {
	a, _ := whose(t, "Ref,Customer no,Phone,Name,Date received\n", false)
	if len(a.Warnings) != 1 || !strings.Contains(a.Warnings[0], "--map-complaints called=") {
		t.Errorf("%q", a.Warnings)
	}
	if a, _ := whose(t, "Ref,Customer no,Phone,Name,Date of call\n", false); len(a.Warnings) != 0 {
		t.Errorf("%q", a.Warnings)
	}
}

// TestTheAnswerCanBeRepeated: it says with what it was made, and what was there twice.
func TestTheAnswerCanBeRepeated(t *testing.T) {
	a, _ := whose(t, "Ref,Customer no,Phone,Name,Date of call\n", false)
	all := strings.Join(a.Settings, "\n")
	for _, want := range []string{"custody 1.2.3", "seed 4, 19 redraws", "within 30 days", "within 7 days of theirs", "source is 0.5", "are of UTC", "SHA-256 of access.csv: abc123"} {
		if !strings.Contains(all, want) {
			t.Errorf("the settings lack %q:\n%s", want, all)
		}
	}
	if a.Repeated != 1 {
		t.Errorf("%d repeated", a.Repeated)
	}
}

// TestNoComplaintFits: the error says which column the customers were read from.
func TestNoComplaintFits(t *testing.T) {
	q := inquiry.New(time.UTC, nil)
	if err := q.Log("access.csv", strings.NewReader(spring), nil); err != nil {
		t.Fatal(err)
	}
	if err := q.Complaints("complaints.csv", strings.NewReader("Customer,Called\nC1,10/03/2026 10:00\nC2,last Tuesday\n"), map[accesslog.Field]string{}); err != nil {
		t.Fatal(err)
	}
	_, err := q.Run(trace.Options{Redraws: 19})
	if custody.CodeOf(err) != custody.CodeInvalid || !strings.Contains(err.Error(), "of 1 the customer is not in the log") || !strings.Contains(custody.HintOf(err), `column "Customer"`) {
		t.Errorf("%v (%s)", err, custody.HintOf(err))
	}
}
