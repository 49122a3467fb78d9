//go:build !linux

package durable

import "os"

const dsync = os.O_SYNC

func datasync(f *os.File) error { return f.Sync() }
