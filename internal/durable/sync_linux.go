package durable

import (
	"os"

	"golang.org/x/sys/unix"
)

const dsync = unix.O_DSYNC

// datasync leaves out the times of the file, and so a journal commit.
func datasync(f *os.File) error {
	for {
		err := unix.Fdatasync(int(f.Fd()))
		if err != unix.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
