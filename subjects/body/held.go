package body

import "custody"

// held is what has been read and not been given away: bytes, and the values and
// records that the reader has found in them.
type held struct {
	raw      []byte // in UTF-8
	at       int    // where the reader goes on
	values   []value
	records  []record
	scopes   []scope // from number before on
	before   int32
	together bool      // the record under way is not to be ended yet
	first    int32     // the first value of the record under way
	ruled    bool      // some value is of a category by a rule
	keys     int       // how many values are keys whose subject is not known yet
	marks    marks     // of raw, where the reader is
	segs     []segment // of values with escapes
	texts    []byte    // of the same
	build    viewBuilder
}

// value is a stretch of text with one meaning: a string, a cell, the text between
// two tags.
type value struct {
	start, end      int32 // in raw; a mask of the whole value replaces it
	segs, segsEnd   int32 // none: the text is raw[start:end]
	texts, textsEnd int32
	scope           int32 // whose key tells the subject; -1: none
	rule            rule
	form            form
	flags           uint8               // of its characters, see chars; flagsUnknown if not yet looked at
	subject         custody.SubjectID   // of a key: whose it is, if it was looked up already
	alone           bool                // see alone: nothing in it need be looked up if its subject is known
	shown           custody.CategorySet // of a key: of values that were alone, and are not kept
}

// record is what leaves together: everything up to end, with the values up to values.
// Of a plain one no values are kept: it is one subject's, and shows no more than that.
type record struct {
	end, values int32
	subject     custody.SubjectID // of a plain one
	shown       custody.CategorySet
}

// scope is a part of a body whose key names one subject: a JSON object, a row.
type scope struct {
	subject custody.SubjectID
	key     int32 // the value that is its key, if that is of the record under way
	seen    bool  // its key has been read
	pending bool  // a value of a category came before
}

const noScope = -1

func (h *held) reset() {
	h.raw, h.at, h.before, h.together, h.first, h.ruled, h.keys = h.raw[:0], 0, 0, false, 0, false, 0
	h.marks.base, h.marks.end, h.marks.stops = 0, 0, 0
	h.values, h.records, h.scopes, h.segs, h.texts = h.values[:0], h.records[:0], h.scopes[:0], h.segs[:0], h.texts[:0]
}

func (h *held) note(r rule) {
	if r > ruleKey {
		h.ruled = true
	} else if r == ruleKey {
		h.keys++
	}
}

// plain adds a value without escapes.
func (h *held) plain(start, end int, scope int32, r rule, as form, flags uint8) {
	h.note(r)
	h.values = append(h.values, value{start: int32(start), end: int32(end), scope: scope, rule: r, form: as, flags: flags})
}

// built adds the value whose text is in h.build.
func (h *held) built(start, end int, scope int32, r rule, as form) {
	h.note(r)
	v := value{start: int32(start), end: int32(end), scope: scope, rule: r, form: as, flags: flagsUnknown}
	v.segs, v.texts = int32(len(h.segs)), int32(len(h.texts))
	h.segs, h.texts = append(h.segs, h.build.segs...), append(h.texts, h.build.text...)
	v.segsEnd, v.textsEnd = int32(len(h.segs)), int32(len(h.texts))
	h.values = append(h.values, v)
}

// view gives a value's text.
func (h *held) view(v *value) view {
	if v.segs == v.segsEnd {
		return view{text: h.raw[v.start:v.end], base: int(v.start)}
	}
	return view{text: h.texts[v.texts:v.textsEnd], segs: h.segs[v.segs:v.segsEnd]}
}

// newScope begins a scope and gives its number.
func (h *held) newScope() int32 {
	h.scopes = append(h.scopes, scope{key: -1})
	return h.before + int32(len(h.scopes)-1)
}

// scope gives an open scope, or one of a value that is held.
func (h *held) scope(n int32) *scope { return &h.scopes[n-h.before] }

// keySeen notes that the key of a scope has come, if that is what a rule says.
func (h *held) keySeen(r rule, scope int32) {
	if r == ruleKey && scope != noScope {
		h.scope(scope).seen = true
	}
}

// subject gives whose the values of a scope are, 0 if that is not known.
func (h *held) subject(scope int32) custody.SubjectID {
	if scope == noScope {
		return 0
	}
	return h.scope(scope).subject
}

// complete is how many bytes stand in whole records.
func (h *held) complete() int {
	if n := len(h.records); n > 0 {
		return int(h.records[n-1].end)
	}
	return 0
}

// full says whether a window is complete.
func (h *held) full() bool { return h.complete() >= Window }

// begun is how many bytes the record under way has up to at.
func (h *held) begun(at int) int { return at - h.complete() }

// endRecord ends the record under way.
func (h *held) endRecord(end int) {
	if end > h.complete() && !h.together {
		h.first = int32(len(h.values))
		h.records = append(h.records, record{end: int32(end), values: h.first})
	}
}

// endPlain ends a record that is plain.
func (h *held) endPlain(end int, who custody.SubjectID, shown custody.CategorySet) {
	h.records = append(h.records, record{int32(end), h.first, who, shown})
}

// drop forgets what has been given away. Values of the record under way move to the
// front; scopes before the lowest open one that no such value has go.
func (h *held) drop(lowest int32) (bytes, done int32) {
	n := len(h.records)
	if n == 0 {
		return 0, 0
	}
	bytes, done = h.records[n-1].end, h.records[n-1].values
	left := copy(h.raw, h.raw[bytes:])
	h.raw, h.at = h.raw[:left], h.at-int(bytes)
	h.marks.base, h.marks.end = h.marks.base-int(bytes), h.marks.end-int(bytes)
	var segs, texts int32 = int32(len(h.segs)), int32(len(h.texts))
	for _, v := range h.values[done:] {
		if v.segs != v.segsEnd {
			segs, texts = v.segs, v.texts
			break
		}
	}
	h.values = h.values[:copy(h.values, h.values[done:])]
	h.ruled, h.keys = false, 0
	for i := range h.values {
		v := &h.values[i]
		v.start, v.end = v.start-bytes, v.end-bytes
		h.note(v.rule)
		if v.scope != noScope {
			lowest = min(lowest, v.scope)
		}
		if v.segs != v.segsEnd {
			v.segs, v.segsEnd, v.texts, v.textsEnd = v.segs-segs, v.segsEnd-segs, v.texts-texts, v.textsEnd-texts
		}
	}
	h.segs = h.segs[:copy(h.segs, h.segs[segs:])]
	for i := range h.segs {
		h.segs[i].raw -= bytes
	}
	h.texts = h.texts[:copy(h.texts, h.texts[texts:])]
	h.records, h.first = h.records[:0], 0
	gone := min(lowest-h.before, int32(len(h.scopes)))
	h.scopes = h.scopes[:copy(h.scopes, h.scopes[gone:])]
	h.before += gone
	for i := range h.scopes {
		h.scopes[i].key = max(h.scopes[i].key-done, -1)
	}
	return bytes, done
}
