package body

import (
	"bytes"
	"math"
)

// formReader parts name=value pairs as HTML forms send them. All of it is a record;
// names mean what the columns of that name do.
type formReader struct {
	plan  *Plan
	scope int32
	begun bool
}

func (r *formReader) read(f *Filter, end bool) error {
	if !r.begun {
		r.begun, r.scope = true, f.newScope()
	}
	for f.at < len(f.raw) && !f.full() {
		n := bytes.IndexByte(f.raw[f.at:], '&')
		if n < 0 {
			if !end {
				return nil
			}
			n = len(f.raw) - f.at
		}
		r.pair(f, f.at, f.at+n)
		f.at = min(f.at+n+1, len(f.raw))
	}
	return nil
}

func (r *formReader) pair(f *Filter, start, end int) {
	i := bytes.IndexByte(f.raw[start:end], '=')
	what := ruleNone
	if i >= 0 {
		r.value(f, start, start+i, ruleNone)
		plusInto(&f.build, f.raw[start:start+i], start)
		what = r.plan.csv[header(string(f.build.text))]
		start += i + 1
	}
	f.keySeen(what, r.scope)
	r.value(f, start, end, what)
}

func (r *formReader) value(f *Filter, start, end int, what rule) {
	if start == end {
		return
	}
	plusInto(&f.build, f.raw[start:end], start)
	f.built(start, end, r.scope, what, formURL)
}

// plusInto reads percent signs, and plus signs as spaces.
func plusInto(b *viewBuilder, text []byte, base int) {
	var room [8]byte
	b.reset()
	for i := 0; i < len(text); {
		switch text[i] {
		case '+':
			b.escape([]byte{' '}, base+i, 1)
		case '%':
			if out, size := percentAt(room[:0], text[i:]); size > 0 {
				b.escape(out, base+i, size)
				i += size
				continue
			}
			fallthrough
		default:
			b.same(text[i:i+1], base+i)
		}
		i++
	}
}

func (r *formReader) lowest() int32 {
	if r.begun {
		return r.scope
	}
	return math.MaxInt32
}

func (r *formReader) moved(int32, int32) {}
