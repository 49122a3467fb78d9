package scim

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
)

// conformance holds a test for each row of docs/scim.md.
var conformance = map[string]func(*testing.T, *kit){
	"authentication": func(t *testing.T, k *kit) {
		for _, header := range []string{"Authorization: Bearer wrong", "Authorization: Basic bm9ydGg=", "Authorization: Bearer", "Authorization: "} {
			a := k.want(401, "GET", "/Users", "", header)
			check(t, "challenge", a.header.Get("WWW-Authenticate"), `Bearer realm="scim"`)
		}
		k.want(200, "GET", "/Users", "", "Authorization: bearer north-new") // the other token
	},
	"tenants": func(t *testing.T, k *kit) {
		alice := k.user("alice")
		k.token = "south"
		k.want(404, "GET", "/Users/"+alice.id(), "")
		k.want(404, "PATCH", "/Users/"+alice.id(), `{"Operations":[{"op":"replace","path":"active","value":false}]}`)
		k.want(404, "DELETE", "/Users/"+alice.id(), "")
		check(t, "others' users", k.want(200, "GET", "/Users", "").at("totalResults"), 0)
	},
	"service-provider-config": func(t *testing.T, k *kit) {
		a := k.want(200, "GET", "/ServiceProviderConfig", "")
		for name, want := range map[string]bool{"patch": true, "filter": true, "sort": true, "etag": true, "bulk": false, "changePassword": false} {
			check(t, name, a.at(name, "supported"), want)
		}
		check(t, "scheme", a.at("authenticationSchemes", 0, "type"), "oauthbearertoken")
	},
	"resource-types": func(t *testing.T, k *kit) {
		a := k.want(200, "GET", "/ResourceTypes", "")
		check(t, "types", a.at("totalResults"), 2)
		check(t, "extension", k.want(200, "GET", "/ResourceTypes/User", "").at("schemaExtensions", 0, "schema"), enterpriseURN)
		k.want(404, "GET", "/ResourceTypes/Device", "")
	},
	"schemas": func(t *testing.T, k *kit) {
		check(t, "schemas", k.want(200, "GET", "/Schemas", "").at("totalResults"), 3)
		a := k.want(200, "GET", "/Schemas/"+userURN, "")
		check(t, "first", a.at("attributes", 0, "name"), "userName")
		check(t, "uniqueness", a.at("attributes", 0, "uniqueness"), "server")
		k.want(403, "GET", "/Schemas?filter="+url.QueryEscape(`id pr`), "")
	},
	"create": func(t *testing.T, k *kit) {
		a := k.user("alice", `"unknown":{"a":1}`, `"password":"secret"`, `"id":"mine"`)
		check(t, "type", a.header.Get("Content-Type"), "application/scim+json")
		check(t, "version", a.at("meta", "version"), a.header.Get("ETag"))
		check(t, "unknown", a.at("unknown"), nil)
		if a.id() == "mine" {
			t.Error("the client chose the id")
		}
	},
	"unique": func(t *testing.T, k *kit) {
		k.user("alice")
		a := k.want(409, "POST", "/Users", `{"userName":"ALICE@NORTHFIELD.example"}`)
		check(t, "scimType", a.at("scimType"), "uniqueness")
	},
	"get": func(t *testing.T, k *kit) {
		a := k.user("alice")
		check(t, "id", k.want(200, "GET", "/Users/"+a.id(), "").id(), a.id())
		k.want(404, "GET", "/Users/none", "")
		k.want(404, "GET", "/Users/none/more", "")
	},
	"replace": func(t *testing.T, k *kit) {
		a := k.user("alice", `"title":"Estimator"`)
		b := k.want(200, "PUT", "/Users/"+a.id(), `{"userName":"alice@northfield.example","nickName":"Al"}`)
		check(t, "title", b.at("title"), nil)
		check(t, "nickName", b.at("nickName"), "Al")
		k.want(404, "PUT", "/Users/none", `{"userName":"x@northfield.example"}`)
		k.want(400, "PUT", "/Users/"+a.id(), `{"nickName":"Al"}`)
	},
	"patch": func(t *testing.T, k *kit) {
		a := k.user("alice", `"emails":[{"value":"a@northfield.example","type":"work","primary":true},{"value":"b@northfield.example","type":"home"}]`)
		path := "/Users/" + a.id()
		op := func(text string) string { return `{"schemas":["` + patchURN + `"],"Operations":[` + text + `]}` }
		b := k.want(200, "PATCH", path, op(`{"op":"add","path":"emails","value":[{"value":"c@northfield.example","type":"other","primary":true}]}`))
		check(t, "three", len(b.at("emails").([]any)), 3)
		check(t, "one primary", b.at("emails", 0, "primary"), nil)
		b = k.want(200, "PATCH", path, op(`{"op":"remove","path":"emails[type eq \"home\" or type eq \"other\"]"}`))
		check(t, "one", len(b.at("emails").([]any)), 1)
		b = k.want(200, "PATCH", path, op(`{"op":"remove","path":"emails"},{"op":"add","value":{"emails":[{"value":"d@northfield.example"}]}}`))
		check(t, "anew", b.at("emails", 0, "value"), "d@northfield.example")
		// All or nothing.
		k.want(400, "PATCH", path, op(`{"op":"replace","path":"title","value":"x"},{"op":"replace","path":"nonsense","value":1}`))
		check(t, "untouched", k.want(200, "GET", path, "").at("title"), nil)
		for text, kind := range map[string]string{
			`{"op":"move","path":"title"}`:                                                             "invalidSyntax",
			`{"op":"remove"}`:                                                                          "noTarget",
			`{"op":"replace","path":"id","value":"x"}`:                                                 "mutability",
			`{"op":"replace","path":"groups","value":[]}`:                                              "mutability",
			`{"op":"replace","path":"title[x eq 1","value":"x"}`:                                       "invalidPath",
			`{"op":"replace","path":"emails[type eq]","value":"x"}`:                                    "invalidFilter",
			`{"op":"replace","path":"emails[type ne \"work\" and value co \"zz\"].value","value":"x"}`: "noTarget",
			`{"op":"replace","path":"active","value":"perhaps"}`:                                       "invalidValue",
			`{"op":"remove","path":"userName"}`:                                                        "mutability",
		} {
			check(t, text, k.want(400, "PATCH", path, op(text)).at("scimType"), kind)
		}
	},
	"delete": func(t *testing.T, k *kit) {
		a := k.user("alice")
		k.want(204, "DELETE", "/Users/"+a.id(), "")
		k.want(404, "GET", "/Users/"+a.id(), "")
		check(t, "listed", k.want(200, "GET", "/Users", "").at("totalResults"), 0)
	},
	"filter": func(t *testing.T, k *kit) {
		k.user("alice", `"title":"Estimator"`, `"emails":[{"value":"alice@northfield.example","type":"work"}]`, `"active":true`)
		k.user("bob", `"name":{"familyName":"O'Malley"}`, `"active":false`, `"`+enterpriseURN+`":{"department":"Leeds"}`)
		for filter, want := range map[string]int{
			`userName eq "alice@northfield.example"`: 1, `USERNAME EQ "ALICE@northfield.EXAMPLE"`: 1, `userName ne "alice@northfield.example"`: 1,
			`name.familyName co "o'm"`: 1, `userName sw "al"`: 1, `userName ew "example"`: 2, `title pr`: 1, `not (title pr)`: 1,
			`userName gt "b"`: 1, `userName ge "bob@northfield.example"`: 1, `userName lt "b"`: 1, `userName le "alice@northfield.example"`: 1,
			`active eq true`: 1, `active eq "False"`: 1, `active ne true`: 1,
			`title eq "estimator" and active eq true`: 1, `title eq "x" or active eq false`: 1, `(title eq "x" or title pr) and active eq true`: 1,
			`emails[type eq "work" and value co "@northfield"]`: 1, `emails.type eq "work"`: 1, `emails co "alice"`: 1, `emails[type eq "work"].value eq "alice@northfield.example"`: 1,
			userURN + `:userName sw "bob"`: 1, enterpriseURN + `:department eq "leeds"`: 1, enterpriseURN + ` pr`: 1,
			`externalId eq "x-alice"`: 1, `externalId eq "X-ALICE"`: 0, `meta.created gt "2020-01-01T00:00:00Z"`: 2, `meta.lastModified lt "2020-01-01T00:00:00Z"`: 0,
			`unknown eq "x"`: 0, `title eq null`: 1, `id eq "r001"`: 1, `userName eq "quote\"d"`: 0,
		} {
			a := k.want(200, "GET", "/Users?filter="+url.QueryEscape(filter), "")
			check(t, filter, a.at("totalResults"), want)
		}
		for _, filter := range []string{`userName`, `userName xx "a"`, `userName eq`, `userName eq "a`, `(userName pr`, `userName pr)`, `emails[type eq "x"`, `not userName pr`, `active gt true`, `title co 1`, `"a" eq userName`, `and`, strings.Repeat("(", 40) + "a pr" + strings.Repeat(")", 40), strings.Repeat("a pr or ", 200) + "a pr"} {
			check(t, filter, k.want(400, "GET", "/Users?filter="+url.QueryEscape(filter), "").at("scimType"), "invalidFilter")
		}
	},
	"paging": func(t *testing.T, k *kit) {
		for i := range 7 {
			k.user(fmt.Sprintf("p%d", i))
		}
		for query, want := range map[string][4]int{
			"": {7, 1, 7, 7}, "?count=3": {7, 1, 3, 3}, "?startIndex=6&count=3": {7, 6, 2, 2}, "?startIndex=0&count=-4": {7, 1, 0, 0},
			"?count=0": {7, 1, 0, 0}, "?startIndex=99": {7, 99, 0, 0}, "?startIndex=-5&count=1": {7, 1, 1, 1}, "?count=9999": {7, 1, 7, 7},
		} {
			a := k.want(200, "GET", "/Users"+query, "")
			check(t, query, [4]any{a.at("totalResults"), a.at("startIndex"), a.at("itemsPerPage"), len(a.at("Resources").([]any))}, want)
		}
		k.want(400, "GET", "/Users?count=many", "")
	},
	"sorting": func(t *testing.T, k *kit) {
		k.user("bob", `"title":"B"`)
		k.user("carol")
		k.user("alice", `"title":"a"`)
		order := func(query string) string {
			var list []string
			for _, r := range k.want(200, "GET", "/Users?"+query, "").at("Resources").([]any) {
				list = append(list, r.(map[string]any)["userName"].(string)[:1])
			}
			return strings.Join(list, "")
		}
		check(t, "ascending", order("sortBy=userName"), "abc")
		check(t, "descending", order("sortBy=userName&sortOrder=descending"), "cba")
		check(t, "without a value last", order("sortBy=title"), "abc")
	},
	"attributes": func(t *testing.T, k *kit) {
		a := k.user("alice", `"title":"x"`, `"emails":[{"value":"a@northfield.example","type":"work"}]`)
		path := "/Users/" + a.id()
		b := k.want(200, "GET", path+"?attributes=userName,emails.value", "")
		check(t, "asked for", b.at("emails", 0), "map[value:a@northfield.example]")
		check(t, "not asked for", b.at("title"), nil)
		check(t, "always", b.id(), a.id())
		b = k.want(200, "GET", path+"?excludedAttributes=emails.type,title,id,meta", "")
		check(t, "excluded", fmt.Sprint(b.at("title"), b.at("meta"), b.at("emails", 0, "type")), "<nil> <nil> <nil>")
		check(t, "always", b.id(), a.id())
		k.want(400, "GET", path+"?attributes=title&excludedAttributes=meta", "")
		check(t, "of what is made", k.want(201, "POST", "/Users?attributes=userName", `{"userName":"b@northfield.example","title":"x"}`).at("title"), nil)
	},
	"etag": func(t *testing.T, k *kit) {
		a := k.user("alice")
		path, tag := "/Users/"+a.id(), a.header.Get("ETag")
		if b := k.do("GET", path, "", "If-None-Match: "+tag); b.status != 304 || b.text != "" {
			t.Errorf("unchanged: %d %s", b.status, b.text)
		}
		patch := `{"Operations":[{"op":"replace","path":"title","value":"x"}]}`
		b := k.want(200, "PATCH", path, patch, "If-Match: "+tag)
		if b.header.Get("ETag") == tag {
			t.Error("the version stays")
		}
		k.want(412, "PATCH", path, patch, "If-Match: "+tag)
		k.want(412, "PUT", path, `{"userName":"alice@northfield.example"}`, "If-Match: "+tag)
		k.want(412, "DELETE", path, "", "If-Match: "+tag)
		k.want(200, "GET", path, "", "If-None-Match: "+tag)
		k.want(204, "DELETE", path, "", "If-Match: *")
	},
	"search": func(t *testing.T, k *kit) {
		k.user("alice")
		k.want(201, "POST", "/Groups", `{"displayName":"alice's group"}`)
		body := `{"schemas":["` + searchURN + `"],"filter":"userName sw \"alice\" or displayName sw \"alice\"","attributes":["userName"],"startIndex":1,"count":10}`
		check(t, "users", k.want(200, "POST", "/Users/.search", body).at("totalResults"), 1)
		check(t, "all", k.want(200, "POST", "/.search", body).at("totalResults"), 2)
		k.want(405, "GET", "/Users/.search", "")
	},
	"bulk-and-me": func(t *testing.T, k *kit) {
		k.want(501, "POST", "/Bulk", `{}`)
		k.want(501, "GET", "/Me", "")
	},
	"members": func(t *testing.T, k *kit) {
		a := k.user("alice")
		g := k.want(201, "POST", "/Groups", `{"displayName":"G","members":["`+a.id()+`"]}`)
		check(t, "member", g.at("members", 0, "$ref"), "https://custody.example/scim/v2/Users/"+a.id())
		check(t, "group", k.want(200, "GET", "/Users/"+a.id(), "").at("groups", 0, "value"), g.id())
		k.want(400, "PATCH", "/Groups/"+g.id(), `{"Operations":[{"op":"add","path":"members","value":[{"display":"x"}]}]}`)
	},
	"requests": func(t *testing.T, k *kit) {
		k.want(415, "POST", "/Users", `{"userName":"x@northfield.example"}`, "Content-Type: text/plain")
		for _, body := range []string{`{`, `[]`, `"x"`, `{"userName":"x"}{"userName":"y"}`, strings.Repeat(`{"a":`, 50) + `1` + strings.Repeat(`}`, 50)} {
			check(t, body, k.want(400, "POST", "/Users", body).at("scimType"), "invalidSyntax")
		}
		k.want(400, "POST", "/Users", `{"userName":"a\u0000b"}`)
		k.want(400, "POST", "/Users", `{"userName":{"a":[1,2]}}`)
		k.want(413, "POST", "/Users", `{"userName":"`+strings.Repeat("x", maxBody)+`"}`)
		a := k.want(405, "POST", "/Users/x", `{}`)
		check(t, "allowed", a.header.Get("Allow"), "GET, PUT, PATCH, DELETE")
		k.want(404, "GET", "/Devices", "")
	},
}

