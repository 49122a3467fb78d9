package ledger

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"custody"

	"golang.org/x/mod/sumdb/note"
)

// FuzzEvent: what decodes is encoded to the same bytes.
func FuzzEvent(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 30 {
		e := randomEvent(r, time.UnixMicro(r.Int64N(maxMicros)))
		f.Add(appendSubjects(appendHead(nil, e, r.Uint64N(3)), e.Subjects))
	}
	n := &custody.Event{Kind: custody.EventNaming, Time: time.UnixMicro(1), Naming: &custody.Naming{First: 7, Count: 1 << 30}}
	f.Add(appendHead(nil, n, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		var d decoded
		if d.decode(b) != "" {
			return
		}
		if d.size > len(b) || d.head > d.size {
			t.Fatalf("read %d of %d bytes", d.size, len(b))
		}
		if err := check(&d.Event); err != nil {
			t.Fatalf("decoded an event that cannot be recorded: %v", err)
		}
		again := appendSubjects(appendHead(nil, &d.Event, d.behind), d.Subjects)
		if !bytes.Equal(again, b[:d.size]) {
			t.Fatalf("%x\nis encoded as\n%x", b[:d.size], again)
		}
	})
}

func sealed(events ...*custody.Event) []byte {
	b := &batch{}
	b.reset()
	for _, e := range events {
		b.add(e, 0)
	}
	b.seal(&tree{}, genesis(testOrigin))
	return b.frame
}

// FuzzFrame: a frame that passes holds exactly its bytes.
func FuzzFrame(f *testing.F) {
	r := rand.New(rand.NewPCG(2, 2))
	for range 10 {
		at := time.UnixMicro(r.Int64N(maxMicros))
		f.Add(sealed(randomEvent(r, at), randomEvent(r, at)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < headerSize+minBody {
			return
		}
		// Checksums that fit let the fuzzer reach what lies behind them.
		raw := [headerSize]byte(b)
		body := b[headerSize:]
		repair(&raw, body)
		var h header
		if h.parse(&raw) != "" || h.checkBody(body) != "" {
			return
		}
		var d decoded
		total := 0
		what := h.eachEvent(&d, body, func(d *decoded, e []byte) *decoded {
			total += len(e)
			if !bytes.Equal(appendSubjects(appendHead(nil, &d.Event, d.behind), d.Subjects), e) {
				t.Fatalf("event %x is encoded differently", e)
			}
			return d
		})
		if what == "" && total+minBody != len(body) {
			t.Fatalf("%d bytes of events in a body of %d", total, len(body))
		}
	})
}

// repair sets length and checksums in a header.
func repair(raw *[headerSize]byte, body []byte) {
	binary.BigEndian.PutUint32(raw[4:], uint32(len(body)))
	binary.BigEndian.PutUint32(raw[92:], crc32.Checksum(body, castagnoli))
	binary.BigEndian.PutUint32(raw[96:], crc32.Checksum(raw[:96], castagnoli))
}

// FuzzSegment: a reader opens any bytes as a segment without fault, and Verify
// accepts no more than the reader does. (Neither starts goroutines, which would make
// coverage a matter of chance.)
func FuzzSegment(f *testing.F) {
	head := (&segment{number: 1, start: genesis(testOrigin), origin: testOrigin}).encode()
	frame := sealed(disclosure(1, 2, 3, 4), disclosure(1, 2, 9))
	f.Add(append(bytes.Clone(head), frame...))
	f.Add(append(append(bytes.Clone(head), frame...), make([]byte, 600)...))
	f.Add(append(append(bytes.Clone(head), frame[:len(frame)-3]...), make([]byte, 600)...))
	f.Add(append(append(bytes.Clone(head), make([]byte, 512)...), 1))
	dir := fastDir(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		write(t, dir+"/"+segmentName(1), b)
		r, err := OpenReader(dir)
		v, err2 := Verify(dir, nil)
		if err != nil {
			if custody.CodeOf(err) != custody.CodeInvalid || err2 == nil {
				t.Fatalf("reader: %v, Verify: %v", err, err2)
			}
			return
		}
		if events, pairs := r.Index().Len(); err2 == nil && (v.Events != events || v.Disclosures != pairs) {
			t.Fatalf("reader %d and %d, Verify %+v", events, pairs, v)
		}
	})
}

func FuzzCheckpoint(f *testing.F) {
	signer, verifier := keys(f)
	c := &Checkpoint{Origin: testOrigin, Size: 12, Root: Hash{1, 2}}
	signed, err := note.Sign(&note.Note{Text: c.text()}, signer)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(signed)
	f.Add([]byte(c.text() + "\n\u2014 a b\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if c, err := openCheckpoint(b, verifier); err == nil && !bytes.HasPrefix(b, []byte(c.text())) {
			t.Fatalf("%q is read as %+v", b, c)
		}
		if c, err := unsigned(b); err == nil && !bytes.HasPrefix(b, []byte(c.text())) {
			t.Fatalf("%q is read as %+v", b, c)
		}
		if n, whole := nextNote(b); whole && (n > len(b) || n < 2) {
			t.Fatalf("a note of %d bytes in %d", n, len(b))
		}
		tornNote(b)
	})
}

// FuzzExtract: no change to an extract passes unnoticed, except of white space
// and of the order of fields.
func FuzzExtract(f *testing.F) {
	signer, verifier := keys(f)
	o := Options{Signer: signer, SegmentSize: 64 << 10, CheckpointEvery: time.Hour}
	l := open(f, createIn(f, fastDir(f), o), o)
	d := newDirectory(1, 40)
	appendAll(f, l, &custody.Event{Kind: custody.EventNaming, System: 1, Naming: d.naming()})
	appendAll(f, l, disclosure(1, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), disclosure(2, 1, 3))
	genuine := extractOf(f, l, Query{Subject: 3}, d.name)
	f.Add(genuine)
	f.Add(extractOf(f, l, Query{Person: 1}, d.name))
	f.Add([]byte(strings.Replace(string(genuine), `"block":`, `"all":`, 1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := VerifyExtract(bytes.NewReader(b), verifier)
		if err != nil {
			if code := custody.CodeOf(err); code != custody.CodeInvalid && code != custody.CodeTooLarge {
				t.Fatal(err)
			}
			return
		}
		for _, e := range r.Events {
			whole, ok := l.Index().Event(e.Number)
			if !ok || whole.Person != e.Person || !whole.Time.Equal(e.Time) || len(whole.Subjects) != e.Answer {
				t.Fatalf("proved an event that never was: %+v", e)
			}
		}
	})
}
