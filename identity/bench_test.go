package identity_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"custody"
	"custody/identity"
)

// BenchmarkValid is what every live session costs after a change.
func BenchmarkValid(b *testing.B) {
	k := newKit(b)
	sess := k.live(b, "alice")
	b.ReportAllocs()
	for b.Loop() {
		k.Valid(sess)
	}
}

// BenchmarkReload reads the rights of 20,000 people with a live token each: what a
// change costs before live sessions are checked (P3 allows 1 s for all).
func BenchmarkReload(b *testing.B) {
	k := newKit(b)
	org, err := k.store.EnsureOrganisation("Northfield", k.clock.now())
	must(b, err)
	for i := range 20_000 {
		p := &identity.Person{Login: fmt.Sprintf("p%d@northfield.example", i), FullName: "Somebody", Added: k.clock.now()}
		must(b, k.store.AddPerson(p, &identity.Engagement{Organisation: org, Roles: []string{"estimator"}, Start: k.clock.now()}))
		must(b, k.store.AddCredential(&identity.Credential{Kind: identity.KindToken, Person: p.ID, Organisation: org, System: 1,
			StoredKey: make([]byte, 32), ServerKey: make([]byte, 32), Issued: k.clock.now(), Expires: k.clock.now().Add(time.Hour)}))
	}
	for b.Loop() {
		must(b, k.Reload())
	}
}

// BenchmarkOpen begins and ends a session, both durable.
func BenchmarkOpen(b *testing.B) {
	k := newKit(b)
	credential, err := k.Password("alice@northfield.example", "bodyshop", k.token(b, "alice"))
	must(b, err)
	r := identity.Request{Login: "alice@northfield.example", System: "bodyshop", Credential: credential, Address: "192.0.2.1"}
	for b.Loop() {
		sess, err := k.Open(context.Background(), r)
		must(b, err)
		must(b, k.Close(sess, custody.CodeNone))
	}
}
