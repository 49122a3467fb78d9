package portal

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"strings"
)

// shapes makes fingerprints of requests, one after the other: of the method, and of the
// path with a star for each part that may name somebody. They are keyed, so that nobody
// who reads the ledger alone can try paths.
type shapes struct {
	h            hash.Hash
	b            []byte
	sum          [sha256.Size]byte
	method, path string // whose shape is last
	last         uint64
}

// of gives the fingerprint under a key, which is always the same.
func (s *shapes) of(key []byte, method, path string) uint64 {
	if s.h == nil {
		s.h = hmac.New(sha256.New, key)
	} else if method == s.method && path == s.path {
		return s.last
	}
	s.b = append(s.b[:0], method...)
	for part := range strings.SplitSeq(path, "/") {
		s.b = append(s.b, '/')
		if len(part) > 24 || !word(part) {
			part = "*"
		}
		s.b = append(s.b, part...)
	}
	s.h.Reset()
	s.h.Write(s.b)
	s.method, s.path, s.last = method, path, binary.BigEndian.Uint64(s.h.Sum(s.sum[:0]))
	return s.last
}

// word says whether a part of a path is of small letters and marks only.
func word(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && c != '_' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}
