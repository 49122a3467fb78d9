package body

import (
	"bytes"
	"math/bits"
)

// tag reads what begins with the < at f.at; false means that its end has not come.
func (h *htmlReader) tag(f *Filter, end bool) (bool, error) {
	rest := f.raw[f.at:]
	if len(rest) < 2 && !end {
		return false, nil
	}
	if stop := h.bare(f, rest); stop > 0 {
		return true, h.bareElement(f, stop)
	}
	switch {
	case len(rest) < 2:
	case bytes.HasPrefix(rest, []byte("<!--")):
		return h.until(f, end, "-->", 4), nil
	case len(rest) < 4 && !end && bytes.HasPrefix([]byte("<!--"), rest):
		return false, nil
	case h.xml && bytes.HasPrefix(rest, []byte("<![CDATA[")):
		return h.cdata(f, end), nil
	case rest[1] == '!' || rest[1] == '?':
		return h.until(f, end, ">", 2), nil
	case rest[1] == '/' || charClass[rest[1]] == charLetter || h.xml && rest[1] >= 0x80 || h.xml && rest[1] == '_':
		stop := h.tagEnd(f)
		if stop < 0 && !end {
			return false, nil
		}
		if stop < 0 { // the body ends inside a tag: text, for all that browsers show
			break
		}
		return true, h.element(f, stop)
	}
	h.extend(f, rest[:1])
	return true, nil
}

// bare finds the end of a tag that is whole and has nothing but its name; 0 if it is
// none of these.
func (h *htmlReader) bare(f *Filter, rest []byte) int {
	i := 1
	if h.scan > 0 || h.quote != 0 || h.slowly {
		return 0
	}
	if len(rest) > 2 && rest[1] == '/' {
		i = 2
	}
	if i == len(rest) || charClass[rest[i]] != charLetter {
		return 0
	}
	for i < len(rest) && charClass[rest[i]]-1 < 2 {
		i++
	}
	if i < len(rest) && rest[i] == '>' {
		return f.at + i + 1
	}
	return 0
}

// bareElement is element for a tag that has nothing but its name.
func (h *htmlReader) bareElement(f *Filter, stop int) error {
	start := f.at
	from := start + 1
	closing := f.raw[from] == '/'
	if closing {
		from++
	}
	h.name = lowerName(h.name[:0], f.raw[from:stop-1])
	h.info = tagOf(h.name)
	h.attrs = h.attrs[:0]
	return h.named(f, start, stop, h.kind(closing), closing, false)
}

// kind gives what the element that has been named is to the reader.
func (h *htmlReader) kind(closing bool) uint8 {
	kind := h.info.kind
	if h.xml {
		kind &^= tagRaw | tagEntities | tagVoid | tagInline | tagRow | tagUnit
		if len(h.stack) == 1 && !closing { // a child of the root
			kind |= tagRow | tagUnit
		}
	}
	return kind
}

// until takes a comment or a declaration as text that nobody sees, but anybody can
// read.
func (h *htmlReader) until(f *Filter, end bool, close string, from int) bool {
	rest := f.raw[f.at:]
	begin := min(max(from, h.scan-len(close)), len(rest))
	i := bytes.Index(rest[begin:], []byte(close))
	stop := begin + i + len(close)
	if i < 0 {
		if !end {
			h.scan = len(rest)
			return false
		}
		stop = len(rest)
	}
	h.scan = 0
	f.plain(f.at, f.at+stop, h.scope(), ruleNone, formText, flagsUnknown)
	f.at += stop
	return true
}

// cdata takes the text of a CDATA section of XML into the run, as it is.
func (h *htmlReader) cdata(f *Filter, end bool) bool {
	const open, close = len("<![CDATA["), "]]>"
	rest := f.raw[f.at:]
	begin := min(max(open, h.scan-len(close)), len(rest))
	i := bytes.Index(rest[begin:], []byte(close))
	if i < 0 && !end {
		h.scan = len(rest)
		return false
	}
	h.scan = 0
	stop, next := begin+i, begin+i+len(close)
	if i < 0 {
		stop, next = len(rest), len(rest)
	}
	h.write(f)
	if len(h.run.text) == 0 {
		h.run.reset()
		h.from, h.tried = f.at+open, 0
	}
	h.run.same(rest[min(open, stop):stop], f.at+min(open, stop))
	f.at += next
	return true
}

