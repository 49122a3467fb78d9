package pgproxy

import (
	"custody"
	"custody/pgproxy/lineage"
)

// rowPlan is how the rows of the streaming result are looked at: which columns
// carry keys, which are masked. It is made once a result.
type rowPlan struct {
	open    bool
	shape   uint64
	step    *step
	pins    []string
	formats []int16
	types   []uint32 // by RowDescription; nil if there was none
	width   int      // columns, hidden ones too; -1 if unknown
	hidden  int      // how many of them, at the end, the client does not see
	tail    int      // where they begin in the message that split has walked
	need    int      // columns to walk: one past the last that matters
	sources []rowSource
	sets    bool // some source has key sets
	writes  []rowWrite
	mute    bool   // the client asked for no rows: all columns are hidden
	masks   []mask // by column, ascending
	values  [][]byte
	scratch []byte
	found   []custody.SubjectID
}

// rowSource is a source of the plan with its group in the answer.
type rowSource struct {
	*lineage.Source
	group int
	pin   string
	shown bool   // some row was attributed
	last  []byte // the key of the row before, whose subject is known
	known custody.SubjectID
	// everybody are the subjects of the source's key sets in the row, where they are
	// not those of the row before, see everybodyOf.
	everybody []custody.SubjectID
	lastSets  [][]byte
	setPart   int
}

type mask struct {
	column   int
	category custody.Category
}

// target finds the step whose rows the present reply carries: EXECUTE and FETCH
// carry those of another. err refuses.
func (c *conn) target(e *expect) (st *step, pins []string, route custody.Route, err error) {
	st, route = c.stepOf(e), custody.RouteQuery
	if st == nil {
		return nil, nil, route, nil
	}
	pins = st.pins
	if e.portal != nil && e.portal.pins != nil {
		pins = e.portal.pins
	}
	switch st.Verb {
	case lineage.Execute:
		ps := c.statements[st.Name]
		if ps == nil || len(ps.steps) != 1 {
			return nil, nil, route, unknownName("prepared statement")
		}
		args := st.Args
		if st, err = c.current(ps); err != nil {
			return nil, nil, route, err
		}
		return st, st.pinsOf(args), route, nil
	case lineage.Fetch:
		p := c.portals[st.Name]
		if p == nil || p.step == nil {
			return nil, nil, route, unknownName("cursor")
		}
		if pins = p.pins; pins == nil {
			pins = p.step.pins
		}
		return p.step, pins, custody.RouteCursor, c.rule(p.step, p.step.Verb)
	case lineage.CopyTo:
		if st.Inner != nil && len(st.Sources) == 0 && len(st.Inner.Sources) > 0 {
			return &step{Statement: st.Inner, cat: st.cat, pins: st.pins, rulings: st.rulings}, pins, custody.RouteCopy, nil
		}
		return st, pins, custody.RouteCopy, nil
	}
	return st, pins, route, nil
}

func unknownName(what string) error {
	return custody.E(custody.CodeUnattributed, "the gate does not know this "+what, "make it anew in this session, through the gate")
}

// openRows prepares for the rows of the present reply, once a result.
func (c *conn) openRows(e *expect) error {
	r := &c.rows
	r.open, r.width, r.types = true, -1, nil
	r.sources, r.masks, r.need, r.hidden = r.sources[:0], r.masks[:0], 0, 0
	r.sets, r.writes, r.mute = false, r.writes[:0], false
	if !c.sys.declares() {
		r.step = nil
		return nil
	}
	st, pins, route, err := c.target(e)
	if err != nil {
		return err
	}
	if st == nil {
		return custody.E(custody.CodeUnattributed, "the gate does not know which statement these rows belong to", "send the statement by itself")
	}
	r.step, r.pins, r.shape = st, pins, st.Shape
	r.formats = nil
	if e.portal != nil {
		r.formats = e.portal.formats
	}
	if e.portal != nil && e.portal.description != nil {
		if err := c.checkRow(st, e.portal.description, true); err != nil {
			return err
		}
	}
	if err := c.openWrites(st, route); err != nil {
		return err
	}
	if len(st.Sources)+len(r.writes) == 0 {
		return nil
	}
	if len(st.rulings) != len(st.Sources) {
		return custody.E(custody.CodeUnattributed, "the gate has not decided on this statement", "send it again")
	}
	c.answer.Turn(route, st.Shape)
	r.width, r.hidden = len(st.Outputs), len(st.Hidden)
	if r.hidden > 0 {
		r.need = r.width
	}
	for i := range st.Sources {
		c.addSource(i)
	}
	return c.addMasks()
}

func (c *conn) addSource(i int) {
	r := &c.rows
	src := &r.step.Sources[i]
	s := rowSource{Source: src, group: c.answer.Group(r.step.rulings[i], src.Read)}
	if i < len(r.pins) {
		s.pin = r.pins[i]
	}
	r.sets = r.sets || len(src.Sets) > 0
	for _, k := range src.Sets {
		r.need = max(r.need, k.Column+1)
	}
	for _, k := range src.Keys {
		r.need = max(r.need, k+1)
	}
	for _, k := range src.Identifiers {
		r.need = max(r.need, k+1)
	}
	if src.Outer { // to see that a row without a key shows nothing
		for k := range r.step.Outputs {
			if r.of(k, src) {
				r.need = max(r.need, k+1)
			}
		}
	}
	r.sources = append(r.sources, s)
}

// of says whether output k is a bare personal column of the source.
func (r *rowPlan) of(k int, s *lineage.Source) bool {
	o := &r.step.Outputs[k]
	return o.Plain && o.Categories != 0 && o.Source >= 0 && &r.step.Sources[o.Source] == s
}

// blank says whether the row shows nothing of the source, as where an outer join
// found no row.
func (r *rowPlan) blank(s *rowSource) bool {
	for k := range r.values {
		if r.values[k] != nil && r.of(k, s.Source) {
			return false
		}
	}
	return true
}

// addMasks lists the output columns whose categories may be shown masked only.
func (c *conn) addMasks() error {
	r := &c.rows
	var masked custody.CategorySet
	for _, ruling := range r.step.rulings {
		masked |= ruling.Masked
	}
	if masked == 0 {
		return nil
	}
	for i := range r.step.Outputs {
		o := &r.step.Outputs[i]
		hidden := o.Categories & masked
		if hidden == 0 {
			continue
		}
		if !o.Plain || o.Categories.Len() != 1 {
			return custody.E(custody.CodeForbidden, "your grant shows "+hidden.String()+" masked only", "select the bare column")
		}
		r.masks = append(r.masks, mask{i, o.Categories.List()[0]})
		r.need = max(r.need, i+1)
	}
	return nil
}
