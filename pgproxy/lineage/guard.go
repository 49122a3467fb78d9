package lineage

import "sync"

// guard answers Categorised; it is filled at the first question.
type guard struct {
	once    sync.Once
	columns map[uint32]map[int16]bool
}

// Categorised says whether the relation's attribute, as RowDescription names them,
// is a column that holds personal data. The wire holds the database's own word
// against it even where lineage expects nothing.
func (c *Catalogue) Categorised(oid uint32, attr int16) bool {
	if oid == 0 {
		return false
	}
	c.guard.once.Do(c.fillGuard)
	return c.guard.columns[oid][attr]
}

func (c *Catalogue) fillGuard() {
	c.guard.columns = map[uint32]map[int16]bool{}
	for _, list := range c.relations {
		for _, r := range list {
			for _, a := range r.columns {
				if r.category(a.name) == 0 {
					continue
				}
				if c.guard.columns[r.oid] == nil {
					c.guard.columns[r.oid] = map[int16]bool{}
				}
				c.guard.columns[r.oid][a.num] = true
			}
		}
	}
}
