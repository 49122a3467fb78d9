package portal

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"custody"
)

// scattered reads as much as chance has it.
type scattered struct {
	io.Reader
	r *rand.Rand
}

func (s *scattered) Read(b []byte) (int, error) {
	return s.Reader.Read(b[:1+s.r.IntN(min(len(b), 1<<uint(s.r.IntN(20))))])
}

// TestFeed: what was read comes out in its order and to its end, and then the error, in
// whatever pieces it is read and used.
func TestFeed(t *testing.T) {
	p := &Portal{o: Options{Log: slog.New(slog.DiscardHandler)}}
	r := rand.New(rand.NewPCG(1, 2))
	wrong := errors.New("wrong")
	for n := range 20 {
		want := make([]byte, r.IntN(4*ringSize))
		for i := 0; i < len(want); i += 7 {
			want[i] = byte(r.Uint32())
		}
		end := []error{io.EOF, wrong}[n%2]
		f := p.feed(&scattered{io.MultiReader(bytes.NewReader(want), iotest.ErrReader(end)), rand.New(rand.NewPCG(3, uint64(n)))})
		var got []byte
		var err error
		for err == nil {
			var b []byte
			b, err = f.next()
			if got = append(got, b...); err == nil && len(b) == 0 || err != nil && len(b) > 0 {
				t.Fatalf("%d bytes and %v", len(b), err)
			}
		}
		f.stop(func() { t.Error("what has ended is cut") })
		if err != end || !bytes.Equal(got, want) {
			t.Fatalf("%d bytes of %d, the same: %v, %v", len(got), len(want), bytes.Equal(got, want), err)
		}
	}
}

// TestFeedStops: whoever goes before the end cuts the source, and waits for nobody else.
func TestFeedStops(t *testing.T) {
	p := &Portal{o: Options{Log: slog.New(slog.DiscardHandler)}}
	in, out := io.Pipe()
	f := p.feed(in) // waits for the source
	go out.Write([]byte("some"))
	if b, err := f.next(); string(b) != "some" || err != nil {
		t.Fatalf("%q %v", b, err)
	}
	f.stop(func() { out.Close() })
	f = p.feed(endless{}) // waits for room
	for f.full() {
	}
	f.stop(func() {})
}

func (f *feed) full() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.read-f.used < int64(len(f.ring))
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

// TestFeedFault: a fault of a decoder ends the answer, and nothing else.
func TestFeedFault(t *testing.T) {
	var log bytes.Buffer
	p := &Portal{o: Options{Log: slog.New(slog.NewTextHandler(&log, nil))}}
	f := p.feed(faulty{})
	if b, err := f.next(); len(b) > 0 || !errors.Is(err, errBrokeOff) {
		t.Errorf("%q %v", b, err)
	}
	f.stop(func() {})
	if !bytes.Contains(log.Bytes(), []byte("a fault of the portal itself")) || bytes.Contains(log.Bytes(), []byte("07700")) {
		t.Error(log.String())
	}
}

type faulty struct{}

func (faulty) Read([]byte) (int, error) { panic("at 07700 900123") }

// TestNumbers holds the set of subjects against a map.
func TestNumbers(t *testing.T) {
	var n numbers
	have := map[custody.SubjectID]bool{}
	r := rand.New(rand.NewPCG(5, 6))
	for range 20_000 {
		s := custody.SubjectID(r.IntN(200_000))
		if n.has(s) != have[s] {
			t.Fatalf("%d is in the set: %v", s, n.has(s))
		}
		if r.IntN(2) == 0 {
			n.add(s)
			have[s] = true
		}
	}
	if n.has(1<<32 - 1) {
		t.Error("a number beyond all is in the set")
	}
}
