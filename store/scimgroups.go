package store

import (
	"database/sql"
	"slices"

	"custody"
)

// group saves a group and gives the people who came and went their roles.
func (w scimWrite) group(x *ScimResource) error {
	before, err := w.members(x.ID)
	if err != nil {
		return err
	}
	var old string
	if x.Version != 0 {
		if err := w.QueryRow("SELECT name FROM scim_resources WHERE id = ? AND client = ?", x.ID, w.c.Name).Scan(&old); err != nil {
			return orNamed(err, errNoScim.Message, errNoScim.Hint)
		}
	}
	if err := w.put(x); err != nil {
		return err
	}
	after := map[string]bool{}
	for _, m := range x.Members {
		after[m.ID] = true
	}
	for id := range after {
		if before[id] {
			continue
		}
		if err := w.join(x.ID, id); err != nil {
			return err
		}
	}
	for id := range before {
		if !after[id] {
			if _, err := w.Exec(`DELETE FROM scim_members WHERE "group" = ? AND member = ?`, x.ID, id); err != nil {
				return err
			}
		}
	}
	for _, id := range union(before, after) {
		if before[id] == after[id] && old == x.Name {
			continue
		}
		if err := w.conformUser(id); err != nil {
			return err
		}
	}
	return nil
}

func union(a, b map[string]bool) []string {
	var all []string
	for id := range a {
		all = append(all, id)
	}
	for id := range b {
		if !a[id] {
			all = append(all, id)
		}
	}
	slices.Sort(all)
	return all
}

func (w scimWrite) members(group string) (map[string]bool, error) {
	rows, err := w.Query(`SELECT member FROM scim_members WHERE "group" = ?`, group)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string]bool{}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		all[id] = true
	}
	return all, rows.Err()
}

// join puts a user of this client into a group.
func (w scimWrite) join(group, user string) error {
	r, err := w.Exec(`INSERT INTO scim_members ("group", member) SELECT ?, id FROM scim_resources WHERE id = ? AND client = ? AND kind = 'User' AND deleted IS NULL`,
		group, user, w.c.Name)
	return changed(r, err, custody.E(custody.CodeInvalid, "a member is not one of this client's users", "add the user first; groups do not nest"))
}

// conformUser gives a user the roles that their groups give them now. Who is not
// active has none.
func (w scimWrite) conformUser(id string) error {
	var person custody.PersonID
	var active bool
	err := w.QueryRow("SELECT person, coalesce(json_extract(attributes, '$.active'), 1) FROM scim_resources WHERE id = ? AND deleted IS NULL", id).Scan(&person, &active)
	if err == sql.ErrNoRows || err == nil && !active {
		return nil
	}
	if err != nil {
		return err
	}
	return w.conform(person, true, "")
}
