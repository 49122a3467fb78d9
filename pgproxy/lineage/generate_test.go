package lineage_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// gen writes random queries over the schema of kit_test.go.
type gen struct {
	*rand.Rand
	aliases int
	// ordered is set when LIMIT or DISTINCT ON was used: then whose row is shown
	// depends on others, which is accepted.
	ordered bool
	ctes    []gitem
}

type gcol struct {
	ref  string
	name string
	kind byte // n: bigint, t: text
}

type gitem struct {
	name string
	cols []gcol
}

var gtables = []gitem{
	{"customers", gcols("id n branch_id n name t phone t email t note t")},
	{"vehicles", gcols("id n customer_id n reg t colour t branch_id n")},
	{"jobs", gcols("id n vehicle_id n customer_id n description t")},
	{"calls", gcols("id n customer_id n number t")},
	{"calls_2024", gcols("id n customer_id n number t")},
	{"branches", gcols("id n name t town t")},
	{"staff", gcols("id n branch_id n note t")},
	{"events", gcols("id n customer_id n kind t")},
	{"customer_list", gcols("id n full_name t phone t branch_id n")},
	{"reach", gcols("customer n reg t phone t")},
	{"totals", gcols("branch_id n top t")},
	{"plain_view", gcols("id n name t")},
	{"snapshot", gcols("id n email t")},
	{"customers", gcols("id n branch_id n name t phone t email t note t")},
	{"vehicles", gcols("id n customer_id n reg t colour t branch_id n")},
	{"events", gcols("id n customer_id n kind t")},
}

func gcols(text string) []gcol {
	f := strings.Fields(text)
	var cols []gcol
	for i := 0; i < len(f); i += 2 {
		cols = append(cols, gcol{name: f[i], kind: f[i+1][0]})
	}
	return cols
}

func (g *gen) chance(percent int) bool { return g.IntN(100) < percent }

func pick[T any](g *gen, list []T) T { return list[g.IntN(len(list))] }

func (g *gen) alias() string { g.aliases++; return fmt.Sprintf("a%d", g.aliases) }

// scope is what names may be used, innermost last.
type gscope []gcol

func (s gscope) of(kind byte) []gcol {
	var out []gcol
	for _, c := range s {
		if c.kind == kind {
			out = append(out, c)
		}
	}
	return out
}

// item writes one FROM entry and gives its columns, qualified.
func (g *gen) item(depth int, outer gscope, lateral gscope) (string, gscope) {
	a := g.alias()
	var sql string
	var cols []gcol
	switch n := g.IntN(100); {
	case n < 22 && depth > 0:
		var inner []gcol
		if len(lateral) > 0 && g.chance(50) {
			sql, inner = g.query(depth-1, append(append(gscope{}, outer...), lateral...), nil)
			sql = "LATERAL (" + sql + ")"
		} else {
			sql, inner = g.query(depth-1, outer, nil)
			sql = "(" + sql + ")"
		}
		cols = inner
	case n < 27 && len(lateral) > 0:
		sql, cols = g.function(lateral)
	case n < 34 && len(g.ctes) > 0:
		c := pick(g, g.ctes)
		sql, cols = c.name, c.cols
	default:
		t := pick(g, gtables)
		sql, cols = t.name, t.cols
	}
	var out gscope
	for _, c := range cols {
		out = append(out, gcol{ref: a + "." + c.name, name: c.name, kind: c.kind})
	}
	return sql + " AS " + a, out
}

// function writes a function in FROM whose rows depend on the columns to its left.
func (g *gen) function(lateral gscope) (string, []gcol) {
	t := lateral.of('t')
	if len(t) == 0 {
		return "(VALUES (1::bigint, 'x'))", nil
	}
	v := pick(g, t).ref
	switch g.IntN(3) {
	case 0:
		return "LATERAL regexp_split_to_table(" + v + ", '1')", nil
	case 1:
		return "LATERAL generate_series(1, length(" + v + ") % 4)", nil
	}
	return "LATERAL jsonb_each_text(jsonb_build_object('v', " + v + "))", []gcol{{name: "key", kind: 't'}, {name: "value", kind: 't'}}
}

