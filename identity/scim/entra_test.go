package scim

import (
	"fmt"
	"net/url"
	"testing"
)

// TestEntraID sends what Entra ID's provisioning service sends, in its order and with
// its habits: operations in capitals, booleans as text, paths with filters, members by
// filter, and a look before every write.
func TestEntraID(t *testing.T) {
	k := newKit(t)
	// The connection test looks for somebody who cannot be there.
	a := k.want(200, "GET", "/Users?filter="+url.QueryEscape(`userName eq "2f7ad9e0-6c5c-4a2a-9b39-34b6b07f0d3e"`), "")
	check(t, "nobody", a.at("totalResults"), 0)
	check(t, "an empty list", fmt.Sprint(a.at("Resources")), "[]")

	alice := k.want(201, "POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
		"externalId":"0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef","userName":"alice@northfield.example","active":true,
		"displayName":"Alice Smith","emails":[{"primary":true,"type":"work","value":"alice@northfield.example"}],
		"meta":{"resourceType":"User"},"name":{"formatted":"Alice Smith","familyName":"Smith","givenName":"Alice"},
		"addresses":[{"type":"work","formatted":"1 High Street"}],
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Leeds"}}`)
	check(t, "location", alice.header.Get("Location"), "https://custody.example/scim/v2/Users/"+alice.id())
	check(t, "an attribute that is not kept", alice.at("addresses"), nil)
	a = k.want(200, "GET", "/Users?filter="+url.QueryEscape(`externalId eq "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef"`), "")
	check(t, "by externalId", a.at("Resources", 0, "id"), alice.id())
	k.want(409, "POST", "/Users", `{"userName":"ALICE@northfield.example"}`)

	path := "/Users/" + alice.id()
	a = k.want(200, "PATCH", path, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[
		{"op":"Replace","path":"displayName","value":"Alice Jones"},
		{"op":"Add","path":"emails[type eq \"work\"].value","value":"alice.jones@northfield.example"},
		{"op":"Add","path":"phoneNumbers[type eq \"mobile\"].value","value":"07700 900123"},
		{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department","value":"York"},
		{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":"r099"},
		{"op":"Replace","path":"name.familyName","value":"Jones"},
		{"op":"Replace","path":"addresses[type eq \"work\"].formatted","value":"2 High Street"}]}`)
	check(t, "name", a.at("displayName"), "Alice Jones")
	check(t, "a value that was there", a.at("emails", 0, "value"), "alice.jones@northfield.example")
	check(t, "its other parts", a.at("emails", 0, "primary"), true)
	check(t, "a value that was made", a.at("phoneNumbers", 0, "type"), "mobile")
	check(t, "the extension", a.at(enterpriseURN, "department"), "York")
	check(t, "an id for an object", a.at(enterpriseURN, "manager", "value"), "r099")
	check(t, "part of a name", a.at("name", "familyName"), "Jones")

	// Several attributes in one object, without a path; names with dots are paths.
	a = k.want(200, "PATCH", path, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","value":
		{"title":"Estimator","name.givenName":"Alison","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber":"17","id":"other"}}]}`)
	check(t, "title", a.at("title"), "Estimator")
	check(t, "dotted", a.at("name", "givenName"), "Alison")
	check(t, "the other part stays", a.at("name", "familyName"), "Jones")
	check(t, "urn in an object", a.at(enterpriseURN, "employeeNumber"), "17")
	check(t, "id", a.id(), alice.id())

	// Groups.
	group := k.want(201, "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"externalId":"g-1","displayName":"Estimators","members":[]}`)
	check(t, "no members", group.at("members"), nil)
	bob := k.user("bob")
	at := "/Groups/" + group.id()
	k.want(204, "PATCH", at, fmt.Sprintf(`{"schemas":["%s"],"Operations":[{"op":"Add","path":"members","value":[{"value":"%s"},{"value":"%s"}]}]}`, patchURN, alice.id(), bob.id()))
	k.want(204, "PATCH", at, fmt.Sprintf(`{"schemas":["%s"],"Operations":[{"op":"Add","path":"members","value":[{"value":"%s"}]}]}`, patchURN, bob.id()))
	a = k.want(200, "GET", at, "")
	check(t, "members are not doubled", len(a.at("members").([]any)), 2)
	a = k.want(200, "GET", at+"?excludedAttributes=members", "")
	check(t, "left out", a.at("members"), nil)
	a = k.want(200, "GET", "/Groups?excludedAttributes=members&filter="+url.QueryEscape(`displayName eq "Estimators"`), "")
	check(t, "group by name", a.at("Resources", 0, "id"), group.id())
	a = k.want(200, "GET", "/Groups?excludedAttributes=members&filter="+url.QueryEscape(fmt.Sprintf(`id eq "%s" and members eq "%s"`, group.id(), bob.id())), "")
	check(t, "is bob a member", a.at("totalResults"), 1)
	a = k.want(200, "GET", "/Users/"+bob.id(), "")
	check(t, "bob's group", a.at("groups", 0, "display"), "Estimators")
	k.want(204, "PATCH", at, fmt.Sprintf(`{"schemas":["%s"],"Operations":[{"op":"Remove","path":"members","value":[{"value":"%s"}]}]}`, patchURN, bob.id()))
	a = k.want(200, "GET", "/Groups?filter="+url.QueryEscape(fmt.Sprintf(`id eq "%s" and members eq "%s"`, group.id(), bob.id())), "")
	check(t, "bob has gone", a.at("totalResults"), 0)
	k.want(204, "PATCH", at, fmt.Sprintf(`{"schemas":["%s"],"Operations":[{"op":"Remove","path":"members[value eq \"%s\"]"}]}`, patchURN, alice.id()))
	check(t, "nobody is left", k.want(200, "GET", at, "").at("members"), nil)

	// A leaver: deactivated with text for a boolean, and after 30 days deleted.
	a = k.want(200, "PATCH", path, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"active","value":"False"}]}`)
	check(t, "deactivated", a.at("active"), false)
	a = k.want(200, "PATCH", path, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Add","path":"active","value":"True"}]}`)
	check(t, "back", a.at("active"), true)
	a = k.want(200, "PATCH", path, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"active","value":[{"$ref":null,"value":"False"}]}]}`)
	check(t, "deactivated in a list", a.at("active"), false)
	k.want(204, "DELETE", path, "")
	k.want(404, "GET", path, "")
	k.want(404, "DELETE", path, "")
}
