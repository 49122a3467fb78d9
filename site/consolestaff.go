package site

import (
	"context"
	"strings"
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

// Enrol implements console.Staff.
func (c consoleStaff) Enrol(login string, ttl time.Duration) (string, time.Time, error) {
	has, err := c.s.Identity.SetUp(login)
	if err == nil && has {
		err = custody.E(custody.CodeConflict, "this person has a way to sign in", "if somebody else may know it, lock the login first: compromised; otherwise they add another themselves")
	}
	if err != nil {
		return "", time.Time{}, err
	}
	code, e, err := c.s.Identity.Enrol(login, ttl)
	if err != nil {
		return "", time.Time{}, err
	}
	return code, e.Expires, nil
}

// Import implements console.Staff.
func (c consoleStaff) Import(list string, may func(login, organisation string) error, do bool) (*console.Imported, error) {
	done, err := c.s.Identity.Import(strings.NewReader(list), c.s.o.Zone, func(x *identity.Change) error { return may(x.Login, x.Organisation) }, do)
	if err != nil {
		return nil, err
	}
	out := &console.Imported{Wrong: done.Wrong, Unchanged: done.Unchanged}
	for _, l := range done.Lines {
		x := &l.Change
		line := console.ImportedLine{Line: l.Line, Login: x.Login, Change: string(x.Kind), Organisation: x.Organisation, Branch: x.Branch, Roles: x.Roles, At: x.At, End: x.End, Err: l.Err}
		if l.Cut != nil {
			line.Ended = l.Cut.String()
		}
		out.Lines = append(out.Lines, line)
	}
	return out, nil
}

// consoleManagers fits the store to the console.
type consoleManagers struct{ s *Site }

// Managers implements console.Managers.
func (c consoleManagers) Managers(ctx context.Context, ended bool) ([]console.Managing, error) {
	all, err := c.s.o.Store.Managers(ctx, ended)
	list := make([]console.Managing, len(all))
	for i, m := range all {
		list[i] = console.Managing{ID: m.ID, Person: m.Person, Login: m.Login, Organisation: m.Organisation, OrgName: m.OrgName, Branch: m.Branch, Since: m.Given, Ended: m.Ended}
	}
	return list, err
}

// AddManager implements console.Managers.
func (c consoleManagers) AddManager(ctx context.Context, m *console.Managing, by custody.PersonID) error {
	put := store.Manager{Person: m.Person, Login: m.Login, Organisation: m.Organisation, OrgName: m.OrgName, Branch: m.Branch}
	err := c.s.o.Store.AddManager(ctx, by, &put, c.s.o.Now())
	m.ID, m.Since = put.ID, put.Given
	return err
}

// EndManager implements console.Managers.
func (c consoleManagers) EndManager(ctx context.Context, id int64, by custody.PersonID) error {
	return c.s.o.Store.EndManager(ctx, by, id, c.s.o.Now())
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
