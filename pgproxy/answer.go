package pgproxy

import (
	"encoding/binary"
	"slices"

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
	width   int      // columns, -1 if unknown
	need    int      // columns to walk: one past the last that matters
	sources []rowSource
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
	r.sources, r.masks, r.need = r.sources[:0], r.masks[:0], 0
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
	if len(st.Sources) == 0 {
		return nil
	}
	if len(st.rulings) != len(st.Sources) {
		return custody.E(custody.CodeUnattributed, "the gate has not decided on this statement", "send it again")
	}
	c.answer.Turn(route, st.Shape)
	r.width = len(st.Outputs)
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

// described handles RowDescription: the database's own word on which table each
// column comes from is held against what lineage expects. A difference means that
// the schema changed or that lineage erred: nothing is shown.
func (c *conn) described(m message) error {
	if len(c.queue) == 0 {
		return unexpected()
	}
	e := &c.queue[0]
	switch e.kind {
	case 'Q':
		if e.told || c.stopped != nil {
			return nil
		}
		if err := c.openRows(e); err != nil {
			c.stop(err)
			return nil
		}
		if err := c.checkRow(c.rows.step, m, true); err != nil {
			c.stop(err)
			return nil
		}
	case 'd', 'D':
		c.checkDescribed(e, m)
		hidden := e.hidden
		c.pop()
		if hidden {
			return nil
		}
	default:
		return unexpected()
	}
	c.out = append(c.out, m...)
	return nil
}

// checkDescribed checks the description of a statement or portal that is not yet
// running; one that does not fit makes its execution fail.
func (c *conn) checkDescribed(e *expect, m message) {
	if !c.sys.declares() {
		return
	}
	var st *step
	if e.ps != nil && len(e.ps.steps) == 1 {
		st = &e.ps.steps[0]
	}
	if e.portal != nil { // held against the statement whose rows really come, see openRows
		e.portal.description = append(e.portal.description[:0], m...)
		return
	}
	if st == nil || st.Verb == lineage.Execute || st.Verb == lineage.Fetch {
		return
	}
	if err := c.checkRow(st, m, false); err != nil {
		if e.ps != nil {
			e.ps.broken = err
		}
	}
}

// checkRow compares a RowDescription with the outputs that lineage expects. For a
// running result it also takes over formats and types.
func (c *conn) checkRow(st *step, m message, running bool) error {
	if st == nil {
		return nil
	}
	body := cursor{b: m.body()}
	n := body.int16()
	if running {
		c.rows.formats, c.rows.types = c.rows.formats[:0:0], nil
	}
	for i := range max(n, 0) {
		body.cstring()
		table, attr := uint32(body.int32()), int16(body.int16())
		typ := uint32(body.int32())
		body.take(6)
		f := body.int16()
		if body.bad {
			return unexpected()
		}
		if running {
			c.rows.formats = append(c.rows.formats, int16(f))
			c.rows.types = append(c.rows.types, typ)
		}
		if !fits(st, i, table, attr) {
			c.sys.stale()
			return custody.E(custody.CodeUnattributed, "the columns of the answer are not those that the gate expected",
				"the schema may have just changed: send the statement again in a few seconds")
		}
	}
	if len(st.Sources) > 0 && n != len(st.Outputs) {
		c.sys.stale()
		return custody.E(custody.CodeUnattributed, "the answer has another number of columns than the gate expected",
			"the schema may have just changed: send the statement again in a few seconds")
	}
	return nil
}

// fits says whether column i may come from the table and attribute that the
// database names.
func fits(st *step, i int, table uint32, attr int16) bool {
	if i < len(st.Outputs) {
		if o := &st.Outputs[i]; o.TableOID != 0 || len(st.Sources) > 0 {
			return o.TableOID == table && o.Attr == attr || o.TableOID == 0 && !st.cat.Categorised(table, attr)
		}
	}
	return !st.cat.Categorised(table, attr)
}

// row handles a DataRow: attribute it (step 5), count it (step 6), collect it.
func (c *conn) row(m message) error {
	if len(c.queue) == 0 {
		return unexpected()
	}
	e := &c.queue[0]
	if e.kind != 'Q' && e.kind != 'E' {
		return unexpected()
	}
	if c.stopped != nil || e.told {
		return nil
	}
	if !c.rows.open {
		if err := c.openRows(e); err != nil {
			c.stop(err)
			return nil
		}
	}
	if len(c.rows.sources) == 0 {
		c.out = append(c.out, m...)
		return nil
	}
	if err := c.rows.split(m); err != nil {
		return err
	}
	if err := c.attribute(); err != nil {
		c.stop(err)
		return nil
	}
	if len(c.rows.masks) == 0 {
		c.out = append(c.out, m...)
		return nil
	}
	c.out = c.appendMasked(c.out, m)
	return nil
}

// split points values at the columns that matter, in place.
func (r *rowPlan) split(m message) error {
	b := m.body()
	if len(b) < 2 {
		return unexpected()
	}
	n := int(binary.BigEndian.Uint16(b))
	if n != r.width {
		return unexpected()
	}
	r.values = r.values[:0]
	at := 2
	for range r.need {
		if at+4 > len(b) {
			return unexpected()
		}
		size := int(int32(binary.BigEndian.Uint32(b[at:])))
		at += 4
		if size < 0 {
			r.values = append(r.values, nil)
			continue
		}
		if size > len(b)-at {
			return unexpected()
		}
		r.values = append(r.values, b[at:at+size:at+size])
		at += size
	}
	return nil
}

// appendMasked writes the row with its masked columns replaced.
func (c *conn) appendMasked(dst []byte, m message) []byte {
	r := &c.rows
	dst, at := begin(dst, 'D')
	b := m.body()
	dst = append(dst, b[:2]...)
	from, pos := 2, 2 // copied up to, walking at
	next := 0
	for col := 0; next < len(r.masks); col++ {
		size := int(int32(binary.BigEndian.Uint32(b[pos:])))
		end := pos + 4 + max(size, 0)
		if col == r.masks[next].column {
			dst = append(dst, b[from:pos]...)
			dst = c.appendMaskedValue(dst, col, r.masks[next].category, r.values[col])
			from = end
			next++
		}
		pos = end
	}
	return finish(append(dst, b[from:]...), at)
}

// appendMaskedValue writes length and masked value; NULL stays NULL, and what has
// no masked form becomes NULL.
func (c *conn) appendMaskedValue(dst []byte, col int, category custody.Category, v []byte) []byte {
	at := len(dst)
	dst = append(dst, 0xff, 0xff, 0xff, 0xff)
	if v == nil {
		return dst
	}
	var typ uint32
	if col < len(c.rows.types) {
		typ = c.rows.types[col]
	} else {
		typ = c.rows.step.Outputs[col].TypeOID
	}
	start := len(dst)
	dst, ok := c.s.maskValue(dst, category, typ, format(c.rows.formats, col), v)
	if !ok {
		return dst[:start]
	}
	binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-start))
	return dst
}

