package body

// The plain way to read JSON, byte by byte, to hold the quick one against.

// slowJsonReader parts JSON into values. It never fails on bytes that are no JSON: they
// are text to be looked through, so that an answer that is nearly JSON hides nothing.
// Any number of documents may follow one another.
//
// A record is an element of the outermost array, a member of nothing else, or a whole
// document. What has grown long is parted inside, unless a key may still come.
type slowJsonReader struct {
	jsonPlace
	scan  int   // of an unfinished string: where to look for its end, from f.at
	flags uint8 // of the same
}

func newSlowJSON(p *Plan) *slowJsonReader { return &slowJsonReader{jsonPlace: jsonPlace{plan: p}} }

func (j *slowJsonReader) read(f *Filter, end bool) error {
	for f.at < len(f.raw) && !f.full() {
		i := f.at
		switch c := f.raw[i]; c {
		case ' ', '\n', '\r', '\t', ',', ':':
			f.at++
		case '"':
			if !j.str(f, end) {
				return nil
			}
		case '{', '[':
			if err := j.open(f, c == '['); err != nil {
				return err
			}
		case '}', ']':
			f.at++
			j.close(f)
		default:
			if !j.loose(f, end) {
				return nil
			}
		}
	}
	return nil
}

// str reads a string whose first quote is at f.at; false means that its end has not
// come yet.
func (j *slowJsonReader) str(f *Filter, end bool) bool {
	raw := f.raw
	if j.scan == 0 {
		j.scan, j.flags = 1, 0
	}
	i, flags := f.at+j.scan, j.flags
	for ; i < len(raw); i++ {
		c := raw[i]
		flags |= charFlags[c]
		if c == '"' {
			break
		}
		if c == '\\' {
			i++
		}
	}
	if i >= len(raw) && !end {
		// A backslash at the very end waits for what it escapes.
		j.scan, j.flags = min(i, len(raw))-f.at, flags
		if i > len(raw) {
			j.scan--
		}
		return false
	}
	i = min(i, len(raw))
	j.scan = 0
	start := f.at + 1
	f.at = min(i+1, len(raw))
	if !j.found(f, start, i, flags) {
		j.after(f)
	}
	return true
}

// found adds a string, and says whether it is the name of a member.
func (j *slowJsonReader) found(f *Filter, start, end int, flags uint8) (isName bool) {
	text := f.raw[start:end]
	escaped := flags&hasBackslash != 0
	if escaped {
		f.build.reset()
		unescapeInto(&f.build, text, start)
		text = f.build.text
	}
	top := j.top()
	isName = top != nil && !top.array && !j.member
	r, scope := ruleNone, int32(noScope)
	if top != nil {
		r, scope = top.rule, top.scope
	}
	if isName {
		j.node, j.member = 0, true
		if len(j.plan.json) > 0 {
			known := false
			if j.node, known = j.plan.json[top.node].member(text); known {
				return true
			}
		}
		r = ruleNone
		if flags&(hasDigit|hasAt|hasHigh) == 0 {
			return true // no identifier is a word alone
		}
	} else if own := j.ruleHere(top); own != ruleNone {
		r = own
	}
	f.keySeen(r, scope)
	if r > ruleKey && scope != noScope {
		f.scope(scope).pending = true
	}
	if escaped {
		f.built(start, end, scope, r, formText)
	} else {
		plainly(f, start, end, scope, r, formText, flags)
	}
	return isName
}

// close ends the innermost object or array. One that was not open is passed over.
func (j *slowJsonReader) close(f *Filter) {
	if _, ok := j.pop(); ok {
		j.after(f)
	}
}

// after ends the record after a value, where one may end.
func (j *slowJsonReader) after(f *Filter) {
	top := j.top()
	j.member = false
	switch {
	case top == nil:
		f.endRecord(f.at)
	case j.units == 0 && top.array && !j.waits(f):
		f.endRecord(f.at)
	case f.begun(f.at) > soft && !j.waits(f):
		f.endRecord(f.at)
	}
}

// waits says whether the key of an open scope has not come yet.
func (j *slowJsonReader) waits(f *Filter) bool {
	for i := range j.stack {
		if fr := &j.stack[i]; fr.keyed && f.scope(fr.scope).pending && !f.scope(fr.scope).seen {
			return true
		}
	}
	return false
}

// loose reads a number or a word, or whatever else is outside of strings. False means
// that it may go on.
func (j *slowJsonReader) loose(f *Filter, end bool) bool {
	start := f.at
	stop := start + j.scan
	for stop < len(f.raw) && !jsonStop[f.raw[stop]] {
		stop++
	}
	if stop == len(f.raw) && !end {
		j.scan = stop - start
		return false
	}
	j.scan = 0
	text := f.raw[start:stop]
	as := formText
	if scalar(text) {
		as = formNumber
	}
	top := j.top()
	r, scope := ruleNone, int32(noScope)
	if top != nil {
		r, scope = top.rule, top.scope
	}
	if own := j.ruleHere(top); own != ruleNone {
		r = own
	}
	f.at = stop
	f.keySeen(r, scope)
	if r > ruleKey && scope != noScope {
		f.scope(scope).pending = true
	}
	if r != ruleNone || len(text) >= 7 {
		plainly(f, start, stop, scope, r, as, flagsUnknown)
	}
	j.after(f)
	return true
}
