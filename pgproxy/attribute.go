package pgproxy

import (
	"slices"

	"custody"
	"custody/pgproxy/lineage"
)

// attribute finds the subjects of the row in values and counts them.
func (c *conn) attribute() error {
	r := &c.rows
	if r.sets {
		if err := c.attributeSets(); err != nil {
			return err
		}
	}
	for i := range r.sources {
		s := &r.sources[i]
		if len(s.Sets) > 0 {
			continue
		}
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
	if len(key) > 0 && &key[0] != &v[0] && cap(key) <= 64 { // a text is its own key, and lies in the reader's buffer
		r.scratch = key[:0]
	}
	return c.lookup(key)
}

func (c *conn) lookup(key []byte) (custody.SubjectID, error) {
	d := c.s.o.Gate.Directory()
	if id, ok := d.Lookup(c.sys.ID, key); ok {
		return id, nil
	}
	c.cool(coolSlow)
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
