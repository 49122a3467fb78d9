package ledger

import (
	"crypto/sha256"
	"encoding/binary"

	"custody"

	"golang.org/x/mod/sumdb/tlog"
)

// NamingLeaf commits to what a subject's number stands for: SHA-256(0x00 ‖ salt ‖
// system ‖ key), the system's number as four bytes, big endian. The salt is random:
// once it and the key are erased, the leaf says nothing of the key any more, and the
// proofs of all others hold as before.
func NamingLeaf(salt [16]byte, system custody.SystemID, key string) Hash {
	b := make([]byte, 0, 1+len(salt)+4+len(key))
	b = append(b, 0)
	b = append(b, salt[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(system))
	return sha256.Sum256(append(b, key...))
}

// NamingRoot is the RFC 6962 tree hash of leaves: custody.Naming.Root.
func NamingRoot(leaves []Hash) Hash { return treeHash(leaves) }

func treeHash(leaves []Hash) Hash {
	var r rootOf
	for _, h := range leaves {
		r.add(h)
	}
	return r.sum()
}

// NamingProof proves that leaf i is among leaves.
func NamingProof(leaves []Hash, i int) ([]Hash, error) {
	if i < 0 || i >= len(leaves) {
		return nil, custody.E(custody.CodeInvalid, "this part of the ledger names no customer with this number", "ask for the naming that holds the subject's number")
	}
	return auditPath(leaves, i), nil
}

// CheckNamingProof checks that a naming gives a subject's number to what leaf
// commits to.
func CheckNamingProof(n *custody.Naming, subject custody.SubjectID, leaf Hash, proof []Hash) error {
	at := int64(subject) - int64(n.First)
	if at < 0 || at >= int64(n.Count) {
		return custody.E(custody.CodeInvalid, "the subject's number is not in this naming", "look for the naming that holds it")
	}
	if err := tlog.CheckRecord(proof, int64(n.Count), n.Root, at, leaf); err != nil {
		return &custody.Error{Code: custody.CodeInvalid, Message: "the proof of the subject's name does not hold", Hint: "the key, the salt or the proof was changed", Err: err}
	}
	return nil
}

// auditPath is the RFC 6962 audit path of leaf i (section 2.1.1), nearest first.
func auditPath(leaves []Hash, i int) []Hash {
	if len(leaves) <= 1 {
		return nil
	}
	k := split(len(leaves))
	if i < k {
		return append(auditPath(leaves[:k], i), treeHash(leaves[k:]))
	}
	return append(auditPath(leaves[k:], i-k), treeHash(leaves[:k]))
}

// split is the largest power of two below n.
func split(n int) int {
	k := 1
	for 2*k < n {
		k *= 2
	}
	return k
}
