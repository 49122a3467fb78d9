package identity_test

import (
	"context"
	"testing"
	"time"

	"custody"
	"custody/identity"
	"custody/store"
)

// TestProcessorInDate: people of a processor sign in only while contract and review are
// in date, and a live session ends with them.
func TestProcessorInDate(t *testing.T) {
	k := newKit(t)
	ctx := context.Background()
	org, err := k.EnsureOrganisation("Temps")
	must(t, err)
	_, err = k.AddPerson(identity.NewPerson{Login: "tom@temps.example", FullName: "Tom Field", Organisation: "Temps"})
	must(t, err)
	bob, err := k.Find("bob@northfield.example")
	must(t, err)
	token, _, err := k.IssueToken(identity.CredentialRequest{Login: "tom@temps.example", System: "bodyshop", TTL: 20 * 24 * time.Hour})
	must(t, err)
	live, err := k.signIn(t, "tom@temps.example", token, "127.0.0.1")
	must(t, err)
	now := k.clock.now()
	p := &store.Processor{Organisation: org, Kind: store.KindProcessor, Contract: "C", Instructions: "I", ReviewDays: 10, ContractStart: now.Add(-time.Hour), ContractEnd: now.Add(9 * 24 * time.Hour)}
	must(t, k.store.PutProcessor(ctx, bob.ID, p, now))
	must(t, k.Reload())
	if err := k.Valid(live); err != nil {
		t.Fatalf("in date: %v", err)
	}
	if next := k.NextChange(); next.After(p.ContractEnd) {
		t.Errorf("the next change is %v, the contract ends %v", next, p.ContractEnd)
	}
	k.clock.pass(9 * 24 * time.Hour) // time alone ends it
	wantCode(t, k.Valid(live), custody.CodeRevoked)
	_, err = k.signIn(t, "tom@temps.example", token, "127.0.0.1")
	wantCode(t, err, custody.CodeForbidden)
	_, _, err = k.IssueToken(identity.CredentialRequest{Login: "tom@temps.example", System: "bodyshop"})
	wantCode(t, err, custody.CodeForbidden)
	wantCode(t, k.Check("tom@temps.example", "bodyshop", ""), custody.CodeForbidden)
	p.ContractEnd = time.Time{}
	must(t, k.store.PutProcessor(ctx, bob.ID, p, k.clock.now()))
	must(t, k.Reload())
	if err := k.Valid(live); err != nil {
		t.Errorf("a renewed contract, the review in date: %v", err)
	}
	k.clock.pass(2 * 24 * time.Hour) // the review is overdue
	wantCode(t, k.Valid(live), custody.CodeRevoked)
	review := &store.ProcessorReview{Held: k.clock.now(), By: bob.ID, Outcome: "passed", Evidence: "report"}
	must(t, k.store.AddProcessorReview(ctx, org, review, k.clock.now()))
	must(t, k.Reload())
	if err := k.Valid(live); err != nil {
		t.Errorf("reviewed: %v", err)
	}
}
