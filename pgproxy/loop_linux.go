package pgproxy

import (
	"encoding/binary"

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
