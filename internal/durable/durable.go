// Package durable names every file operation whose order matters for what is
// still there after a crash. A file's bytes, its length and its name are three
// different things to make durable; each function says which of them it does.
package durable

import (
	"io"
	"path/filepath"
)

// File is an open file.
type File interface {
	io.ReaderAt
	// WriteAt writes all of b at off. On a file from FS.OpenSync the bytes are
	// durable when it returns nil; on any other they are durable after Sync. After
	// an error any part of b may or may not be in the file, now or after a crash.
	WriteAt(b []byte, off int64) (int, error)
	// Sync makes earlier writes durable, and the length with them. After an error
	// nothing may be assumed of any write since the last good Sync: the kernel
	// reports a lost page once and then forgets it.
	Sync() error
	// Truncate cuts or extends the file. Durable after Sync.
	Truncate(size int64) error
	// Size is the length in bytes.
	Size() (int64, error)
	Close() error
}

// FS is the part of the file system that needs care. OS is the real one; Fault
// wraps another and breaks it on purpose.
type FS interface {
	// Create makes a new file for reading and writing; an old one of that name is
	// emptied. The name is durable after SyncDir of its folder.
	Create(name string) (File, error)
	// Open opens a file for reading.
	Open(name string) (File, error)
	// OpenSync opens a file for reading and writing; every WriteAt is durable when
	// it returns.
	OpenSync(name string) (File, error)
	// Rename moves a file over another in one step. Durable after SyncDir.
	Rename(from, to string) error
	// Remove deletes a name. Durable after SyncDir.
	Remove(name string) error
	// SyncDir makes the names in a folder durable.
	SyncDir(dir string) error
	// MkdirAll makes a folder and its parents, readable by the owner alone.
	MkdirAll(dir string) error
	// ReadDir lists the names in a folder, sorted.
	ReadDir(dir string) ([]string, error)
}

// step bounds one write of zeros, so that other writers to the same disk wait for
// at most this much.
const step = 1 << 20

var zeros [step]byte

// WriteZeros overwrites n bytes from off with zeros. Durable after Sync.
func WriteZeros(f File, off, n int64) error {
	for n > 0 {
		k := min(n, step)
		if _, err := f.WriteAt(zeros[:k], off); err != nil {
			return err
		}
		off, n = off+k, n-k
	}
	return nil
}

// Preallocate makes a file of size zero bytes and makes them durable. The zeros
// are written, not only reserved: a later write in place then changes no block
// map and no length, so making it durable needs no journal commit. The name is
// not durable until SyncDir.
func Preallocate(fs FS, name string, size int64) (err error) {
	f, err := fs.Create(name)
	if err != nil {
		return err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	for off := int64(0); off < size; off += step {
		if err := WriteZeros(f, off, min(step, size-off)); err != nil {
			return err
		}
		// Little by little, so that a commit on another file never queues behind
		// the whole of it.
		if err := f.Sync(); err != nil {
			return err
		}
	}
	return f.Sync()
}

// Replace puts data under name in one step: after a crash the file holds either
// all of the old content or all of the new.
//
// A crash before the rename leaves name+".tmp", which the next Replace empties.
func Replace(fs FS, name string, data []byte) error {
	tmp := name + ".tmp"
	if err := create(fs, tmp, data); err != nil {
		return err
	}
	// The bytes are durable before the name points at them.
	if err := fs.Rename(tmp, name); err != nil {
		return err
	}
	return fs.SyncDir(filepath.Dir(name))
}

func create(fs FS, name string, data []byte) (err error) {
	f, err := fs.Create(name)
	if err != nil {
		return err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	if _, err := f.WriteAt(data, 0); err != nil {
		return err
	}
	return f.Sync()
}
