package store

import (
	"database/sql"
	"time"

	"custody"
	"custody/policy"
)

// Facts reads what decisions need to know of people and employers: what people hold, and
// what processors may have at all. notice is the version of the notice at sign-in that
// is in force; people hold "rule:notice" who accepted it.
func (s *Store) Facts(now time.Time, notice string) (policy.Facts, error) {
	f := policy.Facts{Holdings: map[custody.PersonID][]policy.Holding{}, Ceilings: map[string]map[string]custody.CategorySet{}}
	_, err := list(s.read, scanHolding(f.Holdings), holdings("IS NOT NULL"), now.UnixMilli(), notice)
	if err == nil {
		_, err = list(s.read, func(r *sql.Rows) (struct{}, error) {
			var org string
			var system sql.NullString
			var set custody.CategorySet
			err := r.Scan(&org, &system, &set)
			if f.Ceilings[org] == nil {
				f.Ceilings[org] = map[string]custody.CategorySet{}
			}
			if system.Valid {
				f.Ceilings[org][system.String] = set
			}
			return struct{}{}, err
		}, `SELECT o.name, s.name, coalesce(c.categories, 0) FROM processors p JOIN organisations o ON o.id = p.organisation
			LEFT JOIN processor_scopes c ON c.organisation = p.organisation LEFT JOIN systems s ON s.id = c.system WHERE p.kind = 'processor'`)
	}
	if err != nil {
		s.missed.Store(true)
	}
	return f, err
}

// scanHolding reads the rows of holdings into what people hold.
func scanHolding(into map[custody.PersonID][]policy.Holding) func(*sql.Rows) (struct{}, error) {
	return func(r *sql.Rows) (struct{}, error) {
		var person custody.PersonID
		var h policy.Holding
		var from, until sql.NullInt64
		err := r.Scan(&person, &h.Name, &from, &until)
		h.From, h.Until = moment(from), moment(until)
		into[person] = append(into[person], h)
		return struct{}{}, err
	}
}

// holdings is the question for what people hold, of those of whom a condition on their
// number holds: those in date at ?1 or later. A rule is held from its acceptance until a
// newer version begins; ?2 is the notice's version. The clause is held from its signing,
// while the person works for that organisation.
func holdings(of string) string {
	return `SELECT t.person, 'training:' || c.name, t.taken, t.until FROM training t JOIN courses c ON c.id = t.course
		WHERE t.revoked IS NULL AND t.until > ?1 AND t.person ` + of + `
	UNION ALL SELECT a.person, 'rule:' || r.name, max(a.accepted, r.begins),
		(SELECT min(n.begins) FROM rules n WHERE n.name = r.name AND (n.begins > r.begins OR n.begins = r.begins AND n.id > r.id))
		FROM acceptances a JOIN rules r ON r.id = a.rule
		WHERE NOT EXISTS (SELECT 1 FROM rules n WHERE n.name = r.name AND n.begins <= ?1 AND (n.begins > r.begins OR n.begins = r.begins AND n.id > r.id)) AND a.person ` + of + `
	UNION ALL SELECT person, 'rule:notice', min(accepted), NULL FROM notices WHERE version = ?2 AND person ` + of + ` GROUP BY person
	UNION ALL SELECT c.person, 'clause', max(min(c.signed), e.start), e.end FROM clauses c
		JOIN engagements e ON e.person = c.person AND e.organisation = c.organisation AND (e.end IS NULL OR e.end > ?1) WHERE c.person ` + of + ` GROUP BY e.id`
}
