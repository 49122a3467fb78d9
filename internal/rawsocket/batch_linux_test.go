package rawsocket

import (
	"bytes"
	"io"
	"net"
	"syscall"
	"testing"

	"custody/internal/sockettest"
)

// ends gives the descriptor of one end of a connection, and the other end.
func ends(t *testing.T) (int, *net.TCPConn) {
	t.Helper()
	other, c := sockettest.Pair(t)
	fd, err := Take(c)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	t.Cleanup(func() { syscall.Close(fd) })
	return fd, other
}

// TestBatch: more writes than go at once arrive each at its own socket, and what cannot be
// written is told as Send tells it, together and one after the other.
func TestBatch(t *testing.T) {
	for _, together := range []bool{true, false} {
		var b Batch
		if !together {
			b.Close()
		}
		var list []Write
		var others []net.Conn
		for i := range batchSize + 5 {
			fd, other := ends(t)
			list, others = append(list, Write{FD: fd, Bytes: bytes.Repeat([]byte{byte(i)}, 10+i)}), append(others, other)
		}
		full, _ := ends(t)
		for again := false; !again; {
			_, again, _ = Send(full, make([]byte, 1<<20))
		}
		closed, other := ends(t)
		other.SetLinger(0)
		other.Close()
		list = append(list, Write{FD: full, Bytes: []byte("x")}, Write{FD: closed, Bytes: []byte("x")}, Write{FD: -1, Bytes: []byte("x")})
		b.Send(list)
		for i, other := range others {
			got := make([]byte, 10+i)
			if w := list[i]; w.Sent != len(got) || w.Again || w.Err != nil {
				t.Fatalf("together %v, write %d: %d, %v, %v", together, i, w.Sent, w.Again, w.Err)
			}
			if _, err := io.ReadFull(other, got); err != nil || !bytes.Equal(got, list[i].Bytes) {
				t.Fatalf("together %v, write %d arrived as %v, %v", together, i, got, err)
			}
		}
		rest := list[len(others):]
		if !rest[0].Again || rest[0].Err != nil || rest[1].Err == nil || rest[2].Err == nil {
			t.Errorf("together %v, a full socket %+v, a closed one %+v, none %+v", together, rest[0], rest[1], rest[2])
		}
		if (b.room != nil) != together {
			t.Errorf("together %v, but the writes were not made so", together)
		}
		b.Close()
	}
}
