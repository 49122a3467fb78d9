package policy

import (
	"strconv"
	"strings"

	"custody"
)

// tally counts which permits opened what, to name the grant and the limits.
type tally struct {
	scores []score
}

type score struct {
	limits custody.Limits
	grant  *Grant
	points int // 2 for a category in clear, 1 for one masked
}

func (t *tally) add(r *rule) {
	points := int(r.treatment)
	for i := range t.scores {
		if s := &t.scores[i]; s.grant == r.grant && s.limits == r.limits {
			s.points += points
			return
		}
	}
	t.scores = append(t.scores, score{r.limits, r.grant, points})
}

// fill sets the grant that opens most, the first of equals, and the widest limits.
func (t *tally) fill(d *custody.Decision) {
	best, first := 0, true
	for i := range t.scores {
		s := &t.scores[i]
		if s.grant != nil && s.points > best {
			best, d.Grant = s.points, s.grant.ID
		}
		if first {
			d.Limits, first = s.limits, false
			continue
		}
		d.Limits.PerHour = wider(d.Limits.PerHour, s.limits.PerHour)
		d.Limits.PerDay = wider(d.Limits.PerDay, s.limits.PerDay)
		d.Limits.PerExport = wider(d.Limits.PerExport, s.limits.PerExport)
	}
}

// wider is the larger limit, where zero is no limit.
func wider(a, b uint32) uint32 {
	if a == 0 || b == 0 {
		return 0
	}
	return max(a, b)
}

// why is one sentence for people: what leaves how, and under what.
func (t *tally) why(d *custody.Decision, q *custody.Question) string {
	clear, masked := d.With(custody.Clear), d.With(custody.Masked)
	b := make([]byte, 0, 160)
	b = append(b, "may "...)
	b = append(b, q.Action.String()...)
	switch {
	case clear|masked == 0 && d.ReasonRequired:
		return "a reason must be stated first"
	case clear|masked == 0:
		return "what would permit this is not in force now or is forbidden"
	}
	if clear != 0 {
		b = appendSet(append(b, ' '), clear)
	}
	if masked != 0 {
		b = appendSet(append(b, " (masked: "...), masked)
		b = append(b, ')')
	}
	if d.Grant != 0 {
		b = strconv.AppendUint(append(b, " under grant "...), uint64(d.Grant), 10)
	} else {
		b = append(b, " under a hand-written policy"...)
	}
	if d.ReasonRequired {
		b = append(b, "; more with a stated reason"...)
	}
	return string(b)
}

// lentWhy is the sentence where approvals alone permit.
func lentWhy(d *custody.Decision) string {
	return "may see " + strings.Join(d.Lent.Strings(), ", ") + " of as many customers as were approved"
}

// appendSet writes the categories' names with commas.
func appendSet(b []byte, set custody.CategorySet) []byte {
	first := true
	for c := range custody.Category(len(categoryUIDs)) {
		if !set.Has(c) {
			continue
		}
		if !first {
			b = append(b, ", "...)
		}
		b, first = append(b, c.String()...), false
	}
	return b
}
