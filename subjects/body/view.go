package body

import "sort"

// segment says where a stretch of a view's text stands in what is held: from raw on,
// size bytes. If the text is as long as that the two are equal byte for byte;
// otherwise the stretch is an escape, which can only be replaced whole.
type segment struct{ text, raw, size int32 }

// view is a value as people read it, with the way back to the bytes as they came.
// Without segments the text stands at base as it is.
type view struct {
	text []byte
	base int
	segs []segment
}

// piece is a stretch of the bytes as they came.
type piece struct{ start, end int32 }

// pieces appends where text[a:b] stands. There is one piece unless tags or other
// structure stand in between.
func (v *view) pieces(dst []piece, a, b int) []piece {
	if v.segs == nil {
		return append(dst, piece{int32(v.base + a), int32(v.base + b)})
	}
	first := len(dst)
	i := sort.Search(len(v.segs), func(i int) bool { return v.textEnd(i) > a })
	for ; i < len(v.segs); i++ {
		s := v.segs[i]
		from, to := int(s.text), v.textEnd(i)
		if from >= b {
			break
		}
		p := piece{s.raw, s.raw + s.size}
		if to-from == int(s.size) {
			p = piece{s.raw + int32(max(a-from, 0)), s.raw + int32(min(b, to)-from)}
		}
		if len(dst) > first && dst[len(dst)-1].end == p.start {
			dst[len(dst)-1].end = p.end
		} else {
			dst = append(dst, p)
		}
	}
	return dst
}

// at gives where text[a] stands.
func (v *view) at(a int) int {
	if v.segs == nil {
		return v.base + a
	}
	i := sort.Search(len(v.segs), func(i int) bool { return v.textEnd(i) > a })
	if i == len(v.segs) {
		return v.base
	}
	s := v.segs[i]
	if v.textEnd(i)-int(s.text) == int(s.size) {
		return int(s.raw) + max(a-int(s.text), 0)
	}
	return int(s.raw)
}

// textEnd is where the text of segment i ends.
func (v *view) textEnd(i int) int {
	if i+1 < len(v.segs) {
		return int(v.segs[i+1].text)
	}
	return len(v.text)
}

// viewBuilder makes a view of a view: the same value with its escapes read.
type viewBuilder struct {
	text []byte
	segs []segment
	room []piece
}

func (b *viewBuilder) reset() { b.text, b.segs = b.text[:0], b.segs[:0] }

// view gives what was built; it holds until the next reset.
func (b *viewBuilder) view() view { return view{text: b.text, segs: b.segs} }

// same appends a stretch that is in the raw bytes as it is.
func (b *viewBuilder) same(text []byte, raw int) {
	if len(text) == 0 {
		return
	}
	if n := len(b.segs); n > 0 {
		last := &b.segs[n-1]
		if int(last.raw+last.size) == raw && int(last.text+last.size) == len(b.text) {
			last.size += int32(len(text))
			b.text = append(b.text, text...)
			return
		}
	}
	b.segs = append(b.segs, segment{int32(len(b.text)), int32(raw), int32(len(text))})
	b.text = append(b.text, text...)
}

// escape appends text that stands for size other bytes at raw. Text as long as its
// escape cannot be told from plain text, so its parts are escapes of one byte each.
func (b *viewBuilder) escape(text []byte, raw, size int) {
	b.segs = append(b.segs, segment{int32(len(b.text)), int32(raw), int32(size)})
	b.text = append(b.text, text...)
}

// keep appends text[from:to] of another view.
func (b *viewBuilder) keep(v *view, from, to int) {
	if v.segs == nil {
		b.same(v.text[from:to], v.base+from)
		return
	}
	i := sort.Search(len(v.segs), func(i int) bool { return v.textEnd(i) > from })
	for ; i < len(v.segs) && int(v.segs[i].text) < to; i++ {
		s, end := v.segs[i], v.textEnd(i)
		a, z := max(from, int(s.text)), min(to, end)
		if end-int(s.text) == int(s.size) {
			b.same(v.text[a:z], int(s.raw)+a-int(s.text))
		} else {
			b.escape(v.text[a:z], int(s.raw), int(s.size))
		}
	}
}

// replace appends text that stands for text[from:to] of another view.
func (b *viewBuilder) replace(text []byte, v *view, from, to int) {
	b.room = v.pieces(b.room[:0], from, to)
	if len(b.room) > 0 {
		b.escape(text, int(b.room[0].start), int(b.room[0].end-b.room[0].start))
	}
}
