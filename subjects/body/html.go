package body

import (
	"bytes"
	"math"
)

// htmlReader parts HTML into the text between tags, put together across tags that
// only mark it up, and the values of attributes. It reads as browsers do: whatever is
// not closed, not quoted or not nested as it should be is no error.
//
// A record is a row of a table or list, when no other is open; elsewhere the text
// between two tags that part it.
type htmlReader struct {
	plan   *Plan
	xml    bool
	stack  []element
	run    viewBuilder // text that may go on behind the next tag
	plain  stretch     // instead of run, text that stands in one place as it is
	spare  viewBuilder
	from   int    // where the run began
	tried  int    // up to where no place to cut was found
	raw    []byte // "</script", while its content is read
	rcdata bool   // the same, with entities
	scan   int    // of an unfinished tag: where to look for its end, from f.at
	quote  byte   // of the same: the quote that is open
	attrs  []attr
	name   []byte
	info   *tagInfo // of the name
	names  []byte
	slowly bool // for tests: without the short ways
	rows   int  // open rows
}

// stretch is a stretch of the bytes that are held, and what is in it.
type stretch struct {
	from, to int
	seen     tally
}

// element is an open element.
type element struct {
	info   *tagInfo
	tag    string // if it is not known
	kind   uint8
	rule   rule
	ruled  bool   // the rule is its own
	bits   uint64 // compounds that it or an element around it matches
	scope  int32
	keyed  bool  // the scope began here
	values int32 // how many values there were when it began
}

func newHTML(p *Plan, xml bool) *htmlReader { return &htmlReader{plan: p, xml: xml} }

// reset makes the reader ready for another body; its memory is used again.
func (h *htmlReader) reset(p *Plan, xml bool) {
	h.run.reset()
	*h = htmlReader{plan: p, xml: xml, stack: h.stack[:0], run: h.run, spare: h.spare, attrs: h.attrs[:0], name: h.name[:0], names: h.names[:0]}
}

func (h *htmlReader) read(f *Filter, end bool) error {
	f.marks.cover(f.raw, f.at, htmlStops)
	for f.at < len(f.raw) && !f.full() {
		switch {
		case h.raw != nil:
			if !h.rawText(f, end) {
				return nil
			}
		case f.raw[f.at] == '<':
			done, err := h.tag(f, end)
			if err != nil || !done {
				return err
			}
		default:
			if !h.text(f, end) {
				return nil
			}
		}
	}
	if end && f.at == len(f.raw) {
		h.flush(f)
	}
	return nil
}

// htmlStops end text, or begin an entity.
var htmlStops = stopsOf('<', '&', '<')

// text takes text up to the next tag into the run. An entity that may not be whole
// waits.
func (h *htmlReader) text(f *Filter, end bool) bool {
	if h.simple(f) {
		return true
	}
	part := f.raw[f.at:]
	if i := bytes.IndexByte(part, '<'); i >= 0 {
		part = part[:i]
	} else if !end {
		if i := bytes.LastIndexByte(part, '&'); i >= 0 && len(part)-i < maxEntity && bytes.IndexByte(part[i:], ';') < 0 {
			part = part[:i]
		}
	}
	if len(part) == 0 {
		return false
	}
	h.extend(f, part)
	return true
}

// simple takes text without entities up to a tag that is there, if it begins the run
// and is short enough not to be cut. It leaves all other.
func (h *htmlReader) simple(f *Filter) bool {
	if len(h.run.text) > 0 || h.plain.to > 0 || h.slowly {
		return false
	}
	stop, seen := f.marks.span(f.at)
	if stop == len(f.raw) || f.raw[stop] != '<' || stop-f.at >= Window/2 {
		return false
	}
	h.plain = stretch{f.at, stop, seen}
	f.at = stop
	return true
}

// write puts plain text into the run, because more is to follow.
func (h *htmlReader) write(f *Filter) {
	if p := h.plain; p.to > 0 {
		h.plain = stretch{}
		h.run.reset()
		h.run.same(f.raw[p.from:p.to], p.from)
		h.from, h.tried = p.from, 0
	}
}

func (h *htmlReader) extend(f *Filter, part []byte) {
	h.write(f)
	if len(h.run.text) == 0 {
		h.run.reset()
		h.from, h.tried = f.at, 0
	}
	appendEntities(&h.run, part, f.at)
	f.at += len(part)
	for len(h.run.text) >= h.next() {
		if !h.part(f) {
			h.tried = h.next()
		}
	}
}

// next is how long the run must be before it is cut: a multiple of half a window, so
// that cuts do not depend on how the body came.
func (h *htmlReader) next() int { return h.tried + Window/2 }

