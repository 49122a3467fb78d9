package subjects

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"custody"
)

// counter is a namer that numbers keys in the order in which it meets them.
type counter struct {
	mu    sync.Mutex
	known map[string]custody.SubjectID
	calls int
	fail  error
}

func (c *counter) Assign(system custody.SystemID, keys []string) ([]custody.SubjectID, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	if c.fail != nil {
		return nil, c.fail
	}
	if c.known == nil {
		c.known = map[string]custody.SubjectID{}
	}
	ids := make([]custody.SubjectID, len(keys))
	for i, k := range keys {
		full := fmt.Sprint(system, " ", k)
		if c.known[full] == 0 {
			c.known[full] = custody.SubjectID(len(c.known) + 1)
		}
		ids[i] = c.known[full]
	}
	return ids, nil
}

func TestParseInt(t *testing.T) {
	for s, want := range map[string]int64{"0": 0, "7": 7, "-1": -1, "9223372036854775807": math.MaxInt64, "-9223372036854775808": math.MinInt64, "1000000000000000000": 1e18} {
		if n, ok := parseInt([]byte(s)); !ok || n != want {
			t.Errorf("%q: %d %v", s, n, ok)
		}
	}
	for _, s := range []string{"", "-", "-0", "00", "007", "+5", "1.0", " 1", "1 ", "9223372036854775808", "-9223372036854775809", "99999999999999999999", "1e3", "٣"} {
		if n, ok := parseInt([]byte(s)); ok {
			t.Errorf("%q was read as %d", s, n)
		}
	}
}

func TestDirectoryKeysOfEveryKind(t *testing.T) {
	d := NewDirectory(&counter{})
	keys := []string{"0", "-1", "42", "007", "7", "", " ", "C-1001", "Zoë", "0f8fad5b-d9cb-469f-a165-70867728950e",
		"0F8FAD5B-D9CB-469F-A165-70867728950E", "9223372036854775807", "9223372036854775808", string(make([]byte, MaxKey))}
	ids, err := d.Assign(3, keys)
	if err != nil {
		t.Fatal(err)
	}
	for i, k := range keys {
		if id, ok := d.Lookup(3, []byte(k)); !ok || id != ids[i] || id != custody.SubjectID(i+1) {
			t.Errorf("key %d: %d %v, assigned %d", i, id, ok, ids[i])
		}
		if _, ok := d.Lookup(2, []byte(k)); ok {
			t.Errorf("key %d is known in another system", i)
		}
	}
	for _, k := range []string{"1", "43", "C-1002", "x", "0f8fad5b-d9cb-469f-a165-70867728950f"} {
		if id, ok := d.Lookup(3, []byte(k)); ok {
			t.Errorf("unknown key %q found as %d", k, id)
		}
	}
	if d.Len(3) != len(keys) || d.Len(9) != 0 {
		t.Errorf("Len is %d", d.Len(3))
	}
}

func TestAssignAsksOnceAndKeepsOrder(t *testing.T) {
	c := &counter{}
	d := NewDirectory(c)
	first, err := d.Assign(1, []string{"a", "b", "a", "c"})
	if err != nil || first[0] != first[2] || first[0] == first[1] || c.calls != 1 || len(c.known) != 3 {
		t.Fatal(first, err, c.calls)
	}
	again, err := d.Assign(1, []string{"c", "a"})
	if err != nil || again[0] != first[3] || again[1] != first[0] || c.calls != 1 {
		t.Fatal(again, err, c.calls)
	}
	c.fail = errors.New("disk full")
	if _, err := d.Assign(1, []string{"a", "new"}); !errors.Is(err, c.fail) {
		t.Fatal(err)
	}
	if _, ok := d.Lookup(1, []byte("new")); ok {
		t.Fatal("a key without a durable number is known")
	}
	if _, err := d.Assign(1, []string{string(make([]byte, MaxKey+1))}); custody.CodeOf(err) != custody.CodeTooLarge {
		t.Fatal(err)
	}
}

func TestLoadRefusesContradictions(t *testing.T) {
	entries := func(list ...Entry) iter.Seq2[Entry, error] {
		return func(yield func(Entry, error) bool) {
			for _, e := range list {
				if !yield(e, nil) {
					return
				}
			}
		}
	}
	d := NewDirectory(nil)
	if err := d.Load(entries(Entry{1, "5", 1}, Entry{1, "x", 2}, Entry{1, "5", 1})); err != nil {
		t.Fatal(err)
	}
	for _, e := range []Entry{{1, "5", 2}, {1, "x", 1}, {1, "6", 0}, {1 << 20, "6", 3}} {
		if err := d.Load(entries(e)); custody.CodeOf(err) != custody.CodeInternal {
			t.Errorf("%v was taken: %v", e, err)
		}
	}
	broken := errors.New("broken")
	if err := d.Load(func(yield func(Entry, error) bool) { yield(Entry{}, broken) }); err != broken {
		t.Error(err)
	}
}

// Whatever order keys come in, each is found, whether it went to a page or not.
func TestDirectoryInAnyOrder(t *testing.T) {
	d := NewDirectory(&counter{})
	var keys []string
	for _, i := range rand.Perm(50_000) {
		keys = append(keys, strconv.Itoa(i-100))
	}
	keys = append(keys, "9999999999", "-9999999999")
	ids, err := d.Assign(1, keys)
	if err != nil {
		t.Fatal(err)
	}
	for i, k := range keys {
		if id, ok := d.Lookup(1, []byte(k)); !ok || id != ids[i] {
			t.Fatalf("key %s: %d %v", k, id, ok)
		}
	}
	if d.Len(1) != len(keys) {
		t.Errorf("Len is %d", d.Len(1))
	}
}

