package ledger

import (
	"bytes"
	"errors"
	"io"

	"custody/internal/durable"
)

const windowSize = 256 << 10

// sector is the unit in which a disk keeps or loses a write.
const sector = 512

// window reads a file front to back through one buffer.
type window struct {
	f     durable.File
	buf   []byte
	start int64
}

func (w *window) reset(f durable.File) { w.f, w.buf, w.start = f, w.buf[:0], 0 }

// at gives n bytes from off, or fewer at the end of the file. They are good until
// the next call.
func (w *window) at(off int64, n int) ([]byte, error) {
	if off < w.start || off+int64(n) > w.start+int64(len(w.buf)) {
		if err := w.fill(off, max(n, windowSize)); err != nil {
			return nil, err
		}
	}
	b := w.buf[off-w.start:]
	return b[:min(n, len(b))], nil
}

func (w *window) fill(off int64, n int) error {
	if cap(w.buf) < n {
		w.buf = make([]byte, n)
	}
	got, err := w.f.ReadAt(w.buf[:n], off)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	w.start, w.buf = off, w.buf[:got]
	return nil
}

var zeroBlock [4096]byte

// isZero says whether b holds nothing but zeros.
func isZero(b []byte) bool {
	for len(b) > 0 {
		n := min(len(b), len(zeroBlock))
		if !bytes.Equal(b[:n], zeroBlock[:n]) {
			return false
		}
		b = b[n:]
	}
	return true
}

// written gives the end of the last byte from off on that is not zero, or off.
func (w *window) written(off int64) (int64, error) {
	end := off
	for {
		b, err := w.at(off, windowSize)
		if err != nil || len(b) == 0 {
			return end, err
		}
		if !isZero(b) {
			end = off + int64(len(bytes.TrimRight(b, "\x00")))
		}
		off += int64(len(b))
	}
}

// hole says whether a sector's share of the bytes from a to b is all zeros.
func (w *window) hole(a, b int64) (bool, error) {
	for a < b {
		next := min(b, (a/sector+1)*sector)
		piece, err := w.at(a, int(next-a))
		if err != nil {
			return false, err
		}
		if isZero(piece) {
			return true, nil
		}
		a = next
	}
	return false, nil
}
