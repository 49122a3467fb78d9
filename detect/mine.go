package detect

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"custody"
)

// Pair is a login and a customer whom it looked at for the first time.
type Pair struct {
	Person  uint32
	Subject custody.SubjectID
}

// Mined is a template with what it explains.
type Mined struct {
	Template `json:"-"`
	Name     string  `json:"template"`
	Says     string  `json:"says"`
	Support  float64 `json:"support"`   // share of first looks that it explains
	Adds     float64 `json:"adds"`      // share that those before it do not explain
	False    float64 `json:"by_chance"` // share of random pairs that it explains
}

// Coverage is what a set of templates explains.
type Coverage struct {
	Templates []Mined `json:"templates"`
	First     float64 `json:"first_looks_explained"`
	False     float64 `json:"random_pairs_explained"`
	Sample    int     `json:"sample"`
}

// Bounds of what is mined.
const (
	leastSupport = 0.01 // share of first looks
	leastLift    = 3    // times as often as of random pairs
	leastAdds    = 0.002
	mostFalse    = 0.34 // of random pairs
)

// Mine finds the paths from customer to person that explain first looks far more often
// than random pairs of the same people and customers. Every column of the relation is
// compared with every attribute. The order is that of what each adds, the rarest by
// chance first.
func Mine(r *Relation, pairs []Pair, attributes []string, people func(uint32) Person) ([]Template, Coverage) {
	random := shuffled(pairs)
	var found []Mined
	var paths []Path
	for column, name := range r.Columns {
		for _, with := range attributes {
			t := Template{Name: name + "=" + with, Says: says(name, with), Column: name, With: with}
			p := Path{t, uint16(column)}
			m := Mined{Template: t, Name: t.Name, Says: t.Says, Support: share(r, p, pairs, people), False: share(r, p, random, people)}
			if m.Support >= leastSupport && m.False <= mostFalse && m.Support >= leastLift*max(m.False, 1/float64(len(random)+1)) {
				found, paths = append(found, m), append(paths, p)
			}
		}
	}
	order := make([]int, len(found))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(found[b].Support/(found[b].False+0.01), found[a].Support/(found[a].False+0.01))
	})
	return cover(r, found, paths, order, pairs, random, people)
}

// cover takes templates in order while each adds something.
func cover(r *Relation, found []Mined, paths []Path, order []int, pairs, random []Pair, people func(uint32) Person) ([]Template, Coverage) {
	c := Coverage{Sample: len(pairs)}
	done, wrong := make([]bool, len(pairs)), make([]bool, len(random))
	var templates []Template
	for _, i := range order {
		m := found[i]
		if m.Adds = add(r, paths[i], pairs, people, done, leastAdds); m.Adds == 0 {
			continue
		}
		add(r, paths[i], random, people, wrong, 0)
		c.Templates = append(c.Templates, m)
		templates = append(templates, m.Template)
	}
	c.First, c.False = marked(done), marked(wrong)
	return templates, c
}

// Beyond gives for each template what share of first looks it explains that known, by the
// place in pairs, does not.
func Beyond(r *Relation, templates []Template, pairs []Pair, people func(uint32) Person, known func(int) bool) []float64 {
	out := make([]float64, len(templates))
	for k, t := range templates {
		p := Path{t, uint16(slices.Index(r.Columns, t.Column))}
		n := 0
		for i, x := range pairs {
			if !known(i) && p.explains(r, x, people) {
				n++
			}
		}
		out[k] = float64(n) / float64(max(len(pairs), 1))
	}
	return out
}

func says(column, with string) string {
	return fmt.Sprintf("the customer's %s is the person's %s", column, with)
}

// shuffled gives the same people and customers in pairs of chance.
func shuffled(pairs []Pair) []Pair {
	rng := rand.New(rand.NewPCG(1, 2))
	out := slices.Clone(pairs)
	for i, j := range rng.Perm(len(out)) {
		out[i].Subject = pairs[j].Subject
	}
	return out
}

func (p *Path) explains(r *Relation, pair Pair, people func(uint32) Person) bool {
	for _, w := range people(pair.Person)[p.With] {
		if r.has(pair.Subject, p.column, w, 0) {
			return true
		}
	}
	return false
}

func share(r *Relation, p Path, pairs []Pair, people func(uint32) Person) float64 {
	n := 0
	for _, x := range pairs {
		if p.explains(r, x, people) {
			n++
		}
	}
	return float64(n) / float64(max(len(pairs), 1))
}

// add marks what a path explains, if what it adds is enough, and gives the share added.
func add(r *Relation, p Path, pairs []Pair, people func(uint32) Person, done []bool, least float64) float64 {
	var fresh []int
	for i, x := range pairs {
		if !done[i] && p.explains(r, x, people) {
			fresh = append(fresh, i)
		}
	}
	gain := float64(len(fresh)) / float64(max(len(pairs), 1))
	if gain < least {
		return 0
	}
	for _, i := range fresh {
		done[i] = true
	}
	return gain
}

func marked(list []bool) float64 {
	n := 0
	for _, b := range list {
		if b {
			n++
		}
	}
	return float64(n) / float64(max(len(list), 1))
}