// attribute finds the subjects of the row in values and counts them.
func (c *conn) attribute() error {
	r := &c.rows
	for i := range r.sources {
		s := &r.sources[i]
		known, err := c.resolve(s)
		if err != nil {
			return err
		}
		s.shown = true
		if c.ahead.holds(r.step, known) {
			continue
		}
		if known != 0 {
			if err := c.answer.Add(s.group, known); err != nil {
				return err
			}
			continue
		}
		for _, id := range r.found {
			if err := c.answer.Add(s.group, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// unshown records what a completed statement told without a row: that no row, or how
// many were changed, where personal data of one pinned customer decided it.
func (c *conn) unshown(e *expect, st *step) error {
	switch st.Verb {
	case lineage.Select, lineage.Insert, lineage.Update, lineage.Delete, lineage.Execute, lineage.Fetch, lineage.CopyTo:
	default:
		return nil
	}
	if !c.sys.declares() || !c.mayDisclose(st) {
		return nil
	}
	if !c.rows.open {
		if err := c.openRows(e); err != nil {
			return err
		}
	}
	r := &c.rows
	for i := range r.sources {
		s := &r.sources[i]
		if s.shown || s.pin == "" || s.Decides == 0 {
			continue
		}
		id, ok := c.s.o.Gate.Directory().Lookup(c.sys.ID, []byte(s.pin))
		if !ok {
			continue
		}
		ruling := r.step.rulings[i]
		ruling.Masked = 0
		if err := c.answer.Add(c.answer.Group(ruling, s.Decides), id); err != nil {
			return err
		}
	}
	return nil
}

// resolve finds the subject of one source in the row: by its key, by a pinned key,
// or by the identifiers in the row (then several may share them, in found). Zero
// and none found means that the row holds no data of this source.
func (c *conn) resolve(s *rowSource) (custody.SubjectID, error) {
	r := &c.rows
	r.found = r.found[:0]
	for _, k := range s.Keys {
		v := r.values[k]
		if v == nil {
			continue
		}
		if s.known != 0 && string(v) == string(s.last) {
			return s.known, nil
		}
		id, err := c.subject(k, v)
		if err == nil {
			s.known, s.last = id, append(s.last[:0], v...)
		}
		return id, err
	}
	if s.pin != "" {
		return c.lookup([]byte(s.pin))
	}
	return 0, c.identify(s)
}

// subject gives the number of the subject whose key is in column col.
func (c *conn) subject(col int, v []byte) (custody.SubjectID, error) {
	r := &c.rows
	f := format(r.formats, col)
	if f == 0 {
		return c.lookup(v)
	}
	typ := r.step.Outputs[col].TypeOID
	if col < len(r.types) {
		typ = r.types[col]
	}
	key, ok := keyText(r.scratch[:0], typ, f, v)
	if !ok {
		return 0, custody.E(custody.CodeUnattributed, "the key column is in a binary form that the gate does not read", "cast the key to text, or ask for text format")
	}
	if len(key) > 0 && cap(key) <= 64 {
		r.scratch = key[:0]
	}
	return c.lookup(key)
}

func (c *conn) lookup(key []byte) (custody.SubjectID, error) {
	d := c.s.o.Gate.Directory()
	if id, ok := d.Lookup(c.sys.ID, key); ok {
		return id, nil
	}
	ids, err := d.Assign(c.sys.ID, []string{string(key)}) // new since the directory was filled
	if err != nil || len(ids) != 1 {
		return 0, &custody.Error{Code: custody.CodeUnrecorded, Message: "a new customer could not be given a number, so nothing was released",
			Hint: "tell the administrator: the store cannot write", Err: err}
	}
	return ids[0], nil
}

// identify finds the subjects of a row without a key by its identifiers.
func (c *conn) identify(s *rowSource) error {
	r := &c.rows
	x := c.s.o.Gate.Identifiers()
	some := false
	for _, k := range s.Identifiers {
		v := r.values[k]
		if v == nil {
			continue
		}
		some = true
		if x == nil {
			break
		}
		for _, category := range r.step.Outputs[k].Categories.List() {
			if c.sys.changedHands(category) {
				continue
			}
			r.found = both(r.found, x.Find(nil, c.sys.ID, category, v))
		}
	}
	if len(r.found) > 0 || s.Outer && r.blank(s) || !some && len(s.Identifiers) > 0 && c.empty(s) {
		return nil
	}
	return unattributed(s.Table)
}

// both narrows the subjects that one identifier names by those of another: a phone
// that a family shares beside an email is one person's. Identifiers that contradict
// each other name everybody.
func both(a, b []custody.SubjectID) []custody.SubjectID {
	var common []custody.SubjectID
	for _, s := range b {
		if slices.Contains(a, s) {
			common = append(common, s)
		}
	}
	if len(common) > 0 {
		return common
	}
	return append(a, b...)
}

// empty says whether the row shows nothing of the source: every column of it is an
// identifier and NULL.
func (c *conn) empty(s *rowSource) bool {
	return s.Read.Len() > 0 && s.Used == 0 && len(c.rows.values) >= c.rows.need && c.onlyIdentifiers(s)
}

func (c *conn) onlyIdentifiers(s *rowSource) bool {
	for i := range c.rows.step.Outputs {
		o := &c.rows.step.Outputs[i]
		if o.Categories == 0 || o.Source < 0 || &c.rows.step.Sources[o.Source] != s.Source {
			continue
		}
		found := false
		for _, k := range s.Identifiers {
			found = found || k == i
		}
		if !found {
			return false
		}
	}
	return true
}

func unattributed(t *custody.Table) error {
	return custody.E(custody.CodeUnattributed, "a row of "+t.Name+" could not be tied to its customer",
		"add "+t.Name+"."+t.Key+" to the select list")
}
