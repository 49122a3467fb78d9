package scim

import (
	"errors"
	"net/http"
	"strings"
)

// patchTries is how often a PATCH without If-Match is applied anew when somebody else
// changed the resource in between.
const patchTries = 8

func (c *call) get(t *resourceType, id string) error {
	q, err := c.projection()
	if err != nil {
		return err
	}
	r, err := c.o.Backend.Get(c.r.Context(), c.client, t.kind, id)
	if err != nil {
		return err
	}
	if named(c.r.Header.Get("If-None-Match"), r.etag()) {
		c.w.Header().Set("ETag", r.etag())
		c.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	c.answer(http.StatusOK, r, q)
	return nil
}

// answer writes one resource.
func (c *call) answer(status int, r *Resource, q *projection) {
	body := r.body(c.base)
	meta := body["meta"].(map[string]any)
	c.w.Header().Set("ETag", r.etag())
	c.w.Header().Set("Content-Location", meta["location"].(string))
	if status == http.StatusCreated {
		c.w.Header().Set("Location", meta["location"].(string))
	}
	writeJSON(c.w, status, q.of(typeOf(r.Kind), body))
}

func (c *call) create(t *resourceType) error {
	q, err := c.projection()
	if err != nil {
		return err
	}
	var in map[string]any
	if err := c.read(&in); err != nil {
		return err
	}
	r := &Resource{Kind: t.kind}
	if err := r.load(t, in); err != nil {
		return err
	}
	if err := c.o.Backend.Save(c.r.Context(), c.client, r); err != nil {
		return err
	}
	c.told("made", r)
	c.answer(http.StatusCreated, r, q)
	return nil
}

// told logs a change; ids are ours and say nothing about anybody.
func (c *call) told(what string, r *Resource) {
	c.o.Log.Info("a SCIM client changed a resource", "client", c.client, "what", what, "kind", r.Kind, "id", r.ID, "version", r.Version)
}

// replace is PUT. What the client leaves out is taken away, but for active: a leaver
// does not come back by being left out.
func (c *call) replace(t *resourceType, id string) error {
	q, err := c.projection()
	if err != nil {
		return err
	}
	var in map[string]any
	if err := c.read(&in); err != nil {
		return err
	}
	return c.change(t, id, func(r *Resource) error {
		active := r.Active()
		if err := r.load(t, in); err != nil {
			return err
		}
		if _, said := r.Attributes["active"]; !said && t.kind == User {
			r.Attributes["active"] = active
		}
		return nil
	}, func(r *Resource) {
		c.told("replaced", r)
		c.answer(http.StatusOK, r, q)
	})
}

// patch answers with the resource; for a group, which may be large, only if the client
// asks for attributes of it.
func (c *call) patch(t *resourceType, id string) error {
	q, err := c.projection()
	if err != nil {
		return err
	}
	var in struct {
		Schemas    []string    `json:"schemas"`
		Operations []operation `json:"Operations"`
	}
	if err := c.read(&in); err != nil {
		return err
	}
	if len(in.Operations) == 0 {
		return invalidSyntax("a PATCH has Operations")
	}
	if len(in.Schemas) > 0 && !strings.EqualFold(in.Schemas[0], patchURN) {
		return invalidSyntax("a PATCH has the schema " + patchURN)
	}
	return c.change(t, id, func(r *Resource) error {
		now := copied(r.body(c.base)).(map[string]any)
		if err := patch(t, now, in.Operations); err != nil {
			return err
		}
		return r.load(t, now)
	}, func(r *Resource) {
		c.told("patched", r)
		if t.kind == Group && q.none() {
			c.w.Header().Set("ETag", r.etag())
			c.w.WriteHeader(http.StatusNoContent)
			return
		}
		c.answer(http.StatusOK, r, q)
	})
}

// change reads, changes and saves a resource. With If-Match a changed resource is the
// client's to look at; without, the change is made again on what is there now.
func (c *call) change(t *resourceType, id string, fn func(*Resource) error, done func(*Resource)) error {
	match := c.r.Header.Get("If-Match")
	for try := 1; ; try++ {
		r, err := c.o.Backend.Get(c.r.Context(), c.client, t.kind, id)
		if err != nil {
			return err
		}
		if match != "" && !named(match, r.etag()) {
			return ErrVersion
		}
		if err := fn(r); err != nil {
			return err
		}
		err = c.o.Backend.Save(c.r.Context(), c.client, r)
		if errors.Is(err, ErrVersion) && match == "" && try < patchTries {
			continue
		}
		if err == nil {
			done(r)
		}
		return err
	}
}

func (c *call) remove(t *resourceType, id string) error {
	r, err := c.o.Backend.Get(c.r.Context(), c.client, t.kind, id)
	if err != nil {
		return err
	}
	version := int64(0)
	if match := c.r.Header.Get("If-Match"); match != "" {
		if !named(match, r.etag()) {
			return ErrVersion
		}
		version = r.Version
	}
	if err := c.o.Backend.Delete(c.r.Context(), c.client, t.kind, id, version); err != nil {
		return err
	}
	c.told("deleted", r)
	c.w.WriteHeader(http.StatusNoContent)
	return nil
}

// named says whether a list of entity tags holds one; tags compare weakly, because
// ours are weak and some clients drop the mark.
func named(header, etag string) bool {
	bare := func(s string) string { return strings.TrimPrefix(strings.TrimSpace(s), "W/") }
	for tag := range strings.SplitSeq(header, ",") {
		if tag = bare(tag); tag == "*" || tag == bare(etag) || `"`+tag+`"` == bare(etag) {
			return true
		}
	}
	return false
}
