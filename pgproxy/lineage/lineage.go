// Package lineage says what a statement would disclose about data subjects, given
// its text and a snapshot of the guarded database. It decides nothing about people:
// the gate does that from the answer.
//
// The rule of attribution: for every occurrence of a declared table whose personal
// columns are shown or used, every row of the answer must carry the subject's key,
// or the key must be pinned by the statement. What cannot be attributed, and what is
// not understood near personal data, is refused with a hint.
package lineage

import (
	"custody"
)

// Statement is what one statement of a string does.
type Statement struct {
	Verb Verb
	// Text is the statement's own part of the string.
	Text string
	// Shape is the same for statements that differ in literals only. Zero if the
	// text has no shape.
	Shape uint64
	// Name of the prepared statement, cursor, channel or setting.
	Name string
	// Value of SET as text, and whether it is SET LOCAL.
	Value string
	Local bool
	// Args are the arguments of EXECUTE, in order.
	Args []Arg
	// Sources are the occurrences of declared tables whose personal data is shown
	// or used. Empty: the statement discloses nothing.
	Sources []Source
	// Outputs says what each column of the answer holds, in order; nil if the
	// columns are unknown or there are none.
	Outputs []Output
	// Mute is set when the client asked for no rows: all Outputs are hidden.
	Mute bool
	// Whole is set when a declared table is read without WHERE, inner join or LIMIT.
	Whole bool
	// Point is set when the answer is exactly one subject's own row, found by its key
	// and nothing else.
	Point bool
	// Opaque is set when the statement cannot be looked into.
	Opaque bool
	Writes []Write
	// Touches is set when any declared table, or a view over one, is mentioned at
	// all. Error texts of such statements may quote personal values.
	Touches bool
	// Unknown is set when a relation, column or function is not in the snapshot:
	// load the catalogue again and analyse once more before believing the answer.
	Unknown bool
	// LiteralsMatter is set when the answer holds for these literals only.
	LiteralsMatter bool
	// Ends says what Verb Transaction does with the transaction.
	Ends Ends
	// Inner is the statement of PREPARE, EXPLAIN, DECLARE and COPY (query).
	Inner *Statement
	Copy  *Copy
	// Edits make of the whole string the text that goes to the database in place of
	// the client's, see Splice; Send is the string first seen with them made. Empty:
	// the client's own text goes.
	Edits []Edit
	Send  string
	// Hidden are the last columns of the answer that Edits add: they say whose rows
	// are shown, and the client sees nothing of them. Outputs lists them too.
	Hidden []HiddenColumn
	// Refusal is set when the statement may not pass for anyone.
	Refusal      *custody.Error
	unattributed bool // it is for want of a key
	through      bool // every row that a change in WITH returns is a row of the answer
	runs         bool // EXPLAIN ANALYZE
}

// Arg is one argument of EXECUTE: its text if it is a bare constant.
type Arg struct {
	Text  string
	Const bool
}

// Source is one occurrence of a declared table whose personal data is shown or used.
type Source struct {
	Table *custody.Table
	Alias string
	// Keys are the output columns that carry this occurrence's subject key. A row
	// is attributed if the first of them that is not NULL resolves.
	Keys []int
	// Sets are the output columns that hold the keys of all rows of this occurrence
	// that have part in the answer's row. All of them count; then Keys and Pin are
	// not looked at.
	Sets []KeySet
	// Identifiers are the output columns that are identifier columns of it.
	Identifiers []int
	// Pin is the key if the statement itself fixes it; then Keys may be empty.
	Pin *Pin
	// Read is shown or used anywhere; Used is used otherwise than as a plain output
	// column and must therefore be permitted in clear.
	Read, Used custody.CategorySet
	// Decides: whether there are rows at all depends on these.
	Decides custody.CategorySet
	// Outer: the row may be null-extended; a row whose keys are all NULL then has no
	// data of this source.
	Outer bool
	// ByIdentifier: there is neither key nor pin, but only bare columns are shown and
	// an identifier is among them, which names the row's subject.
	ByIdentifier bool
	occ          int
	mixed        bool // Keys hold something else in rows of another query of a UNION
}

// KeySet is an output column that holds the text of an array of keys, or, from depth
// 2 on, of an array of such texts. NULL is nobody. An element that is NULL is nobody
// where the source is Outer, and otherwise somebody without a key.
type KeySet struct{ Column, Depth int }

// HiddenColumn is a column that the gate adds to an answer. It is text.
type HiddenColumn struct {
	// Depth of the array whose text it holds, see KeySet; zero: it is one key.
	Depth int
	// Source is the index into Sources of the first whose key it carries.
	Source int
}

// Pin is a key fixed by the statement: `WHERE id = 4711` or `WHERE id = $1`.
type Pin struct {
	// Param is the parameter's number from 1, or zero for a constant.
	Param int
	// Const is the constant in the key type's own text form.
	Const string
	// Literal is the position of the constant among the literals that the
	// normaliser lists, from 0, or -1.
	Literal int
	// TypeOID is the type of the key column.
	TypeOID uint32
	cast    bool // the parameter is cast to that type
}

// Output is one column of the answer.
type Output struct {
	Name       string
	Categories custody.CategorySet
	// Plain: the bare column, so its values can be masked in place.
	Plain bool
	// Source is the index into Sources, or -1.
	Source int
	// TableOID and Attr are as RowDescription reports them for a bare column, or
	// zero. TypeOID is the column's type, or zero if unknown.
	TableOID uint32
	Attr     int16
	TypeOID  uint32
	// Key: the column carries the subject key of at least one source.
	Key bool
}

// Write is a change to a declared table.
type Write struct {
	Table      *custody.Table
	Categories custody.CategorySet
	// Pin is the subject's key if the statement fixes it.
	Pin *Pin
	// Insert, Delete: rows come into being or go.
	Insert, Delete bool
	// Key is the column, hidden or not, that carries the subject's key of each row that
	// was changed: of the answer, or of what COPY FROM reads. -1: Pin alone tells.
	Key int
	// Names are the columns, of the same, that carry what names the subject from now on.
	Names []NameColumn
	// KeyType is the type of the key column.
	KeyType uint32

	rel   *relation
	alias string
	occ   int
	top   bool  // by the statement itself and not by one in WITH
	keys  []int // output columns that carry the key by the client's own wish
}

// NameColumn is a column whose values name subjects by themselves.
type NameColumn struct {
	Column   int
	Category custody.Category
}

// Copy is how COPY reads or writes.
type Copy struct {
	Format    string // text, csv or binary
	Columns   []string
	Header    bool
	Delimiter string
	Quote     string
	Escape    string
	Null      string
	Encoding  string
	From      bool
	Program   bool
	File      string
}

// Analyser answers for one snapshot. It is safe for concurrent use.
type Analyser struct {
	cat   *Catalogue
	cache *Cache
}

// New makes an analyser of one snapshot, with a cache of 4,096 shapes of statements.
func New(cat *Catalogue) *Analyser {
	return &Analyser{cat: cat, cache: NewCache(4096)}
}

// Catalogue gives the snapshot.
func (a *Analyser) Catalogue() *Catalogue { return a.cat }

// Analyse says what each statement of the string does, in order. The error is
// CodeInvalid if the string does not parse and CodeTooLarge over a stated maximum.
func (a *Analyser) Analyse(sql string) ([]Statement, error) {
	tree, err := parse(sql)
	if err != nil {
		return nil, err
	}
	list := make([]Statement, 0, len(tree.Stmts))
	var whole []span
	for _, raw := range tree.Stmts {
		s := a.read(sql, raw, false)
		if t, ok := a.rewritten(sql, raw, &s, &whole); ok {
			s = t
		}
		a.traced(sql, raw, &s, &whole)
		list = append(list, s)
	}
	if len(list) == 0 {
		list = append(list, Statement{Verb: Empty, Text: sql})
	}
	return list, nil
}
