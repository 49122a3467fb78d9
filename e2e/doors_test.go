package e2e

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"custody"
	"custody/policy"
	"custody/store"
)

// TestDoorsOfPeople tries to get round the promises by what a directory and a list of
// people can say; docs/threat-model/people.md has the table.
func TestDoorsOfPeople(t *testing.T) {
	s := bodyshop(t, withDirectories)
	server := httptest.NewServer(s.ScimHandler())
	t.Cleanup(server.Close)
	north := &directory{t, server.URL, "north"}
	org, err := s.Store.EnsureOrganisation("Northfield", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	s.Grant(policy.Grant{Organisation: "Northfield", See: contacts, Limits: custody.Limits{PerDay: 3}})
	made := func(name string) string {
		return north.send(201, "POST", "/Users", fmt.Sprintf(`{"userName":"%s@northfield.example","displayName":"%s Smith","active":true}`, name, name))["id"].(string)
	}
	look := func(conn *pgx.Conn, where string) (n int, err error) {
		rows, err := conn.Query(ctx, "SELECT id, name FROM customers WHERE "+where)
		if err != nil {
			return 0, err
		}
		for rows.Next() {
			n++
		}
		return n, rows.Err()
	}

	// P5, a directory: leaving and coming back is no new day.
	alice := made("alice")
	conn := s.As("alice", s.Token("alice"))
	if n, err := look(conn, "id <= 3"); n != 3 || err != nil {
		t.Fatalf("within the limit: %d, %v", n, err)
	}
	for _, active := range []string{"False", "True"} {
		north.send(200, "PATCH", "/Users/"+alice, `{"Operations":[{"op":"Replace","path":"active","value":"`+active+`"}]}`)
	}
	conn = s.As("alice", s.Token("alice"))
	if n, err := look(conn, "id = 4"); n != 0 || codeOf(err) != custody.CodeLimit {
		t.Errorf("after coming back: %d, %v", n, err)
	}

	// P2, a directory: whom it names as a manager decides nothing here, nor does a group or
	// a role of that name.
	bob := made("bob")
	north.send(200, "PATCH", "/Users/"+alice, `{"Operations":[{"op":"Add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":"`+bob+`"},{"op":"Add","path":"roles","value":[{"value":"manager"}]}]}`)
	north.send(201, "POST", "/Groups", fmt.Sprintf(`{"displayName":"manager","members":[{"value":"%s"},{"value":"%s"}]}`, alice, bob))
	people := map[string]custody.PersonID{}
	for _, name := range []string{"alice", "bob"} {
		p, err := s.Identity.Find(name + "@northfield.example")
		if err != nil {
			t.Fatal(err)
		}
		people[name] = p.ID
	}
	r := &store.Request{Kind: store.AskMore, Person: people["alice"], Organisation: org, System: s.Options.Systems[0].ID, Subjects: 5, Until: time.Now().Add(time.Hour), Reason: "claim 123"}
	if err := s.Store.FileRequest(context.Background(), r, time.Now()); err != nil {
		t.Fatal(err)
	}
	for name, id := range people {
		if _, err := s.Store.ApproveRequest(context.Background(), r.ID, id, store.Approval{}, time.Now()); custody.CodeOf(err) != custody.CodeForbidden {
			t.Errorf("%s approves: %v", name, err)
		}
	}

	// P3, a list: who is moved by one loses the old rights while they work.
	list := "login,organisation\nalice@northfield.example,Quayside\n"
	if done, err := s.Identity.Import(strings.NewReader(list), time.UTC, nil, true); err != nil || done.Wrong > 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	awaitCut(t, s, conn.Ping)
	if n, err := look(s.As("alice", s.Token("alice")), "id <= 3"); n != 0 || codeOf(err) != custody.CodeForbidden {
		t.Errorf("the old employer's right: %d, %v", n, err)
	}
	// And the old directory has her no more.
	north.send(409, "PATCH", "/Users/"+alice, `{"Operations":[{"op":"Replace","path":"active","value":true}]}`)
}
