package store_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"

	"custody"
	"custody/store"
)

func system(t testing.TB, s *store.Store, name string) custody.SystemID {
	t.Helper()
	id, err := s.EnsureSystem(name)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func assign(t testing.TB, s *store.Store, sys custody.SystemID, keys ...string) []custody.SubjectID {
	t.Helper()
	ids, err := s.Assign(sys, keys)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func TestNumbersAreDenseOverAllSystems(t *testing.T) {
	s, path := open(t)
	a, b := system(t, s, "bodyshop"), system(t, s, "claims")
	got := [][]custody.SubjectID{
		assign(t, s, a, "4711", "4712", "4711"), // a repeat in one call
		assign(t, s, b, "4711"),                 // the same key elsewhere is another subject
		assign(t, s, a),
		assign(t, s, a, "4713", "4712"), // new and known
		assign(t, s, a, "4711"),
	}
	want := [][]custody.SubjectID{{1, 2, 1}, {3}, {}, {4, 2}, {1}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	must(t, s.Close())
	s = reopen(t, path)
	if ids := assign(t, s, b, "x"); ids[0] != 5 {
		t.Errorf("after reopening the next number is %d, want 5", ids[0])
	}
}

func TestNumbersUnderConcurrency(t *testing.T) {
	s, path := open(t)
	other := reopen(t, path)
	sys := system(t, s, "bodyshop")
	var wg sync.WaitGroup
	seen := make([][]custody.SubjectID, 8)
	for i := range seen {
		wg.Go(func() {
			st := []*store.Store{s, other}[i%2]
			for j := range 20 {
				ids, err := st.Assign(sys, []string{fmt.Sprint(j), fmt.Sprint(i*100 + j)})
				if err != nil {
					t.Error(err)
					return
				}
				seen[i] = append(seen[i], ids[0])
			}
		})
	}
	wg.Wait()
	for _, ids := range seen[1:] {
		if !slices.Equal(ids, seen[0]) {
			t.Fatal("the same keys got different numbers")
		}
	}
	next := custody.SubjectID(1)
	for subject, err := range s.Subjects(sys) {
		must(t, err)
		if subject.Number != next {
			t.Fatalf("number %d, want %d", subject.Number, next)
		}
		next++
	}
}

// TestNamings computes the published formula by other means: the leaf by hand, the
// tree by RFC 6962's recursive definition.
func TestNamings(t *testing.T) {
	s, _ := open(t)
	sys := system(t, s, "bodyshop")
	for _, size := range []int{1, 2, 3, 7, 64, 100} {
		keys := make([]string, size)
		for i := range keys {
			keys[i] = fmt.Sprintf("run%d-%d", size, i)
		}
		first := assign(t, s, sys, keys...)[0]
		pending, err := s.PendingNamings()
		must(t, err)
		if len(pending) != 1 || pending[0].First != first || pending[0].Count != uint32(size) {
			t.Fatalf("pending: %+v", pending)
		}
		var leaves []tlog.Hash
		for subject, err := range s.SubjectRange(first, uint32(size)) {
			must(t, err)
			text := append([]byte{0}, subject.Salt[:]...)
			text = append(text, 0, 0, 0, byte(sys))
			text = append(text, subject.Key...)
			leaf := sha256.Sum256(text)
			if leaf != subject.Commitment {
				t.Fatalf("commitment of %d is not the published formula", subject.Number)
			}
			leaves = append(leaves, leaf)
		}
		if root := tree(leaves); root != tlog.Hash(pending[0].Root) {
			t.Fatalf("root of %d leaves is not RFC 6962's", size)
		}
		must(t, s.NamingWritten(first, t0))
	}
	pending, err := s.PendingNamings()
	must(t, err)
	all, err := s.Namings()
	must(t, err)
	if len(pending) != 0 || len(all) != 6 {
		t.Errorf("%d pending and %d in all, want 0 and 6", len(pending), len(all))
	}
	wantCode(t, s.NamingWritten(9999, t0), custody.CodeNotFound)
}

// tree is MTH of RFC 6962, section 2.1, over leaf hashes.
func tree(leaves []tlog.Hash) tlog.Hash {
	if len(leaves) == 1 {
		return leaves[0]
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	return tlog.NodeHash(tree(leaves[:k]), tree(leaves[k:]))
}

func TestKeysThatAreRefused(t *testing.T) {
	s, _ := open(t)
	sys := system(t, s, "bodyshop")
	for _, key := range []string{"", strings.Repeat("x", 1025), "a\x00b"} {
		_, err := s.Assign(sys, []string{"fine", key})
		wantCode(t, err, custody.CodeInvalid)
	}
	if ids := assign(t, s, sys, strings.Repeat("x", 1024)); ids[0] != 1 {
		t.Errorf("number %d: a refused call used numbers up", ids[0])
	}
	if _, err := s.Assign(99, []string{"x"}); err == nil {
		t.Error("a subject of an unknown system was numbered")
	}
}

func TestErase(t *testing.T) {
	s, _ := open(t)
	sys := system(t, s, "bodyshop")
	ids := assign(t, s, sys, "4711", "4712")
	before, err := s.Subject(ids[0])
	must(t, err)
	must(t, s.Erase(context.Background(), sys, t0, "4711"))
	after, err := s.Subject(ids[0])
	must(t, err)
	want := store.Subject{Number: ids[0], System: sys, Commitment: before.Commitment, Erased: t0}
	if diff := cmp.Diff(want, *after); diff != "" {
		t.Error(diff)
	}
	_, err = s.SubjectOf(sys, "4711")
	wantCode(t, err, custody.CodeNotFound)
	wantCode(t, s.Erase(context.Background(), sys, t0, "4711"), custody.CodeNotFound)
	if again := assign(t, s, sys, "4711"); again[0] != 3 {
		t.Errorf("a customer who comes back got number %d, want a new one", again[0])
	}
	generation, err := s.Generation()
	must(t, err)
	wantCode(t, s.Erase(context.Background(), sys, t0, "4712", "unknown"), custody.CodeNotFound)
	if now, _ := s.Generation(); now != generation {
		t.Error("a refused erasure was announced")
	}
	later := t0.Add(time.Minute)
	must(t, s.Erase(context.Background(), sys, later, "4711"))
	if now, _ := s.Generation(); now != generation+1 {
		t.Error("running gateways do not hear of an erasure")
	}
	if n, err := s.Erasures(); err != nil || n != 2 {
		t.Errorf("%d are erased, %v", n, err)
	}
	if _, err := s.SubjectOf(sys, "4712"); err != nil {
		t.Errorf("a refused erasure erased: %v", err)
	}
}

// TestErasedKeysAreInNoFile adds keys in random order, so that pages of the index
// split and leave stale copies, and looks for every erased key in every file.
func TestErasedKeysAreInNoFile(t *testing.T) {
	s, path := open(t)
	sys := system(t, s, "bodyshop")
	keys := make([]string, 20000)
	for i, n := range rand.Perm(len(keys)) {
		keys[i] = fmt.Sprintf("KEY-%06d", n)
	}
	for part := range slices.Chunk(keys, 4000) {
		assign(t, s, sys, part...)
	}
	gone := make(map[string]bool)
	for _, n := range rand.Perm(len(keys))[:7000] {
		gone[keys[n]] = true
	}
	list := make([]string, 0, len(gone))
	for k := range gone {
		list = append(list, k)
	}
	for part := range slices.Chunk(list, 3500) {
		must(t, s.Erase(context.Background(), sys, t0, part...))
		for _, k := range part {
			gone[k] = true
		}
	}
	found, kept := search(t, path, gone)
	if found != 0 {
		t.Errorf("%d erased keys are still in the files", found)
	}
	if kept < len(keys)-len(gone) {
		t.Errorf("%d keys are found that were not erased, want all %d: the search misses keys", kept, len(keys)-len(gone))
	}
}

// search counts the keys of the form KEY-000000 in the files of the database.
func search(t *testing.T, path string, gone map[string]bool) (found, kept int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Dir(path) + "/*")
	must(t, err)
	seen := make(map[string]bool)
	for _, name := range files {
		data, err := os.ReadFile(name)
		must(t, err)
		for {
			i := bytes.Index(data, []byte("KEY-"))
			if i < 0 || i+10 > len(data) {
				break
			}
			seen[string(data[i:i+10])] = true
			data = data[i+4:]
		}
	}
	for k := range seen {
		if gone[k] {
			found++
		} else {
			kept++
		}
	}
	return found, kept
}

func TestErasedReasonIsInNoFile(t *testing.T) {
	s, path := open(t)
	p, e := alice(t, s)
	sys := system(t, s, "bodyshop")
	session := openSession(t, s, p, e, sys, "192.0.2.1")
	id, err := s.AddReason(session, "KEY-000001 rang about the bumper", t0)
	must(t, err)
	must(t, s.EraseReason(id, t0))
	text, erased, err := s.Reason(id)
	must(t, err)
	if text != "" || !erased {
		t.Errorf("the reason is %q, erased %v", text, erased)
	}
	if found, _ := search(t, path, map[string]bool{"KEY-000001": true}); found != 0 {
		t.Error("the text is still in the files")
	}
	wantCode(t, s.EraseReason(id, t0), custody.CodeNotFound)
}

// BenchmarkAssign numbers 200,000 new subjects in one transaction.
func BenchmarkAssign(b *testing.B) {
	keys := make([]string, 200_000)
	for i, n := range rand.Perm(len(keys)) {
		keys[i] = fmt.Sprint(100_000 + n)
	}
	for b.Loop() {
		s, err := store.Open(filepath.Join(b.TempDir(), "custody.db"))
		if err != nil {
			b.Fatal(err)
		}
		assign(b, s, system(b, s, "bodyshop"), keys...)
		s.Close()
	}
}

// BenchmarkErase erases one of 200,000 subjects.
func BenchmarkErase(b *testing.B) {
	s, err := store.Open(filepath.Join(b.TempDir(), "custody.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	sys := system(b, s, "bodyshop")
	keys := make([]string, 200_000)
	for i := range keys {
		keys[i] = fmt.Sprint(100_000 + i)
	}
	assign(b, s, sys, keys...)
	i := 0
	for b.Loop() {
		if err := s.Erase(context.Background(), sys, t0, keys[i]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
