package pgproxy

import "custody/pgproxy/lineage"

// news passes on what comes unasked. With no rows pending it leaves at once, so
// that progress notices are seen while a long statement runs.
func (c *conn) news(m message) error {
	var err error
	if c.out, err = c.unasked(c.out, m); err != nil {
		return err
	}
	if c.answer.Pending() == 0 && !c.server.ready() {
		return c.release()
	}
	return nil
}

// unasked appends a message that may come at any time. Payloads of NOTIFY are
// somebody's text, which nobody can attribute: they go only where no personal data
// is declared.
func (c *conn) unasked(out []byte, m message) ([]byte, error) {
	switch m.kind() {
	case 'S':
		return append(out, m...), nil
	case 'N', 'E':
		if c.scrubs() || c.sys.declares() && fromFunction(m) {
			return scrub(out, m), nil
		}
		return append(out, m...), nil
	case 'A':
		if !c.sys.declares() {
			out = append(out, m...)
		}
		return out, nil
	}
	return out, unexpected()
}

// scrubs says whether texts of the present statement may quote personal data.
func (c *conn) scrubs() bool {
	if !c.sys.declares() {
		return false
	}
	if len(c.queue) == 0 {
		return true
	}
	e := &c.queue[0]
	steps := e.steps
	if e.ps != nil {
		steps = e.ps.steps
	}
	if e.portal != nil && e.portal.step != nil {
		return mayQuote(e.portal.step)
	}
	for i := range steps {
		if mayQuote(&steps[i]) {
			return true
		}
	}
	return len(steps) == 0 && e.kind != 'S'
}

// mayQuote: a statement that touches declared tables, one whose content is
// elsewhere, and COMMIT, at which deferred constraints complain.
func mayQuote(st *step) bool {
	switch st.Verb {
	case lineage.Execute, lineage.Fetch, lineage.Transaction, lineage.Call, lineage.Do:
		return true
	}
	return st.Touches
}
