package gate_test

import (
	"slices"
	"syscall"
	"testing"
	"time"

	"custody"
	"custody/gate"
	"custody/internal/durable"
	"custody/policy"
)

var changeName = policy.Grant{See: custody.Categories(custody.Name), Change: custody.Categories(custody.Name)}

// changing begins a change of the name.
func (b *bench) changing(s *gate.Session) (*gate.Changes, int) {
	b.Helper()
	name := custody.Categories(custody.Name)
	r, err := s.Decide(gate.Need{Action: custody.Change, Read: name}, 9)
	if err != nil {
		b.Fatal(err)
	}
	c := s.Changes()
	return c, c.Group(r, custody.RouteQuery, 9, name)
}

// changed lists the subjects of the recorded changes, an event each.
func (b *bench) changed() [][]custody.SubjectID {
	var list [][]custody.SubjectID
	for _, e := range b.led.Index().Events(1) {
		if e.Kind == custody.EventChange {
			list = append(list, e.Subjects)
		}
	}
	return list
}

func TestChangesAreRecordedAtCommit(t *testing.T) {
	b := newBench(t, changeName)
	s := b.enter(1)
	c, g := b.changing(s)
	for _, id := range []custody.SubjectID{5, 2, 5, 9} {
		if err := c.Add(g, id); err != nil {
			t.Fatal(err)
		}
	}
	if list := b.changed(); len(list) != 0 {
		t.Fatalf("recorded before the commit: %v", list)
	}
	if err := c.Commit(); err != nil {
		t.Fatal(err)
	}
	e, _ := b.led.Index().Event(2)
	if e.Kind != custody.EventChange || e.Person != 1 || e.Session != 1 || e.Grant != 3 || e.Statement != 9 ||
		e.Clear != custody.Categories(custody.Name) || !slices.Equal(e.Subjects, []custody.SubjectID{2, 5, 9}) {
		t.Errorf("recorded %+v", e)
	}
	if err := c.Commit(); err != nil || len(b.changed()) != 1 {
		t.Errorf("a commit of nothing: %v, %v", err, b.changed())
	}
}

func TestChangesThatWereRolledBack(t *testing.T) {
	b := newBench(t, changeName)
	c, g := b.changing(b.enter(1))
	add := func(ids ...custody.SubjectID) {
		for _, id := range ids {
			if err := c.Add(g, id); err != nil {
				t.Fatal(err)
			}
		}
	}
	add(1, 2)
	m := c.Mark()
	add(3)
	c.DropTo(m)
	add(4)
	if err := c.Commit(); err != nil {
		t.Fatal(err)
	}
	add(7)
	c.DropTo(m) // of before the record: nothing since then is certain
	if c.Pending() != 0 {
		t.Error("a mark of before a record keeps what came after it")
	}
	add(8)
	c.Drop()
	if err := c.Commit(); err != nil {
		t.Fatal(err)
	}
	if list := b.changed(); len(list) != 1 || !slices.Equal(list[0], []custody.SubjectID{1, 2, 4}) {
		t.Errorf("recorded %v", list)
	}
}

func TestChangesCountAgainstTheLimit(t *testing.T) {
	grant := changeName
	grant.Limits.PerDay = 3
	b := newBench(t, grant)
	s := b.enter(1)
	if n, err := b.show(s, 1, 2); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	c, g := b.changing(s)
	for _, id := range []custody.SubjectID{1, 2, 3} { // two were seen already
		if err := c.Add(g, id); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Add(g, 4); custody.CodeOf(err) != custody.CodeLimit {
		t.Errorf("a fourth customer: %v", err)
	}
	if err := c.Commit(); err != nil {
		t.Fatal(err)
	}
	b.led.Close()
	b.open(nil) // after a restart they count still
	if n, err := b.show(b.enter(2), 3, 4); n != 1 || custody.CodeOf(err) != custody.CodeLimit {
		t.Errorf("after a restart %d of 2 were shown: %v", n, err)
	}
}

func TestChangesNeedTheirRecord(t *testing.T) {
	b := newBench(t, changeName)
	b.led.Close()
	broken := false
	b.open(durable.Fault{FS: durable.OS{}, Decide: func(op durable.Op) durable.Verdict {
		if broken && op.Kind == durable.OpWrite {
			return durable.Verdict{Err: syscall.ENOSPC}
		}
		return durable.Verdict{}
	}})
	c, g := b.changing(b.enter(1))
	if err := c.Add(g, 1); err != nil {
		t.Fatal(err)
	}
	broken = true
	if err := c.Commit(); custody.CodeOf(err) != custody.CodeUnrecorded {
		t.Errorf("the disk is full: %v", err)
	}
}

func TestChangesEndWithTheRight(t *testing.T) {
	b := newBench(t, changeName)
	s := b.enter(1)
	c, g := b.changing(s)
	if err := c.Add(g, 1); err != nil {
		t.Fatal(err)
	}
	p, err := policy.New(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.gate.SetPolicy(p)
	if err := c.Commit(); custody.CodeOf(err) != custody.CodeForbidden {
		t.Errorf("the right ended in the middle: %v", err)
	}
	s.Cut(custody.CodeRevoked)
	c.Drop()
	b.now = b.now.Add(time.Minute)
	if len(b.changed()) != 0 {
		t.Errorf("recorded %v", b.changed())
	}
}
