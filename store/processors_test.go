package store_test

import (
	"testing"
	"time"

	"custody"
	"custody/policy"
	"custody/store"
)

const day = 24 * time.Hour

// processor puts Southfield, where frank works, into the register.
func (f *firm) processor() *store.Processor {
	f.Helper()
	p := &store.Processor{Organisation: f.other, Kind: store.KindProcessor, Contract: "C-7", ContractStart: t0, ContractEnd: t0.Add(300 * day),
		Instructions: "I-7", ReviewDays: 100}
	must(f.T, f.PutProcessor(ctx, f.people["bob"], p, t0))
	return p
}

// TestProcessorRegister: contract, scope, papers, reviews and transfers; nobody who
// works for a processor keeps its register.
func TestProcessorRegister(t *testing.T) {
	f := newFirm(t)
	f.processor()
	frank, bob := f.people["frank"], f.people["bob"]
	phone := custody.Categories(custody.Phone)
	for what, err := range map[string]error{
		"contract": f.PutProcessor(ctx, frank, &store.Processor{Organisation: f.other, Kind: store.KindPartner, Contract: "x", Instructions: "y", ReviewDays: 1}, t0),
		"scope":    f.SetScope(ctx, frank, f.other, f.system, phone, t0),
		"review":   f.AddProcessorReview(ctx, f.other, &store.ProcessorReview{Held: t0, By: frank, Outcome: "passed", Evidence: "E"}, t0),
		"paper":    f.AddPaper(ctx, frank, f.other, &store.Paper{Kind: store.PaperSub, Name: "n", Since: t0}, t0),
		"end":      f.EndProcessor(ctx, frank, f.other, t0),
		"transfer": f.AddTransfer(ctx, &store.Transfer{Organisation: f.other, System: f.system, By: frank, Made: t0, Categories: phone, Subjects: 1, Means: "m", Purpose: "p"}, t0),
	} {
		if custody.CodeOf(err) != custody.CodeForbidden {
			t.Errorf("%s by somebody of the processor: %v", what, err)
		}
	}
	x := store.Transfer{Organisation: f.other, System: f.system, By: bob, Made: t0, Categories: phone, Subjects: 5, Means: "sftp", Purpose: "recall", ReturnDue: t0.Add(20 * day)}
	wantCode(t, f.AddTransfer(ctx, &x, t0), custody.CodeForbidden) // no scope yet
	must(t, f.SetScope(ctx, bob, f.other, f.system, phone, t0))
	must(t, f.AddTransfer(ctx, &x, t0))
	must(t, f.AddPaper(ctx, bob, f.other, &store.Paper{Kind: store.PaperCertificate, Name: "ISO 27001", Since: t0, Till: t0.Add(40 * day)}, t0))
	wantCode(t, f.AddPaper(ctx, bob, f.org, &store.Paper{Kind: store.PaperSub, Name: "n", Since: t0}, t0), custody.CodeNotFound)
	must(t, f.AddProcessorReview(ctx, f.other, &store.ProcessorReview{Held: t0.Add(-day), By: bob, Outcome: "passed", Evidence: "report 1", NextDue: t0.Add(900 * day)}, t0))
	p, err := f.Processor(ctx, f.other, t0)
	must(t, err)
	if !p.ReviewDue.Equal(t0.Add(99*day)) || p.People != 1 || len(p.Scopes) != 1 || len(p.Papers) != 1 || !p.InDate(t0) || p.InDate(t0.Add(99*day)) {
		t.Errorf("the register says %+v", p)
	}
	must(t, f.RightsChores(ctx, t0.Add(11*day)))
	must(t, f.RightsChores(ctx, t0.Add(12*day)))
	log, err := f.RightsLog(ctx, store.RightsFilter{Act: store.ActProcessorDue})
	must(t, err)
	if len(log) != 2 { // the certificate and the transfer; the review is far off
		t.Errorf("reminders: %+v", log)
	}
	must(t, f.ReturnTransfer(ctx, x.ID, bob, "deleted, letter of 20 March", t0.Add(15*day)))
	wantCode(t, f.ReturnTransfer(ctx, x.ID, bob, "again", t0.Add(15*day)), custody.CodeNotFound)
}

// TestProcessorWindow: sign-in is open while contract and review are both in date.
func TestProcessorWindow(t *testing.T) {
	f := newFirm(t)
	f.processor()
	window := func() (from, until time.Time) {
		t.Helper()
		r, err := f.Rights(t0)
		must(t, err)
		if len(r.Processors) != 1 {
			t.Fatalf("%+v", r.Processors)
		}
		return r.Processors[0].From, r.Processors[0].Until
	}
	if from, until := window(); !from.Equal(t0) || !until.Equal(t0.Add(100*day)) {
		t.Errorf("open from %v until %v", from, until)
	}
	must(t, f.AddProcessorReview(ctx, f.other, &store.ProcessorReview{Held: t0.Add(90 * day), By: f.people["bob"], Outcome: "failed", Evidence: "E"}, t0.Add(90*day)))
	if _, until := window(); !until.Equal(t0.Add(90 * day)) {
		t.Errorf("after a failed review: until %v", until)
	}
	must(t, f.EndProcessor(ctx, f.people["bob"], f.other, t0.Add(50*day)))
	if _, until := window(); !until.Equal(t0.Add(50 * day)) {
		t.Errorf("after its end: until %v", until)
	}
}