// part cuts a long run at a space, so that it need not be held whole.
func (h *htmlReader) part(f *Filter) bool {
	text := h.run.text
	cut := cutText(text[:h.next()])
	if cut <= 0 {
		return false
	}
	all := h.run.view()
	h.spare.reset()
	h.spare.keep(&all, cut, len(text))
	f.build.reset()
	f.build.keep(&all, 0, cut)
	last := f.build.segs[len(f.build.segs)-1]
	stop := int(last.raw + last.size)
	f.built(h.from, stop, h.scope(), h.rule(), formText)
	h.run, h.spare = h.spare, h.run
	h.from, h.tried = stop, 0
	if !h.waits() {
		f.endRecord(stop)
	}
	return true
}

// flush ends the run: it is a value.
func (h *htmlReader) flush(f *Filter) {
	if p := h.plain; p.to > 0 {
		h.plain = stretch{}
		if blank(f.raw[p.from:p.to]) {
			return
		}
		flags := p.seen.flags()
		if flags&oddFlags != 0 {
			flags = flagsOf(f.raw[p.from:p.to])
		}
		f.plain(p.from, p.to, h.scope(), h.rule(), formText, flags)
		if h.rule() == ruleKey {
			f.keySeen(ruleKey, h.scope())
		}
		return
	}
	if len(h.run.text) == 0 {
		return
	}
	if blank(h.run.text) {
		h.run.reset()
		return
	}
	segs := h.run.segs
	if len(segs) == 1 && int(segs[0].size) == len(h.run.text) {
		f.plain(int(segs[0].raw), int(segs[0].raw+segs[0].size), h.scope(), h.rule(), formText, flagsUnknown)
	} else {
		f.build, h.run = h.run, f.build
		f.built(h.from, int(segs[len(segs)-1].raw+segs[len(segs)-1].size), h.scope(), h.rule(), formText)
	}
	if h.rule() == ruleKey {
		f.keySeen(ruleKey, h.scope())
	}
	h.run.reset()
}

func blank(text []byte) bool {
	for _, c := range text {
		if !isSpace(c) {
			return false
		}
	}
	return true
}

func (h *htmlReader) scope() int32 {
	if n := len(h.stack); n > 0 {
		return h.stack[n-1].scope
	}
	return noScope
}

func (h *htmlReader) rule() rule {
	if n := len(h.stack); n > 0 {
		return h.stack[n-1].rule
	}
	return ruleNone
}

// rawText takes the content of a script, a style, a title as one value.
func (h *htmlReader) rawText(f *Filter, end bool) bool {
	i := indexFold(f.raw[f.at:], h.raw, max(h.scan-len(h.raw), 0))
	if i < 0 {
		if !end {
			h.scan = len(f.raw) - f.at
			return false
		}
		i = len(f.raw) - f.at
	}
	start, stop := f.at, f.at+i
	if start < stop {
		f.build.reset()
		if h.rcdata {
			appendEntities(&f.build, f.raw[start:stop], start)
			f.built(start, stop, h.scope(), h.rule(), formText)
		} else {
			f.plain(start, stop, h.scope(), h.rule(), formText, flagsUnknown)
		}
	}
	f.at, h.raw, h.scan = stop, nil, 0
	return true
}

// indexFold finds a string in lower case, whatever case it is written in, from a
// place on.
func indexFold(text, low []byte, from int) int {
	for i := from; ; {
		n := bytes.IndexByte(text[min(i, len(text)):], low[0])
		if n < 0 || i+n+len(low) > len(text) {
			return -1
		}
		i += n
		if bytes.EqualFold(text[i:i+len(low)], low) {
			return i
		}
		i++
	}
}

// block is called where text ends for good: the record may end there too.
func (h *htmlReader) block(f *Filter, at int) {
	if h.rows == 0 || f.begun(at) > soft {
		f.endRecord(at)
	}
}

// waits says whether the record must not end here.
func (h *htmlReader) waits() bool { return h.rows > 0 }

func (h *htmlReader) lowest() int32 {
	low := int32(math.MaxInt32)
	for i := range h.stack {
		if h.stack[i].scope != noScope {
			low = min(low, h.stack[i].scope)
		}
	}
	return low
}

func (h *htmlReader) moved(bytes, values int32) {
	for i := range h.run.segs {
		h.run.segs[i].raw -= bytes
	}
	if h.plain.to > 0 {
		h.plain.from, h.plain.to = h.plain.from-int(bytes), h.plain.to-int(bytes)
	}
	h.from -= int(bytes)
	for i := range h.stack {
		h.stack[i].values = max(0, h.stack[i].values-values)
	}
}
