package ledger

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"custody"
)

// small makes a closed ledger of a few frames and gives its folder, the name of its
// last segment and where each of that segment's frames starts; the last number is
// where the ledger ends.
func small(t testing.TB, o Options) (dir, last string, starts []int64) {
	t.Helper()
	o.SegmentSize = 4096
	dir = createIn(t, fastDir(t), o)
	l := open(t, dir, o)
	for i := range 30 {
		if l.segment.name() != last {
			last, starts = l.segment.name(), nil
		}
		start := l.offset
		appendAll(t, l, disclosure(1, uint64(i+1), 1, custody.SubjectID(10+i), 5000), disclosure(2, uint64(i+1), 9))
		if l.segment.name() != last {
			last, start, starts = l.segment.name(), segmentHeader, nil
		}
		starts = append(starts, start)
	}
	starts = append(starts, l.offset)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, last, starts
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t testing.TB, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestTornFrame cuts the last frame at every length, as a crash in the write does
// when nothing vouches for the frame yet.
func TestTornFrame(t *testing.T) {
	dir, last, starts := small(t, Options{})
	name := filepath.Join(dir, last)
	whole := read(t, name)
	start, end := starts[len(starts)-2], starts[len(starts)-1]
	want := uint64(58)
	for cut := start; cut < end; cut++ {
		torn := bytes.Clone(whole)
		clear(torn[cut:])
		write(t, name, torn)
		l, err := Open(dir, Options{SegmentSize: 4096})
		if err != nil {
			t.Fatalf("cut at %d: %v", cut-start, err)
		}
		left := int64(len(bytes.TrimRight(torn[start:], "\x00")))
		if r := l.Recovery(); r.TornBytes != left || r.Events != want || r.Offset != start {
			t.Fatalf("cut at %d: %+v, want %d torn bytes at %d and %d events", cut-start, r, left, start, want)
		}
		appendAll(t, l, disclosure(7, 7, 7))
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if r, err := Verify(dir, nil); err != nil || r.Events != want+1 || r.TornBytes != 0 {
			t.Fatalf("cut at %d, after recovery: %+v, %v", cut-start, r, err)
		}
	}
}

// TestLostSectors loses every subset of the sectors of a last frame of six.
func TestLostSectors(t *testing.T) {
	dir := createIn(t, fastDir(t), Options{SegmentSize: 16384})
	l := open(t, dir, Options{SegmentSize: 16384})
	appendAll(t, l, disclosure(1, 1, 1))
	start := l.offset
	var subjects []custody.SubjectID
	for i := range 1400 {
		subjects = append(subjects, custody.SubjectID(400*i+1))
	}
	appendAll(t, l, disclosure(2, 2, subjects...))
	end := l.offset
	l.Close()
	name := filepath.Join(dir, segmentName(1))
	whole := read(t, name)
	first, n := start/sector, (end-1)/sector-start/sector+1
	if n < 6 {
		t.Fatalf("the frame covers %d sectors only", n)
	}
	for lost := 1; lost < 1<<n; lost++ {
		torn := bytes.Clone(whole)
		for i := range n {
			if lost>>i&1 == 1 {
				a := (first + i) * sector
				clear(torn[max(a, start):min(a+sector, int64(len(torn)))])
			}
		}
		write(t, name, torn)
		l, err := Open(dir, Options{})
		if err != nil {
			t.Fatalf("sectors %b lost: %v", lost, err)
		}
		if r := l.Recovery(); r.Events != 1 || r.Offset != start {
			t.Fatalf("sectors %b lost: %+v", lost, r)
		}
		l.Close()
	}
}

// TestFlippedBit changes one bit in each byte that counts, one at a time: all of
// it is named by Verify, and nothing that changes an event passes Open.
func TestFlippedBit(t *testing.T) {
	signer, verifier := keys(t)
	dir, last, starts := small(t, Options{Signer: signer})
	if _, err := Verify(dir, verifier); err != nil {
		t.Fatal(err)
	}
	names, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range names {
		name := filepath.Join(dir, entry.Name())
		whole := read(t, name)
		ends := int64(len(bytes.TrimRight(whole, "\x00")))
		if entry.Name() == last {
			ends = starts[len(starts)-1]
		}
		for at := range ends {
			changed := bytes.Clone(whole)
			changed[at] ^= 1 << (at % 8)
			write(t, name, changed)
			flipped(t, dir, entry.Name(), at, func() error { _, err := Verify(dir, verifier); return err })
			if strings.HasSuffix(name, segmentSuffix) && at >= segmentHeader && at%3 == 0 {
				flipped(t, dir, entry.Name(), at, func() error {
					r, err := OpenReader(dir)
					if err == nil {
						r.Close()
					}
					return err
				})
			}
		}
		write(t, name, whole)
	}
}

func flipped(t *testing.T, dir, name string, at int64, do func() error) {
	t.Helper()
	err := do()
	var d *Damage
	switch {
	case err == nil:
		t.Errorf("%s, byte %d: not noticed", name, at)
	case !errors.As(err, &d):
		t.Errorf("%s, byte %d: %v names no place", name, at, err)
	case d.File != name:
		t.Errorf("%s, byte %d: named %v", name, at, d)
	case strings.HasSuffix(name, segmentSuffix) && (d.Offset > at || at-d.Offset > 512):
		t.Errorf("%s, byte %d: named offset %d", name, at, d.Offset)
	}
}

// TestDamageIsNotTakenForTorn changes a bit anywhere in the last frame when no
// checkpoint vouches for it: Open refuses and cuts nothing.
func TestDamageIsNotTakenForTorn(t *testing.T) {
	dir, last, starts := small(t, Options{})
	name := filepath.Join(dir, last)
	whole := read(t, name)
	for at := starts[len(starts)-2]; at < starts[len(starts)-1]; at++ {
		for bit := range 8 {
			changed := bytes.Clone(whole)
			changed[at] ^= 1 << bit
			write(t, name, changed)
			_, err := Open(dir, Options{})
			var d *Damage
			if !errors.As(err, &d) || d.File != last || d.Frame != 29 {
				t.Fatalf("byte %d bit %d: %v", at, bit, err)
			}
			if !bytes.Equal(read(t, name), changed) {
				t.Fatal("Open changed a damaged segment")
			}
		}
	}
}

// TestFramesUnderACheckpointCannotVanish takes the last frame away as a whole.
func TestFramesUnderACheckpointCannotVanish(t *testing.T) {
	signer, verifier := keys(t)
	dir, last, starts := small(t, Options{Signer: signer})
	name := filepath.Join(dir, last)
	b := read(t, name)
	clear(b[starts[len(starts)-2]:])
	write(t, name, b)
	for what, do := range map[string]func() error{
		"Open":       func() error { _, err := Open(dir, Options{}); return err },
		"OpenReader": func() error { _, err := OpenReader(dir); return err },
		"Verify":     func() error { _, err := Verify(dir, verifier); return err },
	} {
		if err := do(); custody.CodeOf(err) != custody.CodeInvalid || !strings.Contains(err.Error(), "missing") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if !bytes.Equal(read(t, name), b) {
		t.Error("Open changed a damaged segment")
	}
}

func TestMissingSegmentIsNamed(t *testing.T) {
	dir, _, _ := small(t, Options{})
	if err := os.Remove(filepath.Join(dir, segmentName(1))); err != nil {
		t.Fatal(err)
	}
	_, err := Open(dir, Options{})
	var d *Damage
	if !errors.As(err, &d) || d.File != segmentName(1) {
		t.Errorf("got %v", err)
	}
}

// TestRewrittenHistory writes another ledger's frames under the same checkpoint.
func TestRewrittenHistory(t *testing.T) {
	signer, verifier := keys(t)
	dir, _, _ := small(t, Options{Signer: signer})
	other, _, _ := small(t, Options{Signer: signer})
	for _, name := range []string{checkpointName, historyName} {
		write(t, filepath.Join(other, name), read(t, filepath.Join(dir, name)))
	}
	if _, err := Verify(other, verifier); err == nil {
		t.Error("Verify took other frames under a checkpoint")
	}
	if _, err := Open(other, Options{}); custody.CodeOf(err) != custody.CodeInvalid {
		t.Errorf("Open took other frames under a checkpoint: %v", err)
	}
}

// TestTreeFileIsMadeAgain removes or spoils the tree file.
func TestTreeFileIsMadeAgain(t *testing.T) {
	signer, verifier := keys(t)
	dir, _, _ := small(t, Options{Signer: signer})
	name := filepath.Join(dir, treeName)
	want := read(t, name)
	spoiled := bytes.Clone(want)
	spoiled[len(spoiled)-1] ^= 1
	for what, do := range map[string]func(){
		"removed": func() { os.Remove(name) },
		"short":   func() { write(t, name, want[:len(want)-40]) },
		"spoiled": func() { write(t, name, spoiled) },
	} {
		do()
		l := open(t, dir, Options{Signer: signer})
		if err := l.Close(); err != nil {
			t.Fatal(what, err)
		}
		if !bytes.Equal(read(t, name), want) {
			t.Errorf("%s: not made again", what)
		}
		if r, err := Verify(dir, verifier); err != nil || r.TreeMissing {
			t.Errorf("%s: %+v, %v", what, r, err)
		}
	}
}
