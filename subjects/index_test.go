package subjects

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"

	"custody"
)

func newIndex(t testing.TB, expected int) *Index {
	t.Helper()
	x, err := NewIndex([]byte("a key for tests only"), expected)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// TestSipHash compares with the vectors of the reference implementation: key 00…0f,
// input 00, 01, 02 …
func TestSipHash(t *testing.T) {
	want := map[int]uint64{8: 0x93f5f5799a932462, 9: 0x9e0082df0ba9e4b0, 15: 0xa129ca6149be45e5, 16: 0x3f2acc7f57c29bdb, 63: 0x958a324ceb064572}
	key, in := make([]byte, 16), make([]byte, 64)
	for i := range in {
		in[i] = byte(i)
	}
	copy(key, in)
	for n, sum := range want {
		got := siphash(binary.LittleEndian.Uint64(key), binary.LittleEndian.Uint64(key[8:]), binary.LittleEndian.Uint64(in), in[8:n])
		if got != sum {
			t.Errorf("%d bytes: %x, want %x", n, got, sum)
		}
	}
}

// onlyPart is what the index has of system 1.
func onlyPart(x *Index) *part { return x.of(1).current.Load() }

func phoneOf(n int) []byte { return fmt.Appendf(nil, "07%09d", n) }

func find(x *Index, c custody.Category, value string) []custody.SubjectID {
	got := x.Find(nil, 1, c, []byte(value))
	slices.Sort(got)
	return got
}

func TestIndexFindsBySpelling(t *testing.T) {
	x := newIndex(t, 0)
	if !x.Add(1, 7, custody.Phone, []byte("07700 900123")) || !x.Add(1, 9, custody.Phone, []byte("+44 7700 900123")) ||
		!x.Add(1, 7, custody.Email, []byte("Alice@Post.example")) || !x.Add(1, 7, custody.Vehicle, []byte("ab12cde")) {
		t.Fatal("an identifier was not taken")
	}
	x.Add(1, 7, custody.Phone, []byte("07700-900123"))
	for _, c := range []struct {
		category custody.Category
		value    string
		want     []custody.SubjectID
	}{
		{custody.Phone, "(07700) 900 123", []custody.SubjectID{7, 9}},
		{custody.Email, "alice@post.example", []custody.SubjectID{7}},
		{custody.Vehicle, "AB12 CDE", []custody.SubjectID{7}},
		{custody.Phone, "07700 900124", nil},
		{custody.Policy, "447700900123", nil}, // another category
		{custody.Phone, "n/a", nil},
	} {
		if got := find(x, c.category, c.value); !slices.Equal(got, c.want) {
			t.Errorf("%v %q: %v, want %v", c.category, c.value, got, c.want)
		}
	}
	if got := x.Find(nil, 2, custody.Phone, []byte("07700 900123")); got != nil {
		t.Errorf("found in another system: %v", got)
	}
	if x.Len() != 4 {
		t.Errorf("%d identifiers", x.Len())
	}
	if x.Add(1, 7, custody.Phone, []byte("n/a")) || x.Add(1, 7, custody.FreeText, []byte("07700 900123")) || x.Add(1, 0, custody.Phone, []byte("07700 900123")) {
		t.Error("what is no identifier was taken")
	}
}

func TestIndexKey(t *testing.T) {
	for _, n := range []int{0, 15, 33} {
		if _, err := NewIndex(make([]byte, n), 0); custody.CodeOf(err) != custody.CodeInvalid {
			t.Errorf("a key of %d bytes: %v", n, err)
		}
	}
	a, _ := NewIndex(bytes.Repeat([]byte{1}, 16), 0)
	b, _ := NewIndex(bytes.Repeat([]byte{1}, 32), 0)
	ha, _, _ := a.hash(1, custody.Phone, phoneOf(1))
	hb, _, _ := b.hash(1, custody.Phone, phoneOf(1))
	if ha == hb {
		t.Error("two keys give one result")
	}
}

// TestIndexAgainstMap drives the index and a plain map with the same random changes:
// few values, so that many subjects share one, growth from nothing, removal.
func TestIndexAgainstMap(t *testing.T) {
	x := newIndex(t, 0)
	truth := map[int]map[custody.SubjectID]bool{}
	r := rand.New(rand.NewPCG(1, 2))
	check := func(v int) {
		t.Helper()
		var want []custody.SubjectID
		for s := range truth[v] {
			want = append(want, s)
		}
		slices.Sort(want)
		if got := find(x, custody.Phone, string(phoneOf(v))); !slices.Equal(got, want) {
			t.Fatalf("value %d: %v, want %v", v, got, want)
		}
	}
	for step := range 60_000 {
		v, s := r.IntN(3000), custody.SubjectID(1+r.IntN(500))
		if r.IntN(3) == 0 {
			v = r.IntN(5) // shared by hundreds
		}
		if truth[v] == nil {
			truth[v] = map[custody.SubjectID]bool{}
		}
		if r.IntN(4) == 0 {
			x.Remove(1, s, custody.Phone, phoneOf(v))
			delete(truth[v], s)
		} else {
			x.Add(1, s, custody.Phone, phoneOf(v))
			truth[v][s] = true
		}
		if step%50 == 0 {
			check(v)
		}
	}
	x.Forget(17)
	n := 0
	for v, who := range truth {
		delete(who, 17)
		n += len(who)
		check(v)
	}
	if x.Len() != n {
		t.Errorf("%d identifiers, want %d", x.Len(), n)
	}
	if len(onlyPart(x).crowd.by) == 0 || onlyPart(x).table.Load().level == 0 {
		t.Error("the test met no crowd or no growth")
	}
}

func TestIndexFindsNobodyByChance(t *testing.T) {
	x := newIndex(t, 200_000)
	for i := range 200_000 {
		x.Add(1, custody.SubjectID(i+1), custody.Phone, phoneOf(i))
	}
	if got := onlyPart(x).table.Load().level; got != 0 {
		t.Errorf("the index doubled %d times although its size was reserved", got)
	}
	if n := len(onlyPart(x).crowd.by); n > 200 {
		t.Errorf("%d values found no room", n)
	}
	var dst [8]custody.SubjectID
	for i := 200_000; i < 2_200_000; i++ {
		if got := x.Find(dst[:0], 1, custody.Phone, phoneOf(i)); len(got) > 0 {
			t.Fatalf("value %d finds %v", i, got)
		}
	}
	v := phoneOf(4711)
	if n := testing.AllocsPerRun(100, func() { x.Find(dst[:0], 1, custody.Phone, v) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// What was added before a Find begins is found, while others are added and removed
// and the table doubles.
func TestIndexFindWhileAdding(t *testing.T) {
	x := newIndex(t, 0)
	const n = 60_000
	done := make(chan int, n)
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			var dst [16]custody.SubjectID
			for i := range done {
				if got := x.Find(dst[:0], 1, custody.Phone, phoneOf(i)); !slices.Contains(got, custody.SubjectID(i+1)) {
					t.Errorf("value %d finds %v", i, got)
					return
				}
			}
		})
	}
	for i := range n {
		x.Add(1, custody.SubjectID(i+1), custody.Phone, phoneOf(i))
		x.Add(1, custody.SubjectID(i+1), custody.Phone, phoneOf(n)) // all share it
		x.Add(1, custody.SubjectID(i+1), custody.Phone, phoneOf(n+1+i))
		x.Remove(1, custody.SubjectID(i+1), custody.Phone, phoneOf(n+1+i))
		done <- rand.IntN(i + 1)
	}
	close(done)
	readers.Wait()
	if got := len(x.Find(nil, 1, custody.Phone, phoneOf(n))); got != n {
		t.Errorf("%d subjects share the value, want %d", got, n)
	}
}

// While a part is renewed the old one answers; what is added and removed meanwhile
// holds afterwards; a renewal that failed or was overtaken leaves no trace.
func TestIndexRenewal(t *testing.T) {
	x := newIndex(t, 0)
	x.Add(1, 1, custody.Phone, phoneOf(1))
	x.Add(2, 9, custody.Phone, phoneOf(1))
	has := func(when string, want ...int) {
		t.Helper()
		for v := range 6 {
			got := len(find(x, custody.Phone, string(phoneOf(v)))) > 0
			if got != slices.Contains(want, v) {
				t.Errorf("%s: value %d found: %v", when, v, got)
			}
		}
	}
	r := x.renew(1, 10, x.begin(1))
	r.add(2, custody.Phone, phoneOf(2))
	r.add(3, custody.Phone, phoneOf(3))
	x.Add(1, 4, custody.Phone, phoneOf(4))
	x.Remove(1, 3, custody.Phone, phoneOf(3))
	has("before", 1, 4)
	r.end(true)
	has("after", 2, 4)
	failed := x.renew(1, 10, x.begin(1))
	failed.add(5, custody.Phone, phoneOf(5))
	failed.end(false)
	has("after a failure", 2, 4)
	slow, quick := x.renew(1, 10, x.begin(1)), x.renew(1, 10, x.begin(1))
	slow.add(5, custody.Phone, phoneOf(5))
	quick.add(3, custody.Phone, phoneOf(3))
	slow.end(true)
	has("after one that was overtaken", 2, 4)
	quick.end(true)
	has("after the later one", 3)
	x.Forget(3)
	has("after forgetting")
	if got := x.Find(nil, 2, custody.Phone, phoneOf(1)); len(got) != 1 {
		t.Errorf("another system lost its identifiers: %v", got)
	}
}

func BenchmarkIndex(b *testing.B) {
	const n = 1_000_000
	values := make([][]byte, n)
	for i := range values {
		values[i] = phoneOf(i)
	}
	before := heap()
	x := newIndex(b, n)
	for i, v := range values {
		x.Add(1, custody.SubjectID(i+1), custody.Phone, v)
	}
	perValue := float64(heap()-before) / n
	var dst [8]custody.SubjectID
	b.Run("find", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			x.Find(dst[:0], 1, custody.Phone, values[uint32(i*7919)%n])
		}
		b.ReportMetric(perValue, "B/identifier")
		b.ReportMetric(float64(len(onlyPart(x).crowd.by)), "crowd")
	})
	b.Run("find-none", func(b *testing.B) {
		v := phoneOf(n + 5)
		for i := 0; b.Loop(); i++ {
			binary.BigEndian.PutUint16(v[9:], 0x3030+uint16(i&7)<<8+uint16(i>>3&7))
			x.Find(dst[:0], 1, custody.Phone, v)
		}
	})
	b.Run("add", func(b *testing.B) {
		for b.Loop() {
			y := newIndex(b, 100_000)
			for i, v := range values[:100_000] {
				y.Add(1, custody.SubjectID(i+1), custody.Phone, v)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100_000, "ns/identifier")
	})
	runtime.KeepAlive(x)
}
