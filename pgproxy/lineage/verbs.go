package lineage

// Verb is the kind of a statement.
type Verb uint8

// The verbs.
const (
	Empty Verb = iota
	Select
	Insert
	Update
	Delete
	Merge
	CopyTo
	CopyFrom
	Set
	Reset
	Show
	Transaction
	Prepare
	Execute
	Deallocate
	Declare
	Fetch
	ClosePortal
	Explain
	Lock
	Discard
	Listen
	Notify
	Unlisten
	Call
	Do
	DDL
	Utility
	verbCount
)

// Ends is what a statement does with the transaction that it is in.
type Ends uint8

// What statements of Verb Transaction do. Commits is any that may make changes stay.
const (
	EndsNothing Ends = iota
	Begins
	Commits
	RollsBack
	Marks // SAVEPOINT
	Releases
	GoesBack // ROLLBACK TO SAVEPOINT
)

var verbNames = [verbCount]string{
	"empty", "select", "insert", "update", "delete", "merge", "copy to", "copy from",
	"set", "reset", "show", "transaction", "prepare", "execute", "deallocate", "declare",
	"fetch", "close", "explain", "lock", "discard", "listen", "notify", "unlisten",
	"call", "do", "ddl", "utility",
}

// String gives the verb in lower case.
func (v Verb) String() string {
	if v < verbCount {
		return verbNames[v]
	}
	return "unknown"
}
