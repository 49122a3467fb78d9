package backup

import (
	"archive/tar"
	"bytes"
	"os"
	"path/filepath"
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

func TestNamesStayInTheFolder(t *testing.T) {
	for _, name := range []string{"../evil", "/etc/evil", "a/../../evil", "a/./b", "a\\..\\b", ""} {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Typeflag: tar.TypeReg, Format: tar.FormatPAX}); err != nil {
			continue
		}
		w.Close()
		if _, err := Read(&b, t.TempDir()); custody.CodeOf(err) != custody.CodeInvalid {
			t.Errorf("%q: %v", name, err)
		}
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: "link", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink}); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if _, err := Read(&b, t.TempDir()); custody.CodeOf(err) != custody.CodeInvalid {
		t.Errorf("a link: %v", err)
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
