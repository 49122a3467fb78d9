package pgproxy

import (
	"time"

	"custody/pgproxy/lineage"
)

// endsTransaction prepares for a statement that may commit what was changed so far.
// What the database has not answered yet is asked for first.
func (c *conn) endsTransaction(st *step) error {
	switch {
	case st.Verb == lineage.Transaction && st.Ends == lineage.Commits:
	case st.Verb == lineage.Call, st.Verb == lineage.Do:
	default:
		return nil
	}
	if c.changes.unasked {
		if err := c.ask(); err != nil {
			return err
		}
	}
	if c.tx == 'E' || c.skipping { // COMMIT of a failed transaction rolls it back
		return nil
	}
	return c.recordChanges()
}

// turned follows the client's own transaction statements, when they have succeeded.
func (c *conn) turned(st *step) {
	t := &c.changes
	switch st.Ends {
	case lineage.Begins:
		t.open = true
	case lineage.Commits, lineage.RollsBack:
		t.open = false
		c.over()
	case lineage.Marks:
		t.savepoints = append(t.savepoints, savepoint{st.Name, t.Mark()})
	case lineage.Releases, lineage.GoesBack:
		for i := len(t.savepoints) - 1; i >= 0; i-- {
			if t.savepoints[i].name != st.Name {
				continue
			}
			if st.Ends == lineage.GoesBack {
				t.DropTo(t.savepoints[i].mark)
				t.savepoints = t.savepoints[:i+1]
			} else {
				t.savepoints = t.savepoints[:i]
			}
			return
		}
	}
}

// overlooked records changes that were committed without a record, which nothing above
// lets happen: too late is better than never, and the log says so.
func (c *conn) overlooked() error {
	t := &c.changes
	if t.Changes == nil || c.broken || t.Pending()+len(t.unnumbered) == 0 {
		return nil
	}
	c.s.o.Log.Error("a change was committed before it was recorded; it is recorded now", "session", c.signedIn.ID)
	return c.recordChanges()
}

// over ends the transaction, whichever way: what is not recorded by now was rolled
// back, and what names the changed customers can be read anew.
func (c *conn) over() {
	t := &c.changes
	if t.Changes == nil {
		return
	}
	t.Drop()
	t.unnumbered, t.savepoints = t.unnumbered[:0], t.savepoints[:0]
	if len(t.named) > 0 {
		c.s.o.Gate.Follower().Settle(c.sys.ID, t.named)
		t.named = nil
	}
}

// settleLate ends the changes of a connection that broke in the middle of a transaction.
// The database may be committing it this moment, so what names the customers is read
// a little later.
func (c *conn) settleLate() {
	named := c.changes.named
	if len(named) == 0 {
		return
	}
	f, system := c.s.o.Gate.Follower(), c.sys.ID
	time.AfterFunc(2*time.Second, func() { f.Settle(system, named) })
}

// syncChanges records what a pipeline has changed, before its Sync commits it. started
// says that the Sync is void, because the pipeline turned out to begin a COPY.
func (c *conn) syncChanges() (started bool, err error) {
	t := &c.changes
	if t.unasked {
		if err := c.ask(); err != nil {
			return false, err
		}
		if err := c.poisoned(); err != nil {
			return false, err
		}
		if c.copying {
			return true, c.release()
		}
		t.unasked = false
	}
	if t.Changes == nil || t.open || c.skipping {
		return false, nil
	}
	return false, c.recordChanges()
}
