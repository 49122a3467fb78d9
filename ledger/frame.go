package ledger

import (
	"encoding/binary"
	"hash/crc32"

	"custody"
)

// A frame is what one durable write adds to the ledger: a header, whose hash is a
// leaf of the Merkle log, and a body of seed, events and end mark. docs/formats.md
// gives the bytes.
const (
	headerSize = 100
	frameMagic = "CFR1"
	// endMark closes every body. It is not zero, so a frame of which the end never
	// reached the disk shows.
	endMark = 0xc5
	minBody = saltSize + 1
)

// MaxFrame bounds a frame in bytes, header included. What does not fit is several
// groups of events.
const MaxFrame = 16 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// header is a frame's header. Its hash covers every byte, checksums included.
type header struct {
	body   uint32 // bytes after the header
	event  uint64 // number of the first event, from 1
	frame  uint64 // number of the frame, from 0: its leaf in the Merkle log
	count  uint32 // events
	prev   Hash   // leaf hash of the frame before
	events Hash   // root of the tree over the events
	crc    uint32 // CRC-32C of the body
}

func (h *header) put(b *[headerSize]byte) {
	copy(b[:4], frameMagic)
	binary.BigEndian.PutUint32(b[4:], h.body)
	binary.BigEndian.PutUint64(b[8:], h.event)
	binary.BigEndian.PutUint64(b[16:], h.frame)
	binary.BigEndian.PutUint32(b[24:], h.count)
	copy(b[28:], h.prev[:])
	copy(b[60:], h.events[:])
	binary.BigEndian.PutUint32(b[92:], h.crc)
	binary.BigEndian.PutUint32(b[96:], crc32.Checksum(b[:96], castagnoli))
}

// parse reads a header and gives the fault, or nothing.
func (h *header) parse(b *[headerSize]byte) string {
	if string(b[:4]) != frameMagic {
		return "no frame starts here"
	}
	if binary.BigEndian.Uint32(b[96:]) != crc32.Checksum(b[:96], castagnoli) {
		return "frame header does not match its checksum"
	}
	h.body = binary.BigEndian.Uint32(b[4:])
	h.event = binary.BigEndian.Uint64(b[8:])
	h.frame = binary.BigEndian.Uint64(b[16:])
	h.count = binary.BigEndian.Uint32(b[24:])
	copy(h.prev[:], b[28:])
	copy(h.events[:], b[60:])
	h.crc = binary.BigEndian.Uint32(b[92:])
	if h.body < minBody || h.body > MaxFrame-headerSize {
		return "frame length is out of range"
	}
	if h.count == 0 || h.count > (h.body-minBody)/12 {
		return "frame holds an impossible number of events"
	}
	return ""
}

// checkBody compares a body with the header and gives the fault, or nothing.
func (h *header) checkBody(body []byte) string {
	if crc32.Checksum(body, castagnoli) != h.crc {
		return "frame body does not match its checksum"
	}
	if body[len(body)-1] != endMark {
		return "frame has no end mark"
	}
	return ""
}

// eachEvent decodes a body's events in their order, into what fn returned for the
// event before. It gives the fault, or nothing.
func (h *header) eachEvent(d *decoded, body []byte, fn func(*decoded, []byte) *decoded) string {
	rest := body[saltSize : len(body)-1]
	for range h.count {
		if what := d.decode(rest); what != "" {
			return what
		}
		size := d.size
		d = fn(d, rest[:size])
		rest = rest[size:]
	}
	if len(rest) != 0 {
		return "frame holds more than its events"
	}
	return ""
}

// tree hashes events as they come; the same code serves writing and verifying.
type tree struct {
	salts  salts
	inner  rootOf // over one event's subjects
	events rootOf
}

func (t *tree) reset(seed []byte) {
	t.salts.reset(seed)
	t.events.reset()
}

func (t *tree) add(head []byte, subjects []custody.SubjectID) {
	t.events.add(eventHash(head, subjectsRoot(&t.inner, &t.salts, subjects)))
}
