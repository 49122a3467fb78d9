// Package rawsocket reads and writes the descriptors of sockets that a loop waits for
// itself, without the runtime's poller and without ever waiting.
package rawsocket

import (
	"net"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Take gives a descriptor of a connection that the runtime's poller does not know.
func Take(c net.Conn) (fd int, err error) {
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
	if err == nil {
		err = unix.SetNonblock(fd, true) // it is already; a Batch would wait otherwise
	}
	return fd, err
}

// GiveBack makes an ordinary connection of a descriptor, which it closes.
func GiveBack(fd int) (net.Conn, error) {
	f := os.NewFile(uintptr(fd), "")
	defer f.Close()
	return net.FileConn(f)
}

// Receive reads without waiting; again says that there is nothing.
func Receive(fd int, b []byte) (n int, again bool, err error) {
	if len(b) == 0 {
		return 0, false, nil
	}
	return transfer(unix.SYS_RECVFROM, fd, b, unix.MSG_DONTWAIT)
}

// Send writes what the other side takes without waiting; again says that more has to
// wait.
func Send(fd int, b []byte) (n int, again bool, err error) {
	if len(b) == 0 {
		return 0, false, nil
	}
	return transfer(unix.SYS_SENDTO, fd, b, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
}

// transfer makes a system call that never waits, so the scheduler need not hear of it.
func transfer(call uintptr, fd int, b []byte, flags uintptr) (n int, again bool, err error) {
	for {
		r, _, e := syscall.RawSyscall6(call, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), flags, 0, 0)
		switch e {
		case 0:
			return int(r), false, nil
		case syscall.EINTR:
		case syscall.EAGAIN:
			return 0, true, nil
		default:
			return 0, false, os.NewSyscallError("transfer", e)
		}
	}
}
