package watch

import (
	"cmp"
	"container/heap"
	"iter"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"custody"
	"custody/accesslog"
	"custody/detect"
)

// look is one line, 24 bytes: ten million of them are 240 MB. The file lies above the
// login, and whether it was an export, or refused, above the device.
type look struct {
	millis  int64 // since 1970
	who     uint32
	where   uint32
	subject uint32
	line    uint32
}

const (
	fileShift   = 22 // logins and devices are at most 1 << 20
	maxFiles    = 1 << (32 - fileShift)
	exportedBit = 1 << 31
	refusedBit  = 1 << 30
)

func newLook(at time.Time, person, subject, device uint32, file, line int, done accesslog.Done) look {
	k := look{millis: at.UnixMilli(), who: person | uint32(file)<<fileShift, where: device, subject: subject, line: uint32(line)}
	switch done {
	case accesslog.Exported:
		k.where |= exportedBit
	case accesslog.Refused:
		k.where |= refusedBit
	}
	return k
}

func (k *look) at() time.Time  { return time.UnixMilli(k.millis) }
func (k *look) person() uint32 { return k.who & (1<<fileShift - 1) }
func (k *look) file() int      { return int(k.who >> fileShift) }
func (k *look) device() uint32 { return k.where &^ (exportedBit | refusedBit) }
func (k *look) exported() bool { return k.where&exportedBit != 0 }
func (k *look) refused() bool  { return k.where&refusedBit != 0 }
func (k *look) pair() detect.Pair {
	return detect.Pair{Person: k.person(), Subject: custody.SubjectID(k.subject)}
}

// looks are kept in pieces, so that nothing is copied while they grow.
type looks struct {
	pieces [][]look
	n      int
	mixed  bool // the pieces are not one after the other in time
	loose  bool // the last piece is not in order
}

// pieceLooks is how many looks are in a piece: 6 MB.
const pieceLooks = 1 << 18

func (l *looks) add(k look) {
	last := len(l.pieces) - 1
	if last < 0 || len(l.pieces[last]) == pieceLooks {
		l.settle()
		l.pieces = append(l.pieces, make([]look, 0, pieceLooks))
		last++
	} else if p := l.pieces[last]; k.millis < p[len(p)-1].millis {
		l.loose = true
	}
	l.pieces[last] = append(l.pieces[last], k)
	l.n++
}

// settle puts the last piece in order.
func (l *looks) settle() {
	last := len(l.pieces) - 1
	if last < 0 {
		return
	}
	p := l.pieces[last]
	if l.loose {
		slices.SortStableFunc(p, func(a, b look) int { return cmp.Compare(a.millis, b.millis) })
		l.loose = false
	}
	if last > 0 {
		before := l.pieces[last-1]
		l.mixed = l.mixed || p[0].millis < before[len(before)-1].millis
	}
}

// order ends the adding.
func (l *looks) order() { l.settle() }

// nth gives a look by its place among the pieces.
func (l *looks) nth(i int) *look { return &l.pieces[i/pieceLooks][i%pieceLooks] }

// span gives the times of the first and of the last look.
func (l *looks) span() (first, last time.Time) {
	low, high := l.pieces[0][0].millis, l.pieces[0][0].millis
	for _, p := range l.pieces {
		low, high = min(low, p[0].millis), max(high, p[len(p)-1].millis)
	}
	return time.UnixMilli(low).UTC(), time.UnixMilli(high).UTC()
}

// inOrder walks all looks in the order of time; those of one moment as they were read.
func (l *looks) inOrder() iter.Seq[*look] {
	if l.mixed {
		return l.merged
	}
	return func(yield func(*look) bool) {
		for _, p := range l.pieces {
			for i := range p {
				if !yield(&p[i]) {
					return
				}
			}
		}
	}
}

// merged walks pieces that overlap in time.
func (l *looks) merged(yield func(*look) bool) {
	h := make(heads, len(l.pieces))
	for i, p := range l.pieces {
		h[i] = head{p, i}
	}
	heap.Init(&h)
	for len(h) > 0 {
		k := &h[0].rest[0]
		if h[0].rest = h[0].rest[1:]; len(h[0].rest) == 0 {
			heap.Pop(&h)
		} else {
			heap.Fix(&h, 0)
		}
		if !yield(k) {
			return
		}
	}
}

// head is what is left of a piece.
type head struct {
	rest  []look
	piece int
}

type heads []head

func (h heads) Len() int { return len(h) }
func (h heads) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(h[i].rest[0].millis, h[j].rest[0].millis), cmp.Compare(h[i].piece, h[j].piece)) < 0
}
func (h heads) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *heads) Push(x any)   { *h = append(*h, x.(head)) }
func (h *heads) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

// peak is the most memory that the process has had, in bytes: what the system counts
// where it tells, else what was asked of it.
func peak() int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err == nil {
		for line := range strings.Lines(string(text)) {
			if words := strings.Fields(line); len(words) == 3 && words[0] == "VmHWM:" {
				if kb, err := strconv.ParseInt(words[1], 10, 64); err == nil {
					return kb << 10
				}
			}
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys)
}
