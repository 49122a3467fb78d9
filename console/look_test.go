package console_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"custody"
	"custody/ledger"
	"custody/store"
)

type sessionRecord = store.SessionRecord

type rightsFilter = store.RightsFilter

// looksOf counts the looks of a person at a customer in the console.
func (w *world) looksOf(login string, subject custody.SubjectID) (n int) {
	for d := range w.Ledger.Index().WhoSaw(w.system, subject, time.Time{}, time.Time{}) {
		if d.Person == w.ids[login] && d.Route == custody.RouteConsole {
			n++
		}
	}
	return n
}

// TestALookInTheConsoleIsALook finds a customer by each identifier and looks at what the
// ledger says of it.
func TestALookInTheConsoleIsALook(t *testing.T) {
	w := newWorld(t)
	var phone, email, mark string
	conn := w.PG.Conn(t, w.Database)
	if err := conn.QueryRow(t.Context(), "SELECT c.phone, c.email, v.registration FROM customers c JOIN vehicles v ON v.customer_id = c.id WHERE c.id = 42").Scan(&phone, &email, &mark); err != nil {
		t.Fatal(err)
	}
	lena := w.at("lena")
	for what, category := range map[string]custody.CategorySet{"42": 0, phone: custody.Categories(custody.Phone), email: custody.Categories(custody.Email), mark: custody.Categories(custody.Vehicle)} {
		before := w.looksOf("lena", 42)
		status, to := lena.post("/customers", "what", what, "reason", "Complaint of the customer")
		if status != http.StatusSeeOther || to != "/customers/42" {
			t.Fatalf("found by %v: %d %q", category, status, to)
		}
		if n := w.looksOf("lena", 42); n != before+1 {
			t.Errorf("found by %v: %d looks on record, want one more than %d", category, n, before)
		}
		status, body := lena.get(to)
		if status != http.StatusOK || !strings.Contains(body, "Customer 42") {
			t.Errorf("the page: %d", status)
		}
		if n := w.looksOf("lena", 42); n != before+1 {
			t.Errorf("finding and opening are one look, not %d", n-before)
		}
		for d := range w.Ledger.Index().WhoSaw(w.system, 42, time.Time{}, time.Time{}) {
			if d.Route == custody.RouteConsole && d.Clear != category {
				t.Errorf("found by %v is recorded as %v", category, d.Clear)
			}
			if text, _, err := w.Store.Reason(d.Reason); err != nil || text != "Complaint of the customer" {
				t.Errorf("the reason is %q, %v", text, err)
			}
			break
		}
		if strings.Contains(w.Log.String(), what) && len(what) > 4 {
			t.Error("what was typed is in the log")
		}
	}
	before := w.looksOf("lena", 42)
	if status, _ := lena.get("/customers/42"); status != http.StatusOK || w.looksOf("lena", 42) != before+1 {
		t.Error("opening the page again is a look of its own")
	}
	if status, body := w.at("otto").get("/customers/42"); status != http.StatusOK || strings.Contains(body, "Bob") || !strings.Contains(body, "Why do you look") {
		t.Errorf("without a reason: %d", status)
	}
	if w.looksOf("otto", 42) != 0 {
		t.Error("a look without a reason is on record, and was shown")
	}
	t.Run("no record, no release", func(t *testing.T) {
		if err := w.Ledger.Close(); err != nil {
			t.Fatal(err)
		}
		status, body := lena.get("/customers/42")
		if status != http.StatusServiceUnavailable || strings.Contains(body, "Bob Barnes") {
			t.Errorf("with a ledger that cannot write: %d", status)
		}
		if status, _ := lena.post("/customers", "what", "43", "reason", "x"); status != http.StatusServiceUnavailable {
			t.Errorf("finding with a ledger that cannot write: %d", status)
		}
	})
}

// TestCustomersOfAnAnswer opens one answer: the customers in it are looked at.
func TestCustomersOfAnAnswer(t *testing.T) {
	w := newWorld(t)
	var number uint64
	var subjects []custody.SubjectID
	for n, e := range w.Ledger.Index().Events(1) {
		if len(e.Subjects) > 2 {
			number, subjects = n, e.Subjects
		}
	}
	lena, path := w.at("lena"), fmt.Sprintf("/looks/%d", number)
	if _, body := lena.get(path); !strings.Contains(body, "Why do you look") {
		t.Error("customers of an answer are shown without a reason")
	}
	lena.post(path+"/reason", "reason", "Review of an alert")
	if status, body := lena.get(path); status != http.StatusOK || !strings.Contains(body, fmt.Sprintf("/customers/%d", subjects[1])) {
		t.Errorf("the answer: %d", status)
	}
	for _, s := range subjects {
		if w.looksOf("lena", s) != 1 {
			t.Errorf("customer %d of the answer was shown without a record", s)
		}
	}
}

