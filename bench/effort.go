package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
)

// effort is what a process has used so far. On a busy machine it says more than the
// clock: how much work a transaction costs does not depend on who else works.
type effort struct {
	user, system float64 // microseconds of processor
	switches     float64 // context switches of all threads
}

// ticks is how many microseconds one clock tick of /proc is.
const ticks = 1e4

// effortOf reads what a process has used; nothing if it has none.
func effortOf(pid int) (e effort) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return e
	}
	_, after, _ := strings.Cut(string(b), ") ")
	f := strings.Fields(after)
	if len(f) > 12 {
		_, _ = fmt.Sscan(f[11]+" "+f[12], &e.user, &e.system)
	}
	e.user, e.system = e.user*ticks, e.system*ticks
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	for _, name := range tasks {
		b, _ := os.ReadFile(name)
		for line := range strings.Lines(string(b)) {
			if _, n, ok := strings.Cut(line, "voluntary_ctxt_switches:"); ok {
				var v float64
				_, _ = fmt.Sscan(n, &v)
				e.switches += v
			}
		}
	}
	return e
}

// say logs what one transaction of a target costs its process.
func (e effort) say(t *target, before effort, tps, seconds float64) {
	if n := tps * seconds; t.pid != 0 && n > 0 {
		log.Printf("    %-10s %8.0f/s   %5.1f µs processor a transaction (user %.1f, system %.1f), %.2f switches", t.name, tps,
			(e.user+e.system-before.user-before.system)/n, (e.user-before.user)/n, (e.system-before.system)/n, (e.switches-before.switches)/n)
	}
}

// since is the processor time used since before, microseconds.
func (e effort) since(before effort) float64 {
	return e.user + e.system - before.user - before.system
}

// idleTime is how long the machine's processors have had nothing to do, microseconds of
// all of them.
func idleTime() float64 {
	b, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(b), "\n")
	if f := strings.Fields(line); len(f) > 4 {
		var n float64
		_, _ = fmt.Sscan(f[4], &n)
		return n * ticks
	}
	return 0
}
