package pgproxy

import (
	"context"

	"custody"
	"custody/pgproxy/lineage"
)

// drain is settle and then release: the client waits for these replies.
func (c *conn) drain() error {
	if err := c.settle(); err != nil {
		return err
	}
	return c.release()
}

// settle sends what was collected and handles replies until the database owes
// nothing, or waits for CopyData. Long answers are released part by part.
func (c *conn) settle() error {
	if err := c.transmit(); err != nil {
		return err
	}
	c.unread = 0
	for len(c.queue) > 0 && !c.copying {
		m, err := c.server.next()
		if err != nil {
			return c.lost(err)
		}
		if err := c.reply(m); err != nil {
			return err
		}
		if len(c.out) >= slowPart && !c.task.In() && !c.server.ready() && !c.server.full {
			linger()
		}
		if len(c.out) >= part || len(c.out) >= slowPart && !c.server.ready() && c.slow() {
			if err := c.release(); err != nil {
				return err
			}
		}
	}
	return nil
}

// lost handles an upstream connection that broke: what was collected and can be
// recorded is released, so that the client keeps the rows before the break.
func (c *conn) lost(err error) error {
	if c.gate.WasCut() == custody.CodeNone {
		if err := c.release(); err != nil {
			return err
		}
	}
	return upstreamGone(err)
}

// reply handles one message of the database.
func (c *conn) reply(m message) error {
	switch m.kind() {
	case 'N', 'S', 'A':
		return c.news(m)
	case 'D':
		return c.row(m)
	case 'T':
		return c.described(m)
	case 'C', 'I', 's':
		return c.done(m)
	case '1', '2', '3', 'n', 't':
		return c.acknowledged(m)
	case 'E':
		return c.failed(m)
	case 'Z':
		return c.ready(m)
	case 'G', 'H', 'd', 'c':
		return c.copyReply(m)
	case 'V':
		if len(c.queue) > 0 && c.queue[0].kind == 'F' {
			c.out = append(c.out, m...)
			return nil
		}
	}
	return unexpected()
}

func unexpected() error {
	return &custody.Error{Code: custody.CodeUnsupported, Message: "the database sent a message that the gate does not let through",
		Hint: "tell the administrator which statement it was"}
}

func (c *conn) pop() { c.queue = c.queue[:copy(c.queue, c.queue[1:])] }

// acknowledged handles the replies without content.
func (c *conn) acknowledged(m message) error {
	if len(c.queue) == 0 {
		return unexpected()
	}
	e := &c.queue[0]
	hidden := e.hidden
	switch {
	case m.kind() == '1' && e.kind == 'P':
		c.statements[e.name] = e.ps
	case m.kind() == '2' && e.kind == 'B':
		c.portals[e.name] = e.portal
	case m.kind() == '3' && e.kind == 'C':
		delete(c.portals, e.name)
	case m.kind() == '3' && e.kind == 'c':
		delete(c.statements, e.name)
	case m.kind() == 'n' && (e.kind == 'D' || e.kind == 'd'):
	case m.kind() == 't' && e.kind == 'd':
		c.out = append(c.out, m...)
		return nil
	default:
		return unexpected()
	}
	c.pop()
	if !hidden {
		c.out = append(c.out, m...)
	}
	return nil
}

// done handles the end of a statement's answer.
func (c *conn) done(m message) error {
	if len(c.queue) == 0 {
		return unexpected()
	}
	e := &c.queue[0]
	if e.kind != 'Q' && e.kind != 'E' {
		return unexpected()
	}
	if e.told {
		return nil
	}
	if stopped := c.stopped; stopped != nil {
		c.tell(e, stopped)
		if e.kind == 'E' { // the database does not know that this failed: make it
			c.pop()
			if c.late = len(c.queue) > 0 && c.queue[0].kind == 'S'; !c.late {
				if len(c.queue) > 0 { // what was sent behind it cannot be taken back
					return stopped
				}
				c.skipping, c.poison = true, true
			}
		}
		return nil
	}
	if e.hidden || e.commits || e.begins && !e.begun { // a BEGIN, COMMIT or ROLLBACK of ours
		e.begun = true
		return nil
	}
	if st := c.stepOf(e); st != nil && m.kind() == 'C' {
		err := c.unshown(e, st)
		if err == nil {
			err = c.changedAll(e, st)
		}
		if err != nil {
			c.stop(err)
			return c.done(m)
		}
		if err := c.succeeded(st, e); err != nil {
			return err
		}
	}
	c.rows.open, c.ahead = false, ahead{}
	if c.script.holds() {
		c.script.held = append(c.script.held[:0], m...)
	} else {
		c.out = append(c.out, m...)
	}
	if e.kind == 'Q' {
		e.at++
	} else {
		c.pop()
	}
	return nil
}

// tell gives the client an error for the present request; everything that the
// database still says about it is dropped.
func (c *conn) tell(e *expect, err error) {
	c.out = appendError(c.out, "ERROR", err)
	c.stopped, c.rows.open, c.ahead, e.told = nil, false, ahead{}, true
	c.broken = true
}

