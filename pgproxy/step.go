package pgproxy

import (
	"strings"

	"custody"
	"custody/gate"
	"custody/pgproxy/lineage"
)

// step is one statement that the gate has understood: what lineage says of it, and
// what this session may have of it.
type step struct {
	*lineage.Statement
	cat *catalogue
	// pins are the keys that the text itself fixes, by source; empty where none.
	pins []string
	// fixes are the keys that the text itself fixes, by change; empty where none.
	fixes []string
	// rulings are policy's answers, by source; changes, by change.
	rulings []gate.Ruling
	changes []gate.Ruling
	// apply is what takes effect at the gate when the statement succeeds.
	apply func() error
	// rewritten replaces the statement's text, if not empty.
	rewritten string
	// sent is the whole string with edits made, as it goes to the database; empty: as
	// it came. All steps of a string have the same.
	sent  string
	edits []lineage.Edit
}

// prepared is a prepared statement, of the protocol or of SQL: they share names.
type prepared struct {
	text   string
	sql    bool // by PREPARE: text is the whole PREPARE
	steps  []step
	broken error // the database described it otherwise than lineage
	// harmless is what the loop knows of it, if it shows nobody.
	harmless *harmless
}

// portal is a bound statement or a cursor: they share names as well.
type portal struct {
	sql     string
	step    *step
	pins    []string // by source, parameters filled in
	fixes   []string // by change, likewise
	formats []int16  // as the client asked; nil means text
	// description is the database's last RowDescription of it, formats included.
	description message
}

// text is what the portal runs, nothing for a portal that the gate does not know.
func (p *portal) text() string {
	if p == nil {
		return ""
	}
	return p.sql
}

// analyse reads a string of statements and decides each. The error is what the
// client is told in place of all of them.
func (c *conn) analyse(sql string) ([]step, error) {
	cat := c.sys.catalogue.Load()
	steps, err := understand(cat, sql)
	if err == nil && c.sys.declares() && anyUnknown(steps) {
		// The schema may have changed a moment ago: look once before refusing.
		c.cool(coolSlow)
		var newer *catalogue
		if newer, err = c.sys.freshen(cat); newer != nil {
			steps, err = understand(newer, sql)
		}
	}
	if err != nil {
		if !c.sys.declares() { // nothing to guard: let the database itself complain
			return nil, nil
		}
		return nil, err
	}
	for i := range steps {
		if err := c.decide(&steps[i], len(steps) > 1); err != nil {
			return steps, err
		}
	}
	return steps, nil
}

// understand asks lineage, and pairs pinned constants with their sources.
func understand(cat *catalogue, sql string) ([]step, error) {
	plan, literals, err := cat.analyser.AnalyseCached(sql, nil)
	if err != nil {
		return nil, err
	}
	sent, edits, err := splice(plan, sql)
	if err != nil {
		return nil, err
	}
	steps := make([]step, len(plan.Statements))
	for i := range plan.Statements {
		st := &plan.Statements[i]
		steps[i] = step{Statement: st, cat: cat, pins: constants(st, literals), fixes: fixedBy(st, literals), sent: sent, edits: edits}
	}
	return steps, nil
}

// fixedKey gives the key that a pin of the text fixes. Const is of the text first seen
// of this shape; the literals are this text's own.
func fixedKey(p *lineage.Pin, literals []string) string {
	key := p.Const
	if p.Literal >= 0 && p.Literal < len(literals) {
		key = literals[p.Literal]
	}
	return canonicalKey(p.TypeOID, key)
}

// constants gives the pinned keys that the text fixes.
func constants(st *lineage.Statement, literals []string) []string {
	var pins []string
	for i := range st.Sources {
		p := st.Sources[i].Pin
		if p == nil || p.Param != 0 {
			continue
		}
		if pins == nil {
			pins = make([]string, len(st.Sources))
		}
		pins[i] = fixedKey(p, literals)
	}
	return pins
}

// pinsOf gives the keys that the statement fixes when it runs by EXECUTE with these
// arguments.
func (st *step) pinsOf(args []lineage.Arg) []string {
	var pins []string
	for i := range st.Sources {
		p := st.Sources[i].Pin
		if p == nil || p.Param < 1 || p.Param > len(args) || !args[p.Param-1].Const {
			continue
		}
		if pins == nil {
			pins = make([]string, len(st.Sources))
			copy(pins, st.pins)
		}
		pins[i] = canonicalKey(p.TypeOID, args[p.Param-1].Text)
	}
	if pins == nil {
		return st.pins
	}
	return pins
}

func anyUnknown(steps []step) bool {
	for i := range steps {
		if steps[i].Unknown {
			return true
		}
	}
	return false
}

// declares says whether the system holds personal data at all.
func (sys *System) declares() bool { return len(sys.Tables) > 0 }

