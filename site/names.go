package site

import (
	"custody"
	"custody/ledger"
	"custody/store"
)

// NameProofs proves what subjects' numbers stand for, from the store. The tree of the
// naming that was asked for last is kept: an extract asks for many of the same.
func NameProofs(st *store.Store) ledger.Names {
	var tree *ledger.NamingTree
	var of custody.SubjectID
	return func(subject custody.SubjectID, n *custody.Naming) (*ledger.Name, error) {
		s, err := st.Subject(subject)
		if err != nil || s.Key == "" {
			return nil, err
		}
		if tree == nil || of != n.First {
			leaves := make([]ledger.Hash, 0, n.Count)
			for sub, err := range st.SubjectRange(n.First, n.Count) {
				if err != nil {
					return nil, err
				}
				leaves = append(leaves, sub.Commitment)
			}
			tree, of = ledger.NewNamingTree(leaves), n.First
		}
		proof, err := tree.Proof(int(subject - n.First))
		if err != nil {
			return nil, err
		}
		return &ledger.Name{System: s.System, Key: s.Key, Salt: s.Salt, Proof: proof}, nil
	}
}
