//go:build !linux

package pgproxy

// linger is for Linux alone: elsewhere the gate reads what there is.
func linger() {}
