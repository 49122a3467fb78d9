package lineage

import (
	pg "github.com/pganalyze/pg_query_go/v6"
)

// ddl reads changes of the schema and the rest. A short list passes where no
// declared table is concerned; all else is refused while tables are declared,
// because it may make a way around the gate.
func (r *run) ddl(s *Statement, n *pg.Node) {
	s.Verb = DDL
	r.names(n)
	what := "this statement"
	allowed := false
	switch x := n.GetNode().(type) {
	case *pg.Node_CreateTableAsStmt:
		r.createTableAs(s, x.CreateTableAsStmt)
		return
	case *pg.Node_CreateStmt:
		what, allowed = "CREATE TABLE", r.newName(x.CreateStmt.Relation)
	case *pg.Node_CreateSeqStmt:
		what, allowed = "CREATE SEQUENCE", r.newName(x.CreateSeqStmt.Sequence)
	case *pg.Node_ViewStmt:
		what, allowed = "CREATE VIEW", !x.ViewStmt.Replace && r.newName(x.ViewStmt.View)
	case *pg.Node_IndexStmt:
		what, allowed = "CREATE INDEX", true
	case *pg.Node_AlterTableStmt:
		what, allowed = "ALTER TABLE", plainAlter(x.AlterTableStmt)
	case *pg.Node_AlterSeqStmt, *pg.Node_CreateEnumStmt, *pg.Node_AlterEnumStmt, *pg.Node_CompositeTypeStmt:
		what, allowed = "this change of the schema", true
	case *pg.Node_CreateSchemaStmt:
		what, allowed = "CREATE SCHEMA", len(x.CreateSchemaStmt.SchemaElts) == 0
	case *pg.Node_DropStmt:
		what, allowed = "DROP", r.drop(x.DropStmt)
	case *pg.Node_CommentStmt:
		what, allowed = "COMMENT", true
	case *pg.Node_TruncateStmt:
		r.truncate(x.TruncateStmt)
		return
	case *pg.Node_VacuumStmt:
		s.Verb = Utility
		return
	case *pg.Node_CheckPointStmt, *pg.Node_ReindexStmt, *pg.Node_ClusterStmt:
		s.Verb = Utility
		return
	case *pg.Node_RefreshMatViewStmt:
		s.Verb = Utility
		return
	}
	if !allowed || r.touches || r.sensitive {
		r.unsafe(refuseSchemaChange(what))
	}
}

// newName says whether a new relation's name is free in every schema, so that it
// cannot stand in for another.
func (r *run) newName(v *pg.RangeVar) bool {
	return v != nil && len(r.cat.lookup("", v.Relname)) == 0
}

// createAs checks the name of SELECT INTO and CREATE TABLE AS.
func (r *run) createAs(into *pg.IntoClause) {
	if !r.newName(into.GetRel()) {
		r.unsafe(refuseSchemaChange("a new table with the name of another"))
	}
}

// createTableAs: what is copied must not be personal data.
func (r *run) createTableAs(s *Statement, c *pg.CreateTableAsStmt) {
	r.createAs(c.Into)
	r.wrap(s, c.Query)
	if len(s.Sources) > 0 || s.holds() {
		r.unsafe(refuseCopying("CREATE TABLE AS"))
		s.Refusal = nil
	}
	s.Outputs = nil
}

// holds says whether any output holds personal data.
func (s *Statement) holds() bool {
	for _, o := range s.Outputs {
		if o.Categories != 0 {
			return true
		}
	}
	return false
}

// plainAlter: columns, defaults and constraints; nothing that joins tables to each
// other or runs code.
func plainAlter(a *pg.AlterTableStmt) bool {
	for _, n := range a.Cmds {
		switch n.GetAlterTableCmd().GetSubtype() {
		case pg.AlterTableType_AT_AddColumn, pg.AlterTableType_AT_DropColumn, pg.AlterTableType_AT_ColumnDefault,
			pg.AlterTableType_AT_SetNotNull, pg.AlterTableType_AT_DropNotNull, pg.AlterTableType_AT_AddConstraint,
			pg.AlterTableType_AT_DropConstraint, pg.AlterTableType_AT_AlterColumnType, pg.AlterTableType_AT_SetStatistics,
			pg.AlterTableType_AT_ValidateConstraint, pg.AlterTableType_AT_ChangeOwner, pg.AlterTableType_AT_AddIdentity:
		default:
			return false
		}
	}
	return true
}

// drop allows dropping relations, types and schemas that hold no declared table.
func (r *run) drop(d *pg.DropStmt) bool {
	switch d.RemoveType {
	case pg.ObjectType_OBJECT_TABLE, pg.ObjectType_OBJECT_VIEW, pg.ObjectType_OBJECT_SEQUENCE,
		pg.ObjectType_OBJECT_INDEX, pg.ObjectType_OBJECT_MATVIEW, pg.ObjectType_OBJECT_TYPE:
	case pg.ObjectType_OBJECT_SCHEMA:
		for _, n := range d.Objects {
			if r.cat.schemas[n.GetString_().GetSval()] {
				return false
			}
		}
		return d.Behavior != pg.DropBehavior_DROP_CASCADE
	default:
		return false
	}
	for _, n := range d.Objects {
		path := strs(n.GetList().GetItems())
		if len(path) == 0 {
			continue
		}
		for _, rel := range r.cat.lookup("", path[len(path)-1]) {
			if rel.sensitive && (len(path) == 1 || path[len(path)-2] == rel.schema) {
				r.touches = true
				return false
			}
		}
	}
	return true
}

// truncate of a declared table deletes everybody's rows and does not say whose. With
// CASCADE it may reach one from any other.
func (r *run) truncate(t *pg.TruncateStmt) {
	if t.Behavior == pg.DropBehavior_DROP_CASCADE && r.cat.declared {
		r.refuse(refuseTruncate())
	}
	for _, n := range t.Relations {
		if rel := r.relationOf(n.GetRangeVar()); rel != nil && rel.table != nil {
			r.refuse(refuseTruncate())
		}
	}
}
