package routes

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// reports writes random statements as reports and BI tools do: they show and count
// personal data and leave the customer's key out. A declared table is written as
// {table#n}, where n is the mention, so that the oracle can take a customer out of one
// mention and not of another.
type reports struct {
	*rand.Rand
	mentions int
	used     map[int]bool // mentions whose personal columns matter
	aliases  int
	kind     string // what was written, for the figures
	loose    bool   // rows may depend on customers that are not shown: OFFSET
	ctes     []rel
}

// rel is something to read from.
type rel struct {
	sql  string
	cols []col
}

// col is a column; from are the mentions whose personal data it holds.
type col struct {
	ref  string
	kind byte // n: number, t: text
	from []int
	key  bool
	agg  bool // fewer rows may make a condition on it true
}

var declared = map[string]string{
	"customers":     "id nk branch_id n name tp phone tp email tp note tp joined n",
	"vehicles":      "customer_id nk reg tp colour t branch_id n",
	"jobs":          "customer_id nk description tp price n",
	"customer_list": "id nk full_name tp phone tp branch_id n",
}

var open = map[string]string{"branches": "id n name t town t", "events": "customer_id nk kind t id n"}

func (g *reports) chance(percent int) bool { return g.IntN(100) < percent }

func one[T any](g *reports, list ...T) T { return list[g.IntN(len(list))] }

func (g *reports) alias() string { g.aliases++; return fmt.Sprintf("a%d", g.aliases) }

func (g *reports) table() rel {
	name := one(g, "customers", "customers", "customers", "vehicles", "jobs", "customer_list", "branches", "events")
	spec, personal := declared[name]
	r := rel{sql: name}
	if personal {
		g.mentions++
		r.sql = fmt.Sprintf("{%s#%d}", name, g.mentions)
	} else {
		spec = open[name]
	}
	for f := strings.Fields(spec); len(f) > 0; f = f[2:] {
		c := col{ref: f[0], kind: f[1][0], key: strings.Contains(f[1], "k")}
		if strings.Contains(f[1], "p") {
			c.from = []int{g.mentions}
		}
		r.cols = append(r.cols, c)
	}
	return r
}

// item writes one entry of FROM.
func (g *reports) item(depth int) (string, []col) {
	a := g.alias()
	r := g.table()
	switch {
	case depth > 0 && g.chance(22):
		sql, cols := g.block(depth-1, nil)
		r = rel{"(" + sql + ")", cols}
	case len(g.ctes) > 0 && g.chance(35):
		r = one(g, g.ctes...)
	}
	var cols []col
	for _, c := range r.cols {
		c.ref = a + "." + c.ref
		cols = append(cols, c)
	}
	return r.sql + " " + a, cols
}

func (g *reports) from(depth int) (string, []col) {
	sql, cols := g.item(depth)
	for range g.IntN(3) {
		right, more := g.item(depth)
		on := "true"
		x, y := keysOf(cols), keysOf(more)
		if len(x) > 0 && len(y) > 0 && g.chance(85) {
			on = one(g, x...).ref + " = " + one(g, y...).ref
		} else if x, y := plain(cols), plain(more); len(x) > 0 && len(y) > 0 {
			on = one(g, x...).ref + " = " + one(g, y...).ref
		}
		both := append(append([]col{}, cols...), more...)
		join := one(g, " JOIN ", " JOIN ", " LEFT JOIN ", " RIGHT JOIN ", " FULL JOIN ")
		if join == " JOIN " && g.chance(20) {
			on += " AND " + g.predicate(both)
		}
		sql, cols = sql+join+right+" ON "+on, both
	}
	return sql, cols
}

func keysOf(cols []col) (out []col) {
	for _, c := range cols {
		if c.key {
			out = append(out, c)
		}
	}
	return out
}

func plain(cols []col) (out []col) {
	for _, c := range cols {
		if c.kind == 'n' && len(c.from) == 0 && !c.key && strings.HasSuffix(c.ref, "branch_id") {
			out = append(out, c)
		}
	}
	return out
}

