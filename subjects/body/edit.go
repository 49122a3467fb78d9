package body

import (
	"custody"
	"custody/subjects"
)

// cover masks a whole value, as its category is treated.
func (f *Filter) cover(v *value, c custody.Category, t custody.Treatment) {
	if t == custody.Clear {
		return
	}
	view := f.view(v)
	f.replace(&view, 0, len(view.text), v.form, c, t)
}

// replace masks text[a:b] of a view. Structure inside, such as tags, stays: the mask
// stands in the first piece and the others become empty.
func (f *Filter) replace(view *view, a, b int, as form, c custody.Category, t custody.Treatment) {
	mask := f.o.Hidden
	if t == custody.Masked {
		f.mask = subjects.Mask(f.mask[:0], c, view.text[a:b])
		mask = f.mask
	}
	f.room = view.pieces(f.room[:0], a, b)
	for i, p := range f.room {
		from := int32(len(f.masks))
		if i == 0 {
			f.masks = as.write(f.masks, mask)
		}
		f.edits = append(f.edits, edit{p.start, p.end, from, int32(len(f.masks))})
	}
}

// emit appends the bytes up to end with the masks in them. The edits are in order of
// their beginnings; of two that overlap the first, longer one says what stands there.
func (f *Filter) emit(dst []byte, end int) []byte {
	at := 0
	for _, e := range f.edits {
		start, stop := int(e.start), min(int(e.end), end)
		if start >= end {
			break
		}
		if start >= at {
			dst = f.code.encode(dst, f.raw[at:start])
			dst = f.code.encode(dst, f.masks[e.mask:e.maskEnd])
		}
		at = max(at, stop)
	}
	return f.code.encode(dst, f.raw[at:end])
}
