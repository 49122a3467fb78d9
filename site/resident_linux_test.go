package site

import (
	"fmt"
	"os"
	"testing"
)

// TestUntouched: only what can be had again from a file is let go of. A stretch that the
// loader has written into and then closed looks like the rest of the file, but is not.
func TestUntouched(t *testing.T) {
	const smaps = `00400000-00402000 r--p 00000000 fe:00 10 /usr/bin/custody
Rss:                   8 kB
Anonymous:             0 kB
VmFlags: rd mr mw me
00402000-01516000 r-xp 00002000 fe:00 10                            /usr/bin/custody
Anonymous:             0 kB
02a1e000-02a55000 r--p 0261d000 fe:00 10                            /usr/bin/custody
Anonymous:           216 kB
02a55000-02bce000 rw-p 02654000 fe:00 10                            /usr/bin/custody
Anonymous:             0 kB
02bce000-02bcf000 r--s 02654000 fe:00 10                            /var/lib/custody/custody.db-shm
Anonymous:             0 kB
c000000000-c000400000 rw-p 00000000 00:00 0
Anonymous:             0 kB
7ffc0000-7ffc1000 r-xp 00000000 00:00 0                              [vdso]
Anonymous:             0 kB
7ffc1000-7ffc0000 r-xp 00000000 fe:00 10                             /bad
Anonymous:             0 kB
`
	if got, want := fmt.Sprintf("%x", untouched([]byte(smaps))), "[{400000 402000} {402000 1516000}]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	own, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	if len(untouched(own)) == 0 {
		t.Error("nothing of this program is found")
	}
	shrink()
}
