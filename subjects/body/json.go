package body

import "bytes"

// jsonReader parts JSON into values. It never fails on bytes that are no JSON: they
// are text to be looked through, so that an answer that is nearly JSON hides nothing.
// Any number of documents may follow one another.
//
// A record is an element of the outermost array, a member of nothing else, or a whole
// document. What has grown long is parted inside, unless a key may still come.
type jsonReader struct {
	jsonPlace
	scan    int  // of an unfinished string: where to look for its end, from f.at
	escaped bool // of the same
	// waiting counts the open scopes that have values but no key yet.
	waiting int
}

// soft is how long a record may be before it is parted inside.
const soft = 16 << 10

func newJSON(p *Plan) *jsonReader { return &jsonReader{jsonPlace: jsonPlace{plan: p}} }

func (j *jsonReader) read(f *Filter, end bool) error {
	f.marks.cover(f.raw, f.at, jsonStops)
	for f.at < len(f.raw) {
		switch c := f.raw[f.at]; c {
		case ' ', '\n', '\r', '\t', ',', ':':
			f.at++
			continue
		case '"':
			if j.members(f) {
				break
			}
			if !j.str(f, end) {
				return nil
			}
			if j.member {
				continue
			}
		case '{', '[':
			if err := j.open(f, c == '['); err != nil {
				return err
			}
			continue
		case '}', ']':
			f.at++
			j.close(f)
		default:
			if !j.loose(f, end) {
				return nil
			}
		}
		if f.full() {
			return nil
		}
	}
	return nil
}

// jsonStops end a string or escape something in it.
var jsonStops = stopsOf('"', '\\', '"')

// str reads a string whose first quote is at f.at; false means that its end has not
// come yet.
func (j *jsonReader) str(f *Filter, end bool) bool {
	raw := f.raw
	i, seen, escaped := f.at+1, tally(0), false
	if j.scan > 0 {
		i, escaped = f.at+j.scan, j.escaped
	}
	for {
		n, t := f.marks.span(i)
		seen = seen.join(t)
		if i = n; i == len(raw) || raw[i] == '"' {
			break
		}
		escaped = true
		if i += 2; i > len(raw) { // a backslash at the very end waits for what it escapes
			i--
			if !end {
				i--
			}
			break
		}
	}
	if (i == len(raw) || raw[i] != '"') && !end {
		j.scan, j.escaped = i-f.at, escaped
		return false
	}
	start := f.at + 1
	if j.scan > 0 { // its parts do not add up to what the whole is
		j.scan, seen = 0, f.marks.over(start, i)
	}
	f.at = min(i+1, len(raw))
	if !j.found(f, start, i, seen, escaped) {
		j.after(f)
	}
	return true
}

// found adds a string, and says whether it is the name of a member.
func (j *jsonReader) found(f *Filter, start, end int, seen tally, escaped bool) (isName bool) {
	top := j.top()
	isName = top != nil && !top.array && !j.member
	r, scope := ruleNone, int32(noScope)
	if top != nil {
		r, scope = top.rule, top.scope
	}
	if escaped {
		f.build.reset()
		unescapeInto(&f.build, f.raw[start:end], start)
	}
	if isName {
		j.node, j.member = 0, true
		if len(j.plan.json) > 0 {
			text := f.raw[start:end]
			if escaped {
				text = f.build.text
			}
			known := false
			if j.node, known = j.plan.json[top.node].member(text); known {
				return true // it is in the configuration, and names nobody
			}
		}
		r = ruleNone
		if seen.flags() == 0 || !escaped && flagsOf(f.raw[start:end])&(hasDigit|hasAt|hasHigh) == 0 {
			return true // no identifier is a word alone
		}
	} else if own := j.ruleHere(top); own != ruleNone {
		r = own
	}
	j.key(f, r, scope)
	if escaped {
		f.built(start, end, scope, r, formText)
	} else {
		f.put(start, end, scope, r, formText, seen)
	}
	return isName
}

// key notes that a value is about to be added which is the key of a scope, or waits for
// it.
func (j *jsonReader) key(f *Filter, r rule, scope int32) {
	if r == ruleNone || scope == noScope {
		return
	}
	s := f.scope(scope)
	switch {
	case s.seen:
	case r == ruleKey:
		if s.seen = true; s.pending {
			j.waiting--
		}
	case !s.pending:
		s.pending = true
		j.waiting++
	}
}

// close ends the innermost object or array. One that was not open is passed over.
func (j *jsonReader) close(f *Filter) {
	top, ok := j.pop()
	if !ok {
		return
	}
	if top.keyed {
		if s := f.scope(top.scope); s.pending && !s.seen {
			j.waiting--
		}
	}
	j.after(f)
}

// after ends the record after a value, where one may end.
func (j *jsonReader) after(f *Filter) {
	top := j.top()
	j.member = false
	switch {
	case top == nil:
		f.endRecord(f.at)
	case (j.units == 0 && top.array || f.begun(f.at) > soft) && j.waiting == 0:
		f.endRecord(f.at)
	}
}

// loose reads a number or a word, or whatever else is outside of strings. False means
// that it may go on.
func (j *jsonReader) loose(f *Filter, end bool) bool {
	start, raw := f.at, f.raw
	stop := start + j.scan
	for stop < len(raw) && !jsonStop[raw[stop]] {
		stop++
	}
	if stop == len(f.raw) && !end {
		j.scan = stop - start
		return false
	}
	j.scan = 0
	top := j.top()
	r, scope := ruleNone, int32(noScope)
	if top != nil {
		r, scope = top.rule, top.scope
	}
	if own := j.ruleHere(top); own != ruleNone {
		r = own
	}
	f.at = stop
	j.word(f, start, stop, scope, r)
	j.after(f)
	return true
}

// word adds what stands outside of strings, if it can matter.
func (j *jsonReader) word(f *Filter, start, stop int, scope int32, r rule) {
	if r == ruleNone && stop-start < 7 {
		return
	}
	as := formText
	if scalar(f.raw[start:stop]) {
		as = formNumber
	}
	j.key(f, r, scope)
	if r == ruleKey {
		f.plain(start, stop, scope, r, as, flagsUnknown)
		f.early(int32(len(f.values) - 1))
		return
	}
	f.put(start, stop, scope, r, as, f.marks.over(start, stop))
}

// jsonStop holds what ends a word.
var jsonStop = [256]bool{' ': true, '\n': true, '\r': true, '\t': true, ',': true, ':': true, '"': true, '{': true, '}': true, '[': true, ']': true}

// scalar says whether a word is a number, true, false or null.
func scalar(text []byte) bool {
	switch string(text) {
	case "true", "false", "null":
		return true
	}
	for _, c := range text {
		if (c < '0' || c > '9') && c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E' {
			return false
		}
	}
	return true
}

// unescapeInto reads the escapes of a string of JSON.
func unescapeInto(b *viewBuilder, text []byte, base int) {
	var room [8]byte
	for len(text) > 0 {
		i := bytes.IndexByte(text, '\\')
		if i < 0 {
			i = len(text)
		}
		b.same(text[:i], base)
		text, base = text[i:], base+i
		if len(text) == 0 {
			return
		}
		out, size := backslashAt(room[:0], text)
		if size == 0 { // a backslash at the very end
			b.same(text, base)
			return
		}
		b.escape(out, base, size)
		text, base = text[size:], base+size
	}
}
