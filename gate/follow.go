package gate

import "custody"

// Named is a value that a change gives to a subject. Print is zero where the change
// gives none: something was taken away, or is no identifier.
type Named struct {
	Subject custody.SubjectID
	Print   uint64
}

// Follower keeps the identifiers at what changes through a gate leave behind.
type Follower interface {
	// Announce says that a value may name a subject from now on, whatever becomes of
	// the transaction. It holds until Settle.
	Announce(system custody.SystemID, subject custody.SubjectID, category custody.Category, value []byte) Named
	// Settle says that the transaction that changed these subjects has ended: what
	// names them now is read from the database, soon and without waiting for it.
	Settle(system custody.SystemID, changed []Named)
}

// Follower hears what changes; nil when nobody follows.
func (g *Gate) Follower() Follower { return g.parts.Follower }
