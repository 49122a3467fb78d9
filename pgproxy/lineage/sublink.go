package lineage

import pg "github.com/pganalyze/pg_query_go/v6"

// subLink reads a subselect inside an expression. What it looks at must be tied to
// the row around it: by an equality with an outer column, by IN on the key, or by a
// pin.
func (r *run) subLink(l *level, s *pg.SubLink) deps {
	sel := s.Subselect.GetSelectStmt()
	if sel == nil {
		r.refuseNear(refuseConstruct("this subselect"))
		return nil
	}
	r.fixed++
	res := r.selectStmt(l, l.ctes, sel)
	r.fixed--
	var d deps
	switch s.SubLinkType {
	case pg.SubLinkType_EXISTS_SUBLINK:
		for _, c := range res.columns {
			if c.risky { // a set in its select list decides how many rows there are
				d = d.union(c.deps)
			}
		}
	case pg.SubLinkType_ANY_SUBLINK, pg.SubLinkType_ALL_SUBLINK:
		d = res.all().union(r.operator(s.OperName))
		d = d.union(r.memberOf(l, s, res))
	default:
		d = res.all()
	}
	for _, o := range res.occs {
		if r.occs[o].lostIn == lostSelect {
			r.occs[o].lostIn = lostSubselect
		}
		r.occs[o].restricted = true
	}
	l.occs = append(l.occs, res.occs...)
	l.presence = l.presence.union(res.presence)
	return d
}

// memberOf reads x IN (SELECT key …): whether it holds depends only on the rows
// whose key is x, so x carries the key.
func (r *run) memberOf(l *level, s *pg.SubLink, res *relationResult) deps {
	if s.Testexpr == nil {
		return nil
	}
	c, d := r.plain(l, s.Testexpr)
	trusted := s.SubLinkType == pg.SubLinkType_ANY_SUBLINK && len(s.OperName) == 0 && r.trustsEquals()
	if c == nil || !trusted || len(res.columns) != 1 || res.wildFrom >= 0 || !comparable(c, res.columns[0]) {
		return d
	}
	for _, o := range res.occs {
		if len(res.keys[o]) > 0 {
			r.occs[o].carriers = append(r.occs[o].carriers, c.node)
		}
	}
	return d
}
