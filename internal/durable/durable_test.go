package durable

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func contents(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestReplace fails each step once before and once after it took effect: the file
// holds the old content or the new, never anything else.
func TestReplace(t *testing.T) {
	boom := errors.New("boom")
	count := 0
	Replace(Fault{FS: OS{}, Decide: func(Op) Verdict { count++; return Verdict{} }}, filepath.Join(t.TempDir(), "f"), []byte("x"))
	if count != 5 { // create, write, sync, rename, syncdir
		t.Fatalf("%d operations", count)
	}
	for n := range count {
		for _, v := range []Verdict{{Err: boom}, {Err: boom, Done: true}, {Err: boom, Keep: 2}} {
			name := filepath.Join(t.TempDir(), "file")
			if err := Replace(OS{}, name, []byte("old")); err != nil {
				t.Fatal(err)
			}
			seen := 0
			fs := Fault{FS: OS{}, Decide: func(Op) Verdict {
				seen++
				if seen == n+1 {
					return v
				}
				return Verdict{}
			}}
			if err := Replace(fs, name, []byte("new one")); !errors.Is(err, boom) {
				t.Errorf("step %d: %v", n, err)
			}
			if got := contents(t, name); got != "old" && got != "new one" {
				t.Errorf("step %d leaves %q", n, got)
			}
			if err := Replace(OS{}, name, []byte("newest")); err != nil || contents(t, name) != "newest" {
				t.Errorf("step %d: afterwards %v, %q", n, err, contents(t, name))
			}
		}
	}
}

func TestPreallocate(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	const size = 2*step + 100
	if err := Preallocate(OS{}, name, size); err != nil {
		t.Fatal(err)
	}
	if b := []byte(contents(t, name)); len(b) != size || len(bytes.Trim(b, "\x00")) != 0 {
		t.Errorf("%d bytes, want %d zeros", len(b), size)
	}
	full := errors.New("full")
	fs := Fault{FS: OS{}, Decide: func(op Op) Verdict {
		if op.Kind == OpWrite && op.Off > 0 {
			return Verdict{Err: full}
		}
		return Verdict{}
	}}
	if err := Preallocate(fs, name, size); !errors.Is(err, full) {
		t.Errorf("on a full disk: %v", err)
	}
}

func TestOpenSyncWritesInPlace(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	if _, err := (OS{}).OpenSync(name); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("opening what is not there: %v", err)
	}
	if err := Preallocate(OS{}, name, 100); err != nil {
		t.Fatal(err)
	}
	f, err := OS{}.OpenSync(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte("abc"), 50); err != nil {
		t.Fatal(err)
	}
	if size, err := f.Size(); err != nil || size != 100 || contents(t, name)[49:54] != "\x00abc\x00" {
		t.Errorf("size %d, %v, %q", size, err, contents(t, name))
	}
	if err := f.Truncate(51); err != nil || contents(t, name)[50:] != "a" {
		t.Errorf("after Truncate: %v", err)
	}
}

func TestShortWrite(t *testing.T) {
	boom := errors.New("boom")
	name := filepath.Join(t.TempDir(), "file")
	fs := Fault{FS: OS{}, Decide: func(op Op) Verdict {
		if op.Kind == OpWrite {
			return Verdict{Err: boom, Keep: 2}
		}
		return Verdict{}
	}}
	f, err := fs.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if n, err := f.WriteAt([]byte("abcd"), 0); n != 2 || !errors.Is(err, boom) {
		t.Errorf("%d, %v", n, err)
	}
	if contents(t, name) != "ab" {
		t.Errorf("file holds %q", contents(t, name))
	}
}

func TestLock(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	a, err := Lock(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Lock(name); !errors.Is(err, ErrLocked) {
		t.Errorf("the second lock: %v", err)
	}
	a.Close()
	b, err := Lock(name)
	if err != nil {
		t.Fatalf("after the first is closed: %v", err)
	}
	b.Close()
}

func TestReadDirIsSorted(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []string{"b", "a", "c"} {
		if err := Replace(OS{}, filepath.Join(dir, n), nil); err != nil {
			t.Fatal(err)
		}
	}
	names, err := OS{}.ReadDir(dir)
	if err != nil || len(names) != 3 || names[0] != "a" || names[2] != "c" {
		t.Errorf("%v, %v", names, err)
	}
}