// TestErasing forgets a customer from their page.
func TestErasing(t *testing.T) {
	w := newWorld(t)
	lena := w.at("lena")
	lena.customer(77)
	if status, body := lena.post("/customers/77/erase", "key", "78"); status != http.StatusBadRequest || !strings.Contains(body, "not this customer") {
		t.Errorf("the wrong number: %d", status)
	}
	if status, to := lena.post("/customers/77/erase", "key", "77"); status != http.StatusSeeOther {
		t.Fatalf("%d %s", status, to)
	}
	sub, err := w.Store.Subject(77)
	if err != nil || sub.Key != "" || sub.Erased.IsZero() {
		t.Errorf("the store still has %q, %v", sub.Key, err)
	}
	w.Reload()
	if _, body := lena.post("/customers", "what", "77", "reason", "check"); !strings.Contains(body, "No customer has this") {
		t.Error("who was forgotten is found again")
	}
	if status, body := lena.customer(77); status != http.StatusOK || !strings.Contains(body, "forgotten") {
		t.Errorf("the page of the number: %d", status)
	}
}

// TestExtract downloads a proof and checks it as a third party would.
func TestExtract(t *testing.T) {
	w := newWorld(t)
	lena := w.at("lena")
	lena.customer(120)
	status, body := lena.get("/customers/120/extract")
	if status != http.StatusOK {
		t.Fatal(status)
	}
	r, err := ledger.VerifyExtract(bytes.NewReader([]byte(body)), w.Verifier)
	if err != nil || len(r.Events) == 0 || len(r.Names) != 1 || r.Names[0].Key != "120" {
		t.Errorf("the proof: %v, %v", r, err)
	}
	if _, body = lena.get(fmt.Sprintf("/people/%d/extract", w.ids["bob"])); !strings.HasPrefix(body, "{") {
		t.Fatalf("%.200s", body)
	}
	if r, err = ledger.VerifyExtract(bytes.NewReader([]byte(body)), w.Verifier); err != nil || len(r.Events) < 50 || len(r.Names) != 0 {
		t.Errorf("the proof of a person: %v", err)
	}
}

// TestVerifying has the whole record checked.
func TestVerifying(t *testing.T) {
	w := newWorld(t)
	lena := w.at("lena")
	if status, _ := lena.post("/ledger/verify"); status != http.StatusSeeOther {
		t.Fatal(status)
	}
	for deadline := time.Now().Add(30 * time.Second); ; {
		_, body := lena.get("/ledger/verify")
		if strings.Contains(body, "The record is whole") {
			break
		}
		if time.Now().After(deadline) || !strings.Contains(body, "every 1s") {
			t.Fatalf("the check: %s", body)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// TestLive follows the stream of Now: a look comes, and the end of the session ends it.
func TestLive(t *testing.T) {
	w := newWorld(t)
	lena := w.at("lena")
	resp, err := lena.Get(w.URL + "/now/stream")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	parts := make(chan string, 100)
	go func() {
		defer close(parts)
		b := make([]byte, 1<<16)
		for {
			n, err := resp.Body.Read(b)
			if err != nil {
				return
			}
			parts <- string(b[:n])
		}
	}()
	wait := func(text string) {
		t.Helper()
		all := ""
		for deadline := time.After(20 * time.Second); !strings.Contains(all, text); {
			select {
			case p, ok := <-parts:
				if !ok {
					t.Fatalf("the stream ended before %q", text)
				}
				all += p
			case <-deadline:
				t.Fatalf("no %q in %.500s", text, all)
			}
		}
	}
	wait("Latest looks")
	if err := w.Ledger.Append(w.look("erin", w.Options.Now(), custody.Categories(custody.Bank), []custody.SubjectID{5, 6, 7, 8, 9})); err != nil {
		t.Fatal(err)
	}
	wait("bank")
	live, err := w.Store.LiveSessions()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range live {
		if s.Person == w.ids["lena"] {
			if err := w.Identity.Cut(s.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	for deadline := time.After(20 * time.Second); ; {
		select {
		case _, ok := <-parts:
			if !ok {
				return
			}
		case <-deadline:
			t.Fatal("the stream outlives the session")
		}
	}
}
