package scim

import (
	"net/http"
	"strings"
)

// discovery answers what the server can do (RFC 7644 §4).
func (c *call) discovery(what, id string) error {
	if c.r.Method != http.MethodGet {
		return c.notAllowed("GET")
	}
	if c.r.URL.Query().Get("filter") != "" {
		return &Error{http.StatusForbidden, "", "what the server can do is not filtered"}
	}
	if what == "ServiceProviderConfig" {
		if id != "" {
			return errMissing
		}
		writeJSON(c.w, http.StatusOK, c.provider())
		return nil
	}
	all := c.documents(what)
	if id == "" {
		writeJSON(c.w, http.StatusOK, map[string]any{"schemas": []string{listURN}, "totalResults": len(all), "startIndex": 1, "itemsPerPage": len(all), "Resources": all})
		return nil
	}
	for _, d := range all {
		if strings.EqualFold(d["id"].(string), id) {
			writeJSON(c.w, http.StatusOK, d)
			return nil
		}
	}
	return errMissing
}

func (c *call) documents(what string) []map[string]any {
	var all []map[string]any
	for _, t := range types {
		if what == "ResourceTypes" {
			all = append(all, c.resourceType(t))
			continue
		}
		all = append(all, c.schema(t.urn, string(t.kind), t.about, t.attrs[len(commonAttrs):]))
		if t.extension != "" {
			all = append(all, c.schema(t.extension, "EnterpriseUser", "What employers keep of a person", t.extended))
		}
	}
	return all
}

func (c *call) provider() map[string]any {
	supported := func(yes bool) map[string]any { return map[string]any{"supported": yes} }
	return map[string]any{
		"schemas": []string{providerURN}, "patch": supported(true), "sort": supported(true), "etag": supported(true), "changePassword": supported(false),
		"bulk":   map[string]any{"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
		"filter": map[string]any{"supported": true, "maxResults": maxCount},
		"authenticationSchemes": []any{map[string]any{"type": "oauthbearertoken", "name": "Bearer token",
			"description": "A token that custody scim token made", "primary": true}},
		"meta": map[string]any{"resourceType": "ServiceProviderConfig", "location": c.base + "/ServiceProviderConfig"},
	}
}

func (c *call) resourceType(t *resourceType) map[string]any {
	out := map[string]any{
		"schemas": []string{typeURN}, "id": string(t.kind), "name": string(t.kind), "endpoint": t.endpoint, "description": t.about, "schema": t.urn,
		"meta": map[string]any{"resourceType": "ResourceType", "location": c.base + "/ResourceTypes/" + string(t.kind)},
	}
	if t.extension != "" {
		out["schemaExtensions"] = []any{map[string]any{"schema": t.extension, "required": false}}
	}
	return out
}

func (c *call) schema(urn, name, about string, attrs []attr) map[string]any {
	return map[string]any{
		"schemas": []string{schemaURN}, "id": urn, "name": name, "description": about, "attributes": definitions(attrs),
		"meta": map[string]any{"resourceType": "Schema", "location": c.base + "/Schemas/" + urn},
	}
}

func definitions(attrs []attr) []any {
	out := make([]any, len(attrs))
	for i := range attrs {
		out[i] = attrs[i].definition()
	}
	return out
}

func (a *attr) definition() map[string]any {
	choose := func(yes bool, this, that string) string {
		if yes {
			return this
		}
		return that
	}
	d := map[string]any{
		"name": a.name, "type": a.kind(), "multiValued": a.multi, "description": a.about, "required": a.required,
		"mutability": choose(a.readOnly, "readOnly", choose(a.immutable, "immutable", "readWrite")),
		"returned":   choose(a.always, "always", "default"),
	}
	if a.kind() == typeString || a.kind() == typeReference {
		d["caseExact"], d["uniqueness"] = a.exact, choose(a.unique, "server", "none")
	}
	if len(a.canonical) > 0 {
		d["canonicalValues"] = a.canonical
	}
	if len(a.refers) > 0 {
		d["referenceTypes"] = a.refers
	}
	if len(a.sub) > 0 {
		d["subAttributes"] = definitions(a.sub)
	}
	return d
}
