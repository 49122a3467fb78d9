package body

import (
	"unicode/utf8"
)

// fold reads a text with other characters than ASCII as one in ASCII, where those
// characters mean the same: full-width letters, digits of Arabic, spaces and dashes
// of all kinds; what is not seen is left out. It scans that text and says true, or
// says false if there is nothing of the kind.
func (f *Filter) fold(v *value, layer int) bool {
	view, b := &f.views[layer], &f.folded[layer+1]
	b.reset()
	text := view.text
	kept, found := 0, false
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		c, is := foldRune(r)
		if !is {
			i += size
			continue
		}
		found = true
		b.keep(view, kept, i)
		if c == 0 {
			b.replace(nil, view, i, i+size)
		} else {
			f.escape[0] = c
			b.replace(f.escape[:1], view, i, i+size)
		}
		i += size
		kept = i
	}
	if !found {
		return false
	}
	b.keep(view, kept, len(text))
	f.views[layer+1] = b.view()
	f.scan(v, flagsUnknown, layer+1)
	return true
}

// foldRune gives the ASCII character that a rune stands for, 0 for those that are
// not seen.
func foldRune(r rune) (byte, bool) {
	switch {
	case r == 0xAD, r >= 0x200B && r <= 0x200F, r >= 0x202A && r <= 0x202E, r >= 0x2060 && r <= 0x2069, r == 0xFEFF, r == 0x180E:
		return 0, true
	case r == 0xA0, r == 0x85, r >= 0x2000 && r <= 0x200A, r == 0x2028, r == 0x2029, r == 0x202F, r == 0x205F, r == 0x3000:
		return ' ', true
	case r >= 0x2010 && r <= 0x2015, r == 0x2212, r == 0xFE58, r == 0xFE63, r == 0xB7, r == 0x2022, r == 0x2024, r == 0x2027, r == 0x30FB:
		return '-', true
	case r == 0x2018, r == 0x2019, r == 0x201A, r == 0x201B, r == 0x201C, r == 0x201D, r == 0x201E, r == 0x201F, r == 0xAB, r == 0xBB:
		return '"', true
	case r >= 0xFF01 && r <= 0xFF5E:
		return byte(r - 0xFEE0), true
	case r >= 0x0660 && r <= 0x0669:
		return byte(r-0x0660) + '0', true
	case r >= 0x06F0 && r <= 0x06F9:
		return byte(r-0x06F0) + '0', true
	}
	return 0, false
}