// decide settles whether this session may run the step.
func (c *conn) decide(st *step, several bool) error {
	if st.Verb == lineage.Set || st.Verb == lineage.Reset || st.Verb == lineage.Discard {
		if err := c.ownSetting(st, several); err != nil {
			return err
		}
	}
	if !c.sys.declares() {
		return nil
	}
	if st.Refusal != nil {
		c.cool(coolSlow)
		c.gate.Refuse(st.Refusal.Code, st.Shape)
		return st.Refusal
	}
	if st.Opaque {
		c.cool(coolSlow)
		c.gate.Refuse(custody.CodeUnattributed, st.Shape)
		return custody.E(custody.CodeUnattributed, "the gate cannot look into a "+st.Verb.String()+" statement",
			"write it as plain SQL; or ask the administrator to run it directly, or to declare the function under safe_functions in custody.yaml")
	}
	if ps := c.statements[st.Name]; st.Verb == lineage.Execute && ps != nil && len(ps.steps) == 1 {
		// Rights may have ended since it was prepared; what changes rows shows none.
		if _, err := c.current(ps); err != nil {
			return err
		}
	}
	inner := st
	if st.Inner != nil && st.Verb != lineage.Prepare {
		inner = &step{Statement: st.Inner, cat: st.cat}
	}
	if err := c.rule(inner, st.Verb); err != nil {
		return err
	}
	st.rulings = inner.rulings
	return c.mayChange(st)
}

// rule asks the gate about every source. What is copied out or read whole is an export.
func (c *conn) rule(st *step, verb lineage.Verb) error {
	if len(st.Sources) == 0 {
		return nil
	}
	if c.schema {
		return custody.E(custody.CodeUnattributed, "the schema was changed in this transaction, so the gate cannot tell what would be shown",
			"commit first")
	}
	action := custody.See
	if verb == lineage.CopyTo || st.Whole {
		action = custody.Export
	}
	if len(st.rulings) != len(st.Sources) {
		st.rulings = make([]gate.Ruling, len(st.Sources))
	}
	for i := range st.Sources {
		src := &st.Sources[i]
		r, err := c.gate.Decide(gate.Need{Action: action, Read: src.Read, Used: src.Used}, st.Shape)
		if err != nil {
			return err
		}
		st.rulings[i] = r
	}
	return nil
}

func (c *conn) mayChange(st *step) error {
	if len(st.Writes) > 0 {
		st.changes = make([]gate.Ruling, len(st.Writes))
	}
	for i := range st.Writes {
		cats := st.Writes[i].Categories
		if cats == 0 {
			continue
		}
		var err error
		if st.changes[i], err = c.gate.Decide(gate.Need{Action: custody.Change, Read: cats}, st.Shape); err != nil {
			return err
		}
	}
	return nil
}

// ownSetting handles what is set at the gate itself: custody.reason and
// custody.on_behalf_of. The statement still goes upstream, so that replies and
// transactions are the database's own, but a token never does.
func (c *conn) ownSetting(st *step, several bool) error {
	name := strings.ToLower(st.Name)
	switch {
	case st.Verb == lineage.Discard || name == "all" || name == "":
		st.apply = func() error { c.gate.ActFor(nil); return c.gate.SetReason("") }
		return nil
	case !strings.HasPrefix(name, "custody."):
		return nil
	case several:
		return custody.E(custody.CodeUnsupported, "custody settings are set one at a time", "send SET "+printable(name)+" as a statement of its own")
	case st.Local:
		return custody.E(custody.CodeUnsupported, "custody settings hold until they are set again", "use SET, not SET LOCAL")
	case name == "custody.reason":
		return c.setReason(st)
	case name == "custody.on_behalf_of":
		return c.setActor(st)
	}
	return custody.E(custody.CodeInvalid, "there is no setting "+printable(name), "there are custody.reason and custody.on_behalf_of")
}

// maxReason is the longest reason, in bytes.
const maxReason = 500

func (c *conn) setReason(st *step) error {
	text := strings.TrimSpace(st.Value)
	if st.Verb == lineage.Reset {
		text = ""
	}
	if len(text) > maxReason {
		return custody.E(custody.CodeTooLarge, "a reason has 500 bytes at most", "name the claim or the job, for example 'claim 123'")
	}
	st.rewritten = "SET custody.reason = 'stated'"
	st.apply = func() error { return c.gate.SetReason(text) }
	return nil
}

func (c *conn) setActor(st *step) error {
	if st.Verb == lineage.Reset || st.Value == "" {
		st.rewritten = "SET custody.on_behalf_of = ''"
		st.apply = func() error { c.gate.ActFor(nil); return nil }
		return nil
	}
	c.cool(coolSlow)
	person, err := c.s.o.Identity.OnBehalf(c.signedIn, st.Value)
	if err != nil {
		c.gate.Refuse(custody.CodeOf(err), 0)
		return err
	}
	st.rewritten = "SET custody.on_behalf_of = 'set'"
	st.apply = func() error { c.gate.ActFor(person); return nil }
	return nil
}
