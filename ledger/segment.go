package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"path/filepath"
	"strconv"
	"strings"

	"custody/internal/durable"
)

// A segment is a file of zeros into which frames are written one after the other,
// behind a header of its own. Only the last one is written to; a segment that has
// a successor is sealed.
const (
	segmentMagic  = "CUSTLDG1"
	segmentHeader = 512
	segmentSuffix = ".seg"
	preparedName  = "next.tmp" // a segment that has no place in the chain yet
	maxOrigin     = 255
)

// DefaultSegmentSize is the size of a full-grown segment in bytes. The first ones
// are smaller, so that a new ledger costs little.
const DefaultSegmentSize = 64 << 20

// firstSegment is the size of segment 1; each later one is four times as large
// until the full size is reached.
const firstSegment = 4 << 20

func segmentSize(number uint32, full int64) int64 {
	if number > 8 {
		return full
	}
	return min(full, firstSegment<<(2*(number-1)))
}

func segmentName(number uint32) string { return fmt.Sprintf("%08d%s", number, segmentSuffix) }

// position is a place in the chain: what the next frame must be.
type position struct {
	frame uint64
	event uint64
	prev  Hash
}

// genesis is the place before the first frame; the chain starts from its origin.
func genesis(origin string) position {
	return position{event: 1, prev: sha256.Sum256([]byte(segmentMagic + "\n" + origin + "\n"))}
}

// segment is what a segment's header says.
type segment struct {
	number uint32
	start  position
	origin string
}

func (s *segment) name() string { return segmentName(s.number) }

func (s *segment) encode() []byte {
	b := make([]byte, segmentHeader)
	copy(b, segmentMagic)
	binary.BigEndian.PutUint32(b[8:], s.number)
	binary.BigEndian.PutUint64(b[12:], s.start.frame)
	binary.BigEndian.PutUint64(b[20:], s.start.event)
	copy(b[28:], s.start.prev[:])
	b[60] = byte(len(s.origin))
	copy(b[61:], s.origin)
	binary.BigEndian.PutUint32(b[508:], crc32.Checksum(b[:508], castagnoli))
	return b
}

// parseSegment reads a segment's header and gives the fault, or nothing.
func parseSegment(b []byte) (*segment, string) {
	if len(b) < segmentHeader || string(b[:8]) != segmentMagic {
		return nil, "not a ledger segment"
	}
	if binary.BigEndian.Uint32(b[508:]) != crc32.Checksum(b[:508], castagnoli) {
		return nil, "segment header does not match its checksum"
	}
	s := &segment{number: binary.BigEndian.Uint32(b[8:])}
	s.start.frame = binary.BigEndian.Uint64(b[12:])
	s.start.event = binary.BigEndian.Uint64(b[20:])
	copy(s.start.prev[:], b[28:])
	s.origin = string(b[61 : 61+int(b[60])])
	if string(s.encode()) != string(b[:segmentHeader]) {
		return nil, "segment header is not in its one form"
	}
	return s, ""
}

// segmentNumbers lists the segments in a ledger's folder and checks that none is
// missing.
func segmentNumbers(fs durable.FS, dir string) ([]uint32, error) {
	names, err := fs.ReadDir(dir)
	if isNotExist(err) {
		return nil, errNoLedger
	}
	if err != nil {
		return nil, failed("list its segments", err)
	}
	var list []uint32
	for _, name := range names {
		digits, ok := strings.CutSuffix(name, segmentSuffix)
		n, err := strconv.ParseUint(digits, 10, 32)
		if !ok || err != nil || segmentName(uint32(n)) != name {
			continue
		}
		if int(n) != len(list)+1 {
			return nil, damaged(&Damage{File: segmentName(uint32(len(list) + 1)), What: "segment is missing"})
		}
		list = append(list, uint32(n))
	}
	return list, nil
}

// newSegment makes a segment under its final name, durably.
//
// A crash before the rename leaves only preparedName, which the next Open removes.
// A crash after the rename and before SyncDir leaves the segment or not; it holds
// no frame yet, so both are the same ledger.
func newSegment(fs durable.FS, dir string, s *segment) (durable.File, error) {
	tmp := filepath.Join(dir, preparedName)
	f, err := fs.OpenSync(tmp)
	if err != nil {
		return nil, err
	}
	if _, err := f.WriteAt(s.encode(), 0); err != nil {
		f.Close()
		return nil, err
	}
	if err := fs.Rename(tmp, filepath.Join(dir, s.name())); err != nil {
		f.Close()
		return nil, err
	}
	if err := fs.SyncDir(dir); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
