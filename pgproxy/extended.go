package pgproxy

import (
	"custody"
	"custody/pgproxy/lineage"
)

func (c *conn) parse(m message) error {
	body := cursor{b: m.body()}
	name := string(body.cstring())
	sql := string(body.cstring())
	types := body.b
	if body.bad {
		return broken("Parse")
	}
	steps, err := c.analyse(sql)
	if err != nil {
		return c.fail(err)
	}
	ps := &prepared{text: sql, steps: steps}
	if len(steps) > 1 && c.sys.declares() { // the database refuses it as well
		return c.fail(custody.E(custody.CodeInvalid, "cannot insert multiple commands into a prepared statement", "send them one by one"))
	}
	if err := pinTypes(steps, types); err != nil {
		return c.fail(err)
	}
	raw := []byte(m)
	if len(steps) == 1 && steps[0].rewritten+steps[0].sent != "" {
		var at int
		raw, at = begin(nil, 'P')
		raw = appendCString(appendCString(raw, name), steps[0].rewritten+steps[0].sent) // never both
		raw = finish(append(raw, types...), at)
	}
	return c.forward(raw, expect{kind: 'P', name: name, ps: ps})
}

func (c *conn) bind(m message) error {
	body := cursor{b: m.body()}
	name := string(body.cstring())
	statement := string(body.cstring())
	b := readBind(&body)
	if body.bad || len(body.b) != 0 {
		return broken("Bind")
	}
	ps := c.pendingStatement(statement)
	p := &portal{formats: b.results}
	if ps != nil {
		p.sql = ps.text
	}
	if ps != nil && len(ps.steps) == 1 {
		st, err := c.current(ps)
		if err != nil {
			return c.fail(err)
		}
		if p.pins, err = b.pins(st); err != nil {
			return c.fail(err)
		}
		if p.fixes, err = b.fixes(st); err != nil {
			return c.fail(err)
		}
		p.step = st
	} else if ps == nil && c.sys.declares() {
		return c.fail(stated{custody.E(custody.CodeInvalid, "prepared statement does not exist", "prepare it again"), "26000"})
	}
	return c.forward(bindHidden(m, &b, c.hiddenIn(p.step)), expect{kind: 'B', name: name, portal: p})
}

// current decides a prepared statement anew for this execution: grants, reasons,
// the actor and the schema may have changed since it was prepared.
func (c *conn) current(ps *prepared) (*step, error) {
	if ps.broken != nil {
		return nil, ps.broken
	}
	if ps.steps[0].cat != c.sys.catalogue.Load() {
		if err := c.renew(ps); err != nil {
			return nil, err
		}
	}
	st := ps.steps[0]
	if len(st.Sources) == 0 && len(st.Writes) == 0 && st.Verb != lineage.Execute {
		return &ps.steps[0], nil
	}
	if err := c.decide(&st, false); err != nil {
		return nil, err
	}
	return &st, nil
}

// renew analyses a prepared statement again after the schema changed.
func (c *conn) renew(ps *prepared) error {
	steps, err := c.analyse(ps.text)
	if err != nil {
		return err
	}
	if len(steps) != 1 || ps.sql && steps[0].Inner == nil {
		return custody.E(custody.CodeInvalid, "the statement cannot be used any more", "prepare it again")
	}
	if ps.sql {
		steps[0] = step{Statement: steps[0].Inner, cat: steps[0].cat, pins: steps[0].pins, fixes: steps[0].fixes, sent: steps[0].sent, edits: steps[0].edits}
	}
	if steps[0].sent != ps.steps[0].sent { // the database has it with other hidden columns
		return custody.E(custody.CodeInvalid, "the schema has changed, so the statement cannot be used any more", "prepare it again")
	}
	ps.steps = steps
	return nil
}

// pendingStatement finds a prepared statement, those not yet answered included:
// a pipeline binds what it parsed a moment ago.
func (c *conn) pendingStatement(name string) *prepared {
	for i := len(c.queue) - 1; i >= 0; i-- {
		if e := &c.queue[i]; e.kind == 'P' && e.name == name && e.ps != nil {
			return e.ps
		}
	}
	return c.statements[name]
}

