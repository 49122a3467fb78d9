package body

import "golang.org/x/sys/cpu"

var quickMarks = cpu.X86.HasAVX2

// classify256 is classifyPlainly for blocks of 64 bytes from src on, with AVX2. stops
// holds the three bytes that are stops, the first lowest.
//
//go:noescape
func classify256(dst *marked, src *byte, blocks int, stops uint32)

// classify marks whole blocks of text.
func classify(dst []marked, text []byte, stops uint32) {
	if !quickMarks {
		classifyPlainly(dst, text, stops)
		return
	}
	if n := len(text) / 64; n > 0 {
		_ = dst[n-1]
		classify256(&dst[0], &text[0], n, stops)
	}
}