// key picks a column that likely holds a subject's key.
func (g *gen) key(s gscope) (gcol, bool) {
	n := s.of('n')
	if len(n) == 0 {
		return gcol{}, false
	}
	for range 6 {
		c := pick(g, n)
		if strings.Contains(c.name, "customer") || c.name == "id" {
			return c, true
		}
	}
	return pick(g, n), true
}

func (g *gen) from(depth int, outer gscope) (string, gscope) {
	sql, scope := g.item(depth, outer, nil)
	for range g.IntN(3) {
		right, cols := g.item(depth, outer, scope)
		kind := pick(g, []string{"JOIN", "JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN", ","})
		if strings.HasPrefix(right, "LATERAL") && (kind == "RIGHT JOIN" || kind == "FULL JOIN") {
			kind = "LEFT JOIN"
		}
		if kind == "," {
			sql += ", " + right
		} else if kind == "CROSS JOIN" {
			sql = sql + " CROSS JOIN " + right
		} else if name, ok := shared(g, scope, cols); ok && g.chance(30) {
			sql = sql + " " + kind + " " + right + " USING (" + name + ")"
		} else {
			a, ok1 := g.key(scope)
			b, ok2 := g.key(cols)
			on := "true"
			if ok1 && ok2 {
				on = a.ref + " = " + b.ref
			}
			if g.chance(25) && kind != "FULL JOIN" {
				on += " AND " + g.predicate(depth-1, outer, append(append(gscope{}, scope...), cols...))
			}
			sql = sql + " " + kind + " " + right + " ON " + on
		}
		scope = append(scope, cols...)
	}
	return sql, scope
}

// shared finds a number column that both sides have once.
func shared(g *gen, a, b gscope) (string, bool) {
	for _, x := range a {
		na, nb := 0, 0
		for _, y := range a {
			if y.name == x.name {
				na++
			}
		}
		for _, y := range b {
			if y.name == x.name && y.kind == 'n' {
				nb++
			}
		}
		if x.kind == 'n' && na == 1 && nb == 1 && g.chance(60) {
			return x.name, true
		}
	}
	return "", false
}

func (g *gen) predicate(depth int, outer, s gscope) string {
	all := append(append(gscope{}, outer...), s...)
	n, t := all.of('n'), all.of('t')
	if len(n) == 0 || len(t) == 0 {
		return "true"
	}
	switch g.IntN(14) {
	case 0, 1:
		return pick(g, n).ref + " = " + pick(g, n).ref
	case 2:
		if k, ok := g.key(s); ok {
			return fmt.Sprintf("%s = %d", k.ref, 11+g.IntN(20))
		}
	case 3:
		return pick(g, t).ref + " LIKE '%" + fmt.Sprint(g.IntN(9)) + "%'"
	case 4:
		return fmt.Sprintf("%s > %d", pick(g, n).ref, g.IntN(30))
	case 5:
		return pick(g, t).ref + " IS NOT NULL"
	case 6:
		return "(" + g.predicate(depth, outer, s) + " OR " + g.predicate(depth, outer, s) + ")"
	case 7:
		return "NOT (" + g.predicate(depth, outer, s) + ")"
	case 8, 9:
		if depth > 0 {
			return pick(g, []string{"", "", "NOT "}) + "EXISTS (" + g.simple(depth-1, all) + ")"
		}
	case 10:
		if depth > 0 {
			sub, cols := g.query(depth-1, all, []byte{'n'})
			_ = cols
			if k, ok := g.key(s); ok {
				return k.ref + pick(g, []string{" IN ", " NOT IN ", " = ANY ", " IN "}) + "(" + sub + ")"
			}
		}
	case 11:
		if depth > 0 {
			return "(" + g.scalar(depth-1, all, 't') + ") " + pick(g, []string{"IS NULL", "IS NOT NULL", "LIKE '%1%'"})
		}
	case 13:
		if k, ok := g.key(s); ok {
			if k2, ok := g.key(all); ok {
				return fmt.Sprintf("(%s = %s OR %s = %d)", k.ref, k2.ref, k2.ref, 11+g.IntN(20))
			}
		}
	case 12:
		if k, ok := g.key(s); ok {
			if k2, ok := g.key(all); ok {
				return k.ref + " = " + k2.ref
			}
		}
	}
	return pick(g, n).ref + " <> 3"
}

