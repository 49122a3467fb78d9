package lineage

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// point says whether a SELECT shows bare columns of exactly one row of the table of
// the subjects themselves, found by its key and by nothing else: then it shows that
// subject whenever there is such a row, whatever the answer holds.
func (s *Statement) point(n *pg.SelectStmt) bool {
	if len(s.Sources) != 1 || s.Sources[0].Pin == nil || !s.Sources[0].Table.Subject || s.Sources[0].Used != 0 || s.Refusal != nil {
		return false
	}
	if !onlyKeyed(n) || len(n.FromClause) != 1 {
		return false
	}
	t := s.Sources[0].Table
	from := n.FromClause[0].GetRangeVar()
	if from == nil || from.Catalogname != "" || from.Relname != t.Name || from.Schemaname != "" && from.Schemaname != t.Schema {
		return false
	}
	for _, target := range n.TargetList {
		if target.GetResTarget().GetVal().GetColumnRef() == nil {
			return false
		}
	}
	return keyEquals(n.WhereClause, t.Key)
}

// onlyKeyed: the clauses that could take the row away, or make it another, are not
// there.
func onlyKeyed(n *pg.SelectStmt) bool {
	lists := [][]*pg.Node{n.DistinctClause, n.GroupClause, n.WindowClause, n.ValuesLists, n.SortClause, n.LockingClause}
	return !slices.ContainsFunc(lists, func(l []*pg.Node) bool { return len(l) > 0 }) &&
		n.IntoClause == nil && n.HavingClause == nil && n.LimitOffset == nil && n.LimitCount == nil &&
		n.WithClause == nil && n.Op == pg.SetOperation_SETOP_NONE
}

// keyEquals: the condition is key = constant or key = $n, either way round.
func keyEquals(n *pg.Node, key string) bool {
	e := n.GetAExpr()
	if e == nil || e.Kind != pg.A_Expr_Kind_AEXPR_OP || len(e.Name) != 1 || e.Name[0].GetString_().GetSval() != "=" {
		return false
	}
	return isKey(e.Lexpr, key) && isValue(e.Rexpr) || isValue(e.Lexpr) && isKey(e.Rexpr, key)
}

func isKey(n *pg.Node, key string) bool {
	fields := n.GetColumnRef().GetFields()
	return len(fields) > 0 && fields[len(fields)-1].GetString_().GetSval() == key
}

func isValue(n *pg.Node) bool { return n.GetAConst() != nil || n.GetParamRef() != nil }
