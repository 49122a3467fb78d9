package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"slices"
	"strings"
	"time"

	"custody"
	"custody/identity"
)

// SaveScim keeps a resource and does what it means, all or nothing: people join, come
// back, leave and change roles. A new resource has version 0. It gives what was cut.
func (s *Store) SaveScim(c *ScimClient, x *ScimResource, now time.Time) (cuts []identity.Cut, err error) {
	err = s.tx(context.Background(), func(t *sql.Tx) error {
		cuts = nil
		w := scimWrite{t, c, now, &cuts}
		if x.Kind == "Group" {
			return w.group(x)
		}
		return w.user(x)
	})
	return cuts, err
}

// DeleteScim takes a resource away and does what that means; version 0 is any.
func (s *Store) DeleteScim(c *ScimClient, kind, id string, version int64, now time.Time) (cuts []identity.Cut, err error) {
	err = s.tx(context.Background(), func(t *sql.Tx) error {
		cuts = nil
		return scimWrite{t, c, now, &cuts}.remove(kind, id, version)
	})
	return cuts, err
}

// scimWrite is one change by a client in one transaction.
type scimWrite struct {
	*sql.Tx
	c    *ScimClient
	now  time.Time
	cuts *[]identity.Cut
}

// newScimID is a number that says nothing.
func newScimID() string { return strings.ToLower(rand.Text()) }

// put writes the row and sets id, version and times.
func (w scimWrite) put(x *ScimResource) error {
	x.Modified = w.now
	var person any
	if x.Person != 0 {
		person = x.Person
	}
	var err error
	if x.Version == 0 {
		x.ID, x.Created = newScimID(), w.now
		_, err = w.Exec(`INSERT INTO scim_resources (id, client, kind, name, external, person, attributes, version, created, modified)
			VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ?)`, x.ID, w.c.Name, x.Kind, x.Name, x.External, person, string(x.Attributes), x.Created.UnixMilli(), x.Modified.UnixMilli())
	} else {
		var r sql.Result
		r, err = w.Exec(`UPDATE scim_resources SET name = ?, external = ?, attributes = ?, version = version + 1, modified = ?
			WHERE id = ? AND client = ? AND kind = ? AND version = ? AND deleted IS NULL`,
			x.Name, x.External, string(x.Attributes), x.Modified.UnixMilli(), x.ID, w.c.Name, x.Kind, x.Version)
		err = changed(r, err, ErrScimVersion)
	}
	if taken(err) {
		return custody.E(custody.CodeConflict, "another resource has this name", "look for it with a filter before making one")
	}
	x.Version++
	return err
}

// user saves a user: the login belongs to one person for ever, so it cannot change.
func (w scimWrite) user(x *ScimResource) error {
	if err := w.mayKeep(x.Login); err != nil {
		return err
	}
	if x.Version != 0 {
		var login string
		err := w.QueryRow("SELECT p.id, p.login FROM scim_resources x JOIN people p ON p.id = x.person WHERE x.id = ? AND x.client = ?", x.ID, w.c.Name).Scan(&x.Person, &login)
		if err != nil {
			return orNamed(err, errNoScim.Message, errNoScim.Hint)
		}
		if login != x.Login {
			return custody.E(custody.CodeUnsupported, "the address of a user cannot change: a login belongs to one person for ever",
				"keep the address as an alias, or let the old login leave and add the new one")
		}
	} else if err := w.person(x); err != nil {
		return err
	}
	if err := w.put(x); err != nil {
		return err
	}
	if _, err := employ(w.Tx, &identity.Change{Kind: identity.Rename, Person: x.Person, FullName: x.FullName}, w.now); err != nil {
		return err
	}
	return w.conform(x.Person, x.Active, x.Branch)
}

// mayKeep holds a client to the addresses of its domains.
func (w scimWrite) mayKeep(login string) error {
	_, domain, _ := strings.Cut(login, "@")
	if !slices.ContainsFunc(w.c.Domains, func(d string) bool { return strings.EqualFold(d, domain) }) {
		return custody.E(custody.CodeInvalid, "this client may not keep people with such an address", "scim.clients in custody.yaml names its domains; userName or a primary email must be in one of them")
	}
	return nil
}

