package body

import (
	"encoding/binary"
	"math/bits"
)

// tally says what a stretch of text holds: its flags (see chars.go), and how many
// digits and how many @ are in it. Tallies of stretches that follow one another add up
// with join.
type tally uint64

const (
	tallyDigits = 16 // 24 bits
	tallyAts    = 40
	tallyMany   = 1 << 20 // for texts of which digits are not counted
)

func (t tally) flags() uint8 { return uint8(t) }
func (t tally) digits() int  { return int(t >> tallyDigits & (1<<24 - 1)) }
func (t tally) ats() int     { return int(t >> tallyAts) }

func (t tally) join(u tally) tally {
	const counts = ^tally(1<<tallyDigits - 1)
	return (t|u)&^counts + t&counts + u&counts
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// zeros marks the bytes of x that are zero: the highest bit of each, of the lowest one
// surely, of those above a zero one perhaps wrongly.
func zeros(x uint64) uint64 { return (x - ones) &^ x & highs }

// span reads text from i on up to the first of three bytes, which are given eight times
// over each, and tells where it stands, or the end of the text, and what is before it.
// It looks at eight bytes at a time. A tally may have flags for % and & where one of
// $%&' stands.
func span(text []byte, i int, a, b, c uint64) (int, tally) {
	var digit, at, escape, equals, back, high, digits, ats uint64
	begin, stop := i, uint64(0)
	for stop == 0 && i < len(text) {
		var x uint64
		keep := ^uint64(0)
		if i+8 <= len(text) {
			x = binary.LittleEndian.Uint64(text[i:])
		} else {
			x = lastBytes(text, i)
			keep = 1<<(8*uint(len(text)-i)) - 1
		}
		stop = (zeros(x^a) | zeros(x^b) | zeros(x^c)) & keep
		if stop != 0 {
			keep = stop&-stop - 1
		}
		low := x &^ highs
		d := (low + ones*(0x80-'0')) &^ (low + ones*(0x80-'9'-1)) &^ x & highs & keep
		t := x ^ ones*'@'
		t = ^(t&^highs + (highs - ones) | t) & highs & keep // exactly, because they are counted
		digit, at = digit|d, at|t
		digits, ats = digits+d>>7, ats+t>>7
		escape |= zeros((x^ones*0x24)&(ones*0xFC)) & keep
		equals |= zeros(x^ones*'=') & keep
		back |= zeros(x^backslashes) & keep
		high |= x & highs & keep
		i += 8
	}
	if stop != 0 {
		i += bits.TrailingZeros64(stop)>>3 - 8
	} else {
		i = len(text)
	}
	t := tally(0)
	if digit != 0 {
		t |= tally(hasDigit) | tally(digits*ones>>56)<<tallyDigits
	}
	if at != 0 {
		t |= tally(hasAt) | tally(ats*ones>>56)<<tallyAts
	}
	if escape|equals|back|high != 0 {
		if escape != 0 {
			t |= tally(hasPercent | hasAmpersand)
		}
		if equals != 0 {
			t |= tally(hasEquals)
		}
		if back != 0 {
			t |= tally(hasBackslash)
		}
		if high != 0 {
			t |= tally(hasHigh)
		}
	}
	if i-begin > 31*8 { // the counts of eight bytes beside one another may have run over
		t += tallyMany << tallyDigits
	}
	return i, t
}

// lastBytes reads fewer than eight bytes at the end of a text; the others are zero.
func lastBytes(text []byte, i int) (x uint64) {
	if len(text) >= 8 {
		return binary.LittleEndian.Uint64(text[len(text)-8:]) >> (8 * uint(8-len(text)+i))
	}
	for k := len(text) - 1; k >= i; k-- {
		x = x<<8 | uint64(text[k])
	}
	return x
}

// tallyOf reads a whole text.
func tallyOf(text []byte) (all tally) {
	for i := 0; i < len(text); i++ {
		n, t := span(text, i, 0xFF*ones, 0xFF*ones, 0xFF*ones) // a byte that UTF-8 does not have
		if all = all.join(t); n < len(text) {
			all |= tally(hasHigh)
		}
		i = n
	}
	return all
}
