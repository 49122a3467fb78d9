package lineage

import "custody"

// guardedSystem are system relations that hold values sampled from tables, other
// sessions' statements, secrets or file contents.
var guardedSystem = words(`
pg_stats pg_stats_ext pg_stats_ext_exprs pg_statistic pg_statistic_ext_data
pg_stat_statements pg_stat_statements_info pg_largeobject pg_authid pg_shadow
pg_hba_file_rules pg_ident_file_mappings pg_file_settings pg_user_mapping pg_user_mappings
pg_stat_activity pg_stat_progress_copy pg_stat_replication
_pg_user_mappings user_mapping_options
`)

// systemItem makes an item of a guarded system relation. Its closed columns may not
// be used: they depend on an occurrence that refuses when it is read.
func (r *run) systemItem(l *level, it *item, rel *relation) {
	it.base = true
	occ := len(r.occs)
	r.occs = append(r.occs, &occurrence{closed: rel.name})
	closed, partly := partlyOpen[rel.name]
	if !partly {
		r.refuse(refuseSystem(rel.name))
	}
	for i := range rel.columns {
		a := &rel.columns[i]
		c := &column{name: a.name, node: r.newNode(l, it.id), bare: true, keyOf: -1,
			tableOID: rel.oid, attr: a.num, typ: a.typ, base: a.base}
		if closed[a.name] {
			c.deps = c.deps.add(occ, closedBit)
		}
		it.columns = append(it.columns, c)
	}
}

// closedBit marks the use of a closed column; it is no category.
const closedBit custody.CategorySet = 1 << 31

// partlyOpen are guarded relations of which only some columns are closed.
var partlyOpen = map[string]map[string]bool{
	"pg_stat_activity": words("query query_id client_addr client_hostname client_port"),
	"pg_user_mapping":  words("umoptions"),
	"pg_user_mappings": words("umoptions"),
}
