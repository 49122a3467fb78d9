package identity

import (
	"slices"
	"time"

	"custody"
)

// Planned is a change that a line of a list asks for.
type Planned struct {
	Line int
	Change
}

// Plan compares a list of people with what is in force and gives the changes that make
// it so. Who is not in the list stays as they are.
func (s *Service) Plan(list []RosterRow) ([]Planned, []LineError, error) {
	people, err := s.People()
	if err != nil {
		return nil, nil, err
	}
	known := make(map[string]*PersonInfo, len(people))
	for i := range people {
		known[people[i].Login] = &people[i]
	}
	var plan []Planned
	var wrong []LineError
	now := s.clock().UTC()
	for i := range list {
		changes, err := planRow(&list[i], known[list[i].Login], now, s.several)
		if err != nil {
			wrong = append(wrong, LineError{list[i].Line, err})
		}
		for _, c := range changes {
			plan = append(plan, Planned{list[i].Line, c})
		}
	}
	return plan, wrong, nil
}

func planRow(r *RosterRow, p *PersonInfo, now time.Time, several bool) ([]Change, error) {
	at := r.Start
	if at.IsZero() {
		at = now
	}
	whole := Change{Login: r.Login, FullName: r.FullName, Organisation: r.Organisation, Branch: r.Branch, Roles: r.Roles, At: at, End: r.End}
	if p == nil {
		whole.Kind = Join
		return []Change{whole}, nil
	}
	var changes []Change
	if r.FullName != "" && r.FullName != p.FullName {
		changes = append(changes, Change{Kind: Rename, Login: r.Login, FullName: r.FullName, At: now})
	}
	here, elsewhere := employment(p, r.Organisation, at)
	switch {
	case here != nil:
		more, err := planHere(r, here, now)
		return append(changes, more...), err
	case elsewhere && !several:
		whole.Kind = Move
	default:
		whole.Kind = Return
	}
	return append(changes, whole), nil
}

// employment finds the engagement with an organisation that lasts at or after a moment,
// and whether another organisation has one then.
func employment(p *PersonInfo, org string, at time.Time) (here *Engagement, elsewhere bool) {
	for i := range p.Engagements {
		e := &p.Engagements[i]
		if !e.End.IsZero() && (!e.End.After(at) || e.End.Equal(e.Start)) {
			continue
		}
		if e.OrgName == org {
			here = e
		} else {
			elsewhere = true
		}
	}
	return here, elsewhere
}

// planHere compares a line with an engagement that goes on.
func planHere(r *RosterRow, e *Engagement, now time.Time) (changes []Change, err error) {
	at := now
	if r.Start.After(now) && r.Start.After(e.Start) {
		at = r.Start
	}
	roles := slices.Compact(slices.Sorted(slices.Values(r.Roles)))
	if r.HasRoles && !slices.Equal(roles, slices.Sorted(slices.Values(e.Roles))) || r.Branch != "" && r.Branch != e.Branch {
		if !r.HasRoles {
			roles = e.Roles
		}
		changes = append(changes, Change{Kind: Roles, Login: r.Login, Organisation: r.Organisation, Branch: r.Branch, Roles: roles, At: at})
	}
	switch {
	case r.End.IsZero() || r.End.Equal(e.End):
	case e.End.IsZero() || r.End.Before(e.End):
		changes = append(changes, Change{Kind: Leave, Login: r.Login, Organisation: r.Organisation, At: r.End})
	default:
		return nil, custody.E(custody.CodeConflict, "this engagement ends earlier already", "an end is only brought forward: custody person engage adds an engagement after it")
	}
	return changes, nil
}
