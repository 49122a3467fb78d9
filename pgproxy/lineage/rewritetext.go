package lineage

import (
	"sort"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// tokenAt finds the token that starts at a position of the parser, -1 if none does.
func (h *hiding) tokenAt(location int32) int {
	at := int(location) - h.base
	i := sort.Search(len(h.tokens), func(i int) bool { return h.tokens[i].start >= at })
	if i == len(h.tokens) || h.tokens[i].start != at {
		return -1
	}
	return i
}

func (h *hiding) word(i int) string {
	if i < 0 || i >= len(h.tokens) {
		return ""
	}
	return h.text[h.tokens[i].start:h.tokens[i].end]
}

func (h *hiding) is(i int, word string) bool { return equalFold(h.word(i), word) }

// listEnd gives the token that follows a select list, 0 if it is not in the
// statement's own text or nothing may be added to it.
func (r *run) listEnd(list []*pg.Node) int {
	h := r.hide
	if h == nil || r.view > 0 || r.fixed > 0 || len(list) == 0 {
		return 0
	}
	at := h.tokenAt(list[len(list)-1].GetResTarget().GetLocation())
	if at <= 0 {
		return 0
	}
	return h.clause(at, "from where group having window union intersect except order limit offset fetch for into")
}

// clause finds the first of some keywords from a token on, outside of brackets, or
// the end of the query.
func (h *hiding) clause(at int, keywords string) int {
	stops := strings.Fields(keywords)
	depth := 0
	for i := at; i < len(h.tokens); i++ {
		switch w := h.word(i); w {
		case "(", "[":
			depth++
		case ")", "]":
			if depth--; depth < 0 {
				return i
			}
		case ";":
			return i
		default:
			if depth > 0 || h.named(i) {
				continue
			}
			for _, s := range stops {
				if equalFold(w, s) && !h.partOf(i) {
					return i
				}
			}
		}
	}
	return len(h.tokens)
}

// named says whether token i is a name because of what stands before it.
func (h *hiding) named(i int) bool {
	if i == 0 {
		return false
	}
	return h.word(i-1) == "." || h.is(i-1, "as") && !h.named(i-1)
}

// partOf says whether a keyword belongs to an expression: IS DISTINCT FROM, WITHIN
// GROUP.
func (h *hiding) partOf(i int) bool {
	if h.is(i, "from") {
		return h.is(i-1, "distinct") && (h.is(i-2, "is") || h.is(i-2, "not"))
	}
	return h.is(i, "group") && h.is(i-1, "within")
}

// plainStar writes out * or item.* where it would show added columns.
func (r *run) plainStar(l *level, ref *pg.ColumnRef, entries []*entry) {
	h := r.hide
	if h == nil || !hasHidden(entries) || h.seen[ref] {
		return
	}
	h.seen[ref] = true
	from := h.tokenAt(ref.Location)
	to := from
	for to >= 0 && to < len(h.tokens) && h.word(to) != "*" {
		to++
	}
	text, ok := l.columnsOf(entries)
	if from < 0 || to == len(h.tokens) || r.view > 0 || !ok {
		h.fail = true
		return
	}
	h.edits = append(h.edits, Edit{from, to + 1, text})
}

func hasHidden(entries []*entry) bool {
	for _, e := range entries {
		for _, c := range e.columns {
			if c.hidden {
				return true
			}
		}
	}
	return false
}

// columnsOf lists the columns of entries that are the client's.
func (l *level) columnsOf(entries []*entry) (string, bool) {
	var list []string
	for _, e := range entries {
		if e.wild {
			return "", false
		}
		for _, c := range e.columns {
			if c.hidden {
				continue
			}
			ref, ok := l.written(e, c)
			if !ok {
				return "", false
			}
			list = append(list, ref)
		}
	}
	return strings.Join(list, ", "), len(list) > 0
}

// written spells one column of an entry; those that USING merged have no item.
func (l *level) written(e *entry, c *column) (string, bool) {
	if c.unsure {
		return "", false
	}
	for _, it := range e.items {
		for _, x := range it.columns {
			if x == c {
				return ident(it.alias) + "." + ident(c.name), l.unique(it) && it.has(c.name) == 1
			}
		}
	}
	_, matches, wild := l.match(c.name)
	return ident(c.name), matches == 1 && !wild
}

// wholeRowOf stops the second reading where a whole row is used as a value: with
// added columns it would be another.
func (r *run) wholeRowOf(columns []*column) {
	if r.hide == nil {
		return
	}
	for _, c := range columns {
		if c.hidden {
			r.hide.fail = true
		}
	}
}
