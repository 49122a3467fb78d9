package pgproxy

import (
	"custody"
	"custody/pgproxy/lineage"
)

// ahead is a look that is being recorded while the database still looks the row up.
type ahead struct {
	statement *lineage.Statement
	subject   custody.SubjectID
}

// holds says whether the record under way covers what a row shows.
func (a ahead) holds(st *step, id custody.SubjectID) bool {
	return id != 0 && a.subject == id && a.statement == st.Statement
}

// recordAhead begins to record a look whose answer is known before it is there: one
// customer's own row, found by the key that the statement fixes. The wait for the
// disk then runs beside the database's work, and not after it. The release still
// waits for the record (P1). A row that is not there after all, because it was
// deleted a moment ago, is recorded as shown: the error is on the safe side.
//
// An error refuses the statement: the customer is over the limit.
func (c *conn) recordAhead(st *step, pins []string) error {
	if !st.Point || len(st.rulings) != 1 || len(pins) != 1 || pins[0] == "" ||
		c.answer.Pending() > 0 || c.behind.active || c.tx == 'E' { // a failed block shows nobody
		return nil
	}
	id, ok := c.s.o.Gate.Directory().Lookup(c.sys.ID, []byte(pins[0]))
	if !ok {
		return nil // not a customer yet: the row itself will say
	}
	c.answer.Turn(custody.RouteQuery, st.Shape)
	if err := c.answer.Add(c.answer.Group(st.rulings[0], st.Sources[0].Read), id); err != nil {
		return err
	}
	p, err := c.answer.Take()
	if err != nil {
		return err
	}
	b := &c.behind
	if c.task.In() {
		if b.record, err = p.Join(); err != nil {
			return err
		}
		b.active, b.task, b.number = true, c.task, c.task.Join(b.record)
		c.ahead = ahead{st.Statement, id}
		return nil
	}
	if b.done == nil {
		b.done = make(chan error, 1)
	}
	b.active = true
	c.ahead = ahead{st.Statement, id}
	go func() { b.done <- p.Commit() }()
	return nil
}
