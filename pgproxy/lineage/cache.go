package lineage

import (
	"strings"
	"sync"
)

// Plan is the analysis of a text that holds for all texts of its shape. It is
// shared: do not change it. Statement.Text is that of the text first seen.
type Plan struct {
	Statements []Statement
}

// Cache holds plans by normalised text: the text itself is the key, so no two
// shapes are ever taken for each other. It is bounded and safe for concurrent use.
type Cache struct {
	mu    sync.RWMutex
	plans map[string]*Plan
	max   int
}

// NewCache makes a cache for at most max shapes.
func NewCache(max int) *Cache { return &Cache{plans: make(map[string]*Plan), max: max} }

func (c *Cache) get(key []byte) *Plan {
	c.mu.RLock()
	p := c.plans[string(key)]
	c.mu.RUnlock()
	return p
}

// put stores a plan; a full cache loses some other one.
func (c *Cache) put(key []byte, p *Plan) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.plans) >= c.max {
		for k := range c.plans {
			delete(c.plans, k)
			break
		}
	}
	c.plans[string(key)] = p
}

// Len counts the plans.
func (c *Cache) Len() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.plans)
}

// scratch is the memory of one normalisation.
type scratch struct {
	text []byte
	lits []literal
}

var scratches = sync.Pool{New: func() any {
	return &scratch{text: make([]byte, 0, 1024), lits: make([]literal, 0, 64)}
}}

// AnalyseCached is Analyse, but a text of a known shape costs no parsing. It appends
// the text's literals to literals, where Pin.Literal finds the key, and gives the
// longer slice; for a text without shape it appends none, and Pin.Const holds.
func (a *Analyser) AnalyseCached(sql string, literals []string) (*Plan, []string, error) {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	var ok bool
	s.text, s.lits, ok = normalise(s.text[:0], s.lits[:0], sql)
	if ok {
		if p := a.cache.get(s.text); p != nil && p.fits(sql, s.lits) {
			return p, appendLiterals(literals, sql, s.lits), nil
		}
	}
	list, err := a.Analyse(sql)
	if err != nil {
		return nil, literals, err
	}
	p := &Plan{list}
	if !ok {
		return p, literals, nil
	}
	if p.general() {
		a.cache.put(s.text, p)
	}
	return p, appendLiterals(literals, sql, s.lits), nil
}

// general says whether a plan holds for all literals. What is unknown may be known
// soon, so it is not kept.
func (p *Plan) general() bool {
	for i := range p.Statements {
		st := &p.Statements[i]
		if st.LiteralsMatter || st.Unknown {
			return false
		}
	}
	return len(p.Statements) == 1
}

// fits says whether the literals that pin keys are spelt as keys.
func (p *Plan) fits(sql string, lits []literal) bool {
	st := &p.Statements[0]
	for i := range st.Sources {
		if !st.Sources[i].Pin.fits(sql, lits) {
			return false
		}
	}
	for i := range st.Writes {
		if !st.Writes[i].Pin.fits(sql, lits) {
			return false
		}
	}
	return true
}

func (p *Pin) fits(sql string, lits []literal) bool {
	if p == nil || p.Param > 0 {
		return true
	}
	if p.Literal < 0 || p.Literal >= len(lits) {
		return false
	}
	_, ok := canonical(lits[p.Literal].text(sql), p.TypeOID)
	return ok
}

// text gives a literal's value.
func (l literal) text(sql string) string {
	if !l.str {
		return sql[l.start:l.end]
	}
	s := sql[l.start+1 : l.end-1]
	if strings.IndexByte(s, '\'') >= 0 {
		return strings.ReplaceAll(s, "''", "'")
	}
	return s
}

func appendLiterals(dst []string, sql string, lits []literal) []string {
	for _, l := range lits {
		dst = append(dst, l.text(sql))
	}
	return dst
}
