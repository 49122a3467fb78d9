package upstream

import (
	"net"
	"syscall"
)

// peeker looks at a connection without reading. It is kept with the connection because
// to make one costs more than to use it.
type peeker struct {
	raw  syscall.RawConn
	look func(fd uintptr) bool
	open bool
}

// quiet says whether a kept connection is open and has nothing to read: an idle one
// that has was closed by the application, or says what nobody asked.
func (p *peeker) quiet(c net.Conn) bool {
	if p.raw == nil && !p.begin(c) {
		return false
	}
	p.open = false
	return p.raw.Read(p.look) == nil && p.open
}

func (p *peeker) begin(c net.Conn) bool {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	var err error
	if p.raw, err = sc.SyscallConn(); err != nil {
		return false
	}
	p.look = func(fd uintptr) bool {
		var b [1]byte
		_, _, e := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		p.open = e == syscall.EAGAIN || e == syscall.EWOULDBLOCK
		return true
	}
	return true
}
