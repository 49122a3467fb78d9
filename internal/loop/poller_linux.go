package loop

import (
	"encoding/binary"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// poller waits for sockets by epoll, edge-triggered: a socket is registered once and
// costs no system call more.
type poller struct {
	ep, wakes int
	events    [64]unix.EpollEvent
}

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

// wait waits for events, or only looks for some, and gives how many at knows then.
func (p *poller) wait(look bool) int {
	var err error
	n := 0
	if look {
		n, err = p.look()
	} else {
		n, err = unix.EpollWait(p.ep, p.events[:], -1)
	}
	if err != nil { // EINTR
		return 0
	}
	return n
}

// look is wait without waiting, so the scheduler need not hear of it.
func (p *poller) look() (int, error) {
	n, _, e := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.ep), uintptr(unsafe.Pointer(&p.events[0])), uintptr(len(p.events)), 0, 0, 0)
	if e != 0 {
		return 0, e
	}
	return int(n), nil
}

// at gives an event: of which socket, and whether its other side has closed. The slot
// is wakeSlot for a call of wake, once for all that came before.
func (p *poller) at(i int) (slot, which int, gone bool) {
	e := &p.events[i]
	if e.Fd == wakeSlot {
		var b [8]byte
		_, _ = unix.Read(p.wakes, b[:])
	}
	return int(e.Fd), int(e.Pad), e.Events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0
}
