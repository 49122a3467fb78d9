package rawsocket

import (
	"errors"
	"os"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Batch writes to several sockets by one system call (io_submit, which for a socket that
// never waits is over when it returns). Who waits for the other ends is woken by the first
// write, but does not come between the others: where it shares the processor it finds all
// that was written, and is not woken for each. The zero Batch is ready; one goroutine uses it.
type Batch struct {
	room   *batchRoom // nil: not yet, or never
	closed bool
}

// batchSize is how many writes go at once.
const batchSize = 32

type batchRoom struct {
	context uintptr
	orders  [batchSize]iocb
	list    [batchSize]*iocb
	events  [batchSize]ioEvent
}

// iocb and ioEvent are the kernel's (linux/aio_abi.h).
type iocb struct {
	data  uint64
	_, _  uint32
	op    uint16
	_     int16
	fd    uint32
	buf   *byte
	_     [8 - unsafe.Sizeof(uintptr(0))]byte
	bytes uint64
	_, _  uint64
	_, _  uint32
}

type ioEvent struct {
	data, order uint64
	res, res2   int64
}

const opWrite = 1

// Send makes the writes. Those that the system does not take together are made one after
// the other.
func (b *Batch) Send(list []Write) {
	for len(list) > 1 && b.open() {
		n := min(len(list), batchSize)
		b.send(list[:n])
		list = list[n:]
	}
	for i := range list {
		list[i].send()
	}
}

func (w *Write) send() { w.Sent, w.Again, w.Err = Send(w.FD, w.Bytes) }

// send makes up to batchSize writes.
func (b *Batch) send(list []Write) {
	m := b.room
	for i := range list {
		w := &list[i]
		m.orders[i] = iocb{data: uint64(i), op: opWrite, fd: uint32(w.FD), buf: unsafe.SliceData(w.Bytes), bytes: uint64(len(w.Bytes))}
		w.Err = errNotMade
	}
	done := 0
	for done < len(list) {
		n, _, e := syscall.RawSyscall6(unix.SYS_IO_SUBMIT, m.context, uintptr(len(list)-done), uintptr(unsafe.Pointer(&m.list[done])), 0, 0, 0)
		if e != 0 || n == 0 {
			break
		}
		done += int(n)
	}
	b.collect(list, done)
	for i := range list {
		m.orders[i].buf = nil
		if w := &list[i]; w.Err == errNotMade {
			w.send()
		}
	}
}

// collect takes the answers of so many writes.
func (b *Batch) collect(list []Write, many int) {
	for got := 0; got < many; {
		n, _, e := syscall.RawSyscall6(unix.SYS_IO_GETEVENTS, b.room.context, 1, uintptr(many-got), uintptr(unsafe.Pointer(&b.room.events[0])), 0, 0)
		if e == syscall.EINTR {
			continue
		}
		if e != 0 || n == 0 {
			panic("rawsocket: what was written is not known")
		}
		for _, v := range b.room.events[:n] {
			list[v.data].answer(v.res)
		}
		got += int(n)
	}
}

func (w *Write) answer(res int64) {
	w.Sent, w.Again, w.Err = 0, false, nil
	switch {
	case res >= 0:
		w.Sent = int(res)
	case syscall.Errno(-res) == syscall.EAGAIN:
		w.Again = true
	default:
		w.Err = os.NewSyscallError("transfer", syscall.Errno(-res))
	}
}

var errNotMade = errors.New("not made")

// refused is set where the system has no such calls, or does not let this program use them.
var refused atomic.Bool

func (b *Batch) open() bool {
	if b.room != nil {
		return true
	}
	if b.closed || refused.Load() {
		return false
	}
	m := &batchRoom{}
	if _, _, e := syscall.RawSyscall6(unix.SYS_IO_SETUP, batchSize, uintptr(unsafe.Pointer(&m.context)), 0, 0, 0, 0); e != 0 {
		refused.Store(true)
		return false
	}
	for i := range m.orders {
		m.list[i] = &m.orders[i]
	}
	b.room = m
	return true
}

// Close gives back what the system holds for the batch.
func (b *Batch) Close() {
	if b.room != nil {
		_, _, _ = syscall.RawSyscall6(unix.SYS_IO_DESTROY, b.room.context, 0, 0, 0, 0, 0)
	}
	b.room, b.closed = nil, true
}
