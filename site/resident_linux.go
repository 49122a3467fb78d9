package site

import (
	"bufio"
	"bytes"
	"os"
	"runtime/debug"
	"strconv"

	"golang.org/x/sys/unix"
)

// shrink gives back memory that starting took and serving does not need: the heap's, and
// the pages of the program's own file. The system maps sixteen pages and more around each
// one that is touched, and keeps them mapped: after a start nearly all of the program is in
// memory, of which a fraction is ever looked at again. What is needed is mapped anew, out
// of the system's cache, when it is.
func shrink() {
	debug.FreeOSMemory()
	b, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return
	}
	for _, m := range untouched(b) {
		advise(m, unix.MADV_DONTNEED)
	}
}

// advise tells the system about a mapping; what it will not hear changes nothing.
func advise(m mapping, advice uintptr) {
	_, _, _ = unix.Syscall(unix.SYS_MADVISE, m.start, m.end-m.start, advice)
}

// mapping is a stretch of memory.
type mapping struct{ start, end uintptr }

// untouched lists the mappings of files, in the text of /proc/PID/smaps, which nobody may
// write to and of which no page differs from the file: to let go of those loses nothing.
func untouched(smaps []byte) (list []mapping) {
	var at mapping
	file := false
	lines := bufio.NewScanner(bytes.NewReader(smaps))
	for lines.Scan() {
		f := bytes.Fields(lines.Bytes())
		switch {
		case len(f) >= 5 && bytes.IndexByte(f[0], '-') > 0:
			from, to, _ := bytes.Cut(f[0], []byte("-"))
			start, e1 := strconv.ParseUint(string(from), 16, 64)
			end, e2 := strconv.ParseUint(string(to), 16, 64)
			at = mapping{uintptr(start), uintptr(end)}
			file = e1 == nil && e2 == nil && end > start && len(f) >= 6 && f[5][0] == '/' && len(f[1]) == 4 && f[1][0] == 'r' && f[1][1] == '-' && f[1][3] == 'p'
		case file && len(f) == 3 && string(f[0]) == "Anonymous:":
			if file = false; string(f[1]) == "0" {
				list = append(list, at)
			}
		}
	}
	return list
}
