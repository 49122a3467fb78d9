package body

import "bytes"

// attributes reads the attributes of the tag raw[f.at:stop], whose name ends at i.
func (h *htmlReader) attributes(f *Filter, i, stop int) {
	h.attrs, h.names = h.attrs[:0], h.names[:0]
	i += f.at
	stop-- // the >
	raw := f.raw
	for i < stop {
		for i < stop && (isSpace(raw[i]) || raw[i] == '/') {
			i++
		}
		from := i
		for i < stop && !isSpace(raw[i]) && raw[i] != '/' && (raw[i] != '=' || i == from) {
			i++
		}
		if i == from {
			return
		}
		a := attr{start: i, end: i, quoted: true}
		begin := len(h.names)
		h.names = lowerName(h.names, raw[from:i])
		a.name = h.names[begin:len(h.names):len(h.names)]
		for i < stop && isSpace(raw[i]) {
			i++
		}
		if i < stop && raw[i] == '=' {
			i = h.value(raw, i+1, stop, &a)
		}
		if a.value = raw[a.start:a.end]; bytes.IndexByte(a.value, '&') >= 0 {
			f.build.reset()
			appendEntities(&f.build, a.value, a.start)
			a.value = bytes.Clone(f.build.text)
		}
		h.attrs = append(h.attrs, a)
	}
}

// value reads an attribute's value behind the equals sign, and gives the place
// behind it.
func (h *htmlReader) value(raw []byte, i, stop int, a *attr) int {
	for i < stop && isSpace(raw[i]) {
		i++
	}
	if i < stop && (raw[i] == '"' || raw[i] == '\'') {
		quote := raw[i]
		a.start = i + 1
		n := bytes.IndexByte(raw[a.start:stop], quote)
		if n < 0 {
			n = stop - a.start
		}
		a.end = a.start + n
		return min(a.end+1, stop)
	}
	a.start, a.quoted = i, false
	for i < stop && !isSpace(raw[i]) {
		i++
	}
	a.end = i
	return i
}

// match holds a selector against the tag, notes which compounds it matches and which
// attribute has the rule, and gives the rule if it is of the text.
func (h *htmlReader) match(s *selector, e *element) rule {
	var inherited uint64
	if n := len(h.stack); n > 0 {
		inherited = h.stack[n-1].bits
	}
	last := len(s.compounds) - 1
	for i := range s.compounds {
		if i > 0 && (s.bits+i > 64 || inherited>>(s.bits+i-1)&1 == 0) {
			return ruleNone
		}
		if !s.compounds[i].matches(h.name, h.attrs) {
			if i == last {
				return ruleNone
			}
			if inherited>>(s.bits+i)&1 == 0 { // not here, and not around here
				return ruleNone
			}
			continue
		}
		if i < last {
			e.bits |= 1 << (s.bits + i)
			continue
		}
		return h.target(s)
	}
	return ruleNone
}

// target gives the selector's rule to the attribute it means; to the text otherwise,
// and to the value of a field.
func (h *htmlReader) target(s *selector) rule {
	for i := range h.attrs {
		a := &h.attrs[i]
		if s.target != "" && string(a.name) == s.target {
			a.rule, a.from = s.rule, len(s.prefix)
		} else if s.target == "" && string(a.name) == "value" {
			a.rule, a.from = s.rule, 0
		}
	}
	if s.target == "" {
		return s.rule
	}
	return ruleNone
}

// begin gives the element a scope whose key it has. Is it a part of a row or another
// unit that has no key yet, all of that is of the same subject; so is the element
// around a field or another that has no content.
func (h *htmlReader) begin(f *Filter, e *element, void bool) {
	around := h.unit()
	if around < 0 && void && len(h.stack) > 0 {
		around = len(h.stack) - 1
	}
	was := e.scope
	e.scope, e.keyed = f.newScope(), true
	if around < 0 || h.hasScope(around) {
		return
	}
	for i := around; i < len(h.stack); i++ {
		if h.stack[i].scope == was {
			h.stack[i].scope = e.scope
		}
	}
	h.stack[around].keyed = true
	for i := h.stack[around].values; int(i) < len(f.values); i++ {
		if f.values[i].scope == was {
			f.values[i].scope = e.scope
		}
	}
}

// unit finds the row or other unit that is open, -1 if none is.
func (h *htmlReader) unit() int {
	for i := len(h.stack) - 1; i >= 0; i-- {
		if h.stack[i].kind&tagUnit != 0 {
			return i
		}
	}
	return -1
}

// hasScope says whether an element, or one between it and here, has a key already.
func (h *htmlReader) hasScope(from int) bool {
	for _, e := range h.stack[from:] {
		if e.keyed {
			return true
		}
	}
	return false
}

// add makes values of the attributes.
func (h *htmlReader) add(f *Filter, e *element) {
	for i := range h.attrs {
		a := &h.attrs[i]
		if a.start == a.end {
			continue
		}
		as := formText
		if !a.quoted {
			as = formBare
		}
		r, raw := a.rule, f.raw[a.start:a.end]
		start, end := a.start, a.end
		if r == ruleKey && a.from > 0 && a.from <= len(a.value) {
			start, end = h.keyPart(f, a)
		}
		f.keySeen(r, e.scope)
		if bytes.IndexByte(raw, '&') < 0 || r == ruleKey && a.from > 0 {
			f.plain(start, end, e.scope, r, as, flagsUnknown)
			continue
		}
		f.build.reset()
		appendEntities(&f.build, raw, start)
		f.built(start, end, e.scope, r, as)
	}
}

// keyPart finds the key behind a prefix, up to what ends a part of a URL. What is
// around it is looked at by itself.
func (h *htmlReader) keyPart(f *Filter, a *attr) (start, end int) {
	start = a.start + a.from
	if start > a.end {
		return a.start, a.end
	}
	end = start
	for end < a.end && bytes.IndexByte([]byte("/?#&"), f.raw[end]) < 0 {
		end++
	}
	if end < a.end {
		f.plain(end, a.end, noScope, ruleNone, formURL, flagsUnknown)
	}
	return start, end
}
