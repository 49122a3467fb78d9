package pgproxy

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"custody"
	"custody/pgproxy/lineage"
)

// pipe gives a connection from which the bytes can be read, cut into pieces of n.
func pipe(data []byte, n int) net.Conn { return &fixedConn{data: data, n: max(n, 1)} }

type fixedConn struct {
	net.Conn
	data []byte
	n    int
}

func (f *fixedConn) Read(b []byte) (int, error) {
	if len(f.data) == 0 {
		return 0, io.EOF
	}
	n := copy(b, f.data[:min(f.n, len(f.data))])
	f.data = f.data[n:]
	return n, nil
}

func bytesOf(kind byte, body string) []byte {
	m, at := begin(nil, kind)
	return finish(append(m, body...), at)
}

func TestReaderGivesMessagesWhole(t *testing.T) {
	var stream []byte
	var want []string
	for i := range 300 {
		body := strings.Repeat(string(rune('a'+i%26)), i*i%9000)
		stream = append(stream, bytesOf('D', body)...)
		want = append(want, body)
	}
	stream = append(stream, bytesOf('D', strings.Repeat("x", 3*largeBuffer))...)
	want = append(want, strings.Repeat("x", 3*largeBuffer))
	for _, n := range []int{1, 7, 4096, 1 << 20} {
		rd := newReader(pipe(stream, n), 1<<20)
		for i, w := range want {
			m, err := rd.next()
			if err != nil || string(m.body()) != w {
				t.Fatalf("pieces of %d: message %d is wrong (%v)", n, i, err)
			}
			if i%40 == 0 {
				rd.shrink()
			}
		}
		if _, err := rd.next(); err != io.EOF {
			t.Errorf("pieces of %d: %v at the end", n, err)
		}
	}
}

func TestReaderRefusesLengths(t *testing.T) {
	for _, n := range []uint32{0, 3, 1 << 30, 1<<31 - 1, 1 << 31, 1<<32 - 1} {
		stream := binary.BigEndian.AppendUint32([]byte{'Q'}, n)
		rd := newReader(pipe(append(stream, make([]byte, 100)...), 50), 1<<20)
		if _, err := rd.next(); custody.CodeOf(err) != custody.CodeInvalid && custody.CodeOf(err) != custody.CodeTooLarge {
			t.Errorf("length %d: %v", n, err)
		}
		if len(rd.buf) > smallBuffer {
			t.Errorf("length %d: a buffer of %d bytes", n, len(rd.buf))
		}
	}
}

// TestReaderWaitsInLittleMemory: a length that is announced and never sent costs no
// more than what has arrived.
func TestReaderWaitsInLittleMemory(t *testing.T) {
	stream := append(binary.BigEndian.AppendUint32([]byte{'Q'}, 1<<30), make([]byte, 1000)...)
	rd := newReader(pipe(stream, 300), 1<<31-1)
	if _, err := rd.next(); err != io.EOF {
		t.Fatal(err)
	}
	if len(rd.buf) > largeBuffer {
		t.Errorf("the buffer grew to %d bytes", len(rd.buf))
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte("Q\x00\x00\x00\x08abcd"), 3)
	f.Add(bytesOf('D', strings.Repeat("z", 600)), 100)
	f.Add([]byte("Q\xff\xff\xff\xff"), 1)
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		rd := newReader(pipe(data, n%1000), 4096)
		at := 0
		for {
			m, err := rd.next()
			if err != nil {
				return
			}
			if !bytes.Equal(m, data[at:at+len(m)]) {
				t.Fatal("a message is not what was sent")
			}
			at += len(m)
			if at%3 == 0 {
				rd.shrink()
			}
		}
	})
}

