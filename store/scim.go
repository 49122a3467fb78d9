package store

import (
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"custody"
)

// ScimClient is an employer's directory: whose people it keeps, and what its groups
// mean here.
type ScimClient struct {
	Name         string
	Organisation string
	// Domains are those of the addresses that it may add.
	Domains []string
	// Roles are everybody's; Groups are those that a group's name gives.
	Roles  []string
	Groups map[string][]string
}

// ScimResource is a user or a group as a directory keeps it here.
type ScimResource struct {
	ID         string // given by the store
	Kind       string // "User" or "Group"
	Name       string
	External   string
	Person     custody.PersonID // of a user; given by the store
	Login      string           // of a user
	FullName   string
	Branch     string // of a user; empty leaves it
	Active     bool
	Attributes []byte    // JSON
	Members    []ScimRef // of a group
	Groups     []ScimRef // of a user
	Version    int64     // 0 before it is saved
	Created    time.Time
	Modified   time.Time
}

// ScimRef names another resource: a member of a group, or a group of a member.
type ScimRef struct{ ID, Name string }

// Answers of SaveScim and DeleteScim.
var (
	// ErrScimVersion: the resource has changed since it was read.
	ErrScimVersion = custody.E(custody.CodeConflict, "the resource has changed since", "read it again")
	errNoScim      = custody.E(custody.CodeNotFound, "there is no such resource", "it may have been deleted, or be another client's")
)

const scimColumns = "SELECT x.id, x.kind, x.name, x.external, coalesce(x.person, 0), x.attributes, x.version, x.created, x.modified FROM scim_resources x "

func scanScim(r *sql.Rows) (x ScimResource, err error) {
	var created, modified sql.NullInt64
	var attributes string
	err = r.Scan(&x.ID, &x.Kind, &x.Name, &x.External, &x.Person, &attributes, &x.Version, &created, &modified)
	x.Attributes, x.Created, x.Modified = []byte(attributes), moment(created), moment(modified)
	return x, err
}

// Scim gives one resource of a client.
func (s *Store) Scim(client, kind, id string) (*ScimResource, error) {
	found, err := s.scims("WHERE x.client = ? AND x.kind = ? AND x.id = ? AND x.deleted IS NULL", client, kind, id)
	if err != nil || len(found) == 0 {
		return nil, orElse(err, errNoScim)
	}
	return &found[0], nil
}

// FindScim gives the resources of a client with a name, or with its own number.
func (s *Store) FindScim(client, kind, name, external string) ([]ScimResource, error) {
	if name != "" {
		return s.scims("WHERE x.client = ? AND x.kind = ? AND x.name = ? AND x.deleted IS NULL", client, kind, name)
	}
	return s.scims("WHERE x.client = ? AND x.kind = ? AND x.external = ? AND x.external <> '' AND x.deleted IS NULL ORDER BY x.created, x.id", client, kind, external)
}

// ListScim gives all resources of a client, oldest first.
func (s *Store) ListScim(client, kind string) ([]ScimResource, error) {
	return s.scims("WHERE x.client = ? AND x.kind = ? AND x.deleted IS NULL ORDER BY x.created, x.id", client, kind)
}

// PageScim gives some of a client's resources, oldest first, from offset on, and counts
// them all.
func (s *Store) PageScim(client, kind string, offset, limit int) (page []ScimResource, total int, err error) {
	err = s.read.QueryRow("SELECT count(*) FROM scim_resources WHERE client = ? AND kind = ? AND deleted IS NULL", client, kind).Scan(&total)
	if err != nil || limit <= 0 || offset >= total {
		return nil, total, fault(err)
	}
	page, err = s.scims("WHERE x.client = ? AND x.kind = ? AND x.deleted IS NULL ORDER BY x.created, x.id LIMIT ? OFFSET ?", client, kind, limit, offset)
	return page, total, err
}

// scims reads resources, and who is in which group.
func (s *Store) scims(where string, args ...any) ([]ScimResource, error) {
	found, err := list(s.read, scanScim, scimColumns+where, args...)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	at := make(map[string]*ScimResource, len(found))
	for i := range found {
		at[found[i].ID] = &found[i]
	}
	pairs := `SELECT m."group", g.name, m.member, u.name FROM scim_members m JOIN scim_resources g ON g.id = m."group" JOIN scim_resources u ON u.id = m.member `
	last := "WHERE g.client = ? ORDER BY u.created, u.id, g.created, g.id"
	arg := args[0]
	if len(found) <= maxScimPage { // each by its index; more are read at one go
		ids, err := json.Marshal(slices.Collect(maps.Keys(at)))
		if err != nil {
			return nil, err
		}
		column := map[string]string{"User": "m.member", "Group": `m."group"`}[found[0].Kind]
		last, arg = "WHERE "+column+" IN (SELECT value FROM json_each(?)) ORDER BY u.created, u.id, g.created, g.id", string(ids)
	}
	_, err = list(s.read, func(r *sql.Rows) (struct{}, error) {
		var group, member ScimRef
		err := r.Scan(&group.ID, &group.Name, &member.ID, &member.Name)
		if x := at[group.ID]; x != nil {
			x.Members = append(x.Members, member)
		}
		if x := at[member.ID]; x != nil {
			x.Groups = append(x.Groups, group)
		}
		return struct{}{}, err
	}, pairs+last, arg)
	return found, err
}

// maxScimPage is how many resources are on a page at most.
const maxScimPage = 500
