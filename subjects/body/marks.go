package body

import "math/bits"

// marked says of 64 bytes, a bit for each, what they are to the readers.
type marked struct {
	stop    uint64 // one of the three that the reader looks for
	digit   uint64
	at      uint64 // @
	odd     uint64 // above ASCII, or one of %&=\, with which escapes begin
	ofPhone uint64 // digits and what may stand between them
	ofEmail uint64 // what a plain address is made of
}

// marks are those of a stretch of the bytes that are held. They are made once, 64 bytes
// at a time, and every question about a string or a cell is one about a few words then.
type marks struct {
	base, end int // of the stretch, in held.raw
	stops     uint32
	list      []marked // two more than the stretch has blocks
	tail      [64]byte
}

func stopsOf(a, b, c byte) uint32 { return uint32(a) | uint32(b)<<8 | uint32(c)<<16 }

// cover makes the marks of raw[at:], as far as they are not there yet.
func (m *marks) cover(raw []byte, at int, stops uint32) {
	if m.stops == stops && m.end == len(raw) && m.base <= at {
		return // what has been read may still be asked about
	}
	if m.stops != stops || at >= m.end || at-m.base > 4*Window || m.base+(m.end-m.base)&^63 < 0 {
		m.base, m.end, m.stops = at, at, stops
	}
	begin := (m.end - m.base) / 64 // the last block may not have been whole
	text := raw[m.base+begin*64:]
	whole := len(text) / 64
	if need := begin + whole + 3; need > len(m.list) {
		list := make([]marked, need+need/4)
		copy(list, m.list)
		m.list = list
	}
	classify(m.list[begin:], text[:whole*64], stops)
	last := m.list[begin+whole:]
	last[0], last[1] = marked{}, marked{}
	if rest := text[whole*64:]; len(rest) > 0 {
		clear(m.tail[copy(m.tail[:], rest):])
		classify(last, m.tail[:], stops)
		last[0].keep(1<<uint(len(rest)) - 1)
	}
	m.end = len(raw)
}

func (b *marked) keep(k uint64) {
	b.stop, b.digit, b.at, b.odd, b.ofPhone, b.ofEmail = b.stop&k, b.digit&k, b.at&k, b.odd&k, b.ofPhone&k, b.ofEmail&k
}

// tally says what a stretch of text holds: flags (see chars.go), and how many digits
// and how many @ are in it. Tallies of stretches that follow one another add up with
// join.
type tally uint64

const (
	tallyNoPhone tally = 1 << 8 // something that no phone has; not told of 64 bytes without flags
	tallyNoEmail tally = 1 << 9 // the same of addresses
	tallyDigits        = 16     // 24 bits
	tallyAts           = 40
)

// oddFlags are those of bytes that are marked odd; which it is is not known.
const oddFlags = hasHigh | hasPercent | hasEquals | hasAmpersand | hasBackslash

func (t tally) flags() uint8 { return uint8(t) }
func (t tally) digits() int  { return int(t >> tallyDigits & (1<<24 - 1)) }
func (t tally) ats() int     { return int(t >> tallyAts) }

func (t tally) join(u tally) tally {
	const counts = ^tally(1<<tallyDigits - 1)
	return (t|u)&^counts + t&counts + u&counts
}

// holds says whether there are marks of all of raw[pos:end].
func (m *marks) holds(pos, end int) bool { return pos >= m.base && end <= m.end }

// dull gives the first digit or @ from pos on; end if there is none before it.
func (m *marks) dull(pos, end int) int {
	for pos < end {
		i := pos - m.base
		lo, s := &m.list[i>>6], uint(i&63)
		if here := (lo.digit | lo.at) >> s; here != 0 {
			return min(pos+bits.TrailingZeros64(here), end)
		}
		pos += 64 - int(s)
	}
	return end
}

// stopAt gives the first stop from pos on, the end of what is held if there is none.
func (m *marks) stopAt(pos int) int {
	i := pos - m.base
	if stop := m.list[i>>6].stop >> uint(i&63); stop != 0 {
		return pos + bits.TrailingZeros64(stop)
	}
	end, _ := m.span(pos)
	return end
}

