// Package backup writes the files of a deployment into one archive and brings them
// back. It knows files, sums and keys; what belongs together, and at which moment, is
// for the caller to say.
//
// An archive is a tar file. Its last entry, manifest.json, holds the SHA-256 of each of
// the others: an archive without it was cut short and is refused.
package backup

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"custody"
)

const manifestName = "manifest.json"

// Bounds of an archive that is read.
const (
	maxManifest = 16 << 20
	maxEntries  = 100_000
)

// Manifest says what an archive holds.
type Manifest struct {
	Format  int       `json:"format"` // 1
	Version string    `json:"version"`
	Made    time.Time `json:"made"`
	Frames  uint64    `json:"ledger_frames"`
	Events  uint64    `json:"ledger_events"`
	// Keys says how the keys are in it: "sealed", or "absent".
	Keys  string `json:"keys"`
	Files []File `json:"files"`
}

// File is one file of the deployment.
type File struct {
	Name   string `json:"name"` // within the working directory, with slashes
	Size   int64  `json:"size"`
	Room   int64  `json:"room,omitempty"` // its length with zeros behind, if longer
	SHA256 string `json:"sha256"`
}

// Writer writes an archive.
type Writer struct {
	Manifest
	tar *tar.Writer
}

// NewWriter begins an archive in w, which stays the caller's to close.
func NewWriter(w io.Writer, m Manifest) *Writer {
	m.Format = 1
	return &Writer{Manifest: m, tar: tar.NewWriter(w)}
}

// AddFile adds the first size bytes of a file; all of it if size is negative. What is
// longer than it was said to be may grow meanwhile.
func (w *Writer) AddFile(name, from string, size, room int64) error {
	f, err := os.Open(from)
	if err != nil {
		return &custody.Error{Code: custody.CodeUnavailable, Message: name + " cannot be read", Hint: "check its owner and mode", Err: err}
	}
	defer f.Close()
	if size < 0 {
		info, err := f.Stat()
		if err != nil {
			return err
		}
		size = info.Size()
	}
	return w.add(File{Name: name, Size: size, Room: room}, io.LimitReader(f, size))
}

// AddBytes adds a small file.
func (w *Writer) AddBytes(name string, text []byte) error {
	return w.add(File{Name: name, Size: int64(len(text))}, strings.NewReader(string(text)))
}

func (w *Writer) add(f File, r io.Reader) error {
	if f.Room <= f.Size {
		f.Room = 0
	}
	if err := w.tar.WriteHeader(&tar.Header{Name: f.Name, Mode: 0o600, Size: f.Size, ModTime: w.Made, Format: tar.FormatPAX}); err != nil {
		return failed("write the archive", err)
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(w.tar, sum), r)
	if err == nil && n != f.Size {
		err = fmt.Errorf("%s is shorter than it was", f.Name)
	}
	if err != nil {
		return failed("write the archive", err)
	}
	f.SHA256 = hex.EncodeToString(sum.Sum(nil))
	w.Files = append(w.Files, f)
	return nil
}

// Close writes the manifest: only now the archive is whole.
func (w *Writer) Close() error {
	text, err := json.MarshalIndent(w.Manifest, "", " ")
	if err == nil {
		err = w.tar.WriteHeader(&tar.Header{Name: manifestName, Mode: 0o600, Size: int64(len(text)), ModTime: w.Made, Format: tar.FormatPAX})
	}
	if err == nil {
		_, err = w.tar.Write(text)
	}
	if err == nil {
		err = w.tar.Close()
	}
	if err != nil {
		return failed("write the archive", err)
	}
	return nil
}

func failed(what string, err error) error {
	return &custody.Error{Code: custody.CodeUnavailable, Message: "cannot " + what, Hint: "check free space and health of the disk", Err: err}
}

func damaged(what string) error {
	return custody.E(custody.CodeInvalid, "this is not a whole backup: "+what, "take an earlier backup; this one was cut short, changed, or is another file")
}

// Read reads a whole archive, checks every sum and, with a folder, writes the files
// into it. After an error nothing of the folder is to be used.
func Read(r io.Reader, into string) (*Manifest, error) {
	archive := tar.NewReader(r)
	sums := map[string]File{}
	for n := 0; ; n++ {
		h, err := archive.Next()
		if err == io.EOF {
			return nil, damaged("it has no manifest")
		}
		if err != nil || n > maxEntries {
			return nil, damaged("it cannot be read as an archive")
		}
		if h.Name == manifestName {
			return check(archive, h, sums, into)
		}
		if !plain(h) {
			return nil, damaged("it holds an entry that no backup has")
		}
		if _, twice := sums[h.Name]; twice {
			return nil, damaged("a file is in it twice")
		}
		f, err := extract(archive, h, into)
		if err != nil {
			return nil, err
		}
		sums[h.Name] = f
	}
}

// plain says whether an entry is a file with a name that stays in the folder.
func plain(h *tar.Header) bool {
	return h.Typeflag == tar.TypeReg && h.Name != "" && path.Clean(h.Name) == h.Name && filepath.IsLocal(filepath.FromSlash(h.Name)) &&
		!strings.Contains(h.Name, "\\") && h.Name != "." && h.Size >= 0 && len(h.Name) < 200
}

func extract(r io.Reader, h *tar.Header, into string) (f File, err error) {
	sum := sha256.New()
	to := io.Writer(sum)
	var out *os.File
	if into != "" {
		name := filepath.Join(into, filepath.FromSlash(h.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return f, failed("make a folder", err)
		}
		if out, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
			return f, failed("write "+h.Name, err)
		}
		to = io.MultiWriter(sum, out)
	}
	n, err := io.Copy(to, r)
	if out != nil {
		err = errors.Join(err, out.Sync(), out.Close())
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return f, damaged("it was cut short")
	}
	if err != nil {
		return f, failed("restore "+h.Name, err)
	}
	return File{Name: h.Name, Size: n, SHA256: hex.EncodeToString(sum.Sum(nil))}, nil
}

// check compares the manifest with what was found.
func check(r io.Reader, h *tar.Header, found map[string]File, into string) (*Manifest, error) {
	if h.Size > maxManifest {
		return nil, damaged("its manifest is too long")
	}
	var m Manifest
	if err := json.NewDecoder(io.LimitReader(r, maxManifest)).Decode(&m); err != nil {
		return nil, damaged("its manifest cannot be read")
	}
	if m.Format != 1 {
		return nil, custody.E(custody.CodeUnsupported, "this backup is in a format that this version does not know", "restore it with the version of custody that wrote it, or a newer one")
	}
	if len(m.Files) != len(found) {
		return nil, damaged("its files are not those of its manifest")
	}
	for _, f := range m.Files {
		got, ok := found[f.Name]
		if !ok || got.Size != f.Size || got.SHA256 != f.SHA256 || f.Room < 0 {
			return nil, damaged(fmt.Sprintf("%q differs from its manifest", f.Name))
		}
		if into == "" || f.Room <= f.Size {
			continue
		}
		if err := os.Truncate(filepath.Join(into, filepath.FromSlash(f.Name)), f.Room); err != nil {
			return nil, failed("make room behind "+f.Name, err)
		}
	}
	return &m, nil
}
