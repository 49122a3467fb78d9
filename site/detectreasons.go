package site

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"custody"
	"custody/detect"
)

// reasons are the explanations of all systems, as the guarded databases had them at the
// last reading: one column of the relation for each template.
type reasons struct {
	relation *detect.Relation
	systems  map[custody.SystemID][]reasonPath
	branches []int // columns whose values are branches
}

// reasonPath is a template with its column and the facts that end it at the person.
type reasonPath struct {
	column uint16
	says   string
	facts  []string
}

func (r *reasons) has(system custody.SystemID) bool { return len(r.systems[system]) > 0 }

func (r *reasons) says(system custody.SystemID) []string {
	var list []string
	for _, p := range r.systems[system] {
		list = append(list, p.says)
	}
	return list
}

// explain says whether a template explains a look.
func (r *reasons) explain(system custody.SystemID, x *seat, s custody.SubjectID, at time.Time) bool {
	for _, p := range r.systems[system] {
		if w := r.relation.Known(factsOf(x.session, p.facts)); w != 0 && r.relation.Has(s, int(p.column), w, at) {
			return true
		}
	}
	return false
}

// branch gives a customer's branch by the first template that ends in one.
func (r *reasons) branch(s custody.SubjectID) uint32 {
	for _, c := range r.branches {
		if w := r.relation.First(s, c); w != 0 {
			return w
		}
	}
	return 0
}

// factsOf joins the facts about who looks; empty if one is not known.
func factsOf(s *custody.Session, facts []string) string {
	list := make([]string, len(facts))
	for i, f := range facts {
		if list[i] = s.PersonFact(f); list[i] == "" {
			return ""
		}
	}
	return strings.Join(list, "\x1f")
}

// refresh reads the reasons of all systems again. A system that cannot be read keeps
// detectors as they are: all of it is taken or nothing.
func (d *detector) refresh(ctx context.Context) {
	var columns []string
	for i := range d.s.o.Systems {
		for _, t := range d.s.o.Systems[i].Explanations {
			columns = append(columns, d.s.o.Systems[i].Name+"."+t.Name)
		}
	}
	if len(columns) == 0 {
		return
	}
	r := &reasons{relation: detect.NewRelation(columns...), systems: map[custody.SystemID][]reasonPath{}}
	column := 0
	for i := range d.s.o.Systems {
		sys := &d.s.o.Systems[i]
		if err := r.read(ctx, sys, &column, d.s.memory.Lookup); err != nil {
			if ctx.Err() == nil {
				d.s.o.Log.Warn("reasons could not be read; detectors go on with what they know", "system", sys.Name, "err", err)
			}
			return
		}
	}
	if n := r.relation.Freeze(); n > 0 {
		d.s.o.Log.Warn("there are more reasons than fit into memory; some looks will seem unexplained", "left_out", n)
	}
	d.reasons.Store(r)
}

// read reads one system's reasons.
func (r *reasons) read(ctx context.Context, sys *System, column *int, lookup func(custody.SystemID, []byte) (custody.SubjectID, bool)) error {
	if len(sys.Explanations) == 0 || sys.Upstream == nil {
		return nil
	}
	conn, err := pgx.ConnectConfig(ctx, sys.Upstream)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return r.fill(ctx, conn, sys.ID, sys.Explanations, column, lookup)
}

// fill reads what templates list, each into a column of its own from *column on.
func (r *reasons) fill(ctx context.Context, conn *pgx.Conn, system custody.SystemID, templates []custody.Template, column *int, lookup func(custody.SystemID, []byte) (custody.SubjectID, bool)) error {
	for i := range templates {
		t := &templates[i]
		text, facts := reasonQuery(t)
		if len(facts) == 1 && facts[0] == "branch" {
			r.branches = append(r.branches, *column)
		}
		r.systems[system] = append(r.systems[system], reasonPath{uint16(*column), t.Says, facts})
		rows, err := conn.Query(ctx, text)
		if err != nil {
			return err
		}
		if err := r.rows(rows, system, t, *column, lookup); err != nil {
			return err
		}
		*column++
	}
	return nil
}

// rows takes the rows of one template: the customer's key, what the person must be, and
// since when.
func (r *reasons) rows(rows pgx.Rows, system custody.SystemID, t *custody.Template, column int, lookup func(custody.SystemID, []byte) (custody.SubjectID, bool)) error {
	defer rows.Close()
	for rows.Next() {
		var key, person string
		var since *time.Time
		if err := rows.Scan(&key, &person, &since); err != nil {
			return err
		}
		s, ok := lookup(system, []byte(key))
		if !ok {
			continue
		}
		var from, until time.Time
		if since != nil && t.Within > 0 {
			from, until = *since, since.Add(t.Within)
		}
		r.relation.AddWhole(s, column, person, from, until)
	}
	return rows.Err()
}

// reasonQuery gives the statement that lists a template's pairs of customer and person,
// and the facts about the person in the order in which they are joined.
func reasonQuery(t *custody.Template) (text string, facts []string) {
	var key string
	var person, where, from []string
	seen := map[string]bool{}
	name := func(c custody.Column) string {
		parts := strings.Split(c.Table, ".")
		if !seen[c.Table] {
			seen[c.Table] = true
			from = append(from, pgx.Identifier(parts).Sanitize())
		}
		return pgx.Identifier(append(parts, c.Name)).Sanitize()
	}
	for _, j := range t.Path {
		a, b := j.Left, j.Right
		if b.Table == custody.TableSubject || b.Table == custody.TablePerson {
			a, b = b, a
		}
		switch a.Table {
		case custody.TableSubject:
			if key != "" {
				where = append(where, key+"::text = "+name(b)+"::text")
				continue
			}
			key = name(b)
		case custody.TablePerson:
			facts = append(facts, a.Name)
			person = append(person, name(b)+"::text")
		default:
			where = append(where, name(a)+" = "+name(b))
		}
	}
	since := "NULL::timestamptz"
	if t.Since.Table != "" {
		since = name(t.Since) + "::timestamptz"
	}
	where = append(where, key+" IS NOT NULL")
	for _, p := range person {
		where = append(where, p+" <> ''")
	}
	return fmt.Sprintf("SELECT %s::text, %s, %s FROM %s WHERE %s LIMIT %d", key, strings.Join(person, " || E'\\x1f' || "), since,
		strings.Join(from, ", "), strings.Join(where, " AND "), detect.MaxCells), facts
}
