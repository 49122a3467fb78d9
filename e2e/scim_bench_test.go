package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"custody/store"
)

// BenchmarkDirectory is what an employer's directory asks of a gate that keeps 10,000
// people of it, over HTTP, each request durable before it is answered:
//
//	go test ./e2e -run '^$' -bench Directory -benchtime 20x
func BenchmarkDirectory(b *testing.B) {
	const people = 10_000
	s := bodyshop(b, withDirectories)
	server := httptest.NewServer(s.ScimHandler())
	b.Cleanup(server.Close)
	ids := make([]string, people)
	ask := func(status int, method, path, body string) map[string]any {
		req, _ := http.NewRequest(method, server.URL+"/scim/v2"+path, strings.NewReader(body))
		req.Header.Set("Authorization", "Bearer north")
		req.Header.Set("Content-Type", "application/scim+json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != status {
			b.Fatalf("%s %s: %d, %v: %.300s", method, path, resp.StatusCode, err, text)
		}
		out := map[string]any{}
		_ = json.Unmarshal(text, &out)
		return out
	}
	member := make([]string, people)
	for i := range ids {
		login := fmt.Sprintf("p%05d@northfield.example", i)
		x := &store.ScimResource{Kind: "User", Name: login, Login: login, FullName: fmt.Sprintf("Person %d", i), External: fmt.Sprintf("x-%d", i), Active: true,
			Attributes: fmt.Appendf(nil, `{"userName":"%s","externalId":"x-%d","displayName":"Person %d","active":true}`, login, i, i)}
		if _, err := s.Store.SaveScim(&store.ScimClient{Name: "northfield", Organisation: "Northfield", Domains: []string{"northfield.example"}}, x, time.Now()); err != nil {
			b.Fatal(err)
		}
		ids[i] = x.ID
		member[i] = `{"value":"` + ids[i] + `"}`
	}
	group := ask(201, "POST", "/Groups", `{"displayName":"Estimators","members":[`+strings.Join(member[:people/2], ",")+`]}`)["id"].(string)
	filter := func(f string) string { return "/Users?filter=" + url.QueryEscape(f) }
	for _, row := range []struct {
		name string
		ask  func(i int)
	}{
		{"POST a new user", func(i int) {
			ask(201, "POST", "/Users", fmt.Sprintf(`{"userName":"new%d-%d@northfield.example","displayName":"New","active":true}`, b.N, time.Now().UnixNano()+int64(i)))
		}},
		{"one by id", func(i int) { ask(200, "GET", "/Users/"+ids[i%people], "") }},
		{"by userName", func(i int) {
			ask(200, "GET", filter(fmt.Sprintf(`userName eq "P%05d@northfield.example"`, i%people)), "")
		}},
		{"by externalId", func(i int) { ask(200, "GET", filter(fmt.Sprintf(`externalId eq "x-%d"`, i%people)), "") }},
		{"in a group", func(i int) {
			ask(200, "GET", "/Groups?excludedAttributes=members&filter="+url.QueryEscape(fmt.Sprintf(`id eq "%s" and members eq "%s"`, group, ids[i%people])), "")
		}},
		{"first page of 100", func(int) { ask(200, "GET", "/Users?startIndex=1&count=100", "") }},
		{"last page of 100", func(int) { ask(200, "GET", "/Users?startIndex=9901&count=100", "") }},
		{"a filter without an index", func(i int) { ask(200, "GET", filter(fmt.Sprintf(`displayName co "son %d"`, i%people)), "") }},
		{"PATCH a name", func(i int) {
			ask(200, "PATCH", "/Users/"+ids[i%people], fmt.Sprintf(`{"Operations":[{"op":"replace","path":"displayName","value":"Person %d of %d"}]}`, i, b.N))
		}},
		{"PATCH a member in and out", func(i int) {
			for _, op := range []string{"add", "remove"} {
				ask(204, "PATCH", "/Groups/"+group, fmt.Sprintf(`{"Operations":[{"op":"%s","path":"members","value":[%s]}]}`, op, member[people/2+i%100]))
			}
		}},
		{"leave and come back", func(i int) {
			for _, active := range []string{"False", "True"} {
				ask(200, "PATCH", "/Users/"+ids[i%people], `{"Operations":[{"op":"Replace","path":"active","value":"`+active+`"}]}`)
			}
		}},
	} {
		b.Run(row.name, func(b *testing.B) {
			for i := range b.N {
				row.ask(i)
			}
		})
	}
}