func FuzzStartup(f *testing.F) {
	params := "user\x00alice\x00database\x00shop\x00\x00"
	packet := binary.BigEndian.AppendUint32(nil, uint32(8+len(params)))
	packet = append(binary.BigEndian.AppendUint32(packet, 3<<16), params...)
	f.Add(packet)
	f.Add([]byte{0, 0, 0, 8, 4, 210, 22, 47})
	f.Add([]byte{0, 0, 0, 16, 4, 210, 22, 46, 0, 0, 0, 1, 0, 0, 0, 2})
	f.Add([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
	f.Add([]byte{0x16, 3, 1, 2, 0})
	s := &Server{o: Options{MaxMessage: 1 << 16}, conns: map[cancelKey]*conn{}}
	f.Fuzz(func(t *testing.T, data []byte) {
		st, err := s.start(&answering{fixedConn{data: data, n: 64}})
		if err == nil && st != nil && st.params["user"] == "" {
			t.Fatal("a client without a user got through")
		}
	})
}

// answering is a client on the loopback that takes whatever it is told.
type answering struct{ fixedConn }

func (*answering) Write(b []byte) (int, error)      { return len(b), nil }
func (*answering) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
func (*answering) SetDeadline(time.Time) error      { return nil }
func (*answering) SetReadDeadline(time.Time) error  { return nil }
func (*answering) SetWriteDeadline(time.Time) error { return nil }
func (*answering) Close() error                     { return nil }

func FuzzBind(f *testing.F) {
	f.Add([]byte{0, 1, 0, 1, 0, 1, 0, 0, 0, 4, 0, 0, 0, 7, 0, 0})
	f.Add([]byte{0, 0, 0, 1, 255, 255, 255, 255, 0, 1, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		c := cursor{b: data}
		b := readBind(&c)
		if !c.bad && len(b.values)*4 > len(data) {
			t.Fatal("more parameters than bytes")
		}
	})
}

func FuzzScramMessages(f *testing.F) {
	f.Add([]byte("SCRAM-SHA-256\x00\x00\x00\x00\x09n,,n=,r=a"), "c=biws,r=a,p=AAAA")
	f.Fuzz(func(t *testing.T, initial []byte, final string) {
		x := exchange{binding: []byte("b")}
		if x.first(initial) != nil {
			return
		}
		x.reply([]byte("salt"), 4096)
		if _, _, err := x.final(final, []custody.ScramKey{{Credential: 1}}); err == nil {
			t.Fatal("a guess was accepted")
		}
	})
}

func FuzzScrub(f *testing.F) {
	f.Add([]byte("SERROR\x00C23505\x00MKey (phone)=(07700 900123) exists\x00DKey\x00\x00"))
	f.Add([]byte("SERROR\x00C42P01\x00Mno such table\x00\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		fields := parseFields(body)
		out := scrub(nil, message(bytesOf('E', string(body))))
		kept := parseFields(message(out).body())
		if len(kept['D'])+len(kept['W'])+len(kept['q']) != 0 {
			t.Fatal("detail, context or query was let through")
		}
		if state := string(fields['C']); strings.HasPrefix(state, "23") && len(fields['M']) > 0 && bytes.Equal(kept['M'], fields['M']) {
			t.Fatal("the text of a broken constraint was let through")
		}
	})
}

func FuzzCopyText(f *testing.F) {
	f.Add([]byte("1\ta\\tb\t\\N\n"), false)
	f.Add([]byte("1,\"a\"\"b\nc\",\n"), true)
	f.Fuzz(func(t *testing.T, line []byte, csv bool) {
		o := &lineage.Copy{Format: "text", Delimiter: "\t", Null: `\N`}
		if csv {
			o = &lineage.Copy{Format: "csv", Delimiter: ",", Quote: `"`, Escape: `"`}
		}
		d := newCopyDecoder(o)
		for width := 1; width < 4; width++ {
			if !d.split(line, width) {
				continue
			}
			// What was read, written again, is read as the same.
			var again []byte
			for i, v := range d.values {
				if i > 0 {
					again = append(again, d.delimiter)
				}
				if v == nil {
					again = append(again, d.null...)
				} else {
					again = d.quoteValue(again, v)
				}
			}
			e := newCopyDecoder(o)
			if !e.split(append(again, '\n'), width) {
				t.Fatalf("%q was written as %q, which is not a row", line, again)
			}
			for i := range d.values {
				if !bytes.Equal(d.values[i], e.values[i]) || (d.values[i] == nil) != (e.values[i] == nil) {
					t.Fatalf("%q: column %d was %q and came back as %q", line, i, d.values[i], e.values[i])
				}
			}
		}
	})
}