// of says what a text of up to 64 bytes holds, wherever it stands.
func (m *marks) of(text []byte) tally {
	var room [1]marked
	clear(m.tail[copy(m.tail[:], text):])
	classify(room[:], m.tail[:], m.stops)
	return tallyOf(&room[0], &marked{}, 0, ^uint64(0)>>uint(64-len(text)))
}

// span gives the first stop from pos on, the end of what is held if there is none, and
// what is before it.
func (m *marks) span(pos int) (int, tally) {
	i := pos - m.base
	lo, hi, s := &m.list[i>>6], &m.list[i>>6+1], uint(i&63)
	if stop := lo.stop>>s | hi.stop<<1<<(63-s); stop != 0 {
		n := bits.TrailingZeros64(stop)
		return pos + n, tallyOf(lo, hi, s, 1<<uint(n)-1)
	}
	return m.long(pos)
}

// long is span for more than 64 bytes, or at the end.
func (m *marks) long(pos int) (int, tally) {
	all := tally(0)
	for pos < m.end {
		i := pos - m.base
		lo, hi, s := &m.list[i>>6], &m.list[i>>6+1], uint(i&63)
		stop := lo.stop>>s | hi.stop<<1<<(63-s)
		if n := bits.TrailingZeros64(stop); stop != 0 {
			return pos + n, all.join(tallyOf(lo, hi, s, 1<<uint(n)-1))
		}
		n := min(64, m.end-pos)
		all = all.join(tallyOf(lo, hi, s, 1<<uint(n)-1))
		pos += n
	}
	return m.end, all
}

// over says what raw[pos:end] holds.
func (m *marks) over(pos, end int) (all tally) {
	for pos < end {
		i, n := pos-m.base, min(64, end-pos)
		all = all.join(tallyOf(&m.list[i>>6], &m.list[i>>6+1], uint(i&63), 1<<uint(n)-1))
		pos += n
	}
	return all
}

// tallyOf says what up to 64 bytes hold, from bit s of a block on, as far as keep says.
func tallyOf(lo, hi *marked, s uint, keep uint64) tally {
	r := 63 - s
	digit := (lo.digit>>s | hi.digit<<1<<r) & keep
	at := (lo.at>>s | hi.at<<1<<r) & keep
	odd := (lo.odd>>s | hi.odd<<1<<r) & keep
	if digit|at|odd == 0 { // as most text
		return 0
	}
	t := tally(bits.OnesCount64(digit))<<tallyDigits | tally(bits.OnesCount64(at))<<tallyAts
	if digit != 0 {
		t |= tally(hasDigit)
	}
	if at != 0 {
		t |= tally(hasAt)
	}
	if odd != 0 {
		t |= tally(oddFlags)
	}
	if (lo.ofPhone>>s|hi.ofPhone<<1<<r)&keep != keep {
		t |= tallyNoPhone
	}
	if (lo.ofEmail>>s|hi.ofEmail<<1<<r)&keep != keep {
		t |= tallyNoEmail
	}
	return t
}

// classifyPlainly is what classify does, byte by byte: for processors that cannot do
// better, and to hold the quick way against.
func classifyPlainly(dst []marked, text []byte, stops uint32) {
	for n := 0; n+64 <= len(text); n += 64 {
		b := marked{}
		for i, c := range text[n : n+64] {
			bit := uint64(1) << uint(i)
			if c == byte(stops) || c == byte(stops>>8) || c == byte(stops>>16) {
				b.stop |= bit
			}
			flags := charFlags[c]
			if flags&hasDigit != 0 {
				b.digit |= bit
			}
			if flags&hasAt != 0 {
				b.at |= bit
			}
			if flags&oddFlags != 0 {
				b.odd |= bit
			}
			if aloneBytes[c]&ofPhone != 0 {
				b.ofPhone |= bit
			}
			if aloneBytes[c]&ofEmail != 0 {
				b.ofEmail |= bit
			}
		}
		dst[n/64] = b
	}
}
