package site

import (
	"custody"
	"custody/subjects"
)

// These make memory a body.Known, so that what is known of the customers whom an
// answer names is recognised in it. The prints of one deployment stay the same when
// an erasure replaces the index, because they hang on its key alone.

// Known implements body.Known.
func (m *memory) Known(dst []subjects.Print, system custody.SystemID, subject custody.SubjectID) []subjects.Print {
	return m.now.Load().index.Known(dst, system, subject)
}

// FirstLetters implements body.Known.
func (m *memory) FirstLetters(head uint64, length int) uint16 {
	return m.now.Load().index.FirstLetters(head, length)
}

// FirstWord implements body.Known.
func (m *memory) FirstWord(word []byte) uint16 { return m.now.Load().index.FirstWord(word) }

// Term implements body.Known.
func (m *memory) Term(system custody.SystemID, words []byte) uint64 {
	return m.now.Load().index.Term(system, words)
}

// Form implements body.Known.
func (m *memory) Form(system custody.SystemID, category custody.Category, form []byte) uint64 {
	return m.now.Load().index.Form(system, category, form)
}

// DateTerm implements body.Known.
func (m *memory) DateTerm(system custody.SystemID, year, month, day int) uint64 {
	return m.now.Load().index.DateTerm(system, year, month, day)
}

// Corroborates implements body.Corroborating.
func (m *memory) Corroborates(system custody.SystemID) subjects.Corroboration {
	return m.now.Load().index.Corroborates(system)
}

// Locates implements body.Corroborating.
func (m *memory) Locates(system custody.SystemID, key uint64) bool {
	return m.now.Load().index.Locates(system, key)
}

// Surname implements body.Corroborating.
func (m *memory) Surname(system custody.SystemID, first uint16) bool {
	return m.now.Load().index.Surname(system, first)
}

// Pair implements body.Corroborating.
func (m *memory) Pair(dst []custody.SubjectID, system custody.SystemID, pair subjects.Corroboration, name, place uint64) []custody.SubjectID {
	return m.now.Load().index.Pair(dst, system, pair, name, place)
}
