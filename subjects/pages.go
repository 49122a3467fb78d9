package subjects

import (
	"sync/atomic"

	"custody"
)

// pageSize is how many keys in a row share a page.
const pageSize = 4096

type page [pageSize]atomic.Uint32

// pageTable holds keys that are numbered in a row, as serial columns are: 4 bytes a
// key and no search. A page is only made while it can be expected to fill at least
// half, so keys far apart cost nothing here.
type pageTable struct {
	pages atomic.Pointer[[]*page]
	used  int // for writers
}

func (t *pageTable) at(key int64) *atomic.Uint32 {
	list := t.pages.Load()
	if n := uint64(key) / pageSize; list != nil && n < uint64(len(*list)) {
		return &(*list)[n][uint64(key)%pageSize]
	}
	return nil
}

func (t *pageTable) lookup(key int64) (custody.SubjectID, bool) {
	if p := t.at(key); p != nil {
		id := p.Load()
		return custody.SubjectID(id), id != 0
	}
	return 0, false
}

// add says whether the key belongs here. It is not here already.
func (t *pageTable) add(key int64, id custody.SubjectID) bool {
	if key < 0 || key/pageSize > int64(2*t.used/pageSize) {
		return false
	}
	for t.at(key) == nil {
		t.grow()
	}
	t.at(key).Store(uint32(id))
	t.used++
	return true
}

// remove says whether the key was here.
func (t *pageTable) remove(key int64) bool {
	if p := t.at(key); p != nil && p.Swap(0) != 0 {
		t.used--
		return true
	}
	return false
}

func (t *pageTable) grow() {
	var list []*page
	if old := t.pages.Load(); old != nil {
		list = append(list, *old...)
	}
	list = append(list, new(page))
	t.pages.Store(&list)
}
