package console_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"custody"
	"custody/console"
	"custody/store"
	"custody/trace/intake"
)

// TestPlantedCustomers: who plants sees which customers are planted and what touched them;
// an auditor sees that some are; nobody else sees the page. Whoever is judged withdraws
// none, and forgetting one is a withdrawal.
func TestPlantedCustomers(t *testing.T) {
	w := newWorld(t)
	w.Role(w.login("otto"), console.Auditor, "")
	lena, otto := w.at("lena"), w.at("otto")
	if status, to := lena.post("/canaries", "system", w.Database, "subjects", "120\n 121, 122\n", "for", "", "note", "board 3"); status != http.StatusSeeOther {
		t.Fatalf("%d %s", status, to)
	}
	if status, text := lena.post("/canaries", "system", w.Database, "subjects", "123\n122", "note", "again"); status != http.StatusConflict || !strings.Contains(text, "customer 2 of the list") {
		t.Errorf("one that is planted already: %d", status)
	}
	now := w.Options.Now()
	if err := w.Ledger.Append(w.look("bob", now.Add(time.Second), custody.Categories(custody.Phone), []custody.SubjectID{121})); err != nil {
		t.Fatal(err)
	}
	w.ahead.Add(int64(time.Minute))
	_, text := lena.get("/canaries")
	for _, want := range []string{"<strong>120</strong>", "<strong>122</strong>", "board 3", w.login("lena"), "1 was touched"} {
		if !strings.Contains(text, want) {
			t.Errorf("the lead is not shown %q", want)
		}
	}
	if strings.Contains(text, "<strong>123</strong>") {
		t.Error("a list was planted in part")
	}
	if strings.Contains(text, "Lena Leigh has") || strings.Contains(text, w.login("bob")) {
		t.Error("the list says who looked: that is the alert's to say")
	}
	_, text = otto.get("/canaries")
	if !strings.Contains(text, "Planted customer 3") || !strings.Contains(text, w.login("lena")) {
		t.Error("the auditor is not shown that customers are planted, and by whom")
	}
	for _, secret := range []string{">120<", ">121<", ">122<", "board 3", "newest", "/withdraw", "<form method=\"post\" action=\"/canaries"} {
		if strings.Contains(text, secret) {
			t.Errorf("the auditor is shown %q", secret)
		}
	}
	_, out, _ := w.program("otto").call("GET", "canaries", nil)
	list, _ := json.Marshal(out)
	if !strings.Contains(string(list), `"looks":1`) || strings.Contains(string(list), `"key"`) || strings.Contains(string(list), "note") || strings.Contains(string(list), "newest_look") {
		t.Errorf("a program of the auditor reads %s", list)
	}
	for _, who := range []string{"adam", "mara", "rosa", "alice"} {
		if status, text := w.at(who).get("/canaries"); status != http.StatusForbidden || strings.Contains(text, "board 3") {
			t.Errorf("%s opens the page: %d", who, status)
		}
		if status, _ := w.at(who).post("/canaries", "system", w.Database, "subjects", "130"); status != http.StatusForbidden {
			t.Errorf("%s plants: %d", who, status)
		}
	}
	if status, _ := otto.post("/canaries/1/withdraw"); status != http.StatusForbidden {
		t.Errorf("the auditor withdraws: %d", status)
	}
	w.judged(t, "lena", "otto")
	if got := fmt.Sprint(w.saidOfCanaries(t)); got != "120 121 122" {
		t.Errorf("watched are %s", got)
	}
}

// judged: with an alert about her waiting lena neither withdraws nor forgets a planted
// customer; afterwards both work, and both are withdrawals on record.
func (w *world) judged(t *testing.T, lead, auditor string) {
	t.Helper()
	desk, before := w.at(lead), w.saidOfCanaries(t)
	a := store.Alert{Key: "judged", Person: w.ids[lead], System: w.system, Rules: []string{"facts"}, Says: "x", Raised: w.Options.Now(), Made: w.Options.Now(), Body: []byte("{}")}
	if _, err := w.Store.PutAlert(&a); err != nil {
		t.Fatal(err)
	}
	if status, text := desk.post("/canaries/1/withdraw"); status != http.StatusForbidden || !strings.Contains(text, "ask somebody else") || strings.Contains(text, "lert about") {
		t.Errorf("somebody who is judged withdraws: %d", status)
	}
	desk.customer(120)
	if status, _ := desk.post("/customers/120/erase", "key", "120"); status != http.StatusForbidden {
		t.Errorf("somebody who is judged forgets a planted customer: %d", status)
	}
	if after := w.saidOfCanaries(t); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("%v, then %v", before, after)
	}
}

