package lineage

import (
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// settings that anyone may change: they alter presentation, waiting and plans, not
// who one is, what is logged, which code is loaded or how text is read.
var settings = words(`
application_name client_encoding datestyle timezone time_zone intervalstyle extra_float_digits
statement_timeout lock_timeout idle_in_transaction_session_timeout idle_session_timeout
transaction_timeout search_path bytea_output client_min_messages standard_conforming_strings
escape_string_warning backslash_quote
default_transaction_isolation default_transaction_read_only default_transaction_deferrable
transaction_isolation transaction_read_only transaction_deferrable transaction_snapshot
work_mem maintenance_work_mem hash_mem_multiplier temp_buffers row_security xmloption xmlbinary
synchronize_seqscans quote_all_identifiers check_function_bodies default_table_access_method
default_tablespace temp_tablespaces default_toast_compression synchronous_commit commit_delay
constraint_exclusion cursor_tuple_fraction from_collapse_limit join_collapse_limit geqo
geqo_threshold geqo_effort plan_cache_mode random_page_cost seq_page_cost cpu_tuple_cost
cpu_index_tuple_cost cpu_operator_cost parallel_setup_cost parallel_tuple_cost
min_parallel_table_scan_size min_parallel_index_scan_size max_parallel_workers_per_gather
max_parallel_workers max_parallel_maintenance_workers effective_cache_size effective_io_concurrency
jit jit_above_cost jit_inline_above_cost jit_optimize_above_cost jit_expressions
lc_monetary lc_numeric lc_time lc_messages array_nulls transform_null_equals
gin_fuzzy_search_limit default_text_search_config default_statistics_target
tcp_keepalives_idle tcp_keepalives_interval tcp_keepalives_count tcp_user_timeout
client_connection_check_interval password_encryption stats_fetch_consistency
enable_async_append enable_bitmapscan enable_gathermerge enable_group_by_reordering enable_hashagg
enable_hashjoin enable_incremental_sort enable_indexscan enable_indexonlyscan enable_material
enable_memoize enable_mergejoin enable_nestloop enable_parallel_append enable_parallel_hash
enable_partition_pruning enable_partitionwise_aggregate enable_partitionwise_join
enable_presorted_aggregate enable_seqscan enable_sort enable_tidscan
`)

// encodings whose bytes read the same here and on the server: ASCII is ASCII in
// every position.
var encodings = words(`utf8 unicode sql_ascii latin1 latin9 iso88591 iso885915 win1252 windows1252`)

func words(text string) map[string]bool {
	m := make(map[string]bool)
	for _, w := range strings.Fields(text) {
		m[w] = true
	}
	return m
}

// Settable says whether anyone may change a setting to a value, with SET or when
// they connect.
func Settable(name, value string) bool { return settable(name, value) }

// settable says whether a setting may be changed to a value.
func settable(name, value string) bool {
	name = strings.ToLower(name)
	switch name {
	case "client_encoding", "names":
		return value == "" || encodings[strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(value))] ||
			encodings[strings.ToLower(value)]
	case "standard_conforming_strings":
		v := strings.ToLower(value)
		return v == "" || v == "on" || v == "true" || v == "1" || v == "yes"
	}
	return settings[name] || strings.HasPrefix(name, "custody.")
}

// set reads SET, SET LOCAL, RESET and SET TRANSACTION.
func (r *run) set(s *Statement, v *pg.VariableSetStmt) {
	s.Verb, s.Name, s.Local = Set, strings.ToLower(v.Name), v.IsLocal
	s.Value = setValue(v.Args)
	switch v.Kind {
	case pg.VariableSetKind_VAR_RESET_ALL:
		s.Verb = Reset
		return
	case pg.VariableSetKind_VAR_RESET:
		s.Verb = Reset
		s.Value = ""
	case pg.VariableSetKind_VAR_SET_MULTI:
		return
	case pg.VariableSetKind_VAR_SET_DEFAULT:
		s.Value = ""
	}
	if !settable(s.Name, s.Value) {
		r.refuse(refuseSetting(s.Name))
	}
}

// setValue joins the arguments of SET as text.
func setValue(args []*pg.Node) string {
	var parts []string
	for _, n := range args {
		parts = append(parts, constText(n))
	}
	return strings.Join(parts, ", ")
}

// constText gives a constant as text, or nothing.
func constText(n *pg.Node) string {
	if t := n.GetTypeCast(); t != nil {
		return constText(t.Arg)
	}
	k := n.GetAConst()
	if k == nil {
		return ""
	}
	switch x := k.Val.(type) {
	case *pg.A_Const_Ival:
		return strconv.Itoa(int(x.Ival.GetIval()))
	case *pg.A_Const_Fval:
		return x.Fval.GetFval()
	case *pg.A_Const_Sval:
		return x.Sval.GetSval()
	case *pg.A_Const_Boolval:
		return strconv.FormatBool(x.Boolval.GetBoolval())
	}
	return ""
}

// setConfig treats set_config(name, value, local) as SET: the name must be a
// constant, and so must the value.
func (r *run) setConfig(f *pg.FuncCall) {
	if !r.cat.declared {
		return
	}
	r.literal = true
	if len(f.Args) != 3 {
		r.refuse(refuseSetting("set_config"))
		return
	}
	name, value := constText(f.Args[0]), constText(f.Args[1])
	if value == "view, foreign-table" {
		return // pg_dump sets restrict_nonsystem_relation_kind so, with its name from pg_settings
	}
	if f.Args[1].GetParamRef() != nil && name != "client_encoding" && name != "standard_conforming_strings" {
		value = "$"
	} else if f.Args[1].GetAConst() == nil {
		name = ""
	}
	// The gate keeps what custody.* settings mean, and hears of them only from SET.
	if name == "" || strings.HasPrefix(strings.ToLower(name), "custody.") || !settable(name, value) {
		r.refuse(refuseSetting("set_config"))
	}
}
