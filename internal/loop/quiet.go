package loop

import (
	"net"
	"syscall"
)

// rawPeeker looks at a cold connection without reading. It is kept because to make one
// costs more than to use it.
type rawPeeker struct {
	of   net.Conn
	raw  syscall.RawConn
	look func(fd uintptr) bool
	open bool
}

// look says whether a cold socket is open and has nothing to read.
func (s *Socket) look() bool {
	p := &s.peeker
	if p.of != s.conn && !p.begin(s.conn) {
		return false
	}
	p.open = false
	return p.raw.Read(p.look) == nil && p.open
}

func (p *rawPeeker) begin(c net.Conn) bool {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	var err error
	if p.raw, err = sc.SyscallConn(); err != nil {
		return false
	}
	p.of = c
	p.look = func(fd uintptr) bool {
		p.open = silent(int(fd))
		return true
	}
	return true
}

// silent says whether a descriptor is open and has nothing to read.
func silent(fd int) bool {
	var b [1]byte
	_, _, err := syscall.Recvfrom(fd, b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	return err == syscall.EAGAIN || err == syscall.EWOULDBLOCK
}