func (c *conn) pendingPortal(name string) *portal {
	for i := len(c.queue) - 1; i >= 0; i-- {
		if e := &c.queue[i]; e.kind == 'B' && e.name == name {
			return e.portal
		}
	}
	return c.portals[name]
}

func (c *conn) execute(m message) error {
	body := cursor{b: m.body()}
	name := string(body.cstring())
	p := c.pendingPortal(name)
	limit := body.int32() // the database's matter where nothing is changed: rows are counted as people
	if body.bad || len(body.b) != 0 {
		return broken("Execute")
	}
	if p == nil && c.sys.declares() {
		return c.fail(stated{custody.E(custody.CodeInvalid, "portal does not exist", "bind it again"), "34000"})
	}
	if p != nil && p.step != nil {
		if err := c.endsTransaction(p.step); err != nil || c.skipping {
			return err
		}
	}
	discloses := p != nil && p.step != nil && c.mayDisclose(p.step)
	if discloses && p.step.rulings != nil {
		// A portal may be executed again long after it was bound.
		if err := c.rule(p.step, p.step.Verb); err != nil {
			return c.fail(err)
		}
		if err := c.recordAhead(p.step, p.pins); err != nil {
			return c.fail(err)
		}
	}
	if discloses && p.step.Verb != lineage.CopyTo || p != nil && p.step != nil && c.sys.declares() && p.step.Outputs != nil {
		c.describeHidden(name, p)
	}
	m, err := c.executeChange(m, p, limit)
	if err != nil {
		return c.fail(err)
	}
	err = c.forward(m, expect{kind: 'E', sql: p.text(), portal: p})
	if err == nil && p != nil && p.step != nil && !discloses && (c.rebinds(p.step) || c.limited(p.step)) {
		if err := c.ask(); err != nil {
			return err
		}
		return c.poisoned()
	}
	if err != nil || !discloses {
		return err
	}
	if p.step.Verb == lineage.Select && len(p.step.Writes) == 0 && c.in.upcoming() == 'S' {
		return nil // nothing comes between, and there is nothing to take back: one round trip
	}
	// Answered before anything else is sent: if the answer is stopped at a limit,
	// what follows in the pipeline must not have run.
	if err := c.ask(); err != nil {
		return err
	}
	return c.poisoned()
}

// rebinds says whether the step gives names another meaning, or changes for whom and
// why it is looked: what follows in a pipeline is decided after it took effect.
func (c *conn) rebinds(st *step) bool {
	switch st.Verb {
	case lineage.Prepare, lineage.Deallocate, lineage.Declare, lineage.ClosePortal, lineage.Discard, lineage.DDL:
		return c.sys.declares()
	}
	return st.apply != nil
}

// mayDisclose says whether the step's answer can hold personal data.
func (c *conn) mayDisclose(st *step) bool {
	switch st.Verb {
	case lineage.Execute, lineage.Fetch:
		return c.sys.declares()
	}
	return len(st.Sources) > 0 || st.Inner != nil && len(st.Inner.Sources) > 0
}

// describeHidden asks the database what the portal's columns are, if the client does
// not: the schema may have changed since the statement was prepared.
func (c *conn) describeHidden(name string, p *portal) {
	for i := range c.queue {
		if e := &c.queue[i]; e.kind == 'D' && e.portal == p {
			return // it comes with what was not sent yet, or with what is not answered yet
		}
	}
	var at int
	c.send, at = begin(c.send, 'D')
	c.send = finish(appendCString(append(c.send, 'P'), name), at)
	c.queue = append(c.queue, expect{kind: 'D', portal: p, hidden: true})
}

func (c *conn) describeOrClose(m message) error {
	body := cursor{b: m.body()}
	kind := body.byte()
	name := string(body.cstring())
	if body.bad || len(body.b) != 0 || kind != 'S' && kind != 'P' {
		return broken("Describe or Close")
	}
	e := expect{kind: m.kind(), name: name}
	if m.kind() == 'D' && kind == 'S' {
		e.kind, e.ps = 'd', c.pendingStatement(name)
	} else if m.kind() == 'D' {
		e.portal = c.pendingPortal(name)
	} else if kind == 'S' {
		e.kind = 'c'
	}
	return c.forward(m, e)
}
