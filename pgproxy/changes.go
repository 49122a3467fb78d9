package pgproxy

import (
	"slices"

	"custody"
	"custody/gate"
	"custody/pgproxy/lineage"
)

// changes are what the open transaction has changed so far. They are recorded before
// anything is sent that may commit it: see script.go for transactions of one string,
// sync for those that end with Sync, and endsTransaction for the client's own.
type changes struct {
	*gate.Changes
	unnumbered []unnumbered // keys that the directory did not know
	named      []gate.Named // whose names change; told to the follower when it is over
	savepoints []savepoint
	open       bool // the client has begun a transaction block
	unasked    bool // a change was sent whose answer was not asked for
}

// unnumbered is a change of somebody who has no number yet.
type unnumbered struct {
	group int
	key   string
	names []name
}

type name struct {
	category custody.Category
	value    []byte
}

type savepoint struct {
	name string
	mark gate.Mark
}

// numberAt is how many new customers are given their numbers at a time.
const numberAt = 1000

// rowWrite is a change of the statement whose rows stream: which column says whose.
type rowWrite struct {
	*lineage.Write
	group int
	last  []byte
}

// changing finds the step whose changes are to be recorded: the step itself, or the
// prepared one that it executes. Nil if there are none.
func (c *conn) changing(st *step) *step {
	switch st.Verb {
	case lineage.Select, lineage.Insert, lineage.Update, lineage.Delete, lineage.CopyFrom:
	case lineage.Execute:
		ps := c.statements[st.Name]
		if ps == nil || len(ps.steps) != 1 {
			return nil
		}
		st = &ps.steps[0]
	default:
		return nil
	}
	for i := range st.Writes {
		if st.Writes[i].Categories != 0 {
			return st
		}
	}
	return nil
}

// openWrites notes how the rows of a result tell whose data was changed.
func (c *conn) openWrites(st *step, route custody.Route) error {
	r := &c.rows
	r.writes, r.mute = r.writes[:0], st.Mute
	for i := range st.Writes {
		w := &st.Writes[i]
		if w.Categories == 0 || w.Key < 0 {
			continue
		}
		if len(st.changes) != len(st.Writes) {
			return custody.E(custody.CodeUnattributed, "the gate has not decided on this change", "send it again")
		}
		r.writes = append(r.writes, rowWrite{Write: w, group: c.changes.Group(st.changes[i], route, st.Shape, w.Categories)})
		r.need = max(r.need, w.Key+1)
	}
	return nil
}

// changedRow notes whose data was changed, from the row in values.
func (c *conn) changedRow() error {
	r := &c.rows
	for i := range r.writes {
		w := &r.writes[i]
		v := r.values[w.Key]
		if v == nil { // the row belongs to nobody
			continue
		}
		if f := format(r.formats, w.Key); f != 0 {
			key, ok := keyText(nil, w.KeyType, f, v)
			if !ok {
				return custody.E(custody.CodeUnattributed, "the key column is in a binary form that the gate does not read", "ask for text format")
			}
			v = key
		}
		if len(w.Names) == 0 && w.last != nil && string(w.last) == string(v) {
			continue
		}
		w.last = append(w.last[:0], v...)
		if err := c.changed(w, v, r.values); err != nil {
			return err
		}
	}
	return nil
}

// changed notes one change of the customer with a key; values hold what names them now.
func (c *conn) changed(w *rowWrite, key []byte, values [][]byte) error {
	names := make([]name, 0, len(w.Names))
	for _, n := range w.Names {
		if v := values[n.Column]; v != nil {
			names = append(names, name{n.Category, v})
		}
	}
	if id, ok := c.s.o.Gate.Directory().Lookup(c.sys.ID, key); ok {
		return c.touch(w.group, id, names, follows(w.Write))
	}
	for i := range names {
		names[i].value = append([]byte(nil), names[i].value...)
	}
	c.changes.unnumbered = append(c.changes.unnumbered, unnumbered{w.group, string(key), names})
	if len(c.changes.unnumbered) >= numberAt {
		return c.number()
	}
	return nil
}

// follows says whether a change may alter what names its customer.
func follows(w *lineage.Write) bool {
	for _, id := range w.Table.Identifiers {
		if w.Categories.Has(w.Table.Columns[id]) {
			return true
		}
	}
	return false
}

