package body

import (
	"bufio"
	"compress/zlib"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"custody"
)

// Bounds of compressed bodies: what unpacks to much more than any text does is a bomb
// and refused with code TooLarge.
const (
	// MaxRatio is how many times its size a body may unpack to, beyond FreeUnpacked.
	MaxRatio = 1000
	// FreeUnpacked is how many bytes a body may unpack to at any ratio.
	FreeUnpacked = 16 << 20
	// maxEncodings is how many times a body may be encoded.
	maxEncodings = 2
	// zstdWindow is the memory a zstd body may ask for; RFC 8878 has 8 MB for the web.
	zstdWindow = 8 << 20
)

// Decode reads a body through its Content-Encoding, as it streams: identity, gzip,
// deflate, br and zstd, also two of them one after the other. The reader must be
// closed; that does not close r. An encoding that is not known is ErrUninspectable.
func Decode(contentEncoding string, r io.Reader) (io.ReadCloser, error) {
	names, err := encodingNames(contentEncoding)
	if err != nil {
		return nil, err
	}
	d := &decoder{packed: &counting{r: r}}
	d.r = d.packed
	for i := len(names) - 1; i >= 0; i-- {
		next, close, err := unpack(names[i], d.r)
		if err != nil {
			d.Close()
			return nil, err
		}
		d.r, d.closers = next, append(d.closers, close)
	}
	return d, nil
}

// encodingNames reads the list of a Content-Encoding, identities left out.
func encodingNames(list string) ([]string, error) {
	var names []string
	for name := range strings.SplitSeq(list, ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		if name != "" && name != "identity" {
			names = append(names, name)
		}
	}
	if len(names) > maxEncodings {
		return nil, ErrUninspectable
	}
	return names, nil
}

type decoder struct {
	packed  *counting
	r       io.Reader
	out     int64
	closers []func()
}

// counting counts what is read.
type counting struct {
	r io.Reader
	n int64
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// Read unpacks the next bytes.
func (d *decoder) Read(p []byte) (int, error) {
	n, err := d.r.Read(p)
	d.out += int64(n)
	if len(d.closers) > 0 && d.out > FreeUnpacked && d.out > d.packed.n*MaxRatio {
		return 0, errTooLarge("the answer unpacks to more than a thousand times its size")
	}
	if err != nil && err != io.EOF && len(d.closers) > 0 {
		return n, broken(err)
	}
	return n, err
}

// broken says that the encoding could not be read. Errors of the connection stay.
func broken(err error) error {
	if errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		return errTooLarge("the answer needs more than 8 MiB of memory to unpack")
	}
	return &custody.Error{Code: custody.CodeUnavailable, Message: "the answer of the application cannot be unpacked",
		Hint: "try again; if it stays, ask the administrator to look at the application's compression", Err: err}
}

// Close gives the memory back. Afterwards nothing may be read.
func (d *decoder) Close() error {
	for i := len(d.closers) - 1; i >= 0; i-- {
		d.closers[i]()
	}
	d.closers, d.r = nil, closedReader{}
	return nil
}

type closedReader struct{}

func (closedReader) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

var (
	gzipReaders   = sync.Pool{New: func() any { return new(gzip.Reader) }}
	brotliReaders = sync.Pool{New: func() any { return brotli.NewReader(nil) }}
	zstdReaders   = sync.Pool{New: func() any {
		z, _ := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdWindow))
		return z
	}}
)

// unpack gives the reader of one encoding, and what gives its memory back.
func unpack(name string, r io.Reader) (io.Reader, func(), error) {
	switch name {
	case "gzip", "x-gzip":
		z := gzipReaders.Get().(*gzip.Reader)
		return &lazyGzip{z: z, r: r}, func() { gzipReaders.Put(z) }, nil
	case "br":
		z := brotliReaders.Get().(*brotli.Reader)
		if err := z.Reset(r); err != nil {
			return nil, nil, err
		}
		return z, func() { brotliReaders.Put(z) }, nil
	case "zstd":
		z := zstdReaders.Get().(*zstd.Decoder)
		if err := z.Reset(r); err != nil {
			return nil, nil, broken(err)
		}
		return z, func() { z.Reset(nil); zstdReaders.Put(z) }, nil
	case "deflate":
		return &inflate{r: bufio.NewReader(r)}, func() {}, nil
	}
	return nil, nil, ErrUninspectable
}

// lazyGzip reads the header when the first bytes are asked for: an upstream that has
// sent only its headers must not hold up the answer.
type lazyGzip struct {
	z     *gzip.Reader
	r     io.Reader
	begun bool
}

func (l *lazyGzip) Read(p []byte) (int, error) {
	if !l.begun {
		l.begun = true
		if err := l.z.Reset(l.r); err != nil {
			return 0, err
		}
	}
	return l.z.Read(p)
}

// inflate reads "deflate", which is zlib by the standard (RFC 9110) and raw deflate
// from some servers: the first two bytes say which.
type inflate struct {
	r *bufio.Reader
	z io.Reader
}

func (i *inflate) Read(p []byte) (int, error) {
	if i.z == nil {
		head, err := i.r.Peek(2)
		if err != nil && len(head) == 0 {
			return 0, err
		}
		if len(head) == 2 && head[0]&0x0F == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
			if i.z, err = zlib.NewReader(i.r); err != nil {
				return 0, err
			}
		} else {
			i.z = flate.NewReader(i.r)
		}
	}
	return i.z.Read(p)
}
