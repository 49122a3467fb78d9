package body

import (
	"io"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// Encoder packs a body as it streams. Flush gives out all that was written so far;
// Close ends the body and gives the memory back, and does not close what is under it.
type Encoder interface {
	io.WriteCloser
	Flush() error
}

// Encode packs what is written in a Content-Encoding: gzip, br, zstd, deflate, or
// none. It is quick rather than small: answers are packed while somebody waits.
func Encode(contentEncoding string, w io.Writer) (Encoder, error) {
	names, err := encodingNames(contentEncoding)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return plainEncoder{w}, nil
	}
	if len(names) > 1 {
		return nil, ErrUninspectable
	}
	switch names[0] {
	case "gzip", "x-gzip":
		z := gzipWriters.Get().(*gzip.Writer)
		z.Reset(w)
		return &pooled{z, func() { gzipWriters.Put(z) }}, nil
	case "br":
		z := brotliWriters.Get().(*brotli.Writer)
		z.Reset(w)
		return &pooled{z, func() { brotliWriters.Put(z) }}, nil
	case "zstd":
		z := zstdWriters.Get().(*zstd.Encoder)
		z.Reset(w)
		return &pooled{z, func() { zstdWriters.Put(z) }}, nil
	case "deflate":
		return zlib.NewWriterLevel(w, zlib.BestSpeed)
	}
	return nil, ErrUninspectable
}

var (
	gzipWriters = sync.Pool{New: func() any {
		z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed)
		return z
	}}
	brotliWriters = sync.Pool{New: func() any { return brotli.NewWriterLevel(nil, 2) }}
	zstdWriters   = sync.Pool{New: func() any {
		z, _ := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
		return z
	}}
)

type plainEncoder struct{ io.Writer }

func (plainEncoder) Flush() error { return nil }
func (plainEncoder) Close() error { return nil }

// pooled gives an encoder back when it is closed.
type pooled struct {
	Encoder
	put func()
}

func (p *pooled) Close() error {
	if p.put == nil {
		return nil
	}
	err := p.Encoder.Close()
	p.put()
	p.put = nil
	return err
}
