package main

import (
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// installed puts a copy of a program in a folder and has the system forget what of it is
// in memory: the gate is measured as a machine has it that was started since it was
// installed. Of a file that was just written, as the compiler does, the system keeps pieces
// of up to 2 MB in its cache and maps them whole, so that nearly all of the program would
// count as memory in use, whatever it uses.
func installed(program, dir string) (string, error) {
	from, err := os.Open(program)
	if err != nil {
		return "", err
	}
	defer from.Close()
	path := filepath.Join(dir, "gate")
	to, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o755)
	if err != nil {
		return "", err
	}
	if _, err = io.Copy(to, from); err == nil {
		err = to.Sync()
	}
	if e := unix.Fadvise(int(to.Fd()), 0, 0, unix.FADV_DONTNEED); err == nil {
		err = e
	}
	if e := to.Close(); err == nil {
		err = e
	}
	return path, err
}
