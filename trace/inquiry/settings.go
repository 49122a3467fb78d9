package inquiry

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"custody"
	"custody/accesslog"
	"custody/trace"
)

// knewNames are what callers knew, as the answer counts it.
var knewNames = map[float64]string{trace.KnewNothing: "nothing", 0: "nothing", trace.KnewName: "name", trace.KnewVehicle: "vehicle", trace.KnewAccident: "accident", trace.KnewCanary: "planted number"}

// tell notes what another needs to repeat the trace, and what may be wrong with its files.
func (q *Inquiry) tell(a *Answer, r *trace.Result, o trace.Options) {
	a.Warnings, a.Other = q.warnings, q.other
	a.Repeated = q.looks.Repeated(func(c trace.Candidate) bool { return q.names[c].Kind.single() })
	left := map[int]bool{}
	for _, l := range r.Left {
		left[l.Complaint] = true
	}
	a.Knew = map[string]int{}
	for k, c := range q.complaints {
		if !left[k] {
			a.Knew[knewNames[c.Knew]]++
		}
	}
	version := q.Version
	if version == "" {
		version = "unknown"
	}
	a.Settings = append([]string{"custody " + version, fmt.Sprintf("seed %d, %d redraws", o.Seed, o.Redraws)}, o.Says()...)
	a.Settings = append(a.Settings, "times that do not say their zone are of "+q.Zone.String())
	if !o.Until.IsZero() {
		a.Settings = append(a.Settings, "complaints of calls after "+o.Until.UTC().Format(time.RFC3339)+" left out")
	}
	if q.By == Device {
		a.Settings = append(a.Settings, "devices are ranked in place of logins")
	}
	for _, list := range [][]Read{q.logs, q.lists, q.sources} {
		for _, f := range list {
			if f.Digest != "" {
				a.Settings = append(a.Settings, "SHA-256 of "+f.File+": "+f.Digest)
			}
		}
	}
}

// untraceable says why none of the complaints could be used, where that is the customers.
func (q *Inquiry) untraceable(err error) error {
	counts := map[string]int{}
	for i := range q.complaints {
		if c := &q.complaints[i]; c.listed && c.why != "" {
			counts[c.why]++
		}
	}
	if len(counts) == 0 {
		return err
	}
	var says []string
	for why, n := range counts {
		says = append(says, fmt.Sprintf("of %d %s", n, why))
	}
	slices.Sort(says)
	hint := custody.HintOf(err)
	for _, l := range q.lists {
		if c, ok := l.Mapping.Column(accesslog.Subject); ok {
			hint = fmt.Sprintf("the customers were read from column %q: --map-complaints subject=COLUMN names another; %s", c.Name, hint)
			break
		}
	}
	return &custody.Error{Code: custody.CodeOf(err), Message: err.Error() + ": " + strings.Join(says, "; "), Hint: hint, Err: err}
}
