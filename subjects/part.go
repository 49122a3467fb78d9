package subjects

import (
	"sync"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"

	"custody"
)

// part holds the identifiers of one system. Find needs no lock; the others are for
// one writer at a time.
type part struct {
	count int // slots in use
	table atomic.Pointer[buckets]

	// crowd holds what found both its buckets full: values that dozens share, such as
	// the phone of a fleet, and once in a while others. The key is the whole result.
	// It changes under its lock; the writer may read it without.
	crowd struct {
		sync.RWMutex
		by map[uint64]*roaring.Bitmap
	}
}

func newPart(expected int) *part {
	p := &part{}
	p.crowd.by = map[uint64]*roaring.Bitmap{}
	p.table.Store(newBuckets(expected))
	return p
}

func (p *part) add(h uint64, subject custody.SubjectID) {
	if who := p.crowd.by[h]; who != nil && who.Contains(uint32(subject)) {
		return
	}
	t := p.table.Load()
	for {
		switch t.add(h, subject) {
		case had:
			return
		case added:
			p.count++
			return
		}
		if p.count < t.slots()*17/20 {
			p.join(h, subject)
			return
		}
		t = t.grow(len(p.crowd.by) > 0)
		p.table.Store(t)
	}
}

func (p *part) remove(h uint64, subject custody.SubjectID) {
	if p.table.Load().remove(h, subject) {
		p.count--
		return
	}
	p.crowd.Lock()
	defer p.crowd.Unlock()
	if who := p.crowd.by[h]; who != nil {
		p.leave(h, who, subject)
	}
}

func (p *part) forget(subject custody.SubjectID) {
	p.count -= p.table.Load().forget(subject)
	p.crowd.Lock()
	defer p.crowd.Unlock()
	for h, who := range p.crowd.by {
		p.leave(h, who, subject)
	}
}

func (p *part) find(dst []custody.SubjectID, h uint64) []custody.SubjectID {
	dst, full := p.table.Load().find(dst, h)
	if !full {
		return dst
	}
	p.crowd.RLock()
	defer p.crowd.RUnlock()
	who := p.crowd.by[h]
	if who == nil {
		return dst
	}
	for i := who.Iterator(); i.HasNext(); {
		dst = append(dst, custody.SubjectID(i.Next()))
	}
	return dst
}

func (p *part) len() int {
	n := p.count
	for _, who := range p.crowd.by {
		n += int(who.GetCardinality())
	}
	return n
}

func (p *part) join(h uint64, subject custody.SubjectID) {
	p.crowd.Lock()
	defer p.crowd.Unlock()
	who := p.crowd.by[h]
	if who == nil {
		who = roaring.New()
		p.crowd.by[h] = who
	}
	who.Add(uint32(subject))
}

// leave needs the crowd's lock.
func (p *part) leave(h uint64, who *roaring.Bitmap, subject custody.SubjectID) {
	if who.CheckedRemove(uint32(subject)) && who.IsEmpty() {
		delete(p.crowd.by, h)
	}
}
