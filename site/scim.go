package site

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"custody"
	"custody/identity"
	"custody/identity/scim"
	"custody/store"
)

// ScimClient is an employer's directory that keeps its people here.
type ScimClient struct {
	store.ScimClient
	Tokens [][32]byte // SHA-256 of its bearer tokens
	// Branch is the attribute of the enterprise extension that holds a person's branch;
	// empty: none does.
	Branch string
}

// Scim says which directories keep their people here.
type Scim struct {
	Public  string // scheme and host
	TLS     bool   // the listener speaks TLS with the site's certificate
	Clients []ScimClient
}

// ScimHandler answers the SCIM requests of directories. When it has answered, a change
// is in force: sessions whose right has ended are being cut.
func (s *Site) ScimHandler() http.Handler {
	b := &scimBackend{s: s, clients: map[string]*ScimClient{}}
	var clients []scim.Client
	for i := range s.o.Scim.Clients {
		c := &s.o.Scim.Clients[i]
		b.clients[c.Name] = c
		clients = append(clients, scim.Client{Name: c.Name, Tokens: c.Tokens})
	}
	return scim.New(scim.Options{Backend: b, Clients: clients, Public: s.o.Scim.Public, Log: s.o.Log})
}

// scimBackend fits the store to the protocol.
type scimBackend struct {
	s       *Site
	clients map[string]*ScimClient
}

func (b *scimBackend) Get(_ context.Context, client string, kind scim.Kind, id string) (*scim.Resource, error) {
	x, err := b.s.o.Store.Scim(client, string(kind), id)
	if err != nil {
		return nil, err
	}
	return scimResource(x)
}

func (b *scimBackend) Find(_ context.Context, client string, kind scim.Kind, name, external string) ([]*scim.Resource, error) {
	return scimResources(b.s.o.Store.FindScim(client, string(kind), name, external))
}

func (b *scimBackend) List(_ context.Context, client string, kind scim.Kind) ([]*scim.Resource, error) {
	return scimResources(b.s.o.Store.ListScim(client, string(kind)))
}

func (b *scimBackend) Page(_ context.Context, client string, kind scim.Kind, offset, limit int) ([]*scim.Resource, int, error) {
	list, total, err := b.s.o.Store.PageScim(client, string(kind), offset, limit)
	page, err := scimResources(list, err)
	return page, total, err
}

func scimResources(list []store.ScimResource, err error) ([]*scim.Resource, error) {
	if err != nil {
		return nil, err
	}
	out := make([]*scim.Resource, len(list))
	for i := range list {
		if out[i], err = scimResource(&list[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func scimResource(x *store.ScimResource) (*scim.Resource, error) {
	r := &scim.Resource{ID: x.ID, Kind: scim.Kind(x.Kind), Version: x.Version, Created: x.Created, Modified: x.Modified,
		Members: scimRefs(x.Members), Groups: scimRefs(x.Groups)}
	return r, json.Unmarshal(x.Attributes, &r.Attributes)
}

func scimRefs(list []store.ScimRef) []scim.Ref {
	out := make([]scim.Ref, len(list))
	for i, x := range list {
		out[i] = scim.Ref{ID: x.ID, Display: x.Name}
	}
	return out
}

func (b *scimBackend) Save(_ context.Context, client string, r *scim.Resource) error {
	x := &store.ScimResource{ID: r.ID, Kind: string(r.Kind), Name: r.Name(), External: r.ExternalID(), Version: r.Version, Created: r.Created}
	if r.Kind == scim.User {
		x.Login, x.FullName, x.Active = r.Login(), r.FullName(), r.Active()
		if name := b.clients[client].Branch; name != "" {
			x.Branch = r.Enterprise(name)
		}
		if err := identity.CheckPerson(x.Login, x.FullName); err != nil {
			return err
		}
	}
	for _, m := range r.Members {
		x.Members = append(x.Members, store.ScimRef{ID: m.ID})
	}
	var err error
	if x.Attributes, err = json.Marshal(r.Attributes); err != nil {
		return err
	}
	cuts, err := b.s.o.Store.SaveScim(&b.clients[client].ScimClient, x, b.s.o.Now().UTC().Truncate(time.Millisecond))
	if err := b.inForce(client, cuts, err); err != nil {
		return err
	}
	now, err := b.s.o.Store.Scim(client, x.Kind, x.ID)
	if err != nil {
		return err
	}
	saved, err := scimResource(now)
	if err == nil {
		*r = *saved
	}
	return err
}

func (b *scimBackend) Delete(_ context.Context, client string, kind scim.Kind, id string, version int64) error {
	cuts, err := b.s.o.Store.DeleteScim(&b.clients[client].ScimClient, string(kind), id, version, b.s.o.Now().UTC().Truncate(time.Millisecond))
	return b.inForce(client, cuts, err)
}

// inForce puts a change in force before its client hears of it. Where that fails the
// change is kept all the same and the watch tries again; the gate is deaf until then.
func (b *scimBackend) inForce(client string, cuts []identity.Cut, err error) error {
	if errors.Is(err, store.ErrScimVersion) {
		return scim.ErrVersion
	}
	if err != nil {
		return err
	}
	for i := range cuts {
		b.s.o.Log.Info("a person has left", "client", client, "person", cuts[i].Person, "sessions", cuts[i].Sessions, "cut", cuts[i].Total())
	}
	if err := b.s.Reload(); err != nil {
		b.s.o.Log.Error("a change by SCIM is kept and not in force yet", "client", client, "err", err)
		return custody.E(custody.CodeUnavailable, "the change is kept and not in force yet", "it will be when the service can read its state")
	}
	return nil
}
