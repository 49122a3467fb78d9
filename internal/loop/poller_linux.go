package loop

import (
	"encoding/binary"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// poller waits for sockets by epoll, edge-triggered: a socket is registered once and
// costs no system call more.
type poller struct {
	ep, wakes int
	events    [64]unix.EpollEvent
}

// wakeSlot marks the event of wake.
const wakeSlot = -1

func (p *poller) open() bool {
	var err error
	if p.ep, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return false
	}
	if p.wakes, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		unix.Close(p.ep)
		return false
	}
	e := unix.EpollEvent{Events: unix.EPOLLIN, Fd: wakeSlot}
	return unix.EpollCtl(p.ep, unix.EPOLL_CTL_ADD, p.wakes, &e) == nil
}

func (p *poller) close() {
	unix.Close(p.ep)
	unix.Close(p.wakes)
}

func (p *poller) add(fd, slot, which int) bool {
	e := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLET, Fd: int32(slot), Pad: int32(which)}
	return unix.EpollCtl(p.ep, unix.EPOLL_CTL_ADD, fd, &e) == nil
}

func (p *poller) remove(fd int) { _ = unix.EpollCtl(p.ep, unix.EPOLL_CTL_DEL, fd, nil) }

// wake makes wait return.
func (p *poller) wake() {
	_, _ = unix.Write(p.wakes, binary.NativeEndian.AppendUint64(nil, 1))
}

// wait waits for events, or only looks for some, and passes them on. It says how many
// there were, and whether wake was called.
func (p *poller) wait(look bool, ready func(slot, which int, gone bool)) (n int, woken bool) {
	timeout := -1
	if look {
		timeout = 0
	}
	n, err := unix.EpollWait(p.ep, p.events[:], timeout)
	if err != nil { // EINTR
		return 0, false
	}
	for i := range p.events[:n] {
		e := &p.events[i]
		if e.Fd == wakeSlot {
			var b [8]byte
			_, _ = unix.Read(p.wakes, b[:])
			woken = true
			continue
		}
		ready(int(e.Fd), int(e.Pad), e.Events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0)
	}
	return n, woken
}

// take gives a descriptor of a connection that the runtime's poller does not know.
func take(c net.Conn) (fd int, err error) {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return 0, syscall.ENOTSUP
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return 0, err
	}
	if e := raw.Control(func(old uintptr) { fd, err = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0) }); e != nil {
		return 0, e
	}
	return fd, err
}

// giveBackSocket makes an ordinary connection of a descriptor, which it closes.
func giveBackSocket(fd int) (net.Conn, error) {
	f := os.NewFile(uintptr(fd), "")
	defer f.Close()
	return net.FileConn(f)
}

// receive reads without waiting; again says that there is nothing.
func receive(fd int, b []byte) (n int, again bool, err error) {
	for {
		if n, err = unix.Read(fd, b); err != unix.EINTR {
			return result(n, "read", err)
		}
	}
}

// send writes what the other side takes without waiting; again says that more has to
// wait.
func send(fd int, b []byte) (n int, again bool, err error) {
	for {
		if n, err = unix.Write(fd, b); err != unix.EINTR {
			return result(n, "write", err)
		}
	}
}

func result(n int, call string, err error) (int, bool, error) {
	if err == unix.EAGAIN {
		return 0, true, nil
	}
	return max(n, 0), false, os.NewSyscallError(call, err)
}