// stepOf gives the step that an expected reply is about, nil if unknown.
func (c *conn) stepOf(e *expect) *step {
	switch {
	case e.kind == 'Q' && e.at < len(e.steps):
		return &e.steps[e.at]
	case e.kind == 'E' && e.portal != nil:
		return e.portal.step
	}
	return nil
}

// succeeded lets take effect what a completed statement changed.
func (c *conn) succeeded(st *step, e *expect) error {
	if st.apply != nil {
		c.cool(coolSlow)
		// What was collected so far is of the actor and the reason so far.
		err := c.behind.wait() // a part under way is an answer's as well
		if err == nil {
			err = c.answer.Commit()
		}
		if err == nil {
			err = c.recordChanges()
		}
		if err != nil {
			c.out = c.out[:0]
			return err
		}
		c.changes.Drop()
		return st.apply()
	}
	if at := c.changing(st); at != nil && c.s.o.Gate.Follower() == nil {
		c.sys.written(at.Writes)
	}
	switch st.Verb {
	case lineage.Transaction:
		c.turned(st)
	case lineage.Prepare:
		c.statements[st.Name] = &prepared{text: e.sql, sql: true, steps: []step{{Statement: st.Inner, cat: st.cat, pins: st.pins, fixes: st.fixes, sent: st.sent, edits: st.edits}}}
	case lineage.Deallocate:
		if st.Name == "" {
			clear(c.statements)
		}
		delete(c.statements, st.Name)
	case lineage.Declare:
		p := &portal{step: &step{Statement: st.Inner, cat: st.cat, pins: st.pins, rulings: st.rulings}}
		if e.portal != nil && e.portal.pins != nil {
			p.pins = e.portal.pins
		}
		c.portals[st.Name] = p
	case lineage.ClosePortal:
		delete(c.portals, st.Name)
	case lineage.DDL:
		c.schema = c.sys.declares()
	}
	return nil
}

// failed handles an ErrorResponse: ours in place of the database's where the
// statement was refused or its answer stopped, scrubbed otherwise.
func (c *conn) failed(m message) error {
	if len(c.queue) == 0 { // the database ends the session
		c.out = scrub(c.out, m)
		return c.release()
	}
	e := &c.queue[0]
	e.erred, c.broken = true, true
	m = e.placed(m)
	switch {
	case e.told || e.hidden && e.kind != 'D': // a Describe of ours stands before the Execute that fails with it
	case e.refusal != nil:
		c.tell(e, e.refusal)
	case c.stopped != nil:
		c.tell(e, c.stopped)
	case e.commits: // a deferred constraint: what was recorded was taken back
		c.commitFailed()
		c.out = scrub(c.out, m)
	case c.scrubs() || c.sys.declares() && fromFunction(m):
		if st := c.stepOf(e); st != nil && len(st.Sources) > 0 {
			c.cool(coolSlow)
			c.gate.Refuse(custody.CodeInvalid, st.Shape) // that it failed may tell of the data
		}
		c.out = scrub(c.out, m)
	default:
		c.out = append(c.out, m...)
	}
	c.rows.open, c.ahead, e.told, c.copying = false, ahead{}, true, false
	if e.kind == 'Q' || e.kind == 'F' {
		return nil // ReadyForQuery follows
	}
	for len(c.queue) > 0 && c.queue[0].kind != 'S' {
		c.pop()
	}
	c.skipping = len(c.queue) == 0
	return nil
}

// ready handles ReadyForQuery.
func (c *conn) ready(m message) error {
	if len(m.body()) != 1 || len(c.queue) == 0 {
		return unexpected()
	}
	e := c.queue[0]
	if e.kind != 'Q' && e.kind != 'S' && e.kind != 'F' {
		return unexpected()
	}
	c.tx = m.body()[0]
	c.pop()
	if c.schema && c.tx == 'I' { // others can see it now, the gate too
		c.schema = false
		c.cool(coolSlow)
		if err := c.sys.refresh(context.Background()); err != nil {
			c.s.o.Log.Warn("the schema could not be read", "system", c.sys.Name, "err", err)
		}
	}
	if c.changes.open = c.tx != 'I'; !c.changes.open {
		if err := c.overlooked(); err != nil {
			return err
		}
		c.over()
	}
	late := c.late || e.kind == 'Q' && e.told && !e.erred
	c.late = false
	if late && c.tx == 'T' && (c.script == nil || !c.script.ours) {
		// The client was told of an error that the database does not know: end
		// the transaction block as any error would.
		c.send = appendFailing(c.send, false)
		c.queue = append(c.queue, expect{kind: 'Q', hidden: true, quiet: c.script != nil})
		return c.transmit()
	}
	if c.script != nil {
		return c.nextPart(&e)
	}
	c.broken = false
	if !e.quiet {
		c.out = append(c.out, m...)
	}
	return nil
}

// poisoned makes the database skip to Sync, after an answer was stopped that it
// believes complete.
func (c *conn) poisoned() error {
	if !c.poison {
		return nil
	}
	c.poison = false
	c.send = appendFailing(c.send, true)
	c.queue = append(c.queue, expect{kind: 'P', hidden: true})
	c.send = append(c.send, 'H', 0, 0, 0, 4)
	return c.settle()
}