// TestHoldings: training, rules and clauses count while they are in date.
func TestHoldings(t *testing.T) {
	f := newFirm(t)
	alice, bob := f.people["alice"], f.people["bob"]
	must(t, f.AddCourse(ctx, &store.Course{Name: "gdpr", Title: "Data protection", Days: 365}, t0))
	wantCode(t, f.AddCourse(ctx, &store.Course{Name: "G D", Title: "x", Days: 1}, t0), custody.CodeInvalid)
	rec := &store.TrainingRecord{Person: alice, Course: "gdpr", Taken: t0, Evidence: "cert 1", KeptBy: alice}
	wantCode(t, f.RecordTraining(ctx, rec, t0), custody.CodeForbidden)
	rec.KeptBy = bob
	must(t, f.RecordTraining(ctx, rec, t0))
	first := &store.Rule{Name: "clean-desk", Version: "1", Title: "Clean desk", Text: "Lock the screen.", Begins: t0}
	must(t, f.AddRule(ctx, bob, first, t0))
	wantCode(t, f.AddRule(ctx, bob, &store.Rule{Name: "clean-desk", Version: "1", Title: "x", Text: "y"}, t0), custody.CodeConflict)
	wantCode(t, f.AddRule(ctx, bob, &store.Rule{Name: "notice", Version: "1", Title: "x", Text: "y"}, t0), custody.CodeInvalid)
	wantCode(t, f.AcceptRule(ctx, first.ID, alice, 0, "", t0), custody.CodeInvalid)
	must(t, f.AcceptRule(ctx, first.ID, alice, 0, "folder 3", t0))
	second := &store.Rule{Name: "clean-desk", Version: "2", Title: "Clean desk", Text: "Lock the screen and the door.", Begins: t0.Add(10 * day)}
	must(t, f.AddRule(ctx, bob, second, t0))
	wantCode(t, f.RecordClause(ctx, alice, &store.Clause{Person: alice, Organisation: f.org, Signed: t0, Document: "HR-1"}, t0), custody.CodeForbidden)
	must(t, f.RecordClause(ctx, bob, &store.Clause{Person: alice, Organisation: f.org, Signed: t0.Add(-100 * day), Document: "HR-1"}, t0))

	holds := func(at time.Time) map[string]bool {
		t.Helper()
		facts, err := f.Facts(at, "uk-1")
		must(t, err)
		held := map[string]bool{}
		for _, h := range facts.Holdings[alice] {
			held[h.Name] = held[h.Name] || h.Current(at)
		}
		return held
	}
	for _, c := range []struct {
		after time.Duration
		want  map[string]bool
	}{
		{day, map[string]bool{"training:gdpr": true, "rule:clean-desk": true, "clause": true}},
		{10 * day, map[string]bool{"training:gdpr": true, "rule:clean-desk": false, "clause": true}},
		{365 * day, map[string]bool{"training:gdpr": false, "rule:clean-desk": false, "clause": true}},
	} {
		got := holds(t0.Add(c.after))
		for name, want := range c.want {
			if got[name] != want {
				t.Errorf("after %v: %s is %v, want %v", c.after, name, got[name], want)
			}
		}
	}
	must(t, f.AcceptRule(ctx, second.ID, alice, 0, "folder 4", t0.Add(11*day)))
	if !holds(t0.Add(12 * day))["rule:clean-desk"] {
		t.Error("the second version was accepted")
	}
	must(t, f.RightsChores(ctx, t0.Add(340*day)))
	must(t, f.RightsChores(ctx, t0.Add(341*day)))
	if log, err := f.RightsLog(ctx, store.RightsFilter{Act: store.ActTrainingDue}); err != nil || len(log) != 1 || log[0].Person != alice {
		t.Errorf("reminders: %+v %v", log, err)
	}
	must(t, f.RevokeTraining(ctx, rec.ID, bob, t0.Add(2*day)))
	if holds(t0.Add(3 * day))["training:gdpr"] {
		t.Error("a revoked record counts")
	}
	facts, err := f.Facts(t0.Add(day), "uk-1")
	must(t, err)
	grant := seeNames
	grant.ID, grant.Person, grant.Needs = 1, "alice@northfield.example", []string{"clause", "rule:clean-desk"}
	p, err := policy.NewWith([]policy.Grant{grant}, nil, facts)
	must(t, err)
	s := &custody.Session{Person: alice, Login: "alice@northfield.example", OrgName: "Northfield", SystemName: "bodyshop"}
	for after, want := range map[time.Duration]custody.Treatment{day: custody.Clear, 10 * day: custody.Refused} {
		d := p.Decide(custody.Question{Session: s, Time: t0.Add(after)})
		if d.Treatment(custody.Name) != want {
			t.Errorf("after %v the grant shows names %v", after, d.Treatment(custody.Name))
		}
	}
	register, err := f.Clauses(ctx, t0)
	must(t, err)
	if len(register) != 7 || register[0].Document != "HR-1" || !register[1].Signed.IsZero() {
		t.Errorf("the register: %+v", register)
	}
}
