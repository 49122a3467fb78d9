package ledger

import (
	"encoding/binary"
	"math/bits"
)

// knownHeads is how many heads of events a replay remembers. Each head has one place
// where it may be, so that the one who adds follows without being told more than the
// place.
const knownHeads = 1 << knownBits

const knownBits = 15

// knownHead is a head but for its time: the events of one session and one statement
// have the same.
type knownHead struct {
	shape     uint32 // kind, route and presence; 0 is none
	fields    [2]uint64
	statement uint64
}

// knownContext is what the index calls a known head.
type knownContext struct{ id, actor uint32 }

// replayed is an event on its way into the index. Of one whose head is known and
// does not come for the first time, only the time, the subjects and the size count.
type replayed struct {
	decoded
	micros int64
	known  int32 // place of its head, -1 if it has none
	first  bool  // the head took its place just now
}

// decode reads the event at the start of b as decoded.decode does.
func (r *replayer) decode(d *replayed, b []byte) string {
	d.known = -1
	if r.heads == nil {
		return d.whole(b)
	}
	var h knownHead
	length := h.take(b)
	if length == 0 {
		return d.whole(b)
	}
	place := h.place()
	d.known, d.first = int32(place), false
	if k := &r.heads[place]; k.statement != h.statement || k.fields != h.fields || k.shape != h.shape {
		*k, d.first = h, true
		return d.whole(b)
	}
	d.micros = int64(binary.BigEndian.Uint64(b[4:]))
	if uint64(d.micros) > maxMicros {
		return "event time is out of range"
	}
	count := 0
	if h.shape>>16&swappedSubjects != 0 {
		if length < len(b) && b[length]-1 < 0x7f {
			count, length = int(b[length]), length+1
		} else {
			c := cursor{b: b, at: length}
			if count = int(c.uint(MaxSubjects)); c.what != "" {
				return c.what
			}
			length = c.at
		}
	}
	d.head = length
	return d.decodeSubjects(b, count)
}

// swappedSubjects is hasSubjects as it lies in the two bytes of presence.
const swappedSubjects = hasSubjects>>8 | hasSubjects&0xff<<8

func (d *replayed) whole(b []byte) string {
	what := d.decoded.decode(b)
	d.micros = d.Time.UnixMicro()
	return what
}

// take takes the usual form of a head apart: at most sixteen bytes of numbers and a
// statement, from a clock that was not behind. It gives the length up to the number
// of subjects, or zero.
func (h *knownHead) take(b []byte) (length int) {
	if len(b) < 12+16+8 {
		return 0
	}
	has := binary.BigEndian.Uint16(b[2:])
	if has&(hasStatement|hasBehind|hasNaming) != hasStatement {
		return 0
	}
	n := bits.OnesCount16(has & (hasStatement - 1))
	h.fields[0] = binary.LittleEndian.Uint64(b[12:])
	size := varints(h.fields[0], n)
	if size <= 8 {
		h.fields[0] &= 1<<(8*size) - 1
	} else {
		n -= bits.OnesCount64(^h.fields[0] & ends)
		h.fields[1] = binary.LittleEndian.Uint64(b[20:])
		if size = 8 + varints(h.fields[1], n); size > 16 {
			return 0
		}
		h.fields[1] &= 1<<(8*(size-8)) - 1
	}
	h.shape = binary.LittleEndian.Uint32(b)
	h.statement = binary.LittleEndian.Uint64(b[12+size:])
	return 12 + size + 8
}

// ends has the bit of every byte that is clear in a varint's last one.
const ends = 0x8080808080808080

// varints gives how many bytes the first n varints in a word take, more than 8 if
// they do not end in it.
func varints(word uint64, n int) int {
	last := ^word & ends
	for ; n > 1; n-- {
		last &= last - 1
	}
	if n == 0 {
		return 0
	}
	return bits.TrailingZeros64(last)/8 + 1
}

func (h *knownHead) place() uint64 {
	const k1, k2, k3 = 0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb
	x := h.fields[0]*k1 ^ bits.RotateLeft64(h.statement*k2, 32)
	x += (h.fields[1] + uint64(h.shape)) * k3
	return x * k1 >> (64 - knownBits)
}
