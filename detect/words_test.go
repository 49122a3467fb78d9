package detect

import (
	"strings"
	"testing"
	"time"
)

// sitting is an alert of a sitting, in which a detector has found something.
func sittingOf(n, branches, unexplained int, lasted time.Duration, off bool, findings ...Finding) *Alert {
	if findings == nil {
		findings = []Finding{{Rule: Burst, Says: "-"}}
	}
	return &Alert{Customers: n, Branches: branches, Unexplained: unexplained, lasted: lasted, off: off, Findings: findings}
}

// TestSentences holds every sentence of the detectors to how it is read aloud: of one and
// of many, of nothing usual, of seconds, minutes, hours and days.
func TestSentences(t *testing.T) {
	say := func(a *Alert) string { return sentence(a) }
	for want, got := range map[string]string{
		"1 customer opened for the first time today without any reason in the data; none is usual.":                                                             saysDay(1, 0),
		"9 customers opened for the first time today without any reason in the data; 1.6 is usual.":                                                             saysDay(9, 1.6),
		"1,204 customers opened for the first time today without any reason in the data; 0.1 is usual.":                                                         saysDay(1204, 0.05),
		"1 customer opened for the first time under this login without any reason in the data, 1 of them today; none is usual.":                                 saysSlow(1, false, 1, 0.04),
		"3 customers opened for the first time under this login without any reason in the data, all of them today; 0.3 a day is usual.":                         saysSlow(3, false, 3, 0.3),
		"160 customers opened for the first time on this device without any reason in the data, 9 of them today; 1.6 a day is usual.":                           saysSlow(160, true, 9, 1.6),
		"160 customers opened for the first time on this device without any reason in the data, none of them today; 1.6 a day is usual.":                        saysSlow(160, true, 0, 1.6),
		"5 customers within half an hour; on a usual day of this login it is 2.5 at most.":                                                                      saysBurst(5, false, 2.5),
		"12 branches within half an hour; on a usual day of this login it is 5.6 at most.":                                                                      saysBurst(12, true, 5.6),
		"1 complaint of an unwanted call came today; none is usual. Trace them.":                                                                                saysSurge(1, 0),
		"21 complaints of unwanted calls came today; 0.2 a day is usual. Trace them.":                                                                           saysSurge(21, 0.2),
		"A planted customer was called, whose number is known nowhere else: data has left. Nobody had looked at it before.":                                     saysRings(0),
		"A planted customer was called, whose number is known nowhere else: data has left. One login had looked at it before.":                                  saysRings(1),
		"A planted customer was called, whose number is known nowhere else: data has left. 4 logins had looked at it before.":                                   saysRings(4),
		"The login had seen all 6 customers who complained of unwanted calls; by chance it would have been 0.7. Trace them: more than one login may have.":      saysSeen(6, 6, 0.7),
		"The login had seen 6 of the 8 customers who complained of unwanted calls; by chance it would have been 0.7. Trace them: more than one login may have.": saysSeen(6, 8, 0.7),
		"Took 1 customer away in files on one day.":                                                                                                             tookAway(1),
		"Took 28,000 customers away in files on one day.":                                                                                                       tookAway(28000),
		"1 complaint":  complaintCount(1),
		"2 complaints": complaintCount(2),
		"1.5 seconds":  spanShort(1500 * time.Millisecond),
		"60 seconds":   spanShort(time.Minute),
		"Looked at 39 customers of 25 branches in 32 minutes while off shift; no job explains 38 of them.":  say(sittingOf(39, 25, 38, 31*time.Minute+5*time.Second, true)),
		"Looked at 39 customers of 25 branches in 32 minutes while off shift; no job explains any of them.": say(sittingOf(39, 25, 39, 32*time.Minute, true)),
		"Looked at 3 customers.": say(sittingOf(3, 1, 0, 59*time.Second, false)),
		"Looked at 3 customers in 90 seconds; no job explains 1 of them.": say(sittingOf(3, 0, 1, 90*time.Second, false)),
		"Looked at 1,000 customers in 2 hours.":                           say(sittingOf(1000, 1, 0, 2*time.Hour, false)),
		"Looked at 1,000 customers in 2 days while off shift.":            say(sittingOf(1000, 1, 0, 49*time.Hour, true)),
		"A fact. Took 179 customers away in files on one day. -":          say(sittingOf(2, 1, 1, time.Hour, true, Finding{Rule: Burst, Says: "-"}, Finding{Rule: Export, Says: tookAway(179)}, Finding{Rule: Facts, Says: "A fact."})),
		"one two three": say(sittingOf(1, 1, 0, 0, false, Finding{Rule: Slow, Says: "one"}, Finding{Rule: Shared, Says: "two"}, Finding{Rule: Outside, Says: "three"}, Finding{Rule: Outside, Says: "four"})),
	} {
		if got != want {
			t.Errorf("says %q, want %q", got, want)
		}
		if strings.Contains(got, "  ") || strings.Contains(got, "@") || strings.Contains(got, "0.0 ") {
			t.Errorf("%q does not read well", got)
		}
	}
}
