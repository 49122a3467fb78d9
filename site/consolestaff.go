package site

import (
	"time"

	"custody"
	"custody/console"
	"custody/identity"
	"custody/store"
)

// consoleStaff fits identity to the console.
type consoleStaff struct{ s *Site }

// Leave implements console.Staff.
func (c consoleStaff) Leave(login, organisation string, at time.Time) (*console.Cut, error) {
	return cutOf(c.s.Identity.LeaveAt(login, organisation, at))
}

// Lock implements console.Staff.
func (c consoleStaff) Lock(login string) (*console.Cut, error) {
	return cutOf(c.s.Identity.Compromised(login))
}

func cutOf(cut *identity.Cut, err error) (*console.Cut, error) {
	if cut == nil || err != nil {
		return nil, err
	}
	return &console.Cut{Person: cut.Person, Organisation: cut.Organisation, Kind: cut.Kind, At: cut.At, Done: cut.Done, Sessions: cut.Sessions, Ended: cut.String()}, nil
}

// Join implements console.Staff.
func (c consoleStaff) Join(n console.NewPerson) error {
	_, err := c.s.Identity.AddPerson(identity.NewPerson{Login: n.Login, FullName: n.FullName, Organisation: n.Organisation, Branch: n.Branch,
		Roles: n.Roles, Start: n.Start, End: n.End})
	return err
}

// Engage implements console.Staff.
func (c consoleStaff) Engage(n console.NewPerson) error {
	_, err := c.s.Identity.EngageAt(n.Login, n.Organisation, n.Branch, n.Roles, n.Start, n.End)
	return err
}

// Cuts implements console.Staff.
func (c consoleStaff) Cuts(person custody.PersonID) ([]console.Cut, error) {
	all, err := c.s.Identity.Cuts(person)
	list := make([]console.Cut, 0, len(all))
	for i := range all {
		cut, _ := cutOf(&all[i], nil)
		list = append(list, *cut)
	}
	return list, err
}

// consoleRoles fits the store to the console.
type consoleRoles struct{ s *Site }

// Roles implements console.RoleBook.
func (c consoleRoles) Roles() ([]console.RoleHeld, error) {
	all, err := c.s.o.Store.ConsoleRoles()
	now := c.s.o.Now()
	var list []console.RoleHeld
	for _, r := range all {
		if r.End.IsZero() || now.Before(r.End) {
			list = append(list, console.RoleHeld{ID: r.ID, Person: r.Person, Role: console.Role(r.Role), Organisation: r.Organisation, OrgName: r.OrgName, Start: r.Start, End: r.End})
		}
	}
	return list, err
}

// GiveRole implements console.RoleBook.
func (c consoleRoles) GiveRole(h *console.RoleHeld, by custody.PersonID) error {
	r := store.ConsoleRole{Person: h.Person, Role: string(h.Role), Organisation: h.Organisation, Start: h.Start, End: h.End, GivenBy: by}
	err := c.s.o.Store.AddConsoleRole(&r)
	h.ID = r.ID
	return err
}

// EndRole implements console.RoleBook.
func (c consoleRoles) EndRole(id int64) error {
	return c.s.o.Store.EndConsoleRole(id, c.s.o.Now())
}
