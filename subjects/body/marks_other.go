//go:build !amd64

package body

// classify marks whole blocks of text.
func classify(dst []marked, text []byte, stops uint32) { classifyPlainly(dst, text, stops) }
