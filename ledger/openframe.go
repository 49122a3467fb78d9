package ledger

import (
	"bytes"

	"custody"
)

// openFrame is a frame taken apart, so that single events can be shown.
type openFrame struct {
	seed    []byte
	body    []byte
	spots   []spot
	leaves  []Hash // of the events
	decoded decoded
}

// spot is where an event lies.
type spot struct {
	at   int    // in the body
	salt uint64 // number of its first salt
}

// read takes a frame apart and gives the fault, or nothing.
func (o *openFrame) read(f *frame) string {
	o.body = bytes.Clone(f.body)
	o.seed = o.body[:saltSize]
	o.spots, o.leaves = o.spots[:0], o.leaves[:0]
	at, salt := saltSize, uint64(0)
	return f.eachEvent(&o.decoded, o.body, func(d *decoded, b []byte) *decoded {
		o.spots = append(o.spots, spot{at, salt})
		leaves := o.blocks(d.Subjects, salt)
		o.leaves = append(o.leaves, eventHash(b[:d.head], treeHash(leaves)))
		at += len(b)
		salt += uint64(len(leaves))
		return d
	})
}

// blocks gives the leaves of a subject tree whose first salt is number salt.
func (o *openFrame) blocks(subjects []custody.SubjectID, salt uint64) []Hash {
	var leaves []Hash
	for i := range blockCount(len(subjects)) {
		leaves = append(leaves, blockHash(saltAt(o.seed, salt+uint64(i)), blockOf(subjects, i)))
	}
	return leaves
}

// blockCount is the number of blocks of so many subjects.
func blockCount(subjects int) int { return max(1, (subjects+blockSubjects-1)/blockSubjects) }

// blockOf gives block i of a subject list.
func blockOf(subjects []custody.SubjectID, i int) []custody.SubjectID {
	from := i * blockSubjects
	return subjects[from:min(from+blockSubjects, len(subjects))]
}

// event shows the ith event: only the block that holds a subject, or all blocks if
// it holds none of that number.
func (o *openFrame) event(i int, subject custody.SubjectID) *extractEvent {
	s, d := o.spots[i], &o.decoded
	d.decode(o.body[s.at:]) // read has decoded it before
	e := &extractEvent{Type: "event", Head: o.body[s.at : s.at+d.head], Proof: proofOf(auditPath(o.leaves, i))}
	for at, found := range d.Subjects {
		if found == subject {
			e.Block = o.block(d, s.salt, at/blockSubjects)
			return e
		}
	}
	e.All = &extractAll{Subjects: numbers(d.Subjects)}
	for k := range blockCount(len(d.Subjects)) {
		e.All.Salts = append(e.All.Salts, saltAt(o.seed, s.salt+uint64(k))...)
	}
	return e
}

func (o *openFrame) block(d *decoded, salt uint64, i int) *extractBlock {
	leaves := o.blocks(d.Subjects, salt)
	return &extractBlock{
		Root: base64Hash(treeHash(leaves)), Block: uint64(i), Salt: saltAt(o.seed, salt+uint64(i)),
		Subjects: numbers(blockOf(d.Subjects, i)), Proof: proofOf(auditPath(leaves, i)),
	}
}

func numbers(list []custody.SubjectID) []uint32 {
	n := make([]uint32, len(list))
	for i, s := range list {
		n[i] = uint32(s)
	}
	return n
}
