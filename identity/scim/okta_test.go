package scim

import (
	"fmt"
	"net/url"
	"testing"
)

// TestOkta sends what Okta's SCIM 2.0 client sends: a look by userName, a whole user by
// PUT, active by PATCH without a path, and groups with their id in the value.
func TestOkta(t *testing.T) {
	k := newKit(t)
	find := "/Users?startIndex=1&count=100&filter=" + url.QueryEscape(`userName eq "carol@northfield.example"`)
	check(t, "nobody yet", k.want(200, "GET", find, "").at("totalResults"), 0)
	carol := k.want(201, "POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"carol@northfield.example",
		"name":{"givenName":"Carol","familyName":"Brown"},"emails":[{"primary":true,"value":"carol@northfield.example","type":"work"}],
		"displayName":"Carol Brown","locale":"en-GB","externalId":"00ujl29u0le5T6Aj10h7","groups":[],"password":"1mz050nq","active":true}`)
	check(t, "no password comes back", carol.at("password"), nil)
	path := "/Users/" + carol.id()
	check(t, "found", k.want(200, "GET", find, "").at("Resources", 0, "id"), carol.id())

	a := k.want(200, "PUT", path, fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"%s","userName":"carol@northfield.example",
		"name":{"givenName":"Carol","familyName":"Green"},"emails":[{"primary":true,"value":"carol@northfield.example","type":"work"}],"active":true,
		"groups":[{"value":"x"}],"meta":{"resourceType":"User"}}`, carol.id()))
	check(t, "replaced", a.at("name", "familyName"), "Green")
	check(t, "left out, so gone", a.at("displayName"), nil)
	check(t, "written by the service only", a.at("groups"), nil)

	a = k.want(200, "PATCH", path, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","value":{"active":false}}]}`)
	check(t, "deactivated", a.at("active"), false)
	a = k.want(200, "PUT", path, `{"userName":"carol@northfield.example","name":{"givenName":"Carol","familyName":"Green"}}`)
	check(t, "who has left does not come back by being left out", a.at("active"), false)

	group := k.want(201, "POST", "/Groups", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Test SCIMv2","members":[]}`)
	at := "/Groups/" + group.id()
	k.want(204, "PATCH", at, fmt.Sprintf(`{"schemas":["%s"],"Operations":[{"op":"replace","value":{"id":"%s","displayName":"Managers"}}]}`, patchURN, group.id()))
	k.want(204, "PATCH", at, fmt.Sprintf(`{"schemas":["%s"],"Operations":[{"op":"add","path":"members","value":[{"value":"%s","display":"carol@northfield.example"}]}]}`, patchURN, carol.id()))
	a = k.want(200, "GET", at, "")
	check(t, "renamed", a.at("displayName"), "Managers")
	check(t, "member", a.at("members", 0, "value"), carol.id())
	k.want(204, "PATCH", at, fmt.Sprintf(`{"schemas":["%s"],"Operations":[{"op":"remove","path":"members[value eq \"%s\"]"}]}`, patchURN, carol.id()))
	a = k.want(200, "PUT", at, fmt.Sprintf(`{"schemas":["%s"],"displayName":"Managers","members":[{"value":"%s"}]}`, groupURN, carol.id()))
	check(t, "by PUT", a.at("members", 0, "value"), carol.id())
	k.want(204, "PATCH", at, fmt.Sprintf(`{"schemas":["%s"],"Operations":[{"op":"replace","path":"members","value":[]}]}`, patchURN))
	check(t, "all replaced by none", k.want(200, "GET", at, "").at("members"), nil)
	k.want(204, "DELETE", at, "")
	a = k.want(200, "GET", "/Groups?startIndex=1&count=100", "")
	check(t, "no groups", a.at("totalResults"), 0)
}
