package ledger

import (
	"crypto/sha256"
	"encoding/binary"

	"custody"

	"golang.org/x/mod/sumdb/tlog"
)

// Hash is a SHA-256, and a node of an RFC 6962 tree.
type Hash = tlog.Hash

// blockSubjects is how many subjects one leaf of an event's subject tree holds.
// A block with its salt fits one SHA-256 compression; docs/decisions/0001 weighs
// other sizes.
const blockSubjects = 8

const saltSize = 16

// leafHash is the RFC 6962 leaf hash of a frame's header.
func leafHash(header *[headerSize]byte) Hash {
	var b [1 + headerSize]byte
	copy(b[1:], header[:])
	return sha256.Sum256(b[:])
}

// nodeHash is the RFC 6962 hash of an inner node.
func nodeHash(left, right Hash) Hash {
	var b [1 + 2*sha256.Size]byte
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[1+sha256.Size:], right[:])
	return sha256.Sum256(b[:])
}

// rootOf folds leaves into an RFC 6962 tree hash as they come, in constant memory.
type rootOf struct {
	stack [48]Hash // one complete subtree for each bit of n
	depth int
	n     uint64
}

func (r *rootOf) reset() { r.depth, r.n = 0, 0 }

func (r *rootOf) add(h Hash) {
	for n := r.n; n&1 == 1; n >>= 1 {
		r.depth--
		h = nodeHash(r.stack[r.depth], h)
	}
	r.stack[r.depth] = h
	r.depth++
	r.n++
}

// sum is the tree hash of the leaves so far.
func (r *rootOf) sum() Hash {
	if r.n == 0 {
		return sha256.Sum256(nil)
	}
	h := r.stack[r.depth-1]
	for i := r.depth - 2; i >= 0; i-- {
		h = nodeHash(r.stack[i], h)
	}
	return h
}

// salts gives a frame's salts one after the other. Salt k is one half of
// SHA-256(0x02 ‖ seed ‖ k/2), so that showing one salt says nothing of the others.
type salts struct {
	seed [saltSize]byte
	next uint64
	pair [sha256.Size]byte
}

func (s *salts) reset(seed []byte) {
	copy(s.seed[:], seed)
	s.next = 0
}

func (s *salts) take() []byte {
	half := s.next & 1
	if half == 0 {
		s.pair = saltPair(s.seed[:], s.next/2)
	}
	s.next++
	return s.pair[half*saltSize:][:saltSize]
}

func saltPair(seed []byte, n uint64) [sha256.Size]byte {
	var b [1 + saltSize + 8]byte
	b[0] = 2
	copy(b[1:], seed)
	binary.BigEndian.PutUint64(b[1+saltSize:], n)
	return sha256.Sum256(b[:])
}

// saltAt gives salt k on its own.
func saltAt(seed []byte, k uint64) []byte {
	pair := saltPair(seed, k/2)
	return pair[k&1*saltSize:][:saltSize]
}

// blockHash is the leaf of a subject tree: one block of up to blockSubjects subjects.
func blockHash(salt []byte, block []custody.SubjectID) Hash {
	var b [1 + saltSize + 4*blockSubjects]byte
	copy(b[1:], salt)
	for i, s := range block {
		binary.BigEndian.PutUint32(b[1+saltSize+4*i:], uint32(s))
	}
	return sha256.Sum256(b[:1+saltSize+4*len(block)])
}

// subjectsRoot is the hash of an event's subject tree. An event without subjects
// has one empty block: its salt hides the event's content from whoever sees only
// the event's hash.
func subjectsRoot(r *rootOf, s *salts, subjects []custody.SubjectID) Hash {
	r.reset()
	for {
		n := min(len(subjects), blockSubjects)
		r.add(blockHash(s.take(), subjects[:n]))
		subjects = subjects[n:]
		if len(subjects) == 0 {
			return r.sum()
		}
	}
}

// eventHash is the leaf of a frame's event tree.
func eventHash(head []byte, subjects Hash) Hash {
	var b [1 + maxHead + sha256.Size]byte
	n := 1 + copy(b[1:], head)
	n += copy(b[n:], subjects[:])
	return sha256.Sum256(b[:n])
}
