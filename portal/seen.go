package portal

import (
	"net/http"

	"custody"
	"custody/gate"
	"custody/subjects/body"
)

// seen is told by the filter of each subject before its record may leave.
func (v *visit) seen(s custody.SubjectID, shown, masked custody.CategorySet) error {
	v.found = true
	if v.action == custody.Export && v.again(s, shown, masked) {
		return nil
	}
	beside := v.view.filter.Beside()
	if !v.whole && v.action != custody.Export && v.kind != body.EventStream && !beside {
		if err := v.count(s); err != nil {
			return err
		}
	}
	if !v.whole && !v.byCustomer() {
		return v.add(s, shown, masked)
	}
	if n := len(v.view.seen); n > 0 && v.view.seen[n-1].subject == s {
		v.view.seen[n-1].shown |= shown
		v.view.seen[n-1].masked |= masked
		v.view.seen[n-1].beside = v.view.seen[n-1].beside && beside
		return nil
	}
	v.view.seen = append(v.view.seen, sighting{s, shown, masked, beside})
	return nil
}

// again says whether a subject is in the record of this file with these categories, as
// the one before was: then there is nothing to count and nothing to write.
func (v *visit) again(s custody.SubjectID, shown, masked custody.CategorySet) bool {
	w := v.view
	if w.rule >= len(w.rules) {
		return false
	}
	r := &w.rules[w.rule]
	return r.shown != nil && r.read == shown|masked && r.masked == masked && r.shown.has(s)
}

// add counts a subject against the limits and puts it in the record of the part. A
// subject that a part before has recorded with the same categories is in the record of
// this answer already.
func (v *visit) add(s custody.SubjectID, shown, masked custody.CategorySet) error {
	r, err := v.group(shown, masked)
	if err != nil {
		return err
	}
	if r.shown == nil { // a stream: each message is a look of its own
		return v.view.answer.Add(r.group, s)
	}
	if r.shown.has(s) {
		return nil
	}
	if err := v.view.answer.Add(r.group, s); err != nil {
		return err
	}
	r.shown.add(s)
	return nil
}

// group gives the group of subjects of whom the same is in the answer. A category
// that was let through and is ruled masked by now ends the answer: rights changed.
func (v *visit) group(shown, masked custody.CategorySet) (*ruled, error) {
	for i := range v.view.rules {
		if r := &v.view.rules[i]; r.read == shown|masked && r.masked == masked {
			v.view.rule = i
			return r, nil
		}
	}
	r, err := v.rule(shown, masked)
	if err != nil {
		return nil, err
	}
	added := ruled{shown | masked, masked, v.view.answer.Group(r, shown|masked), nil}
	if !v.whole && v.route != custody.RouteStream {
		added.shown = &numbers{}
	}
	v.view.rules = append(v.view.rules, added)
	return &v.view.rules[len(v.view.rules)-1], nil
}

func (v *visit) rule(shown, masked custody.CategorySet) (gate.Ruling, error) {
	r, err := v.view.s.Decide(gate.Need{Action: v.action, Read: shown | masked, Veiled: true, Hidden: masked}, v.shape)
	if err != nil {
		return r, err
	}
	if shown&r.Masked != 0 {
		return r, custody.E(custody.CodeRevoked, "your rights changed while the answer was made", "ask for it again")
	}
	return r, nil
}

// stillMay asks policy again before a part leaves: what the part holds may all be in
// the record already, and the right to see it may have ended since (P3). Nearly always
// the answer is at hand.
func (v *visit) stillMay() error {
	if len(v.view.rules) == 0 {
		_, err := v.view.s.Decide(gate.Need{Veiled: true}, v.shape)
		return err
	}
	for i := range v.view.rules {
		if _, err := v.rule(v.view.rules[i].read&^v.view.rules[i].masked, v.view.rules[i].masked); err != nil {
			return err
		}
	}
	return nil
}

// remember notes whom a page is about, for what is sent from it.
func (v *visit) remember(end bool) {
	if v.r.Method != http.MethodGet {
		return
	}
	var one custody.SubjectID
	for i := range v.view.seen {
		if s := &v.view.seen[i]; !s.beside {
			if one != 0 || !end {
				one = 0
				break
			}
			one = s.subject
		}
	}
	v.g.pages.shows(v.p, v.r.URL.RequestURI(), one)
}

// count makes an answer an export when it holds more people than a page may.
func (v *visit) count(s custody.SubjectID) error {
	if v.people == nil {
		v.people = map[custody.SubjectID]struct{}{}
	}
	v.people[s] = struct{}{}
	if len(v.people) <= v.p.o.ExportAbove {
		return nil
	}
	return v.becomeExport()
}

// becomeExport asks for the export right in the middle of an answer. What has been
// shown so far was shown under the right to see; the rest must be the same, or the
// answer ends here.
func (v *visit) becomeExport() error {
	before := v.rights.Treatments
	if err := v.export(); err != nil {
		return err
	}
	if v.rights.Treatments != before {
		v.refused(custody.CodeForbidden)
		return noExport()
	}
	v.action, v.view.rules = custody.Export, v.view.rules[:0]
	return nil
}