// simple writes a select for EXISTS, often tied to the outside by a key.
func (g *gen) simple(depth int, outer gscope) string {
	from, s := g.from(depth, outer)
	where := g.tie(outer, s)
	if g.chance(60) {
		where += " AND " + g.predicate(depth, outer, s)
	}
	return "SELECT 1 FROM " + from + " WHERE " + where
}

func (g *gen) tie(outer, s gscope) string {
	a, ok1 := g.key(s)
	b, ok2 := g.key(outer)
	if !ok1 || !ok2 || g.chance(20) {
		return "true"
	}
	return a.ref + " = " + b.ref
}

// scalar writes a subselect of one value.
func (g *gen) scalar(depth int, outer gscope, kind byte) string {
	from, s := g.from(depth, outer)
	cols := s.of(kind)
	if len(cols) == 0 {
		return "NULL"
	}
	v := pick(g, cols).ref
	where := g.tie(outer, s)
	if g.chance(40) {
		where += " AND " + g.predicate(depth, outer, s)
	}
	if kind == 't' && g.chance(30) {
		return "SELECT string_agg(" + v + ", ',' ORDER BY " + v + ") FROM " + from + " WHERE " + where
	}
	return "SELECT min(" + v + ") FROM " + from + " WHERE " + where
}

func (g *gen) text(depth int, outer, s gscope) string {
	all := append(append(gscope{}, outer...), s...)
	t := s.of('t')
	if len(t) == 0 || g.chance(15) {
		t = all.of('t')
	}
	if len(t) == 0 {
		return "'x'"
	}
	switch g.IntN(10) {
	case 0:
		return "upper(" + pick(g, t).ref + ")"
	case 1:
		return pick(g, t).ref + " || '/' || " + pick(g, t).ref
	case 2:
		return "coalesce(" + pick(g, t).ref + ", " + pick(g, t).ref + ")"
	case 3:
		return "CASE WHEN " + g.predicate(depth-1, outer, s) + " THEN " + pick(g, t).ref + " ELSE 'none' END"
	case 4:
		if depth > 0 {
			return "(" + g.scalar(depth-1, all, 't') + ")"
		}
	case 6:
		if g.chance(40) {
			return "regexp_split_to_table(" + pick(g, t).ref + ", '2')"
		}
	case 5:
		if a := strings.Split(pick(g, t).ref, "."); len(a) == 2 {
			return pick(g, []string{a[0] + "::text", "to_jsonb(" + a[0] + ")::text", "(row_to_json(" + a[0] + "))::text"})
		}
	}
	return pick(g, t).ref
}

// query writes a SELECT or a set operation; want fixes the kinds of its columns.
func (g *gen) query(depth int, outer gscope, want []byte) (string, []gcol) {
	if depth > 0 && g.chance(12) {
		if want == nil {
			want = []byte("ntn"[:1+g.IntN(3)])
		}
		a, cols := g.block(depth-1, outer, want)
		b, _ := g.block(depth-1, outer, want)
		return a + pick(g, []string{" UNION ", " UNION ALL ", " INTERSECT ", " EXCEPT ", " EXCEPT ALL "}) + b, cols
	}
	return g.block(depth, outer, want)
}

func (g *gen) block(depth int, outer gscope, want []byte) (string, []gcol) {
	from, s := g.from(depth, outer)
	fixed := want != nil
	if !fixed {
		for range 1 + g.IntN(4) {
			want = append(want, "nnt"[g.IntN(3)])
		}
	}
	where := "true"
	for range g.IntN(3) {
		where += " AND " + g.predicate(depth, outer, s)
	}
	if g.chance(22) {
		return g.grouped(depth, outer, s, from, where, want, fixed)
	}
	var targets []string
	var cols []gcol
	for _, k := range want {
		var e string
		if k == 'n' {
			e = g.number(depth, outer, s)
		} else {
			e = g.text(depth, outer, s)
		}
		targets = append(targets, e)
		cols = append(cols, gcol{name: fmt.Sprintf("c%d", len(cols)+1), kind: k})
	}
	if !fixed {
		for _, c := range s.of('n') {
			if (strings.Contains(c.name, "customer") || c.name == "id") && g.chance(75) {
				targets = append(targets, c.ref)
				cols = append(cols, gcol{name: fmt.Sprintf("c%d", len(cols)+1), kind: 'n'})
			}
		}
	}
	for i := range targets {
		targets[i] += " AS " + cols[i].name
	}
	distinct := ""
	if g.chance(8) {
		distinct = "DISTINCT "
	}
	sql := "SELECT " + distinct + strings.Join(targets, ", ") + " FROM " + from + " WHERE " + where
	if g.chance(5) {
		g.ordered = true
		sql += " ORDER BY 1 LIMIT 3"
		return "(" + sql + ")", cols
	}
	return sql, cols
}

