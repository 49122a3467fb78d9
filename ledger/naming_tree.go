package ledger

import (
	"golang.org/x/mod/sumdb/tlog"

	"custody"
)

// NamingTree gives proofs for many numbers of one naming, each in the time of its
// path.
type NamingTree struct {
	count  int64
	hashes []tlog.Hash // in the order of tlog.StoredHashIndex
}

// NewNamingTree builds the tree over a naming's leaves, erased ones included.
func NewNamingTree(leaves []Hash) *NamingTree {
	var m merkle
	for _, h := range leaves {
		m.add(h)
	}
	t := &NamingTree{count: int64(len(leaves)), hashes: make([]tlog.Hash, len(m.fresh)/tlog.HashSize)}
	for i := range t.hashes {
		copy(t.hashes[i][:], m.fresh[i*tlog.HashSize:])
	}
	return t
}

// ReadHashes implements tlog.HashReader.
func (t *NamingTree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	list := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		list[i] = t.hashes[at]
	}
	return list, nil
}

// Proof proves that leaf i is in the tree; see CheckNamingProof.
func (t *NamingTree) Proof(i int) ([]Hash, error) {
	proof, err := tlog.ProveRecord(t.count, int64(i), t)
	if err != nil {
		return nil, custody.E(custody.CodeInvalid, "this part of the ledger names no customer with this number", "ask for the naming that holds the subject's number")
	}
	return proof, nil
}
