package console_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestEnrolmentCodes tries to become somebody else by a code that lets them set up how
// they sign in.
func TestEnrolmentCodes(t *testing.T) {
	w := newWorld(t)
	adam, rosa := w.program("adam"), w.program("rosa")
	ask := func(p *program, who string, headers ...string) (int, string) {
		status, text, _ := p.raw("POST", "people/"+w.login(who)+"/enrol", obj{"login": w.login(who)}, headers...)
		return status, string(text)
	}
	for who, want := range map[string]int{"lena": http.StatusForbidden, "otto": http.StatusForbidden, "adam": http.StatusForbidden} {
		if status, text := ask(adam, who); status != want || strings.Contains(text, "code=") {
			t.Errorf("an administrator enrols %s: %d %s", who, status, text)
		}
	}
	if status, text := ask(rosa, "bob"); status != http.StatusNotFound {
		t.Errorf("a lead of another employer: %d %s", status, text)
	}
	if status, text := ask(w.program("mara"), "bob"); status != http.StatusForbidden {
		t.Errorf("a manager: %d %s", status, text)
	}
	status, first := ask(adam, "bob", "Idempotency-Key", "k")
	if status != http.StatusOK || !strings.Contains(first, "/.custody/enrol?code=") {
		t.Fatalf("%d %s", status, first)
	}
	if status, again := ask(adam, "bob", "Idempotency-Key", "k"); status != http.StatusConflict || strings.Contains(again, "code=") {
		t.Errorf("the same again: %d %s", status, again)
	}
	_, rest, _ := strings.Cut(first, "code=")
	code, _, _ := strings.Cut(rest, `"`)
	if strings.Contains(w.Log.String(), code) || strings.Contains(w.state()["idempotency"], code) {
		t.Error("the code is kept or logged")
	}
	if _, p, err := w.Identity.Enrolment(code); err != nil || p.ID != w.ids["bob"] {
		t.Errorf("the code: %v %v", p, err)
	}
}

// TestListsReachNoFurther brings in lists with lines that are not for whoever does it.
func TestListsReachNoFurther(t *testing.T) {
	w := newWorld(t)
	before := w.state()
	for who, lines := range map[string][]string{
		"rosa": {"new@northfield.example,Northfield,estimator,New Name", w.login("bob") + ",Quayside,estimator,", w.login("rosa") + ",Quayside,estimator,", w.login("bob") + ",Northfield,manager,"},
		"adam": {w.login("adam") + ",Northfield,manager,", "x,Northfield,estimator,X", "new@northfield.example,,estimator,N"},
	} {
		for _, line := range lines {
			good := "fresh@" + strings.ToLower(orgOf(who)) + ".example," + orgOf(who) + ",estimator,Fresh Face\n"
			status, out, _ := w.program(who).call("POST", "people/import", obj{"csv": "login,organisation,roles,name\n" + good + line + "\n", "sure": true})
			if status == http.StatusOK && (out["done"] != false || out["wrong"] != float64(1)) {
				t.Errorf("%s brings in %s: %v", who, line, out)
			}
			if who == "rosa" && strings.Contains(fmt.Sprint(out), "session") {
				t.Errorf("she learns what would end: %v", out)
			}
		}
	}
	after := w.state()
	for _, table := range []string{"people", "engagements", "engagement_roles", "organisations"} {
		if before[table] != after[table] {
			t.Errorf("%s is not what it was:\n%s", table, strings.TrimPrefix(after[table], before[table]))
		}
	}
}
