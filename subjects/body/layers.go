package body

// unescape reads the escapes that a text may have inside whatever carries it, and
// scans what they make: percent signs of URLs, quoted-printable, entities of HTML,
// backslashes of scripts.
func (f *Filter) unescape(v *value, flags uint8, layer int) {
	if flags&hasPercent != 0 {
		f.layer(v, layer, formURL, percentAt)
	}
	if flags&hasEquals != 0 {
		f.layer(v, layer, formQP, quotedAt)
	}
	if flags&hasAmpersand != 0 {
		f.layer(v, layer, v.form, entityAt)
	}
	if flags&hasBackslash != 0 {
		f.layer(v, layer, v.form, backslashAt)
	}
}

// escapeAt reads one escape at the beginning of text: what it stands for and how long
// it is; zero if there is none.
type escapeAt func(room, text []byte) (out []byte, size int)

// layer builds the view that one kind of escapes makes, and scans it if there were
// any. Masks in it are written as as says.
func (f *Filter) layer(v *value, layer int, as form, at escapeAt) {
	view, b := &f.views[layer], &f.folded[layer+1]
	b.reset()
	text := view.text
	kept, found := 0, false
	for i := 0; i < len(text); {
		if !escapeSign[text[i]] {
			i++
			continue
		}
		out, size := at(f.escape[:0], text[i:])
		if size == 0 {
			i++
			continue
		}
		found = true
		b.keep(view, kept, i)
		b.replace(out, view, i, i+size)
		i += size
		kept = i
	}
	if !found {
		return
	}
	b.keep(view, kept, len(text))
	f.views[layer+1] = b.view()
	was := v.form
	v.form = as
	f.scan(v, flagsUnknown, layer+1)
	v.form = was
}

var escapeSign = [256]bool{'%': true, '=': true, '&': true, '\\': true}

func percentAt(room, text []byte) ([]byte, int) { return hexAt(room, text, '%') }

// quotedAt reads =XX, and the end of a line that is none (RFC 2045, section 6.7).
func quotedAt(room, text []byte) ([]byte, int) {
	if len(text) >= 2 && text[0] == '=' && text[1] == '\n' {
		return room, 2
	}
	if len(text) >= 3 && text[0] == '=' && text[1] == '\r' && text[2] == '\n' {
		return room, 3
	}
	return hexAt(room, text, '=')
}

func hexAt(room, text []byte, sign byte) ([]byte, int) {
	if len(text) < 3 || text[0] != sign {
		return room, 0
	}
	a, b := hexValue(text[1]), hexValue(text[2])
	if a > 15 || b > 15 {
		return room, 0
	}
	return append(room, a<<4|b), 3
}

func hexValue(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}
