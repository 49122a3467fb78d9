package main

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// One frame with a single disclosure takes about this much, in bytes.
const frameSize = 320

// syncTime gives the median of writing a frame-sized block to a preallocated file
// on the ledger's disk and waiting until it is durable, microseconds.
func syncTime(dir string) (float64, error) {
	f, err := os.OpenFile(filepath.Join(dir, "sync"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	const samples = 400
	if err := prepare(f, samples*frameSize); err != nil {
		return 0, err
	}
	block := make([]byte, frameSize)
	rand.Read(block)
	var list []float64
	for i := range samples {
		start := time.Now()
		if _, err := f.WriteAt(block, int64(i*frameSize)); err != nil {
			return 0, err
		}
		if err := syscall.Fdatasync(int(f.Fd())); err != nil {
			return 0, err
		}
		list = append(list, float64(time.Since(start).Nanoseconds())/1000)
	}
	return med(list), nil
}

// prepare writes the file's blocks, so that only data remains to be written later.
func prepare(f *os.File, size int) error {
	if info, err := f.Stat(); err == nil && info.Size() >= int64(size) {
		return nil
	}
	if _, err := f.WriteAt(make([]byte, size), 0); err != nil {
		return err
	}
	return f.Sync()
}
