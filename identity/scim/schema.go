package scim

import "strings"

// The URNs of RFC 7643 and RFC 7644.
const (
	userURN       = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupURN      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	schemaURN     = "urn:ietf:params:scim:schemas:core:2.0:Schema"
	typeURN       = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
	providerURN   = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
	listURN       = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
	searchURN     = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
	patchURN      = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	errorURN      = "urn:ietf:params:scim:api:messages:2.0:Error"
)

// Types of attributes (RFC 7643 §2.3).
const (
	typeString    = "string"
	typeBoolean   = "boolean"
	typeDateTime  = "dateTime"
	typeReference = "reference"
	typeComplex   = "complex"
)

// attr is an attribute's definition (RFC 7643 §7).
type attr struct {
	name      string
	typ       string // typeString if empty
	about     string
	multi     bool
	exact     bool // strings compare with their case
	required  bool
	readOnly  bool
	immutable bool
	always    bool // returned: always
	unique    bool // uniqueness: server
	canonical []string
	refers    []string
	sub       []attr
}

func (a *attr) kind() string {
	if a.typ == "" {
		return typeString
	}
	return a.typ
}

// complexDefault is the sub-attribute that stands for a complex value which is
// compared or written as if it were simple.
const complexDefault = "value"

// lookup finds an attribute by name, whatever its case (RFC 7643 §2.1).
func lookup(list []attr, name string) *attr {
	for i := range list {
		if strings.EqualFold(list[i].name, name) {
			return &list[i]
		}
	}
	return nil
}

// multiValued are the sub-attributes that multi-valued attributes share.
func multiValued(kinds ...string) []attr {
	return []attr{
		{name: "value", about: "The value itself"},
		{name: "display", about: "How the value is shown"},
		{name: "type", about: "What the value is for", canonical: kinds},
		{name: "primary", typ: typeBoolean, about: "Whether this is the one to be preferred"},
	}
}

var commonAttrs = []attr{
	{name: "id", about: "The number of the resource here, for ever", exact: true, readOnly: true, always: true, unique: true},
	{name: "externalId", about: "The client's own number of the resource", exact: true},
	{name: "schemas", typ: typeReference, multi: true, exact: true, readOnly: true, always: true, about: "The schemas of the resource"},
	{name: "meta", typ: typeComplex, readOnly: true, about: "Of the record itself", sub: []attr{
		{name: "resourceType", exact: true, readOnly: true, about: "User or Group"},
		{name: "created", typ: typeDateTime, readOnly: true, about: "When it was made"},
		{name: "lastModified", typ: typeDateTime, readOnly: true, about: "When it was changed last"},
		{name: "location", typ: typeReference, exact: true, readOnly: true, about: "Its address"},
		{name: "version", exact: true, readOnly: true, about: "Its entity tag"},
	}},
}

var userAttrs = []attr{
	{name: "userName", required: true, unique: true, about: "The person's own email address, or any name beside a primary email; the login hangs on it and cannot change"},
	{name: "name", typ: typeComplex, about: "The parts of the person's name", sub: []attr{
		{name: "formatted", about: "The full name"},
		{name: "familyName", about: "The family name"},
		{name: "givenName", about: "The given name"},
		{name: "middleName", about: "Middle names"},
		{name: "honorificPrefix", about: "Title before the name"},
		{name: "honorificSuffix", about: "Suffix after the name"},
	}},
	{name: "displayName", about: "The name to be shown"},
	{name: "nickName", about: "A casual name"},
	{name: "title", about: "The person's job"},
	{name: "userType", about: "Employee, contractor and the like"},
	{name: "preferredLanguage", about: "As in Accept-Language"},
	{name: "locale", about: "For dates and numbers"},
	{name: "timezone", about: "In the IANA database's words"},
	{name: "active", typ: typeBoolean, about: "Whether the person works for the organisation: false ends every right and cuts every session"},
	{name: "emails", typ: typeComplex, multi: true, about: "Email addresses", sub: multiValued("work", "home", "other")},
	{name: "phoneNumbers", typ: typeComplex, multi: true, about: "Phone numbers at work", sub: multiValued("work", "mobile", "fax", "other")},
	{name: "groups", typ: typeComplex, multi: true, readOnly: true, about: "The groups that the person is in", sub: []attr{
		{name: "value", exact: true, readOnly: true, about: "The group's id"},
		{name: "$ref", typ: typeReference, exact: true, readOnly: true, refers: []string{"Group"}, about: "The group's address"},
		{name: "display", readOnly: true, about: "The group's name"},
		{name: "type", readOnly: true, canonical: []string{"direct"}, about: "Always direct: groups do not nest"},
	}},
}

