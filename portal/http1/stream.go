package http1

import (
	"bytes"
	"io"
)

// Stream reads messages, one after the other, from a connection. What is read beyond a
// message stays in it for the next one. It belongs to one goroutine at a time.
type Stream struct {
	src  io.Reader
	buf  []byte
	r, w int // what was read and not yet used is buf[r:w]
	size int
}

// NewStream reads from src with a buffer of size bytes, which grows only for the head
// of a message.
func NewStream(src io.Reader, size int) *Stream { return &Stream{src: src, size: size} }

// Buffered is how many bytes wait to be used.
func (s *Stream) Buffered() int { return s.w - s.r }

// Rest gives what waits to be used, and forgets it.
func (s *Stream) Rest() []byte {
	b := s.buf[s.r:s.w]
	s.buf, s.r, s.w = nil, 0, 0
	return b
}

// fill reads once, behind what waits, which may grow to most bytes.
func (s *Stream) fill(most int) error {
	if s.r == s.w {
		s.r, s.w = 0, 0
	}
	switch {
	case s.buf == nil || s.w == 0 && len(s.buf) > s.size:
		s.buf = make([]byte, s.size)
	case s.w == len(s.buf) && s.r > 0:
		s.w = copy(s.buf, s.buf[s.r:s.w])
		s.r = 0
	case s.w == len(s.buf):
		if len(s.buf) >= most {
			return errHead
		}
		grown := make([]byte, min(most, 2*len(s.buf)))
		copy(grown, s.buf)
		s.buf = grown
	}
	for range 16 {
		n, err := s.src.Read(s.buf[s.w:])
		if s.w += n; n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// head takes a head of at most so many bytes, with the empty line at its end; it holds
// until the next read. At the end of the stream before its first byte the error is
// io.EOF. more is called, once, when a part of it is there and the rest must be waited
// for. known is a head that came before; empty: none.
func (s *Stream) head(most int, known string, more func()) ([]byte, error) {
	begins, at := 0, 0 // of the line that is looked at, from r; how far it was looked at
	for {
		if n := len(known); n > 0 && begins == 0 && s.Buffered() >= n && string(s.buf[s.r:s.r+n]) == known {
			return s.take(n), nil
		}
		i := bytes.IndexByte(s.buf[s.r+at:s.w], '\n')
		if i >= 0 {
			i += at
			if i == begins || s.buf[s.r+i-1] != '\r' {
				return nil, errLineEnd
			}
			if i+1 > most {
				return nil, errHead
			}
			if i == begins+1 {
				return s.take(i + 1), nil
			}
			begins, at = i+1, i+1
			continue
		}
		at = s.Buffered()
		if at >= most {
			return nil, errHead
		}
		if at > 0 && more != nil {
			more()
			more = nil
		}
		if err := s.fill(most); err != nil {
			if err == io.EOF && at > 0 {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
}

func (s *Stream) take(n int) []byte {
	s.r += n
	return s.buf[s.r-n : s.r]
}

// line takes a line of at most so many bytes and gives it without its end. It holds
// until the next read.
func (s *Stream) line(most int) ([]byte, error) {
	for {
		waits := s.buf[s.r:s.w]
		if i := bytes.IndexByte(waits, '\n'); i >= 0 {
			if i == 0 || waits[i-1] != '\r' || i > most {
				return nil, errChunk
			}
			s.r += i + 1
			return waits[:i-1], nil
		}
		if len(waits) > most {
			return nil, errChunk
		}
		if err := s.fill(max(s.size, 2*most)); err != nil {
			return nil, unexpected(err)
		}
	}
}

// Read implements io.Reader.
func (s *Stream) Read(p []byte) (int, error) {
	if s.r == s.w {
		if len(p) >= s.size {
			return s.src.Read(p)
		}
		if err := s.fill(s.size); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.buf[s.r:s.w])
	s.r += n
	return n, nil
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