// touch counts a changed customer, and lets the new values name them from now on.
func (c *conn) touch(group int, id custody.SubjectID, names []name, follows bool) error {
	if err := c.changes.Add(group, id); err != nil {
		return err
	}
	f := c.s.o.Gate.Follower()
	if f == nil || !follows {
		return nil
	}
	k := len(c.changes.named)
	for _, n := range names {
		c.changes.named = append(c.changes.named, f.Announce(c.sys.ID, id, n.category, n.value))
	}
	if len(names) == 0 && (k == 0 || c.changes.named[k-1].Subject != id) {
		c.changes.named = append(c.changes.named, gate.Named{Subject: id})
	}
	return nil
}

// number gives new customers their numbers and counts them.
func (c *conn) number() error {
	list := c.changes.unnumbered
	if len(list) == 0 {
		return nil
	}
	c.changes.unnumbered = list[:0]
	keys := make([]string, len(list))
	for i := range list {
		keys[i] = list[i].key
	}
	ids, err := c.s.o.Gate.Directory().Assign(c.sys.ID, keys)
	if err != nil || len(ids) != len(keys) {
		return &custody.Error{Code: custody.CodeUnrecorded, Message: "new customers could not be given numbers, so nothing was changed",
			Hint: "tell the administrator: the store cannot write", Err: err}
	}
	for i, id := range ids {
		if err := c.touch(list[i].group, id, list[i].names, len(list[i].names) > 0); err != nil {
			return err
		}
	}
	return nil
}

// changedAll ends the changes of a completed statement: of those in WITH that no row
// tells of, the customer is the one whom the statement fixes.
func (c *conn) changedAll(e *expect, st *step) error {
	at := c.changing(st)
	if at == nil {
		return nil
	}
	var args []lineage.Arg
	if st.Verb == lineage.Execute {
		args = st.Args
	}
	for i := range at.Writes {
		w := &at.Writes[i]
		if w.Categories == 0 || w.Key >= 0 {
			continue
		}
		if len(at.changes) != len(at.Writes) {
			ps := c.statements[st.Name]
			if ps == nil {
				return unknownName("prepared statement")
			}
			var err error
			if at, err = c.current(ps); err != nil {
				return err
			}
		}
		key := at.fixed(e, i, args)
		if key == "" { // equal to what no key can be, or to NULL: no row was changed
			continue
		}
		group := c.changes.Group(at.changes[i], custody.RouteQuery, at.Shape, w.Categories)
		if err := c.changed(&rowWrite{Write: w, group: group}, []byte(key), nil); err != nil {
			return err
		}
	}
	return c.number()
}

// recordChanges makes what was changed durable: from then on, and no sooner, the
// transaction may be committed (P1). An error ends the connection, and the database
// rolls back.
func (c *conn) recordChanges() error {
	if c.changes.Changes != nil && c.changes.Pending()+len(c.changes.unnumbered) > 0 {
		c.cool(coolSlow) // it waits for the disk alone
	}
	if err := c.number(); err != nil {
		return err
	}
	return c.changes.Commit()
}

// executeChange prepares the Execute message of a portal that changes personal data:
// every row must come, for each says whose data was changed.
func (c *conn) executeChange(m message, p *portal, limit int) (message, error) {
	if p == nil || p.step == nil || c.changing(p.step) == nil {
		return m, nil
	}
	c.changes.unasked = true
	if limit <= 0 {
		return m, nil
	}
	if !c.changing(p.step).Mute {
		return nil, custody.E(custody.CodeUnsupported, "the rows of a change cannot be fetched a few at a time", "ask for all rows at once: fetch size 0")
	}
	all := append(message(nil), m...)
	clear(all[len(all)-4:])
	return all, nil
}

// limited says whether a step changes personal data and may have to be stopped at a
// limit: then nothing is sent behind it before it is answered.
func (c *conn) limited(st *step) bool {
	at := c.changing(st)
	if at == nil {
		return false
	}
	return len(at.changes) == 0 || slices.ContainsFunc(at.changes, func(r gate.Ruling) bool { return r.Limits != custody.Limits{} })
}

// muted says whether the client asked for no rows of the statement or portal that a
// reply describes.
func (c *conn) muted(e *expect) bool {
	var st *step
	switch {
	case e.portal != nil:
		st = e.portal.step
	case e.ps != nil && len(e.ps.steps) == 1:
		st = &e.ps.steps[0]
	}
	if st == nil {
		return false
	}
	at := c.changing(st)
	return at != nil && at.Mute
}
