package lineage

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// utility reads what is neither a query nor a change of rows.
func (r *run) utility(s *Statement, n *pg.Node) {
	switch x := n.GetNode().(type) {
	case nil:
		s.Verb = Empty
	case *pg.Node_VariableSetStmt:
		r.set(s, x.VariableSetStmt)
	case *pg.Node_VariableShowStmt:
		s.Verb, s.Name = Show, x.VariableShowStmt.Name
	case *pg.Node_TransactionStmt:
		s.Verb = Transaction
		s.Name, s.Ends = x.TransactionStmt.SavepointName, ends(x.TransactionStmt.Kind)
	case *pg.Node_ConstraintsSetStmt:
		s.Verb = Utility
	case *pg.Node_PrepareStmt:
		s.Verb, s.Name = Prepare, x.PrepareStmt.Name
		r.types(x.PrepareStmt.Argtypes)
		r.wrap(s, x.PrepareStmt.Query)
		r.argtypes(s, x.PrepareStmt.Argtypes)
	case *pg.Node_ExecuteStmt:
		s.Verb, s.Name = Execute, x.ExecuteStmt.Name
		r.execute(s, x.ExecuteStmt)
		return
	case *pg.Node_DeallocateStmt:
		s.Verb, s.Name = Deallocate, x.DeallocateStmt.Name
	case *pg.Node_DeclareCursorStmt:
		s.Verb, s.Name = Declare, x.DeclareCursorStmt.Portalname
		r.wrap(s, x.DeclareCursorStmt.Query)
	case *pg.Node_FetchStmt:
		s.Verb, s.Name = Fetch, x.FetchStmt.Portalname
		if x.FetchStmt.Ismove {
			r.refuse(refuseMove())
		}
	case *pg.Node_ClosePortalStmt:
		s.Verb, s.Name = ClosePortal, x.ClosePortalStmt.Portalname
	case *pg.Node_ExplainStmt:
		r.explain(s, x.ExplainStmt)
	case *pg.Node_LockStmt:
		s.Verb = Lock
		r.names(n)
	case *pg.Node_DiscardStmt:
		s.Verb = Discard
	case *pg.Node_ListenStmt:
		s.Verb, s.Name = Listen, x.ListenStmt.Conditionname
	case *pg.Node_UnlistenStmt:
		s.Verb, s.Name = Unlisten, x.UnlistenStmt.Conditionname
	case *pg.Node_NotifyStmt:
		s.Verb, s.Name = Notify, x.NotifyStmt.Conditionname
	case *pg.Node_CallStmt:
		s.Verb = Call
		r.callStmt(x.CallStmt)
	case *pg.Node_DoStmt:
		s.Verb = Do
		r.unsafe(refuseOpaque("DO"))
	default:
		r.ddl(s, n)
	}
	r.settle(s)
}

// ends reads the kind of a transaction statement.
func ends(k pg.TransactionStmtKind) Ends {
	switch k {
	case pg.TransactionStmtKind_TRANS_STMT_BEGIN, pg.TransactionStmtKind_TRANS_STMT_START:
		return Begins
	case pg.TransactionStmtKind_TRANS_STMT_ROLLBACK, pg.TransactionStmtKind_TRANS_STMT_ROLLBACK_PREPARED:
		return RollsBack
	case pg.TransactionStmtKind_TRANS_STMT_SAVEPOINT:
		return Marks
	case pg.TransactionStmtKind_TRANS_STMT_RELEASE:
		return Releases
	case pg.TransactionStmtKind_TRANS_STMT_ROLLBACK_TO:
		return GoesBack
	}
	return Commits
}

// settle moves what was found into the statement.
func (r *run) settle(s *Statement) {
	s.Touches = s.Touches || r.touches
	s.Unknown = s.Unknown || r.unknown
	s.Opaque = s.Opaque || r.opaque
	s.Writes = append(s.Writes, r.writes...)
	r.judge(s, false)
}

