package backup

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"custody"
)

func made(t testing.TB, change func(*Writer)) []byte {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter(&b, Manifest{Version: "test", Made: time.Date(2026, 5, 31, 12, 0, 0, 0, time.UTC), Events: 7})
	for name, text := range map[string]string{"custody.yaml": "listen: x\n", "ledger/00000001.seg": "frames"} {
		if err := w.AddBytes(name, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if change != nil {
		change(w)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestArchivesComeBack(t *testing.T) {
	long := filepath.Join(t.TempDir(), "segment")
	if err := os.WriteFile(long, []byte("frames that grow"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := made(t, func(w *Writer) {
		if err := w.AddFile("ledger/00000002.seg", long, 6, 100); err != nil {
			t.Fatal(err)
		}
	})
	dir := t.TempDir()
	m, err := Read(bytes.NewReader(text), dir)
	if err != nil || m.Events != 7 || len(m.Files) != 3 {
		t.Fatalf("%+v, %v", m, err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "ledger", "00000002.seg"))
	if err != nil || len(got) != 100 || string(bytes.TrimRight(got, "\x00")) != "frames" {
		t.Errorf("segment %q, %v", got, err)
	}
	if _, err := Read(bytes.NewReader(text), dir); err == nil {
		t.Error("files that exist were replaced")
	}
}

func TestEveryBitAndEveryByteCounts(t *testing.T) {
	text := made(t, nil)
	end := bytes.LastIndex(text, []byte("}")) + 1 // behind it tar pads with zeros
	for n := 0; n < end; n += 13 {
		if _, err := Read(bytes.NewReader(text[:n]), ""); custody.CodeOf(err) != custody.CodeInvalid {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
	at := bytes.Index(text, []byte("frames"))
	changed := bytes.Clone(text)
	changed[at] ^= 1
	if _, err := Read(bytes.NewReader(changed), ""); custody.CodeOf(err) != custody.CodeInvalid {
		t.Errorf("a changed file: %v", err)
	}
}

// TestNamesStayInTheFolder: an entry that no backup has is refused as such, before anything
// of it is written.
func TestNamesStayInTheFolder(t *testing.T) {
	long := strings.Repeat("x", 200)
	heads := []tar.Header{{Name: "link", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink}, {Name: "link", Linkname: "custody.yaml", Typeflag: tar.TypeLink}, {Name: "folder", Typeflag: tar.TypeDir}, {Name: "pipe", Typeflag: tar.TypeFifo}}
	for _, name := range []string{"../evil", "/etc/evil", "a/../../evil", "a/../evil", "a/./b", "a//b", "./a", ".", "a\\..\\b", long} {
		heads = append(heads, tar.Header{Name: name, Typeflag: tar.TypeReg})
	}
	for _, h := range heads {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		h.Mode, h.Format = 0o600, tar.FormatPAX
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(h.Name, err)
		}
		w.Close()
		dir := t.TempDir()
		if _, err := Read(&b, dir); custody.CodeOf(err) != custody.CodeInvalid || !strings.Contains(err.Error(), "an entry that no backup has") {
			t.Errorf("%q of type %c: %v", h.Name, h.Typeflag, err)
		}
		if list, err := os.ReadDir(dir); err != nil || len(list) != 0 {
			t.Errorf("%q was written: %v %v", h.Name, list, err)
		}
	}
}

// TestManifestsThatDoNotFit: sums, sizes and the list of files are compared each, whatever
// the manifest says of itself; a file may not be in an archive twice.
func TestManifestsThatDoNotFit(t *testing.T) {
	sum := func(text string) string { x := sha256.Sum256([]byte(text)); return hex.EncodeToString(x[:]) }
	whole := func() File { return File{Name: "a", Size: 4, SHA256: sum("text")} }
	for says, x := range map[string]struct {
		m     Manifest
		twice bool
		ok    bool
	}{
		"as it is":        {m: Manifest{Format: 1, Files: []File{whole()}}, ok: true},
		"another format":  {m: Manifest{Format: 2, Files: []File{whole()}}},
		"no format":       {m: Manifest{Files: []File{whole()}}},
		"another sum":     {m: Manifest{Format: 1, Files: []File{{Name: "a", Size: 4, SHA256: sum("next")}}}},
		"another size":    {m: Manifest{Format: 1, Files: []File{{Name: "a", Size: 5, SHA256: sum("text")}}}},
		"another name":    {m: Manifest{Format: 1, Files: []File{{Name: "b", Size: 4, SHA256: sum("text")}}}},
		"a file more":     {m: Manifest{Format: 1, Files: []File{whole(), whole()}}},
		"none of them":    {m: Manifest{Format: 1}},
		"room below zero": {m: Manifest{Format: 1, Files: []File{{Name: "a", Size: 4, Room: -1, SHA256: sum("text")}}}},
		"a file twice":    {m: Manifest{Format: 1, Files: []File{whole()}}, twice: true},
	} {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		put := func(name, text string) {
			if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(text)), Format: tar.FormatPAX}); err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(w, text)
		}
		put("a", "text")
		if x.twice {
			put("a", "text")
		}
		text, err := json.Marshal(x.m)
		if err != nil {
			t.Fatal(err)
		}
		put(manifestName, string(text))
		w.Close()
		if _, err := Read(&b, ""); (err == nil) != x.ok {
			t.Errorf("%s: %v", says, err)
		}
	}
}

// TestRoomTakesNothingAway: room is zeros behind a file; less of it than the file has is
// none, whoever wrote the archive.
func TestRoomTakesNothingAway(t *testing.T) {
	long := filepath.Join(t.TempDir(), "segment")
	if err := os.WriteFile(long, []byte("frames that grow"), 0o600); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := NewWriter(&b, Manifest{})
	if err := w.AddFile("segment", long, -1, 3); err != nil {
		t.Fatal(err)
	}
	if w.Files[0].Room != 0 {
		t.Errorf("%+v", w.Files[0])
	}
	w.Files[0].Room = 3
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := Read(&b, dir); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "segment")); err != nil || string(text) != "frames that grow" {
		t.Errorf("%q, %v", text, err)
	}
}

// TestRestoredFilesAreTheOwners alone: they hold keys and the ledger.
func TestRestoredFilesAreTheOwners(t *testing.T) {
	dir := t.TempDir()
	if _, err := Read(bytes.NewReader(made(t, nil)), dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{"custody.yaml": 0o600, "ledger": 0o700 | os.ModeDir, "ledger/00000001.seg": 0o600} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != want {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
}

// TestSealsDiffer: the same keys under the same passphrase are sealed with another salt and
// nonce each time; the shortest passphrase that is allowed works.
func TestSealsDiffer(t *testing.T) {
	phrase := []byte("twelve bytes")
	one, err := Seal(phrase, []byte("key"))
	if err != nil {
		t.Fatal(err)
	}
	two, err := Seal(phrase, []byte("key"))
	if err != nil || len(phrase) != MinPassphrase {
		t.Fatal(err)
	}
	n := len(sealMagic)
	if bytes.Equal(one[n:n+saltSize], two[n:n+saltSize]) || bytes.Equal(one[n+saltSize:n+saltSize+12], two[n+saltSize:n+saltSize+12]) {
		t.Error("salt or nonce are the same twice")
	}
	if _, err := Unseal(phrase, append(one, make([]byte, maxSealed)...)); custody.CodeOf(err) != custody.CodeInvalid {
		t.Errorf("a file that is too long: %v", err)
	}
}

func TestKeysAreSealed(t *testing.T) {
	if _, err := Seal([]byte("short"), []byte("key")); custody.CodeOf(err) != custody.CodeInvalid {
		t.Errorf("a short passphrase: %v", err)
	}
	sealed, err := Seal([]byte("correct horse battery"), []byte("the deployment's key"))
	if err != nil || bytes.Contains(sealed, []byte("deployment")) {
		t.Fatalf("%q, %v", sealed, err)
	}
	text, err := Unseal([]byte("correct horse battery"), sealed)
	if err != nil || string(text) != "the deployment's key" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := Unseal([]byte("incorrect horse battery"), sealed); custody.CodeOf(err) != custody.CodeUnauthorised {
		t.Errorf("another passphrase: %v", err)
	}
	sealed[len(sealed)-1] ^= 1
	if _, err := Unseal([]byte("correct horse battery"), sealed); custody.CodeOf(err) != custody.CodeUnauthorised {
		t.Errorf("a changed file: %v", err)
	}
	if _, err := Unseal([]byte("correct horse battery"), sealed[:20]); custody.CodeOf(err) != custody.CodeInvalid {
		t.Errorf("a short file: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	text := made(f, nil)
	f.Add(text)
	f.Add(text[:600])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := Read(bytes.NewReader(text), "")
		if (m == nil) == (err == nil) {
			t.Fatalf("%v, %v", m, err)
		}
	})
}