// tagEnd finds the > that ends the tag at f.at, outside of quotes; -1 if it has not
// come. A quote only counts behind an equals sign, as in browsers.
func (h *htmlReader) tagEnd(f *Filter) int {
	rest := f.raw[f.at:]
	for i := max(h.scan, 2); i < len(rest); i++ {
		c := rest[i]
		switch {
		case h.quote != 0:
			n := bytes.IndexByte(rest[i:], h.quote)
			if n < 0 {
				h.scan = len(rest)
				return -1
			}
			i += n
			h.quote = 0
		case c == '>':
			h.scan = 0
			return f.at + i + 1
		case (c == '"' || c == '\'') && afterEquals(rest[:i]):
			h.quote = c
		}
	}
	h.scan = len(rest)
	return -1
}

func afterEquals(before []byte) bool {
	for i := len(before) - 1; i >= 0; i-- {
		if !isSpace(before[i]) {
			return before[i] == '='
		}
	}
	return false
}

// element reads a whole tag: raw[f.at:stop].
func (h *htmlReader) element(f *Filter, stop int) error {
	start := f.at
	tag := f.raw[start:stop]
	i := 1
	closing := tag[1] == '/'
	if closing {
		i = 2
	}
	from := i
	for i < len(tag)-1 && !isSpace(tag[i]) && tag[i] != '/' {
		i++
	}
	h.name = lowerName(h.name[:0], tag[from:i])
	h.info = tagOf(h.name)
	kind := h.kind(closing)
	if h.attrs = h.attrs[:0]; i < len(tag)-1 && !closing {
		h.attributes(f, i, stop)
	}
	return h.named(f, start, stop, kind, closing, h.xml && tag[len(tag)-2] == '/')
}

// named goes on with a tag whose name and attributes have been read.
func (h *htmlReader) named(f *Filter, start, stop int, kind uint8, closing, empty bool) error {
	if kind&tagInline == 0 {
		h.flush(f)
	}
	if closing {
		h.close(f, stop)
		f.at = stop
		return nil
	}
	if kind&tagInline == 0 {
		h.imply(f)
		h.block(f, start)
	}
	err := h.open(f, kind, kind&tagVoid != 0 || empty)
	f.at = stop
	if kind&(tagRaw|tagEntities) != 0 {
		h.raw = append(append(h.raw[:0], "</"...), h.name...)
		h.rcdata = kind&tagEntities != 0
	}
	return err
}

// imply closes elements whose end tags were left out before this one.
func (h *htmlReader) imply(f *Filter) {
	if h.info.closes == 0 || h.xml {
		return
	}
	for i := len(h.stack) - 1; i >= 0; i-- {
		e := h.stack[i].info
		if e.bit&h.info.closes != 0 {
			h.pop(f, i)
		} else if e.barrier {
			return
		}
	}
}

// close ends the element of an end tag, and those inside that were left open. An end
// tag of nothing open is passed over.
func (h *htmlReader) close(f *Filter, stop int) {
	for i := len(h.stack) - 1; i >= 0; i-- {
		if h.stack[i].info == h.info && (h.info != &unknownTag || h.stack[i].tag == string(h.name)) {
			if h.stack[i].ruled || h.stack[i].keyed {
				h.flush(f)
			}
			h.pop(f, i)
			break
		}
	}
	if h.info.kind&tagInline == 0 {
		h.block(f, stop)
	}
}

// pop closes the elements from i on.
func (h *htmlReader) pop(f *Filter, i int) {
	for _, e := range h.stack[i:] {
		if e.kind&tagRow != 0 {
			h.rows--
		}
	}
	h.stack = h.stack[:i]
}

// open begins an element whose attributes have been read.
func (h *htmlReader) open(f *Filter, kind uint8, void bool) error {
	e := element{kind: kind, scope: h.scope(), rule: h.rule(), values: int32(len(f.values))}
	if n := len(h.stack); n > 0 {
		e.bits = h.stack[n-1].bits
	}
	text := ruleNone
	for set := h.candidates(); set != 0; set &= set - 1 {
		if r := h.match(&h.plan.html[bits.TrailingZeros64(set)], &e); r != ruleNone {
			text = r
		}
	}
	if text != ruleNone || h.hasKey() {
		h.flush(f)
		if text != ruleNone {
			e.rule, e.ruled = text, true
		}
	}
	if h.hasKey() || text == ruleKey {
		h.begin(f, &e, void)
	}
	h.add(f, &e)
	if void {
		return nil
	}
	if len(h.stack) == MaxDepth {
		return errTooLarge("the answer is nested deeper than 512 levels")
	}
	if e.info = h.info; e.info == &unknownTag {
		e.tag = string(h.name)
	}
	if kind&tagRow != 0 {
		h.rows++
	}
	h.stack = append(h.stack, e)
	return nil
}

func (h *htmlReader) hasKey() bool {
	for i := range h.attrs {
		if h.attrs[i].rule == ruleKey {
			return true
		}
	}
	return false
}