func TestForget(t *testing.T) {
	d := NewDirectory(&counter{})
	var keys []string
	for i := range 3000 {
		keys = append(keys, strconv.Itoa(i), "k"+strconv.Itoa(i))
	}
	ids, err := d.Assign(1, keys)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(keys); i += 4 {
		d.Forget(1, keys[i])
		d.Forget(1, keys[i+1])
	}
	d.Forget(1, "not there")
	d.Forget(7, "no such system")
	for i, k := range keys {
		id, ok := d.Lookup(1, []byte(k))
		if forgotten := i%4 < 2; ok == forgotten || ok && id != ids[i] {
			t.Fatalf("key %d: %d %v", i, id, ok)
		}
	}
	if d.Len(1) != len(keys)/2 {
		t.Errorf("Len is %d", d.Len(1))
	}
}

// Readers must find every key that was there before they began, while keys are added
// and others forgotten.
func TestLookupWhileAssigning(t *testing.T) {
	d := NewDirectory(&counter{})
	key := func(i int) string {
		if i%2 == 0 {
			return strconv.Itoa(i * 7919)
		}
		return "key-" + strconv.Itoa(i)
	}
	const n = 40_000
	type sample struct {
		i  int
		id custody.SubjectID
	}
	known := make(chan sample, n)
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for s := range known {
				id, ok := d.Lookup(1, []byte(key(s.i)))
				if !ok || id != s.id {
					t.Errorf("key %d: %d %v", s.i, id, ok)
					return
				}
				if _, ok := d.Lookup(1, []byte("never"+strconv.Itoa(s.i))); ok {
					t.Errorf("found a key that never was")
				}
			}
		})
	}
	var ids []custody.SubjectID
	for i := 0; i < n; i += 100 {
		var batch []string
		for j := i; j < i+100; j++ {
			batch = append(batch, key(j))
		}
		got, err := d.Assign(1, batch)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, got...)
		for range batch {
			j := rand.IntN(len(ids))
			known <- sample{j, ids[j]}
		}
		d.Assign(2, []string{"gone"})
		d.Forget(2, "gone")
	}
	close(known)
	readers.Wait()
}

func TestLookupAllocatesNothing(t *testing.T) {
	d := NewDirectory(&counter{})
	keys := []string{"123456", "CUST-000123", "0f8fad5b-d9cb-469f-a165-70867728950e"}
	if _, err := d.Assign(1, keys); err != nil {
		t.Fatal(err)
	}
	for _, k := range keys {
		b := []byte(k)
		if n := testing.AllocsPerRun(100, func() { d.Lookup(1, b) }); n != 0 {
			t.Errorf("%q: %v allocations", k, n)
		}
	}
}

// FuzzDirectory wants every key back under its own bytes and under no others.
func FuzzDirectory(f *testing.F) {
	for _, k := range []string{"7", "-7", "007", "0f8fad5b-d9cb-469f-a165-70867728950e", "Zoë", "9223372036854775808", "-9223372036854775808", " 7", "4095", "4096"} {
		f.Add(k, "8")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		d := NewDirectory(&counter{})
		ids, err := d.Assign(1, []string{a, b})
		if err != nil {
			if len(a) <= MaxKey && len(b) <= MaxKey {
				t.Fatal(err)
			}
			return
		}
		for i, k := range []string{a, b} {
			if id, ok := d.Lookup(1, []byte(k)); !ok || id != ids[i] {
				t.Fatalf("key %q: %d %v, want %d", k, id, ok, ids[i])
			}
		}
		if (ids[0] == ids[1]) != (a == b) {
			t.Fatalf("%q and %q have the numbers %v", a, b, ids)
		}
		if n, ok := parseInt([]byte(a)); ok && strconv.FormatInt(n, 10) != a {
			t.Fatalf("%q was read as %d", a, n)
		}
		d.Forget(1, a)
		if _, ok := d.Lookup(1, []byte(a)); ok {
			t.Fatalf("%q is known after it was forgotten", a)
		}
	})
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func BenchmarkDirectory(b *testing.B) {
	const n = 1_000_000
	for _, kind := range []struct {
		name string
		key  func(i int) string
	}{
		{"serial", func(i int) string { return strconv.Itoa(i + 1) }},
		{"snowflake", func(i int) string { return strconv.FormatInt(int64(mix(uint64(i))>>1), 10) }},
		{"uuid", func(i int) string {
			a, c := mix(uint64(i)), mix(uint64(i)+1<<40)
			return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", a>>32, a>>16&0xffff, a&0xffff, c>>48, c&0xffffffffffff)
		}},
	} {
		keys := make([][]byte, n)
		for i := range keys {
			keys[i] = []byte(kind.key(i))
		}
		before := heap()
		d := NewDirectory(nil)
		if err := d.Load(func(yield func(Entry, error) bool) {
			for i := range keys {
				if !yield(Entry{1, string(keys[i]), custody.SubjectID(i + 1)}, nil) {
					return
				}
			}
		}); err != nil {
			b.Fatal(err)
		}
		perKey := float64(heap()-before) / n
		b.Run(kind.name+"/in-order", func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				d.Lookup(1, keys[i%n])
			}
			b.ReportMetric(perKey, "B/key")
		})
		b.Run(kind.name+"/random", func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				d.Lookup(1, keys[uint32(i*7919)%n])
			}
		})
		runtime.KeepAlive(d)
	}
}