var enterpriseAttrs = []attr{
	{name: "employeeNumber", about: "The employer's number of the person"},
	{name: "costCenter", about: "Cost centre"},
	{name: "organization", about: "Organisation"},
	{name: "division", about: "Division"},
	{name: "department", about: "Department or branch"},
	{name: "manager", typ: typeComplex, about: "The person's manager", sub: []attr{
		{name: "value", exact: true, about: "The manager's id"},
		{name: "$ref", typ: typeReference, exact: true, refers: []string{"User"}, about: "The manager's address"},
		{name: "displayName", readOnly: true, about: "The manager's name"},
	}},
}

var groupAttrs = []attr{
	{name: "displayName", required: true, unique: true, about: "The group's name; custody.yaml says which roles it gives"},
	{name: "members", typ: typeComplex, multi: true, about: "The people in the group", sub: []attr{
		{name: "value", exact: true, immutable: true, about: "The person's id"},
		{name: "$ref", typ: typeReference, exact: true, immutable: true, refers: []string{"User"}, about: "The person's address"},
		{name: "display", immutable: true, about: "The person's name"},
		{name: "type", immutable: true, canonical: []string{"User"}, about: "Always User: groups do not nest"},
	}},
}

// elsewhere are attributes of RFC 7643 that are not kept, because no decision needs
// them. Clients send them unasked, so they are passed over instead of refused.
var elsewhere = []string{"password", "addresses", "ims", "photos", "profileUrl", "entitlements", "roles", "x509Certificates"}

// Kind is a type of resource.
type Kind string

// The kinds.
const (
	User  Kind = "User"
	Group Kind = "Group"
)

// resourceType ties a kind to its schemas and its address.
type resourceType struct {
	kind      Kind
	endpoint  string
	about     string
	urn       string
	attrs     []attr // common ones first
	extension string // URN; empty if there is none
	extended  []attr
}

var types = []*resourceType{
	{kind: User, endpoint: "/Users", about: "A person who works for the organisation", urn: userURN,
		attrs: append(append([]attr{}, commonAttrs...), userAttrs...), extension: enterpriseURN, extended: enterpriseAttrs},
	{kind: Group, endpoint: "/Groups", about: "A group of people, which gives them roles", urn: groupURN,
		attrs: append(append([]attr{}, commonAttrs...), groupAttrs...)},
}

func typeOf(k Kind) *resourceType {
	for _, t := range types {
		if t.kind == k {
			return t
		}
	}
	return nil
}

// resolve finds what a name in a path or a filter means for resources of this type.
// extended says that it lies in the extension; whole that it is the extension itself.
func (t *resourceType) resolve(name string) (a, sub *attr, extended, whole bool) {
	if rest, ok := cutURN(name, t.extension); ok && t.extension != "" {
		if rest == "" {
			return nil, nil, true, true
		}
		a, sub = dotted(t.extended, rest)
		return a, sub, true, false
	}
	if rest, ok := cutURN(name, t.urn); ok {
		name = rest
	}
	a, sub = dotted(t.attrs, name)
	return a, sub, false, false
}

// cutURN takes a schema's URN and the colon after it off a name.
func cutURN(name, urn string) (rest string, ok bool) {
	if len(name) < len(urn) || !strings.EqualFold(name[:len(urn)], urn) {
		return name, false
	}
	if len(name) == len(urn) {
		return "", true
	}
	return name[len(urn)+1:], name[len(urn)] == ':'
}

func dotted(list []attr, name string) (a, sub *attr) {
	first, second, two := strings.Cut(name, ".")
	if a = lookup(list, first); a == nil || !two {
		return a, nil
	}
	if sub = lookup(a.sub, second); sub == nil {
		return nil, nil
	}
	return a, sub
}

// passedOver says whether a name is of an attribute that is not kept.
func passedOver(name string) bool {
	if rest, ok := cutURN(name, userURN); ok {
		name = rest
	}
	name, _, _ = strings.Cut(name, ".")
	for _, e := range elsewhere {
		if strings.EqualFold(e, name) {
			return true
		}
	}
	return false
}
