package body

import "math/bits"

// members reads members of the innermost object as long as they are what nearly all
// are: a name that is whole and needs no look, a colon, and a string without escapes or
// a word. It stops before anything else, and where the record ends; it says whether it
// has read something.
func (j *jsonReader) members(f *Filter) bool {
	if j.member || j.scan > 0 || len(j.stack) == 0 || len(j.plan.json) == 0 {
		return false
	}
	top := &j.stack[len(j.stack)-1]
	if top.array {
		return false
	}
	raw, nodes := f.raw, j.plan.json
	node := &nodes[top.node]
	for begun := false; ; begun = true {
		end := f.marks.stopAt(f.at + 1)
		at := end + 1
		if at+1 >= len(raw) || raw[end] != '"' || raw[at] != ':' {
			return begun
		}
		to, known := node.member(raw[f.at+1 : end])
		if !known && f.marks.over(f.at+1, end) != 0 {
			return begun
		}
		if at++; raw[at] == ' ' {
			at++
		}
		if !j.memberValue(f, top, &nodes[to], at) {
			return begun
		}
		if f.begun(f.at) > soft && j.waiting == 0 {
			f.endRecord(f.at)
			return true
		}
		at = f.at
		for at < len(raw) && (raw[at] == ',' || raw[at] == ' ' || raw[at] == '\n') {
			at++
		}
		if f.at = at; at == len(raw) || raw[at] != '"' {
			return true
		}
	}
}

// memberValue reads the value at a place, if it is a string without escapes or a word
// and whole. Without one nothing is changed.
func (j *jsonReader) memberValue(f *Filter, top *frame, node *jsonNode, at int) bool {
	raw := f.raw
	if at >= len(raw) {
		return false
	}
	r := node.rule
	if r == ruleNone {
		r = top.rule
	}
	switch c := raw[at]; {
	case c == '"':
		if r > ruleKey && top.scope != noScope && j.briefString(f, at+1, top.scope, r) {
			return true
		}
		end, seen := f.marks.span(at + 1)
		if end == len(raw) || raw[end] != '"' {
			return false
		}
		j.key(f, r, top.scope)
		f.put(at+1, end, top.scope, r, formText, seen)
		f.at = end + 1
		return true
	case charClass[c]-1 < 2 || c == '-':
		end := at + 1
		for end < len(raw) && !jsonStop[raw[end]] {
			end++
		}
		if end == len(raw) {
			return false
		}
		j.word(f, at, end, top.scope, r)
		f.at = end
		return true
	}
	return false
}

// briefString is Filter.brief for a short string that begins at a place, told from its
// marks alone. False says nothing.
func (j *jsonReader) briefString(f *Filter, at int, scope int32, r rule) bool {
	row := f.scope(scope)
	category, _ := r.category()
	if row.subject == 0 || row.key < f.first || !f.open.Has(category) {
		return false
	}
	i := at - f.marks.base
	lo, hi, s := &f.marks.list[i>>6], &f.marks.list[i>>6+1], uint(i&63)
	stop := lo.stop>>s | hi.stop<<1<<(63-s)
	if stop == 0 {
		return false
	}
	n := bits.TrailingZeros64(stop)
	if n == 0 || f.raw[at+n] != '"' || f.raw[at] <= ' ' || !aloneIn(category, lo, hi, s, 1<<uint(n)-1) {
		return false
	}
	f.values[row.key].shown |= 1 << category
	f.at = at + n + 1
	return true
}