// saidOfCanaries lists the keys that are watched.
func (w *world) saidOfCanaries(t *testing.T) string {
	t.Helper()
	all, err := w.Store.Canaries()
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, c := range all {
		if c.Withdrawn.IsZero() {
			keys = append(keys, c.Key)
		}
	}
	return strings.Join(keys, " ")
}

// TestPlantedAreNobody: a planted customer is no data subject. A complaint about one is
// known as such and records no look; the answer to a subject access request says so to who
// may know; an answer to a real customer has nothing of one.
func TestPlantedAreNobody(t *testing.T) {
	w := newWorld(t)
	w.Role(w.login("otto"), console.Auditor, "")
	if err := w.Store.AddCanary(&store.Canary{System: w.system, Key: "140", Note: "board 9", Planted: w.Options.Now().Add(-time.Hour), PlantedBy: w.ids["lena"]}); err != nil {
		t.Fatal(err)
	}
	now := w.Options.Now()
	if err := w.Ledger.Append(w.look("bob", now, custody.Categories(custody.Phone), []custody.SubjectID{140, 141})); err != nil {
		t.Fatal(err)
	}
	lena, otto := w.program("lena"), w.program("otto")
	asked := func(p *program, key string) string {
		w.ahead.Add(int64(10 * time.Second))
		status, text, _ := p.raw("POST", "customers/answer", obj{"system": w.Database, "key": key, "reason": "subject access request"})
		if status != http.StatusOK {
			t.Fatalf("%s: %d %s", key, status, text)
		}
		return string(text)
	}
	if text := asked(lena, "140"); !strings.Contains(text, `"planted":true`) {
		t.Errorf("the lead is not told that nobody can ask: %s", text)
	}
	if text := asked(otto, "140"); strings.Contains(text, "planted") {
		t.Errorf("the auditor is told which customer is planted: %s", text)
	}
	if text := asked(lena, "141"); strings.Contains(text, "planted") || strings.Contains(text, "140") || !strings.Contains(text, `"looks":[{`) {
		t.Errorf("the answer to somebody in whose company a planted customer was shown: %s", text)
	}
	desk := w.at("lena")
	desk.customer(140)
	if _, text := desk.get("/customers/140/answer"); !strings.Contains(text, "there is nobody to answer") {
		t.Error("the page of the answer does not say that it is nobody")
	}
	reference := func(key string) string {
		_, out, _ := lena.call("POST", "complaints", obj{"name": "A", "answer": "a@example.com", "words": "somebody rang", "key": key, "system": w.Database, "called": w.Options.Now()})
		return fmt.Sprint(out["reference"])
	}
	planted, real := reference("140"), reference("141")
	looks := func() (n int) {
		for _, e := range w.Ledger.Index().Events(1) {
			if e.Route == custody.RouteConsole && e.Person == w.ids["lena"] {
				n++
			}
		}
		return n
	}
	known := func(ref string) (text string) {
		for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
			w.ahead.Add(int64(time.Second))
			all, err := w.Store.Complaints(intake.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			if slices.ContainsFunc(all, func(c intake.Complaint) bool { return c.Reference == ref && !c.Matched.IsZero() }) {
				_, text = desk.get("/complaints/" + ref)
				return text
			}
		}
		t.Fatal("the customers of the complaint were not looked for")
		return ""
	}
	before := looks()
	if text := known(planted); !strings.Contains(text, "A planted customer was called: data has left.") || looks() != before {
		t.Errorf("a complaint about a planted customer is not known as such, or is a look at somebody: %d looks, then %d", before, looks())
	}
	if text := known(real); strings.Contains(text, "planted customer") || looks() != before+1 {
		t.Errorf("a complaint about a person: %d looks, then %d", before, looks())
	}
}
