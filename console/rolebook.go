package console

import (
	"slices"
	"time"

	"custody"
)

// heldRow is a role in the console with whose it is.
type heldRow struct {
	RoleHeld
	Login, Name string
	Own         bool
}

// rolesInReach lists who within reach has which role in the console.
func (v *visit) rolesInReach() (rows []heldRow, err error) {
	all, err := v.c.o.Roles.Roles()
	r := v.reach(areaRoles)
	for _, h := range all {
		if p := v.people.byID[h.Person]; p != nil && r.person(p) {
			rows = append(rows, heldRow{h, p.Login, p.FullName, p.ID == v.sess.Person})
		}
	}
	return rows, err
}

// giveRole gives somebody within reach a role in the console, which reaches no further
// than the visitor's own. Nobody gives one to themselves.
func (v *visit) giveRole(login string, role Role, organisation string, end time.Time) error {
	if !slices.Contains([]Role{Administrator, Lead, Auditor}, role) {
		return custody.E(custody.CodeInvalid, "there is no such role", "it is administrator, lead or auditor; managers of branches are made with the rights")
	}
	p, err := v.staffed(login, areaRolesDo)
	if err != nil {
		return err
	}
	if p.ID == v.sess.Person {
		return v.refused(custody.E(custody.CodeForbidden, "nobody gives themselves a role", "another lead does it"))
	}
	h := RoleHeld{Person: p.ID, Role: role, Start: v.c.o.Now(), End: end}
	if !end.IsZero() && !end.After(h.Start) {
		return custody.E(custody.CodeInvalid, "the role ends before it begins", "choose a later end, or none")
	}
	if h.Organisation, err = v.employerNamed(organisation); err != nil {
		return err
	}
	v.c.o.Log.Warn("a role was given in the console", "person", p.ID, "role", string(role), "by", v.sess.ID)
	return v.c.o.Roles.GiveRole(&h, v.sess.Person)
}

// employerNamed finds an employer within reach by name; the empty name is all of them.
func (v *visit) employerNamed(name string) (custody.OrganisationID, error) {
	r := v.reach(areaRolesDo)
	if name == "" && r.everywhere() {
		return 0, nil
	}
	for id, known := range v.people.organisations() {
		if known == name && r.organisation(id) {
			return id, nil
		}
	}
	return 0, v.refused(custody.E(custody.CodeForbidden, "this employer is not within your reach", "name one that is"))
}

// takeRole ends a role of somebody else within reach.
func (v *visit) takeRole(id int64) error {
	rows, err := v.rolesInReach()
	if err != nil {
		return err
	}
	at := slices.IndexFunc(rows, func(h heldRow) bool { return h.ID == id })
	if at < 0 {
		return errNothing
	}
	r := v.reach(areaRolesDo)
	switch h := rows[at]; {
	case h.Own:
		return v.refused(custody.E(custody.CodeForbidden, "nobody ends a role of their own", "another lead does it"))
	case !r.everywhere() && (h.Organisation == 0 || !r.organisation(h.Organisation)):
		return v.refused(custody.E(custody.CodeForbidden, "this role reaches further than yours", "a lead whose role reaches all employers ends it"))
	}
	v.c.o.Log.Warn("a role was ended in the console", "role", id, "by", v.sess.ID)
	return v.c.o.Roles.EndRole(id)
}

type rolesData struct {
	Roles   []heldRow
	Kinds   []option
	Orgs    []string
	All     bool // the visitor may give roles for all employers
	MayGive bool
}

func rolesPage(v *visit) error {
	d, err := v.roleBook()
	if err != nil {
		return err
	}
	return v.show("roles", "Roles in the console", d)
}

func (v *visit) roleBook() (*rolesData, error) {
	rows, err := v.rolesInReach()
	r := v.reach(areaRolesDo)
	d := &rolesData{Roles: rows, All: r.everywhere(), MayGive: len(r) > 0}
	for _, role := range []Role{Lead, Administrator, Auditor} {
		d.Kinds = append(d.Kinds, option{Value: string(role), Title: role.Title()})
	}
	for id, name := range v.people.organisations() {
		if r.organisation(id) {
			d.Orgs = append(d.Orgs, name)
		}
	}
	slices.Sort(d.Orgs)
	return d, err
}

func giveRolePage(v *visit) error {
	end, err := v.day("end")
	if err == nil {
		err = v.giveRole(v.text("login"), Role(v.text("role")), v.text("organisation"), end)
	}
	return v.roled(err, "role-given")
}

func endRolePage(v *visit) error {
	id, err := number[int64](v, "role")
	if err == nil {
		err = v.takeRole(id)
	}
	return v.roled(err, "role-ended")
}

func (v *visit) roled(err error, done string) error {
	if err == nil {
		return v.seeOther("/roles", done)
	}
	d, e := v.roleBook()
	if e != nil {
		return e
	}
	return v.again("roles", "Roles in the console", d, err)
}
