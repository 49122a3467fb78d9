package ledger

import (
	"path/filepath"

	"custody/internal/durable"
)

// scanner walks a ledger's frames in their order and checks what it passes.
type scanner struct {
	fs      durable.FS
	dir     string
	window  window
	at      position // what the next frame must be
	segment *segment
	origin  string
	raw     [headerSize]byte // the last frame's header
	// trusted is the number of frames whose hashes somebody vouches for; among
	// them the chain is not hashed again.
	trusted uint64
	// live means that a writer may be at work: what follows the last whole frame of
	// the last segment may be a frame that is being written.
	live  bool
	visit func(*frame) string
	final int64 // length of the last frame in this segment
}

// frame is one frame on its way past. It is good until the next.
type frame struct {
	header
	segment uint32
	offset  int64
	raw     *[headerSize]byte
	body    []byte
}

// tail is where a ledger ends.
type tail struct {
	segment *segment
	position
	offset int64 // end of the last frame in the last segment
	final  int64 // length of that frame in bytes, 0 if there is none
	torn   int64 // bytes after it that a crash left half written
	size   int64 // of the last segment's file
}

// run walks all segments and gives the ledger's end.
func (s *scanner) run() (*tail, error) {
	numbers, err := segmentNumbers(s.fs, s.dir)
	if err != nil {
		return nil, err
	}
	if len(numbers) == 0 {
		return nil, errNoLedger
	}
	for _, n := range numbers[:len(numbers)-1] {
		if _, err := s.walk(n, true); err != nil {
			return nil, err
		}
	}
	return s.walk(numbers[len(numbers)-1], false)
}

// walk passes over one segment.
func (s *scanner) walk(number uint32, sealed bool) (*tail, error) {
	f, err := s.fs.Open(filepath.Join(s.dir, segmentName(number)))
	if err != nil {
		return nil, failed("open a segment", err)
	}
	defer f.Close()
	s.window.reset(f)
	if err := s.begin(number); err != nil {
		return nil, err
	}
	offset := int64(segmentHeader)
	for {
		n, what, err := s.next(offset)
		if n == 0 && s.live && !sealed && err == nil {
			// What looked half written a moment ago may be whole by now.
			s.window.reset(f)
			n, what, err = s.next(offset)
		}
		if err != nil {
			return nil, failed("read a segment", err)
		}
		if n == 0 {
			return s.end(f, offset, what, sealed)
		}
		if what != "" {
			return nil, s.damage(offset, what)
		}
		offset += n
	}
}

func (s *scanner) damage(offset int64, what string) error {
	return damaged(&Damage{File: s.segment.name(), Frame: s.at.frame, Offset: offset, What: what})
}

// begin reads a segment's header and compares it with the end of the one before.
func (s *scanner) begin(number uint32) error {
	s.segment = &segment{number: number}
	b, err := s.window.at(0, segmentHeader)
	if err != nil {
		return failed("read a segment", err)
	}
	g, what := parseSegment(b)
	switch {
	case what != "":
		return s.damage(0, what)
	case g.number != number:
		return s.damage(0, "segment has the number of another")
	}
	if number == 1 {
		s.origin, s.at = g.origin, genesis(g.origin)
	}
	s.segment = g
	s.final = 0
	s.settle()
	if g.origin != s.origin || g.start != s.at {
		return s.damage(0, "segment does not continue the one before")
	}
	return nil
}

// settle brings the hash of the chain up to the last frame.
func (s *scanner) settle() {
	if s.at.frame > 0 {
		s.at.prev = leafHash(&s.raw)
	}
}

// next passes over the frame at offset and gives its length, zero if no whole frame
// is there.
func (s *scanner) next(offset int64) (int64, string, error) {
	b, err := s.window.at(offset, headerSize)
	if err != nil || len(b) < headerSize {
		return 0, "frame is cut short", err
	}
	var raw [headerSize]byte
	copy(raw[:], b)
	f := frame{segment: s.segment.number, offset: offset, raw: &s.raw}
	if what := f.parse(&raw); what != "" {
		return 0, what, nil
	}
	whole, err := s.window.at(offset, headerSize+int(f.header.body))
	if err != nil {
		return 0, "", err
	}
	if len(whole) < headerSize+int(f.header.body) {
		return 0, "frame is cut short", nil
	}
	f.body = whole[headerSize:]
	if what := f.checkBody(f.body); what != "" {
		return 0, what, nil
	}
	if f.frame >= s.trusted {
		s.settle()
	}
	switch {
	case f.frame != s.at.frame || f.event != s.at.event:
		return -1, "frame is out of its place", nil
	case f.frame >= s.trusted && f.prev != s.at.prev:
		return -1, "frame does not continue the one before", nil
	}
	s.raw = raw
	if what := s.visit(&f); what != "" {
		return -1, what, nil
	}
	s.final = int64(len(whole))
	s.at.frame++
	s.at.event += uint64(f.count)
	return int64(len(whole)), "", nil
}

// end decides what the bytes after the last whole frame are: nothing, the remains
// of a write that a crash cut short, or damage. What says why no frame is there.
func (s *scanner) end(f durable.File, offset int64, what string, sealed bool) (*tail, error) {
	s.settle()
	size, err := f.Size()
	if err != nil {
		return nil, failed("read a segment", err)
	}
	end, err := s.window.written(offset)
	if err != nil {
		return nil, failed("read a segment", err)
	}
	t := &tail{segment: s.segment, position: s.at, offset: offset, final: s.final, torn: end - offset, size: size}
	if t.torn == 0 {
		return t, nil
	}
	if sealed {
		return nil, s.damage(offset, what)
	}
	torn, err := s.torn(offset, end)
	if err != nil {
		return nil, failed("read a segment", err)
	}
	if !torn {
		return nil, s.damage(offset, what)
	}
	return t, nil
}

// torn says whether the bytes from offset to end can be what a crash left of one
// frame that was never acknowledged. A write that was cut short leaves zeros: the
// file was zeros before, and a disk keeps or loses whole sectors. A frame in which
// nothing is missing but something is different was changed afterwards.
func (s *scanner) torn(offset, end int64) (bool, error) {
	b, err := s.window.at(offset, headerSize)
	if err != nil {
		return false, err
	}
	var h header
	if len(b) == headerSize && h.parse((*[headerSize]byte)(b)) == "" {
		whole := offset + headerSize + int64(h.body)
		if end != whole {
			return end < whole, nil // beyond the frame nothing was written yet
		}
		return s.window.hole(offset, whole)
	}
	if end-offset > MaxFrame {
		return false, nil
	}
	if end < offset+headerSize {
		return true, nil
	}
	hole, err := s.window.hole(offset, min(end, (offset+headerSize)/sector*sector+sector))
	if err != nil || !hole {
		return false, err
	}
	found, err := s.frameBetween(offset+1, end)
	return !found, err
}

// frameBetween looks for a frame's header.
func (s *scanner) frameBetween(from, end int64) (bool, error) {
	b, err := s.window.at(from, int(end-from))
	if err != nil {
		return false, err
	}
	for len(b) >= headerSize {
		var h header
		if b[0] == frameMagic[0] && h.parse((*[headerSize]byte)(b[:headerSize])) == "" {
			return true, nil
		}
		b = b[1:]
	}
	return false, nil
}
