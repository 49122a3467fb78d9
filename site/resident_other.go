//go:build !linux

package site

import "runtime/debug"

// shrink gives back memory that starting took and serving does not need.
func shrink() { debug.FreeOSMemory() }
