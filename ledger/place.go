package ledger

import (
	"path/filepath"
	"sort"

	"custody/internal/durable"
)

// placeEvery is how many bytes of a segment one place stands for.
const placeEvery = 64 << 10

// place says where a frame is, so that an event is found without reading the
// ledger from its beginning.
type place struct {
	event   uint32 // index of the frame's first event, from 0
	segment uint32
	offset  int64
}

// place notes where the next event's frame is, once in a while.
func (x *Index) place(segment uint32, offset int64) {
	if n := len(x.own.places); n > 0 {
		if last := x.own.places[n-1]; last.segment == segment && offset-last.offset < placeEvery {
			return
		}
	}
	x.own.places = append(x.own.places, place{x.events, segment, offset})
	x.share()
}

// fetcher finds the frames of events, whose numbers it is asked for in ascending
// order.
type fetcher struct {
	fs     durable.FS
	dir    string
	window window
	file   durable.File
	at     place // of the frame after the present one
	frame
	head [headerSize]byte
}

func (f *fetcher) close() {
	if f.file != nil {
		f.file.Close()
		f.file = nil
	}
}

// find makes the frame that holds an event the present one.
func (f *fetcher) find(v *view, number uint64) error {
	if f.count > 0 && number < f.event+uint64(f.count) {
		return nil
	}
	list := v.d.places
	i := sort.Search(len(list), func(i int) bool { return uint64(list[i].event) >= number })
	if p := list[i-1]; f.file == nil || p.segment > f.at.segment || p.segment == f.at.segment && p.offset > f.at.offset {
		if err := f.jump(p); err != nil {
			return err
		}
	}
	for f.count == 0 || number >= f.event+uint64(f.count) {
		if err := f.step(); err != nil {
			return err
		}
	}
	return nil
}

func (f *fetcher) jump(p place) error {
	if f.file == nil || p.segment != f.at.segment {
		f.close()
		file, err := f.fs.Open(filepath.Join(f.dir, segmentName(p.segment)))
		if err != nil {
			return failed("open a segment", err)
		}
		f.file = file
		f.window.reset(file)
	}
	f.at = p
	return nil
}

// step goes on to the next frame.
func (f *fetcher) step() error {
	what, err := f.load()
	if err != nil {
		return failed("read a segment", err)
	}
	if what == "" {
		return nil
	}
	// The segment may end here; its successor then starts with the next frame.
	if err := f.jump(place{segment: f.at.segment + 1, offset: segmentHeader}); err != nil {
		return damaged(&Damage{File: segmentName(f.at.segment), Offset: f.at.offset, What: what})
	}
	if what, err = f.load(); err != nil {
		return failed("read a segment", err)
	}
	if what != "" {
		return damaged(&Damage{File: segmentName(f.at.segment), Offset: f.at.offset, What: what})
	}
	return nil
}

func (f *fetcher) load() (string, error) {
	b, err := f.window.at(f.at.offset, headerSize)
	if err != nil || len(b) < headerSize {
		return "frame is cut short", err
	}
	copy(f.head[:], b)
	if what := f.header.parse(&f.head); what != "" {
		f.count = 0
		return what, nil
	}
	b, err = f.window.at(f.at.offset, headerSize+int(f.header.body))
	if err != nil || len(b) < headerSize+int(f.header.body) {
		return "frame is cut short", err
	}
	f.body = b[headerSize:]
	if what := f.checkBody(f.body); what != "" {
		return what, nil
	}
	f.raw, f.segment, f.offset = &f.head, f.at.segment, f.at.offset
	f.at.offset += int64(len(b))
	return "", nil
}
