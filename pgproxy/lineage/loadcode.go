package lineage

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/jackc/pgx/v5"
)

// safeExtensions come with PostgreSQL, and their functions read no table.
var safeExtensions = words(`citext hstore ltree pg_trgm pgcrypto unaccent fuzzystrmatch intarray
btree_gin btree_gist cube earthdistance isn seg uuid-ossp bloom dict_int dict_xsyn lo_none tsm_system_rows
tsm_system_time`)

// loadFunctions reads all functions. PostgreSQL's own are judged by name; others
// are safe if they are immutable and compiled, belong to a known extension, or are
// vouched for.
func (b *builder) loadFunctions() error {
	return b.query(`SELECT p.oid, n.nspname, p.proname, p.provolatile::text, l.lanname, p.prokind::text,
		t.typtype::text, t.typname = 'record', p.proretset, coalesce(x.extname, ''),
		coalesce((SELECT array_agg(coalesce(p.proargnames[i], '') ORDER BY i) FROM generate_subscripts(p.proargmodes, 1) i
			WHERE p.proargmodes[i] IN ('o', 'b', 't')), '{}'::text[])
		FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
		JOIN pg_type t ON t.oid = p.prorettype
		LEFT JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
		LEFT JOIN pg_extension x ON x.oid = d.refobjid`, func(rows pgx.Rows) error {
		var oid uint32
		var f function
		var name, volatility, language, kind, typtype, ext string
		var record bool
		var outs []string
		if err := rows.Scan(&oid, &f.schema, &name, &volatility, &language, &kind, &typtype, &record, &f.set, &ext, &outs); err != nil {
			return err
		}
		f.aggregate = kind == "a"
		f.unsafe = oid >= 16384 && !b.vouched(f.schema, name, ext) &&
			!(volatility == "i" && (language == "c" || language == "internal"))
		f.scalar = len(outs) == 0 && typtype != "c" && !record || len(outs) == 1
		if len(outs) > 1 && !slices.Contains(outs, "") {
			f.columns = outs
		}
		b.unsafe[oid] = f.unsafe || oid < 16384 && isDenied(name)
		b.cat.functions[name] = append(b.cat.functions[name], f)
		return nil
	})
}

func (b *builder) vouched(schema, name, ext string) bool {
	return safeExtensions[ext] || slices.Contains(b.cat.sys.SafeFunctions, name) ||
		slices.Contains(b.cat.sys.SafeFunctions, schema+"."+name)
}

// aggregates are as unsafe as the functions they are made of.
func (b *builder) aggregates() error {
	return b.query(`SELECT n.nspname, p.proname, ARRAY[aggtransfn::oid, aggfinalfn::oid, aggcombinefn::oid, aggserialfn::oid,
		aggdeserialfn::oid, aggmtransfn::oid, aggminvtransfn::oid, aggmfinalfn::oid]
		FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid JOIN pg_namespace n ON n.oid = p.pronamespace
		WHERE p.oid >= 16384`, func(rows pgx.Rows) error {
		var schema, name string
		var parts []uint32
		if err := rows.Scan(&schema, &name, &parts); err != nil {
			return err
		}
		if !slices.ContainsFunc(parts, func(oid uint32) bool { return b.unsafe[oid] }) {
			return nil
		}
		for i := range b.cat.functions[name] {
			if f := &b.cat.functions[name][i]; f.schema == schema {
				f.unsafe = true
			}
		}
		return nil
	})
}

func (b *builder) loadOperators() error {
	return b.query(`SELECT oprname, oprcode::oid, oprleft < 16384 AND oprright < 16384 FROM pg_operator WHERE oid >= 16384`,
		func(rows pgx.Rows) error {
			var name string
			var code uint32
			var builtin bool
			if err := rows.Scan(&name, &code, &builtin); err != nil {
				return err
			}
			o := b.cat.operators[name]
			o.unsafe = o.unsafe || b.unsafe[code]
			o.builtin = o.builtin || builtin
			b.cat.operators[name] = o
			return nil
		})
}

// loadTypes reads type names, which also serve as functions, and which of the
// user-defined ones run unsafe functions when cast to.
func (b *builder) loadTypes() error {
	return b.query(`SELECT t.typname, t.oid >= 16384 AND t.typtype IN ('b', 'd', 'e', 'r', 'm'),
		ARRAY[t.typinput::oid] || ARRAY(SELECT castfunc FROM pg_cast WHERE casttarget = t.oid AND oid >= 16384)
		|| ARRAY(SELECT d.refobjid FROM pg_constraint k JOIN pg_depend d ON d.classid = 'pg_constraint'::regclass
			AND d.objid = k.oid AND d.refclassid = 'pg_proc'::regclass WHERE k.contypid = t.oid AND t.typtype = 'd')
		FROM pg_type t WHERE t.typtype <> 'c' AND t.typname NOT LIKE '\_%'`, func(rows pgx.Rows) error {
		var name string
		var own bool
		var parts []uint32
		if err := rows.Scan(&name, &own, &parts); err != nil {
			return err
		}
		info := b.cat.types[name]
		info.user = info.user || own
		info.unsafe = info.unsafe || slices.ContainsFunc(parts, func(oid uint32) bool { return b.unsafe[oid] })
		b.cat.types[name] = info
		return nil
	})
}

// views parses the definitions of views and marks those over personal data, or over
// functions that may read it.
func (b *builder) views() error {
	if !b.cat.declared {
		return nil
	}
	trees := make([]*pg.Node, len(b.defs))
	for i, d := range b.defs {
		tree, err := pg.Parse(d.text)
		if err != nil || len(tree.Stmts) != 1 {
			d.rel.sensitive, d.rel.declared = true, true
			continue
		}
		trees[i] = tree.Stmts[0].Stmt
		d.rel.view = trees[i].GetSelectStmt()
	}
	for grown := true; grown; {
		grown = false
		for i, d := range b.defs {
			if trees[i] == nil || d.rel.sensitive && d.rel.declared {
				continue
			}
			sensitive, declared := b.exposes(trees[i])
			if sensitive && !d.rel.sensitive || declared && !d.rel.declared {
				d.rel.sensitive, d.rel.declared = true, d.rel.declared || declared
				grown = true
			}
		}
	}
	return nil
}

// exposes says whether a definition reads a sensitive relation or runs an unsafe
// function.
func (b *builder) exposes(n *pg.Node) (sensitive, declared bool) {
	r := newRun(b.cat, "")
	walk(n.ProtoReflect(), func(m any) {
		switch x := m.(type) {
		case *pg.RangeVar:
			for _, rel := range b.cat.lookup(x.Schemaname, x.Relname) {
				sensitive = sensitive || rel.sensitive
				declared = declared || rel.declared
			}
		case *pg.FuncCall:
			r.checkFunction(strs(x.Funcname), false)
		case *pg.TypeName:
			r.checkType(x)
		case *pg.A_Expr:
			r.operator(x.Name)
		}
	})
	return sensitive || r.opaque, declared
}
