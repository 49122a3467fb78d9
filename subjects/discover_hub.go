package subjects

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"custody"
)

// hub is the table of the subjects and its key.
type hub struct {
	table *relation
	key   *column
}

// findHub chooses the table with one row for each subject: it holds several kinds of
// personal data, others refer to it, and its name says so.
func (s *schema) findHub() (*hub, reason, error) {
	type candidate struct {
		table *relation
		score int
	}
	var list []candidate
	for _, t := range s.tables {
		if score := s.score(t); score > 0 {
			list = append(list, candidate{t, score})
		}
	}
	if len(list) == 0 {
		return nil, reason{}, custody.E(custody.CodeNotFound, "no table looks as if it held people: none has a key, and names with phones, emails or addresses",
			"if there is one, declare it in custody.yaml by hand; if there is none, write subjects: none")
	}
	slices.SortStableFunc(list, func(a, b candidate) int { return b.score - a.score })
	best := list[0].table
	h := &hub{best, s.keyOf(best)}
	why := reason{percent: 95}
	why.text = fmt.Sprintf("holds %s; tables that refer to it: %d", s.kinds(best), len(s.children(best)))
	if oneOf(words(best.name), wordsPeople) {
		why.text += "; its name says so"
	} else {
		why.percent -= 15
	}
	if len(list) > 1 && list[1].score*3 > list[0].score*2 {
		why.percent -= 25
		why.text += "; " + list[1].table.fullName() + " could be it instead"
	}
	best.key, best.reason = h.key, reason{"the subjects themselves: one row each", why.percent}
	s.findBirth(best)
	return h, why, nil
}

// score says how much a table looks like the subjects' own; 0 if it cannot be.
func (s *schema) score(t *relation) int {
	kinds := s.kinds(t)
	for _, k := range s.foreign {
		if k.to == t && k.column.unique { // details with one row for each
			kinds |= s.kinds(k.from)
		}
	}
	if t.denied || s.keyOf(t) == nil || kinds.Len() < 2 || s.extends(t) ||
		!kinds.Has(custody.Name) && !kinds.Has(custody.Email) && !kinds.Has(custody.Phone) {
		return 0
	}
	score := 10*kinds.Len() + 8*min(len(s.children(t)), 6)
	name := words(t.name)
	if oneOf(name, wordsPeople) {
		score += 40
	}
	if t.isStaff() {
		score -= 60
	}
	for _, k := range s.foreign { // what refers to people is about them, not they
		if k.from == t && k.to != t && oneOf(words(k.to.name), wordsPeople) {
			score -= 30
			break
		}
	}
	return max(0, score)
}

// extends says whether a table's key is that of another, about whom it says more.
func (s *schema) extends(t *relation) bool {
	for _, k := range s.foreign {
		if k.from == t && k.to != t && k.column.primary && !k.to.isStaff() && k.target.unique {
			return true
		}
	}
	return false
}

func (t *relation) isStaff() bool { return oneOf(words(t.name), wordsStaff) }

// kinds are the categories that a table holds in its own right.
func (s *schema) kinds(t *relation) custody.CategorySet {
	var set custody.CategorySet
	for _, c := range t.columns {
		if c.found && !c.needsSubject {
			set |= custody.Categories(c.category)
		}
	}
	return set
}

// children are the tables that refer to a table, by foreign key or, where there is
// none, by a column named after its key.
func (s *schema) children(t *relation) map[*relation]bool {
	set := map[*relation]bool{}
	for _, k := range s.foreign {
		if k.to == t && k.from != t {
			set[k.from] = true
		}
	}
	key := s.keyOf(t)
	for _, other := range s.tables {
		if other != t && key != nil && other.namesake(t, key) != nil {
			set[other] = true
		}
	}
	return set
}

// keyOf gives the column that foreign keys point at most often, else the primary
// key, else a unique column that is never null.
func (s *schema) keyOf(t *relation) *column {
	count := map[*column]int{}
	var best *column
	better := func(c *column, n int) {
		if count[c] += n; best == nil || count[c] > count[best] {
			best = c
		}
	}
	for _, k := range s.foreign {
		if k.to == t && k.from != t && k.target.unique {
			better(k.target, 3)
		}
	}
	for _, c := range t.columns {
		if c.primary {
			better(c, 2)
		} else if c.unique && c.notNull && !c.found {
			better(c, 1)
		}
	}
	return best
}

// findBirth finds a date of birth that is not called so: all its years are those of
// grown people.
func (s *schema) findBirth(t *relation) {
	for _, c := range t.columns {
		if !c.found && c.dated() && !c.foreign && c.seen.years >= enough && c.seen.oldest < 1960 && c.seen.youngest <= 2012 {
			c.set(custody.DateOfBirth, 60, "all sampled dates lie in years when customers of today were born")
		}
	}
}

