package pgproxy

import "syscall"

// lingering is how long the gate lets the database go on with a long answer of which
// it has seen all that is there: both then do more at a time, and wake each other less
// often. Nobody waits for these rows: the client has others to read.
const lingering = 50_000 // nanoseconds

// linger waits for about so long. The runtime's own timers have a resolution of 1 ms
// where nothing else is to be done.
func linger() {
	t := syscall.Timespec{Nsec: lingering}
	_ = syscall.Nanosleep(&t, nil)
}
