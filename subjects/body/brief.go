package body

import "custody"

// brief says that a value need not be kept: its subject is known already, it may leave
// as it is, and nothing in it need be looked up or looked for. That it is shown is
// noted at the subject's key, which is of the same record.
func (f *Filter) brief(start, end int, scope int32, r rule, as form, seen tally) bool {
	c, ruled := r.category()
	if !ruled || scope == noScope || !f.open.Has(c) {
		return false
	}
	s := f.scope(scope)
	if s.subject == 0 || s.key < f.first || !alone(c, f.raw[start:end], seen) {
		return false
	}
	if !nothingIn(f.raw[start:end]) && (as != formNumber || string(f.raw[start:end]) != "null") {
		f.values[s.key].shown |= 1 << c
	}
	return true
}

// put adds a value without escapes, unless it is brief.
func (f *Filter) put(start, end int, scope int32, r rule, as form, seen tally) {
	if r != ruleNone && f.brief(start, end, scope, r, as, seen) {
		return
	}
	flags := seen.flags()
	if flags&oddFlags != 0 {
		flags = flagsOf(f.raw[start:end])
	}
	if f.plain(start, end, scope, r, as, flags); r == ruleNone {
		return
	}
	if c, ruled := r.category(); ruled {
		f.values[len(f.values)-1].alone = alone(c, f.raw[start:end], seen)
	} else {
		f.early(int32(len(f.values) - 1))
	}
}

// early looks the key of a scope up as soon as it is read. One that is not known yet is
// looked up with all the others of the window.
func (f *Filter) early(i int32) {
	v := &f.values[i]
	if v.scope == noScope {
		return
	}
	var id custody.SubjectID
	ok := false
	if text := f.raw[v.start:v.end]; len(text) > 0 && (v.form == formText || charClass[text[0]] == charDigit) && plainKey(text) {
		id, ok = f.o.Directory.Lookup(f.o.System, text)
	} else {
		id, ok = f.keyOf(v)
	}
	if ok {
		s := f.scope(v.scope)
		if s.subject == 0 { // of several keys the last counts, which is found out later
			f.keys--
		}
		s.subject, s.key, v.subject = id, i, id
	}
}

// nothingIn says whether there are only spaces in a text.
func nothingIn(text []byte) bool {
	for _, c := range text {
		if c > ' ' {
			return false
		}
	}
	return true
}

// aloneNow is alone for a value of which the reader could not tell, because it did not
// know yet what is around it.
func (f *Filter) aloneNow(c custody.Category, v *value) bool {
	if v.segs != v.segsEnd || v.end-v.start > 64 {
		return false
	}
	text := f.raw[v.start:v.end]
	return alone(c, text, f.marks.of(text))
}

// plainKey says that a text can be looked up as it is: nothing is around it.
func plainKey(text []byte) bool {
	n := len(text)
	return n > 0 && n <= maxKey && charClass[text[0]]-1 < 2 && charClass[text[n-1]]-1 < 2
}

// openTo gives the categories whose values need not be kept when their subject is
// known: nothing of them is masked, and they hold no text about anybody.
func openTo(treat *[categories]custody.Treatment) (set custody.CategorySet) {
	for c, t := range treat {
		if t == custody.Clear && custody.Category(c) != custody.FreeText && custody.Category(c) != custody.Accident {
			set |= 1 << c
		}
	}
	return set
}