func (g *gen) number(depth int, outer, s gscope) string {
	n := s.of('n')
	if len(n) == 0 {
		return "0"
	}
	switch g.IntN(14) {
	case 0:
		if t := s.of('t'); len(t) > 0 {
			return "length(" + pick(g, t).ref + ")::bigint"
		}
	case 1:
		over := ""
		if k, ok := g.key(s); ok && g.chance(60) {
			over = "PARTITION BY " + k.ref
		}
		if t := s.of('t'); len(t) > 0 && g.chance(50) {
			return "count(" + pick(g, t).ref + ") OVER (" + over + ")"
		}
		return "count(*) OVER (" + over + ")"
	case 2:
		if depth > 0 {
			return "(" + strings.Replace(g.simple(depth-1, append(append(gscope{}, outer...), s...)), "SELECT 1", "SELECT count(*)", 1) + ")"
		}
	case 3:
		if depth > 0 {
			return "(" + g.predicate(depth-1, outer, s) + ")::int::bigint"
		}
	}
	if k, ok := g.key(s); ok {
		return k.ref
	}
	return "0"
}

func (g *gen) grouped(depth int, outer, s gscope, from, where string, want []byte, fixed bool) (string, []gcol) {
	var keys []string
	for range 1 + g.IntN(2) {
		if k, ok := g.key(s); ok {
			keys = append(keys, k.ref)
		}
	}
	if len(keys) == 0 || g.chance(10) {
		keys = nil
	}
	var targets []string
	var cols []gcol
	t, n := s.of('t'), s.of('n')
	for i, k := range want {
		e := "NULL::text"
		switch {
		case k == 'n' && i < len(keys):
			e = keys[i]
		case k == 'n' && len(n) > 0:
			e = pick(g, []string{"count(*)", "max(" + pick(g, n).ref + ")", "count(*) FILTER (WHERE " + g.predicate(0, nil, s) + ")"})
		case k == 'n':
			e = "count(*)"
		case len(t) > 0:
			c := pick(g, t).ref
			e = pick(g, []string{"max(" + c + ")", "min(upper(" + c + "))", "string_agg(" + c + ", ' ' ORDER BY " + c + ")"})
		}
		cols = append(cols, gcol{name: fmt.Sprintf("c%d", len(cols)+1), kind: k})
		targets = append(targets, e)
	}
	if !fixed {
		for _, k := range keys {
			if g.chance(85) {
				targets = append(targets, k)
				cols = append(cols, gcol{name: fmt.Sprintf("c%d", len(cols)+1), kind: 'n'})
			}
		}
	}
	for i := range targets {
		targets[i] += " AS " + cols[i].name
	}
	sql := "SELECT " + strings.Join(targets, ", ") + " FROM " + from + " WHERE " + where
	if len(keys) > 0 {
		by := strings.Join(keys, ", ")
		if g.chance(12) {
			by = pick(g, []string{"ROLLUP (", "CUBE (", "GROUPING SETS ((), "}) + by + ")"
		}
		sql += " GROUP BY " + by
	}
	if g.chance(20) && len(t) > 0 {
		sql += " HAVING count(" + pick(g, t).ref + ") > 0"
	}
	return sql, cols
}

// statement writes a whole query, sometimes with WITH.
func (g *gen) statement() string {
	g.aliases, g.ordered, g.ctes = 0, false, nil
	with := ""
	for i := range g.IntN(3) {
		if g.chance(40) {
			sql, cols := g.query(1, nil, nil)
			name := fmt.Sprintf("w%d", i)
			if with != "" {
				with += ", "
			}
			with += name + " AS (" + sql + ")"
			g.ctes = append(g.ctes, gitem{name, cols})
		}
	}
	sql, _ := g.query(2, nil, nil)
	if with != "" {
		sql = "WITH " + with + " " + sql
	}
	return sql
}
