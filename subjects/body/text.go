package body

import (
	"bytes"
	"math"
)

// textReader takes plain text a window at a time. A line is a record; identifiers may
// go on over the end of a line.
type textReader struct{}

func (textReader) read(f *Filter, end bool) error {
	f.marks.cover(f.raw, f.at, textStops)
	for f.at < len(f.raw) && !f.full() {
		part := f.raw[f.at:]
		cut := 0
		for n := Window; cut == 0 && n <= len(part); n += Window {
			cut = cutText(part[:n])
		}
		if cut == 0 && !end {
			return nil
		}
		if cut == 0 {
			cut = len(part)
		}
		f.lines(f.at, f.at+cut, noScope, ruleNone, formText)
		f.at += cut
	}
	return nil
}

var textStops = stopsOf('\n', '\n', '\n')

// lines adds text as one value for each stretch of lines that an identifier may go
// on over. Each line is a record all the same: a hit belongs to that of its beginning.
func (f *Filter) lines(start, end int, scope int32, r rule, as form) {
	for start < end {
		stop := start
		for stop < end {
			stop = f.lineEnd(stop, end)
			if !goesOn(f.raw[start:stop], f.raw[stop:end]) {
				break
			}
		}
		flags := flagsUnknown
		if f.marks.holds(start, stop) {
			if flags = f.marks.over(start, stop).flags(); flags&oddFlags != 0 {
				flags = flagsOf(f.raw[start:stop])
			}
		}
		f.plain(start, stop, scope, r, as, flags)
		for start < stop {
			start = f.lineEnd(start, stop)
			f.endRecord(start)
		}
	}
}

func (f *Filter) lineEnd(from, end int) int {
	if i := bytes.IndexByte(f.raw[from:end], '\n'); i >= 0 {
		return from + i + 1
	}
	return end
}

// goesOn says whether an identifier may go on from the end of one line to the next:
// a figure ends the one and letters or figures begin the other, or a line ends in the
// equals sign of quoted-printable.
func goesOn(line, next []byte) bool {
	n := len(line)
	for n > 0 && (line[n-1] == '\n' || line[n-1] == '\r') {
		n--
	}
	if n > 0 && line[n-1] == '=' {
		return true
	}
	for n > 0 && (line[n-1] == ' ' || line[n-1] == '\t') {
		n--
	}
	i := 0
	for i < len(next) && (next[i] == ' ' || next[i] == '\t') {
		i++
	}
	if n == 0 || i == len(next) {
		return false
	}
	a, b := charClass[line[n-1]], charClass[next[i]]
	return a == charDigit && (b == charDigit || b == charLetter) || a == charLetter && b == charDigit
}

// cutText finds where a long text may be cut without cutting an identifier: behind
// the last line, sentence or word that nothing goes on from. Rather than between two
// words, where what corroborates a name may come next, it cuts behind a line that ends
// in a long word.
func cutText(text []byte) int {
	for cut := len(text); cut > len(text)/2; {
		i := bytes.LastIndexByte(text[:cut], '\n')
		if i < 0 {
			break
		}
		if !goesOn(text[:i+1], text[i+1:]) && i+1 < len(text) {
			return i + 1
		}
		cut = i
	}
	for cut := len(text); cut > len(text)/2; {
		i := bytes.LastIndexByte(text[:cut], '\n')
		if i < 0 {
			break
		}
		if i+1 < len(text) && letters(text[max(0, i-4):i], 4) {
			return i + 1
		}
		cut = i
	}
	for i := len(text) - 2; i > len(text)/2; i-- {
		if cutHere(text, i) {
			return i + 1
		}
	}
	return 0
}

// cutHere says whether a text may be cut behind the byte at i: it is a sign that no
// identifier has, or a space between words of letters, or deep inside a run so long
// that it is none.
func cutHere(text []byte, i int) bool {
	switch c := text[i]; {
	case c == ';' || c == '{' || c == '}' || c == '<' || c == '>' || c == '|':
		return true
	case c <= ' ':
		return letters(text[max(0, i-4):i], 4) && letters(text[i+1:min(len(text), i+5)], 4)
	}
	return i >= longRun && i+longRun < len(text) && i%16 == 0 && oneRun(text[i-longRun:i+longRun])
}

// longRun is longer than any identifier without a space, on each side of a cut.
const longRun = 80

func letters(text []byte, n int) bool {
	for _, c := range text {
		if charClass[c] != charLetter {
			return false
		}
	}
	return len(text) == n
}

// oneRun says whether all is letters, digits and signs of base64.
func oneRun(text []byte) bool {
	for _, c := range text {
		if charClass[c]-1 > 1 && c != '+' && c != '/' {
			return false
		}
	}
	return true
}

func (textReader) lowest() int32      { return math.MaxInt32 }
func (textReader) moved(int32, int32) {}
