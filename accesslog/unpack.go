package accesslog

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"custody"
)

// maxPacked bounds a packed file that has to be held whole, in bytes.
const maxPacked = 512 << 20

const (
	zipMagic  = "PK\x03\x04"
	gzipMagic = "\x1f\x8b"
)

// Open opens a file, whatever its name; "-" is the standard input. What gzip packed is
// unpacked, and a zip file that holds one file. A spreadsheet stays as it is.
func Open(name string) (io.ReadCloser, error) {
	if name == "-" {
		r, err := unpack(bufio.NewReader(os.Stdin), name)
		return struct {
			io.Reader
			io.Closer
		}{r, io.NopCloser(nil)}, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, &custody.Error{Code: custody.CodeNotFound, Message: fmt.Sprintf("the file %s cannot be opened", name),
			Hint: "check the path and who may read it", Err: err}
	}
	in := bufio.NewReader(f)
	r, err := unpack(in, name)
	if err != nil {
		f.Close()
		return nil, err
	}
	if r == in {
		return &plainFile{r, f}, nil
	}
	return struct {
		io.Reader
		io.Closer
	}{r, f}, nil
}

// plainFile is a file that can be read anywhere.
type plainFile struct {
	io.Reader
	*os.File
}

func (p *plainFile) Read(b []byte) (int, error) { return p.Reader.Read(b) }

// WriteTo would go around the reader before the file.
func (p *plainFile) WriteTo(w io.Writer) (int64, error) { return io.Copy(w, p.Reader) }

// pieces gives some parts from all over the file: lines at both ends may be cut.
func (p *plainFile) pieces() (list [][]byte) {
	const count, length = 24, 4096
	info, err := p.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	for i := range count {
		b := make([]byte, length)
		n, _ := p.ReadAt(b, (info.Size()-length)*int64(i+1)/count)
		list = append(list, b[:n])
	}
	return list
}

func unpack(in *bufio.Reader, name string) (io.Reader, error) {
	start, _ := in.Peek(4)
	switch {
	case bytes.HasPrefix(start, []byte(gzipMagic)), strings.HasSuffix(name, ".gz"):
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, &custody.Error{Code: custody.CodeInvalid, Message: fmt.Sprintf("the file %s is not gzip", name), Hint: "unpack it, or rename it", Err: err}
		}
		return z, nil
	case string(start) == zipMagic:
		return unzip(in, name)
	}
	return in, nil
}

// unzip gives the one file of a zip file; a spreadsheet, which is one too, as it is.
func unzip(in io.Reader, name string) (io.Reader, error) {
	text, z, err := readZip(in)
	if err != nil {
		return nil, err
	}
	var inside []*zip.File
	for _, f := range z.File {
		if strings.HasPrefix(f.Name, bookParts) {
			return bytes.NewReader(text), nil
		}
		if base := path.Base(f.Name); !strings.HasSuffix(f.Name, "/") && !strings.HasPrefix(base, ".") && !strings.HasPrefix(f.Name, "__MACOSX/") {
			inside = append(inside, f)
		}
	}
	if len(inside) != 1 {
		return nil, custody.E(custody.CodeInvalid, fmt.Sprintf("the zip file %s holds %d files", name, len(inside)), "unpack it and give each that is a log with its own --log")
	}
	r, err := inside[0].Open()
	if err != nil {
		return nil, badZip(err)
	}
	return r, nil
}

// bookParts is where the parts of a spreadsheet are.
const bookParts = "xl/"

func readZip(in io.Reader) ([]byte, *zip.Reader, error) {
	text, err := io.ReadAll(io.LimitReader(in, maxPacked+1))
	if err != nil {
		return nil, nil, badZip(err)
	}
	if len(text) > maxPacked {
		return nil, nil, custody.E(custody.CodeTooLarge, "the packed file is larger than 512 MiB", "unpack it first")
	}
	z, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		return nil, nil, badZip(err)
	}
	return text, z, nil
}

func badZip(err error) error {
	return &custody.Error{Code: custody.CodeInvalid, Message: "the packed file cannot be read", Hint: "is it complete? does it ask for a password? unpack it first", Err: err}
}
