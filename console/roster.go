package console

import (
	"slices"
	"strings"
	"sync"
	"time"

	"custody"
)

// roster is everybody at one generation. It is never changed once made.
type roster struct {
	generation uint64
	byID       map[custody.PersonID]*Person
	logins     map[string]*Person
	sorted     []*Person // by name
	folded     []string  // name and login in lower case, beside sorted
}

// rosters keeps the roster until somebody or some right changes.
type rosters struct {
	people People
	mu     sync.Mutex
	now    *roster
}

// roster gives everybody as they are now.
func (r *rosters) roster() (*roster, error) {
	generation, err := r.people.Generation()
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now != nil && r.now.generation == generation {
		return r.now, nil
	}
	list, err := r.people.People()
	if err != nil {
		return nil, err
	}
	r.now = newRoster(generation, list)
	return r.now, nil
}

func newRoster(generation uint64, list []Person) *roster {
	n := &roster{generation: generation, byID: make(map[custody.PersonID]*Person, len(list)), logins: make(map[string]*Person, len(list))}
	for i := range list {
		p := &list[i]
		n.byID[p.ID], n.logins[p.Login] = p, p
		n.sorted = append(n.sorted, p)
	}
	slices.SortFunc(n.sorted, func(a, b *Person) int {
		if c := strings.Compare(strings.ToLower(a.FullName), strings.ToLower(b.FullName)); c != 0 {
			return c
		}
		return strings.Compare(a.Login, b.Login)
	})
	for _, p := range n.sorted {
		text := p.FullName + "\x00" + p.Login
		for _, e := range p.Engagements {
			text += "\x00" + e.Branch
		}
		n.folded = append(n.folded, strings.ToLower(text))
	}
	return n
}

// byLogin finds somebody; nil if nobody has the login.
func (n *roster) byLogin(login string) *Person {
	return n.logins[strings.ToLower(strings.TrimSpace(login))]
}

// name is what pages call a person.
func (n *roster) name(id custody.PersonID) string {
	if p := n.byID[id]; p != nil {
		return p.FullName
	}
	return "nobody known"
}

// branch is where a person works, or worked last, for an employer; empty if that is not
// known.
func (n *roster) branch(id custody.PersonID, of custody.OrganisationID) (branch string) {
	p := n.byID[id]
	if p == nil {
		return ""
	}
	for i := range p.Engagements {
		if e := &p.Engagements[i]; e.Organisation == of {
			branch = e.Branch
		}
	}
	return branch
}

// find lists people within reach whose name, login or branch holds all words of a text.
func (n *roster) find(r reach, text string) (found []*Person) {
	words := strings.Fields(strings.ToLower(text))
	for i, p := range n.sorted {
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(n.folded[i], w) }) && r.person(p) {
			found = append(found, p)
		}
	}
	return found
}

// now gives the engagements of a person that are current, the employer's name and roles
// joined for people.
func (p *Person) now(at time.Time) (list []Engagement) {
	for i := range p.Engagements {
		if p.Engagements[i].Current(at) {
			list = append(list, p.Engagements[i])
		}
	}
	return list
}

// roles lists what a person works as now, without repeats.
func (p *Person) roles(at time.Time) (roles []string) {
	for _, e := range p.now(at) {
		for _, r := range e.Roles {
			if !slices.Contains(roles, r) {
				roles = append(roles, r)
			}
		}
	}
	slices.Sort(roles)
	return roles
}
