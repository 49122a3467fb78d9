package ledger

import (
	"math"
	"os"
	"path/filepath"

	"custody/internal/durable"
)

// Extent is how far a ledger reached at a moment: whole files, and the beginning of
// the last one. Its files hold every event up to then and none after.
type Extent struct {
	Frames, Events uint64
	Files          []ExtentFile
}

// ExtentFile is a file of a ledger's folder, of which the first Size bytes count. Room
// is how long the file is with the zeros behind them.
type ExtentFile struct {
	Name       string
	Size, Room int64
}

// Measure says how far a ledger reaches now, while a writer may be at work. It reads
// the last segment only: the others are sealed. The tree is left out, because it
// follows from the frames. What was written before the call is in it.
func Measure(dir string) (*Extent, error) {
	fs := durable.OS{}
	numbers, err := segmentNumbers(fs, dir)
	if err != nil {
		return nil, err
	}
	if len(numbers) == 0 {
		return nil, errNoLedger
	}
	last := numbers[len(numbers)-1]
	t, err := endOf(fs, dir, last)
	if err != nil {
		return nil, err
	}
	x := &Extent{Frames: t.frame, Events: t.event - 1}
	for _, n := range numbers[:len(numbers)-1] {
		info, err := os.Stat(filepath.Join(dir, segmentName(n)))
		if err != nil {
			return nil, failed("look at a segment", err)
		}
		x.Files = append(x.Files, ExtentFile{segmentName(n), info.Size(), info.Size()})
	}
	x.Files = append(x.Files, ExtentFile{t.segment.name(), t.offset, t.size})
	return x, nil
}

// CheckpointFiles are the files of signed checkpoints in a ledger's folder. Read before
// Measure, they sign for no more than it finds.
func CheckpointFiles() []string { return []string{checkpointName, historyName} }

// endOf finds where the last segment ends, trusting that it continues the one before.
func endOf(fs durable.FS, dir string, number uint32) (*tail, error) {
	f, err := fs.Open(filepath.Join(dir, segmentName(number)))
	if err != nil {
		return nil, failed("open a segment", err)
	}
	b := make([]byte, segmentHeader)
	_, err = f.ReadAt(b, 0)
	f.Close()
	if err != nil {
		return nil, failed("read a segment", err)
	}
	g, what := parseSegment(b)
	if what != "" {
		return nil, damaged(&Damage{File: segmentName(number), What: what})
	}
	s := scanner{fs: fs, dir: dir, at: g.start, origin: g.origin, trusted: math.MaxUint64, live: true, visit: func(*frame) string { return "" }}
	return s.walk(number, false)
}