func TestConformance(t *testing.T) {
	for name, fn := range conformance {
		t.Run(name, func(t *testing.T) { fn(t, newKit(t)) })
	}
}

// TestConformanceTableIsWhole holds docs/scim.md to the tests: every row has one, and
// every test a row.
func TestConformanceTableIsWhole(t *testing.T) {
	text, err := os.ReadFile("../../docs/scim.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)\\| `([a-z-]+)` \\|$").FindAllStringSubmatch(string(text), -1) {
		rows[m[1]] = true
		if conformance[m[1]] == nil {
			t.Errorf("the row %s has no test", m[1])
		}
	}
	for name := range conformance {
		if !rows[name] {
			t.Errorf("the test %s has no row", name)
		}
	}
}

func FuzzFilter(f *testing.F) {
	for _, s := range []string{`userName eq "a"`, `emails[type eq "work" and not (value co "x")].value sw "y"`, `a pr or (b gt 1.5e3 and c ne null)`, `urn:ietf:params:scim:schemas:core:2.0:User:name.familyName ew "\u00e9"`} {
		f.Add(s)
	}
	r := (&Resource{Kind: User, ID: "1", Attributes: map[string]any{"userName": "a@b.example", "active": true,
		"emails": []any{map[string]any{"value": "x", "type": "work"}}, enterpriseURN: map[string]any{"department": "Leeds"}}}).body("")
	f.Fuzz(func(t *testing.T, text string) {
		n, err := parseFilter(text)
		if err == nil {
			n.match(scope{t: typeOf(User), value: r})
		}
	})
}

func FuzzPatch(f *testing.F) {
	for _, s := range []string{
		`[{"op":"Add","path":"emails[type eq \"work\"].value","value":"x@y.example"}]`,
		`[{"op":"replace","value":{"active":"False","name.givenName":"A"}},{"op":"remove","path":"members[value eq \"1\"]"}]`,
		`[{"op":"add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":"7"}]`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var ops []operation
		if json.Unmarshal([]byte(text), &ops) != nil {
			return
		}
		for _, typ := range types {
			r := &Resource{Kind: typ.kind, ID: "1", Attributes: map[string]any{"userName": "a@b.example", "displayName": "A",
				"emails": []any{map[string]any{"value": "x", "type": "work"}}}, Members: []Ref{{ID: "1"}}}
			now := copied(r.body("")).(map[string]any)
			if patch(typ, now, ops) != nil || r.load(typ, now) != nil {
				continue
			}
			if r.Name() == "" || r.body("")["id"] != "1" {
				t.Fatalf("%v", r)
			}
		}
	})
}