// person finds the person of a new user's login, or adds them without an engagement:
// conform gives them one if they are active.
func (w scimWrite) person(x *ScimResource) error {
	err := w.QueryRow("SELECT id FROM people WHERE login = ?", x.Login).Scan(&x.Person)
	if err != sql.ErrNoRows {
		return err
	}
	return w.QueryRow("INSERT INTO people (login, full_name, added) VALUES (?, ?, ?) RETURNING id", x.Login, x.FullName, w.now.UnixMilli()).Scan(&x.Person)
}

// conform makes a person's engagement what the directory says: none for who is not
// active, else one with the roles of their groups. Roles that no group gives are an
// administrator's and stay.
func (w scimWrite) conform(person custody.PersonID, active bool, branch string) error {
	org, err := ensureOrganisation(w.Tx, w.c.Organisation, w.now)
	if err != nil {
		return err
	}
	current, err := engagementsOf(w.Tx, "WHERE e.person = ? AND e.organisation = ? AND e.start <= ? AND (e.end IS NULL OR e.end > ?)", person, org, w.now.UnixMilli(), w.now.UnixMilli())
	if err != nil {
		return err
	}
	if !active {
		cut, err := leave(w.Tx, person, org, w.now, w.now)
		if cut != nil {
			*w.cuts = append(*w.cuts, *cut)
		}
		return err
	}
	roles, err := w.roles(person)
	if err != nil {
		return err
	}
	if len(current) == 0 {
		return addEngagement(w.Tx, &identity.Engagement{Person: person, Organisation: org, Branch: branch, Roles: roles, Start: w.now})
	}
	managed := w.managed()
	for _, e := range current {
		for _, r := range e.Roles {
			if !managed[r] {
				roles = append(roles, r)
			}
		}
	}
	return setRoles(w.Tx, person, org, branch, slices.Compact(slices.Sorted(slices.Values(roles))), w.now)
}

// managed are the roles that the client gives and takes.
func (w scimWrite) managed() map[string]bool {
	all := map[string]bool{}
	for _, r := range w.c.Roles {
		all[r] = true
	}
	for _, roles := range w.c.Groups {
		for _, r := range roles {
			all[r] = true
		}
	}
	return all
}

// roles are everybody's and those of the person's groups.
func (w scimWrite) roles(person custody.PersonID) ([]string, error) {
	roles := slices.Clone(w.c.Roles)
	rows, err := w.Query(`SELECT g.name FROM scim_resources u JOIN scim_members m ON m.member = u.id JOIN scim_resources g ON g.id = m."group"
		WHERE u.client = ? AND u.person = ? AND u.deleted IS NULL AND g.deleted IS NULL`, w.c.Name, person)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		roles = append(roles, w.c.Groups[name]...)
	}
	return slices.Compact(slices.Sorted(slices.Values(roles))), rows.Err()
}

func (w scimWrite) remove(kind, id string, version int64) error {
	var person custody.PersonID
	err := w.QueryRow(`UPDATE scim_resources SET deleted = ?1, modified = ?1, attributes = '{}' WHERE id = ?2 AND client = ?3 AND kind = ?4 AND deleted IS NULL
		AND (?5 = 0 OR version = ?5) RETURNING coalesce(person, 0)`, w.now.UnixMilli(), id, w.c.Name, kind, version).Scan(&person)
	if err == sql.ErrNoRows {
		if version != 0 {
			return ErrScimVersion
		}
		return errNoScim
	}
	if err != nil {
		return err
	}
	members, err := w.members(id)
	if err != nil {
		return err
	}
	if _, err := w.Exec(`DELETE FROM scim_members WHERE "group" = ?1 OR member = ?1`, id); err != nil {
		return err
	}
	for _, m := range union(members, nil) {
		if err := w.conformUser(m); err != nil {
			return err
		}
	}
	if person == 0 {
		return nil
	}
	return w.conform(person, false, "")
}
