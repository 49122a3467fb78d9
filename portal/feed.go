package portal

import (
	"io"
	"sync"

	"custody"
)

// feed reads a long answer ahead of its recognition, in a goroutine of its own, so that
// both take a processor: into a ring of bytes, of which the reader owns what is free and
// whoever recognises what was read. Nothing leaves through it.
type feed struct {
	mu     sync.Mutex
	moved  sync.Cond
	ring   []byte
	read   int64 // bytes so far
	used   int64 // of them that were given back
	lent   int64 // bytes that next gave
	err    error // of the source, after its last byte
	closed bool
	done   chan struct{}
}

// ringSize is how far a feed reads ahead, and lend how much of that it gives at once, bytes: what
// the reader writes and the recogniser reads should both lie in a processor's cache.
const (
	ringSize = 512 << 10
	lend     = 128 << 10
)

// rings are those that no answer uses.
var rings = sync.Pool{New: func() any { return new([ringSize]byte) }}

// feed begins to read ahead. The answer's connection is broken by stop, if it is not at
// its end by then: a source that is read from here on is nobody else's before stop.
func (p *Portal) feed(src io.Reader) *feed {
	f := &feed{ring: rings.Get().(*[ringSize]byte)[:], done: make(chan struct{})}
	f.moved.L = &f.mu
	go f.fill(p, src)
	return f
}

func (f *feed) fill(p *Portal, src io.Reader) {
	defer close(f.done)
	defer func() {
		if x := recover(); x != nil { // a decoder's, of hostile input
			p.faulty(x)
			f.add(0, errBrokeOff)
		}
	}()
	for {
		room := f.room()
		if room == nil {
			return
		}
		n, err := src.Read(room)
		if f.add(n, err); err != nil {
			return
		}
	}
}

var errBrokeOff = custody.E(custody.CodeUnavailable, "the application's answer broke off", "try again; what came before is not complete")

// room waits for bytes that are free, and gives those that lie together; nil when nobody
// wants more.
func (f *feed) room() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.read-f.used == int64(len(f.ring)) && !f.closed {
		f.moved.Wait()
	}
	if f.closed {
		return nil
	}
	size := int64(len(f.ring))
	at := f.read % size
	return f.ring[at:min(at+size-(f.read-f.used), size)]
}

func (f *feed) add(n int, err error) {
	f.mu.Lock()
	f.read += int64(n)
	f.err = err
	f.mu.Unlock()
	f.moved.Broadcast()
}

// next gives what was read, as far as it lies together, and takes back what it gave
// before. An error comes alone, after the last byte.
func (f *feed) next() ([]byte, error) {
	f.mu.Lock()
	if f.lent > 0 {
		f.used, f.lent = f.used+f.lent, 0
		f.moved.Broadcast()
	}
	for f.read == f.used && f.err == nil {
		f.moved.Wait()
	}
	size := int64(len(f.ring))
	at := f.used % size
	f.lent = min(f.read-f.used, size-at, lend)
	err := f.err
	f.mu.Unlock()
	if f.lent > 0 {
		err = nil
	}
	return f.ring[at : at+f.lent], err
}

// stop ends the reading, by cut if it has not ended, and waits for it. What next gave
// must not be used any more.
func (f *feed) stop(cut func()) {
	f.mu.Lock()
	f.closed = true
	over := f.err != nil
	f.mu.Unlock()
	f.moved.Broadcast()
	if !over {
		cut()
	}
	<-f.done
	rings.Put((*[ringSize]byte)(f.ring))
	f.ring = nil
}
