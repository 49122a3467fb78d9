package routes

import (
	"fmt"
	"testing"
	"time"

	"custody"
	"custody/policy"
)

// directly runs SQL on the database itself, as its owner would behind the gate.
func (c *court) directly(statements string) func(*rawConn, *heard) {
	return func(r *rawConn, _ *heard) { c.PG.Exec(r.t, c.Database, statements) }
}

// TestRoutesMoment: between the decision and the answer something changes.
func TestRoutesMoment(t *testing.T) {
	c := openCourt(t)
	swap := func(a, b string) string {
		return "ALTER TABLE cars RENAME " + a + " TO held; ALTER TABLE cars RENAME " + b + " TO " + a + "; ALTER TABLE cars RENAME held TO " + b
	}
	there, back := c.directly(swap("colour", "reg")), c.directly(swap("colour", "reg"))
	colours := "SELECT person_id, colour FROM cars WHERE person_id = 101"
	c.run([]route{
		{name: "columns swap names between Parse and Execute", do: []any{wire{parse("s", colours), syncNow}, there,
			wire{bind("", "s"), execute(""), syncNow}, back}, able: "safe"},
		{name: "columns swap names before a simple query", do: []any{there, colours, back}, able: "safe"},
		{name: "columns swap names under a PREPARE", do: []any{"PREPARE q AS " + colours, there, "EXECUTE q", back}, able: "safe"},
		{name: "columns swap names under a PREPARE, extended", do: []any{"PREPARE q AS " + colours, there, once("EXECUTE q"), back}, able: "safe"},
		{name: "a view is made and asked at once", do: []any{"SELECT * FROM nowhere", c.directly("CREATE VIEW fresh AS SELECT id, phone FROM people WHERE id = 101"),
			"SELECT id, upper(phone) FROM fresh", c.directly("DROP VIEW fresh")}, able: "101:phone"},
		{name: "a function is made and asked at once", do: []any{"SELECT * FROM nowhere", c.directly("CREATE FUNCTION fresh_one() RETURNS text LANGUAGE sql AS 'SELECT phone FROM people WHERE id = 101'"),
			"SELECT fresh_one()", c.directly("DROP FUNCTION fresh_one")}, able: "refused"},
		{name: "a table is made anew under a known name", do: []any{c.directly("ALTER TABLE scratch RENAME TO scratch_old; CREATE VIEW scratch AS SELECT id AS k, phone AS v, 0 AS n FROM people WHERE id = 101"),
			"SELECT k, v FROM scratch", c.directly("DROP VIEW scratch; ALTER TABLE scratch_old RENAME TO scratch")}, able: "refused"},
	})
	noticed(t, c, "an expression over a swapped column", swap("colour", "reg"), "SELECT person_id, upper(colour) FROM cars WHERE person_id = 101")
	c.PG.Exec(t, c.Database, swap("colour", "reg"))
	noticed(t, c, "a view with another meaning", "CREATE OR REPLACE VIEW people_blind AS SELECT branch_id, max(phone)::bigint AS n FROM people GROUP BY branch_id", "SELECT n FROM people_blind")
}

// noticed awaits that a change of the schema behind the gate is in force: this is
// the time that docs/threat-model/routes.md states.
func noticed(t *testing.T, c *court, what, change, ask string) {
	t.Helper()
	c.PG.Exec(t, c.Database, change)
	conn := rawConnect(t, c.URL("blind", c.blind))
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		h := &heard{}
		conn.say(ask, h)
		if h.refused() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("%s: the change of the schema is not noticed", what)
}

// TestRoutesEndedRight: what was begun under a right is not finished without it.
func TestRoutesEndedRight(t *testing.T) {
	c := openCourt(t)
	for name, steps := range map[string][2][]any{
		"a portal": {{"BEGIN", wire{parse("", "SELECT id, phone FROM people ORDER BY id"), bind("x", ""), some("x", 2), syncNow}},
			{wire{some("x", 2), syncNow}}},
		"a cursor":             {sql("DECLARE c CURSOR WITH HOLD FOR SELECT id, phone FROM people ORDER BY id"), sql("FETCH 5 FROM c")},
		"a prepared statement": {{wire{parse("s", "SELECT id, phone FROM people WHERE id = 103"), syncNow}}, {wire{bind("", "s"), execute(""), syncNow}}},
		"PREPARE":              {sql("PREPARE q AS SELECT id, phone FROM people WHERE id = 103"), sql("EXECUTE q")},
		"PREPARE of a change":  {sql("PREPARE q AS UPDATE people SET notes = 'x' WHERE id = 103"), sql("EXECUTE q")},
		"PREPARE, extended":    {sql("PREPARE q AS UPDATE people SET notes = 'x' WHERE id = 103"), {once("EXECUTE q")}},
		"a change that tells":  {sql("PREPARE q AS UPDATE people SET since = since WHERE id = 103 AND phone LIKE '07%'"), sql("EXECUTE q")},
	} {
		t.Run(name, func(t *testing.T) {
			login := fmt.Sprintf("ended%d", c.count.Add(1))
			token := c.Person(login)
			see := c.Grant(policy.Grant{Person: address(login), See: allPersonal, Change: allPersonal, Export: true})
			c.Grant(policy.Grant{Person: address(login), See: categories(custody.Address)}) // the session itself stays valid
			conn := rawConnect(t, c.URL(login, token))
			before, after := &heard{}, &heard{}
			for _, step := range steps[0] {
				conn.say(step, before)
			}
			if len(before.errors) > 0 {
				t.Fatal(before.complaints())
			}
			if err := c.Store.EndGrant(see, time.Now()); err != nil {
				t.Fatal(err)
			}
			c.Reload()
			conn.at = len(conn.tap.heard)
			for _, step := range steps[1] {
				conn.say(step, after)
			}
			if found := leaks(after.raw); len(found) > 0 || !after.refused() {
				t.Errorf("after the right ended: %v, rows %q, tags %q, errors %s", found, after.rows, after.tags, after.complaints())
			}
		})
	}
}

// TestRoutesReasonOfItsMoment: what is collected is recorded under the reason it was
// seen for, also when the reason is taken back before the answer leaves.
func TestRoutesReasonOfItsMoment(t *testing.T) {
	c := openCourt(t)
	for name, step := range map[string]any{
		"a string":   "SELECT id, phone FROM people WHERE id = 101; RESET ALL",
		"a pipeline": append(append(wire{}, once("SELECT id, phone FROM people WHERE id = 101")[:3]...), once("RESET custody.reason")...),
	} {
		t.Run(name, func(t *testing.T) {
			login := fmt.Sprintf("reason%d", c.count.Add(1))
			conn := rawConnect(t, c.URL(login, c.Person(login, policy.Grant{See: allPersonal, ReasonRequired: true})))
			h := &heard{}
			conn.say("SET custody.reason = 'claim 7'", h)
			conn.say(step, h)
			conn.say("SELECT id, phone FROM people WHERE id = 102", h)
			if len(h.rows) != 1 || !h.refused() {
				t.Errorf("rows %q, errors %s", h.rows, h.complaints())
			}
			people, err := c.Store.ListPeople()
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range people {
				for e := range c.Ledger.Index().SawBy(p.ID, time.Time{}, time.Now().Add(time.Hour)) {
					if p.Login == address(login) && e.Kind == custody.EventDisclosure && e.Reason == 0 {
						t.Error("recorded without the reason")
					}
				}
			}
		})
	}
}

func address(login string) string { return login + "@northfield.example" }