// wrap analyses the statement inside PREPARE, DECLARE and EXPLAIN.
func (r *run) wrap(s *Statement, n *pg.Node) {
	in := newRun(r.cat, r.text)
	in.confirm = r.confirm
	inner := Statement{Text: s.Text, Shape: s.Shape}
	if inner.Shape == 0 {
		inner.Shape = shapeWithin(s.Text)
	}
	in.dispatch(&inner, n)
	s.Inner = &inner
	s.adopt(&inner)
	s.unattributed = inner.unattributed
	if inner.Verb == Execute && r.cat.declared {
		// What the prepared statement reads is not known here.
		s.Refusal = refuseOpaque("EXECUTE inside another statement")
	}
}

// shapeWithin gives the shape of what stands behind AS: the statement of PREPARE.
func shapeWithin(text string) uint64 {
	tokens := tokensOf(text)
	for i, t := range tokens {
		if equalFold(text[t.start:t.end], "as") && i+1 < len(tokens) {
			if form, _, ok := normalise(nil, nil, text[tokens[i+1].start:]); ok {
				return hash(form)
			}
			break
		}
	}
	return 0
}

func (r *run) types(list []*pg.Node) {
	for _, n := range list {
		r.checkType(n.GetTypeName())
	}
}

// argtypes refuses parameters that pin a key and are declared with a type in which
// the same text or bytes may be another key.
func (r *run) argtypes(s *Statement, list []*pg.Node) {
	for i := range s.Sources {
		p := s.Sources[i].Pin
		if p == nil || p.Param == 0 || p.Param > len(list) || keepsKey(list[p.Param-1].GetTypeName(), p.TypeOID) {
			continue
		}
		r.refuse(refuseParam(p.Param))
	}
}

// execute reads EXECUTE name (arguments).
func (r *run) execute(s *Statement, e *pg.ExecuteStmt) {
	r.exprs(&level{}, e.Params)
	for _, n := range e.Params {
		s.Args = append(s.Args, Arg{Text: constText(n), Const: isConst(n)})
	}
	r.answer(s, nil)
}

// isConst says whether an argument is a constant that is not NULL.
func isConst(n *pg.Node) bool {
	k := n.GetAConst()
	return k != nil && !k.Isnull
}

// explain: plans show estimates made from people's data, so a statement over
// personal data is not explained.
func (r *run) explain(s *Statement, e *pg.ExplainStmt) {
	r.wrap(s, e.Query)
	s.Verb, s.runs = Explain, analyses(e)
	s.Outputs, s.Whole = nil, false
	if len(s.Sources) > 0 && s.Refusal == nil && r.cat.declared {
		s.Refusal = refuseExplain()
	}
}

// analyses says whether EXPLAIN runs the statement.
func analyses(e *pg.ExplainStmt) bool {
	runs := false
	for _, n := range e.Options {
		if d := n.GetDefElem(); d.GetDefname() == "analyze" {
			v := strings.ToLower(defText(d.GetArg()))
			runs = v != "false" && v != "off" && v != "0"
		}
	}
	return runs
}

// callStmt: procedures are looked at as functions are.
func (r *run) callStmt(c *pg.CallStmt) {
	if c.Funccall == nil {
		r.unsafe(refuseOpaque("CALL"))
		return
	}
	d := r.funcCall(&level{}, c.Funccall)
	if len(d) > 0 {
		r.unsafe(refuseOpaque("CALL"))
	}
}

// names marks whether any relation named below a node is declared, and checks the
// functions and types in it.
func (r *run) names(n *pg.Node) {
	_, view := n.GetNode().(*pg.Node_ViewStmt)
	walk(n.ProtoReflect(), func(m any) {
		switch x := m.(type) {
		case *pg.RangeVar:
			unknown := r.unknown
			if rel := r.relationOf(x); rel != nil && rel.sensitive {
				r.sensitive = true
			}
			r.unknown = unknown || view && r.unknown && x != n.GetViewStmt().View
		case *pg.FuncCall:
			r.checkFunction(strs(x.Funcname), false)
		case *pg.TypeName:
			r.checkType(x)
		case *pg.A_Expr:
			r.operator(x.Name)
		}
	})
}
