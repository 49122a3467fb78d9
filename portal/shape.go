package portal

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"strings"
)

// shape is the fingerprint of a request's form: its method, and its path with a
// star for each part that may name somebody. It is keyed, so that nobody who reads the
// ledger alone can try paths.
func (p *Portal) shape(method, path string) uint64 {
	m := hmac.New(sha256.New, p.o.Key)
	m.Write([]byte(method))
	for part := range strings.SplitSeq(path, "/") {
		m.Write([]byte{'/'})
		if strings.Trim(part, "abcdefghijklmnopqrstuvwxyz_-.") != "" || len(part) > 24 {
			part = "*"
		}
		m.Write([]byte(part))
	}
	var sum [sha256.Size]byte
	return binary.BigEndian.Uint64(m.Sum(sum[:0]))
}
