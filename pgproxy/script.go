package pgproxy

import (
	"strings"
	"unicode/utf8"

	"custody"
	"custody/pgproxy/lineage"
)

// script is a simple query that changes personal data outside of a transaction of the
// client's own. The database would commit it before anything of it could be recorded,
// so the gate begins a transaction around it, records what was changed, and commits.
// A string of several statements goes one by one, as the database itself takes them.
type script struct {
	sql   string
	parts []string // empty: the string itself, in steps
	steps []step
	at    int    // the part that is sent next
	from  int    // where the search for the part's place in sql begins, bytes
	ours  bool   // the gate began the transaction
	held  []byte // the last part's CommandComplete, until the transaction is committed
	shape uint64
}

// scripted says whether a string has to go as a script.
func (c *conn) scripted(steps []step) bool {
	if len(steps) == 1 && c.tx != 'I' {
		return false
	}
	for i := range steps {
		if c.changing(&steps[i]) != nil || len(steps) > 1 && steps[i].Verb == lineage.Execute && c.sys.declares() {
			return true // what EXECUTE runs may be prepared by the string itself
		}
	}
	return false
}

// runScript starts a script.
func (c *conn) runScript(sql string, steps []step) error {
	s := &script{sql: sql, steps: steps}
	if len(steps) > 1 {
		for i := range steps {
			s.parts = append(s.parts, steps[i].Text)
		}
	}
	c.script, c.broken = s, false
	if err := c.sendPart(); err != nil {
		return err
	}
	return c.drain()
}

// sendPart sends the next statement, behind a BEGIN if there is no transaction yet:
// in one message, so that the one never runs without the other.
func (c *conn) sendPart() error {
	s := c.script
	e := expect{kind: 'Q', quiet: true, sql: s.sql, steps: s.steps}
	if s.parts != nil {
		e.sql = s.parts[s.at]
		place := s.from + max(strings.Index(s.sql[s.from:], e.sql), 0)
		s.from, e.offset = place+len(e.sql), utf8.RuneCountInString(s.sql[:place])
		var err error
		if e.steps, err = c.analyse(e.sql); err != nil { // what came before may have changed what is permitted
			e.refusal = err
		}
	}
	s.at++
	text := e.sql
	if len(e.steps) == 1 {
		st := &e.steps[0]
		if st.rewritten+st.sent != "" {
			text = st.rewritten + st.sent
		}
		if err := c.endsTransaction(st); err != nil {
			return err
		}
		if st.Verb == lineage.Transaction {
			s.ours = s.ours && (st.Ends == lineage.Marks || st.Ends == lineage.Releases || st.Ends == lineage.GoesBack)
		} else if c.tx == 'I' {
			s.ours, e.begins, s.shape = true, true, st.Shape
			text = scriptBegin + text
			e.lead = len(scriptBegin)
		}
	}
	if e.refusal != nil {
		c.send = appendFailing(c.send, false)
	} else {
		c.send = appendQuery(c.send, text)
	}
	c.queue = append(c.queue, e)
	return c.transmit()
}

const scriptBegin = "BEGIN;"

// nextPart goes on after the database is ready again.
func (c *conn) nextPart(e *expect) error {
	s := c.script
	switch {
	case c.broken && s.ours && c.tx != 'I':
		c.send = appendQuery(c.send, "ROLLBACK")
		c.queue = append(c.queue, expect{kind: 'Q', hidden: true, quiet: true})
		s.ours = false
		return c.transmit()
	case c.broken || e.commits:
	case s.at < len(s.parts):
		return c.sendPart()
	case s.ours && c.tx == 'T':
		if err := c.recordChanges(); err != nil {
			return err
		}
		c.send = appendQuery(c.send, "COMMIT")
		c.queue = append(c.queue, expect{kind: 'Q', commits: true, quiet: true})
		return c.transmit()
	}
	if !c.broken {
		c.out = append(c.out, s.held...)
	}
	c.script, c.broken = nil, false
	c.out = appendReady(c.out, c.tx)
	return nil
}

// holds says whether a CommandComplete waits for the transaction of the script.
func (s *script) holds() bool { return s != nil && s.ours && s.at >= len(s.parts) }

// commitFailed records that the database took back a change that was recorded.
func (c *conn) commitFailed() {
	c.gate.Refuse(custody.CodeInvalid, c.script.shape)
}
