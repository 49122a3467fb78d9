package scim

import (
	"net/url"
	"testing"
)

// TestSentences holds the server to single sentences of RFC 7644 that the rows of
// docs/scim.md are made of.
func TestSentences(t *testing.T) {
	k := newKit(t)
	a := k.user("alice", `"title":"Estimator"`, `"active":"True"`)
	k.user("bob", `"active":false`)
	path := "/Users/" + a.id()
	patch := func(status int, ops string) answer {
		t.Helper()
		return k.want(status, "PATCH", path, `{"schemas":["`+patchURN+`"],"Operations":[`+ops+`]}`)
	}

	// §3.4.2.2: grouping, then not, then and, then or.
	for filter, want := range map[string]int{
		`userName sw "zz" and title pr or userName sw "bob"`:      1,
		`userName sw "bob" or userName sw "zz" and title pr`:      1,
		`(userName sw "bob" or userName sw "al") and title pr`:    1,
		`not (userName sw "bob") and active eq true`:              1,
		`not (userName sw "bob" and active eq true)`:              2,
		`userName sw "al" or userName sw "bob" and active eq "x"`: 1,
	} {
		check(t, filter, k.want(200, "GET", "/Users?filter="+url.QueryEscape(filter), "").at("totalResults"), want)
	}

	// §3.5.2.3: a replace of what is not there is an add.
	check(t, "added", patch(200, `{"op":"replace","path":"nickName","value":"Al"}`).at("nickName"), "Al")
	// Without a path, Okta's way; a boolean as text and an operation in capitals, Entra ID's.
	check(t, "without a path", patch(200, `{"op":"Replace","value":{"active":"False","id":"`+a.id()+`"}}`).at("active"), false)
	check(t, "back", patch(200, `{"op":"Add","path":"active","value":"True"}`).at("active"), true)
	// §3.5.2.2: a required or read-only attribute cannot be removed.
	for _, attribute := range []string{"userName", "id", "groups"} {
		check(t, "without "+attribute, patch(400, `{"op":"remove","path":"`+attribute+`"}`).at("scimType"), "mutability")
	}

	// §3.5.1: read-only values in a PUT are passed over.
	b := k.want(200, "PUT", path, `{"id":"other","userName":"alice@northfield.example","groups":[{"value":"g"}],"meta":{"version":"x"},"active":true}`)
	check(t, "the id", b.id(), a.id())
	check(t, "groups", b.at("groups"), nil)

	// §3.6: what is deleted conflicts with nothing.
	k.want(204, "DELETE", path, "")
	check(t, "made anew", k.want(201, "POST", "/Users", `{"userName":"alice@northfield.example","displayName":"Alice"}`).at("active"), true)

	// §3.12: an error has its schema, and its status as text.
	e := k.want(404, "GET", path, "")
	check(t, "schema", e.at("schemas", 0), "urn:ietf:params:scim:api:messages:2.0:Error")
	check(t, "status", e.at("status"), "404")
	// §3.4.2: nothing found is an answer.
	n := k.want(200, "GET", "/Users?filter="+url.QueryEscape(`userName eq "nobody@northfield.example"`), "")
	check(t, "nothing found", n.at("totalResults"), 0)
	check(t, "schema of a list", n.at("schemas", 0), "urn:ietf:params:scim:api:messages:2.0:ListResponse")
	// §3.11: 501 for every method on an alias that is not supported.
	for _, method := range []string{"GET", "PUT", "PATCH", "DELETE", "POST"} {
		k.want(501, method, "/Me", `{}`)
	}
}