// reach finds, for every table, the column that carries the subject's key: by
// foreign keys, also over several tables, and then by name where there is none.
func (s *schema) reach(ctx context.Context, h *hub) error {
	carries := map[*column]bool{h.key: true}
	s.follow(h, carries)
	for _, t := range s.tables {
		if t.key != nil || t.denied {
			continue
		}
		if c := t.namesake(h.table, h.key); c != nil {
			if err := s.tryNamesake(ctx, h, t, c); err != nil {
				return err
			}
			if t.key != nil {
				carries[c] = true
			}
		}
	}
	s.follow(h, carries)
	s.detours(h)
	return nil
}

// follow goes along foreign keys that end at a column known to carry the key.
func (s *schema) follow(h *hub, carries map[*column]bool) {
	for again := true; again; {
		again = false
		for _, k := range s.foreign {
			if !carries[k.target] || carries[k.column] || k.from == h.table {
				continue
			}
			carries[k.column], again = true, true
			if k.from.key == nil || k.column.nearer(k.from.key, h) {
				k.from.key = k.column
				k.from.reason = reason{fmt.Sprintf("%s refers to %s.%s", k.column.name, k.to.name, k.target.name), 97}
				if k.to != h.table {
					k.from.reason.percent = 90
				}
			}
		}
	}
}

// nearer chooses between two columns that carry the key: customer_id before
// referred_by, one that is never null before one that may be.
func (c *column) nearer(other *column, h *hub) bool {
	mine, theirs := namedAfter(c, h.table, h.key), namedAfter(other, h.table, h.key)
	if mine != theirs {
		return mine
	}
	return c.notNull && !other.notNull
}

// namedAfter says whether a column is called like the subject table's key:
// customer_id, CUST_NO, clientRef.
func namedAfter(c *column, t *relation, key *column) bool {
	name := strings.Join(c.words, "")
	if len(key.words) > 1 && name == strings.Join(key.words, "") {
		return true // the same particular name: CUST_NO
	}
	for _, w := range words(t.name) {
		for _, stem := range []string{w, strings.TrimSuffix(w, "s"), strings.TrimSuffix(w, "es")} {
			for _, end := range []string{"id", "no", "number", "num", "key", "ref", "code", strings.Join(key.words, "")} {
				if len(stem) > 2 && name == stem+end {
					return true
				}
			}
		}
	}
	return false
}

// namesake gives a column that is named after the key of t, has a type like it, and
// has no foreign key that says otherwise.
func (t *relation) namesake(hub *relation, key *column) *column {
	for _, c := range t.columns {
		if !c.foreign && family(c) == family(key) && namedAfter(c, hub, key) {
			return c
		}
	}
	return nil
}

// family puts types together whose values can be compared as text.
func family(c *column) string {
	switch {
	case c.texty():
		return "text"
	case c.numeric() || c.typ == "int2":
		return "number"
	}
	return c.typ
}

// tryNamesake asks the database whether the values of a column without a foreign key
// are keys of subjects, and takes it if most of them are, or if there are none yet.
func (s *schema) tryNamesake(ctx context.Context, h *hub, t *relation, c *column) error {
	if c.denied {
		return nil
	}
	sql := fmt.Sprintf(`SELECT count(*), count(k.key) FROM (SELECT DISTINCT v FROM (SELECT %[1]s AS v FROM %[2]s WHERE %[1]s IS NOT NULL LIMIT %[5]d) a) b
		LEFT JOIN (SELECT %[3]s AS key FROM %[4]s) k ON k.key = b.v`,
		pgx.Identifier{c.name}.Sanitize(), t.sql(), pgx.Identifier{h.key.name}.Sanitize(), h.table.sql(), sampleRows)
	var values, keys int
	counted := false
	if err := s.attempt(ctx, func() error {
		err := s.conn.QueryRow(ctx, sql).Scan(&values, &keys)
		counted = err == nil
		return err
	}); err != nil {
		return err
	}
	switch {
	case !counted:
		t.key, t.reason = c, reason{c.name + " is named like the key; its values could not be compared", 55}
	case values == 0:
		t.key, t.reason = c, reason{c.name + " is named like the key; no foreign key and no rows confirm it", 60}
	case keys*10 >= values*8:
		t.key, t.reason = c, reason{fmt.Sprintf("%s is named like the key, and %d of its %d sampled values are keys; there is no foreign key", c.name, keys, values), 60 + 30*keys/values}
	}
	return nil
}

// detours notes, for tables without the key, through which table they would be
// reached, or which column points at them: their rows belong to subjects all the
// same.
func (s *schema) detours(h *hub) {
	for _, k := range s.foreign {
		if k.from.key != nil && k.to.key == nil && k.to.aim == "" {
			k.to.aim = k.from.name + "." + k.column.name
		}
	}
	for again := true; again; {
		again = false
		for _, k := range s.foreign {
			if k.from.key == nil && k.from.via == "" && (k.to.key != nil && k.to != h.table || k.to.via != "") {
				k.from.via, again = k.to.fullName(), true
			}
		}
	}
}
