package scim

import (
	"fmt"
	"net/url"
	"testing"
)

// TestOnlyOtherFiltersReadAll: what directories ask all the time, a look by name or
// number and a page of all, reads no more than it shows.
func TestOnlyOtherFiltersReadAll(t *testing.T) {
	k := newKit(t)
	alice := k.user("alice").id()
	for i := range 7 {
		k.user(fmt.Sprintf("p%d", i))
	}
	group := k.want(201, "POST", "/Groups", fmt.Sprintf(`{"displayName":"Estimators","members":[{"value":"%s"}]}`, alice)).id()
	for _, q := range []struct {
		path, filter string
		found, reads int
	}{
		{"/Users", `userName eq "ALICE@northfield.example"`, 1, 0},
		{"/Users", `urn:ietf:params:scim:schemas:core:2.0:User:userName eq "alice@northfield.example"`, 1, 0},
		{"/Users", `externalId eq "x-alice"`, 1, 0},
		{"/Users", `id eq "` + alice + `"`, 1, 0},
		{"/Users", `id eq "none"`, 0, 0},
		{"/Users", `active eq true and userName eq "alice@northfield.example"`, 1, 0},
		{"/Users", `active eq false and userName eq "alice@northfield.example"`, 0, 0},
		{"/Groups", `displayName eq "estimators"`, 1, 0},
		{"/Groups", `id eq "` + group + `" and members eq "` + alice + `"`, 1, 0},
		{"/Groups", `members eq "none" and id eq "` + group + `"`, 0, 0},
		{"/Users", `userName eq "alice@northfield.example" or externalId eq "x-p1"`, 2, 1},
		{"/Users", `not (userName eq "alice@northfield.example")`, 7, 1},
		{"/Users", `userName sw "p"`, 7, 1},
	} {
		before := k.memory.listed
		a := k.want(200, "GET", q.path+"?filter="+url.QueryEscape(q.filter), "")
		check(t, q.filter, a.at("totalResults"), q.found)
		check(t, q.filter+": reads of all", k.memory.listed-before, q.reads)
	}
	before := k.memory.listed
	for start, want := range map[int]int{1: 3, 7: 2, 9: 0} {
		a := k.want(200, "GET", fmt.Sprintf("/Users?startIndex=%d&count=3", start), "")
		check(t, "total", a.at("totalResults"), 8)
		check(t, "on the page", a.at("itemsPerPage"), want)
		check(t, "start", a.at("startIndex"), start)
	}
	check(t, "no page", k.want(200, "GET", "/Users?count=0", "").at("itemsPerPage"), 0)
	check(t, "pages: reads of all", k.memory.listed, before)
}