func (g *reports) of(cols []col, kind byte) (col, bool) {
	var list []col
	for _, c := range cols {
		if c.kind == kind && !c.key {
			list = append(list, c)
		}
	}
	if len(list) == 0 {
		return col{ref: map[byte]string{'n': "7", 't': "'x'"}[kind], kind: kind}, false
	}
	return one(g, list...), true
}

// use notes that a column's personal data matters to the answer.
func (g *reports) use(c col) string {
	for _, m := range c.from {
		g.used[m] = true
	}
	return c.ref
}

func (g *reports) predicate(cols []col) string {
	t, text := g.of(cols, 't')
	n, number := g.of(cols, 'n')
	if !text || !number || n.agg {
		return "true"
	}
	switch g.IntN(7) {
	case 0:
		return g.use(t) + " LIKE '%" + fmt.Sprint(1+g.IntN(8)) + "%'"
	case 1:
		return g.use(t) + " IS NOT NULL"
	case 2:
		return fmt.Sprintf("%s < %d", g.use(n), 2+g.IntN(60))
	case 3:
		return "(" + g.predicate(cols) + " OR " + g.predicate(cols) + ")"
	case 4:
		return fmt.Sprintf("length(%s) > %d", g.use(t), g.IntN(2))
	case 5:
		if k := keysOf(cols); len(k) > 0 {
			return fmt.Sprintf("%s < %d", one(g, k...).ref, 12+g.IntN(12))
		}
	}
	return fmt.Sprintf("%s <> %d", g.use(n), g.IntN(5))
}

// value writes one entry of a select list.
func (g *reports) value(cols []col, kind byte) (string, []int) {
	c, _ := g.of(cols, kind)
	d, _ := g.of(cols, 't')
	if kind == 'n' {
		if g.chance(20) {
			return "length(" + d.ref + ")", d.from
		}
		return c.ref, c.from
	}
	switch g.IntN(6) {
	case 0:
		return "upper(" + c.ref + ")", c.from
	case 1:
		return c.ref + " || '/' || coalesce(" + d.ref + ", '?')", append(append([]int{}, c.from...), d.from...)
	}
	return c.ref, c.from
}

// block writes a SELECT; want fixes the kinds of its columns.
func (g *reports) block(depth int, want []byte) (string, []col) {
	if want == nil {
		for range 1 + g.IntN(3) {
			want = append(want, one(g, byte('t'), 't', 'n'))
		}
	}
	if depth > 0 && g.chance(15) {
		return g.union(depth-1, want)
	}
	from, cols := g.from(depth)
	where := ""
	for i := range g.IntN(3) {
		where += []string{" WHERE ", " AND "}[min(i, 1)] + g.predicate(cols)
	}
	switch n := g.IntN(100); {
	case n < 26:
		return g.grouped(from+where, cols, want)
	case n < 36:
		return g.distinct(from+where, cols, want)
	case n < 44:
		return g.window(from+where, cols, want)
	}
	return g.plain(from+where, cols, want)
}

func (g *reports) plain(rest string, cols []col, want []byte) (string, []col) {
	var list []string
	var out []col
	for i, k := range want {
		v, from := g.value(cols, k)
		name := fmt.Sprintf("c%d", i+1)
		list, out = append(list, v+" AS "+name), append(out, col{ref: name, kind: k, from: from, agg: agg(cols, v)})
	}
	return "SELECT " + strings.Join(list, ", ") + " FROM " + rest, out
}

func (g *reports) distinct(rest string, cols []col, want []byte) (string, []col) {
	g.kind += " distinct"
	sql, out := g.plain(rest, cols, want)
	for i := range out {
		g.use(out[i])
	}
	return strings.Replace(sql, "SELECT ", "SELECT DISTINCT ", 1), out
}

// grouped always shows a value of every row of a group, so that the oracle sees it.
func (g *reports) grouped(rest string, cols []col, want []byte) (string, []col) {
	g.kind += " grouped"
	var list, by []string
	var out []col
	for i, k := range want {
		name := fmt.Sprintf("c%d", i+1)
		c := col{ref: name, kind: k}
		v, from := g.value(cols, k)
		switch {
		case i > 0 && k == 't':
			t, _ := g.of(cols, 't')
			v, from = "string_agg("+t.ref+", ',' ORDER BY "+t.ref+")", t.from
		case i > 0:
			t, _ := g.of(cols, one(g, byte('n'), 't'))
			v, from = one(g, "count(%s)", "count(DISTINCT %s)", "max(length(%s::text))", "count(*) FILTER (WHERE %s IS NOT NULL)"), t.from
			v = fmt.Sprintf(v, t.ref)
		case len(want) == 1 || g.chance(15):
			v = "string_agg(" + v + "::text, ',' ORDER BY " + v + ")"
			if k == 'n' {
				v = "length(" + v + ")"
			}
		default:
			by = append(by, fmt.Sprint(i+1))
		}
		c.from, c.agg = from, k == 'n' && (i > 0 || len(by) == 0)
		g.use(c)
		list, out = append(list, v+" AS "+name), append(out, c)
	}
	sql := "SELECT " + strings.Join(list, ", ") + " FROM " + rest
	if len(by) > 0 {
		sql += " GROUP BY " + strings.Join(by, ", ")
	}
	if g.chance(15) {
		sql += " HAVING count(*) > 0"
	}
	return sql, out
}

func (g *reports) window(rest string, cols []col, want []byte) (string, []col) {
	sql, out := g.plain(rest, cols, want)
	t, _ := g.of(cols, 't')
	if len(t.from) == 0 { // it would tell that others exist, and nothing of them
		return sql, out
	}
	g.kind += " window"
	n, _ := g.of(cols, 'n')
	g.use(t)
	by := ""
	if g.chance(50) {
		by = "PARTITION BY " + g.use(n)
	}
	w := one(g, "count("+t.ref+") OVER ("+by+")", "max(length("+t.ref+")) OVER ("+by+")", "rank() OVER ("+by+" ORDER BY "+t.ref+")")
	head, tail, _ := strings.Cut(sql, " FROM ")
	out = append(out, col{ref: "w", kind: 'n', from: t.from, agg: true})
	return head + ", " + w + " AS w FROM " + tail, out
}

func (g *reports) union(depth int, want []byte) (string, []col) {
	a, x := g.block(depth, want)
	b, y := g.block(depth, want)
	if len(x) != len(y) { // a window added one
		return a, x
	}
	op := one(g, " UNION ALL ", " UNION ALL ", " UNION ")
	g.kind += strings.ToLower(strings.TrimRight(op, " "))
	for i := range x {
		x[i].from = append(append([]int{}, x[i].from...), y[i].from...)
		if op == " UNION " {
			g.use(x[i])
		}
	}
	return a + op + b, x
}

// statement writes a whole one.
func (g *reports) statement() string {
	g.mentions, g.aliases, g.kind, g.loose, g.ctes, g.used = 0, 0, "", false, nil, map[int]bool{}
	with := ""
	if g.chance(25) {
		sql, cols := g.block(1, nil)
		g.kind += " with"
		with = "WITH w AS (" + sql + ") "
		g.ctes = []rel{{"w", cols}}
	}
	sql, out := g.block(one(g, 0, 1, 1, 2), nil)
	if g.chance(15) {
		g.kind += " star"
		sql = "SELECT * FROM (" + sql + ") q"
	}
	var order []string
	for i := range out {
		g.use(out[i])
		order = append(order, fmt.Sprint(i+1))
	}
	if g.chance(80) {
		sql += " ORDER BY " + strings.Join(order, ", ")
		if g.chance(15) {
			g.kind += " limit"
			sql += fmt.Sprintf(" LIMIT %d", 1+g.IntN(6))
		}
		if g.chance(6) {
			g.loose = true
			sql += " OFFSET 1"
		}
	}
	return with + sql
}

// agg says whether a value is made of an aggregate further in.
func agg(cols []col, v string) bool {
	for _, c := range cols {
		if c.agg && strings.Contains(v, c.ref) {
			return true
		}
	}
	return false
}
