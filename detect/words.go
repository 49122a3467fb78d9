package detect

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sentence says in plain English what happened. It names nobody: people under review
// are shown by pseudonym.
func sentence(a *Alert) string {
	var list []string
	for _, f := range a.Findings { // what is beyond doubt comes first
		if f.Rule == Facts {
			list = append(list, f.Says)
		}
	}
	for _, f := range a.Findings {
		if f.Rule == Export {
			list = append(list, f.Says)
		}
	}
	if a.about(Unexplained, Burst, Shared, Enumeration) && a.Customers >= leastOff {
		list = append(list, sitten(a))
	} else {
		list = append(list, others(a)...)
	}
	for _, f := range a.Findings {
		if f.Of == ofAlert {
			list = append(list, f.Says)
		}
	}
	return strings.Join(list, " ")
}

// mostSaid bounds the findings of a sentence; all are listed below it.
const mostSaid = 3

// others are the findings that are neither facts nor exports.
func others(a *Alert) (list []string) {
	for _, f := range a.Findings {
		if f.Rule != Facts && f.Rule != Export && f.Of != ofAlert && len(list) < mostSaid {
			list = append(list, f.Says)
		}
	}
	return list
}

// sitten says what happened in the sitting of an alert.
func sitten(a *Alert) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Looked at %s", customers(a.Customers))
	if a.Branches > 1 {
		fmt.Fprintf(&b, " of %d branches", a.Branches)
	}
	if a.lasted >= time.Minute {
		fmt.Fprintf(&b, " in %s", span(a.lasted))
	}
	if a.off {
		b.WriteString(" while off shift")
	}
	switch {
	case a.Unexplained == 0:
	case a.Unexplained == a.Customers:
		b.WriteString("; no job explains any of them")
	default:
		fmt.Fprintf(&b, "; no job explains %d of them", a.Unexplained)
	}
	return b.String() + "."
}

// about says whether one of the rules has found something.
func (a *Alert) about(rules ...Rule) bool {
	for _, f := range a.Findings {
		for _, r := range rules {
			if f.Rule == r {
				return true
			}
		}
	}
	return false
}

// of says whether something was found of this.
func (a *Alert) of(of string) bool {
	return slices.ContainsFunc(a.Findings, func(f Finding) bool { return f.Of == of })
}

// innocent lists explanations that the data does not exclude.
func innocent(a *Alert, e *Engine) []string {
	var list []string
	if a.Unexplained > 0 || a.about(Slow, Unexplained) {
		list = append(list, "the job or the reason was entered late, in another system, or not at all",
			"a colleague was helped, or a call taken, for another branch")
	}
	if a.about(Burst, Unexplained) {
		list = append(list, "a recall, an audit or a campaign had the work done in bulk")
	}
	if a.about(Shared) {
		list = append(list, "the device was lent, replaced or given a new address", "hours were changed or overtime was agreed")
	}
	if a.about(Enumeration) {
		list = append(list, "a program of the person's reads one record after another")
	}
	if a.of("refused attempts") {
		list = append(list, "a program with a saved credential was left running and tries by itself")
	}
	if a.of("sign-ins in vain on one day") {
		list = append(list, "a program with an old credential tries by itself", "somebody else tries the login's name")
	}
	if a.about(Outside) {
		list = append(list, "the complaints have another source, and the customers are those of the login's work", "the complaints were made up")
	}
	if a.about(Export) {
		list = append(list, "the export was agreed beforehand")
	}
	if !a.about(Facts) {
		list = append(list, "somebody else used the login")
	}
	return list
}

func saysDay(count int, mean float64) string {
	return fmt.Sprintf("%s opened for the first time today without any reason in the data; %s.", customers(count), usual(mean, ""))
}

func saysSlow(count int, device bool, today int, mean float64) string {
	who := "under this login"
	if device {
		who = "on this device"
	}
	return fmt.Sprintf("%s opened for the first time %s without any reason in the data, %s today; %s.", customers(count), who, ofThem(today, count), usual(mean, " a day"))
}

// ofThem says how many of some there are.
func ofThem(n, all int) string {
	switch {
	case n == 0:
		return "none of them"
	case n == all && n > 2:
		return "all of them"
	}
	return thousands(n) + " of them"
}

func saysBurst(n int, branch bool, most float64) string {
	what := customers(n)
	if branch {
		what = thousands(n) + " branches"
	}
	return fmt.Sprintf("%s within half an hour; on a usual day of this login it is %s at most.", what, decimal(most))
}

func saysSurge(n int, mean float64) string {
	verb := "complaints of unwanted calls came today"
	if n == 1 {
		verb = "complaint of an unwanted call came today"
	}
	return fmt.Sprintf("%s %s; %s. Trace them.", thousands(n), verb, usual(mean, " a day"))
}

func saysRings(lookers int) string {
	return "A planted customer was called, whose number is known nowhere else: data has left. " + logins(lookers) + " had looked at it before."
}

func saysSeen(seen, of int, mean float64) string {
	what := fmt.Sprintf("%d of the %d", seen, of)
	if seen == of {
		what = fmt.Sprintf("all %d", of)
	}
	return fmt.Sprintf("The login had seen %s customers who complained of unwanted calls; by chance it would have been %s. Trace them: more than one login may have.", what, decimal(mean))
}

// usual says how many there usually are.
func usual(mean float64, per string) string {
	if mean < 0.05 {
		return "none is usual"
	}
	return decimal(mean) + per + " is usual"
}

func customers(n int) string {
	if n == 1 {
		return "1 customer"
	}
	return thousands(n) + " customers"
}

func thousands(n int) string {
	s := strconv.Itoa(n)
	for at := len(s) - 3; at > 0; at -= 3 {
		s = s[:at] + "," + s[at:]
	}
	return s
}

// span writes a duration as people say it.
func span(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d seconds", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d minutes", int(math.Ceil(d.Minutes())))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Round(time.Hour).Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

func decimal(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }
