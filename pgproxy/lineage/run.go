package lineage

import (
	"custody"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// Bounds on one analysis: views and CTEs are looked into again at every mention,
// so a small text can mean a great many occurrences.
const (
	maxOccurrences = 2000
	maxLevels      = 4000
	maxNesting     = 120
)

// node stands for one column of one item of FROM, or for a pin. Nodes are numbered
// through the whole analysis.
type node int32

const noNode node = -1

// nodeInfo says where a node lives: pins live nowhere and are valid everywhere.
type nodeInfo struct {
	level *level
	item  int
	pin   *Pin
	// outer chain for messages is not kept: refusals name tables, not nodes
}

// occurrence is one mention of a declared table, after views, CTEs and subselects
// were expanded.
type occurrence struct {
	table *custody.Table
	alias string
	// carriers are the nodes that equal the key of every row of this occurrence
	// that contributes to a row of the current level.
	carriers []node
	// sets are the nodes that hold the keys of all such rows, as arrays.
	sets []node
	// read and used as in Source; presence: rows of the answer exist or not because
	// of personal data of this occurrence.
	read, used custody.CategorySet
	presence   custody.CategorySet
	outer      bool
	// avoid are items whose nodes may be NULL although this occurrence contributed.
	avoid      []int
	restricted bool   // some level filters it
	closed     string // a guarded system relation; using it refuses
	ignored    bool   // in a query that never runs
	lostIn     lost
	mixed      bool // its key stands where another query of a UNION has something else
}

// lost says where an occurrence's key went missing, for the hint.
type lost uint8

const (
	lostNot lost = iota
	lostSelect
	lostGroup
	lostSets
	lostWindow
	lostUnion
	lostSubselect
	lostOuter
)

// run is one analysis.
type run struct {
	cat     *Catalogue
	text    string // the whole string, for literal positions
	nodes   []nodeInfo
	occs    []*occurrence
	items   int
	levels  int
	depth   int
	touches bool
	unknown bool
	opaque  bool
	literal bool // literals matter
	writes  []Write
	top     bool // the statement itself is read next, and not one in WITH
	// hard refusals hold whatever is touched, soft ones only near personal data.
	hard, soft *custody.Error
	pending    []*cte
	literals   []int // offsets of the literals as the normaliser lists them
	view       int   // >0 while inside a view's definition
	equals     map[int32]equals
	params     map[int32]int // how often each parameter is mentioned
	effect     string        // a function that leaves a trace, called next to declared tables
	// sensitive: names met a declared table, a guarded relation or a view over such.
	sensitive bool
	// hide is set in the second reading of a statement, confirm in the third; see
	// rewrite.go. fixed > 0: the select list may not grow. arm: the query that is read
	// next is one of a set operation.
	hide    *hiding
	confirm bool
	// inserted is where the text has what the gate added.
	inserted []span
	fixed    int
	arm      bool
	flat     bool // equal rows of the query that is read next are dropped further out anyway
}

func newRun(cat *Catalogue, text string) *run { return &run{cat: cat, text: text} }

func (r *run) newNode(l *level, item int) node {
	r.nodes = append(r.nodes, nodeInfo{level: l, item: item})
	return node(len(r.nodes) - 1)
}

func (r *run) newPin(p *Pin) node {
	r.nodes = append(r.nodes, nodeInfo{pin: p})
	return node(len(r.nodes) - 1)
}

// use marks categories as read; clear says that they are used otherwise than as a
// plain output column.
func (r *run) use(d deps, clear bool) {
	for _, x := range d {
		o := r.occs[x.occ]
		o.read |= x.cats
		if clear {
			o.used |= x.cats
		}
	}
}

// decides marks categories on which the existence of rows depends.
func (r *run) decides(l *level, d deps) {
	r.use(d, true)
	for _, x := range d {
		r.occs[x.occ].presence |= x.cats
	}
	l.presence = l.presence.union(d)
}

// enter guards the depth of the analysis.
func (r *run) enter() bool {
	r.depth++
	r.levels++
	if r.depth > maxNesting || r.levels > maxLevels || len(r.occs) > maxOccurrences {
		r.refuse(refuseComplex())
		return false
	}
	return true
}

func (r *run) leave() { r.depth-- }

// refuse refuses whatever is touched; the first refusal stays.
func (r *run) refuse(e *custody.Error) {
	if r.hard == nil {
		r.hard = e
	}
}

// refuseNear refuses if the statement turns out to touch a declared table.
func (r *run) refuseNear(e *custody.Error) {
	if r.soft == nil {
		r.soft = e
	}
}

func (r *run) unsafe(e *custody.Error) {
	r.opaque = true
	r.refuse(e)
}

// strs reads a list of String nodes.
func strs(list []*pg.Node) []string {
	out := make([]string, 0, len(list))
	for _, n := range list {
		out = append(out, n.GetString_().GetSval())
	}
	return out
}
