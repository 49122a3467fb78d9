package lineage

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// denied are functions of PostgreSQL itself that read what a statement does not
// name: queries given as text, files, large objects, other sessions' statements,
// statistics' sampled values, the write-ahead log; or that change the server.
var denied = map[string]bool{
	"ts_stat": true, "ts_rewrite": true, "loread": true, "lowrite": true,
	"pg_stat_get_activity": true, "pg_stat_get_backend_activity": true,
	"pg_mcv_list_items": true, "pg_stat_file": true, "pg_hba_file_rules": true,
	"pg_ident_file_mappings": true, "pg_show_all_file_settings": true,
	"pg_notify": true, "pg_terminate_backend": true, "pg_cancel_backend": true,
	"pg_reload_conf": true, "pg_rotate_logfile": true, "pg_promote": true,
	"pg_switch_wal": true, "pg_create_restore_point": true, "pg_get_wal_records_info": true,
	"pg_stat_reset": true, "pg_read_file_old": true, "pg_logfile_rotate": true,
	"pg_import_system_collations": true, "pg_event_trigger_ddl_commands": true,
	"pg_restore_relation_stats": true, "pg_restore_attribute_stats": true,
	"pg_stat_statements": true, "pg_stat_get_progress_info": true,
}

var deniedPrefixes = []string{
	"query_to_xml", "table_to_xml", "schema_to_xml", "database_to_xml", "cursor_to_xml",
	"pg_read_", "pg_ls_", "lo_", "pg_logical_", "pg_create_logical_", "pg_create_physical_",
	"pg_copy_logical_", "pg_copy_physical_", "pg_drop_replication_", "pg_replication_",
	"pg_wal_replay_", "pg_backup_", "pg_start_backup", "pg_stop_backup", "pg_stat_reset_",
	"pg_file_", "pg_log_backend_", "binary_upgrade_", "dblink", "pg_statistic_ext",
	"pg_sync_replication_", "pg_stat_get_wal_senders",
}

// keeps are functions that keep what they are given where others, or a later
// statement, can see it.
var keeps = map[string]bool{
	"setval": true, "set_config": true, "pg_advisory_lock": true, "pg_advisory_xact_lock": true,
	"pg_try_advisory_lock": true, "pg_try_advisory_xact_lock": true, "pg_advisory_lock_shared": true,
	"pg_advisory_xact_lock_shared": true, "pg_try_advisory_lock_shared": true,
	"pg_try_advisory_xact_lock_shared": true, "pg_advisory_unlock": true,
	"pg_advisory_unlock_shared": true, "setseed": true, "pg_sleep_until": true, "set_limit": true,
}

// isDenied says whether a function of pg_catalog is on the list.
func isDenied(name string) bool {
	if denied[name] {
		return true
	}
	for _, p := range deniedPrefixes {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// checkFunction refuses functions that may read what the statement does not name.
// field says that the name may be just a field of a composite value.
func (r *run) checkFunction(path []string, field bool) {
	if len(path) == 0 || !r.cat.declared {
		return
	}
	name := path[len(path)-1]
	schema := ""
	if len(path) > 1 {
		schema = path[len(path)-2]
	}
	if isDenied(name) && (schema == "" || schema == "pg_catalog") {
		r.unsafe(refuseFunction(name))
		return
	}
	known := false
	for _, f := range r.cat.functions[name] {
		if schema != "" && f.schema != schema {
			continue
		}
		known = true
		if f.unsafe {
			r.unsafe(refuseFunction(name))
			return
		}
	}
	if _, ok := r.cat.types[name]; known || field || ok || schema == "pg_catalog" {
		return
	}
	r.unknown = true
	r.unsafe(refuseUnknownFunction(name))
}

// funcCall reads a function call.
func (r *run) funcCall(l *level, f *pg.FuncCall) deps {
	path := strs(f.Funcname)
	r.checkFunction(path, false)
	r.aggregate(l, f)
	d := r.exprs(l, f.Args).union(r.exprs(l, f.AggOrder)).union(r.expr(l, f.AggFilter))
	if len(path) == 0 {
		return d
	}
	name := path[len(path)-1]
	if name == "set_config" {
		r.setConfig(f)
	}
	if keeps[name] && len(d) > 0 {
		r.refuse(refuseKeeps(name))
	}
	if keeps[name] || name == "nextval" {
		for at := l; at != nil; at = at.parent {
			at.effect = name
		}
	}
	if f.Over != nil {
		d = d.union(r.over(l, f.Over, d))
	}
	return d
}

// functionColumns gives the columns of a function in FROM, if they are known.
func (r *run) functionColumns(n *pg.Node, a *pg.Alias) ([]string, bool) {
	f := n.GetFuncCall()
	if f == nil {
		if name, ok := figureName(n); ok && n.GetSqlvalueFunction() == nil {
			return []string{aliasOr(a, name)}, n.GetTypeCast() == nil
		}
		return nil, false
	}
	path := strs(f.Funcname)
	name := path[len(path)-1]
	candidates := r.cat.functions[name]
	if len(candidates) == 0 {
		return nil, false
	}
	if name == "unnest" {
		if len(f.Args) != 1 {
			return nil, false
		}
		return nil, false
	}
	first := candidates[0]
	for _, c := range candidates {
		if c.scalar != first.scalar || strings.Join(c.columns, "\x00") != strings.Join(first.columns, "\x00") {
			return nil, false
		}
	}
	if first.scalar {
		return []string{aliasOr(a, name)}, true
	}
	return first.columns, len(first.columns) > 0
}

func aliasOr(a *pg.Alias, name string) string {
	if a.GetAliasname() != "" {
		return a.Aliasname
	}
	return name
}

// operator refuses user-defined operators that are backed by unsafe functions.
func (r *run) operator(name []*pg.Node) deps {
	if len(name) == 0 || !r.cat.declared {
		return nil
	}
	op := name[len(name)-1].GetString_().GetSval()
	if o, ok := r.cat.operators[op]; ok && o.unsafe {
		if len(name) == 2 && name[0].GetString_().GetSval() == "pg_catalog" {
			return nil
		}
		r.unsafe(refuseOperator(op))
	}
	return nil
}

// checkType refuses casts to types whose conversion runs unsafe functions.
func (r *run) checkType(t *pg.TypeName) {
	if t == nil || !r.cat.declared {
		return
	}
	names := strs(t.Names)
	if len(names) == 0 || len(names) == 2 && names[0] == "pg_catalog" {
		return
	}
	if info, ok := r.cat.types[names[len(names)-1]]; ok && info.unsafe {
		r.unsafe(refuseFunction(names[len(names)-1]))
	}
}
