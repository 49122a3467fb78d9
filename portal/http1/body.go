package http1

import (
	"fmt"
	"io"
	"strings"
)

// Body reads the body of one message, and not a byte more. One that ends before its
// end gives an error that wraps ErrBroken, never io.EOF.
type Body struct {
	s       *Stream
	kind    int64 // chunked, tillOver, or the length
	left    int64 // of the body or of the chunk
	inside  bool  // a chunk has been read whose line end has not
	lenient bool  // extensions of chunks are passed over, as answers may have them
	err     error // io.EOF once it has been read
}

// Read implements io.Reader.
func (b *Body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	if b.kind == tillOver {
		n, err := b.s.Read(p)
		b.err = err
		return n, err
	}
	if b.kind == chunked && b.left == 0 {
		if b.err = b.next(); b.err != nil {
			return 0, b.err
		}
	}
	n, err := b.s.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	switch {
	case err != nil:
		b.err = broken(err)
	case b.left == 0 && b.kind >= 0:
		b.err = io.EOF
	}
	return n, b.err
}

// ended says whether the body was read to its end.
func (b *Body) ended() bool { return b.err == io.EOF }

// Close does nothing: who reads the connection decides what becomes of the rest.
func (b *Body) Close() error { return nil }

// broken keeps the error of the connection, time-outs among them.
func broken(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("%w: %w", ErrBroken, io.ErrUnexpectedEOF)
	}
	return err
}

// next reads up to the data of the next chunk; io.EOF after the last one.
func (b *Body) next() error {
	if b.inside {
		end, err := b.s.line(2)
		if err != nil || len(end) != 0 {
			return chunkError(err)
		}
	}
	most := maxSizeLine
	if !b.lenient {
		most = 18
	}
	line, err := b.s.line(most)
	if err != nil {
		return chunkError(err)
	}
	if b.left, err = chunkSize(line, b.lenient); err != nil {
		return err
	}
	if b.inside = b.left > 0; b.inside {
		return nil
	}
	return b.trailer()
}

func chunkError(err error) error {
	if err == nil {
		return errChunk
	}
	return broken(err)
}

// chunkSize reads a size: hexadecimal digits, and nothing else but, where that is
// passed over, an extension.
func chunkSize(line []byte, lenient bool) (n int64, err error) {
	digits := 0
	for ; digits < len(line); digits++ {
		c := line[digits]
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			if digits > 0 && lenient && extension(string(line[digits:])) {
				return n, nil
			}
			return 0, errChunk
		}
		if digits >= 15 {
			return 0, errChunk
		}
		n = n<<4 | int64(c)
	}
	if digits == 0 {
		return 0, errChunk
	}
	return n, nil
}

// extension says whether a chunk's size may be followed by this: an extension, or the
// spaces with which some servers fill the line.
func extension(s string) bool {
	return s[0] == ';' && all(s, isValue) || strings.Trim(s, " \t") == ""
}

// trailer reads over the fields after the last chunk: nobody asked for them.
func (b *Body) trailer() error {
	for room := maxTrailer; room > 0; {
		line, err := b.s.line(maxTrailer)
		if err != nil {
			return chunkError(err)
		}
		if len(line) == 0 {
			return io.EOF
		}
		if _, _, err := field(string(line)); err != nil {
			return errTrailer
		}
		room -= len(line)
	}
	return errTrailer
}
