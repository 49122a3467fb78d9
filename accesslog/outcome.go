package accesslog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"custody"
)

// The words by which outcomes are told, and by which headers say what a yes means.
var (
	refusedWords  = []string{"denied", "deny", "refuse", "forbidden", "reject", "unauthor", "block", "notallowed", "notpermitted", "noaccess"}
	failedWords   = []string{"fail", "error", "timeout", "notfound", "aborted", "cancelled"}
	shownWords    = []string{"ok", "success", "succeeded", "successful", "allowed", "allow", "granted", "grant", "permitted", "permit", "shown", "viewed", "read", "done"}
	yesIsShown    = []string{"success", "allow", "grant", "permit", "ok", "shown"}
	otherStatuses = []string{"job", "claim", "estimate", "repair", "order", "vehicle", "customer", "payment", "policy"} // their status is not the look's
)

func within(text string, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) })
}

// ParseOutcome says what a value of a column of outcomes means: an HTTP status, a word, or
// a yes or no whose sense the header gives. known is false where that cannot be told.
func ParseOutcome(header, value string) (done Done, known bool) {
	v := plain(value)
	if n, err := strconv.Atoi(strings.TrimSpace(value)); err == nil && n >= 100 && n < 600 {
		return httpOutcome(n), true
	}
	if yes, ok := yesNo(v); ok {
		return yesOutcome(plain(header), yes)
	}
	switch {
	case within(v, refusedWords):
		return Refused, true
	case within(v, failedWords):
		return Failed, true
	}
	return Looked, slices.Contains(shownWords, v)
}

// httpOutcome: a page that has not changed was shown from the browser's own copy; any
// other redirect shows nothing.
func httpOutcome(n int) Done {
	switch {
	case n == 401, n == 403, n == 407, n == 451:
		return Refused
	case n < 300, n == 304:
		return Looked
	}
	return Failed
}

func yesNo(v string) (yes, ok bool) {
	switch v {
	case "1", "true", "yes", "y", "t":
		return true, true
	case "0", "false", "no", "n", "f":
		return false, true
	}
	return false, false
}

// yesOutcome takes the sense of a yes from the header; one that does not say it is not guessed.
func yesOutcome(header string, yes bool) (Done, bool) {
	bad := Failed
	switch {
	case within(header, refusedWords):
		bad = Refused
	case within(header, failedWords):
	case within(header, yesIsShown):
		bad, yes = Refused, !yes
	default:
		return Looked, false
	}
	if yes {
		return bad, true
	}
	return Looked, true
}

// outcome holds a column to the values of the sample: all are understood, or it is none.
// refused are the values by which nothing was shown.
func outcome(sample [][]string, at int, header string) (refused []string, ok bool) {
	some := false
	for _, row := range sample {
		if at >= len(row) || strings.TrimSpace(row[at]) == "" {
			continue
		}
		done, known := ParseOutcome(header, row[at])
		if !known {
			return nil, false
		}
		some = true
		if v := strings.TrimSpace(row[at]); !done.Shown() && len(v) <= 20 && !slices.Contains(refused, v) && len(refused) < 5 {
			refused = append(refused, v)
		}
	}
	return refused, some && !within(plain(header), otherStatuses)
}

// settle finds out what the values of a column of outcomes mean.
func (c *Column) settle(sample [][]string) error {
	var ok bool
	if c.Refused, ok = outcome(sample, c.At, c.Name); ok {
		return nil
	}
	return custody.E(custody.CodeInvalid, fmt.Sprintf("the values of column %q do not say whether a look was shown or refused", c.Name),
		"HTTP statuses do, words such as granted and denied, and yes or no under a header such as allowed or denied: name the column so in the file's first line")
}

// maxOutcomes bounds what is remembered of values.
const maxOutcomes = 4096

// done says what a line's action and outcome make together; the same texts come again
// and again.
func (p *reading) done() Done {
	key := [2]string{p.row.Values[Action], p.row.Values[Outcome]}
	if key == ([2]string{}) {
		return Looked
	}
	if d, ok := p.seen[key]; ok {
		return d
	}
	d := ParseAction(key[0])
	if c, ok := p.report.Mapping.Column(Outcome); ok && key[1] != "" {
		if o, known := ParseOutcome(c.Name, key[1]); known && !o.Shown() {
			d = o
		}
	}
	if p.seen == nil || len(p.seen) >= maxOutcomes {
		p.seen = map[[2]string]Done{}
	}
	p.seen[[2]string{strings.Clone(key[0]), strings.Clone(key[1])}] = d
	return d
}
