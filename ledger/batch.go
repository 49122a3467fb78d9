package ledger

import (
	"crypto/rand"
	"hash/crc32"

	"custody"
)

// batch gathers events until one caller writes them as a frame. Its buffers are
// used again, so that a busy ledger allocates nothing for it.
type batch struct {
	frame   []byte // header and seed, still empty, then the events
	events  []*custody.Event
	marks   []mark
	segment uint32 // where the frame was written
	offset  int64
	outcome *outcome // shared by those who wait; nil until somebody does
	led     bool     // somebody has taken on to write it
}

// mark says where an event's head lies in the frame.
type mark struct{ start, end int }

// outcome is what becomes of a batch, for the callers who did not write it.
type outcome struct {
	done chan struct{}
	err  error // good once done is closed
}

// expected gives what will become of the batch. Holds l.mu.
func (b *batch) expected() *outcome {
	if b.outcome == nil {
		b.outcome = &outcome{done: make(chan struct{})}
	}
	return b.outcome
}

// roomy is the size in bytes from which a batch takes no further group.
const roomy = 1 << 20

func (b *batch) reset() {
	if cap(b.frame) > 4*roomy {
		b.frame, b.marks, b.events = nil, nil, nil // not kept for ever after one large answer
	}
	clear(b.events)
	b.frame = append(b.frame[:0], make([]byte, headerSize+saltSize)...)
	b.events, b.marks, b.outcome = b.events[:0], b.marks[:0], nil
	b.led = false
}

func (b *batch) empty() bool { return len(b.events) == 0 }

// takes says whether a group of about size bytes may still join.
func (b *batch) takes(size int) bool { return b.empty() || len(b.frame)+size <= roomy }

// add encodes an event.
func (b *batch) add(e *custody.Event, behind uint64) {
	start := len(b.frame)
	b.frame = appendHead(b.frame, e, behind)
	b.marks = append(b.marks, mark{start, len(b.frame)})
	b.frame = appendSubjects(b.frame, e.Subjects)
	b.events = append(b.events, e)
}

// cut takes back the events from the nth on.
func (b *batch) cut(n, size int) {
	b.frame, b.events, b.marks = b.frame[:size], b.events[:n], b.marks[:n]
}

// seal completes the frame as the next one at a place and gives its leaf hash.
func (b *batch) seal(t *tree, at position) Hash {
	seed := b.frame[headerSize:][:saltSize]
	rand.Read(seed)
	t.reset(seed)
	for i, m := range b.marks {
		t.add(b.frame[m.start:m.end], b.events[i].Subjects)
	}
	b.frame = append(b.frame, endMark)
	body := b.frame[headerSize:]
	h := header{
		body:   uint32(len(body)),
		event:  at.event,
		frame:  at.frame,
		count:  uint32(len(b.events)),
		prev:   at.prev,
		events: t.events.sum(),
		crc:    crc32.Checksum(body, castagnoli),
	}
	raw := (*[headerSize]byte)(b.frame[:headerSize])
	h.put(raw)
	return leafHash(raw)
}
