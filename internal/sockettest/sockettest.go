// Package sockettest gives tests real sockets.
package sockettest

import (
	"net"
	"testing"
	"time"
)

// patience is how long a test waits on the near end of a pair before it fails.
const patience = 20 * time.Second

// Pair gives the two ends of a TCP connection. Reads and writes of the near one, which
// is the test's own, fail after patience; the far one is for what is tested. Both are
// closed at the end of the test.
func Pair(t testing.TB) (near, far *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dialled, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dialled.Close() })
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { accepted.Close() })
	_ = dialled.SetDeadline(time.Now().Add(patience))
	return dialled.(*net.TCPConn), accepted.(*net.TCPConn)
}
